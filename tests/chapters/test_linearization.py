"""A world near one state, and an actor near one observation, as matrices."""

import numpy as np
import pytest

from ddpg_lib import DDPG, recipe
from ddpg_lib.chapters.ch16.linearization import actor_gain, linearize, transition
from ddpg_lib.envs.making import make

pytest.importorskip("mujoco")


def test_linear_systems_are_found_as_they_are():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    found = linearize(lambda s, a: A @ s + B @ a + 5, rng.normal(size=3), rng.normal(size=2))
    np.testing.assert_allclose(found[0], A, atol=1e-9)
    np.testing.assert_allclose(found[1], B, atol=1e-9)


def test_the_transition_is_the_environments_own():
    env = make("InvertedPendulum-v5")
    state, action = env.reset(seed=3)[0], np.array([1.5], np.float32)
    expected = env.step(action)[0]
    np.testing.assert_allclose(transition(env)(state, action), expected, atol=1e-12)


def test_other_environments_and_steps_are_refused():
    with pytest.raises(ValueError, match="PendulumEnv is no MuJoCo environment"):
        transition(make("Pendulum-v1"))
    with pytest.raises(ValueError, match="step must be positive"):
        linearize(lambda s, a: s, [0.0], [0.0], step=0.0)


def test_each_agent_needs_its_observation():
    agent = DDPG(3, [-2.0], [2.0], recipe("pendulum"), seeds=[0, 1])
    with pytest.raises(ValueError, match="one observation for each of the 2 agents"):
        actor_gain(agent, np.zeros((1, 3)))
