"""Chapter 6's equations: each against a calculation that shares no code with the library's."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from ddpg_lib.chapters.ch06.correlation import autocorrelation, effective_size, replayed_size
from ddpg_lib.chapters.ch06.recency import RecentReplay, age_distribution, expected_uses
from ddpg_lib.parts.replay import ReplayBuffer

DEFINITIONS = {"6a.1": "defines the effective sample size"}


def damped_wave(lags):
    """Autocorrelations of a swinging thing that comes to rest: below zero at some lags."""
    k = np.arange(lags + 1)
    return 0.9**k * np.cos(0.3 * k)


def covariance(rho, size):
    """Covariances of ``size`` consecutive samples of variance 1."""
    return rho[np.abs(np.subtract.outer(np.arange(size), np.arange(size)))]


def filled(capacity, added, windows, seed=0):
    """A stack's buffer in which every number of transition t is t."""
    rngs = [np.random.default_rng([seed, i]) for i in range(len(windows))]
    replay = RecentReplay(windows, capacity, 1, 1, rngs)
    column = np.ones((len(windows), 1))
    for t in range(1, added + 1):
        replay.add(t * column, t * column, t * column[:, 0], t * column, t * column[:, 0])
    return replay


@pytest.mark.equation("6a.2", by="NumPy by hand")
def test_autocorrelation():
    """Autocorrelation of a stream of vectors, one product at a time."""
    x = np.random.default_rng(0).normal(size=(50, 3)).cumsum(axis=0) * [1.0, 2.0, 0.1]
    mean = sum(x) / 50
    by_hand = []
    for k in range(21):
        products = [(x[t] - mean) @ (x[t + k] - mean) for t in range(50 - k)]
        by_hand.append(sum(products) / (50 - k))
    np.testing.assert_allclose(autocorrelation(x, 20), np.array(by_hand) / by_hand[0], rtol=1e-10)


@pytest.mark.equation("6a.3", "6a.4", by="the sum over a covariance matrix, in float64")
@pytest.mark.parametrize("size", [1, 2, 7, 64, 200])
def test_variance_of_the_mean_of_neighbors(size):
    """The variance of a mean is the average of all its samples' covariances."""
    rho = damped_wave(200)
    variance = covariance(rho, size).sum() / size**2
    np.testing.assert_allclose(effective_size(size, rho), 1 / variance, rtol=1e-12)


@pytest.mark.equation("6a.5", by="the process written as a sum of its past noise")
def test_correlation_of_the_first_order_process():
    """x_t is sqrt(1 - phi^2) times the sum of phi^j times the noise j steps before."""
    phi = 0.8
    weights = np.sqrt(1 - phi**2) * phi ** np.arange(400)
    exact = [weights[: 400 - k] @ weights[k:] for k in range(10)]
    np.testing.assert_allclose(phi ** np.arange(10), exact, rtol=1e-10)

    rng = np.random.default_rng(1)
    x = np.empty(100_000)
    x[0] = rng.normal()
    noise = np.sqrt(1 - phi**2) * rng.normal(size=len(x))
    for t in range(1, len(x)):
        x[t] = phi * x[t - 1] + noise[t]
    # One standard error is about sqrt((1 + phi^2) / (1 - phi^2) / T) = 0.007.
    np.testing.assert_allclose(autocorrelation(x, 9), exact, atol=0.035)


@pytest.mark.equation("6a.6", by="closed form")
@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.6, 0.99])
def test_effective_size_of_the_first_order_process(phi):
    """The library's sum over lags against the geometric series summed on paper."""
    for size in (1, 2, 64, 1000):
        inflation = (1 + phi) / (1 - phi) - 2 * phi / size * (1 - phi**size) / (1 - phi) ** 2
        rho = phi ** np.arange(float(size))
        np.testing.assert_allclose(effective_size(size, rho), size / inflation, rtol=1e-9)


@pytest.mark.equation("6a.7", by="all minibatches enumerated")
@pytest.mark.parametrize(("capacity", "batch"), [(1, 3), (3, 2), (4, 4), (9, 3)])
def test_effective_size_of_a_replayed_minibatch(capacity, batch):
    """Every minibatch that can be drawn with replacement, each with the variance of its mean."""
    rho = damped_wave(capacity)
    between = covariance(rho, capacity)
    draws = list(itertools.product(range(capacity), repeat=batch))
    variance = np.mean([between[np.ix_(draw, draw)].sum() / batch**2 for draw in draws])
    size = replayed_size(batch, effective_size(capacity, rho))
    np.testing.assert_allclose(size, 1 / variance, rtol=1e-12)


@pytest.mark.equation("6c.1", by="the bytes of the buffer's own memory")
@pytest.mark.parametrize(("obs", "action", "expected"), [(3, 1, 36), (17, 6, 168), (348, 17, 2860)])
def test_memory_of_a_transition(obs, action, expected):
    """Four bytes for each number of s, a, r, d and s', and nothing else."""
    buffer = ReplayBuffer(100, obs, action, [np.random.default_rng(0)])
    assert 4 * (2 * obs + action + 2) == expected
    assert buffer.rows.untyped_storage().nbytes() == 100 * expected


