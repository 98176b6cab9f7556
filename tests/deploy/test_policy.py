"""A policy's file and its loader act as the agent does, whatever it is made of, or refuse."""

import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from policies import HIGH, KINDS, LOW, SMALL, agent_of, observations

from ddpg_lib import DDPG, CheckpointError
from ddpg_lib.deploy import numpy_policy
from ddpg_lib.deploy.numpy_policy import load_policy
from ddpg_lib.deploy.policy import bounds_of, policy_arrays, save_policy, seeds_of
from ddpg_lib.parts.networks import Actor

ROOT = Path(__file__).resolve().parents[2]
OBS = observations(np.random.default_rng(1), 2, 200)


def reloaded(agent, folder, number=1, **options):
    save_policy(agent, folder / "policy.npz", number, **options)
    return load_policy(folder / "policy.npz")


def assert_acts_as(policy, agent, obs=OBS, number=1):
    """To a millionth of the action range."""
    expected = agent.act(obs)[number]
    actions = policy(obs[number])
    assert actions.dtype == np.float32
    assert actions.shape == expected.shape
    difference = np.abs(actions - expected) / (HIGH - LOW)
    assert difference.max() < 1e-6
    return actions


# ---- Equal to DDPG.act ----


@pytest.mark.parametrize("kind", KINDS)
def test_it_acts_as_the_agent_of_every_kind(tmp_path, kind):
    agent = agent_of(*kind)
    actions = assert_acts_as(reloaded(agent, tmp_path), agent)
    assert actions.std(axis=0).min() > 0.01  # so that there is something to compare


def test_the_other_agents_are_others(tmp_path):
    agent = agent_of("relu", "layer_norm", True, False)
    first, second = (reloaded(agent, tmp_path, i) for i in (0, 1))
    assert_acts_as(first, agent, number=0)
    assert np.abs(first(OBS[1]) - second(OBS[1])).max() > 0.01


@pytest.mark.parametrize("invert_gradients", [False, True])
def test_where_it_saturates_it_stays_within_the_bounds(tmp_path, invert_gradients):
    agent = DDPG(3, LOW, HIGH, SMALL.replace(invert_gradients=invert_gradients), (3, 8))
    low, high = bounds_of(agent)
    for push, bound in ((-50.0, low), (50.0, high)):
        agent.actor.layers[-1].bias.detach().fill_(push)
        actions = assert_acts_as(reloaded(agent, tmp_path), agent)
        assert (actions == bound).all()


@pytest.mark.parametrize("activation", ["relu", "elu", "silu"])
def test_huge_observations_overflow_nowhere(tmp_path, activation):
    agent = agent_of(activation, "none", False, False)
    policy, (low, high) = reloaded(agent, tmp_path), bounds_of(agent)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        actions = policy(1e6 * OBS[1])
    assert ((low <= actions) & (actions <= high)).all()
    np.testing.assert_allclose(actions, agent.act(1e6 * OBS)[1], atol=1e-5)


def test_one_observation_or_many_of_any_type(tmp_path):
    agent = agent_of("tanh", "layer_norm", True, False)
    policy, obs = reloaded(agent, tmp_path), OBS[1, :12]
    many = policy(obs)
    assert many.shape == (12, 2)
    np.testing.assert_allclose(policy(obs.reshape(3, 4, 3)).reshape(12, 2), many, atol=1e-6)
    for i in range(3):
        for one in (obs[i], obs[i].astype(float), obs[i].tolist()):
            assert policy(one).shape == (2,)
            np.testing.assert_allclose(policy(one), many[i], atol=1e-6)
    assert policy(np.zeros((0, 3))).shape == (0, 2)


@pytest.mark.parametrize("kind", KINDS[:12])
def test_observations_that_the_agent_sees_scaled(tmp_path, kind):
    """As uint8 pixels or bytes are: the policy takes them as the environment gives them."""
    agent = agent_of(*kind)
    low, high = np.array([0, 0, -50]), np.array([255, 255, 50])
    raw = np.random.default_rng(2).integers(low, high, size=(2, 200, 3), endpoint=True)
    scaled = ((raw - low) / (high - low)).astype(np.float32)
    policy = reloaded(agent, tmp_path, obs_low=low, obs_high=high)
    difference = np.abs(policy(raw[1]) - agent.act(scaled)[1]) / (HIGH - LOW)
    assert difference.max() < 1e-6


