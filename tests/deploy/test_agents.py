"""A whole stack of agents comes back from its file to the bit, without environment and run."""

import numpy as np
import pytest
import torch
from policies import SMALL, observations, trained
from safetensors import safe_open

from ddpg_lib import DDPG, CheckpointError
from ddpg_lib.deploy.agents import load_agent, save_agent
from ddpg_lib.parts.networks import StackedLinear
from ddpg_lib.runs import saving

KINDS = {
    "plain": {},
    "much at once": {
        "layer_norm": "critic", "batch_norm": "actor", "normalize_obs": True, "n_step": 3,
        "invert_gradients": True, "policy_delay": 2, "lr_decay": True, "noise": "decaying",
        "reward_scale": 0.1, "activation": "silu",
    },
    "ornstein_uhlenbeck": {"noise": "ornstein_uhlenbeck", "layer_norm": "both"},
}  # fmt: skip


def steps(agent, count=5):
    """All numbers of some further steps, as bytes."""
    rng, seen = np.random.default_rng(5), []
    for _ in range(count):
        obs, next_obs = observations(rng, 2, 2)
        action = agent.explore(obs)
        seen += [agent.act(obs), action, agent.random(), agent.q(obs)]
        agent.remember(obs, action, rng.normal(size=2), next_obs, [False] * 2, [False, True])
        seen += [x.numpy() for x in agent.update().values()]
        agent.noise.reset(np.array([False, True]))
    return [x.tobytes() for x in seen]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agent.safetensors"


@pytest.mark.parametrize("kind", KINDS)
def test_with_its_replay_buffer_it_goes_on_to_the_bit(path, kind):
    agent = trained(SMALL.replace(**KINDS[kind]))
    save_agent(agent, path, replay=True)
    loaded = load_agent(path)
    assert type(loaded) is DDPG
    assert loaded.config == agent.config
    assert len(loaded.replay) == len(agent.replay) > 40
    assert loaded.updates == agent.updates
    expected = steps(agent)
    assert steps(loaded) == expected
    assert steps(load_agent(path)) == expected


def test_without_it_it_begins_with_an_empty_one(path):
    agent = trained()
    save_agent(agent, path, replay=True)
    large = path.stat().st_size
    save_agent(agent, path)
    assert large - path.stat().st_size >= agent.replay.rows[:, :50].nbytes
    loaded = load_agent(path)
    assert len(loaded.replay) == 0
    agent.replay.count = 0
    assert steps(loaded) == steps(agent)


def test_an_open_window_of_n_steps_goes_with_the_replay_buffer(path):
    agent = trained(SMALL.replace(n_step=3))
    save_agent(agent, str(path))
    loaded = load_agent(str(path))
    assert loaded.replay.seen == len(loaded.replay) == 0
    rngs = [[rng.bit_generator.state for rng in x.replay.rngs] for x in (agent, loaded)]
    assert rngs[0] == rngs[1]


def test_saving_again_gives_the_same_content(path):
    said = []
    save_agent(trained(), path, replay=True)
    for _ in range(2):
        with safe_open(path, "np") as file:
            said.append(file.metadata())  # with the checksum of all numbers
        save_agent(load_agent(path), path, replay=True)
    assert said[0] == said[1]


# ---- Classes of one's own ----


class Counting(DDPG):
    """An agent with a further attribute."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.acted = 0

    def act(self, obs):
        self.acted += 1
        return super().act(obs)


def test_a_class_of_ones_own_comes_back_with_what_it_adds(path):
    agent = trained(kind=Counting)
    save_agent(agent, path)
    loaded = load_agent(path, kind=Counting)
    assert type(loaded) is Counting
    assert loaded.acted == agent.acted > 0


class Linear(torch.nn.Module):
    """A network without hidden layers, as someone else would write it."""

    def __init__(self, rngs, inputs, outputs):
        super().__init__()
        self.map = StackedLinear(len(rngs), inputs, outputs)
        self.map.initialize(rngs)

    def forward(self, *inputs, training=False):
        y = self.map(torch.cat(inputs, -1))
        return y.tanh() if len(inputs) == 1 else y.squeeze(-1)


class Small(DDPG):
    def networks(self, rngs, action_dim):
        critic = Linear(rngs["critic"], self.obs_dim + action_dim, 1)
        return critic, Linear(rngs["actor"], self.obs_dim, action_dim)


def test_networks_of_ones_own_come_back(path):
    agent = trained(SMALL.replace(hidden=(256, 256)), kind=Small)
    save_agent(agent, path)
    loaded = load_agent(path, kind=Small)
    agent.replay.count = 0
    assert steps(loaded) == steps(agent)


@pytest.mark.parametrize(("saved", "kind"), [(Counting, DDPG), (DDPG, Counting)])
def test_another_class_is_refused(path, saved, kind):
    save_agent(saved(3, [-1], [1], SMALL), path)
    message = f"holds a {saved.__name__}, not a {kind.__name__}: .*kind={saved.__name__}"
    with pytest.raises(CheckpointError, match=message):
        load_agent(path, kind=kind)


def test_what_cannot_be_saved_is_refused(path):
    agent = DDPG(3, [-1], [1], SMALL)
    agent.friends = {1, 2}
    with pytest.raises(TypeError, match=r"DDPG\.friends, a builtins\.set, cannot be saved"):
        save_agent(agent, path)
    assert not path.exists()


# ---- Files that are none ----


def forged(path, **changes):
    """Change what a file says of its agent, with a right checksum."""
    save_agent(DDPG(3, [-1], [1], SMALL), path)
    saved = saving.load(path)
    saving.save(path, saved.state, {**saved.about, **changes})


def config(**changes):
    return {"config": {**vars(SMALL), **changes}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (config(hidden=(10**6, 10**6)), "do not belong to its arrays"),
        (config(hidden=(12, 16)), "size mismatch"),
        (config(gamma=2.0), "gamma must be"),
        (config(buffer_size=10**15), "cannot be used"),
        (config(unknown=1), "unknown"),
        ({"obs_dim": 10**12}, "do not belong to its arrays"),
        ({"obs_dim": 4}, "size mismatch"),
        ({"action_low": [-1, -1], "action_high": [1, 1]}, "needed"),
        ({"seeds": list(range(10**5))}, "do not belong to its arrays"),
        ({"seeds": [0, 1]}, "cannot be used"),
        ({"replay": True}, "cannot be used"),
        ({"config": None}, "cannot be used"),
    ],
)
def test_a_forged_file_is_refused(path, changes, message):
    forged(path, **changes)
    with pytest.raises(CheckpointError, match=message) as error:
        load_agent(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_damaged_and_foreign_files_are_refused(path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_agent(path)
    save_agent(DDPG(3, [-1], [1], SMALL), path)
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(CheckpointError, match="damaged, or no checkpoint"):
        load_agent(path)
    path.write_bytes(data[:-9] + b"\1" + data[-8:])
    with pytest.raises(CheckpointError, match="damaged: its checksum"):
        load_agent(path)
    torch.save({}, path)
    with pytest.raises(CheckpointError, match="damaged, or no checkpoint"):
        load_agent(path)
    saving.save(path, {}, {"env": "Pendulum-v1"})  # as a run's begins
    with pytest.raises(CheckpointError, match="no file of save_agent; read a run with"):
        load_agent(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot write .*nowhere"):
        save_agent(DDPG(3, [-1], [1], SMALL), tmp_path / "nowhere/agent")
