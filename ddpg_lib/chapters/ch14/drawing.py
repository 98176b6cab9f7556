"""Figures of chapter 14."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ddpg_lib.chapters.ch14.flights import ENDS, Flight
from ddpg_lib.figures.curves import draw_stack
from ddpg_lib.figures.style import COLORS

Array = NDArray[np.float64]
WIDE, HIGH = 10.0, 20 / 3  # m, of 1 in the observation
BY_END = dict(zip(ENDS, ("replay", "critic", "noise"), strict=True))


def _path(ax: Axes, flight: Flight, color: str, width: float = 0.9) -> None:
    x, y = WIDE * flight.obs[:, 0], HIGH * flight.obs[:, 1]
    ax.plot(x, y, color=color, linewidth=width)
    ax.plot(x[-1], y[-1], "o", color=color, markersize=4)


def _pad(ax: Axes) -> None:
    ax.plot([-2, 2], [0, 0], color=COLORS["ink"], linewidth=3)
    ax.set_xlabel("sideways, m")


def draw_two(flights: Mapping[str, Flight]) -> Figure:
    """Paths and rewards so far of two ``flights``, by name."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
    for (name, flight), color in zip(flights.items(), ("replay", "critic"), strict=True):
        _path(left, flight, COLORS[color], 1.5)
        total = np.cumsum(flight.reward)
        right.plot(total, color=COLORS[color], label=name)
        right.plot(len(total) - 1, total[-1], "o", color=COLORS[color])
    _pad(left)
    left.set(ylabel="height above the pad, m", xlim=(-6, 6))
    right.set(xlabel="step", ylabel="reward so far")
    right.legend()
    return figure


def draw_heights(flights: Mapping[str, Sequence[Flight]]) -> Figure:
    """Heights over the steps, a panel for each of the groups of ``flights``."""
    figure, axes = plt.subplots(1, len(flights), figsize=(7.6, 3), sharey=True)
    for ax, (name, group) in zip(axes, flights.items(), strict=True):
        for flight in group:
            ax.plot(HIGH * flight.obs[:, 1], color=COLORS["noise"], linewidth=0.8, alpha=0.8)
        ax.axhline(0, color=COLORS["ink"], linewidth=1.5)
        ax.set(title=name, ylim=(-0.4, 2.5), xticks=[0, 500, 1_000])
    axes[0].set_ylabel("height, m")
    figure.supxlabel("step", fontsize=11)
    return figure


def draw_promises(steps: Array, inside: Mapping[str, Array]) -> Figure:
    """What critics promise over the ``steps``, what follows, and the spread, from ``inside``."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
    x = np.asarray(steps) / 1_000
    draw_stack(left, x, inside["critic"], color=COLORS["critic"], label="critic")
    draw_stack(left, x, inside["monte_carlo"], color=COLORS["ink"], label="Monte Carlo")
    left.legend(loc="lower right")
    left.set_ylabel("mean value of visited states")
    draw_stack(right, x, inside["spread"], color=COLORS["critic"])
    right.set_ylabel("spread of the critic's error")
    figure.supxlabel("thousands of environment steps", fontsize=11)
    return figure


def draw_engines(actions: Array) -> Figure:
    """How often ``actions (steps, 2)`` are where, with the dead zones shaded."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True)
    names = ("main engine, $a_0$", "side engine, $a_1$")
    for k, (ax, name, zone) in enumerate(zip(axes, names, ((-1, 0), (-0.5, 0.5)), strict=True)):
        ax.axvspan(*zone, color=COLORS["muted"], alpha=0.15, linewidth=0)
        share = np.full(len(actions), 100 / len(actions))
        ax.hist(actions[:, k], np.linspace(-1, 1, 41), weights=share, color=COLORS["actor"])
        ax.set(xlabel=name, xticks=[-1, -0.5, 0, 0.5, 1])
    axes[0].set_ylabel("percent of steps")
    return figure


def draw_ends(flights: Sequence[Flight]) -> Figure:
    """Paths and heights of ``flights``, colored by how they end."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.2))
    for flight in flights:
        color = COLORS[BY_END[flight.end]]
        _path(left, flight, color)
        right.plot(HIGH * flight.obs[:, 1], color=color, linewidth=0.9)
    for end, color in BY_END.items():
        right.plot([], [], color=COLORS[color], label=end)
    _pad(left)
    left.set(ylabel="height, m", xlim=(-10, 10))
    right.set_xlabel("step")
    right.legend()
    return figure
