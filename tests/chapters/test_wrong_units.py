"""Chapter 11's agents: each stands in one wrong unit, and in nothing else."""

import numpy as np
import pytest

from ddpg_lib import DDPG, recipe
from ddpg_lib.chapters.ch11.agents import HalfRange, OtherUnits, StoresTorque, vitals

SMALL = recipe("pendulum", hidden=(8, 8), batch_size=4, steps=100, warmup_steps=20)


def pair(kind, low=-2.0, high=2.0):
    """The agent and a right one with the same seeds."""
    return [agent(3, [low], [high], SMALL, [0, 1]) for agent in (kind, DDPG)]


def test_other_units_are_a_change_of_observations():
    """It acts, values and stores as a right agent does that is shown the changed observations."""
    other, right = pair(OtherUnits)
    rng = np.random.default_rng(0)
    obs, action = rng.normal(size=(2, 5, 3)), rng.uniform(-2, 2, (2, 5, 1))
    seen = obs * [100.0, 1.0, 0.01] + [300.0, 0.0, -0.05]
    assert np.allclose(other.act(obs), right.act(seen))
    assert np.allclose(other.q(obs), right.q(seen))
    assert np.allclose(other.q(obs, action), right.q(seen, action))
    other.remember(obs[:, 0], action[:, 0], [1.0, 2.0], obs[:, 1], [False, True])
    right.remember(seen[:, 0], action[:, 0], [1.0, 2.0], seen[:, 1], [False, True])
    assert np.allclose(other.replay.rows[:, 0], right.replay.rows[:, 0])


def test_stored_torque_is_a_number_of_newton_centimeters():
    wrong, right = pair(StoresTorque)
    obs, action = np.zeros((2, 3)), np.array([[1.5], [-0.02]])
    wrong.remember(obs, action, [0.0, 0.0], obs, [False, False])
    assert np.allclose(wrong.replay.rows[:, 0, 3], [150.0, -2.0])
    assert np.allclose(wrong.act(obs), right.act(obs))


def test_half_range_sends_what_tanh_says():
    """Actions are the network's own numbers, on the way out and on the way in."""
    wrong, right = pair(HalfRange)
    obs = np.random.default_rng(1).normal(size=(2, 4, 3))
    assert np.allclose(wrong.act(obs), right.act(obs) / 2)
    assert np.abs([wrong.random() for _ in range(200)]).max() == pytest.approx(1, abs=0.02)
    wrong.remember(obs[:, 0], [[0.3], [-1.0]], [0.0, 0.0], obs[:, 1], [False, False])
    assert np.allclose(wrong.replay.rows[:, 0, 3], [0.3, -1.0])


def test_vitals_of_a_right_agent():
    """Two numbers that can be known beforehand, and what look_inside says of the others."""
    agent = pair(DDPG)[0]
    rng = np.random.default_rng(2)
    for _ in range(30):
        obs = rng.normal(size=(2, 3))
        agent.remember(obs, [[1.0], [-0.5]], [0.0, 0.0], obs, [False, False])
    found = vitals(agent)
    assert np.allclose(found["stored"], [0.5, 0.25])
    assert np.allclose(found["sent"], 1, atol=0.01)
    assert (found["spread"] > 0.2).all()
    assert (np.abs(found["level"]) < 0.1).all(), "an untrained critic expects next to nothing"
    # Rewards of -6 a step are a level of some -60 in scaled units; the reach is 9 (80 x 5e-4).
    assert ((found["way"] > 20) & (found["way"] < 300)).all()
