"""A world in which the end of an episode is near: the pendulum, cut off after one second.

Importing this module registers it with Gymnasium.
"""

from __future__ import annotations

import gymnasium as gym

LIMIT = 20  # steps of 0.05 s

if "PendulumShort-v0" not in gym.registry:
    gym.register(
        "PendulumShort-v0",
        entry_point="gymnasium.envs.classic_control.pendulum:PendulumEnv",
        max_episode_steps=LIMIT,
    )
