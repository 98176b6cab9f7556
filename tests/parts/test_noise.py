"""Noise processes against their moments in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


# ---- Properties ----

LIFE = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None, max_examples=60)
@given(
    ends=LIFE,
    sigma=st.floats(0, 10),
    theta=st.floats(0.01, 1.9),
    dt=st.floats(0.01, 1.0),
    seed=st.integers(0, 9),
)
def test_ornstein_uhlenbeck_is_the_recursion_of_each_agent_alone(ends, sigma, theta, dt, seed):
    noise = OrnsteinUhlenbeckNoise(
        [np.random.default_rng([seed, i]) for i in range(2)], 3, sigma, theta, dt
    )
    alone = [np.random.default_rng([seed, i]) for i in range(2)]
    x = np.zeros((2, 3))
    for end in ends:
        for i in range(2):
            x[i] += -theta * x[i] * dt + sigma * np.sqrt(dt) * alone[i].standard_normal(3)
        np.testing.assert_allclose(noise.sample(), x, rtol=1e-9, atol=1e-9)
        noise.reset(np.array(end))
        x[np.array(end)] = 0


@settings(deadline=None, max_examples=60)
@given(ends=LIFE, sigma=st.floats(0, 10), seed=st.integers(0, 9))
def test_decaying_noise_counts_each_agents_own_episodes(ends, sigma, seed):
    noise = DecayingNoise([np.random.default_rng([seed, i]) for i in range(2)], 3, sigma)
    alone = [np.random.default_rng([seed, i]) for i in range(2)]
    episode, step = [0, 0], [0, 0]
    for end in ends:
        sample = noise.sample()
        noise.reset(np.array(end))
        for i in range(2):
            scale = sigma / (1 + episode[i] + step[i])
            np.testing.assert_allclose(sample[i], scale * alone[i].standard_normal(3))
            step[i] = 0 if end[i] else step[i] + 1
            episode[i] += end[i]


@settings(deadline=None, max_examples=30)
@given(sigma=st.floats(0, 1e6), agents=st.integers(1, 5), dim=st.integers(1, 5))
def test_gaussian_noise_is_sigma_times_a_standard_draw(sigma, agents, dim):
    one, scaled = GaussianNoise(rngs(agents), dim, 1.0), GaussianNoise(rngs(agents), dim, sigma)
    for _ in range(3):
        draw = scaled.sample()
        assert draw.shape == (agents, dim)
        np.testing.assert_allclose(draw, sigma * one.sample())
