"""What chapter 22 compares: step sizes from a search, time to learn, twins."""

import math

import numpy as np
import pytest
import torch

from ddpg_lib import Config
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.chapters.ch22.agents import PendulumD4PG, SmallerOfTwo
from ddpg_lib.chapters.ch22.comparing import (
    beside_public,
    best_factors,
    between_twins,
    steps_to,
)
from ddpg_lib.ddpg import DDPG
from ddpg_lib.results.experiments import AFTER, AFTER_HOPPER
from ddpg_lib.results.searches import Record, record
from ddpg_lib.results.sweeps import Arm, sweep


def test_the_best_multiple_of_each_agent():
    final = {
        "td3_2": [-150, -160],
        "layer_norm_0.25": [-149, -150],
        "td3_16": [-150, -150],
        "layer_norm_4": [-900, 0],
    }
    found = best_factors(Record([100, 101], {k: np.array(v) for k, v in final.items()}))
    assert found == {"td3": "16", "layer_norm": "0.25"}


def test_steps_to_a_level():
    curves = np.array([[-900.0, -150, -300], [-900, -400, -200], [-900, -900, -900]])
    arm = Arm(Config(), np.array([0, 500, 1_000]), curves, curves[:, -1], {})
    assert steps_to(arm, -200).tolist() == [500, 1_000, math.inf]


def test_between_twins():
    config = Config(hidden=(4,), warmup_steps=1, buffer_size=5, reward_scale=0.5)
    agent = TD3(3, [-2.0], [2.0], config, (0, 1))
    with torch.no_grad():
        for critic, value in ((agent.critic.first, 1.0), (agent.critic.second, 4.0)):
            critic.layers[-1].weight.zero_()
            critic.layers[-1].bias.fill_(value)
    obs, action = np.ones((2, 7, 3)), np.ones((2, 7, 1))
    # 3 in units of the scaled reward are 6 of the reward's; half of it is taken off.
    np.testing.assert_allclose(between_twins(agent, obs, action), [3, 3])
    alone = DDPG(3, [-2.0], [2.0], config, (0, 1))
    with pytest.raises(ValueError, match="give a TD3 or a SAC"):
        between_twins(alone, obs, action)


def test_the_pendulums_returns_are_in_range():
    """The greatest cost of a step, for ever, in the recipe's units."""
    worst = 0.1 * (math.pi**2 + 0.1 * 8**2 + 0.001 * 2**2) / (1 - 0.99)
    low, high = PendulumD4PG.RANGE
    assert low < -worst < low + 5
    assert high == 0


def test_the_smaller_of_two_has_no_blur():
    config = Config(hidden=(4,), warmup_steps=1, buffer_size=5, batch_size=3)
    agent = SmallerOfTwo(3, [-2.0], [2.0], config, (0,))
    agent.remember(np.ones((1, 3)), [[0.5]], [1.0], np.ones((1, 3)), [False])
    agent.update()
    assert not agent.blur.any()


def test_the_comparison_has_what_the_search_chose():
    found = best_factors(record("after_search"))
    assert set(sweep("after_pendulum").arms) == {f"{agent}_{found[agent]}" for agent in AFTER}
    assert found == {"ddpg": "2", "td3": "2", "sac": "16", "d4pg": "4", "simba": "2"}


def test_eight_agents_of_either_library_stand_beside_each_other():
    found = beside_public()
    assert set(found) == {"DDPG", "TD3", "SAC"}
    for libraries in found.values():
        assert set(libraries) == {"ddpg_lib", "Stable-Baselines3"}
        for returns in libraries.values():
            assert returns.shape == (8,)
            assert ((returns < -100) & (returns > -2_000)).all()


def test_the_hoppers_comparison_has_what_its_search_chose():
    found = best_factors(record("after_hopper_search"))
    arms = sweep("after_hopper").arms
    assert list(arms) == [f"{agent}_{found[agent]}" for agent in AFTER_HOPPER]