ALONE = """
import sys
for name in ("ddpg_lib", "torch", "gymnasium", "scipy", "safetensors"):
    sys.modules[name] = None  # importing it raises ImportError
sys.path.insert(0, "")
import numpy as np
import numpy_policy
policy = numpy_policy.load_policy("policy.npz")
np.save("actions.npy", [policy(obs) for obs in np.load("obs.npy")])
"""


def test_a_copy_of_the_loader_acts_with_numpy_alone(tmp_path):
    agent = agent_of("silu", "layer_norm", True, True)
    save_policy(agent, tmp_path / "policy.npz", 1)
    shutil.copy(numpy_policy.__file__, tmp_path)
    np.save(tmp_path / "obs.npy", OBS[1])
    subprocess.run([sys.executable, "-I", "-c", ALONE], cwd=tmp_path, check=True)
    actions = np.load(tmp_path / "actions.npy")
    assert_acts_as(lambda obs: actions, agent)


# ---- What the file says ----


def test_the_file_holds_what_its_table_says(tmp_path):
    agent = agent_of("elu", "layer_norm", True, False)
    save_policy(agent, tmp_path / "policy.npz", 1, env="Lander-v3")
    with np.load(tmp_path / "policy.npz", allow_pickle=False) as file:
        p = dict(file)
    texts = {name: str(x) for name, x in p.items() if x.dtype.kind == "U"}
    assert texts.pop("ddpg_lib")[0].isdigit()
    assert texts == {
        "format": "ddpg_lib policy",
        "env": "Lander-v3",
        "seed": "8",
        "activation": "elu",
        "squash": "tanh",
    }
    assert (p["version"], p["entries"]) == (1, len(p))
    assert {name: x.shape for name, x in p.items() if x.dtype == np.float32} == {
        "obs_shift": (3,),
        "obs_scale": (3,),
        "obs_limit": (),
        "weight_0": (3, 16),
        "bias_0": (16,),
        "gain_0": (16,),
        "offset_0": (16,),
        "weight_1": (16, 12),
        "bias_1": (12,),
        "gain_1": (12,),
        "offset_1": (12,),
        "weight_2": (12, 2),
        "bias_2": (2,),
        "action_low": (2,),
        "action_high": (2,),
    }


def test_the_loader_fits_on_the_page():
    """Without scrolling: the widest line of a chapter's code."""
    source = Path(numpy_policy.__file__).read_text(encoding="utf-8")
    assert max(map(len, source.splitlines())) <= 88


