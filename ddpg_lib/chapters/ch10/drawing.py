"""The figures of chapter 10 and of its deeper pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch10.learning import Learned
from ddpg_lib.figures.curves import draw_stack, label_end
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval, iqm

Array = NDArray[Any]
Point = tuple[float, float]


def _arrow(ax: Axes, start: Point, end: Point, color: str) -> None:
    style = {"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


def _chain(
    ax: Axes,
    y: float,
    names: Sequence[str | None],
    colors: Sequence[str | None],
    back: Sequence[str | None],
    weights: Sequence[int],
) -> None:
    """Boxes in a row: forward arrows above, backward ones below, gradients down."""
    for x, (name, color) in enumerate(zip(names, colors, strict=True)):
        if name is None:
            continue
        if color:
            corner = (x - 0.27, y - 0.4)
            box = mpl.patches.Rectangle(corner, 0.54, 0.8, fc="none", ec=COLORS[color], lw=1.5)
            ax.add_patch(box)
        ax.text(x, y, name, ha="center", va="center", fontsize=12)
        if x + 1 < len(names):
            _arrow(ax, (x + 0.31, y + 0.17), (x + 0.69, y + 0.17), COLORS["ink"])
        if x < len(back) and (behind := back[x]):
            _arrow(ax, (x + 0.69, y - 0.17), (x + 0.31, y - 0.17), COLORS[behind])
        if color and x in weights:
            _arrow(ax, (x, y - 0.45), (x, y - 0.92), COLORS[color])


def two_gradients() -> Figure:
    """The critic's step and the actor's step as chains of layers."""
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots(figsize=(7.2, 3.5))
    ax.axis("off")
    ax.set(xlim=(-0.5, 9.5), ylim=(-1.3, 3.7))
    o, b = "critic", "actor"
    layers = ["$W_1$", "$W_2$", "$W_3$"]
    upper = [None] * 4 + ["$s, a$", *layers, "$Q$", "$L$"]
    _chain(ax, 2.5, upper, [None] * 5 + [o] * 3 + [None] * 2, [None] * 5 + [o] * 4, (5, 6, 7))
    lower = ["$s$", *layers, "$a$", *layers, "$Q$"]
    colors = [None] + [b] * 3 + [None] + [o] * 3 + [None]
    _chain(ax, 0.2, lower, colors, [None] + [b] * 3 + [o] * 4, (1, 2, 3))
    ax.text(0, 3.25, "the critic's step", fontsize=12, style="italic")
    ax.text(0, 0.95, "the actor's step", fontsize=12, style="italic")
    text = "gradient of the loss in the critic's weights"
    ax.text(6, 1.25, text, ha="center", color=COLORS[o])
    ax.text(2, -1.05, "gradient in the actor's weights", ha="center", color=COLORS[b])
    ax.text(4, -0.62, r"$\nabla_{\!a} Q$", ha="center", color=COLORS[o], fontsize=13)
    # The critic sees s too.
    ax.plot([0, 0, 5, 5], [0.5, 0.78, 0.78, 0.64], color=COLORS["muted"], lw=1)
    return fig


def draw_errors(ax: Axes, errors: Mapping[str, tuple[ArrayLike, ArrayLike, str]]) -> None:
    """Draw ``errors`` of central differences over the step: by name, steps, errors and a color."""
    for name, (steps, error, color) in errors.items():
        ax.loglog(steps, error, color=COLORS[color], label=name)
    ax.set_xlabel("step h")
    ax.set_ylabel("relative error of the whole gradient")
    ax.set_xticks([1e-12, 1e-8, 1e-4, 1])
    ax.set_yticks([1e-12, 1e-8, 1e-4, 1])
    ax.minorticks_off()
    ax.legend(loc="lower left")


def draw_both(
    ax: Axes, steps: Sequence[int], ours: Learned, theirs: Learned, optimum: float
) -> None:
    """Draw the curves of NumPy's agents, and PyTorch's dashed on top of them."""
    draw_stack(ax, steps, ours.curves, color=COLORS["actor"], label="NumPy")
    dashed: dict[str, Any] = {"color": COLORS["critic"], "ls": (0, (3, 3))}
    ax.plot(steps, theirs.curves.T, lw=0.9, **dashed)
    ax.plot(steps, iqm(theirs.curves), label="PyTorch", **dashed)
    ends = np.transpose(bootstrap_interval(theirs.curves))
    ax.plot(steps, ends, color=COLORS["critic"], lw=1.2, ls=(0, (1, 2)))
    ax.axhline(optimum, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
    ax.text(steps[0], optimum + 15, "optimum", color=COLORS["ink"], va="bottom")
    ax.set_ylim(top=20)
    ax.legend(loc="center left")
    _label_learning(ax)


def draw_right_and_wrong(ax: Axes, steps: Sequence[int], right: Learned, wrong: Learned) -> None:
    """Draw agents whose actors climb the slope at their own, or at stored actions."""
    draw_stack(ax, steps, right.curves, color=COLORS["actor"], label="own action")
    draw_stack(ax, steps, wrong.curves, color=COLORS["target"], label="stored action")
    ax.legend(loc="lower right", title="dQ/da at the")
    _label_learning(ax)


def _label_learning(ax: Axes) -> None:
    ax.set_xlabel("environment steps of each agent")
    ax.set_ylabel("return of an episode, without noise")
    ax.xaxis.set_major_formatter("{x:,.0f}")


def draw_drift(ax: Axes, apart: Mapping[str, tuple[Array, str, float]]) -> None:
    """Draw largest differences ``(agents, updates)``; by name, with a color and a label's shift."""
    for name, (largest, color, shift) in apart.items():
        updates = np.arange(1, largest.shape[1] + 1)
        ax.semilogy(updates, largest.T, color=COLORS[color], lw=0.8, alpha=0.45)
        middle = np.exp(iqm(np.log(largest)))
        ax.semilogy(updates, middle, color=COLORS[color])
        label_end(ax, updates[-1], shift * middle[-1], name, COLORS[color])
    ax.axhline(1e-5, color=COLORS["muted"], lw=1, ls=(0, (2, 2)))
    ax.set_xlim(0, 135)
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.minorticks_off()
    ax.set_xlabel("updates")
    ax.set_ylabel("largest difference of any weight")


