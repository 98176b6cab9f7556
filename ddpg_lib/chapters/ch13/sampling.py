"""Experiments with few agents, drawn again and again from many recorded ones."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ddpg_lib.maths.stats import bootstrap_comparison, bootstrap_interval, difference, iqm

Array = NDArray[np.float64]
RESAMPLES = 500  # of each bootstrap; over many experiments the noise of its ends averages out


def range_coverage(n: int) -> float:
    """How often the range of ``n`` agents holds the true median (13a.1), whatever they are."""
    return 1 - 2.0 ** (1 - n)


def coverage(
    population: ArrayLike,
    n: int,
    statistic: Callable[..., Any] = iqm,
    interval: Callable[..., tuple[Array, Array]] | None = None,
    repeats: int = 500,
    seed: int = 0,
) -> float:
    """How often the 95% interval of ``n`` drawn agents holds the population's own statistic.

    Parameters
    ----------
    population
        Results of many agents, ``(N,)``; each experiment draws from them with replacement.
    n
        Agents of an experiment.
    statistic
        Function of ``(array, axis=...)``.
    interval
        From experiments ``(n, repeats)`` to two ends ``(repeats,)``; the bootstrap by default.
    repeats
        Number of experiments.
    seed
        Of the draws.
    """
    everyone = np.asarray(population, float)
    drawn = np.random.default_rng(seed).choice(everyone, (n, repeats))
    if interval is None:
        low, high = bootstrap_interval(drawn, statistic, resamples=RESAMPLES)
    else:
        low, high = interval(drawn)
    truth = statistic(everyone, axis=0)
    return float(np.mean((low <= truth) & (truth <= high)))


def welch(x: ArrayLike, y: ArrayLike, axis: int = 0) -> Array:
    """Welch's test: the p-value of the mean difference; 1 where no result varies.

    ``x`` and ``y`` are ``(n, ...)`` and ``(m, ...)``, the agents along ``axis``.
    """
    first: Any = np.asarray(x, float)
    second: Any = np.asarray(y, float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of draws that are all one agent
        p = np.asarray(stats.ttest_ind(first, second, axis=axis, equal_var=False).pvalue)
    return np.nan_to_num(p, nan=1.0)


def bootstrap_differs(x: Array, y: Array, statistic: Callable[..., Any] = iqm) -> NDArray[np.bool_]:
    """Whether the 95% bootstrap interval of the difference leaves 0 out.

    ``x`` and ``y`` are ``(n, repeats)``, the result ``(repeats,)``.
    """
    low, high = bootstrap_comparison(x, y, difference(statistic), resamples=RESAMPLES)
    return np.asarray((low > 0) | (high < 0))


def welch_differs(x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether Welch's test rejects equal means at 5%.

    ``x`` and ``y`` are ``(n, repeats)``, the result ``(repeats,)``.
    """
    return welch(x, y) < 0.05


def detection(
    first: ArrayLike,
    second: ArrayLike,
    n: int,
    differs: Callable[[Array, Array], NDArray[np.bool_]] = welch_differs,
    repeats: int = 2000,
    seed: int = 0,
) -> float:
    """How often experiments with ``n`` agents of each of two populations see a difference.

    ``first`` and ``second`` are ``(N,)`` and ``(M,)``, drawn from with replacement. Of one
    population twice it is the rate of false alarms, of two different ones the power.
    """
    rng = np.random.default_rng(seed)
    x = rng.choice(np.asarray(first, float), (n, repeats))
    y = rng.choice(np.asarray(second, float), (n, repeats))
    return float(differs(x, y).mean())


def agents_needed(effect: float, power: float = 0.8, level: float = 0.95) -> float:
    """Agents of each algorithm that see a difference of ``effect`` standard deviations (13a.3).

    For a two-sided test of normal results of equal, known spread (Colas et al. 2018); with a
    ``power`` of 0.8 at a ``level`` of 0.95 it is 15.7 divided by the effect squared.
    """
    z = stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power)
    return float(2 * (z / effect) ** 2)


def halves(n: int) -> list[tuple[list[int], list[int]]]:
    """All ways to split an even number of agents into two halves, each once."""
    everyone = set(range(n))
    return [
        (list(one), sorted(everyone - set(one)))
        for one in itertools.combinations(range(n), n // 2)
        if 0 in one
    ]


def chance_of_any(m: int | ArrayLike, alpha: float = 0.05) -> Array:
    """Probability of a false alarm among m independent comparisons of equal things (13a.4).

    ``m``, one number or ``(k,)``, has the shape of the result.
    """
    return np.asarray(1 - (1 - alpha) ** np.asarray(m, float))


def any_alarm(population: ArrayLike, changes: int, n: int, level: float, repeats: int = 2000,
              seed: int = 0) -> float:  # fmt: skip
    """How often one baseline and so many changes that change nothing show a "difference".

    Each has ``n`` agents of one ``population``, ``(N,)``; each change is compared with the one
    baseline by Welch's test at the significance ``level``.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.asarray(population, float), (changes + 1, n, repeats))
    p = np.stack([welch(change, drawn[0]) for change in drawn[1:]])
    return float((p < level).any(axis=0).mean())


def holm(p: ArrayLike, level: float = 0.05) -> NDArray[np.bool_]:
    """Which of m comparisons, ``(m,)``, hold together at a ``level`` (Holm 1979).

    The smallest of the p-values ``p``, ``(m,)``, must lie below level/m, the next below
    level/(m - 1), and so on; from the first that does not, none holds.
    """
    values = np.asarray(p, float)
    order = np.argsort(values)
    passed = values[order] <= level / np.arange(len(values), 0, -1)
    held = np.zeros(len(values), bool)
    held[order] = np.logical_and.accumulate(passed)
    return held


def winners(
    scores: Array, k: int, n: int, repeats: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """What the best of ``k`` equal settings shows on the seeds that chose it, and on new ones.

    Each setting has ``n`` agents drawn from the ``scores``, ``(N,)``. Returned are the mean of the
    winner's score, and of as many new agents.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.choice(scores, (repeats, k, n)).mean(axis=-1).max(axis=-1)
    fresh = rng.choice(scores, (repeats, n)).mean(axis=-1)
    return float(chosen.mean()), float(fresh.mean())
