"""Figures of chapter 15 and of page 15a."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch15.gait import bridged
from ddpg_lib.chapters.ch15.values import walk_value
from ddpg_lib.chapters.ch15.walker import FALL, STEPS_A_SECOND, UNITS
from ddpg_lib.chapters.ch15.walks import Walk
from ddpg_lib.figures.curves import draw_stack
from ddpg_lib.figures.style import COLORS

Array = NDArray[np.float64]
JOINT_NAMES = ("first hip", "first knee", "second hip", "second knee")


def draw_walks(walks: Mapping[str, Walk]) -> Figure:
    """Way and reward so far of three ``walks``, by name."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.3))
    for (name, w), color in zip(walks.items(), ("noise", "critic", "replay"), strict=True):
        t = np.arange(len(w.place)) / STEPS_A_SECOND
        left.plot(t, w.place - w.place[0], color=COLORS[color], linewidth=1.6, label=name)
        left.plot(t[-1], w.way, "o", color=COLORS[color], markersize=5)
        right.plot(t[1:], np.cumsum(w.reward), color=COLORS[color], linewidth=1.6)
        right.plot(t[-1], w.total, "o", color=COLORS[color], markersize=5)
    left.set(xlabel="time, s", ylabel="way, m", xticks=[0, 16, 32])
    left.legend()
    right.set(xlabel="time, s", ylabel="reward so far", xticks=[0, 16, 32])
    return figure


def draw_break_even(rho: float, gammas: Mapping[float, str]) -> Figure:
    """What a walk of ``rho`` points a step with a fall at its end is worth, by its length.

    ``gammas`` names the color of each discount; the undiscounted value is drawn besides.
    """
    figure, ax = plt.subplots(figsize=(5.8, 3.3))
    steps = np.arange(1, 1_000)
    for gamma, color in gammas.items():
        value = [walk_value(rho, int(t), gamma, FALL) for t in steps]
        ax.plot(steps / STEPS_A_SECOND, value, color=COLORS[color], label=rf"$\gamma$ = {gamma}")
    ax.plot(steps / STEPS_A_SECOND, rho * steps + FALL, color=COLORS["muted"], label="undiscounted")
    ax.axhline(0, color=COLORS["ink"], linewidth=1)
    ax.text(20, 3, "stand", ha="right", color=COLORS["ink"])
    ax.set(xlabel="time until the fall, s", ylabel="value of the walk", ylim=(-105, 50))
    ax.set_xticks([0, 5, 10, 15, 20])
    ax.legend(loc="lower right", fontsize=9.5)
    return figure


