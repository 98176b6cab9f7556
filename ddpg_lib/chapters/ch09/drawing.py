"""Chapter 9's figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ddpg_lib.chapters.ch09.watching import distance_from_upright
from ddpg_lib.ddpg import DDPG
from ddpg_lib.figures.curves import draw_stack, label_end
from ddpg_lib.figures.film import frame_of
from ddpg_lib.figures.style import COLORS
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.worlds.pendulum.drawing import draw_map, draw_path, draw_pendulum, phase_plane
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum, PendulumOptimum
from ddpg_lib.worlds.pendulum.simulation import Simulation

Array = NDArray[np.float64]

SECONDS = 0.05  # of a step
VALUES = {"cmap": "Greys_r", "vmin": -400, "vmax": 60, "alpha": 0.55}


def _wrapped(theta: Any) -> Any:
    return (theta + np.pi) % (2 * np.pi) - np.pi


def draw_paths(
    ax: Axes,
    takes: Sequence[Simulation],
    best: Simulation,
    start: int,
    optimum: PendulumOptimum | None = None,
) -> None:
    """Draw paths from one start, the agents' and the best, perhaps over the optimal values."""
    if optimum is None:
        phase_plane(ax)
    else:
        draw_map(ax, optimum.grid, optimum.values[0], **VALUES)
    for take in takes:
        path = take.theta[start], take.theta_dot[start]
        draw_path(ax, *path, color=COLORS["actor"], lw=1, alpha=0.7)
    draw_path(ax, best.theta[start], best.theta_dot[start], color=COLORS["ink"], lw=2)
    first = _wrapped(best.theta[start, 0])
    ax.plot(first, best.theta_dot[start, 0], "o", color=COLORS["ink"], ms=7)


def swing_film(take: Simulation, optimum: PendulumOptimum, last: int = 160) -> Iterator[Any]:
    """Yield ``frames`` of an episode, as arrays ``(height, width, 3)``: the rod, and its path."""
    from matplotlib import pyplot as plt

    theta, speed, torque = take.theta[0], take.theta_dot[0], take.torques[0]
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(7.2, 3.6), dpi=100, width_ratios=(1, 1.15), facecolor="white"
    )
    left.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    left.axis("off")
    draw_map(right, optimum.grid, optimum.values[0], **VALUES)
    trail = draw_path(right, [], [], color=COLORS["actor"], lw=1.8)
    (dot,) = right.plot([], [], "o", color=COLORS["actor"], ms=8)
    clock = left.text(-1.25, 1.15, "", fontsize=12)
    fig.draw_without_rendering()
    for t in range(last):
        drawn = draw_pendulum(left, theta[t], torque[t])
        angle = _wrapped(theta[: t + 1])
        jumps = np.flatnonzero(np.abs(np.diff(angle)) > np.pi) + 1
        trail.set_data(np.insert(angle, jumps, np.nan), np.insert(speed[: t + 1], jumps, np.nan))
        dot.set_data(angle[-1:], speed[t : t + 1])
        clock.set_text(f"{SECONDS * t:4.1f} s")
        yield frame_of(fig)
        for artist in drawn:
            artist.remove()
    plt.close(fig)


def draw_choices(ax: Axes, losses: Mapping[str, Array]) -> None:
    """Draw the ``losses`` of each arm's agents, their mean, and its interval, in percent.

    The axis is logarithmic: most lie within a few percent, and a failure is off by hundreds.
    """
    for row, loss in enumerate(losses.values()):
        low, high = bootstrap_interval(loss, np.mean)
        color = COLORS["ink"] if row == 0 else COLORS["actor"]
        ax.plot(loss, np.full(len(loss), row), "o", ms=4, color=color, alpha=0.45, mew=0)
        ax.plot([low, high], [row, row], color=color, lw=3)
        ax.plot(loss.mean(), row, "|", color=color, ms=12, mew=2)
    ax.set_yticks(range(len(losses)), losses)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.set_xscale("log")
    ax.set_xticks([5, 10, 30, 100, 300, 1000], ["5", "10", "30", "100", "300", "1,000"])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("return lost against the optimum (%, logarithmic)")


def draw_lost_by_start(ax: Axes, angle: Array, lost: Array) -> None:
    """Draw the return ``lost``, ``(agents, starts)``, over the ``angle`` of the start."""
    ax.plot(angle, lost.T, "o", ms=2.5, color=COLORS["actor"], alpha=0.35, mew=0)
    ax.plot(angle, lost.mean(axis=0), "o", ms=5, color=COLORS["actor"])
    ax.axhline(0, color=COLORS["ink"], lw=1)
    ticks = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4, np.pi]
    ax.set_xticks(ticks, ["0\nupright", "π/4", "π/2", "3π/4", "π\nhanging"])
    ax.set_xlabel("angle at the start (rad, either side)")
    ax.set_ylabel("return lost against the optimum")


