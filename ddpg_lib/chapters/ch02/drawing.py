"""Figures of chapter 2: the courtyard, clouds of estimates, and laws with their measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch02.worlds import COURTYARD, MOVES
from ddpg_lib.figures import COLORS

Array: TypeAlias = NDArray[Any]

_NAMES = {"~": "water", "G": "goal", "S": "start"}


def draw_world(
    ax: Axes, policy: ArrayLike | None = None, title: str = "", rows: Sequence[str] = COURTYARD
) -> None:
    """Draw a map; with a ``policy (S, A)``, also a line along each action, as long as its chance.

    A line of probability 1 reaches the cell's edge.
    """
    for s, kind in enumerate("".join(rows)):
        row, column = divmod(s, len(rows[0]))
        shade = {"~": COLORS["muted"], "G": COLORS["replay"]}.get(kind, "none")
        corner = (column - 0.5, row - 0.5)
        ax.add_patch(Rectangle(corner, 1, 1, fc=shade, ec=COLORS["muted"], alpha=0.6))
        if policy is None or kind in "~G":
            ax.text(column, row, _NAMES.get(kind, ""), ha="center", va="center", fontsize=10)
        elif kind in "S.":
            for chance, (down, right) in zip(np.asarray(policy)[s], MOVES, strict=True):
                x, y = column + 0.48 * chance * right, row + 0.48 * chance * down
                ax.plot([column, x], [row, y], color=COLORS["actor"], lw=3)
    _frame(ax, rows)
    ax.set_title(title)


def draw_numbers(
    ax: Axes, numbers: ArrayLike, scale: float, title: str = "", rows: Sequence[str] = COURTYARD
) -> None:
    """Draw a map with a number in each cell where an action is taken.

    Parameters
    ----------
    numbers : array_like, shape (S,)
    scale : float
        The number whose cell gets the full shade.
    """
    for s, kind in enumerate("".join(rows)):
        row, column = divmod(s, len(rows[0]))
        number = float(np.asarray(numbers)[s])
        shade = COLORS["critic"] if kind in "S." else "none"
        corner, alpha = (column - 0.5, row - 0.5), 0.75 * number / scale
        ax.add_patch(Rectangle(corner, 1, 1, fc=shade, alpha=alpha if kind in "S." else None))
        ax.add_patch(Rectangle(corner, 1, 1, fc="none", ec=COLORS["muted"], alpha=0.6))
        text = f"{number:.1f}" if kind in "S." else _NAMES[kind]
        color = COLORS["ink" if kind in "S." else "muted"]
        ax.text(column, row, text, ha="center", va="center", fontsize=10, color=color)
    _frame(ax, rows)
    ax.set_title(title)


def _frame(ax: Axes, rows: Sequence[str]) -> None:
    ax.set(xlim=(-0.55, len(rows[0]) - 0.45), ylim=(len(rows) - 0.45, -0.55), aspect="equal")
    ax.axis("off")


def draw_cloud(
    ax: Axes, zoom: Axes, estimates: ArrayLike, gradient: ArrayLike, spread: float = 0.3
) -> None:
    """Draw estimates of two components as dots; enlarged, their mean and the exact gradient.

    Parameters
    ----------
    ax, zoom : Axes
        For the dots, and for the mean and the gradient near 0.
    estimates : array_like, shape (count, 2)
    gradient : array_like, shape (2,)
    spread : float
        Standard deviation by which dots that lie on each other are moved apart.
    """
    cloud, gradient = np.asarray(estimates, float), np.asarray(gradient, float)
    jitter = np.random.default_rng(1).normal(0, spread, cloud.shape)
    ax.plot(*(cloud + jitter).T, "o", ms=3, mew=0, alpha=0.5, color=COLORS["actor"])
    ax.set(xlim=(-58, 52), ylim=(-48, 52))
    zoom.arrow(0, 0, *gradient, color=COLORS["ink"], width=0.008,
               head_width=0.035, length_includes_head=True)  # fmt: skip
    mean = cloud.mean(0)
    zoom.plot(*mean, "x", ms=8, mew=2, color=COLORS["actor"])
    for text, (x, y), color in (("mean", mean, "actor"), ("exact", gradient, "ink")):
        zoom.annotate(text, (x, y), (0, 7), textcoords="offset points", color=COLORS[color],
                      ha="center")  # fmt: skip
    zoom.set(xlim=(-0.65, 0.25), ylim=(-0.4, 0.2), xticks=[-0.5, 0], yticks=[-0.3, 0])
    zoom.set_title("The middle, enlarged")


def draw_intervals(ax: Axes, estimates: ArrayLike, gradient: ArrayLike, title: str) -> None:
    """Draw each component's 95% interval and its exact value, sorted by the latter.

    Parameters
    ----------
    estimates : array_like, shape (count, p)
    gradient : array_like, shape (p,)
    """
    x, exact = np.asarray(estimates, float), np.asarray(gradient, float)
    order, place = np.argsort(exact), np.arange(len(exact))
    error = 1.96 * x.std(0)[order] / np.sqrt(len(x))
    ax.errorbar(place, x.mean(0)[order], error, fmt="none", ecolor=COLORS["actor"], elinewidth=2)
    ax.plot(place, exact[order], "_", color=COLORS["ink"], ms=7, mew=1.8)
    ax.set(title=title, xlabel="component, sorted by its exact value", xticks=[])


def draw_law(
    ax: Axes,
    law: tuple[ArrayLike, ArrayLike] | None,
    measured: tuple[ArrayLike, ArrayLike] | None = None,
    *,
    color: str = "actor",
    style: Any = "-",
    label: tuple[str, float, float] | None = None,
) -> None:
    """Draw what a formula says as a line and what was measured as dots, on logarithmic axes.

    Parameters
    ----------
    law : pair of array_like, shape (points,)
        Abscissa and ordinate of the line.
    measured : pair of array_like, shapes (dots,) and (dots, 2)
        Abscissa; ratio and half of its interval, as of
        :func:`~ddpg_lib.chapters.ch02.reinforce.noise_to_signal`.
    color, style
        The idea's name in :data:`~ddpg_lib.figures.style.COLORS`, and the line's style.
    label : tuple of str and two float
        Text, and where it stands.
    """
    shade = COLORS[color]
    if law is not None:
        ax.plot(*law, color=shade, lw=1.4, ls=style)
    if measured is not None:
        x, (ratio, half) = np.asarray(measured[0]), np.asarray(measured[1]).T
        ax.errorbar(x, ratio, half, fmt="o", ms=5, color=shade, capsize=2)
    if label is not None:
        ax.text(*label[1:], label[0], color=shade)
    ax.set(xscale="log", yscale="log")


def round_ticks(ax: Axes, x: Sequence[float], y: Sequence[float] = ()) -> None:
    """Write the ticks of logarithmic axes as plain numbers, and no others."""
    ax.set_xticks(x, [f"{v:g}" for v in x])
    ax.xaxis.set_minor_locator(NullLocator())
    if y:
        ax.set_yticks(y, [f"{v:,g}" for v in y])
        ax.yaxis.set_minor_locator(NullLocator())


def draw_critics(
    figure: Figure,
    errors: Mapping[str, float],
    gradients: Mapping[str, ArrayLike],
    exact: ArrayLike,
    names: Sequence[str],
) -> None:
    """Draw how far critics' values are off, beside the gradients that they give.

    Parameters
    ----------
    errors : mapping
        From a critic's name to the error of its values.
    gradients : mapping
        From a critic's name to its gradient, shape (p,).
    exact : array_like, shape (p,)
    names : sequence of str
        Of the components.
    """
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    colors = dict(zip(errors, ("critic", "muted"), strict=True))
    for k, (critic, color) in enumerate(colors.items()):
        left.bar(k, errors[critic], 0.6, color=COLORS[color])
        x = np.arange(len(names)) + 0.2 * (k - 0.5)
        right.plot(x, gradients[critic], "o", ms=8, color=COLORS[color], label=critic)
    for k, value in enumerate(np.asarray(exact, float)):
        line = right.plot([k - 0.3, k + 0.3], [value, value], color=COLORS["ink"], lw=1.6)
    line[0].set_label("exact")
    left.set(title="error of the values", xticks=range(len(errors)))
    left.set_xticklabels(list(errors))
    left.set_ylabel("root mean square")
    right.set(title="gradient from these values", xticks=range(len(names)))
    right.set_xticklabels(list(names))
    right.set_ylabel("component")
    right.legend(loc="best")
