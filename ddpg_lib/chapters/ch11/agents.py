"""Agents that stand in one wrong unit each: what arrives of observation, action or reward.

The world stays Pendulum-v1. What differs is a line between it and the networks, so that
:func:`ddpg_lib.train` and :func:`ddpg_lib.results.reproduce.reproduce` can take each as ``agent``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch11.scales import Units, level, reach
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import make
from ddpg_lib.parts.replay import ReplayBuffer

Array = NDArray[np.float32]


class OtherUnits(DDPG):
    """Sees the cosine in percent and shifted by 300, the velocity in hundreds of rad/s.

    The sine stays as it is. The change of units is ``UNITS``.
    """

    UNITS = Units(scale=(100.0, 1.0, 0.01), shift=(300.0, 0.0, -0.05))

    def act(self, obs: ArrayLike) -> Array:
        """As :meth:`DDPG.act <ddpg_lib.ddpg.DDPG.act>`, for Pendulum-v1's own observations."""
        return super().act(self.UNITS(obs))

    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """As :meth:`DDPG.q <ddpg_lib.ddpg.DDPG.q>`, for Pendulum-v1's own observations."""
        return super().q(self.UNITS(obs), self.act(obs) if action is None else action)

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition in the other units."""
        seen = self.UNITS(obs), self.UNITS(next_obs)
        super().remember(seen[0], action, reward, seen[1], terminated, truncated)


class StoresTorque(DDPG):
    """Stores the torque in newton centimeters, where the actor speaks numbers in [-1, 1]."""

    CENTIMETERS = 100.0

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition with its torque as a number of N cm: up to 200, not up to 1."""
        # DDPG.remember divides by the half range, so this multiplies by it.
        raw = np.asarray(action) * self.CENTIMETERS * self.half_range + self.center
        super().remember(obs, raw, reward, next_obs, terminated, truncated)


class HalfRange(DDPG):
    """Sends tanh's own numbers, [-1, 1], to an environment whose bounds may lie farther out.

    Of ``action_low`` and ``action_high`` only the number of components counts. All else, ``kwargs``
    included, is as for :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(
        self,
        obs_dim: int,
        action_low: ArrayLike,
        action_high: ArrayLike,
        config: Config | None = None,
        seeds: Sequence[int] = (0,),
        **kwargs: Any,
    ) -> None:
        ones = np.ones_like(np.asarray(action_low, np.float32))
        super().__init__(obs_dim, -ones, ones, config, seeds, **kwargs)


@torch.no_grad()
def vitals(agent: DDPG, env: str = "Pendulum-v1") -> dict[str, NDArray[np.float64]]:
    """What tells one wrong unit from another, for each agent of a trained stack.

    Returns
    -------
    dict of array, shape (n,)
        ``stored``, the largest action in the replay memory; ``sent``, the largest of a thousand
        warm-up actions as a share of the bound of ``env``; ``spread``, the standard deviation
        over stored observations of the critic's first hidden units, at action 0, mean over
        units; ``way``, the :func:`~ddpg_lib.chapters.ch11.scales.level` that the targets ask for
        over :func:`~ddpg_lib.chapters.ch11.scales.reach`; ``come``, the critic's mean value of
        the policy's own actions, over that level.
    """
    c, replay = agent.config, agent.replay
    assert isinstance(replay, ReplayBuffer)
    obs, action, reward, *_ = replay.rows[:, : len(replay)].split(replay.sizes, dim=-1)

    world = make(env)
    assert isinstance(world.action_space, gym.spaces.Box)
    bound = np.abs(world.action_space.high).max()
    world.close()
    draws = np.abs([agent.random() for _ in range(1_000)])

    critic, x = agent.critic, obs[:, :: max(1, len(replay) // 500)]
    values = critic(x, agent.actor(x)).mean(dim=-1).numpy().astype(float)
    for norm in critic.entry:
        x = norm(x)
    if critic.action_layer == 0:
        x = torch.cat((x, torch.zeros_like(x[..., : agent.low.size])), dim=-1)
    x = critic.layers[0](x)
    for norm in critic.norms[:1]:
        x = norm(x)
    units = critic.activation(x)

    updates = max(agent.updates, 1)
    asked = level(reward.mean(dim=(1, 2)).numpy().astype(float), c.gamma, c.tau, updates)
    far = reach(c.critic_lr, updates, c.hidden[-1], decay=c.lr_decay)
    return {
        "stored": action.abs().amax(dim=(1, 2)).numpy().astype(float),
        "sent": draws.max(axis=(0, 2)) / bound,
        "spread": units.std(dim=1).mean(dim=-1).numpy().astype(float),
        "way": np.abs(asked) / far,
        "come": values / asked,
    }
