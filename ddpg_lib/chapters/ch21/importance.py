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

    All cells have the same seeds. What a seed does in every cell alike moves all scores by the same
    amount and makes no difference between cells, so it is not counted.

    Parameters
    ----------
    returns : shape (cells, agents)
        A column is a seed; a cell's score is the mean of its row.
    """
    x = np.asarray(returns, float)
    score, agents = x.mean(axis=1), x.shape[1]
    total = np.sum((score - score.mean()) ** 2)
    left = x - score[:, None] - x.mean(axis=0) + score.mean()
    return float(np.sum(left**2) / (agents * (agents - 1) * total))


def importance(
    columns: dict[str, Any], returns: ArrayLike, resamples: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """What each hyperparameter explains alone, with its 95% bootstrap interval over cells.

    A cell's score is the mean of its agents. The intervals are shifted by the bootstrap's own
    estimate of its bias.

    Parameters
    ----------
    columns : dict of array, shape (cells,)
        Each hyperparameter in each cell.
    returns : shape (cells, agents) or (cells,)
        The agents' returns, with the same seeds in each cell; or a score of each cell.
    resamples
        Of the cells, with replacement.
    seed
        Of the resampling.

    Returns
    -------
    dict of tuple
        By name the estimate and the interval's ends. From agents' returns also "seeds", which is
        :func:`luck`, and "remainder", what is missing to 1.
    """
    x = np.asarray(returns, float)
    score = x if x.ndim == 1 else x.mean(axis=1)
    groups = {name: groups_of(values) for name, values in columns.items()}

    def shares(rows: NDArray[np.int64]) -> list[float]:
        found = [explained(score[rows], group[rows]) for group in groups.values()]
        if x.ndim == 1:
            return found
        found.append(luck(x[rows]))
        return [*found, 1 - sum(found)]

    drawn = np.random.default_rng(seed).integers(len(x), size=(resamples, len(x)))
    again = np.array([shares(rows) for rows in drawn])
    values = shares(np.arange(len(x)))
    names = (*groups, "seeds", "remainder")[: len(values)]
    return {
        name: _with_interval(value, column)
        for name, value, column in zip(names, values, again.T, strict=True)
    }


def _with_interval(value: float, again: Array) -> tuple[float, float, float]:
    # A resampled design holds some cells twice, which drives groups apart: without this shift
    # nearly every interval of a hyperparameter that does nothing would reach to 0.1 and more.
    low, high = np.quantile(again, (0.025, 0.975)) - (np.mean(again) - value)
    return value, float(low), float(high)
