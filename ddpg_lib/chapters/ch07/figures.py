"""The figures of chapter 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from ddpg_lib.chapters.ch07.linear_td import LinearTD
from ddpg_lib.chapters.ch07.targets import Follow
from ddpg_lib.figures.curves import Curves, draw_stack
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.spectra import spectral_radius
from ddpg_lib.maths.stats import iqm
from ddpg_lib.results.sweeps import Arm

Array = NDArray[np.float64]
Arms = Mapping[str, Mapping[float, Arm]]  # by the target's rule, then by the step size's scale


def two_states(path: Array) -> Figure:
    """The world of two states, and the value of state 1 during training.

    ``path`` is ``(updates + 1, 1)``.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1), width_ratios=(1, 1.25))
    left.set(xlim=(-0.9, 4.6), ylim=(-2.2, 1.9), aspect="equal")
    left.axis("off")
    ink, orange = COLORS["ink"], COLORS["critic"]
    middle: dict[str, Any] = {"ha": "center", "va": "center"}
    for x, number, value in ((0, "1", "φ"), (2.4, "2", "2φ")):
        left.add_patch(Circle((x, 0), 0.6, fill=False, color=ink, lw=1.6))
        left.text(x, 0, number, fontsize=14, **middle)
        left.text(x, -1.15, value, fontsize=15, color=orange, **middle)
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": ink, "lw": 1.4, "mutation_scale": 14}
    left.annotate("", (1.78, 0), (0.62, 0), arrowprops=arrow)
    left.annotate("", (4.1, 0), (3.02, 0), arrowprops=arrow)
    loop = arrow | {"connectionstyle": "arc3,rad=-1.7"}
    left.annotate("", (2.75, 0.52), (2.05, 0.52), arrowprops=loop)
    left.text(2.4, 1.55, "0.9", ha="center")
    left.text(3.55, 0.2, "0.1", ha="center")
    left.text(4.35, 0, "end", **middle)
    left.text(1.2, -1.9, "what the critic says", ha="center", fontsize=10, color=orange)
    right.semilogy(path[:, 0], color=orange)
    right.set(xlabel="update", ylabel="the critic's value of state 1")
    right.axhline(1, color=COLORS["muted"], lw=0.8, ls=":")
    return figure


def legs(paths: Mapping[str, tuple[Array, float]]) -> Figure:
    """Errors with all legs of the triad and without one.

    ``paths`` holds the weights after each update and the growth factor, by name.
    """
    figure, ax = plt.subplots(figsize=(6.2, 3.4))
    colors = [COLORS[name] for name in ("critic", "actor", "replay", "noise")]
    for (name, (path, factor)), color in zip(paths.items(), colors, strict=True):
        size = np.abs(path[:301]).max(axis=1)
        seen = np.flatnonzero(size > 1e-8)
        ax.semilogy(seen, size[seen], color=color)
        at = (seen[-1], size[seen[-1]])
        ax.annotate(f"{name}: × {factor:.4f}", at, (6, 0), color=color, va="center", **_POINTS)
    ax.set(xlabel="update", ylabel="largest error of a weight", ylim=(1e-9, 1e5), xlim=(0, 450))
    ax.set_xticks([0, 100, 200, 300])
    return figure


def growth_per_lag(problem: LinearTD, rules: Sequence[Follow]) -> Array:
    """Logarithm of the factor by which errors change within one mean lag, ``(rules,)``."""
    found = []
    for rule in rules:
        matrix = problem.soft(rule.tau) if rule.period == 1 else problem.hard(rule.period)
        found.append(rule.lag * np.log(spectral_radius(matrix)) / rule.period)
    return np.array(found)


def lags(problems: Mapping[str, LinearTD], hard: bool = False) -> Figure:
    """Growth of the error within one lag against the lag.

    ``problems`` are two critics by name. With ``hard``, hard updates stand beside the soft ones.
    """
    soft_rules = [Follow(float(tau)) for tau in np.geomspace(1, 1e-4, 161)]
    hard_rules = [Follow(1.0, int(K)) for K in np.unique(np.geomspace(1, 19_999, 90).round())]
    figure, ax = plt.subplots(figsize=(6.2, 3.4))
    ax.axhline(0, color=COLORS["ink"], lw=1)
    for (name, problem), color in zip(problems.items(), ("critic", "target"), strict=True):
        growth = growth_per_lag(problem, soft_rules)
        ax.semilogx([r.lag for r in soft_rules], growth, color=COLORS[color])
        text = f"{name}, soft" if hard else name
        ax.annotate(text, (1e4, growth[-1]), (6, 0), color=COLORS[color], va="center", **_POINTS)
        if hard:
            growth = growth_per_lag(problem, hard_rules)
            x = [r.lag for r in hard_rules]
            ax.semilogx(x, growth, color=COLORS[color], ls=(0, (4, 2)), lw=1.5)
            text = f"{name}, hard"
            at = (1e4, growth[-1])
            ax.annotate(text, at, (6, 0), color=COLORS[color], va="center", **_POINTS)
    for y, text in ((0.03, "diverges"), (-0.03, "converges")):
        ax.text(300, y, text, color=COLORS["muted"], va="center", fontsize=10)
    ax.set(xlabel="mean lag of the target (updates)", ylabel="log growth of the error in one lag")
    ax.set_xlim(1, 2e5)
    ax.set_xticks([1, 10, 100, 1000, 10_000], ["1", "10", "100", "1,000", "10,000"])
    ax.minorticks_off()
    return figure


