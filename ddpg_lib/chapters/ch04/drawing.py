"""Figures that chapter 4 alone needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch04.coin import HEADS, TAILS, TOSS
from ddpg_lib.figures.curves import draw_stack, label_end
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.worlds.pendulum.drawing import draw_map
from ddpg_lib.worlds.pendulum.grid import PendulumGrid

Array: TypeAlias = NDArray[Any]

EXACT: dict[str, Any] = {"color": COLORS["ink"], "lw": 1, "ls": (0, (4, 2))}


def draw_coin(panels: Mapping[str, Array]) -> Figure:
    """Learned values of the coin game's states; ``panels`` are ``(agents, 3, games)`` by title."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.2), sharey=True)
    shown = np.r_[0:100:5, 100:1500:25, 1500]
    for ax, (title, values) in zip(axes, panels.items(), strict=True):
        for state, name, truth in ((HEADS, "heads", 1), (TOSS, "toss", 0.5), (TAILS, "tails", 0)):
            ax.axhline(truth, **EXACT)
            draw_stack(ax, shown, values[:, state, shown], color=COLORS["critic"])
            label_end(ax, 1500, float(iqm(values[:, state, 1500])) + 0.05, name, COLORS["critic"])
        ax.set(title=title, xlabel="games", xlim=(0, 1850), xticks=[0, 500, 1000, 1500])
        ax.set_ylim(-0.06, 1.12)
    axes[0].set_ylabel("learned value")
    return figure


def draw_whose_values(
    steps: Sequence[int], best: ArrayLike, bad: ArrayLike, bad_to_best: ArrayLike, apart: float
) -> Figure:
    """RMS errors of the regulator's critics over updates.

    ``best``, ``bad`` and ``bad_to_best`` are ``(agents, points)``; the last is the distance of the
    bad policy's critics to the best policy's values, which are ``apart`` by so much.
    """
    figure, ax = plt.subplots(figsize=(5.8, 3.3))
    draw_stack(ax, steps, bad_to_best, color=COLORS["muted"])
    draw_stack(ax, steps, best, color=COLORS["critic"])
    draw_stack(ax, steps, bad, color=COLORS["target"])
    ax.axhline(apart, **EXACT)
    ax.set(yscale="log", xlim=(0, steps[-1]), xlabel="updates", ylabel="RMS error of Q")
    ax.text(1000, apart * 1.15, "bad policy: distance to Q*", color=COLORS["muted"])
    ax.text(600, 0.25, "bad policy: to its own Q", color=COLORS["target"])
    ax.text(40, 0.13, "best policy: to Q*", color=COLORS["critic"])
    return figure


def draw_dots(ax: Axes, x: float, values: Array, color: str) -> None:
    """Draw ``values (agents,)`` as dots, and the interval of their interquartile mean as a bar."""
    low, high = bootstrap_interval(values)
    ax.plot(np.full(len(values), x), values, "o", ms=4, mew=0, color=color, alpha=0.5)
    ax.plot([x, x], [low, high], color=color, lw=4, alpha=0.6)


def draw_limits(
    ends: Mapping[int, Array],
    cuts: Mapping[int, Array],
    calculated: tuple[Array, Array],
    exact: float,
) -> Figure:
    """Mean values that critics learned, by time limit.

    ``ends`` and ``cuts`` hold ``(agents,)`` by limit, ``calculated`` is a line's two coordinates.
    """
    figure, ax = plt.subplots(figsize=(5.8, 3.3))
    ax.plot(*calculated, color=COLORS["ink"], lw=1.4)
    ax.axhline(exact, **EXACT)
    for stored, color in ((ends, "critic"), (cuts, "replay")):
        for limit, values in stored.items():
            low, high = bootstrap_interval(values)
            dots = np.full(len(values), 0.98 * limit)  # beside the bar, not below it
            ax.plot(dots, values, "o", ms=4, mew=0, color=COLORS[color], alpha=0.5)
            ax.plot([1.02 * limit] * 2, [low, high], color=COLORS[color], lw=4)
    ax.set_xscale("log")
    ax.set_xticks(list(ends), [str(limit) for limit in ends])
    ax.minorticks_off()
    ax.set(xlabel="time limit (steps)", ylabel="mean value")
    ax.text(60, exact + 4, "stored as a cut", color=COLORS["replay"])
    ax.text(27, -98, "stored as an end", color=COLORS["critic"])
    return figure


