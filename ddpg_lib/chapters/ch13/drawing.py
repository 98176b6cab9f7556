"""Figures of chapter 13."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.figures.curves import draw_stack
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval, iqm, performance_profile

Array = NDArray[np.float64]
PAIR = (COLORS["actor"], COLORS["critic"])


def draw_two(ax: Axes, steps: Array, curves: Mapping[str, Array]) -> None:
    """Learning ``curves`` of two groups, each ``(n, evaluations)``, by name, over ``steps``."""
    for color, (name, group) in zip(PAIR, curves.items(), strict=False):
        draw_stack(ax, steps, group, label=name, color=color)
    ax.set_xlabel("environment steps of each agent")
    ax.set_ylabel("return of an episode, without noise")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="lower right")


def draw_results(ax: Axes, groups: Mapping[str, Array]) -> None:
    """One dot an agent for each of the ``groups``, ``(n,)``, with mean, median and IQM below."""
    marks: dict[str, tuple[Callable[..., Any], str, str]] = {
        "mean": (np.mean, "D", COLORS["critic"]),
        "median": (np.median, "s", COLORS["replay"]),
        "interquartile mean": (iqm, "^", COLORS["target"]),
    }
    rng = np.random.default_rng(0)
    for y, results in enumerate(groups.values()):
        up = y - 0.12 + rng.uniform(-0.13, 0.13, len(results))
        ax.plot(results, up, "o", color=COLORS["actor"], ms=3.5, alpha=0.45)
        for name, (of, sign, color) in marks.items():
            label = name if y == 0 else None
            ax.plot(of(results), y + 0.24, sign, color=color, ms=7, label=label, alpha=0.9)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("mean return on ten starts")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.2), ncols=3, fontsize=9.5)


def draw_profiles(ax: Axes, thresholds: Array, groups: Mapping[str, Array]) -> None:
    """Performance profiles of ``groups``, each ``(n,)``, with pointwise 95% intervals."""
    for color, (name, results) in zip(PAIR, groups.items(), strict=False):
        above = np.asarray(results)[:, None] > thresholds
        low, high = bootstrap_interval(above, np.mean)
        ax.plot(thresholds, performance_profile(results, thresholds), color=color, label=name)
        ax.fill_between(thresholds, low, high, color=color, alpha=0.2, linewidth=0)
    ax.set_ylim(0, 1.03)
    ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f}%")
    ax.set_xlabel("threshold")
    ax.set_ylabel("agents above it")
    ax.legend(loc="lower left")


def draw_coverage(
    axes: Sequence[Axes], sizes: Sequence[int], tables: Mapping[str, Mapping[str, Sequence[float]]]
) -> None:
    """How often intervals hold the truth, over the number of agents: one panel a population.

    ``tables`` is, by the panel's title and the line's name, one share for each of ``sizes``.
    """
    colors = (COLORS["critic"], COLORS["target"], COLORS["replay"])
    signs = ("D", "^", "s")
    for ax, (title, lines) in zip(axes, tables.items(), strict=True):
        ax.axhline(0.95, color=COLORS["ink"], linewidth=1, linestyle=(0, (4, 2)))
        for color, sign, (name, shares) in zip(colors, signs, lines.items(), strict=False):
            ax.plot(sizes, shares, f"{sign}-", color=color, ms=6, linewidth=1.4, label=name)
        ax.set_xscale("log", base=2)
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.minorticks_off()
        ax.set_xlabel("agents")
        ax.set_title(title)
    axes[0].yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f}%")
    axes[0].set_ylabel("intervals that hold the truth")
    axes[-1].legend(loc="lower right")


def draw_power(ax: Axes, sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    """How often a difference is seen, over the number of agents: ``lines`` by its size."""
    shades = np.linspace(0.35, 1, len(lines))
    for shade, (name, shares) in zip(shades, lines.items(), strict=True):
        ax.plot(sizes, shares, "o-", color=COLORS["actor"], alpha=shade, ms=5, linewidth=1.5)
        ax.annotate(name, (sizes[2], shares[2]), (-5, 5), textcoords="offset points",
                    ha="right", fontsize=10)  # fmt: skip
    ax.axhline(0.8, color=COLORS["ink"], linewidth=1, linestyle=(0, (4, 2)))
    ax.set_xscale("log", base=2)
    ax.set_xlim(sizes[0] * 0.9, sizes[-1] * 1.1)
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_ylim(0, 1.03)
    ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f}%")
    ax.set_xlabel("agents of each algorithm")
    ax.set_ylabel("experiments that see it")


def chosen_and_new(names: Sequence[str], chosen: ArrayLike, new: ArrayLike) -> Figure:
    """Mean results of settings, by ``names``, on the seeds that chose among them and on new ones.

    ``chosen`` and ``new`` are ``(len(names),)``.
    """
    from matplotlib import pyplot as plt

    old, fresh = np.asarray(chosen, float), np.asarray(new, float)
    figure, ax = plt.subplots(figsize=(5.6, 0.9 + 0.34 * len(names)))
    for y, (a, b) in enumerate(zip(old, fresh, strict=True)):
        ax.plot([a, b], [y, y], color=COLORS["muted"], linewidth=1)
    rows = np.arange(len(names))
    ax.plot(old, rows, "o", color=COLORS["critic"], ms=7, label="seeds of the search")
    ax.plot(fresh, rows, "o", color=COLORS["actor"], ms=7, label="new seeds")
    ax.set_yticks(rows, names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel("mean return of eight final policies")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure
