"""Chapter 12's figures: rooms of the museum, single runs, and the tree of symptoms."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ddpg_lib.chapters.ch12.atlas import SYMPTOMS, Leaf, Question
from ddpg_lib.chapters.ch12.exhibits import BALANCE, EXHIBITS
from ddpg_lib.chapters.ch20.records import measured
from ddpg_lib.figures.curves import Curves, draw_stack
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import iqm
from ddpg_lib.results.sweeps import sweep

LABELS = {
    "return": "return",
    "q": "q, of a minibatch",
    "critic_loss": "critic's loss",
    "critic": "critic's belief",
    "monte_carlo": "what is earned",
    "saturated": "share at a bound",
    "spread": "spread of its error",
}
"""How the columns of a recorded arm are called on an axis."""


def draw_room(names: Sequence[str]) -> Figure:
    """Draw the curves of exhibits with and without their bug, a panel each."""
    columns = 3  # always, so that all rooms are drawn to one scale
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.75 * columns, 2.2 * rows + 0.2), squeeze=False
    )
    for ax, name in zip(axes.flat, names, strict=False):
        exhibit, arms = EXHIBITS[name], EXHIBITS[name].arms
        right = arms["without"]
        ax.plot(right.steps, iqm(right.curves, axis=0), color=COLORS["ink"], linewidth=1.2)
        draw_stack(ax, arms["with"].steps, arms["with"].curves, color=COLORS["critic"])
        ax.set_title("\n".join(textwrap.wrap(exhibit.title, 24)), fontsize=11)
        ax.set_ylim((0, 210) if exhibit.env == BALANCE else (-1750, 0))
        _thousands(ax)
    for ax in axes.flat[len(names) :]:
        ax.axis("off")
    for ax in axes[:, 0]:
        ax.set_ylabel("return")
    for ax in axes[-1]:
        ax.set_xlabel("steps")
    return figure


class Recorded(Curves, Protocol):
    """Learning curves with a record of what happened inside, such as an ``Arm``."""

    @property
    def inside(self) -> Mapping[str, Any]:
        """By name, ``(n, evaluations)``, NaN where nothing was measured."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """One quantity of a recorded stack over its steps, without what was not measured.

    Attributes
    ----------
    label, color : str
        Its name on an axis, and that of its color in ``COLORS``.
    steps : array of int, shape (points,)
    curves : array, shape (n, points)
    """

    label: str
    color: str
    steps: NDArray[np.int64]
    curves: NDArray[np.float64]


def panels(arm: Recorded, columns: Sequence[str], until: int | None = None) -> list[Panel]:
    """The returns of a recorded stack, and columns of its record, up to the step ``until``."""
    kept = arm.steps <= (until or arm.steps[-1])
    found = []
    for name, values in {"return": arm.curves, **{x: arm.inside[x] for x in columns}}.items():
        seen = kept & ~np.isnan(values).any(axis=0)
        color = "actor" if name in ("return", "saturated") else "critic"
        found.append(Panel(LABELS[name], color, arm.steps[seen], values[:, seen]))
    return found


def draw_run(arm: Recorded, columns: Sequence[str], until: int | None = None) -> Figure:
    """Draw one recorded stack without its name: the returns, and columns of its record below.

    ``until`` is the last step that is drawn, if not all are.
    """
    shown = panels(arm, columns, until)
    # As wide as a phone, where all letters keep their size.
    size = (3.6, 1.5 * len(shown) + 0.3)
    figure, axes = plt.subplots(len(shown), 1, figsize=size, sharex=True, squeeze=False)
    for ax, panel in zip(axes[:, 0], shown, strict=True):
        draw_stack(ax, panel.steps, panel.curves, color=COLORS[panel.color])
        ax.set_title(panel.label, fontsize=11)
        _thousands(ax)
        if panel.label == LABELS["saturated"]:
            ax.set_ylim(-0.05, 1.05)
    axes[-1, 0].set_xlabel("steps")
    return figure


def draw_symptoms() -> Figure:
    """Draw a recorded run for each of ``SYMPTOMS``, and what threads cost."""
    figure, axes = plt.subplots(3, 3, figsize=(8.25, 6.2))
    for ax, (name, (of, arm, column)) in zip(axes.flat, SYMPTOMS.items(), strict=False):
        shown = sweep(of).arms[arm]
        values = shown.curves if column == "return" else shown.inside[column]
        seen = ~np.isnan(values).any(axis=0)
        color = COLORS["actor" if column in ("return", "saturated") else "critic"]
        draw_stack(ax, shown.steps[seen], values[:, seen], color=color)
        ax.set_title(name, fontsize=11)
        ax.set_ylabel(LABELS[column])
        ax.locator_params(axis="x", nbins=4, steps=[1, 2, 5, 10])
        _thousands(ax)
        if column == "critic_loss":
            ax.set_yscale("log")
        if "training" in name:
            trained = iqm(shown.inside["training"][:, 1:], axis=0)
            ax.plot(shown.steps[1:], trained, color=COLORS["ink"], linewidth=1.5)
    for ax in axes[-1, :-1]:
        ax.set_xlabel("steps")
    _draw_threads(axes[-1, -1])
    return figure


def _draw_threads(ax: Axes) -> None:
    rows = measured("threads")
    names = list(dict.fromkeys(row["setting"] for row in rows))
    for others, color in ((0, "muted"), (1, "critic")):
        times = [row["us"] / 1000 for row in rows if row["others"] == others]
        ax.plot(range(len(names)), times, "o-", color=COLORS[color], linewidth=1.5)
    ax.set_xticks(range(len(names)), [name.split()[0] for name in names])
    ax.set(xlabel="threads", ylabel="ms a step", ylim=(0, None))
    ax.set_title("slow steps", fontsize=11)


def draw_tree(root: Question) -> Figure:
    """Draw a tree of questions from the left to the right, a line for each answer."""
    lines: list[tuple[int, str, str, bool]] = []  # depth, answer, text, whether it is a leaf

    def walk(node: Question | Leaf, depth: int, answer: str) -> None:
        leaf = isinstance(node, Leaf)
        lines.append((depth, answer, node.text, leaf))
        if isinstance(node, Question):
            for said, child in node.answers.items():
                walk(child, depth + 1, said)

    walk(root, 0, "")
    indent, width, line = 0.3, 84, 0.2
    heights = [len(textwrap.wrap(_said(a, t), width - 5 * d)) for d, a, t, _ in lines]
    tops = np.concatenate([[0], np.cumsum([line * h + 0.12 for h in heights])])
    figure = plt.figure(figsize=(5.9, tops[-1] + 0.1), layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 5.9), ylim=(tops[-1] + 0.05, -0.05))
    ax.axis("off")
    below: list[float] = []  # the lower edges of the questions on the way to a line
    for (depth, answer, text, leaf), top, height in zip(lines, tops, heights, strict=False):
        x, y = 0.05 + indent * depth, top + 0.1
        del below[depth:]
        if below:
            stem = x - indent + 0.09
            ax.plot([stem, stem, x - 0.05], [below[-1], y, y], color=COLORS["muted"], linewidth=0.9)
        below.append(top + line * height)
        said = "\n".join(textwrap.wrap(_said(answer, text), width - 5 * depth))
        color = COLORS["critic"] if leaf else COLORS["ink"]
        ax.text(x, top, said, va="top", fontsize=10, color=color, linespacing=1.05)
    return figure


def _said(answer: str, text: str) -> str:
    return f"{answer}: {text}" if answer else text


def _thousands(ax: Axes) -> None:
    ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k")
