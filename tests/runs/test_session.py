"""What wraps training from above: devices, agents of one's own, early ends, longer runs, edits."""

import json

import numpy as np
import psutil
import pytest
import torch
from shared import step_of
from torch import nn

from ddpg_lib import CheckpointError, Config, evaluate, load, recipe, resume, train
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.stack import Spaces
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.parts.noise import GaussianNoise
from ddpg_lib.runs import memory
from ddpg_lib.runs.plan import available
from ddpg_lib.runs.session import extend

TINY = Config(
    hidden=(8,), batch_size=8, warmup_steps=50, steps=120, eval_every=40, eval_episodes=1,
    buffer_size=200,
)  # fmt: skip


def short(folder=None, config=TINY, seeds=(3, 4), **options):
    return train("Pendulum-v1", config, seeds, folder=folder, progress=False, **options)


def equal(a, b):
    states = (agent.state_dict() for agent in (a, b))
    for x, y in zip(*(leaves(state) for state in states), strict=True):
        np.testing.assert_array_equal(x, y)


def leaves(value):
    if isinstance(value, dict):
        return [leaf for x in value.values() for leaf in leaves(x)]
    if isinstance(value, list | tuple):
        return [leaf for x in value for leaf in leaves(x)]
    return [value.numpy() if isinstance(value, torch.Tensor) else value]


# ---- The end of a run ----


@pytest.mark.parametrize(("answer", "evaluations"), [(np.True_, 1), (np.False_, 4), (7, 4)])
def test_true_of_numpy_ends_a_run_too_and_nothing_else_does(answer, evaluations):
    assert len(short(on_evaluation=lambda run: answer).steps) == evaluations


def test_on_evaluation_sees_the_run_so_far_and_can_end_it(tmp_path):
    seen = []

    def stop(run):
        seen.append((run.step, run.returns.shape, run.agent.updates))
        return run.step == 80

    run = short(tmp_path, on_evaluation=stop)
    assert seen == [(0, (2, 1, 1), 0), (40, (2, 2, 1), 0), (80, (2, 3, 1), 30)]
    assert run.step == step_of(tmp_path) == 80
    whole = short()
    again = resume(tmp_path, progress=False)  # it may go on all the same
    np.testing.assert_array_equal(again.returns, whole.returns)


def test_what_on_evaluation_raises_comes_out_after_the_run_is_saved(tmp_path, capsys):
    def prune(run):
        if run.step == 80:
            raise LookupError("not promising")

    with pytest.raises(LookupError, match="not promising"):
        short(tmp_path, on_evaluation=prune)
    assert "Saved at step 80. Continue with" in capsys.readouterr().err
    assert load(tmp_path).step == 80  # with the evaluation itself
    assert "\n80," in (tmp_path / "curves.csv").read_text()


def test_an_update_that_breaks_leaves_the_last_checkpoint(tmp_path):
    class Breaks(DDPG):
        def learn(self, *batch):
            if self.updates == 37:
                raise RuntimeError("out of memory")
            return super().learn(*batch)

    with pytest.raises(RuntimeError, match="out of memory"):
        short(tmp_path, agent=Breaks, checkpoint_every=20)
    assert step_of(tmp_path) == 80


# ---- Longer, and from trained networks ----


def test_a_longer_run_ends_as_one_that_was_asked_for_at_once(tmp_path):
    first = short(tmp_path / "first")
    longer = extend(tmp_path / "first", tmp_path / "longer", 200, progress=False)
    whole = short(config=TINY.replace(steps=200))
    np.testing.assert_array_equal(longer.returns, whole.returns)
    equal(longer.agent, whole.agent)
    about = json.loads((tmp_path / "longer/config.json").read_text())
    assert about["parent"] == {"folder": str(tmp_path / "first"), "step": 120}
    assert about["config"]["steps"] == 200
    equal(load(tmp_path / "first").agent, first.agent)  # the parent is as it was


def test_a_longer_run_can_break_off_and_go_on(tmp_path):
    short(tmp_path / "first")
    broken_off = extend(
        tmp_path / "first", tmp_path / "longer", 200, progress=False,
        on_evaluation=lambda run: run.step == 160,
    )  # fmt: skip
    again = resume(tmp_path / "longer", progress=False)
    assert (broken_off.steps[-1], again.steps[-1]) == (160, 200)
    equal(again.agent, short(config=TINY.replace(steps=200)).agent)


@pytest.mark.parametrize(
    ("steps", "to", "message"),
    [
        (120, "new", r"steps must be more than the 120 that .*first has made; got 120"),
        (200, "first", "holds a run already"),
    ],
)
def test_a_longer_run_that_is_none(tmp_path, steps, to, message):
    short(tmp_path / "first")
    with pytest.raises((ValueError, CheckpointError), match=message):
        extend(tmp_path / "first", tmp_path / to, steps, progress=False)
    assert step_of(tmp_path / "first") == 120


