"""The results of a sweep: what each hyperparameter did to the return."""

from __future__ import annotations

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


def draw_results(results: Results) -> Figure:
    """A row of panels an environment, one for each hyperparameter that varies.

    A point is a cell: the interquartile mean of its agents' last returns. A line joins the medians
    of quarters of the cells, or of equal values where there are few.

    Raises
    ------
    ValueError
        If no cell is finished, or nothing varies.
    """
    from matplotlib import pyplot as plt

    environments = [env for env in results.environments if results.finished(env).rows]
    if not environments or not results.names:
        raise ValueError("there is nothing to draw: no cell is finished, or nothing varies")
    use_house_style()
    size = (1.2 + 1.7 * len(results.names), 2.1 * len(environments) + 0.3)
    figure, axes = plt.subplots(
        len(environments), len(results.names), figsize=size, sharey="row", squeeze=False
    )
    for row, env in zip(axes, environments, strict=True):
        found = results.finished(env)
        score = np.asarray(iqm(found.returns, axis=1))
        for ax, name in zip(row, results.names, strict=True):
            _panel(ax, found.column(name), score)
        row[0].set_ylabel(f"return\n{env.rpartition(':')[2]}")
    for ax, name in zip(axes[-1], results.names, strict=True):
        ax.set_xlabel(name)
    return figure


def _panel(ax: Axes, values: NDArray[Any], score: NDArray[np.float64]) -> None:
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
    medians = [float(np.median(score[part])) for part in parts]
    ax.plot(centers, medians, "o-", color=COLORS["actor"], markersize=4, linewidth=1.5)
