"""Noise processes against their moments in closed form."""

import numpy as np
import pytest

from ddpg_lib import DecayingNoise, GaussianNoise, OrnsteinUhlenbeckNoise


def rngs(n):
    return [np.random.default_rng([3, i]) for i in range(n)]


def test_gaussian_moments_and_whiteness():
    noise = GaussianNoise(rngs(2), 3, sigma=0.3)
    x = np.stack([noise.sample() for _ in range(20_000)])
    assert x.shape == (20_000, 2, 3)
    # Five standard errors each.
    assert np.abs(x.mean(0)).max() < 5 * 0.3 / np.sqrt(20_000)
    np.testing.assert_allclose(x.std(0), 0.3, rtol=5 / np.sqrt(40_000))
    lag_one = (x[1:] * x[:-1]).mean(0) / 0.09
    assert np.abs(lag_one).max() < 5 / np.sqrt(20_000)


def test_ornstein_uhlenbeck_recursion_by_hand():
    noise = OrnsteinUhlenbeckNoise(rngs(1), 1, sigma=0.2, theta=0.15, dt=0.5)
    rng = rngs(1)[0]
    x = 0.0
    for _ in range(5):
        x = x - 0.15 * x * 0.5 + 0.2 * np.sqrt(0.5) * rng.standard_normal()
        assert noise.sample()[0, 0] == pytest.approx(x, abs=1e-15)


def test_ornstein_uhlenbeck_moments():
    """Variance and autocorrelation across many independent agents, at a given time."""
    theta, sigma, agents = 0.15, 0.2, 20_000
    noise = OrnsteinUhlenbeckNoise([np.random.default_rng(0)], agents, sigma, theta)
    x = np.stack([noise.sample()[0] for _ in range(60)])
    stationary = sigma**2 / (2 * theta - theta**2)
    for t in (1, 5, 60):
        exact = stationary * (1 - (1 - theta) ** (2 * t))
        assert x[t - 1].var() == pytest.approx(exact, rel=5 * np.sqrt(2 / agents))
    correlation = np.corrcoef(x[49], x[59])[0, 1]
    assert correlation == pytest.approx((1 - theta) ** 10, abs=5 / np.sqrt(agents))


def test_reset_touches_only_the_masked_agents():
    noise = OrnsteinUhlenbeckNoise(rngs(2), 2)
    before = noise.sample()
    noise.reset(np.array([True, False]))
    np.testing.assert_array_equal(noise.x[0], 0)
    np.testing.assert_array_equal(noise.x[1], before[1])


def test_decaying_scale():
    noise = DecayingNoise(rngs(2), 1, sigma=2.0)
    reference = rngs(2)
    draws = [noise.sample() for _ in range(3)]
    noise.reset(np.array([True, False]))
    draws.append(noise.sample())
    scales = np.array([[2, 2], [1, 1], [2 / 3, 2 / 3], [1, 2 / 4]])
    for draw, scale in zip(draws, scales, strict=True):
        for i in range(2):
            assert draw[i, 0] == pytest.approx(scale[i] * reference[i].standard_normal())


def test_an_agents_noise_is_the_same_alone():
    stack, alone = GaussianNoise(rngs(3), 2), GaussianNoise([np.random.default_rng([3, 1])], 2)
    for _ in range(3):
        np.testing.assert_array_equal(stack.sample()[1:2], alone.sample())


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="sigma"):
        GaussianNoise(rngs(1), 1, sigma=-0.1)
    with pytest.raises(ValueError, match="theta"):
        OrnsteinUhlenbeckNoise(rngs(1), 1, theta=2.5)