def draw_symptoms(curves: Mapping[str, tuple[Array, Array]]) -> Figure:
    """Level and spread over updates; ``curves`` has a pair of ``(agents, updates)`` by mistake."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.7), sharey=True)
    colors = [COLORS[name] for name in ("ink", "critic", "replay", "target", "muted")]
    for (name, parts), color in zip(curves.items(), colors, strict=True):
        for ax, values in zip(axes, parts, strict=True):
            draw_stack(ax, np.arange(values.shape[1]), values, color=color, label=name)
    for ax, title in zip(axes, ("level", "spread"), strict=True):
        ax.axhline(1, **EXACT)
        ax.set(title=title, xlabel="updates", xlim=(0, None), ylim=(0, 1.15))
    axes[0].set_ylabel("learned over true")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_against_noise(
    fine: Array, calculated: Mapping[str, Array], noises: Array, learned: Mapping[str, Array]
) -> Figure:
    """Curvature that both gradients find, against the world's noise.

    ``calculated`` has a line over ``fine`` for each gradient, and ``learned`` dots over ``noises``,
    ``(noises, agents)``.
    """
    figure, ax = plt.subplots(figsize=(5.8, 3.3))
    for (name, line), color in zip(calculated.items(), ("critic", "muted"), strict=True):
        ax.plot(fine, line, color=COLORS[color], lw=1.4)
        for noise, values in zip(noises, learned[name], strict=True):
            draw_dots(ax, noise, values, COLORS[color])
        ax.text(0.34, line[len(line) * 7 // 12] + 0.1, name, color=COLORS[color])
    ax.set(xlabel="noise ζ", ylabel="learned factor of s² in −Q", ylim=(0, 2.5))
    return figure


def draw_two_parts(steps: Sequence[int], error: Array, shortfall: Array) -> Figure:
    """Draw ``error`` and ``shortfall`` over training, each ``(agents, points)``."""
    figure, ax = plt.subplots(figsize=(5.8, 3.4))
    draw_stack(ax, steps, error, color=COLORS["critic"])
    draw_stack(ax, steps, shortfall, color=COLORS["actor"])
    ax.axhline(0, **EXACT)
    ax.set(xlabel="environment steps of each agent", ylabel="mean difference of values")
    ax.set_xlim(0, steps[-1])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.text(2500, 220, "critic's error", color=COLORS["critic"])
    ax.text(5000, -120, "policy's shortfall", color=COLORS["actor"])
    return figure


def draw_slope_and_level(steps: Sequence[int], level: Array, signs: Array) -> Figure:
    """Draw ``level`` errors and shares of right ``signs`` over training, ``(agents, points)``."""
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.2))
    draw_stack(axes[0], steps, level, color=COLORS["critic"])
    draw_stack(axes[1], steps, signs, color=COLORS["actor"])
    axes[0].set(ylabel="error of the mean value, as a share", ylim=(0, 1.05), title="level")
    axes[1].set(ylabel="share of right signs", ylim=(0, 1.02), title="slope")
    axes[1].axhline(0.5, **EXACT)
    for ax in axes:
        ax.set(xlabel="environment steps of each agent", xlim=(0, steps[-1]))
        ax.xaxis.set_major_formatter("{x:,.0f}")
    return figure


def draw_error_maps(cells: PendulumGrid, critic: Array, shortfall: Array) -> Figure:
    """Draw ``critic`` errors and ``shortfall`` over the phase plane, each in the cells' shape."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.5), sharey=True)
    titles = ("critic's error", "policy's shortfall")
    for ax, part, title in zip(axes, (critic, shortfall), titles, strict=True):
        image = draw_map(ax, cells, part, cmap="PuOr", vmin=-60, vmax=60)
        ax.set_title(title)
    axes[1].set_ylabel("")
    figure.colorbar(image, ax=axes, label="difference of values", shrink=0.9)
    return figure
