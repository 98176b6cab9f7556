"""The worlds that hide part of their state."""

import gymnasium as gym
import numpy as np
import pytest

from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import evaluate_policy
from ddpg_lib.worlds.hidden import CUE, CUE_STACKED, STACKED, WITHOUT_VELOCITY, Cue


def test_the_pendulum_is_gymnasiums_without_its_velocity():
    ours, theirs = make(WITHOUT_VELOCITY), gym.make("Pendulum-v1")
    a, b = ours.reset(seed=3)[0], theirs.reset(seed=3)[0]
    rng = np.random.default_rng(0)
    for step in range(200):
        np.testing.assert_array_equal(a, b[:2])
        action = rng.uniform(-2, 2, 1).astype(np.float32)
        (a, r, *_, cut, _), (b, right, *_) = ours.step(action), theirs.step(action)
        assert r == right
        assert cut == (step == 199)


def test_stacked_observations_are_the_last_ones():
    env = make(STACKED)
    obs, _ = env.reset(seed=1)
    single = make(WITHOUT_VELOCITY)
    seen = [single.reset(seed=1)[0]] * 3
    for _ in range(5):
        np.testing.assert_array_equal(obs, np.concatenate(seen[-3:]))
        action = np.ones(1, np.float32)
        obs = env.step(action)[0]
        seen.append(single.step(action)[0])


def test_the_cue_is_shown_once_and_asked_for_at_the_end():
    env = Cue(delay=4)
    for seed in range(5):
        obs, _ = env.reset(seed=seed)
        cue = obs[0]
        assert cue in (-1, 1)
        assert obs[1] == 0
        for step in range(6):
            assert step == 0 or obs[0] == 0
            assert obs[1] == (step == 5)
            action = np.array([0.5 * cue], np.float32)
            obs, reward, terminated, truncated, _ = env.step(action)
            assert reward == (0.5 if step == 5 else 0)
            assert terminated == (step == 5)
            assert not truncated


def test_who_does_not_remember_gets_nothing_on_average_and_who_does_gets_one():
    memory = {}

    def remembering(obs):
        if obs[0]:
            memory["cue"] = obs[0]
        return np.array([memory["cue"]])

    np.testing.assert_array_equal(evaluate_policy(remembering, CUE, 20), 1.0)
    for fixed in (-1.0, 0.0, 0.7):
        returns = evaluate_policy(lambda obs, a=fixed: np.array([a]), CUE, 400)
        assert abs(returns.mean()) < 0.15
    # Nor do four stacked observations hold the cue where it is asked for.
    env = make(CUE_STACKED)
    obs, over = env.reset(seed=0)[0], False
    while not over:
        last, (obs, _, over, _, _) = obs, env.step(np.zeros(1, np.float32))
    np.testing.assert_array_equal(last, [0, 0, 0, 0, 0, 0, 0, 1])


def test_a_negative_delay_is_refused():
    with pytest.raises(ValueError, match="delay must be at least 0"):
        Cue(delay=-1)
