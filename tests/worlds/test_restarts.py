"""Pendulum-v1 in short episodes: another time limit, and nothing else."""

import gymnasium as gym
import numpy as np

from ddpg_lib.envs.making import make
from ddpg_lib.worlds.restarts import LIMIT, RESTARTS


def test_it_is_the_pendulum_until_its_limit():
    short, usual = make(RESTARTS), gym.make("Pendulum-v1")
    for one, other in zip(short.reset(seed=5), usual.reset(seed=5), strict=True):
        np.testing.assert_array_equal(one, other)
    rng = np.random.default_rng(0)
    for step in range(1, LIMIT + 1):
        action = rng.uniform(-2, 2, 1).astype(np.float32)
        obs, reward, terminated, truncated, _ = short.step(action)
        expected, paid, *_ = usual.step(action)
        np.testing.assert_array_equal(obs, expected)
        assert (reward, terminated, truncated) == (paid, False, step == LIMIT)
    assert short.observation_space == usual.observation_space
    assert short.action_space == usual.action_space
