"""Chapter 6's figures and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.figures import COLORS, draw_stack
from ddpg_lib.figures.curves import Curves
from ddpg_lib.maths.stats import bootstrap_interval, iqm

Array: TypeAlias = NDArray[Any]
FAILED = -300.0
"""An agent whose mean return is below it has not learned to swing up; the optimum earns -130."""
COLUMNS = {"interquartile mean": ".0f", "95% interval": "", "mean": ".0f", "failed of 8": "d"}


def result(final: ArrayLike) -> tuple[Array, str, Array, int]:
    """What a table says of the agents' ``final`` returns ``(n,)``.

    Returns
    -------
    tuple
        One value for each of ``COLUMNS``.
    """
    x = np.asarray(final, float)
    low, high = bootstrap_interval(x)
    return iqm(x), f"{low:.0f} to {high:.0f}", x.mean(), int((x < FAILED).sum())


def compare(runs: Mapping[str, Curves], tones: Sequence[str], optimum: float) -> Figure:
    """Learning curves of ``runs`` by label, from the warm-up's end on.

    ``tones`` are names of colors, one a run.
    """
    figure, ax = plt.subplots(figsize=(6.4, 3.6))
    for (name, run), tone in zip(runs.items(), tones, strict=True):
        late = np.asarray(run.steps) >= 2_000
        draw_stack(ax, run.steps[late], run.curves[:, late], color=COLORS[tone], label=name)
    ax.axhline(optimum, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
    ax.annotate("optimum", (2_020, optimum), (0, 3), textcoords="offset points", fontsize=10)
    ax.set_ylabel("return of an episode, without noise")
    thousands(ax)
    figure.legend(loc="outside upper center", ncols=2, fontsize=10)
    return figure


def thousands(ax: Axes) -> None:
    """Label the horizontal axis with transitions stored, in thousands."""
    ax.set_xlabel("transitions stored")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k")


def draw_contents(
    contents: Mapping[str, Any], tones: Sequence[str], fields: Mapping[str, str]
) -> Figure:
    """Draw what buffers hold over time.

    ``contents`` maps labels to :class:`~ddpg_lib.chapters.ch06.contents.Contents`, and ``fields``
    their attributes to the labels of one panel each.
    """
    figure, axes = plt.subplots(1, len(fields), figsize=(7.4, 3.4))
    for ax, (field, label) in zip(axes, fields.items(), strict=True):
        for (name, c), tone in zip(contents.items(), tones, strict=True):
            values = np.stack(getattr(c, field), axis=1)
            draw_stack(ax, c.steps, values, color=COLORS[tone], label=name)
        ax.set_ylabel(label)
        ax.set_ylim(0, None)
        thousands(ax)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, ncols=2, fontsize=10, loc="outside upper center")
    return figure


def draw_jumps(streams: Mapping[str, tuple[Array, Sequence[int]]], until: int) -> Figure:
    """Draw how far the state moves in stored transitions.

    ``streams`` maps titles to the jumps ``(transitions,)`` and the numbers of the impossible ones;
    the first ``until`` transitions are drawn.
    """
    figure, axes = plt.subplots(1, len(streams), figsize=(7.4, 2.8), sharey=True, squeeze=False)
    for ax, (title, (jumps, wrong)) in zip(axes[0], streams.items(), strict=True):
        shown = np.arange(min(until, len(jumps)))
        bad = np.isin(shown, wrong)
        ax.plot(shown[~bad], jumps[shown[~bad]], ".", ms=2, color=COLORS["muted"])
        ax.plot(shown[bad], jumps[shown[bad]], "o", ms=5, color=COLORS["critic"])
        ax.set(title=title, xlabel="transition", ylim=(0, None))
    axes[0, 0].set_ylabel("distance from $s$ to $s'$")
    return figure


def draw_step_sizes(
    search: Mapping[str, Any],
    report: Mapping[str, Any],
    names: Mapping[str, str],
    factors: Sequence[float],
    tones: Sequence[str],
) -> Figure:
    """Final returns against step size, in a search and on new seeds.

    ``search`` and ``report`` are the ``arms`` of recorded sweeps, and ``names`` maps labels to the
    arms' first words.
    """
    figure, ax = plt.subplots(figsize=(6.4, 3.4))
    shift = np.linspace(-0.2, 0.2, len(names))
    for (label, arm), tone, dx in zip(names.items(), tones, shift, strict=True):
        x, color = np.log2(factors) + dx, COLORS[tone]
        finals = [search[f"{arm}_{factor:g}"].final for factor in factors]
        low, high = np.transpose([bootstrap_interval(f) for f in finals])
        ax.vlines(x, low, high, color=color, lw=1.2)
        ax.plot(x, [iqm(f) for f in finals], "o-", ms=5, lw=0.8, color=color, label=label)
        again = [iqm(report[f"{arm}_{factor:g}"].final) for factor in factors]
        ax.plot(x, again, "o", ms=8, mfc="none", color=color)
    ax.set_xticks(np.log2(factors), [f"× {factor:g}" for factor in factors])
    ax.set(xlabel="both step sizes", ylabel="final return, 100 starts")
    figure.legend(loc="outside upper center", ncols=3, fontsize=10)
    return figure
