"""The figures of chapter 1 and of its deeper pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.figures.curves import label_end
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval
from ddpg_lib.worlds.pendulum.drawing import TORQUE_MAP, draw_map, draw_path, draw_pendulum
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.optimum import PendulumOptimum
from ddpg_lib.worlds.pendulum.simulation import Simulation

Array = NDArray[np.float64]


def swing(policy: Any, theta: float, theta_dot: float, steps: int = 200) -> tuple[Array, ...]:
    """``(angles, rates, torques)`` of one episode of ``policy(t, obs)`` from a state."""
    model = PendulumModel()
    states, torques = [(theta, theta_dot)], []
    for t in range(steps):
        torque = float(policy(t, model.observation(theta, theta_dot)[None])[0])
        next_theta, next_speed, _ = model.step(theta, theta_dot, torque)
        theta, theta_dot = float(next_theta), float(next_speed)
        states.append((theta, theta_dot))
        torques.append(torque)
    angles, speeds = np.transpose(states)
    return angles, speeds, np.array(torques)


def strips(rows: Mapping[str, tuple[Any, Sequence[int]]]) -> Figure:
    """A hanging pendulum at some moments of an episode; ``rows`` hold a policy and its moments."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(rows), 1, figsize=(5.6, 3.5))
    for ax, (title, (policy, moments)) in zip(axes, rows.items(), strict=True):
        theta, _, torques = swing(policy, 3.1, 0.0)
        for k, t in enumerate(moments):
            x = 2.4 * k
            # Where the tip has been since the moment before.
            arc = theta[moments[k - 1] if k else 0 : t + 1]
            ax.plot(x - np.sin(arc), np.cos(arc), color=COLORS["muted"], linewidth=1)
            draw_pendulum(ax, theta[t], torques[t], center=(x, 0))
            ax.text(x, -1.45, f"{0.05 * t:.1f} s", ha="center", fontsize=10)
        ax.set(title=title, xlim=(-1.2, 10.8), ylim=(-1.5, 1.1), aspect="equal")
        ax.axis("off")
    return figure


def draw_returns(ax: Axes, records: Mapping[str, Simulation]) -> None:
    """Draw the episodes in ``records``, by the policy's name, their mean and its interval."""
    jitter = np.random.default_rng(0).uniform(-0.2, 0.2, 200)
    colors = dict(zip(records, ("noise", "muted", "replay", "ink"), strict=True))
    for row, (name, record) in enumerate(records.items()):
        x, color = record.returns, COLORS[colors[name]]
        ax.plot(x, row + jitter[: len(x)], "o", ms=3, alpha=0.45, color=color, mew=0)
        low, high = bootstrap_interval(x, statistic=np.mean)
        ax.plot([low, high], [row - 0.34] * 2, color=COLORS["ink"], linewidth=2.5)
        ax.plot(x.mean(), row - 0.34, "|", markersize=10, color=COLORS["ink"])
        side = "right" if x.mean() > -300 else "center"
        where: Any = {"textcoords": "offset points", "ha": side, "fontsize": 10}
        ax.annotate(f"mean −{-x.mean():.0f}", (x.mean(), row - 0.34), (0, -13), **where)
    ax.set_yticks(range(len(records)), list(records))
    ax.set(xlabel="return of an episode of 200 steps", xlim=(-1950, 40), ylim=(-0.8, 3.4))
    ax.grid(axis="y")


def draw_by_start(ax: Axes, best: Simulation, shaped: Simulation) -> None:
    """Draw the optimum's and energy shaping's returns over the angle at the start."""
    angle = best.theta[:, 0]
    dots: dict[str, Any] = {"marker": "o", "linestyle": "", "ms": 4, "mew": 0}
    ax.plot(angle, shaped.returns, color=COLORS["replay"], **dots)
    ax.plot(angle, best.returns, color=COLORS["ink"], **dots)
    ax.annotate("optimum", (-1.3, -90), color=COLORS["ink"], ha="center")
    ax.annotate("energy shaping", (1.9, -330), color=COLORS["replay"], ha="center")
    ticks = [-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi]
    ax.set_xticks(ticks, ["−π", "−π/2", "0", "π/2", "π"])
    ax.set(xlabel="angle at the start (rad), 0 upright", ylabel="return of an episode")


def value_and_torque(optimum: PendulumOptimum, path: tuple[Array, Array]) -> Figure:
    """Maps of the optimal value and of the best torque, with a ``path`` over both."""
    from matplotlib import pyplot as plt

    grid = optimum.grid
    figure, (left, right) = plt.subplots(1, 2, figsize=(5.6, 3.7), sharey=True)
    image = draw_map(left, grid, optimum.values[0], vmin=-300, vmax=0)
    label: Any = {"location": "top", "label": "optimal value V*", "ticks": [-300, -150, 0]}
    figure.colorbar(image, ax=left, **label)
    torque = optimum.act(0, *np.meshgrid(grid.theta, grid.theta_dot, indexing="ij"))
    image = draw_map(right, grid, torque, cmap=TORQUE_MAP)
    label = {"location": "top", "label": "best torque (N m)", "ticks": [-2, 0, 2]}
    figure.colorbar(image, ax=right, **label)
    outline = [withStroke(linewidth=3.5, foreground="black")]
    for ax in (left, right):
        line: dict[str, Any] = {"color": "white", "path_effects": outline}
        draw_path(ax, *path, linewidth=1.8, **line)
        _draw_heads(ax, *path)
        ax.plot(path[0][0], path[1][0], "o", markersize=6, **line)
        ax.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])
        ax.set_xlabel("angle θ (rad)")
    right.set_ylabel("")
    return figure


def _draw_heads(ax: Axes, theta: Array, theta_dot: Array) -> None:
    """Draw an arrowhead along a path wherever it passes a greatest or least velocity."""
    turns = np.flatnonzero(np.diff(np.sign(np.diff(theta_dot)))) + 1
    for k in turns[np.abs(theta_dot[turns]) > 1.5]:
        x = (theta[k] + np.pi) % (2 * np.pi) - np.pi
        tip = (x + (theta[k + 1] - theta[k]), theta_dot[k + 1])
        head: Any = {"arrowstyle": "-|>", "mutation_scale": 17, "fc": "white", "ec": "black"}
        ax.annotate("", tip, (x, theta_dot[k]), arrowprops=head | {"shrinkA": 0, "shrinkB": 0})


def play(
    solution: PendulumOptimum,
    theta: ArrayLike,
    theta_dot: ArrayLike,
    first: ArrayLike | None = None,
) -> Array:
    """Returns of episodes from ``theta``, ``theta_dot``: torque ``first``, then greedy to the end.

    Whatever the shapes, they are broadcast to ``(...)``, that of the result.
    """
    exact = solution.grid.model
    torque = solution.act(0, theta, theta_dot) if first is None else first
    theta, theta_dot, total = exact.step(theta, theta_dot, torque)
    for t in range(1, 200):
        torque = solution.act(t, theta, theta_dot)
        theta, theta_dot, reward = exact.step(theta, theta_dot, torque)
        total = total + reward
    return total


def landscapes(torques: Array, values: Mapping[str, Array], angles: Sequence[float]) -> Figure:
    """Optimal action values in some states, each of ``values`` over ``torques``, the best a dot."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(values), figsize=(5.6, 2.8))
    for ax, (title, q), angle in zip(axes, values.items(), angles, strict=True):
        ax.plot(torques, q, color=COLORS["ink"])
        top = q.argmax()
        dot: Any = {"color": COLORS["actor"], "ms": 7, "clip_on": False, "zorder": 5}
        ax.plot(torques[top], q[top], "o", **dot)
        ax.set_title(title)
        ax.set(xlabel=f"torque (N m)\nat rest, θ = {angle}", xticks=[-2, 0, 2])
    axes[0].set_ylabel("Q* (return)")
    return figure


def top_of_climb(q: Array, i: int) -> int:
    """Index at which a walk along the values ``q`` ends that goes up while it can."""
    while True:
        around = [j for j in (i - 1, i, i + 1) if 0 <= j < len(q)]
        j = max(around, key=lambda j: q[j])
        if j == i:
            return i
        i = j


def draw_times(ax: Axes, seconds: Sequence[float], per_action: float) -> None:
    """Draw how long one maximum takes on grids for 1 to 17 components; the first are measured."""
    year = 365.25 * 24 * 3600
    motors = np.arange(1, 18)
    for k, color in ((3, "muted"), (5, "muted"), (11, "critic")):
        times = float(k) ** motors * per_action
        ax.plot(motors, times, color=COLORS[color], linewidth=1.6)
        label_end(ax, 17, times[-1], f"k = {k}", COLORS[color])
    ax.plot(range(1, len(seconds) + 1), seconds, "o", color=COLORS["critic"])
    ax.annotate("measured", (1.9, 0.02), ha="center", color=COLORS["critic"])
    spans = {"a second": 1, "a day": 86400, "a year": year, "1000 years": 1000 * year}
    for text, span in spans.items():
        ax.axhline(span, color=COLORS["ink"], linewidth=0.6, linestyle=(0, (2, 3)))
        ax.annotate(text, (0.6, span), (0, 3), textcoords="offset points", fontsize=10)
    robots = ((1, "Pendulum", "left"), (6, "HalfCheetah", "center"), (17, "Humanoid", "right"))
    for m, name, side in robots:
        where: Any = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        ax.annotate(name, (m, 1), (0, 4), ha=side, fontsize=10, **where)
        ax.axvline(m, color=COLORS["grid"], linewidth=1)
    ax.grid(visible=False)
    ax.set(yscale="log", xlim=(0.4, 18.8), ylim=(1e-6, 1e14))
    ax.set(xlabel="action components m", ylabel="time of one maximum (s)")
    ax.set_xticks([1, 4, 6, 8, 10, 12, 14, 17])


def draw_steps(ax: Axes, full: PendulumOptimum, weak: PendulumOptimum) -> None:
    """Draw the optimal return of starts at rest, with the full motor and with half of it."""
    angles = np.linspace(0, np.pi, 600)
    rest = np.zeros_like(angles)
    ax.plot(angles, play(full, angles, rest), color=COLORS["ink"])
    ax.plot(angles, play(weak, angles, rest), color=COLORS["target"])
    ax.annotate("torque in [−2, 2]", (2.1, -95), ha="right", color=COLORS["ink"])
    ax.annotate("torque in [−1, 1]", (2.0, -380), ha="right", color=COLORS["target"])
    ticks = ["0\nupright", "π/4", "π/2", "3π/4", "π\nhanging"]
    ax.set_xticks(np.arange(5) * np.pi / 4, ticks)
    ax.set(xlabel="angle at the start (rad), at rest", ylabel="optimal return V*")
