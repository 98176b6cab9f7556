"""The car for whole arrays: against Gymnasium's own, and what noise alone does to it."""

import gymnasium as gym
import numpy as np
import pytest
from scipy import stats

from ddpg_lib.chapters.ch08.car import FLAG, LIMIT, arrivals, drive, dynamics, wilson
from ddpg_lib.chapters.ch08.processes import AR1


def test_it_drives_as_gymnasiums_car_does():
    env = gym.make("MountainCarContinuous-v0").unwrapped
    rng, arrived, walls = np.random.default_rng(0), 0, 0
    for seed in range(4):
        env.reset(seed=seed)
        x, v = env.state
        # In time with the swing, and too hard to the left, so that wall and flag are met.
        pushes = np.sin(np.arange(400) * 2 * np.pi / 75) + 0.3 * rng.standard_normal(400) - 0.1
        for push in np.clip(pushes, -1, 1):
            obs, _, terminated, *_ = env.step(np.array([push]))
            x, v, over = dynamics(x, v, push)
            assert obs == pytest.approx(
                [float(x), float(v)], abs=2e-4
            )  # Gymnasium rounds its state
            assert bool(over) == terminated
            walls += x == -1.2
            if terminated:
                arrived += 1
                break
    assert arrived == 4
    assert walls > 0


def test_who_arrives_stays():
    in_time = np.sign(np.sin(np.arange(LIMIT) * 2 * np.pi / 75))
    positions, arrival = drive(np.stack([in_time, np.zeros(LIMIT)]))
    assert positions.shape == (2, LIMIT + 1)
    assert arrival[0] < 300
    assert arrival[1] == LIMIT + 1
    assert (positions[0, arrival[0] :] == positions[0, -1]).all()
    assert positions[0, -1] >= FLAG > positions[0, arrival[0] - 1]
    assert ((positions[:, 0] >= -0.6) & (positions[:, 0] <= -0.4)).all()


def test_noise_in_time_with_the_swing_arrives():
    assert arrivals(AR1.with_std(0.5), cars=50) == 0
    assert arrivals(AR1.with_std(0.95, 0.85), cars=50) > 0.6


def test_wilsons_interval_is_scipys():
    for k, n in ((0, 50), (7, 96), (200, 400), (96, 96)):
        exact = stats.binomtest(k, n).proportion_ci(method="wilson")
        assert wilson(k / n, n) == pytest.approx((exact.low, exact.high), abs=1e-4)
