"""Pendulum-v1 in short episodes, so that more of what is seen in training is the swing.

Importing this module registers it, so that ``ddpg_lib.worlds.restarts:PendulumRestarts-v0`` is
an id.
"""

from __future__ import annotations

import gymnasium as gym

LIMIT = 50
"""Steps of an episode, a quarter of Pendulum-v1's: about what a swing-up takes."""
RESTARTS = f"{__name__}:PendulumRestarts-v0"
"""Pendulum-v1, truncated after :data:`LIMIT` steps; for training, not for judging."""

gym.register(
    "PendulumRestarts-v0",
    entry_point="gymnasium.envs.classic_control.pendulum:PendulumEnv",
    max_episode_steps=LIMIT,
)
