"""The lander's formulas where they must refuse, clip, or agree with plain counting."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch14.lander import (
    FUEL,
    REST_STEPS,
    hover,
    hover_throttle,
    potential,
    potential_terms,
    still,
    still_windows,
    throttle,
)
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import evaluate_policy


def test_throttle_clips_and_has_dead_zones():
    actions = [[-3, 0.5], [0, -0.5], [1e-6, 0.6], [1, -1], [7, 9]]
    expected = [[0, 0], [0, 0], [0.5, 0.6], [1, 1], [1, 1]]
    assert np.allclose(throttle(actions), expected, atol=1e-6)


def test_potential_is_the_sum_of_its_terms():
    obs = np.random.default_rng(0).normal(size=(3, 4, 8))
    assert potential_terms(obs).shape == (3, 4, 4)
    assert np.allclose(potential_terms(obs).sum(-1), potential(obs))


def test_still_without_noise():
    assert [still(0, 0.5, 0), still(0.1, 0, 0), still(-1, -0.6, 0)] == [1, 0, 0]


def test_still_windows_are_counted():
    main, side = -np.ones(60), np.zeros(60)
    main[40], side[10] = 0.5, -0.7
    found = still_windows(main, side)
    assert found.shape == (60 - REST_STEPS + 1,)
    assert np.flatnonzero(found).tolist() == [11, 12, 13, 14, 15]


@pytest.mark.parametrize("height", [0.1, 0.3])
def test_hover_stays_until_the_time_limit(height):
    pytest.importorskip("Box2D")
    env, policy = make("LunarLanderContinuous-v3"), hover(height)
    for seed in range(3):
        obs, _ = env.reset(seed=seed)
        heights, over = [], False
        while not over:
            obs, _, terminated, over, _ = env.step(policy(obs))
            assert not terminated
            heights.append(obs[1])
        assert len(heights) == 1_000
        assert np.allclose(heights[400:], height, atol=0.06)
        assert abs(obs[0]) < 0.1
    env.close()
    expected = -FUEL[0] * hover_throttle() * 1_000
    returns = evaluate_policy(policy, "LunarLanderContinuous-v3", 3)
    assert (returns < expected + 230).all(), "the potential can bring about 200"


def test_the_first_leg_is_the_right_one():
    """As chapter 14's table of observations says."""
    pytest.importorskip("Box2D")
    env = make("LunarLanderContinuous-v3")
    env.reset(seed=0)
    first, second = (leg.position[0] for leg in env.unwrapped.legs)
    assert first > env.unwrapped.lander.position[0] > second