def test_the_page_of_the_reference_names_all_that_a_file_can_hold():
    page = (ROOT / "book/api/deploy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    written = policy_arrays(agent_of("elu", "layer_norm", True, False))
    assert documented == {re.sub(r"_\d+$", "_i", name) for name in written}


def test_what_is_not_there_is_not_in_the_file():
    names = set(policy_arrays(agent_of("relu", "batch_norm", False, False)))
    assert not [x for x in names if x.startswith(("obs_", "gain", "offset"))]


def test_the_same_agent_gives_the_same_file(tmp_path):
    agent = agent_of("relu", "none", False, False)
    for name in ("a.npz", "b.npz"):
        save_policy(agent, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_it_writes_to_the_very_name(tmp_path):
    save_policy(agent_of("relu", "none", False, False), str(tmp_path / "policy"))
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]
    load_policy(str(tmp_path / "policy"))


def test_seeds_are_the_stacks():
    assert seeds_of(DDPG(3, LOW, HIGH, SMALL, (7, 0, 123))) == [7, 0, 123]


# ---- What cannot be written ----


class OwnActor(Actor):
    """An actor that does something more."""


class Cautious(DDPG):
    """An agent that acts otherwise."""

    def act(self, obs):
        return 0.5 * super().act(obs)


def own_actor(agent):
    agent.actor.__class__ = OwnActor


def own_network(agent):
    agent.actor = torch.nn.Sequential(torch.nn.Linear(3, 2))


def own_layer(agent):
    agent.actor.layers[1] = torch.nn.Linear(16, 12)


def own_activation(agent):
    agent.actor.activation = torch.sigmoid


def own_act(agent):
    agent.__class__ = Cautious


def own_act_of_one(agent):
    agent.act = lambda obs: np.zeros((2, 2))


def broken_weights(agent):
    with torch.no_grad():
        agent.actor.layers[1].bias[0, 0, 3] = torch.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (own_actor, "has OwnActor: save_agent keeps"),
        (own_network, "has Sequential, Linear: save_agent keeps"),
        (own_layer, "has Linear: save_agent keeps"),
        (own_activation, "another activation: save_agent keeps"),
        (own_act, r"has Cautious\.act: save_agent keeps"),
        (own_act_of_one, r"has DDPG\.act"),
        (broken_weights, "not all numbers of its bias_1 are finite"),
    ],
)
def test_a_policy_that_the_file_cannot_represent_is_refused(tmp_path, change, message):
    agent = DDPG(3, LOW, HIGH, SMALL, (3, 8))
    change(agent)
    with pytest.raises(ValueError, match=message):
        save_policy(agent, tmp_path / "policy.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [-1, 2])
def test_an_agent_that_is_not_there_is_refused(tmp_path, number):
    with pytest.raises(ValueError, match=f"an agent's place, 0 to 1; got {number}"):
        save_policy(agent_of("relu", "none", False, False), tmp_path / "policy.npz", number)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([0, 0, 0], None),
        (None, [1, 1, 1]),
        ([0, 0], [1, 1]),
        (0, 255),
        ([0, 0, 0], [1, 0, 1]),
        ([0, 0, 0], [1, 1, np.inf]),
        ([0, 0, np.nan], [1, 1, 1]),
    ],
)
def test_bounds_of_observations_that_are_none_are_refused(low, high):
    with pytest.raises(ValueError, match="obs_low and obs_high must be 3 finite numbers each"):
        policy_arrays(agent_of("relu", "none", False, False), obs_low=low, obs_high=high)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot write .*nowhere"):
        save_policy(agent_of("relu", "none", False, False), tmp_path / "nowhere/policy.npz")


# ---- What cannot be read ----


@pytest.fixture
def file(tmp_path):
    save_policy(agent_of("relu", "none", False, False), tmp_path / "policy.npz")
    return tmp_path / "policy.npz"


@pytest.mark.parametrize("shape", [(), (2,), (4,), (3, 2), (3, 1)])
def test_observations_of_another_shape_are_refused(file, shape):
    with pytest.raises(ValueError, match=r"observations must be \(\.\.\., 3\), got \("):
        load_policy(file)(np.zeros(shape))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_policy(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("kind", ["empty", "text", "npy", "pickled", "npz", "npz of objects"])
def test_another_kind_of_file_is_refused(tmp_path, kind):
    path = tmp_path / "file"
    with open(path, "wb") as file:
        if kind == "text":
            file.write(b"step,return\n" * 100)
        elif kind == "npy":
            np.save(file, np.zeros(3))
        elif kind == "pickled":
            np.save(file, np.array([{}], object))
        elif kind == "npz":
            np.savez(file, weight_0=np.zeros((3, 2)))
        elif kind == "npz of objects":
            np.savez(file, format=np.array([{}], object))
    with pytest.raises(ValueError, match="file is damaged, or no file of save_policy"):
        load_policy(path)


def test_a_damaged_file_is_refused_wherever_it_is_cut_or_changed(file):
    data, expected = file.read_bytes(), load_policy(file)(OBS[1])
    for length in (1, 100, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:length])
        with pytest.raises(ValueError, match="damaged, or no file of save_policy"):
            load_policy(file)
    rng, refused = np.random.default_rng(0), 0
    for place in rng.integers(0, len(data), 80):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(changed)
        try:
            policy = load_policy(file)
        except ValueError:
            refused += 1
        else:  # a date, say
            np.testing.assert_array_equal(policy(OBS[1]), expected)
    assert refused > 40


def test_a_file_that_lacks_a_part_is_refused(file):
    with np.load(file) as whole:
        parts = dict(whole)
    del parts["bias_1"]
    np.savez(file, **parts)
    with pytest.raises(ValueError, match="damaged, or no file of save_policy"):
        load_policy(file)


def test_a_newer_version_is_named(file):
    with np.load(file) as old:
        np.savez(file, **{**old, "version": 2})
    with pytest.raises(ValueError, match="holds ddpg_lib policy 2; this loader reads"):
        load_policy(file)
