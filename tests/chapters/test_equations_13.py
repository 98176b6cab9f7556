"""Chapter 13's equations, against SciPy, enumeration and sums by hand."""

import itertools
import math

import gymnasium as gym
import numpy as np
import pytest
import scipy.stats

from ddpg_lib.chapters.ch13.crane_notes import reward_again, swing_period, turning_share
from ddpg_lib.chapters.ch13.hands import crane_driver
from ddpg_lib.chapters.ch13.sampling import agents_needed, chance_of_any, range_coverage
from ddpg_lib.chapters.ch13.starts import error_of_starts
from ddpg_lib.maths.stats import iqm, performance_profile, probability_of_improvement, t_interval
from ddpg_lib.results.compare import Reference, place
from ddpg_lib.worlds import crane
from ddpg_lib.worlds.crane import CRANE

RNG = np.random.default_rng(13)


@pytest.mark.equation("13.2", by="sorting and adding by hand")
def test_interquartile_mean():
    """The mean of what is left when a quarter is cut at each end, for every n up to 20."""
    for n in range(1, 21):
        x = RNG.normal(size=n)
        cut = math.floor(n / 4)
        middle = sorted(x.tolist())[cut : n - cut]
        assert iqm(x) == pytest.approx(sum(middle) / (n - 2 * cut), abs=1e-12)


@pytest.mark.equation("13.3", by="SciPy's survival function")
def test_performance_profile():
    """The share of agents above each threshold is the empirical survival function."""
    x = np.round(RNG.normal(size=30), 1)
    b = np.linspace(-3, 3, 61)
    expected = scipy.stats.ecdf(x).sf.evaluate(b)
    np.testing.assert_allclose(performance_profile(x, b), expected, atol=1e-12)


@pytest.mark.equation("13.4", by="SciPy's Mann-Whitney U")
def test_probability_of_improvement():
    """The share of pairs is Mann and Whitney's U over the number of pairs, ties included."""
    x, y = np.round(RNG.normal(0.3, 1, 11), 1), np.round(RNG.normal(0, 1, 8), 1)
    u = scipy.stats.mannwhitneyu(x, y, alternative="greater").statistic
    assert probability_of_improvement(x, y) == pytest.approx(u / 88, abs=1e-12)


@pytest.mark.equation("13.1", by="the variance of the differences themselves")
def test_standard_error_on_shared_starts():
    """Variances less twice the covariance are the variance of the differences, start by start."""
    level = RNG.normal(0, 9, 50)
    returns = level + RNG.normal(0, 1, (2, 50)) + np.array([[0.0], [2.0]])
    (v1, c), (_, v2) = np.cov(returns)
    by_formula = math.sqrt((v1 + v2 - 2 * c) / 50)
    apart, shared = error_of_starts(returns)
    assert shared == pytest.approx(by_formula, rel=1e-12)
    assert shared == pytest.approx(scipy.stats.sem(returns[0] - returns[1]), rel=1e-12)
    assert apart == pytest.approx(math.sqrt((v1 + v2) / 50), rel=1e-12)


@pytest.mark.equation("13.5", by="every order in which the agents may come out")
def test_chance_to_be_below_all():
    """Of all orders of n + 1 equal agents, k + 1 in n + 1 put at most k below the new one."""
    n, steps = 4, np.array([0.0, 1.0])
    worse = []
    orders = list(itertools.permutations(range(n + 1)))
    for order in orders:
        curves = np.array([[0.0, 10.0 + rank] for rank in order])
        reference = Reference("World-v0", "world", steps, curves[1:], 10, 1.0)
        worse.append(round(place(steps, curves[0], reference).percentiles[-1] * n / 100))
    for k in range(n):
        assert np.mean(np.array(worse) <= k) == pytest.approx((k + 1) / (n + 1), abs=1e-12)


@pytest.mark.equation("13a.1", by="enumeration of all sides of the median")
def test_range_covers_the_median():
    """The range misses the median only if all agents lie on one side of it."""
    for n in range(2, 11):
        sides = list(itertools.product((-1, 1), repeat=n))
        holds = sum(min(side) < 0 < max(side) for side in sides)
        assert range_coverage(n) == holds / len(sides)


@pytest.mark.equation("13a.2", by="SciPy's one-sample test")
def test_students_interval():
    """The ends are those of SciPy's confidence interval, for every n up to 12."""
    for n in range(2, 13):
        x = RNG.normal(size=n)
        expected = scipy.stats.ttest_1samp(x, 0).confidence_interval(0.95)
        np.testing.assert_allclose(t_interval(x), expected, rtol=1e-12)


@pytest.mark.equation("13a.3", by="the power of the normal test at that n")
@pytest.mark.parametrize("effect", [0.25, 0.5, 1.0, 2.0])
def test_agents_needed(effect):
    """With so many agents the z-test of two means rejects in 80% of all experiments."""
    n = agents_needed(effect)
    shift = effect / math.sqrt(2 / n)  # of the test statistic, in its standard deviations
    limit = scipy.stats.norm.ppf(0.975)
    assert scipy.stats.norm.sf(limit - shift) == pytest.approx(0.8, abs=1e-12)
    assert n * effect**2 == pytest.approx(15.698, abs=1e-3)


@pytest.mark.equation("13a.4", by="the binomial distribution")
def test_chance_of_any_alarm():
    """One alarm or more among m is what no alarm leaves."""
    for m in (1, 2, 11, 40):
        expected = scipy.stats.binom.sf(0, m, 0.05)
        assert chance_of_any(m) == pytest.approx(expected, abs=1e-12)


@pytest.mark.equation("13b.1", by="the rewards that the environment pays")
def test_the_cranes_reward():
    """From the observations alone, in episodes that crash, set down, or run out of time."""
    rng, endings = np.random.default_rng(0), set()
    env = gym.make(CRANE)
    drivers = [crane_driver, lambda obs: rng.uniform(-1, 1, 1), lambda obs: np.zeros(1)]
    for driver in drivers:
        for seed in range(4):
            obs, over = env.reset(seed=seed)[0], False
            while not over:
                obs, reward, ended, late, _ = env.step(np.asarray(driver(obs), np.float32))
                crashed = reward < -15  # beyond the rail's end, at which the observation stops
                again = float(reward_again(obs))
                assert reward == pytest.approx(again, abs=0.03 if crashed else 1e-5)
                over = ended or late
            endings.add(round(reward / 20))
    assert endings == {-1, 0, 1}


@pytest.mark.equation("13b.3", by="crossings of a simulated swing")
def test_the_cranes_period(monkeypatch):
    """Half periods between zeros of the angle, the trolley free and without friction."""
    monkeypatch.setattr(crane, "FRICTION", 0.0)
    state, angles, dt = np.array([0.0, 0.0, 0.01, 0.0]), [], 0.002
    for _ in range(6_000):
        state = crane.moved(state, 0.0, dt)
        angles.append(state[2])
    turns = np.flatnonzero(np.diff(np.sign(angles)))
    period = 2 * dt * np.diff(turns).mean()
    assert swing_period() == pytest.approx(period, rel=1e-3)


@pytest.mark.equation("13b.2", by="drawn noise")
def test_how_often_noise_turns_the_motor():
    """The share of drawn currents beyond the dead zone, for three spreads."""
    drawn = np.random.default_rng(0).normal(size=400_000)
    for spread in (0.1, 0.3, 0.55):
        share = (np.abs(spread * drawn) > crane.DEAD).mean()
        assert turning_share(spread) == pytest.approx(share, abs=0.003)
