"""How good a learned actor gradient is: it is compared with the exact one as agents train."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.chapters.ch05.actor_gradient import (
    action_slope,
    cosine,
    gradient_through,
    slope_by_differences,
)
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.networks import Actor
from ddpg_lib.runs.run import Run
from ddpg_lib.worlds.lqr import LQR
from ddpg_lib.worlds.pendulum import PendulumModel, pendulum_action_value

Array = NDArray[Any]
Compared = tuple[Array, Tensor, Tensor]
SPRING = LQR(
    np.array([[0.95, 0.2], [-0.2, 0.9]]),
    np.array([[0.0], [0.4]]),
    np.diag([1.0, 0.1]),
    np.array([[0.1]]),
    gamma=0.9,
)
"""A mass on a spring that is pushed to rest; its state is place and speed."""
STATES = 128  # of each agent's replay buffer, at each measurement


class Spring(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """The regulator ``SPRING``: 30 steps, random starts, forces from -2 to 2."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(-10, 10, (2,), np.float32)
        self.action_space = gym.spaces.Box(-2, 2, (1,), np.float32)
        self.s, self.time = np.zeros(2), 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin at a random place and speed, each from -1 to 1; no ``options`` are known.

        Returns
        -------
        obs : array, shape (2,)
            Place and speed.
        info : dict
            Empty.
        """
        super().reset(seed=seed)
        self.s, self.time = self.np_random.uniform(-1, 1, 2), 0
        return self.s.astype(np.float32), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Push with a force, the ``action (1,)``; the reward is minus the cost of both.

        Returns
        -------
        obs : array, shape (2,)
            Place and speed.
        reward : float
        terminated, truncated : bool
        info : dict
            Empty.
        """
        self.s, reward = SPRING.step(self.s, action)
        self.time += 1
        return self.s.astype(np.float32), float(reward), False, self.time == 30, {}


def spring_value(agent: DDPG, obs: Array, force: Array) -> Array:
    r"""The exact :math:`Q^\mu` of each agent's policy on the spring, by playing it out.

    ``obs`` is ``(n, batch, 2)``, ``force`` ``(n, batch, 1)``, the values ``(n, batch)``.
    """
    s, total = np.asarray(obs, float), np.zeros(obs.shape[:-1])
    for t in range(80):  # 0.9 to the 80th is 0.0002
        s, reward = SPRING.step(s, force)
        total, force = total + SPRING.gamma**t * reward, agent.act(s)
    return total


def pendulum_value(agent: DDPG, obs: Array, torque: Array, tolerance: float = 50) -> Array:
    r"""The exact :math:`Q^\mu` of each agent's policy on Pendulum, by playing it out.

    ``obs`` is ``(n, batch, 3)``, ``torque`` ``(n, batch, 1)``, the values ``(n, batch)``.
    """
    theta, theta_dot = PendulumModel().state(obs)

    def policy(t: int, seen: Array) -> Array:
        return agent.act(seen)[..., 0]

    return pendulum_action_value(
        policy, theta, theta_dot, torque[..., 0], gamma=agent.config.gamma, tolerance=tolerance
    )


def from_replay(agent: DDPG, count: int, seed: int = 0) -> Tensor:
    """States that each agent has stored, drawn at random: ``(n, count, obs_dim)``."""
    rows = np.random.default_rng(seed).integers(len(agent.replay), size=(agent.n, count))
    return torch.stack([agent.replay.rows[i, rows[i], : agent.obs_dim] for i in range(agent.n)])


class Compass:
    """Compares learned and exact actor gradients; given to ``train`` as ``on_evaluation``.

    Parameters
    ----------
    true_value : callable
        The exact action value: from an agent, observations and unscaled actions, to ``(n,
        batch)``.
    every : int
        Measures at every so many evaluations after the warm-up.

    Attributes
    ----------
    steps : list of int
        When it measured. The first measurement comes before the first update.
    away, here : list of array, shape (n,)
        Cosines of learned and exact gradient, at the actor's first weights and where it stands.
    signs : list of array, shape (n,)
        Share of states in which the learned slope has the exact one's sign, where the actor stands.
    learned, exact : array, shape (n, batch)
        The slopes of the last measurement.
    networks : list of (Actor, Critic)
        Copies at every evaluation, step 0 included.
    """

    def __init__(self, true_value: Callable[[DDPG, Array, Array], Array], every: int = 2) -> None:
        self.true_value, self.every = true_value, every
        self.steps: list[int] = []
        self.away: list[Array] = []
        self.here: list[Array] = []
        self.signs: list[Array] = []
        self.networks: list[Any] = []

    def __call__(self, run: Run) -> None:
        """Measure, if it is time."""
        step, agent, c = run.step, run.agent, run.config
        self.networks.append((copy.deepcopy(agent.actor), copy.deepcopy(agent.critic)))
        if step < c.warmup_steps or (step - c.warmup_steps) % (self.every * c.eval_every):
            return
        obs = from_replay(agent, STATES, seed=step)
        here, learned, exact = self.compare(agent, agent.actor, obs)
        away, _, _ = self.compare(agent, self.networks[0][0], obs)
        self.steps.append(step)
        self.here.append(here)
        self.away.append(away)
        self.signs.append((learned * exact > 0).float().mean(dim=(1, 2)).numpy())
        self.learned, self.exact = learned[..., 0].numpy(), exact[..., 0].numpy()

    def compare(self, agent: DDPG, actor: Actor, obs: Tensor) -> Compared:
        """Compare learned and exact gradients at an actor's actions.

        Parameters
        ----------
        agent : DDPG
            Whose critic and policy are compared.
        actor : Actor
            Where: its actions, and its responses.
        obs : Tensor, shape (n, batch, obs_dim)

        Returns
        -------
        cosine : array, shape (n,)
        learned, exact : Tensor, shape (n, batch, action_dim)
            The slopes, of the scaled reward in the scaled action.
        """
        action = actor(obs).detach()
        learned = action_slope(agent.critic, obs, action)
        exact = agent.config.reward_scale * slope_by_differences(
            lambda a: self.true_value(agent, obs.numpy(), agent.half_range * a), action
        )
        arrows = [gradient_through(actor, obs, slope) for slope in (learned, exact)]
        return cosine(*arrows).numpy(), learned, exact
