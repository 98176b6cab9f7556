"""What a buffer keeps, as one's own choice: agents that differ in it and in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch06.recency import RecentReplay
from ddpg_lib.ddpg import DDPG

Array: TypeAlias = NDArray[Any]


class Reservoir(RecentReplay):
    """Draws from a uniform sample, of fixed size, of everything that came (Vitter 1985).

    All transitions stay in the ring, and ``kept`` has the numbers of those that may be drawn. So
    the ages of a minibatch are known.

    Parameters
    ----------
    size : int
        Transitions that may be drawn, for each agent.
    capacity, obs_dim, action_dim, rngs, device, gamma
        As for :class:`~ddpg_lib.chapters.ch06.recency.RecentReplay`. The capacity is that of the
        ring below, at least all transitions of the run.
    skip : int
        The first ``skip`` transitions have no part in the lottery: they leave as in a ring of
        ``size``, and the sample is one of what came after them.
    """

    def __init__(
        self,
        size: int,
        capacity: int,
        obs_dim: int,
        action_dim: int,
        rngs: Sequence[np.random.Generator],
        device: str | torch.device = "cpu",
        gamma: float = 0.99,
        skip: int = 0,
    ) -> None:
        windows = [capacity] * len(rngs)
        super().__init__(windows, capacity, obs_dim, action_dim, rngs, device, gamma)
        self.kept = np.zeros((self.n, size), np.int64)  # numbers of transitions, from 1
        self.skip = skip

    def ages(self, batch_size: int) -> NDArray[np.int64]:
        """Draw the ages of a minibatch, ``(n, batch)``."""
        kept = self.kept[:, : min(self.count, self.kept.shape[1])]
        places = [rng.integers(kept.shape[1], size=batch_size) for rng in self.rngs]
        return np.asarray(self.count - np.take_along_axis(kept, np.stack(places), axis=1))

    def _write(self, *fields: ArrayLike) -> None:
        super()._write(*fields)
        number, size = self.count, self.kept.shape[1]
        for kept, rng in zip(self.kept, self.rngs, strict=True):
            if number <= self.skip + size:
                place = (number - 1) % size  # there is room, as in a ring
            else:
                place = int(rng.integers(number - self.skip))  # kept if below size
            if place < size:
                kept[place] = number

    def state_dict(self) -> dict[str, Any]:
        """``rows`` and the rest as of a ring, and ``kept``, for :meth:`load_state_dict`."""
        return {**super().state_dict(), "kept": self.kept}

    def load_state_dict(self, state: Any) -> None:
        """Take the place of a saved reservoir, as from :meth:`state_dict`."""
        super().load_state_dict(state)
        self.kept[:] = state["kept"]


class ByLot(DDPG):
    """Draws from ``buffer_size`` transitions that are chosen by lot from the whole past.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    LATE = False  # whether the warm-up's transitions leave the lottery

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        c, ring = self.config, self.replay
        shape = (ring.sizes[0], ring.sizes[1], ring.rngs, self.device, c.gamma)
        skip = c.warmup_steps if self.LATE else 0
        self.replay = Reservoir(c.buffer_size, c.steps, *shape, skip=skip)


class ByLotOwn(ByLot):
    """The same of what the actor did itself: the warm-up's random torques leave as in a ring."""

    LATE = True


class Diverse(DDPG):
    """Acts at random now and then: in step t with the probability that a fair lottery would show.

    Of t transitions ``warmup_steps`` are from the warm-up. So this is the share of random actions
    among all that came, and in a sample of them.
    """

    def explore(self, obs: ArrayLike) -> NDArray[np.float32]:
        """Actions of the policies with noise, or at random, ``(n, action_dim)``."""
        own, anything = super().explore(obs), self.random()
        share = self.config.warmup_steps / (self.replay.count + 1)
        at_random = np.array([[rng.random() < share] for rng in self.warmup_rngs])
        return np.where(at_random, anything, own)
