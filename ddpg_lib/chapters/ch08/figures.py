"""The figures of chapter 8 and of its deeper pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ddpg_lib.chapters.ch08.car import FLAG, wilson
from ddpg_lib.chapters.ch08.processes import AR1, draw
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.chapters.ch08.swings import push
from ddpg_lib.figures import COLORS, draw_stack
from ddpg_lib.runs.run import Run

MEMORIES = {0.0: "muted", 0.85: "noise", 0.9985: "target"}
"""The memories that the chapter compares, and their colors."""


def _thousands(x: float, _: int) -> str:
    return f"{x / 1000:g}k"


def still_car(run: Run) -> Figure:
    """Agents on the car: their returns, and where in its valley they have ever been."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
    draw_stack(left, run.steps, run.curves, color=COLORS["actor"])
    left.set(xlabel="environment steps", ylabel="return, without noise", ylim=(-20, 104))
    left.xaxis.set_major_formatter(_thousands)
    left.axhline(90, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
    left.text(3_000, 83, "solved", ha="right", color=COLORS["ink"])
    seen = run.agent.replay.rows[:, : len(run.agent.replay), :2].reshape(-1, 2).numpy()
    right.plot(*seen.T, ".", color=COLORS["replay"], ms=1.5, rasterized=True)
    right.axvline(FLAG, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
    right.text(FLAG - 0.03, 0.055, "flag", ha="right", color=COLORS["ink"])
    right.set(xlabel="position", ylabel="velocity", xlim=(-1.2, 0.6), ylim=(-0.07, 0.07))
    return fig


def three_memories(std: float, steps: int = 150, lags: int = 40, seed: int = 3) -> Figure:
    """One path of each memory, equally strong, and how long each remembers."""
    fig, axes = plt.subplots(
        1, 2, figsize=(7.4, 3.2), width_ratios=[1.6, 1], gridspec_kw={"wspace": 0.08}
    )
    paths, correlations = axes
    ticks: dict[float, str] = {}
    for row, (m, color) in enumerate(MEMORIES.items()):
        process = AR1.with_std(std, m)
        x, zero = draw(process, 1, steps, seed)[0], -4 * std * row
        paths.plot(x + zero, color=COLORS[color], lw=1.2)
        paths.plot([0, steps], [zero, zero], color=COLORS["grid"], lw=0.8, zorder=0)
        paths.text(steps + 3, zero, f"m = {m:g}", color=COLORS[color], va="center")
        ticks |= {zero + sign * std: f"{sign * std:g}" for sign in (1, 0, -1)}
        lag = np.arange(lags + 1)
        correlations.plot(lag, process.autocorrelation(lag), color=COLORS[color])
    paths.set(xlabel="step after the reset", ylabel="noise", xlim=(0, steps * 1.25))
    paths.set_xticks([0, 50, 100, 150])
    paths.set_yticks(list(ticks), [text.replace("-", "−") for text in ticks.values()], fontsize=9)
    paths.grid(visible=False)
    correlations.set(xlabel="steps apart", ylabel="correlation")
    return fig


def arrival_curves(
    strengths: Sequence[float], shares: Mapping[float, Sequence[float]], cars: int
) -> Figure:
    """How often noise alone brings the car to its flag, against its strength, by memory.

    ``shares`` are, for each memory, the shares of so many ``cars`` that arrive, one a strength;
    ``strengths`` are standard deviations.
    """
    fig, ax = plt.subplots(figsize=(5.8, 3.4))
    for m, share in shares.items():
        color = COLORS[MEMORIES[m]]
        low, high = np.transpose([wilson(s, cars) for s in share])
        ax.plot(strengths, share, "o-", color=color, ms=4, lw=1.6)
        ax.fill_between(strengths, low, high, color=color, alpha=0.2, lw=0)
        name = "white noise" if m == 0 else f"m = {m:g}"
        ax.annotate(
            name, (strengths[-1], share[-1]), (6, 0), textcoords="offset points", va="center",
            color=color,
        )  # fmt: skip
    ax.set(
        xscale="log", xlabel="standard deviation, full torque = 1", ylabel="episodes that arrive",
        ylim=(-0.03, 1.03), xlim=(strengths[0] * 0.93, strengths[-1] * 1.75),
    )  # fmt: skip
    ax.set_xticks(strengths, [f"{s:g}" for s in strengths])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
    return fig


def records(of: Mapping[str, ArrayLike], steps: int = 200) -> Figure:
    """Some steps of several records of noise, ``of`` each name one, on one scale."""
    fig, axes = plt.subplots(len(of), 1, figsize=(7.2, 1.25 * len(of)), sharex=True, sharey=True)
    for ax, (name, record) in zip(axes, of.items(), strict=True):
        ax.plot(np.asarray(record)[:steps], color=COLORS["noise"], lw=1.1)
        ax.axhline(0, color=COLORS["ink"], lw=0.7)
        ax.set_ylabel(name, rotation=0, labelpad=12)
    axes[-1].set(xlabel="step", ylim=(-3, 3))
    return fig


def panels(
    steps: ArrayLike, curves: Mapping[str, ArrayLike], colors: Mapping[str, str], rows: int = 2
) -> Figure:
    """Learning curves of several groups, a panel each.

    ``curves`` are, by name, ``(agents, evaluations)``, evaluated at ``steps``; ``colors`` are names
    of the house colors, and the panels stand in so many ``rows``.
    """
    columns = -(-len(curves) // rows)
    fig, axes = plt.subplots(
        rows, columns, figsize=(7.6, 2.4 * rows), sharex=True, sharey=True, squeeze=False
    )
    for ax, (name, group) in zip(axes.flat, curves.items(), strict=False):
        draw_stack(ax, steps, group, color=COLORS[colors[name]])
        ax.axhline(90, color=COLORS["ink"], lw=0.8, ls=(0, (4, 2)))
        ax.set_title(name, fontsize=11)
        ax.xaxis.set_major_formatter(_thousands)
    for ax in axes[-1]:
        ax.set_xlabel("environment steps")
    for ax in axes[:, 0]:
        ax.set_ylabel("return")
    return fig


def phase_planes(std: float, steps: int = 200, episodes: int = 8, seed: int = 4) -> Figure:
    """One torque record of each memory, and the pendulum's paths under eight such."""
    fig, axes = plt.subplots(2, 3, figsize=(7.6, 4.4), height_ratios=[1, 2.2])
    for (m, color), (above, below) in zip(MEMORIES.items(), axes.T, strict=True):
        u = draw(AR1.with_std(std, m), episodes, steps, seed)
        above.plot(0.05 * np.arange(steps), 2 * u[0], color=COLORS[color], lw=1)
        above.set(title=f"m = {m:g}", ylim=(-3.4, 3.4), xlabel="time (s)")
        above.set_yticks([-2, 0, 2])
        for angle, speed in zip(*push(u), strict=True):
            below.plot(angle, speed, color=COLORS["actor"], lw=0.7, alpha=0.7)
        below.plot(0, 0, "o", color=COLORS["ink"], ms=4)
        below.set(xlim=(-3.3, 3.3), ylim=(-8, 8), xlabel="angle (rad)")
        below.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])
    axes[0, 0].set_ylabel("torque (N m)")
    axes[1, 0].set_ylabel("speed (rad/s)")
    return fig


def spectra(swings: Mapping[str, float], steps: int = 4_096, paths: int = 40) -> Figure:
    """Spectra of the three memories: measured on the library's noise, and exact.

    ``swings`` are angular frequencies by name, which are marked.
    """
    from scipy import signal

    fig, ax = plt.subplots(figsize=(5.8, 3.6))
    wave = np.geomspace(0.01, np.pi, 300)
    for m, color in MEMORIES.items():
        process = AR1.with_std(1.0, m)
        x = draw(process, paths, steps + 2_000)[:, 2_000:]
        f, power = signal.welch(x, nperseg=1024, return_onesided=False, scaling="density")
        keep = (f > 0.0015) & (np.arange(len(f)) % 6 == 1)
        ax.plot(2 * np.pi * f[keep], power.mean(axis=0)[keep], "o", ms=3, color=COLORS[color])
        ax.plot(wave, process.spectrum(wave), color=COLORS["ink"], lw=1)
        ax.text(3.3, float(process.spectrum(3.0)), f" m = {m:g}", color=COLORS[color], va="center")
    for name, omega in swings.items():
        ax.axvline(omega, color=COLORS["actor"], lw=1, ls=(0, (4, 2)))
        left = omega == min(swings.values())
        ax.annotate(
            name, (omega, 1.2e-3), (-3 if left else 3, 0), textcoords="offset points",
            ha="right" if left else "left", color=COLORS["actor"],
        )  # fmt: skip
    ax.set(
        xscale="log", yscale="log", xlim=(0.01, 8), xlabel="angular frequency ω (rad a step)",
        ylabel="power spectral density",
    )  # fmt: skip
    return fig


def highest_angles(
    memories: ArrayLike, mean: ArrayLike, half: ArrayLike, resonator: Resonator, std: float
) -> Figure:
    """How far noise of one strength swings the pendulum, against its memory; and the theory.

    For each of the ``memories`` m, ``mean`` is the mean highest angle in degrees and ``half`` half
    the length of its interval. The line is the theory's for the ``resonator`` after 200 steps.
    """
    m, steps = np.asarray(memories, float), 200
    fine = np.linspace(0, 0.9995, 200)
    theory = [np.sqrt(resonator.mean_square_amplitude(AR1.with_std(std, f), steps)) for f in fine]
    fig, ax = plt.subplots(figsize=(5.8, 3.4))
    ax.errorbar((1 + m) / (1 - m), mean, half, fmt="o", ms=5, capsize=2, color=COLORS["noise"])
    ax.plot((1 + fine) / (1 - fine), np.rad2deg(theory), color=COLORS["ink"], lw=1.3)
    best = AR1.with_std(1, resonator.best_m).memory
    ax.axvline(best, color=COLORS["muted"], lw=1, ls=":")
    ax.text(60, 44, "highest angle, measured", color=COLORS["noise"])
    ax.text(13, 6, "rms amplitude at the end, (8a.5)", color=COLORS["ink"])
    ax.set(
        xscale="log", ylim=(0, None), xlabel="memory M (steps)",
        ylabel="angle from hanging (degrees)",
    )  # fmt: skip
    return fig
