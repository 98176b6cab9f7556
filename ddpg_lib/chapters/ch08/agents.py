"""A stack of agents in groups that differ in their exploration noise alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch08.processes import AR1, library_noise
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.noise import Array, Noise


class GroupNoise(Noise):
    """Equal groups of a stack, in order, each with the library's noise of a process of its own.

    Raises
    ------
    ValueError
        If the agents cannot be divided into as many equal groups as there are processes.
    """

    def __init__(
        self, rngs: Sequence[np.random.Generator], action_dim: int, processes: Sequence[AR1]
    ) -> None:
        super().__init__(rngs, action_dim)
        if len(self.rngs) % len(processes):
            raise ValueError(f"{len(self.rngs)} agents are not {len(processes)} equal groups")
        self.groups = np.split(np.arange(len(self.rngs)), len(processes))
        self.parts = [
            library_noise(process, [self.rngs[i] for i in group], action_dim)
            for process, group in zip(processes, self.groups, strict=True)
        ]

    def sample(self) -> Array:
        """The next value, ``(n, action_dim)``."""
        return np.concatenate([part.sample() for part in self.parts])

    def reset(self, agents: NDArray[np.bool_]) -> None:
        """Begin a new episode where the mask ``agents``, ``(n,)``, is true."""
        for part, group in zip(self.parts, self.groups, strict=True):
            part.reset(agents[group])


def in_groups(processes: Sequence[AR1]) -> Callable[..., DDPG]:
    """What :func:`ddpg_lib.train` takes as ``agent``, for as many groups as ``processes``."""

    def make(*args: Any, **kwargs: Any) -> DDPG:
        agent = DDPG(*args, **kwargs)
        agent.noise = GroupNoise(agent.noise.rngs, agent.noise.action_dim, processes)
        return agent

    return make
