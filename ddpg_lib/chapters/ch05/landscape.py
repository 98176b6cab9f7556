"""A pendulum's critic as a landscape over torques, and the path of its actor through it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from torch import nn

from ddpg_lib.figures.style import COLORS
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.runs.run import Run
from ddpg_lib.worlds.pendulum import PendulumModel

Array = NDArray[Any]
Network = TypeVar("Network", bound=nn.Module)
TORQUES = np.linspace(-2, 2, 41)


def alone(network: Network, i: int) -> Network:
    """Agent i's network out of a stack, as a stack of one."""
    one = copy.deepcopy(network)
    for p in one.parameters():
        p.data = p.data[i : i + 1]
    return one


class Networks:
    """Keeps copies of a run's networks; given to ``train`` as ``on_evaluation``.

    Attributes
    ----------
    steps : list of int
        Of every evaluation, step 0 included.
    kept : list of (Actor, Critic)
    """

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.kept: list[tuple[Actor, Critic]] = []

    def __call__(self, run: Run) -> None:
        """Copy the networks."""
        self.steps.append(run.step)
        self.kept.append((copy.deepcopy(run.agent.actor), copy.deepcopy(run.agent.critic)))

    def since(self, step: int) -> tuple[Array, list[tuple[Actor, Critic]]]:
        """What was kept from a step on.

        Returns
        -------
        steps : array
        networks : list of (Actor, Critic)
            One pair for each of the steps.
        """
        first = next(i for i, s in enumerate(self.steps) if s >= step)
        return np.array(self.steps[first:]), self.kept[first:]


def _observed(angle: ArrayLike, speed: ArrayLike) -> torch.Tensor:
    return torch.tensor(PendulumModel().observation(angle, speed)).reshape(1, -1, 3)


@torch.no_grad()
def critic_values(
    critic: Critic, angle: ArrayLike, speed: ArrayLike, torque: ArrayLike, scale: float = 0.1
) -> Array:
    """One agent's values of torques, in units of the reward.

    Parameters
    ----------
    critic : Critic
        A stack of one.
    angle, speed, torque : array_like
        Angles in radians, speeds in rad/s, torques in N m; they broadcast.
    scale : float
        The ``reward_scale`` of its training.

    Returns
    -------
    array
        Of the arguments' common shape.
    """
    theta, theta_dot, u = np.broadcast_arrays(angle, speed, np.asarray(torque, float))
    scaled = torch.tensor(u / 2, dtype=torch.float32).reshape(1, -1, 1)
    return critic(_observed(theta, theta_dot), scaled).numpy().reshape(u.shape) / scale


@torch.no_grad()
def actor_torques(actor: Actor, angle: ArrayLike, speed: ArrayLike) -> Array:
    """One agent's torques, in N m.

    Parameters
    ----------
    actor : Actor
        A stack of one.
    angle, speed : array_like
        Angles in radians and speeds in rad/s; they broadcast.

    Returns
    -------
    array
        Of the arguments' common shape.
    """
    theta, theta_dot = np.broadcast_arrays(np.asarray(angle, float), speed)
    return 2 * actor(_observed(theta, theta_dot)).numpy().reshape(theta.shape)


def slope_at(critic: Critic, angle: ArrayLike, speed: ArrayLike, torque: Array) -> Array:
    """The slope of one agent's values in the torque, by a central difference.

    Parameters
    ----------
    critic : Critic
        A stack of one.
    angle, speed : array_like
        Angles in radians and speeds in rad/s; they broadcast with the torques.
    torque : array
        In N m.

    Returns
    -------
    array
        Reward for each N m.
    """
    low, high = (critic_values(critic, angle, speed, torque + d) for d in (-0.02, 0.02))
    return (high - low) / 0.04


def draw_landscape(ax: Axes, x: Array, below: Array, span: float) -> None:
    """Draw how far each torque's value is below its column's best; light is good.

    ``below`` is ``(41, columns)``, one row for each of ``TORQUES``; black is ``span`` or more.
    """
    step = (x[1] - x[0]) / 2
    ax.imshow(
        -below,
        origin="lower",
        aspect="auto",
        cmap="Greys_r",
        vmin=-span,
        vmax=0.15 * span,
        extent=(x[0] - step, x[-1] + step, -2.05, 2.05),
        interpolation="bilinear",
    )
    ax.grid(False)


def draw_arrows(ax: Axes, x: Array, torque: Array, slope: Array, length: float = 0.45) -> None:
    """Draw arrows of one length in the direction in which Q grows.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, torque : array, shape (arrows,)
        Where each begins.
    slope : array, shape (arrows,)
        Its sign is the direction.
    length : float
        In N m.
    """
    for where, start, up in zip(x, torque, np.sign(slope), strict=True):
        end = np.clip(start + up * length, -2.05, 2.05)
        style = {"arrowstyle": "-|>", "color": COLORS["critic"], "lw": 1.4}
        exact = {"shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (where, end), (where, start), arrowprops={**style, **exact})


def draw_path(
    ax: Axes,
    steps: Array,
    networks: list[tuple[Actor, Critic]],
    star: int,
    place: tuple[float, float],
) -> None:
    """Draw one state through training: an agent's landscape, its arrows, and all actors' torques.

    ``networks`` are pairs of actor and critic, one for each of ``steps``; ``place`` is the
    state's angle and speed, ``star`` the agent whose landscape is drawn. Every second of
    ``steps`` has an arrow, beginning with the second: at the first no critic has learned.
    """
    columns = [critic_values(alone(critic, star), *place, TORQUES) for _, critic in networks]
    agents = len(next(networks[0][0].parameters()))
    everyone = np.array(
        [[actor_torques(alone(a, i), *place).item() for i in range(agents)] for a, _ in networks]
    )
    q = np.array(columns).T
    draw_landscape(ax, steps, (q.max(axis=0) - q) / np.ptp(q, axis=0), 1)
    ax.plot(steps, everyone, color=COLORS["actor"], lw=0.8, alpha=0.5)
    ax.plot(steps, everyone[:, star], color=COLORS["actor"], lw=2.7)
    some = np.arange(1, len(steps), 2)
    slopes = [float(slope_at(alone(networks[k][1], star), *place, everyone[k, star])) for k in some]
    draw_arrows(ax, steps[some], everyone[some, star], np.array(slopes))
    ax.set_xlabel("environment steps")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k")
