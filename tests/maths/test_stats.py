"""Summaries, comparisons and bootstrap intervals against hand values, SciPy and plain loops."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ddpg_lib.maths.stats import (
    bootstrap_comparison,
    bootstrap_interval,
    difference,
    iqm,
    performance_profile,
    probability_of_improvement,
    t_interval,
)


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
    draws = [statistic(x[rng.integers(0, 12, 12)], axis=0) for _ in range(5_000)]
    low, high = bootstrap_interval(x, statistic, level=0.9, resamples=20_000)
    # Different random numbers: the ends agree up to the noise of 5,000 draws.
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


# ---- Properties ----

RESULTS = arrays(
    float, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.floats(-1e4, 1e4)
)


@settings(deadline=None)
@given(x=RESULTS, seed=st.integers(0, 9))
def test_iqm_is_the_mean_of_the_sorted_middle_in_any_order(x, seed):
    cut = len(x) // 4
    middle = [sorted(column)[cut : len(x) - cut] for column in x.T.tolist()]
    expected = [sum(column) / len(column) for column in middle]
    np.testing.assert_allclose(iqm(x), expected, rtol=1e-9, atol=1e-9)
    shuffled = np.random.default_rng(seed).permutation(x)
    np.testing.assert_allclose(iqm(shuffled), expected, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(x=RESULTS, shift=st.floats(-100, 100), scale=st.floats(0.01, 100))
def test_iqm_moves_with_the_units(x, shift, scale):
    np.testing.assert_allclose(iqm(scale * x + shift), scale * iqm(x) + shift, rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    x=RESULTS,
    shift=st.floats(-100, 100),
    scale=st.floats(0.01, 100),
    level=st.floats(0.1, 0.99),
    statistic=st.sampled_from([iqm, np.mean, np.median]),
)
def test_intervals_lie_among_the_results_and_move_with_the_units(x, shift, scale, level, statistic):
    low, high = bootstrap_interval(x, statistic, level, resamples=200)
    near = 1e-6 + 1e-9 * np.abs(x).max()
    assert (x.min(0) - near <= low).all()
    assert (low <= high + near).all()
    assert (high <= x.max(0) + near).all()
    moved = bootstrap_interval(scale * x + shift, statistic, level, resamples=200)
    expected = [scale * low + shift, scale * high + shift]
    np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-4)
    # A wider level with the same draws can only widen it.
    wide_low, wide_high = bootstrap_interval(x, statistic, (1 + level) / 2, resamples=200)
    assert (wide_low <= low + near).all()
    assert (high <= wide_high + near).all()


# ---- Profiles and comparisons ----


@pytest.mark.parametrize("n", [2, 5, 40])
def test_students_interval_is_scipys(n):
    x = np.random.default_rng(n).normal(3.0, 2.0, (n, 4))
    low, high = t_interval(x, 0.9)
    ends = scipy.stats.ttest_1samp(x, 0.0).confidence_interval(0.9)
    np.testing.assert_allclose([low, high], [ends.low, ends.high])
    np.testing.assert_allclose(t_interval(x.T, 0.9, axis=1), [low, high])


@pytest.mark.parametrize(("x", "message"), [([1.0], "at least 2"), ([1.0, np.nan], "NaN")])
def test_students_interval_refuses_what_has_none(x, message):
    with pytest.raises(ValueError, match=message):
        t_interval(x)


def test_profile_is_the_survival_function():
    x = np.random.default_rng(6).integers(0, 9, 40).astype(float)  # with ties
    thresholds = np.linspace(-1, 10, 34)
    expected = scipy.stats.ecdf(x).sf.evaluate(thresholds)
    np.testing.assert_allclose(performance_profile(x, thresholds), expected, atol=1e-12)
    assert performance_profile([1, 2, 3, 4], [2]) == [0.5]  # a tie is not above


def test_profile_of_tasks_averages_to_that_of_all_results():
    x = np.random.default_rng(7).normal(size=(6, 4))
    each = performance_profile(x, [-1, 0, 1])
    assert each.shape == (4, 3)
    pooled = performance_profile(x.ravel(), [-1, 0, 1])
    np.testing.assert_allclose(each.mean(axis=0), pooled, atol=1e-12)
    np.testing.assert_allclose(performance_profile(x.T, [-1, 0, 1], axis=1), each, atol=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_probability_of_improvement_is_mann_and_whitneys_u(ties):
    rng = np.random.default_rng(8)
    x, y = rng.normal(0.4, 1, (9, 3)), rng.normal(0, 1, (14, 3))
    if ties:
        x, y = np.round(x), np.round(y)
    u = scipy.stats.mannwhitneyu(x, y, alternative="greater").statistic / (9 * 14)
    found = probability_of_improvement(x, y)
    np.testing.assert_allclose(found, u, atol=1e-12)
    by_hand = [
        sum((a > b) + (a == b) / 2 for a in x[:, k] for b in y[:, k]) / (9 * 14) for k in range(3)
    ]
    np.testing.assert_allclose(found, by_hand, atol=1e-12)
    np.testing.assert_allclose(probability_of_improvement(y, x), 1 - found, atol=1e-12)
    np.testing.assert_allclose(probability_of_improvement(x.T, y.T, axis=1), found, atol=1e-12)


@pytest.mark.parametrize(
    "statistic", [probability_of_improvement, difference(np.mean), difference(iqm)]
)
def test_comparison_agrees_with_a_loop(statistic):
    rng = np.random.default_rng(9)
    x, y = rng.normal(0.5, 1, 12), rng.normal(0, 2, 7)
    draws = [
        statistic(x[rng.integers(0, 12, 12)], y[rng.integers(0, 7, 7)], axis=0)
        for _ in range(5_000)
    ]
    low, high = bootstrap_comparison(x, y, statistic, level=0.9, resamples=20_000)
    np.testing.assert_allclose([low, high], np.quantile(draws, [0.05, 0.95]), atol=0.05)


def test_comparison_of_many_tasks_in_small_batches(monkeypatch):
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(8, 5)), rng.normal(size=(6, 5))
    whole = bootstrap_comparison(x, y, resamples=300)
    monkeypatch.setattr("ddpg_lib.maths.stats._BATCH_NUMBERS", 2_000)
    np.testing.assert_allclose(bootstrap_comparison(x, y, resamples=300), whole, atol=0.1)
    assert whole[0].shape == whole[1].shape == (5,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: performance_profile([1.0, np.nan], [0]), "NaN"),
        (lambda: performance_profile([1.0, 2.0], 0.5), "thresholds must be a list"),
        (lambda: performance_profile([1.0, 2.0], [np.nan]), "thresholds must be a list"),
        (lambda: probability_of_improvement([], [1.0]), "at least 1 agents"),
        (lambda: probability_of_improvement([1.0], [np.inf]), "infinite"),
        (lambda: bootstrap_comparison([1.0], [1.0, 2.0]), "at least 2 agents"),
        (lambda: bootstrap_comparison([1.0, 2.0], [1.0, 2.0], level=2), "level"),
        (lambda: bootstrap_comparison([1.0, 2.0], [1.0, 2.0], resamples=7), "resamples"),
    ],
)
def test_bad_comparisons_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
