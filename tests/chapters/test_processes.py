"""Noise with a memory, and what it sets swinging: what the equations' tests leave open."""

import math

import numpy as np
import pytest

from ddpg_lib import GaussianNoise, OrnsteinUhlenbeckNoise
from ddpg_lib.chapters.ch08.processes import AR1, draw, estimate, library_noise
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.worlds.pendulum.model import PendulumModel


def test_ways_to_the_same_sequence():
    assert AR1.ornstein_uhlenbeck(0.2, 0.15, 1.0) == AR1(0.85, 0.2)
    assert AR1.with_std(0.3) == AR1(0.0, 0.3)
    assert AR1.with_std(0.3, 0.9).std == pytest.approx(0.3)
    assert AR1.ornstein_uhlenbeck(0.2, 0.15, 1.0, exact=True).std == pytest.approx(
        0.2 / math.sqrt(0.3)
    )


def test_white_noise_has_no_memory():
    noise = AR1(0.0, 0.3)
    assert noise.memory == 1
    np.testing.assert_allclose(noise.covariance(4), 0.09 * np.eye(4))
    np.testing.assert_allclose(noise.spectrum([0.0, 1.0, np.pi]), 0.09)


def test_covariance_is_that_of_the_recursion():
    noise, n = AR1(0.8, 0.5), 6
    # x = L xi with L[t, k] = b m^(t-k)
    t = np.arange(n)
    power = t[:, None] - t[None, :]
    weights = np.where(power >= 0, 0.5 * 0.8 ** np.maximum(power, 0), 0)
    np.testing.assert_allclose(noise.covariance(n), weights @ weights.T)


def test_a_halved_time_step_halves_the_angle_of_a_step():
    slow, fast = Resonator.of_pendulum(), Resonator.of_pendulum(PendulumModel(time_step=0.025))
    assert slow.omega / fast.omega == pytest.approx(2, rel=2e-3)
    assert slow.omega / 0.05 == pytest.approx(math.sqrt(15), rel=2e-3)


def test_without_noise_it_takes_for_ever():
    assert Resonator.of_mountain_car().steps_to(0.1, AR1(0.5, 0.0)) == math.inf


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="m must"):
        AR1(1.0, 0.1)
    with pytest.raises(ValueError, match="b must"):
        AR1(0.5, -0.1)
    with pytest.raises(ValueError, match="omega"):
        Resonator(math.pi, 1.0)


def test_the_library_makes_the_same_noise():
    rngs = [np.random.default_rng(0)]
    assert isinstance(library_noise(AR1.with_std(0.5), rngs), GaussianNoise)
    walk = library_noise(AR1(0.85, 0.2), rngs)
    assert isinstance(walk, OrnsteinUhlenbeckNoise)
    assert (1 - walk.theta * walk.dt, walk.sigma) == pytest.approx((0.85, 0.2))
    x = draw(AR1(0.85, 0.2), paths=3_000, steps=60)
    assert x.shape == (3_000, 60)
    assert x[:, 0].std() == pytest.approx(0.2, rel=0.07)
    assert x[:, -1].std() == pytest.approx(AR1(0.85, 0.2).std, rel=0.07)


def test_estimates_of_a_record_by_hand():
    # 1, 2, 3 less their mean: -1, 0, 1; neighbors multiply to 0, squares sum to 2.
    assert estimate([1.0, 2.0, 3.0]) == pytest.approx((0.0, math.sqrt(2 / 3)))
    assert estimate([1.0, -1.0, 1.0, -1.0]) == pytest.approx((-0.75, 1.0))
    for useless in ([1.0], [2.0, 2.0]):
        with pytest.raises(ValueError, match="two values"):
            estimate(useless)
