"""The figures of chapter 20."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ddpg_lib.chapters.ch20.laws import in_a_stack
from ddpg_lib.chapters.ch20.records import Line
from ddpg_lib.figures.style import COLORS

ROLES = {
    "explore": "noise",
    "interact": "replay",
    "StackedEnvs.step": "replay",
    "remember": "replay",
    "sample": "replay",
    "critic": "critic",
    "Critic": "critic",
    "actor": "actor",
    "follow": "target",
    "update_targets": "target",
    "soft_update": "target",
}
"""Which color a function has, and all that it calls."""

GAP = 0.0015  # between functions side by side
Tree = dict[str, Any]  # {"": samples, name: subtree}


def tree_of(rows: Sequence[Line]) -> Tree:
    """Samples of stacks, ``rows``, as ``{"": samples, name: what it called}``."""
    root: Tree = {"": 0}
    for row in rows:
        node = root
        node[""] += row["samples"]
        for name in row["stack"].split(";"):
            node = node.setdefault(name, {"": 0})
            node[""] += row["samples"]
    return root


def flames(tree: Tree, depth: int = 5, smallest: float = 0.012) -> Figure:
    """A flame graph of a ``tree``: each box is a function, as wide as its share of the time.

    Below it hang the functions that it called. Boxes of less than the ``smallest`` share are left
    out.
    """
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(7.6, 0.36 * depth + 0.5))
    ax.set(xlim=(0, 1), ylim=(depth, 0), yticks=[])
    ax.set_xlabel("share of the time of a step")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    whole = tree[""]

    def hang(node: Tree, x: float, level: int, color: str) -> None:
        for name, child in node.items():
            if not name or level >= depth:
                continue
            width = child[""] / whole
            if width >= smallest:
                shade = next((c for part, c in ROLES.items() if part in name), color)
                box = Rectangle(
                    (x + GAP, level + 0.06),
                    width - GAP,
                    0.88,
                    fc=COLORS[shade],
                    alpha=0.25,
                    ec="none",
                )
                ax.add_patch(box)
                _write(ax, name, x, level, width)
                hang(child, x, level + 1, shade)
            x += width

    hang(tree, 0.0, 0, "muted")
    return figure


def _write(ax: Axes, name: str, x: float, level: int, width: float) -> None:
    """The function's name, or as much of it as fits its box."""
    short = name.removeprefix("Plain.").removeprefix("Library.").lstrip("_")
    room = int(width / 0.0095)
    if len(short) > room:
        of, _, does = short.rpartition(".")
        short = of if does == "forward" and len(of) <= room else does
    if len(short) > room:
        short = short[: room - 1] + "…"
    if room >= 6 or "…" not in short:
        ax.text(x + 0.004, level + 0.5, short, va="center", fontsize=8.5, clip_on=True)


def breakdowns(parts: Mapping[str, Mapping[str, float]]) -> Figure:
    """The ``parts`` of a step, one bar a program, in microseconds; they sum to the whole."""
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(6.4, 0.75 * len(parts) + 1.9))
    colors = {
        "act": "noise",
        "environment": "replay",
        "store": "replay",
        "sample": "replay",
        "losses": "muted",
        "critic: backward and Adam": "critic",
        "actor: backward and Adam": "actor",
        "targets follow": "target",
        "all else": "grid",
    }
    for y, shares in enumerate(parts.values()):
        left = 0.0
        for part, us in shares.items():
            label = part if y == 0 else None
            shade = {"store": 0.6, "sample": 0.35}.get(part, 0.85)
            ax.barh(y, us, 0.6, left, color=COLORS[colors[part]], alpha=shade, label=label)
            left += us
        ax.text(left, y, f" {left:,.0f}", va="center")
    ax.set_yticks(range(len(parts)), list(parts))
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.12)
    ax.set_xlabel("microseconds a step")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return figure


def rungs(ladders: Mapping[str, Mapping[str, Line]]) -> Figure:
    """Microseconds a step on every rung of ``ladders``, a panel a size, with products alone."""
    from matplotlib import pyplot as plt

    names = [name for name in next(iter(ladders.values())) if name != "products alone"]
    figure, axes = plt.subplots(
        1, len(ladders), figsize=(7.6, 0.34 * len(names) + 1.0), sharey=True, squeeze=False
    )
    for ax, (title, ladder) in zip(axes[0], ladders.items(), strict=True):
        x = [ladder[name]["min"] for name in names]
        ends = np.array([[ladder[name][k] for name in names] for k in ("min", "max")])
        color = [COLORS["actor" if ladder[name]["agents"] == 1 else "replay"] for name in names]
        ax.hlines(range(len(names)), *ends, color=color, linewidth=1.5)
        ax.scatter(x, range(len(names)), color=color, zorder=3)
        column = {"transform": ax.get_yaxis_transform(), "ha": "right", "fontsize": 9}
        ax.text(0.99, -0.6, "fastest", va="bottom", **column)
        for y, us in enumerate(x):
            ax.text(0.99, y, f"{us:,.0f}", va="center", **column)
        floor = ladder["products alone"]["min"]
        ax.axvline(floor, color=COLORS["ink"], linestyle=":", linewidth=1.2)
        ax.text(floor, -0.6, f" products: {floor:,.0f}", va="bottom", fontsize=9)
        ax.set_xlim(0, 1.25 * max(ends[1]))
        ax.set_xticks([tick for tick in ax.get_xticks() if tick < max(ends[1])])
        ax.set_title(title, pad=14)
        ax.set_xlabel("microseconds a step of one agent")
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
    axes[0][0].set_yticks(range(len(names)), names)
    axes[0][0].set_ylim(len(names) - 0.5, -0.6)
    return figure


def against_agents(
    times: Mapping[str, Mapping[int, float]], law: tuple[float, float], others: Mapping[str, float]
) -> Figure:
    """Microseconds a step of one agent against the number in the stack, beside other libraries.

    ``times`` by agents for each curve, the ``law`` (20.4) of the first as ``(a, b)``, and the
    ``others`` by name.
    """
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(5.8, 3.5))
    for (name, curve), color in zip(times.items(), ("actor", "replay"), strict=False):
        ax.plot(list(curve), list(curve.values()), "o-", color=COLORS[color], label=name)
    for (name, us), color in zip(others.items(), ("critic", "noise"), strict=False):
        ax.axhline(us, color=COLORS[color], linestyle="--", linewidth=1.2)
        ax.text(max(next(iter(times.values()))), us * 1.06, name, color=COLORS[color], ha="right")
    n = np.geomspace(1, max(next(iter(times.values()))))
    ax.plot(n, in_a_stack(n, *law), ":", color=COLORS["ink"], linewidth=1.2, label="a / n + b")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    counts = list(next(iter(times.values())))
    ax.set_xticks(counts, [str(n) for n in counts])
    ax.set_yticks([100, 200, 500, 1000, 2000], ["100", "200", "500", "1,000", "2,000"])
    ax.minorticks_off()
    ax.set_xlabel("agents in the stack")
    ax.set_ylabel("microseconds a step of one agent")
    figure.legend(loc="outside upper center", ncols=3)
    return figure
