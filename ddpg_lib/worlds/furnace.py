"""A world for the reader alone: a furnace that must heat a piece and not burn it.

Importing this module registers it, so that ``ddpg_lib.worlds.furnace:Furnace-v0`` is an id.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

FURNACE = f"{__name__}:Furnace-v0"
"""A :class:`Furnace` whose episodes last 120 steps, 20 minutes, at most."""

STEP, PARTS = 10.0, 20  # s, and into how many parts the motion of heat divides it
GOAL, BURNT, ROOM = 1000.0, 1040.0, 293.0  # K
POWER, COIL, LOSS = 6000.0, 500.0, 1.2  # W, J/K of the heating coil, W/K to the room
RADIATION = 1.5e-8  # W/K^4 from the coil to the piece and back
BURNING = -50.0


class Furnace(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A coil heats a piece by radiation; the piece is to come to 1,000 K and stay there.

    An action is the coil's power, from 0 to 1 of 6 kW. The coil stores heat and gives it to the
    piece by radiation, so that the piece goes on warming when the power is cut; the piece loses
    heat to the room. Heavy and light pieces come in turn, from 1.5 to 3 kJ/K, and cold or warm. An
    observation holds the temperatures of piece and coil in kelvin, and the seconds since the start.

    A step costs a thousandth of what the piece is off 1,000 K. At 1,040 K it burns: 50 points less,
    and the episode's end.

    Parameters
    ----------
    render_mode
        None: there is nothing to see.
    """

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.observation_space = gym.spaces.Box(0.0, np.inf, (3,), np.float32)
        self.action_space = gym.spaces.Box(0.0, 1.0, (1,), np.float32)
        self.piece = self.coil = ROOM
        self.capacity, self.steps = 2000.0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Draw a piece, lay it into the cold furnace, and return ``obs, info``.

        ``seed`` and ``options`` are Gymnasium's.
        """
        super().reset(seed=seed, options=options)
        self.capacity = float(self.np_random.uniform(1500.0, 3000.0))
        self.piece, self.coil = float(self.np_random.uniform(ROOM, 600.0)), ROOM
        self.steps = 0
        return self._obs(), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Heat for ten seconds, by an ``action``, ``(1,)``; returned is what Gymnasium asks for."""
        power = POWER * float(np.clip(action[0], 0.0, 1.0))
        dt = STEP / PARTS
        for _ in range(PARTS):
            flow = RADIATION * (self.coil**4 - self.piece**4)
            self.coil += dt * (power - flow) / COIL
            self.piece += dt * (flow - LOSS * (self.piece - ROOM)) / self.capacity
        self.steps += 1
        burnt = self.piece > BURNT
        reward = -abs(self.piece - GOAL) / 1e3 + BURNING * burnt
        return self._obs(), float(reward), bool(burnt), False, {}

    def _obs(self) -> NDArray[np.float32]:
        return np.array([self.piece, self.coil, STEP * self.steps], np.float32)


gym.register("Furnace-v0", entry_point=f"{__name__}:Furnace", max_episode_steps=120)
