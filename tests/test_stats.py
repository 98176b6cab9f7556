"""Interquartile mean and bootstrap interval against hand values and a plain loop."""

import numpy as np
import pytest

from ddpg_lib.stats import bootstrap_interval, iqm


def test_iqm_by_hand():
    assert iqm([8, 1, 7, 2, 6, 3, 5, 4]) == 4.5  # mean of 3, 4, 5, 6
    assert iqm([0, 0, 10, 1000]) == 5
    assert iqm([1, 2, 6]) == 3  # fewer than four: nothing is cut
    assert iqm([5, 1, 2, 3, 4, 600]) == 3.5  # six: one is cut at each end


def test_iqm_over_either_axis():
    x = np.random.default_rng(0).normal(size=(8, 5))
    expected = np.sort(x, axis=0)[2:6].mean(axis=0)
    np.testing.assert_allclose(iqm(x), expected)
    np.testing.assert_allclose(iqm(x.T, axis=1), expected)
    np.testing.assert_allclose(iqm(x.T, axis=-1), expected)


@pytest.mark.parametrize("statistic", [iqm, np.mean, np.median])
def test_interval_agrees_with_a_loop(statistic):
    x = np.random.default_rng(1).normal(size=12)
    rng = np.random.default_rng(99)
    draws = [statistic(x[rng.integers(0, 12, 12)], axis=0) for _ in range(20_000)]
    low, high = bootstrap_interval(x, statistic, level=0.9, resamples=20_000)
    # Different random numbers: the ends agree up to the noise of 20,000 draws.
    np.testing.assert_allclose([low, high], np.quantile(draws, [0.05, 0.95]), atol=0.02)


def test_agents_are_resampled_as_wholes():
    agents = np.random.default_rng(2).normal(size=(8, 1))
    curve = agents + np.array([[0.0, 10.0, -3.0]])  # the same agents, shifted
    low, high = bootstrap_interval(curve)
    assert low.shape == high.shape == (3,)
    np.testing.assert_allclose(low - [0, 10, -3], low[0])
    np.testing.assert_allclose(high - [0, 10, -3], high[0])
    alone = bootstrap_interval(curve[:, 0])
    np.testing.assert_allclose([low[0], high[0]], alone, rtol=1e-12)
    across = bootstrap_interval(curve.T, axis=1)
    np.testing.assert_allclose(across, (low, high), rtol=1e-12)


def test_same_seed_same_interval():
    x = np.random.default_rng(3).normal(size=(8, 4))
    first = bootstrap_interval(x, seed=5)
    np.testing.assert_array_equal(first, bootstrap_interval(x, seed=5))
    assert (np.asarray(first) != np.asarray(bootstrap_interval(x, seed=6))).any()


def test_level_and_order():
    x = np.random.default_rng(4).normal(size=16)
    low, high = bootstrap_interval(x)
    narrow_low, narrow_high = bootstrap_interval(x, level=0.5)
    assert low < narrow_low < iqm(x) < narrow_high < high
    np.testing.assert_array_equal(bootstrap_interval(np.full(8, 7.0)), (7.0, 7.0))


@pytest.mark.parametrize(("statistic", "coverage"), [(iqm, 0.93), (np.mean, 0.87)])
def test_coverage_of_eight_agents(statistic, coverage):
    x = np.random.default_rng(5).normal(size=(8, 2000))
    low, high = bootstrap_interval(x, statistic)
    holds = ((low <= 0) & (high >= 0)).mean()
    assert holds == pytest.approx(coverage, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [1.0]}, "at least 2 agents .* got 1"),
        ({"x": np.ones((8, 0))}, "no results"),
        ({"x": 3.0}, "no axis 0"),
        ({"x": np.ones(8), "axis": 1}, "no axis 1"),
        ({"x": [[1.0, 2.0], [3.0, np.nan]]}, r"1 of 4 .* first at index \(1, 1\)"),
        ({"x": [1.0, np.inf]}, "NaN or infinite"),
        ({"x": np.ones(8), "level": 95}, "level must lie between 0 and 1"),
        ({"x": np.ones(8), "resamples": 10}, "at least 100"),
    ],
)
def test_bad_results_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(**arguments)


def test_iqm_refuses_nan_and_nothing():
    with pytest.raises(ValueError, match="NaN"):
        iqm([1.0, np.nan, 2.0, 3.0])
    with pytest.raises(ValueError, match="at least 1 agents"):
        iqm(np.ones((0, 3)))
