"""An ONNX model acts as the agent does, in a runtime that knows nothing of the library."""

import sys

import numpy as np
import pytest
from policies import HIGH, KINDS, LOW, SMALL, agent_of, observations

from ddpg_lib import DDPG, CheckpointError
from ddpg_lib.deploy.onnx_policy import save_onnx
from ddpg_lib.deploy.policy import bounds_of

WHY = 'pip install "ddpg-lib[onnx]"'
OBS = observations(np.random.default_rng(1), 2, 200)


def reloaded(agent, folder, number=1, **options):
    """The policy as onnxruntime plays it."""
    pytest.importorskip("onnx", reason=WHY)
    runtime = pytest.importorskip("onnxruntime", reason=WHY)
    save_onnx(agent, folder / "policy.onnx", number, **options)
    session = runtime.InferenceSession(folder / "policy.onnx", providers=["CPUExecutionProvider"])
    return lambda obs: session.run(["action"], {"obs": obs})[0]


def assert_acts_as(policy, agent, obs=OBS, raw=OBS):
    """To a millionth of the action range."""
    actions, expected = policy(raw[1]), agent.act(obs)[1]
    assert actions.dtype == np.float32
    assert actions.shape == expected.shape
    assert (np.abs(actions - expected) / (HIGH - LOW)).max() < 1e-6
    return actions


@pytest.mark.parametrize("kind", KINDS)
def test_it_acts_as_the_agent_of_every_kind(tmp_path, kind):
    agent = agent_of(*kind)
    policy = reloaded(agent, tmp_path)
    assert_acts_as(policy, agent)
    np.testing.assert_allclose(policy(OBS[1, :1]), policy(OBS[1])[:1], atol=1e-5)


@pytest.mark.parametrize("invert_gradients", [False, True])
def test_where_it_saturates_it_stays_within_the_bounds(tmp_path, invert_gradients):
    agent = DDPG(3, LOW, HIGH, SMALL.replace(invert_gradients=invert_gradients), (3, 8))
    low, high = bounds_of(agent)
    for push, bound in ((-50.0, low), (50.0, high)):
        agent.actor.layers[-1].bias.detach().fill_(push)
        actions = assert_acts_as(reloaded(agent, tmp_path), agent)
        assert (actions == bound).all()


def test_observations_that_the_agent_sees_scaled(tmp_path):
    agent = agent_of("tanh", "batch_norm", True, False)
    low, high = np.array([0, 0, -50], np.float32), np.array([255, 255, 50], np.float32)
    raw = np.random.default_rng(2).uniform(low, high, size=(2, 200, 3)).astype(np.float32)
    policy = reloaded(agent, tmp_path, obs_low=low, obs_high=high)
    assert_acts_as(policy, agent, (raw - low) / (high - low), raw)


def test_the_model_says_what_it_is(tmp_path):
    onnx = pytest.importorskip("onnx", reason=WHY)
    save_onnx(agent_of("silu", "layer_norm", True, True), tmp_path / "p.onnx", 1, env="Lander-v3")
    model = onnx.load(tmp_path / "p.onnx")
    assert {x.key: x.value for x in model.metadata_props} == {"env": "Lander-v3", "seed": "8"}
    assert model.producer_name == "ddpg_lib"
    (obs,), (action,) = model.graph.input, model.graph.output
    dims = [
        [d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] for x in (obs, action)
    ]
    assert (obs.name, action.name, dims) == ("obs", "action", [["batch", 3], ["batch", 2]])
    used = {name for node in model.graph.node for name in node.input}
    assert {x.name for x in model.graph.initializer} <= used


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)  # as where it is not installed
    with pytest.raises(RuntimeError, match=r'extra onnx: pip install "ddpg-lib\[onnx\]"'):
        save_onnx(agent_of("relu", "none", False, False), tmp_path / "policy.onnx")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    pytest.importorskip("onnx", reason=WHY)
    with pytest.raises(CheckpointError, match=r"cannot write .*nowhere"):
        save_onnx(agent_of("relu", "none", False, False), tmp_path / "nowhere/policy.onnx")
