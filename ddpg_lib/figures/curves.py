"""Learning curves: every agent, what is typical of them, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ddpg_lib.figures.style import COLORS, use_house_style
from ddpg_lib.maths.stats import bootstrap_interval, iqm, t_interval


class Curves(Protocol):
    """What has learning curves: a :class:`ddpg_lib.Run` or :class:`~ddpg_lib.history.History`."""

    @property
    def steps(self) -> Any:
        """Environment steps of each agent at each evaluation, ``(evaluations,)``."""

    @property
    def curves(self) -> Any:
        """Each agent's mean evaluation return, ``(n, evaluations)``."""


def learning_curves(
    runs: Curves | Mapping[str, Curves],
    *,
    optimum: float | None = None,
    ax: Axes | None = None,
    level: float = 0.95,
) -> Figure:
    """Learning curves of one stack or of several: every agent, and what is typical of them.

    Thin lines are the agents' mean evaluation returns, the thick line their interquartile mean,
    the band its bootstrap interval over agents, pointwise.

    Parameters
    ----------
    runs
        With a mapping, its keys are the labels.
    optimum
        Mean return of the optimal policy on the same starts, drawn as a line.
    ax
        Where to draw; a new figure without it.
    level
        Of the interval.
    """
    from matplotlib import pyplot as plt

    if ax is None:
        use_house_style()
        _, ax = plt.subplots()
    labelled: dict[str, Curves] = dict(runs) if isinstance(runs, Mapping) else {"": runs}
    for number, (label, run) in enumerate(labelled.items()):
        draw_stack(ax, run.steps, run.curves, label=label, color=f"C{number}", level=level)
    if optimum is not None:
        ax.axhline(optimum, color=COLORS["ink"], linewidth=1, linestyle=(0, (4, 2)))
        ax.annotate("optimum", (1, optimum), (0, 3), ha="right", **_on_axis())
    ax.set_xlabel("environment steps of each agent")
    ax.set_ylabel("return of an episode, without noise")
    ax.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    if any(labelled):
        ax.legend()
    figure = ax.figure
    assert isinstance(figure, Figure)
    return figure


def draw_stack(
    ax: Axes,
    x: ArrayLike,
    curves: ArrayLike,
    *,
    label: str = "",
    color: str = COLORS["actor"],
    level: float | None = 0.95,
) -> None:
    """Draw one curve for each agent thin, their interquartile mean thick, its interval as a band.

    ``x`` is ``(points,)``, ``curves`` ``(n, points)``. The label is that of the thick line, and
    ``level`` that of the bootstrap interval over agents; with None the agents are drawn alone, as
    few of them allow no interval.
    """
    values = np.asarray(curves, float)
    x = np.asarray(x, float)
    if len(values) == 1:
        ax.plot(x, values[0], color=color, label=label)
    elif level is None:
        lines = ax.plot(x, values.T, color=color, linewidth=1.1, alpha=0.8)
        lines[0].set_label(label)
    else:
        ax.plot(x, values.T, color=color, linewidth=0.8, alpha=0.45)
        ax.plot(x, iqm(values, axis=0), color=color, label=label)
        low, high = bootstrap_interval(values, axis=0, level=level)
        ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)


def curve_panels(
    runs: Mapping[str, Curves],
    colors: Sequence[str],
    *,
    reach: float,
    bottom: float,
    level: float | None = 0.95,
    columns: int | None = None,
) -> Figure:
    """Learning curves side by side, a panel for each of ``runs``, by label and on one scale.

    ``reach`` is a return to be reached, drawn as a dotted line, and ``bottom`` the lowest that is
    shown; ``level`` is as for :func:`draw_stack`. There are ``columns`` panels in a row, by default
    all.
    """
    from matplotlib import pyplot as plt

    use_house_style()
    columns = columns or len(runs)
    rows = -(-len(runs) // columns)
    shape, size = (rows, columns), (2.1 * columns + 1.2, 2.4 * rows + 0.8)
    figure, axes = plt.subplots(*shape, figsize=size, sharex=True, sharey=True, squeeze=False)
    highest = max(reach, *(float(np.max(run.curves)) for run in runs.values()))
    for ax in axes.flat[len(runs) :]:
        ax.axis("off")
    for ax, color, (label, run) in zip(axes.flat, colors, runs.items(), strict=False):
        steps = np.asarray(run.steps) / 1_000
        draw_stack(ax, steps, run.curves, color=color, level=level)
        ax.axhline(reach, color=COLORS["muted"], linewidth=0.8, linestyle=":")
        ax.set_title(label, fontsize=11)
        ax.set_ylim(bottom, highest + 0.05 * (highest - bottom))
    for ax in axes[:, 0]:
        ax.set_ylabel("return without noise")
    figure.supxlabel("thousands of environment steps", fontsize=11)
    return figure


def label_end(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    """Write a line's name beside its last point, in the data's units, instead of in a legend."""
    ax.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", color=color)


def _on_axis() -> dict[str, Any]:
    return {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 10}


def sensitivity_bands(
    results: Mapping[str, Mapping[float, ArrayLike]],
    colors: Iterable[str],
    *,
    xlabel: str,
    ylabel: str = "final return",
    bar: float | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw results of agents against a positive setting, on a logarithmic axis.

    Dots are agents, diamonds their means, and the band is Student's 95% interval of the mean,
    (13a.2), at each value of the setting.

    Parameters
    ----------
    results
        By name, and by the value of the setting, a number of each agent, ``(n,)``, of two or more.
    colors
        One for each name.
    xlabel, ylabel
        Of the axes.
    bar
        A result to reach, dotted.
    ax
        Where to draw; by default in a new figure.

    Returns
    -------
    Figure
        That of ``ax``.
    """
    from matplotlib import pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(6.2, 3.2))
    ticks: set[float] = set()
    for (name, of), color in zip(results.items(), colors, strict=True):
        values = sorted(of)
        agents = [np.sort(np.asarray(of[value], float)) for value in values]
        for value, x in zip(values, agents, strict=True):
            aside = value * np.exp(np.linspace(-0.06, 0.06, len(x)))  # so that all are seen
            ax.plot(aside, x, "o", color=color, markersize=4, alpha=0.6)
        low, high = np.transpose([t_interval(x) for x in agents])
        ax.fill_between(values, low, high, color=color, alpha=0.15, linewidth=0)
        ax.plot(values, [x.mean() for x in agents], "-D", color=color, markersize=6, label=name)
        ticks |= set(values)
    if bar is not None:
        ax.axhline(bar, color=COLORS["muted"], linestyle=":", linewidth=1.2)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sorted(ticks), [f"{x:.2g}" for x in sorted(ticks)])
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(results) > 1:
        ax.legend()
    figure = ax.figure
    assert isinstance(figure, Figure)
    return figure
