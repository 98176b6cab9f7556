"""Who calls whom: the library's loop beside a trainer's. And what folds below a cell."""

from __future__ import annotations

import html
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ddpg_lib.figures.style import COLORS, use_house_style

# What is called in each step, in order: the text, its color.
LIBRARY = [
    ("select an action", "actor"),
    ("step the environment", "muted"),
    ("store the transition", "replay"),
    ("sample a minibatch", "replay"),
    ("update critic and actor", "critic"),
    ("targets follow", "target"),
]
LOADER, STEP = LIBRARY[:4], LIBRARY[4:]


class Folded:
    """Long tables and texts below a cell, of which only the first line shows at first.

    Parameters
    ----------
    summary
        The line that shows.
    *parts
        What folds: tables from :class:`ddpg_lib.figures.tables.Table`, or text as printed.
    """

    def __init__(self, summary: str, *parts: Any) -> None:
        self.summary, self.parts = summary, parts

    def __repr__(self) -> str:
        return "\n\n".join([self.summary, *map(str, self.parts)])

    def _repr_html_(self) -> str:
        inside = [
            f"<pre>{html.escape(part)}</pre>" if isinstance(part, str) else part._repr_html_()
            for part in self.parts
        ]
        summary = html.escape(self.summary)
        return "\n".join([f"<details>\n<summary>{summary}</summary>", *inside, "</details>"])


def call_orders() -> Figure:
    """Draw the two orders side by side: time runs down, an arrow is a call."""
    from matplotlib import pyplot as plt

    use_house_style()
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.9))
    for ax in axes:
        ax.set_axis_off()
        ax.set(xlim=(-1, 101), ylim=(0, 100))
    left, right = axes
    _box(left, "Training.advance", "ink", (2, 12, 34, 74))
    for k, (text, color) in enumerate(LIBRARY):
        _call(left, (36, 80 - 13 * k), (46, 80 - 13 * k))
        _box(left, text, color, (46, 75.5 - 13 * k, 52, 9))
    _box(right, "Trainer", "ink", (0, 12, 20, 74))
    _box(right, "data loader", "replay", (27, 36, 21, 50))
    _box(right, "training\nstep", "critic", (27, 12, 21, 20))
    _call(right, (20, 62), (27, 62))
    _call(right, (20, 23), (27, 23))
    for k, (text, color) in enumerate(LIBRARY):
        _call(right, (48, 80 - 13 * k), (53, 80 - 13 * k))
        _box(right, text, color, (53, 75.5 - 13 * k, 46, 9))
    for ax, title in ((left, "the library"), (right, "the Lightning system")):
        ax.text(2, 96, title, ha="left", va="center", fontsize=12)
    for ax in axes:
        ax.text(2, 4, "once a step, from top to bottom", ha="left", va="center", fontsize=9.5)
    return figure


def _box(ax: Axes, text: str, color: str, place: tuple[float, float, float, float]) -> None:
    left, bottom, width, height = place
    for edge, fill, alpha in ((COLORS[color], "none", 1.0), ("none", COLORS[color], 0.1)):
        ax.add_patch(
            FancyBboxPatch(
                (left, bottom),
                width,
                height,
                "round,pad=0,rounding_size=1.4",
                ec=edge,
                fc=fill,
                alpha=alpha,
                lw=1.4,
            )
        )
    ax.text(left + width / 2, bottom + height / 2, text, ha="center", va="center", fontsize=9.5)


def _call(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=0,
            color=COLORS["ink"],
            lw=1.2,
        )
    )