def lost_by_phase(regrets: Array, masks: Mapping[str, NDArray[np.bool_]]) -> Figure:
    """The loss by phase of the motion, and as it grows with time.

    ``regrets`` is ``(agents, starts, steps)``; the masks are as from
    :func:`~ddpg_lib.chapters.ch09.watching.phases`.
    """
    from matplotlib import pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.3), width_ratios=(1, 1.3))
    for row, mask in enumerate(masks.values()):
        cost = (regrets * mask).sum(axis=2).mean(axis=1)
        low, high = bootstrap_interval(cost)
        left.barh(row, iqm(cost), color=COLORS["actor"], alpha=0.25)
        left.plot(cost, np.full(len(cost), row), "o", ms=4, color=COLORS["actor"], alpha=0.6, mew=0)
        left.plot([low, high], [row, row], color=COLORS["actor"], lw=3)
    left.set_yticks(range(len(masks)), masks)
    left.invert_yaxis()
    left.set_xlabel("return lost per episode")
    left.grid(visible=False, axis="y")
    seconds = SECONDS * np.arange(regrets.shape[2])
    draw_stack(right, seconds, regrets.mean(axis=1).cumsum(axis=1), color=COLORS["actor"])
    right.set_xlabel("time since the start (s)")
    right.set_ylabel("return lost so far")
    return fig


def draw_beliefs(ax: Axes, steps: Array, believed: Array, earned: Array, exact: float) -> None:
    """Draw over ``steps`` what is ``believed`` and ``earned``, each ``(agents, evaluations)``."""
    draw_stack(ax, steps, believed, color=COLORS["critic"])
    draw_stack(ax, steps, earned, color=COLORS["actor"])
    ax.axhline(exact, color=COLORS["ink"], lw=1, ls=(0, (4, 2)))
    last = steps[-1]
    ax.set_xlim(0, 1.3 * last)
    label_end(ax, last, iqm(believed)[-1] + 18, "critics' belief", COLORS["critic"])
    label_end(ax, last, iqm(earned)[-1] - 22, "policies' return", COLORS["actor"])
    ax.text(0.02 * last, exact + 10, "optimum", color=COLORS["ink"])
    ax.set_xlabel("environment steps of each agent")
    ax.set_ylabel("discounted value of a start")
    ax.xaxis.set_major_formatter("{x:,.0f}")


def landscapes(
    agent: DDPG, exact: DiscountedPendulumOptimum, states: Mapping[str, tuple[float, float]]
) -> Figure:
    """Action values over the torque in ``states``, of the critics and exact, below the best."""
    from matplotlib import pyplot as plt

    model, n = PendulumModel(), agent.n
    torques = np.linspace(-2, 2, 81)
    fig, axes = plt.subplots(1, len(states), figsize=(7.8, 3.1), sharex=True)
    for ax, (name, state) in zip(axes, states.items(), strict=True):
        obs = np.tile(model.observation(*state), (n, len(torques), 1))
        q = agent.q(obs, np.tile(torques[:, None], (n, 1, 1)))
        below = (q - q.max(axis=1, keepdims=True)).T
        ax.plot(torques, below, color=COLORS["critic"], lw=0.8, alpha=0.6)
        q_star = exact.action_value(0, *state, torques)
        ax.plot(torques, q_star - q_star.max(), color=COLORS["ink"])
        chosen = agent.act(obs[:, :1])[:, 0, 0]
        ax.plot(chosen, np.zeros(n), "v", color=COLORS["actor"], ms=7, alpha=0.7, clip_on=False)
        ax.set_title(name, fontsize=11)
        ax.set_xlabel("torque (N m)")
    axes[0].set_ylabel("value below the best action's")
    return fig


def policy_maps(policies: Mapping[str, Any], optimum: PendulumOptimum) -> Figure:
    """The torque of each of ``policies`` in every state of the phase plane."""
    from matplotlib import pyplot as plt

    grid = optimum.grid
    angles, rates = np.meshgrid(grid.theta, grid.theta_dot, indexing="ij")
    obs = PendulumModel().observation(angles, rates).reshape(-1, 3)
    fig, axes = plt.subplots(1, len(policies), figsize=(7.6, 3.4), sharey=True)
    for ax, (title, policy) in zip(axes, policies.items(), strict=True):
        torque = np.reshape(policy(0, obs), angles.shape)
        image = draw_map(ax, grid, torque, cmap="PuOr", vmin=-2, vmax=2)
        ax.set_title(title)
    axes[-1].set_ylabel("")
    fig.colorbar(image, ax=axes, label="torque (N m)", shrink=0.9)
    return fig


def loss_beside_return(steps: Array, curves: Array, loss: Array) -> Figure:
    """``curves`` of returns and of ``loss``, ``(agents, evaluations)``, over ``steps``."""
    from matplotlib import pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
    draw_stack(left, steps, curves, color=COLORS["actor"])
    left.set_ylabel("return of an episode")
    learning = ~np.isnan(loss[0])
    draw_stack(right, steps[learning], loss[:, learning], color=COLORS["critic"])
    right.set_yscale("log")
    right.set_ylabel("critic's loss")
    for ax in (left, right):
        ax.set_xlabel("environment steps")
        ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k")
    return fig


def typical_start(lost: Array, theta: Array) -> int:
    """A start of middling loss among those from which one swing does not suffice.

    ``lost`` is ``(agents, starts)``, ``theta`` the starts' angles ``(starts,)`` in radians.
    """
    angle = distance_from_upright(theta)
    low_down = np.flatnonzero((angle > 2.25) & (angle < 2.6))
    order = np.argsort(lost.mean(axis=0)[low_down])
    return int(low_down[order[len(low_down) // 2]])