def test_a_warm_start_has_a_folder_and_is_resumed(tmp_path):
    start = short().agent
    whole = short(start=start)
    short(tmp_path, start=start, on_evaluation=lambda run: run.step == 0)
    assert json.loads((tmp_path / "config.json").read_text())["warm_start"] is True
    again = resume(tmp_path, progress=False)
    np.testing.assert_array_equal(again.returns, whole.returns)
    equal(again.agent, whole.agent)


# ---- Agents of one's own ----


class Linear(Actor):
    """Another network: one layer, no hidden ones."""

    def __init__(self, rngs, obs_dim, action_dim):
        super().__init__(rngs, obs_dim, action_dim, hidden=())


class Own(DDPG):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.noise = GaussianNoise([np.random.default_rng(9) for _ in range(self.n)], 1, 0.5)

    def networks(self, rngs, action_dim):
        critic, _ = super().networks(rngs, action_dim)
        return critic, Linear(rngs["actor"], self.obs_dim, action_dim)


def test_an_agent_of_ones_own_is_trained_saved_and_loaded(tmp_path):
    whole = short(agent=Own)
    assert len(whole.agent.actor.layers) == 1
    short(tmp_path, agent=Own, on_evaluation=lambda run: run.step == 80)
    with pytest.raises(CheckpointError, match=r"its agent, Own, is of your own making.*agent=Own"):
        resume(tmp_path, progress=False)
    with pytest.raises(CheckpointError, match=r"agent=Own"):
        load(tmp_path)
    assert load(tmp_path, agent=Own).agent.noise.sigma == 0.5
    equal(resume(tmp_path, agent=Own, progress=False).agent, whole.agent)


def test_an_agent_of_ones_own_may_be_smaller_than_the_settings_say(tmp_path):
    class Small(DDPG):
        def networks(self, rngs, action_dim):
            critic = Critic(rngs["critic"], self.obs_dim, action_dim, hidden=())
            return critic, Linear(rngs["actor"], self.obs_dim, action_dim)

    run = short(tmp_path, TINY.replace(hidden=(256, 256)), agent=Small)
    loaded = load(tmp_path, agent=Small).agent
    assert max(p[0].numel() for p in loaded.actor.parameters()) < 256, "no layer of 256 units"
    equal(loaded, run.agent)


def test_an_agent_that_could_not_be_loaded_again_is_refused_before_the_first_step(tmp_path):
    class Unsaveable(DDPG):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.log = open(tmp_path / "log", "w")  # noqa: SIM115

    with pytest.raises(ValueError, match=r"a Unsaveable cannot be saved and loaded again: .*log"):
        short(tmp_path / "run", agent=Unsaveable)
    assert not (tmp_path / "run").exists()
    short(agent=Unsaveable)  # without a folder nothing is to be saved


def test_networks_cannot_be_replaced():
    agent = short().agent
    with pytest.raises(AttributeError, match=r"the actor of a DDPG cannot be replaced.*overrides"):
        agent.actor = nn.Linear(3, 1)


# ---- Devices ----


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda:99", "no device cuda:99: use cpu"),
        ("nowhere", "there is no device 'nowhere': give cpu, cuda, cuda:1 or mps"),
    ],
)
def test_a_device_that_is_not_there(tmp_path, device, message):
    with pytest.raises(ValueError, match=message):
        available(device)
    with pytest.raises(ValueError, match=message):
        short(tmp_path / "run", device=device)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def elsewhere(tmp_path):
    """A run that stopped at step 80 of 120, on a GPU that is not here."""
    short(tmp_path, on_evaluation=lambda run: run.step == 80)
    from ddpg_lib.runs import saving
    from ddpg_lib.runs.folder import CHECKPOINT

    saved = saving.load(tmp_path / CHECKPOINT)
    about = {**saved.about, "device": "cuda:99"}
    saving.save(tmp_path / CHECKPOINT, saved.state, about)
    (tmp_path / "config.json").write_text(json.dumps(about))
    return tmp_path


def test_a_run_from_a_gpu_is_used_where_there_is_none(elsewhere):
    run = load(elsewhere)
    assert run.agent.device.type == "cpu"
    assert evaluate(run.agent, "Pendulum-v1", 1).shape == (2, 1)
    with pytest.raises(CheckpointError, match="no device cuda:99: use cpu"):
        resume(elsewhere, progress=False)
    again = resume(elsewhere, device="cpu", progress=False)
    assert again.step == 120
    assert json.loads((elsewhere / "config.json").read_text())["device"] == "cpu"
    load(elsewhere)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_run_moves_between_devices(tmp_path):
    short(tmp_path, device="cuda", on_evaluation=lambda run: run.step == 80)
    assert load(tmp_path).agent.device.type == "cuda"
    assert load(tmp_path, device="cpu").agent.device.type == "cpu"
    assert resume(tmp_path, device="cpu", progress=False).agent.device.type == "cpu"


