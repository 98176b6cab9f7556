"""Three pendulums on which bugs do harm that Pendulum-v1 forgives.

Importing this module registers them with Gymnasium: ``PendulumShort-v0``, which is cut off after
one second, ``PendulumBalance-v0``, which ends when the pendulum leans too far, and
``PendulumAside-v0``, in which every episode begins alike.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.pendulum import PendulumEnv
from numpy.typing import NDArray

LIMIT = 20  # steps of 0.05 s
LEANING = 0.4  # rad, from which the motor cannot bring it back: 15 sin(0.4) is about 6 times 2 / 2


class Balance(PendulumEnv):
    """The pendulum near upright, paid 1 a step until it leans by more than ``LEANING``."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin within 0.1 rad of upright, at up to 0.5 rad/s, and return ``obs, info``.

        ``seed`` and ``options`` are Gymnasium's.
        """
        super().reset(seed=seed)
        self.state = self.np_random.uniform([-0.1, -0.5], [0.1, 0.5])
        return self._get_obs(), {}

    def step(
        self, u: NDArray[Any]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """As Pendulum-v1, for a torque ``u``, ``(1,)``; only reward and end are others."""
        obs, _, _, truncated, info = super().step(u)
        fallen = bool(obs[0] < np.cos(LEANING))
        return obs, 1.0, fallen, truncated, info


class Aside(PendulumEnv):
    """The pendulum, always from its side, at rest."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin horizontal, at rest, and return ``obs, info``.

        ``seed`` and ``options`` are Gymnasium's.
        """
        super().reset(seed=seed)
        self.state = np.array([np.pi / 2, 0.0])
        return self._get_obs(), {}


_WORLDS: tuple[tuple[str, Any, int], ...] = (
    ("PendulumShort-v0", PendulumEnv, LIMIT),
    ("PendulumBalance-v0", Balance, 200),
    ("PendulumAside-v0", Aside, 200),
)
for name, entry_point, limit in _WORLDS:
    if name not in gym.registry:
        gym.register(name, entry_point, max_episode_steps=limit)
