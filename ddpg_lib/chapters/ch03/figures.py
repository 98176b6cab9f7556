"""Figures of chapter 3 that take more than a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch03.lqr_gradients import lqr_gradient, lqr_moment, lqr_objective
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.worlds.lqr import LQR

__all__ = ["draw_intervals", "draw_logs", "draw_scatter", "draw_valley"]

Array: TypeAlias = NDArray[Any]


def draw_scatter(
    ax: Axes, widths: Sequence[float], estimates: Sequence[ArrayLike], truth: float
) -> None:
    """Draw one cloud of estimates for each width of a policy, and the number they estimate.

    Parameters
    ----------
    widths : sequence of float
        Standard deviations of the policy.
    estimates : sequence of arrays, one for each width
        Any number of estimates each.
    truth : float
        What is estimated.
    """
    rng = np.random.default_rng(0)
    for place, cloud in enumerate(estimates):
        x = place + rng.uniform(-0.25, 0.25, np.size(cloud))
        ax.plot(x, cloud, "o", ms=4, mew=0, alpha=0.6, color=COLORS["noise"])
    ax.axhline(truth, color=COLORS["ink"], lw=1.5)
    ax.annotate(
        "slope of Q", (len(widths) - 0.55, truth), (0, 5), textcoords="offset points", ha="right"
    )
    ax.set_yscale("symlog", linthresh=0.1)
    ax.set_yticks([-10, -1, -0.1, 0, 0.1, 1, 10], ["−10", "−1", "−0.1", "0", "0.1", "1", "10"])
    ax.set_xticks(range(len(widths)), [f"{width:g}" for width in widths])
    ax.set_xlim(-0.5, len(widths) - 0.5)


def draw_valley(ax: Axes, lqr: LQR, start: ArrayLike, first: ArrayLike) -> None:
    """Draw the cost over the two gains of a pendulum, the gradient, and the way along it.

    Parameters
    ----------
    lqr : LQR
        With two states and one action.
    start : array_like, shape (2, 2)
        Second moment of the first state.
    first : array_like, shape (1, 2)
        Gain with which the way begins.
    """
    k1, k2 = np.meshgrid(np.linspace(5.2, 22, 60), np.linspace(0.3, 7.5, 50))
    cost = np.full(k1.shape, np.nan)
    for i in np.ndindex(k1.shape):
        with suppress(ValueError):  # where this gain's cost is infinite
            cost[i] = -lqr_objective(lqr, [[k1[i], k2[i]]], start)
    least = -lqr_objective(lqr, lqr.K, start)
    levels = least * (1 + np.array([0.01, 0.03, 0.1, 0.3, 1, 3]))
    lines = ax.contour(k1, k2, cost, levels=levels, colors=COLORS["muted"], linewidths=0.8)
    ax.clabel(lines, fmt=lambda v: f"+{100 * (v / least - 1):.0f}%", fontsize=9)

    def direction(gain: Array) -> Array:
        slope = lqr_gradient(lqr, gain, lqr_moment(lqr, gain, start))
        return np.asarray(slope / np.linalg.norm(slope))

    way = [np.asarray(first, float)]
    while np.linalg.norm(way[-1] - lqr.K) > 0.06 and len(way) < 2000:
        way.append(way[-1] + 0.04 * direction(way[-1]))
    ax.plot(*np.array(way)[:, 0].T, color=COLORS["actor"])
    for gain in product([7, 10.5, 14, 17.5, 21], [1.6, 2.8, 4.4, 6.6]):
        try:
            arrow = direction(np.array([gain]))[0] * [1.6, 0.7]
        except ValueError:
            continue
        style = {"arrowstyle": "->", "color": COLORS["actor"], "lw": 1.1}
        ax.annotate("", (gain[0] + arrow[0], gain[1] + arrow[1]), gain, arrowprops=style)
    ax.plot(*way[0][0], "o", color=COLORS["actor"], ms=6)
    ax.plot(*lqr.K[0], "*", color=COLORS["ink"], ms=12)
    ax.set_xlabel("gain on the angle (N m/rad)")
    ax.set_ylabel("gain on the velocity (N m s/rad)")
    ax.grid(visible=False)


def draw_logs(ax: Axes, x: ArrayLike, costs: Array, color: str, style: Any = "-") -> None:
    """Draw a stack of positive curves on a logarithmic axis: all, their typical one, its interval.

    Interquartile mean and 95% bootstrap interval are those of the logarithms.

    Parameters
    ----------
    x : array_like, shape (points,)
    costs : array, shape (runs, points)
        Positive and finite.
    color, style
        Color of all, and line style of the typical one, as Matplotlib takes them.
    """
    logs = np.log10(costs)
    low, high = bootstrap_interval(logs)
    ax.semilogy(x, costs.T, color=color, lw=0.6, alpha=0.35)
    ax.semilogy(x, 10 ** iqm(logs), color=color, ls=style)
    ax.fill_between(np.asarray(x), 10**low, 10**high, color=color, alpha=0.25, lw=0)


def draw_intervals(
    ax: Axes, rows: Mapping[str, Mapping[str, Sequence[float]]], colors: Mapping[str, str]
) -> None:
    """Draw intervals on a logarithmic axis, one row for each name.

    Parameters
    ----------
    rows : mapping
        From each row's name to what it shows: by kind, a middle and the ends of its bar.
    colors : mapping
        From each kind to a name in the book's ``COLORS``.
    """
    for place, row in enumerate(rows.values()):
        for key, (middle, low, high) in row.items():
            ax.plot([low, high], [-place] * 2, color=COLORS[colors[key]], lw=2)
            ax.plot(middle, -place, "o", color=COLORS[colors[key]], ms=6)
    ax.axvline(1, color=COLORS["muted"], lw=1)
    ax.set_xscale("log")
    ax.set_yticks(-np.arange(len(rows)), list(rows))