def draw_agents(returns: Array, seeds: Sequence[int], theirs: Mapping[str, float]) -> Figure:
    """A row of strokes for the episodes of each agent, ``returns (n, episodes)``, and lines.

    The diamonds are the agents' means, ``theirs`` published means by name.
    """
    n = len(returns)
    figure, ax = plt.subplots(figsize=(6.4, 0.9 + 0.36 * n))
    for i, row in enumerate(returns):
        ax.plot(row, np.full(len(row), i), "|", color=COLORS["actor"], markersize=13, alpha=0.35)
        ax.plot(row.mean(), i, "D", color=COLORS["actor"], markersize=6)
    look: dict[str, Any] = {"color": COLORS["muted"], "fontsize": 9, "ha": "center", "va": "bottom"}
    for k, (name, value) in enumerate(theirs.items()):
        ax.axvline(value, color=COLORS["muted"], linewidth=1.2)
        # Published means may lie close together: one name above the other.
        ax.text(value, -0.62 - 0.55 * k, name, **look)
    ax.set_yticks(range(n), [f"seed {seed}" for seed in seeds])
    ax.set_ylim(n - 0.5, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("return of an episode")
    return figure


def draw_critic(steps: ArrayLike, inside: Mapping[str, Array], way: Array, one: Array) -> Figure:
    """Promise and truth over training, a line an agent, and along one walk.

    ``one (2, steps)`` are the critic's values and what followed, over the ``way`` in meters.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2), width_ratios=[1, 1.2])
    x = np.asarray(steps) / 1_000
    for name, color in (("critic", "critic"), ("monte_carlo", "ink")):
        label = name.replace("monte_carlo", "Monte Carlo")
        draw_stack(left, x, inside[name], color=COLORS[color], label=label, level=None)
    left.legend(loc="lower right", fontsize=9)
    left.set(ylabel="mean value", xlabel="thousands of steps")
    right.plot(way, one[0], color=COLORS["critic"], linewidth=0.9)
    right.plot(way, one[1], color=COLORS["ink"], linewidth=1.2)
    right.set(xlabel="way, m", ylabel="value", ylim=(0, None))
    return figure


def draw_fall(fall: Walk) -> Figure:
    """Tilt, speed and contacts in the last two seconds of a walk."""
    figure, (above, middle, below) = plt.subplots(
        3, 1, figsize=(5.8, 4.2), sharex=True, height_ratios=(3, 3, 1.2)
    )
    last = slice(max(0, len(fall.reward) - 100), None)
    t = (np.arange(len(fall.reward)) - len(fall.reward) + 1)[last] / STEPS_A_SECOND
    above.plot(t, fall.tilt[1:][last], color=COLORS["critic"])
    above.set_ylabel("tilt, rad")
    middle.plot(t, fall.obs[1:, 2][last] * UNITS[2], color=COLORS["replay"])
    middle.set(ylabel="speed, m/s", ylim=(0, None))
    for k, color in ((0, "muted"), (1, "ink")):
        y, on = 1 - k, fall.touch[last, k]
        below.fill_between(t, y, y + 0.8, where=on, step="mid", color=COLORS[color], linewidth=0)
    below.set(yticks=[0.4, 1.4], ylim=(-0.15, 1.95))
    below.set_yticklabels(["second foot down", "first foot down"], fontsize=9)
    below.grid(False)
    below.set(xlabel="time before the end, s", xticks=[-2, -1, 0])
    return figure


def draw_torques(actions: Sequence[Array]) -> Figure:
    """How often each joint's action occurs, a line for each agent's ``(steps, 4)``."""
    figure, axes = plt.subplots(1, 4, figsize=(7.4, 2.5), sharex=True, sharey=True)
    bins = np.linspace(-1, 1, 22)
    for found in actions:
        share = np.full(len(found), 100 / len(found))
        for j, ax in enumerate(axes):
            heights, _ = np.histogram(found[:, j], bins, weights=share)
            ax.stairs(heights, bins, color=COLORS["actor"], linewidth=0.9, alpha=0.6)
    for ax, name in zip(axes, JOINT_NAMES, strict=True):
        ax.set_title(name, fontsize=11)
        ax.set(xticks=[-1, 0, 1], ylim=(0, None))
    axes[0].set_ylabel("% of steps")
    figure.supxlabel("action", fontsize=11)
    return figure


def draw_footfalls(walks: Mapping[str, Walk]) -> Figure:
    """When each foot is on the ground, over three seconds from the middle of each of ``walks``."""
    size = (7.2, 0.8 + 0.46 * len(walks))
    figure, axes = plt.subplots(len(walks), 1, figsize=size, sharex=True)
    for ax, (name, w) in zip(axes, walks.items(), strict=True):
        start = min(300, max(0, len(w.reward) - 200))
        for k, color in ((0, "muted"), (1, "ink")):
            on = bridged(w.touch[start : start + 150, k], 2)
            t, y = np.arange(len(on)) / STEPS_A_SECOND, 1.1 * (1 - k)
            look = {"step": "post", "color": COLORS[color], "linewidth": 0}
            ax.fill_between(t, y, y + 0.9, where=on, **look)
        ax.set(yticks=[0.45, 1.55], ylim=(-0.15, 2.15), xlim=(0, 3))
        ax.set_yticklabels(["second", "first"], fontsize=8)
        ax.grid(False)
        ax.annotate(name, (1.01, 0.5), xycoords="axes fraction", va="center", fontsize=10)
    axes[-1].set_xlabel("time, s")
    return figure


def draw_factors(factors: Sequence[float], earned: Array, lasted: Array) -> Figure:
    """Points ``earned`` a step, change in percent, and seconds ``lasted``, both ``(n, factors)``.

    The ``factors`` are those of the torque; each agent has a line.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1))
    draw_stack(left, factors, earned, color=COLORS["actor"], level=None)
    left.axhline(0, color=COLORS["ink"], linewidth=0.8)
    draw_stack(right, factors, lasted, color=COLORS["noise"], level=None)
    left.set(ylabel="points a step, change in %", xticks=factors)
    right.set(ylabel="seconds until the fall, with noise", xticks=factors, ylim=(0, None))
    figure.supxlabel("all torques multiplied by", fontsize=11)
    return figure