@pytest.mark.equation("6.1", by="a plain list that drops its oldest entry")
@pytest.mark.parametrize("added", [1, 6, 7, 8, 23])
def test_slot_of_an_age(added):
    """Age k is the k-th entry from the end of a list of the last seven transitions."""
    replay = filled(7, added, [7])
    kept = list(range(1, added + 1))[-7:]
    for age in range(len(kept)):
        slot = (added - 1 - age) % 7
        expected = kept[len(kept) - 1 - age]
        assert replay.rows[0, slot, 0] == expected
        assert replay.at([age]).obs.item() == expected


@pytest.mark.equation("6b.1", by="fractions, update by update")
@pytest.mark.parametrize(("capacity", "first", "last"), [(4, 1, 1), (4, 3, 9), (20, 2, 12)])
def test_distribution_of_ages(capacity, first, last):
    """Each update has the same weight, and in it each transition held."""
    exact = [Fraction(0)] * min(capacity, last)
    for t in range(first, last + 1):
        held = min(t, capacity)
        for age in range(held):
            exact[age] += Fraction(1, held * (last - first + 1))
    assert sum(exact) == 1
    np.testing.assert_allclose(age_distribution(capacity, first, last), [float(p) for p in exact])


@pytest.mark.equation("6b.1", by="Monte Carlo, chi-squared at 99.9%")
def test_ages_that_are_drawn():
    """The buffer's own draws at one update have the derived distribution."""
    ages = filled(8, 30, [8] * 50).ages(400)
    counts = np.bincount(ages.ravel(), minlength=8)
    expected = 20_000 * age_distribution(8, 30)
    # Chi-squared with 7 degrees of freedom exceeds 24.3 once in a thousand.
    assert ((counts - expected) ** 2 / expected).sum() < 24.3


@pytest.mark.equation("6b.2", by="a count over all updates")
@pytest.mark.parametrize("capacity", [1, 5, 12, 40])
def test_expected_uses(capacity):
    """Transition i is in the ring from update i to update i + C - 1, one of min(t, C)."""
    exact = np.zeros(30)
    for t in range(4, 31):
        for number in range(max(1, t - capacity + 1), t + 1):
            exact[number - 1] += 6 / min(t, capacity)
    uses = expected_uses(np.arange(1, 31), capacity, 6, 4, 30)
    np.testing.assert_allclose(uses, exact, atol=1e-12)
    np.testing.assert_allclose(uses.sum(), 6 * 27)


@pytest.mark.equation("6b.2", "6b.3", by="Monte Carlo, four standard errors")
def test_uses_counted():
    """In 2,000 rings, transition 40 is drawn N times on average, and never by chance as derived."""
    capacity, batch, agents, number = 20, 2, 2000, 40
    uses = np.zeros(agents)
    replay = filled(capacity, 1, [capacity] * agents)
    for t in range(1, 60):
        uses += (t - replay.ages(batch) == number).sum(axis=1)
        replay.count += 1
    expected = expected_uses(number, capacity, batch, 1, 59)
    assert expected == pytest.approx(batch)
    assert abs(uses.mean() - expected) < 4 * np.sqrt(batch / agents)
    never = (1 - 1 / capacity) ** (capacity * batch)
    assert abs((uses == 0).mean() - never) < 4 * np.sqrt(never * (1 - never) / agents)


@pytest.mark.equation("6.3", by="the distribution of least-squares slopes, four standard errors")
@pytest.mark.parametrize("spread", [0.2, 0.577])
def test_variance_of_a_slope(spread):
    """NumPy's own line fit, to 20,000 sets of errors, for actions drawn once."""
    rng = np.random.default_rng(3)
    actions = rng.normal(0, spread, size=64)
    targets = 1.5 - 2 * actions + 0.7 * rng.normal(size=(20_000, 64))
    slopes = np.polyfit(actions, targets.T, 1)[0]
    squares = np.mean((actions - actions.mean()) ** 2)
    assert abs(slopes.mean() + 2) < 4 * np.sqrt(0.49 / (64 * squares) / 20_000)
    # The variance of a sample variance is about 2 over the sample's size.
    assert slopes.var() * 64 * squares / 0.49 == pytest.approx(1, abs=4 * np.sqrt(2 / 20_000))


@pytest.mark.equation("6.2", by="a count in the library's own ring")
def test_uses_in_a_full_ring():
    """2,000 rings of 20: transition 40 comes, is drawn, and is overwritten."""
    rings = ReplayBuffer(20, 1, 1, [np.random.default_rng([5, i]) for i in range(2_000)])
    column, uses = np.ones((2_000, 1)), 0
    for t in range(1, 65):
        rings.add(t * column, column, column[:, 0], column, column[:, 0])
        uses += (rings.sample(3).obs == 40).sum().item()
    # 3 uses on average, of a variance of 3 (1 - 1/20).
    assert uses / 2_000 == pytest.approx(3, abs=4 * np.sqrt(3 * 0.95 / 2_000))
