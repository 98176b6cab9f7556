"""CarRacing with one pedal, so that exploration does not brake all the time.

Importing this module registers it, so that ``ddpg_lib.worlds.driving:OnePedal-v0`` is an id.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

ONE_PEDAL = f"{__name__}:OnePedal-v0"
"""CarRacing-v3, driven by an :class:`OnePedal`."""
UNTIL_LOST = f"{__name__}:OnePedalUntilLost-v0"
"""The same for training: an episode ends where a car is :class:`Lost`."""
PATIENCE = 100
"""Steps without a new tile after which a car is lost."""


class OnePedal(gym.ActionWrapper):
    """Gas and brake of CarRacing as one component: gas where it is positive, else brake.

    An action is the steering from -1, left, to 1, and the pedal from -1, full brake, to 1, full
    gas. Gymnasium's two components lie between 0 and 1. An untrained policy, and noise around it,
    then holds both at one half, and half a brake blocks the wheels. Nothing else is changed: the
    observations, rewards, tracks and endings are those of CarRacing-v3.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def action(self, action: NDArray[Any]) -> NDArray[np.float64]:
        """Steering, gas and brake of an ``action``, ``(2,)``; returned is ``(3,)``."""
        steering, pedal = np.asarray(action, float)
        return np.array([steering, max(pedal, 0.0), max(-pedal, 0.0)])


class Lost(gym.Wrapper[Any, Any, Any, Any]):
    """Ends an episode, as a crash would, after :data:`PATIENCE` steps without a new tile of road.

    Without it, most of what a beginner sees is grass, or road that has been paid for.
    """

    def reset(self, **kwargs: Any) -> Any:
        """Begin an episode; ``kwargs`` and what is returned are as of ``gymnasium.Env.reset``."""
        self.tiles, self.since = 0, 0
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        """Take a step; ``action`` and what is returned are as of ``gymnasium.Env.step``."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        tiles = self.env.unwrapped.tile_visited_count  # type: ignore[attr-defined]
        self.since = 0 if tiles > self.tiles else self.since + 1
        self.tiles = tiles
        return obs, reward, terminated or self.since >= PATIENCE, truncated, info


def one_pedal(**kwargs: Any) -> gym.Env[Any, Any]:
    """CarRacing with one pedal; ``kwargs`` are for Gymnasium's ``CarRacing``."""
    from gymnasium.envs.box2d.car_racing import CarRacing

    return OnePedal(CarRacing(**kwargs))


def until_lost(**kwargs: Any) -> gym.Env[Any, Any]:
    """CarRacing with one pedal that ends where a car is lost; ``kwargs`` as for ``one_pedal``."""
    return Lost(one_pedal(**kwargs))


for name, make in (("OnePedal-v0", "one_pedal"), ("OnePedalUntilLost-v0", "until_lost")):
    gym.register(
        name,
        entry_point=f"{__name__}:{make}",
        max_episode_steps=gym.spec("CarRacing-v3").max_episode_steps,
        reward_threshold=gym.spec("CarRacing-v3").reward_threshold,
    )
