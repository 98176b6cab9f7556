"""How much of the spread of returns over a random design each hyperparameter explains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
GROUPS = 4  # of cells with near values, where a hyperparameter has many


def groups_of(values: ArrayLike, groups: int = GROUPS) -> NDArray[np.int64]:
    """Which group of near values each cell belongs to, ``(cells,)``.

    Equal values share a group where there are few different ones; else the cells are sorted and
    cut into groups of equal size, up to one.

    Parameters
    ----------
    values : shape (cells,)
        A hyperparameter's.
    groups
        How many.

    Raises
    ------
    ValueError
        For fewer than two groups, or fewer than two cells in one.
    """
    x = np.asarray(values)
    different, place = np.unique(x, return_inverse=True)
    if len(different) <= groups:
        found = place.astype(np.int64)
    else:
        found = np.empty(len(x), np.int64)
        found[np.argsort(x, kind="stable")] = np.arange(len(x)) * groups // len(x)
    if groups < 2 or len(different) < 2 or np.bincount(found).min() < 2:
        raise ValueError("importance needs two groups or more, and two cells or more in each")
    return found


def explained(score: ArrayLike, group: ArrayLike) -> float:
    """First-order Sobol index (21.1) of a hyperparameter, estimated by (21.2).

    Between groups the means differ also where the hyperparameter does nothing; what chance alone
    would give is subtracted (Kelley 1935), so an estimate can be a little below 0.

    Parameters
    ----------
    score : shape (cells,)
        Of each cell, such as its agents' mean return.
    group : shape (cells,)
        As from :func:`groups_of`.
    """
    y, g = np.asarray(score, float), np.asarray(group)
    _, g = np.unique(g, return_inverse=True)  # a resampled design may lack a group
    sizes = np.bincount(g)
    means = np.bincount(g, y) / sizes
    total = float(np.sum((y - y.mean()) ** 2))
    within = float(np.sum((y - means[g]) ** 2))
    by_chance = (len(sizes) - 1) * within / max(len(y) - len(sizes), 1)
    return (total - within - by_chance) / total if total > 0 else 0.0


def luck(returns: ArrayLike) -> float:
    """The share of the variance between cells that the agents' seeds alone would give, (21.3).

    ``returns`` is ``(cells, agents)``, and a cell's score the mean of its agents.
    """
    x = np.asarray(returns, float)
    between = x.mean(axis=1).var(ddof=1)
    return float((x.var(axis=1, ddof=1) / x.shape[1]).mean() / between)


def importance(
    columns: dict[str, Any], returns: ArrayLike, resamples: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """What each hyperparameter explains alone, with its 95% bootstrap interval over cells.

    The intervals are shifted by the bootstrap's own estimate of its bias.

    Parameters
    ----------
    columns : dict of array, shape (cells,)
        Each hyperparameter in each cell.
    returns : shape (cells, agents)
        The agents' returns.
    resamples
        Of the cells, with replacement.
    seed
        Of the resampling.

    Returns
    -------
    dict of tuple
        By name the estimate and the interval's ends; "seeds" is :func:`luck`.
    """
    x = np.asarray(returns, float)
    score = x.mean(axis=1)
    drawn = np.random.default_rng(seed).integers(len(x), size=(resamples, len(x)))
    found = {}
    for name, values in columns.items():
        group = groups_of(values)
        again = [explained(score[rows], group[rows]) for rows in drawn]
        found[name] = _with_interval(explained(score, group), again)
    found["seeds"] = _with_interval(luck(x), [luck(x[rows]) for rows in drawn])
    return found


def _with_interval(value: float, again: list[float]) -> tuple[float, float, float]:
    # A resampled design holds some cells twice, which drives groups apart: without this shift
    # nearly every interval of a hyperparameter that does nothing would reach to 0.1 and more.
    low, high = np.quantile(again, (0.025, 0.975)) - (np.mean(again) - value)
    return value, float(low), float(high)