# ---- Memory ----


def test_replay_that_does_not_fit_is_refused_before_the_first_step(monkeypatch, tmp_path):
    spaces = Spaces(348, (-1.0,) * 17, (1.0,) * 17)  # Humanoid-v5
    config = recipe("default", steps=2_000_000)
    monkeypatch.setattr(memory, "free_memory", lambda device: 16 * 2**30)
    message = r"buffers of 8 agents need 21.3 GiB and 16.0 are free: lower buffer_size to 750,\d+"
    with pytest.raises(ValueError, match=message):
        memory.require_memory(config, 8, spaces, torch.device("cpu"))
    memory.require_memory(config.replace(buffer_size=700_000), 8, spaces, torch.device("cpu"))
    memory.require_memory(config.replace(steps=600_000), 8, spaces, torch.device("cpu"))
    monkeypatch.setattr(memory, "free_memory", lambda device: 1000)
    with pytest.raises(ValueError, match="lower buffer_size"):
        short(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_row_that_is_reckoned_with_is_the_buffers(monkeypatch):
    kinds: tuple[dict[str, int], ...] = ({}, {"n_step": 3}, {"memory": 5, "sequence_length": 4})
    for agent in [short(config=TINY.replace(**changes)).agent for changes in kinds]:
        needed = agent.replay.rows[:, :120].nbytes
        if agent.config.memory:
            needed += agent.replay.states[:, :120].nbytes
        spaces = Spaces(3, (-2.0,), (2.0,))
        monkeypatch.setattr(memory, "free_memory", lambda device, needed=needed: needed)
        memory.require_memory(agent.config, 2, spaces, agent.device)
        monkeypatch.setattr(memory, "free_memory", lambda device, needed=needed: needed - 1)
        with pytest.raises(ValueError, match="lower buffer_size to 119"):
            memory.require_memory(agent.config, 2, spaces, agent.device)


def test_a_containers_limit_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    free = memory.free_memory(torch.device("cpu"))
    assert abs(free - psutil.virtual_memory().available) < 2**30
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    (tmp_path / "memory.stat").write_text("anon 300000\ninactive_file 100000\n")
    assert memory.free_memory(torch.device("cpu")) == 700_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory(torch.device("cpu")) > 1_000_000


# ---- What a folder says ----


def edit(folder, **changes):
    about = json.loads((folder / "config.json").read_text())
    about["config"].update({k: v for k, v in changes.items() if k in about["config"]})
    about.update({k: v for k, v in changes.items() if k in about})
    (folder / "config.json").write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actor_lr": 0.5}, r"config.json was edited: actor_lr is 0.5 there, but .* with 0.001"),
        ({"steps": 500}, r"steps is 500 there"),
        ({"seeds": [3, 5]}, r"seeds is \[3, 5\] there"),
        ({"env_kwargs": {"g": 1.0}}, r"env_kwargs is {\"g\": 1.0} there"),
    ],
)
def test_an_edited_config_is_refused(tmp_path, changes, message):
    short(tmp_path, on_evaluation=lambda run: run.step == 80)
    edit(tmp_path, **changes)
    for use in (resume, load):
        with pytest.raises(CheckpointError, match=message):
            use(tmp_path)


def test_a_config_that_was_edited_before_the_first_step_is_what_is_done(tmp_path):
    whole = short(config=TINY.replace(actor_lr=0.5))
    with pytest.raises(LookupError):
        short(tmp_path, on_evaluation=lambda run: {}[0])  # breaks off at step 0
    (tmp_path / "checkpoint.safetensors").unlink()
    edit(tmp_path, actor_lr=0.5)
    np.testing.assert_array_equal(resume(tmp_path, progress=False).returns, whole.returns)


def test_a_run_is_loaded_without_its_environment(tmp_path):
    made = []

    def gone():
        made.append(1)
        import gymnasium

        return gymnasium.make("Pendulum-v1")

    first = train(gone, TINY, [3], folder=tmp_path, progress=False)
    made.clear()
    run = load(tmp_path)
    assert made == []
    np.testing.assert_array_equal(run.agent.act(np.ones(3)), first.agent.act(np.ones(3)))
    with pytest.raises(ValueError, match=r"gone cannot be made: .*a function of your own: give it"):
        evaluate(run.agent, run.env, 1)
    assert evaluate(run.agent, "Pendulum-v1", 1).shape == (1, 1)
