"""Agents whose noise goes wrong, or counts time otherwise, as code in the wild has it."""

from __future__ import annotations

from typing import Any

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.noise import OrnsteinUhlenbeckNoise


class SlowWalk(DDPG):
    """A stack whose Ornstein–Uhlenbeck noise takes steps of 0.01, as in Stable-Baselines3.

    Raises
    ------
    ValueError
        If the configuration asks for another noise.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(self.noise, OrnsteinUhlenbeckNoise):
            raise ValueError("only noise='ornstein_uhlenbeck' has a time step")
        self.noise.dt = 0.01
