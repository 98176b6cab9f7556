"""Figures of chapter 11."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ddpg_lib.chapters.ch11.search import search
from ddpg_lib.figures.curves import Curves, draw_stack
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval, iqm

FAILED = -300.0
"""A final policy of Pendulum-v1 that earns less counts as a failure; the optimum earns -139."""


def verdict(returns: ArrayLike, failed: float = FAILED) -> tuple[str, float, str]:
    """Interquartile mean with its 95% interval, plain mean, and failures, for a table.

    ``returns`` is ``(n,)``, one number an agent.
    """
    x = np.asarray(returns, float)
    low, high = bootstrap_interval(x)
    text = f"{iqm(x):.0f} ({low:.0f} to {high:.0f})"
    return text, float(x.mean()), f"{(x < failed).sum()} of {len(x)}"


def panels(
    groups: Mapping[str, Mapping[str, Curves]],
    optimum: float,
    columns: int = 4,
    colors: Sequence[str] = (COLORS["actor"], COLORS["critic"]),
) -> Figure:
    """Learning curves in a grid of panels: ``groups`` of runs by their panel's title.

    Runs with one label have one color. The ``optimum`` is a dashed line.
    """
    labels = list(dict.fromkeys(label for runs in groups.values() for label in runs))
    rows = -(-len(groups) // columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(8.4, 0.9 + 2.05 * rows), sharex=True, sharey=True, squeeze=False
    )
    for ax, (title, runs) in zip(axes.flat, groups.items(), strict=False):
        for label, run in runs.items():
            color = colors[labels.index(label) % len(colors)]
            draw_stack(ax, run.steps, run.curves, color=color, label=label)
            last = int(run.steps[-1])
        ax.axhline(optimum, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
        ax.set_title(title, fontsize=11)
        ax.set(ylim=(-1_700, 0), xticks=[0, last // 2, last])
        ax.xaxis.set_major_formatter("{x:,.0f}")
    for ax in axes.flat[len(groups) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("return without noise")
    fig.supxlabel("environment steps", fontsize=11)
    if len(labels) > 1:
        found: dict[str, Any] = {}
        for ax in axes.flat:
            found |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        _legend(fig, [found[x] for x in labels], labels)
    return fig


def reward_map(
    ax: Axes,
    scales: Sequence[float],
    rates: Sequence[float],
    returns: ArrayLike,
    limit: Sequence[float],
) -> Any:
    """Final returns over reward scale and step size, with the limit of the former; the image.

    ``returns`` is ``(rates, scales)``; ``limit`` is a reward scale for each rate.
    """
    values = np.asarray(returns, float)
    image = ax.imshow(values, origin="lower", aspect="auto", cmap="cividis", vmin=-1_500, vmax=-140)
    for (i, j), x in np.ndenumerate(values):
        ax.text(
            j, i, f"{x:.0f}", ha="center", va="center", fontsize=9,
            color="black" if x > -700 else "white",
        )  # fmt: skip

    rows = np.arange(len(rates))
    x = np.interp(np.log10(limit), np.log10(scales), np.arange(len(scales)))
    edges = np.stack([rows - 0.5, rows + 0.5], axis=1).ravel()
    ax.plot(np.repeat(x, 2), edges, lw=3, color=COLORS["critic"])
    ax.set(
        xticks=range(len(scales)), xticklabels=[f"{c:g}" for c in scales],
        yticks=rows, yticklabels=[f"{x:g}" for x in rates],
        xlim=(-0.5, len(scales) - 0.5), ylim=(-0.5, len(rates) - 0.5),
        xlabel="reward scale", ylabel="critic's step size",
    )  # fmt: skip
    ax.tick_params(length=0)
    ax.grid(False)
    assert isinstance(image, mpl.image.AxesImage)
    return image


def searched(
    rows: Mapping[str, str],
    colors: Sequence[str],
    units: Sequence[str] = ("plain", "other"),
    columns: int = 3,
) -> Figure:
    """Final returns of the search over the step sizes' factor: a panel for each row.

    Agents are dots, their mean a line with its 95% bootstrap interval, in the color of its units.
    ``rows`` are names of :func:`~ddpg_lib.chapters.ch11.search.search` with their labels.
    """
    down = -(-len(rows) // columns)
    fig, axes = plt.subplots(
        down, columns, figsize=(8.4, 0.9 + 2.0 * down), sharex=True, sharey=True, squeeze=False
    )
    for ax, (row, label) in zip(axes.flat, rows.items(), strict=False):
        for shift, name, color in zip((0.94, 1.06), units, colors, strict=False):
            found = search(row, name)
            x = found.factors * (shift if len(units) > 1 else 1)
            low, high = bootstrap_interval(found.final, statistic=np.mean, axis=1)
            y = found.final.mean(axis=1)
            ax.plot(x, found.final, ".", color=color, ms=3, alpha=0.5)
            ax.plot(x, y, color=color, label=f"{name} units")
            ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
        ax.set_title(label, fontsize=11)
        ax.set(xscale="log", xticks=found.factors, ylim=(-1_700, 0))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    for ax in axes.flat[len(rows) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("final return")
    fig.supxlabel("step sizes, times the recipe's", fontsize=11)
    if len(units) > 1:
        _legend(fig, *axes[0, 0].get_legend_handles_labels())
    return fig


def _legend(fig: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Put a legend of one row above a grid of panels."""
    place: Any = "outside upper right"
    fig.legend(handles, labels, loc=place, ncols=len(labels))
