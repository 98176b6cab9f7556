"""Pendulum-v1 in short episodes, so that more of what is seen in training is the swing.

Importing this module registers it, so that ``ddpg_lib.worlds.restarts:PendulumRestarts-v0`` is
an id.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.envs.classic_control.pendulum import PendulumEnv

LIMIT = 50
"""Steps of an episode, a quarter of Pendulum-v1's: about what a swing-up takes."""
RESTARTS = f"{__name__}:PendulumRestarts-v0"
"""Pendulum-v1, truncated after :data:`LIMIT` steps; for training, not for judging."""


def pendulum(**kwargs: Any) -> gym.Env[Any, Any]:
    """Pendulum-v1 without a time limit; ``kwargs`` are its own."""
    return PendulumEnv(**kwargs)


gym.register("PendulumRestarts-v0", entry_point=f"{__name__}:pendulum", max_episode_steps=LIMIT)