def plane(dots: Mapping[str, tuple[float, float]]) -> Figure:
    """Where a critic of one weight converges, in the plane of step and loop gain.

    ``dots`` are examples by name, as pairs of the two.
    """
    figure, ax = plt.subplots(figsize=(5.8, 3.7))
    gains = np.linspace(-2.5, 0.999, 400)
    purple = COLORS["target"]
    for tau, shade in ((1.0, 1.0), (0.5, 0.75), (0.01, 0.5)):
        bound = (2 - tau) / (1 - tau * (1 + gains) / 2)
        seen = bound < 4
        width = 2.4 if tau == 1 else 1.6
        ax.plot(bound[seen], gains[seen], color=purple, alpha=shade, lw=width)
    ax.axhline(1, color=COLORS["ink"], lw=1.6)
    ax.text(3.9, 1.12, "above: diverges for every τ", ha="right")
    ax.text(0.05, -1.6, "no target\nnetwork\n(τ = 1)", color=purple, va="center", fontsize=10.5)
    ax.text(1.28, -2.3, "τ = 0.5", color=purple, fontsize=10.5)
    ax.text(2.04, -2.3, "τ = 0.01", color=purple, fontsize=10.5)
    for name, (x, y) in dots.items():
        ax.plot(x, y, "o", color=COLORS["critic"], ms=7)
        at = (8, 6 if y > 1 else 0)
        ax.annotate(name, (x, y), at, va="center", color=COLORS["critic"], **_POINTS)
    ax.text(0.12, -0.35, "converges\n(left of its line)", color=COLORS["muted"])
    ax.set(xlim=(0, 4), ylim=(-2.5, 1.5))
    ax.set(xlabel="step h (1: all the way to the targets)", ylabel="loop gain κ")
    return figure


def step_sizes(arms: Arms, optimum: float) -> Figure:
    """Final returns of a search: a panel for each rule, step sizes along it.

    ``arms`` is as :func:`ddpg_lib.chapters.ch07.targets.arms_by_rule` returns it.
    """
    figure, axes = plt.subplots(1, len(arms), figsize=(8.4, 2.9), sharey=True)
    for ax, (rule, by_scale) in zip(axes, arms.items(), strict=True):
        scales = sorted(by_scale)
        finals = np.stack([by_scale[scale].final for scale in scales])
        ax.semilogx(scales, finals, ".", color=COLORS["target"], alpha=0.4, ms=5)
        typical = iqm(finals, axis=1)
        ax.semilogx(scales, typical, color=COLORS["target"])
        best = int(np.argmax(typical))
        ax.plot(scales[best], typical[best], "o", color=COLORS["target"], ms=8)
        ax.axhline(optimum, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
        ax.set_title(rule, fontsize=11)
        ax.set_xticks(scales, ["¼" if s == 0.25 else "½" if s == 0.5 else f"{s:g}" for s in scales])
        ax.set_xlim(scales[0] / 1.5, scales[-1] * 1.5)
        ax.minorticks_off()
    axes[0].set_ylabel("return of the final policies")
    figure.supxlabel("step sizes, as multiples of the recipe's", fontsize=11)
    return figure


def panels(runs: Mapping[str, Curves], optimum: float, columns: int = 3) -> Figure:
    """Learning curves of several stacks, each of ``runs`` in a panel of its own."""
    rows = -(-len(runs) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(8.4, 0.4 + 2.3 * rows), sharex=True, sharey=True, squeeze=False
    )
    for ax, (name, run) in zip(axes.flat, runs.items(), strict=False):
        draw_stack(ax, run.steps, run.curves, color=COLORS["target"])
        ax.axhline(optimum, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
        ax.set_title(name, fontsize=11)
        _thousands(ax, int(run.steps[-1]))
    for ax in axes.flat[len(runs) :]:
        ax.axis("off")
    for row in axes:
        row[0].set_ylabel("return")
    figure.supxlabel("environment steps of each agent", fontsize=11)
    return figure


def beliefs(arms: Mapping[str, Arm]) -> Figure:
    """What critics say of the states that the policies visit, and what is earned from there.

    Each of ``arms`` has a panel.
    """
    figure, axes = plt.subplots(1, len(arms), figsize=(8.4, 2.9), sharex=True, sharey=True)
    for ax, (name, arm) in zip(axes, arms.items(), strict=True):
        draw_stack(ax, arm.steps, arm.inside["critic"], color=COLORS["critic"], label="believed")
        earned = iqm(arm.inside["monte_carlo"], axis=0)
        ax.plot(arm.steps, earned, color=COLORS["ink"], lw=1.6, ls=(0, (4, 2)), label="earned")
        ax.set_title(name, fontsize=11)
        _thousands(ax, int(arm.steps[-1]))
    axes[0].set_ylabel("discounted return")
    axes[-1].legend(loc="center", handlelength=1.5, fontsize=9.5)
    figure.supxlabel("environment steps of each agent", fontsize=11)
    return figure


def histogram(gains: Array) -> Figure:
    """Loop gains of single transitions, ``(agents, transitions)``."""
    figure, ax = plt.subplots(figsize=(5.6, 3.1))
    edges = np.linspace(0, 2, 41)
    for row in gains:
        counts = np.histogram(row, edges)[0]
        ax.stairs(counts, edges, color=COLORS["critic"], lw=0.8, alpha=0.5)
    mean = np.histogram(gains, edges)[0] / len(gains)
    ax.stairs(mean, edges, color=COLORS["critic"], lw=2)
    ax.axvline(1, color=COLORS["ink"], lw=1.2)
    above = "raises its target\nby more than itself"
    ax.text(1.04, 0.9, above, transform=ax.get_xaxis_transform(), va="top")
    ax.set(xlabel="loop gain of one transition", ylabel="transitions of 100", xlim=(0, 2))
    return figure


_POINTS: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}


def _thousands(ax: Axes, last: int) -> None:
    ax.set_xticks([0, last // 2, last])
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