def draw_flips(ax: Axes, largest: Array, flips: Array) -> None:
    """Draw ``largest`` against the updates since the first of ``flips``, as from ``drift``."""
    updates = np.arange(largest.shape[1])
    for x, flipped in zip(largest, flips, strict=True):
        if flipped.any():
            ax.semilogy(updates - np.argmax(flipped > 0), x, color=COLORS["critic"], lw=1.2)
    ax.axvline(0, color=COLORS["ink"], lw=1)
    ax.set_xlim(-30, 20)
    ax.set_yticks([1e-7, 1e-5, 1e-3])
    ax.minorticks_off()
    ax.set_xlabel("updates since the first ReLU that differs")
    ax.set_ylabel("largest difference of any weight")


def differences(ours: Learned, others: Mapping[str, Learned], every: int, warmup: int) -> Figure:
    """How far the weights and states of ``others``, by name, are from ours, over training."""
    from matplotlib import pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.6))
    for (name, other), color in zip(others.items(), ("actor", "noise"), strict=False):
        gap = np.linalg.norm(other.weights - ours.weights, axis=2)
        gap = np.maximum(gap / np.linalg.norm(ours.weights, axis=2), 1e-9)
        moments = np.arange(1, gap.shape[1] + 1) * every
        states = np.abs(other.rows - ours.rows)[:, :, :3].max(axis=2)
        states = np.maximum(states.reshape(len(states), -1, 200).max(axis=2), 1e-8)
        late = moments > warmup
        episodes = np.arange(states.shape[1]) * 200 + 100
        for ax, x, values in ((left, moments[late], gap[:, late]), (right, episodes, states)):
            ax.semilogy(x, values.T, color=COLORS[color], lw=0.7, alpha=0.5)
            ax.semilogy(x, np.exp(iqm(np.log(values))), color=COLORS[color], label=name)
    for ax in (left, right):
        ax.set_xlim(warmup, moments[-1])
        ax.set_ylim(1e-9, 30)
        ax.set_yticks([1e-8, 1e-6, 1e-4, 1e-2, 1])
        ax.minorticks_off()
        ax.set_xlabel("environment steps")
        ax.xaxis.set_major_formatter("{x:,.0f}")
    left.set_title("weights of the actors")
    left.set_ylabel("difference from NumPy")
    right.set_title("states, largest of an episode")
    left.legend(loc="upper left")
    return fig


def bars(timings: Mapping[str, Mapping[str, tuple[float, float]]]) -> Figure:
    """The ``timings`` of an update's parts, as from ``time_parts``, the matrix products dark."""
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(1, len(timings), figsize=(7.4, 3.3), sharey=True)
    for ax, (name, times) in zip(axes, timings.items(), strict=True):
        rows = np.arange(len(times))
        whole, bare = np.array(list(times.values())).T
        ax.barh(rows, whole, color=COLORS["actor"], alpha=0.3)
        ax.barh(rows, bare, color=COLORS["actor"])
        ax.set_title(name)
        ax.set_xlabel("milliseconds")
        ax.grid(visible=False, axis="y")
    axes[0].set_yticks(rows, times)
    axes[0].invert_yaxis()
    return fig
