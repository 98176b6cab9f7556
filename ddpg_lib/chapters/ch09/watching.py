"""What chapter 9 measures of its agents: beliefs against returns, and where return is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.policies import PendulumPolicy
from ddpg_lib.worlds.pendulum.simulation import Simulation, start_states

Array = NDArray[np.float64]

AHEAD = 400  # steps, after which a reward counts 2% at gamma = 0.99
UPRIGHT, SLOW = 0.2, 0.5  # rad and rad/s within which the pendulum counts as held


def policy_of(agent: DDPG, i: int) -> PendulumPolicy:
    """Agent i of a stack as a policy, ``(t, observations (m, 3)) -> torques (m,)``."""
    return lambda t, obs: agent.act(np.broadcast_to(obs, (agent.n, *obs.shape)))[i, :, 0]


def discounted_returns(agent: DDPG, theta: Array, theta_dot: Array) -> Array:
    """Discounted sums ``(n, m)`` of rewards from the states ``theta`` and ``theta_dot``."""
    model = PendulumModel()
    theta, theta_dot = (np.tile(x, (agent.n, 1)) for x in (theta, theta_dot))
    total = np.zeros_like(theta)
    for t in range(AHEAD):
        torque = agent.act(model.observation(theta, theta_dot))[..., 0]
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        total += agent.config.gamma**t * reward
    return total


class Watch:
    """Notes at each evaluation what the critics believe of some starts, and what is earned there.

    Attributes
    ----------
    believed, earned : list of array, shape (n,)
        Means over the starts at each evaluation.
    """

    def __init__(self, starts: Sequence[int]) -> None:
        self.states = start_states(starts)
        self.believed: list[Array] = []
        self.earned: list[Array] = []

    def __call__(self, run: Any) -> None:
        """Note an evaluation of a ``run``."""
        agent = run.agent
        obs = np.tile(PendulumModel().observation(*self.states), (agent.n, 1, 1))
        self.believed.append(agent.q(obs).mean(axis=1))
        self.earned.append(discounted_returns(agent, *self.states).mean(axis=1))


def phases(takes: Sequence[Simulation]) -> dict[str, NDArray[np.bool_]]:
    """Which steps belong to which phase of the motion, each ``(agents, starts, steps)``.

    *Holding* is within 0.2 rad of upright and slower than 0.5 rad/s, *catching* the rest of the
    upper half, *swinging* the lower half.
    """
    angle = np.stack([distance_from_upright(take.theta[:, :-1]) for take in takes])
    speed = np.stack([np.abs(take.theta_dot[:, :-1]) for take in takes])
    holding = (angle < UPRIGHT) & (speed < SLOW)
    swinging = angle > np.pi / 2
    return {"swinging": swinging, "catching": ~swinging & ~holding, "holding": holding}


def distance_from_upright(theta: Array) -> Array:
    """The angle of ``theta`` to either side, ``(...)``: 0 upright, pi hanging, without turns."""
    return np.abs((theta + np.pi) % (2 * np.pi) - np.pi)
