"""The drawing of DDPG's parts, and of what feeds what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ddpg_lib.figures.style import COLORS, use_house_style

Point = tuple[float, float]

# Name, formula, color, and the box's left, bottom, width and height.
BOXES: list[tuple[str, str, str, tuple[float, float, float, float]]] = [
    ("environment", "", "muted", (2, 25, 20, 13)),
    ("actor", r"$\mu_\theta(s)$", "actor", (37, 45, 19, 13)),
    ("critic", r"$Q_\phi(s, a)$", "critic", (76, 45, 19, 13)),
    ("replay buffer", r"$\mathcal{D}$", "replay", (31, 3, 21, 13)),
    ("target networks", r"$\mu_{\theta\prime},\ Q_{\phi\prime}$", "target", (72, 21, 23, 13)),
]
# Color, corners of the way, and whether it is dashed.
ARROWS: list[tuple[str, list[Point], bool]] = [
    ("ink", [(22, 34), (41, 34), (41, 45)], False),  # the state
    ("actor", [(24.4, 51.5), (12, 51.5), (12, 38)], False),  # the action, with noise
    ("ink", [(12, 25), (12, 9.5), (31, 9.5)], False),  # the transition
    ("replay", [(52, 9.5), (83.5, 9.5), (83.5, 21)], False),  # the minibatch, to the targets,
    ("replay", [(48, 16), (48, 45)], False),  # to the actor,
    ("replay", [(83.5, 9.5), (98.5, 9.5), (98.5, 51.5), (95, 51.5)], False),  # to the critic
    ("target", [(88, 34), (88, 45)], False),  # y
    ("critic", [(76, 54.5), (56, 54.5)], False),  # the slope
    ("actor", [(56, 49.5), (76, 49.5)], False),  # the action to be judged
    ("target", [(53, 45), (53, 27.5), (72, 27.5)], True),  # follows the actor
    ("target", [(79, 45), (79, 34)], True),  # follows the critic
]
# Text, color, place, and how it is aligned.
LABELS: list[tuple[str, str, Point, str]] = [
    (r"state $s$", "ink", (31.5, 35.2), "center"),
    (r"action $a$  (0.1)", "actor", (13.2, 44.5), "left"),
    (r"transition", "ink", (13.2, 19), "left"),
    (r"$(s, a, r, s\prime, d)$", "ink", (13.2, 14.8), "left"),
    (r"minibatch", "replay", (68, 10.8), "center"),
    (r"slope  (0.5)", "critic", (66, 55.7), "center"),
    (r"$\mu_\theta(s)$  (0.4)", "actor", (66, 45.4), "center"),
    (r"$y$  (0.2)", "target", (87, 38.6), "right"),
    (r"loss  (0.3)", "critic", (85.5, 59), "center"),
    (r"follow  (0.6)", "target", (55, 28.7), "left"),
]


def data_flow() -> Figure:
    """Draw the environment, the two networks and the helpers, with the formulas of chapter 0."""
    from matplotlib import pyplot as plt

    use_house_style()
    figure, ax = plt.subplots(figsize=(7.4, 4.5))
    ax.set_axis_off()
    ax.set(xlim=(0, 100), ylim=(0, 63))
    for name, formula, color, place in BOXES:
        _box(ax, name, formula, COLORS[color], place)
    for color, corners, dashed in ARROWS:
        _arrow(ax, corners, COLORS[color], dashed)
    for text, color, (x, y), side in LABELS:
        ax.text(x, y, text, color=COLORS[color], ha=side, va="bottom", fontsize=10.5)
    # The noise is added on the action's way.
    ax.plot([27.6, 37], [51.5, 51.5], color=COLORS["actor"], lw=1.4)
    ax.plot(26, 51.5, "o", ms=15, mfc="none", mec=COLORS["noise"], mew=1.4)
    ax.plot(26, 51.5, "+", ms=8, color=COLORS["noise"], mew=1.4)
    ax.text(26, 55.7, r"noise $\mathcal{N}$", color=COLORS["noise"], ha="center", fontsize=10.5)
    return figure


def _box(
    ax: Axes, name: str, formula: str, color: str, place: tuple[float, float, float, float]
) -> None:
    left, bottom, width, height = place
    shape = "round,pad=0,rounding_size=1.6"
    outline = FancyBboxPatch((left, bottom), width, height, shape, ec=color, fc="none", lw=1.6)
    ax.add_patch(outline)
    ax.add_patch(
        FancyBboxPatch((left, bottom), width, height, shape, ec="none", fc=color, alpha=0.1)
    )
    x, y = left + width / 2, bottom + height / 2
    ax.text(x, y + (3 if formula else 0), name, ha="center", va="center", fontsize=11.5)
    ax.text(x, y - 3, formula, ha="center", va="center", fontsize=11.5)


def _arrow(ax: Axes, corners: Sequence[Point], color: str, dashed: bool) -> None:
    *way, last, end = corners
    style: Any = (0, (3, 2)) if dashed else "-"
    if way:
        ax.plot(*zip(*way, last, strict=True), color=color, lw=1.4, ls=style)
    head = FancyArrowPatch(
        last, end, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=0, color=color, lw=1.4
    )
    head.set_linestyle(style)
    ax.add_patch(head)
