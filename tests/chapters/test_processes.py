"""Noise with a memory, and what it sets swinging: what the equations' tests leave open."""

import math

import numpy as np
import pytest

from ddpg_lib.chapters.ch08.processes import AR1
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
    # x = L xi with L[t, k] = s phi^(t-k)
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
    with pytest.raises(ValueError, match="phi"):
        AR1(1.0, 0.1)
    with pytest.raises(ValueError, match="scale"):
        AR1(0.5, -0.1)
    with pytest.raises(ValueError, match="omega"):
        Resonator(math.pi, 1.0)
