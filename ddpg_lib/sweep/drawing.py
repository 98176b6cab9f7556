"""The results of a sweep: what each hyperparameter did to the return."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ddpg_lib.figures.style import COLORS, use_house_style
from ddpg_lib.maths.stats import iqm
from ddpg_lib.sweep.table import Results

FEW = 8  # different values; up to so many each has a place of its own on the axis
LOG = 20  # from which ratio of largest to smallest an axis is logarithmic
WIDE = 3  # panels in a row: what a phone can still show


def draw_results(results: Results, average: Callable[..., Any] = iqm) -> Figure:
    """For each environment a panel for each hyperparameter that varies, three in a row.

    A point is a cell: the average of its agents' last returns. A line joins the averages of
    quarters of the cells, or of those with equal values where there are few.

    Parameters
    ----------
    results
        The table.
    average
        Over an ``axis``, as ``np.mean``.

    Raises
    ------
    ValueError
        If no cell is finished, or nothing varies.
    """
    from matplotlib import pyplot as plt

    environments = [env for env in results.environments if results.finished(env).rows]
    names = results.names
    if not environments or not names:
        raise ValueError("there is nothing to draw: no cell is finished, or nothing varies")
    use_house_style()
    deep, wide = math.ceil(len(names) / WIDE), min(len(names), WIDE)
    size = (1.1 + 1.5 * wide, 2.0 * deep * len(environments) + 0.3)
    figure = plt.figure(figsize=size)
    parts = figure.subfigures(len(environments), 1, squeeze=False)
    for part, env in zip(parts[:, 0], environments, strict=True):
        axes = part.subplots(deep, wide, sharey=True, squeeze=False)
        found = results.finished(env)
        score = np.asarray(average(found.returns, axis=1))
        for ax, name in zip(axes.flat, names, strict=False):
            _panel(ax, found.column(name), score, average)
            ax.set_xlabel(name)
        for ax in axes.flat[len(names) :]:
            ax.set_visible(False)
        part.supylabel(f"return, {env.rpartition(':')[2]}", fontsize="medium")
    return figure


def _panel(
    ax: Axes, values: NDArray[Any], score: NDArray[np.float64], average: Callable[..., Any]
) -> None:
    known = np.unique(values)
    if np.issubdtype(values.dtype, np.number) and len(known) > FEW:
        x, parts = values.astype(float), np.array_split(np.argsort(values), 4)
        centers = [float(np.median(x[part])) for part in parts]
        if x.min() > 0 and x.max() / x.min() > LOG:
            ax.set_xscale("log")
    else:
        x = np.searchsorted(known, values).astype(float)
        parts = [np.flatnonzero(x == k) for k in range(len(known))]
        centers = list(map(float, range(len(known))))
        ax.set_xticks(range(len(known)), list(map(str, known.tolist())))
    ax.plot(x, score, "o", color=COLORS["muted"], markersize=3, alpha=0.6)
    middles = [float(average(score[part], axis=0)) for part in parts]
    ax.plot(centers, middles, "o-", color=COLORS["actor"], markersize=4, linewidth=1.5)
