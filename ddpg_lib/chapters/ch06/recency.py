"""The age of what is replayed: its exact distribution, and a buffer that is told how far to look.

Transitions are numbered from 1 as they are stored. The *age* of a transition is the number of
transitions stored after it: 0 for the latest. A ring of capacity C holds the ages below C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.parts.replay import Batch, ReplayBuffer

Array: TypeAlias = NDArray[Any]


def age_distribution(capacity: int, first: int, last: int | None = None) -> Array:
    """Distribution of the age of a replayed transition, equation (6b.1).

    Parameters
    ----------
    capacity : int
        C, the transitions that the ring keeps.
    first, last : int
        The updates that are taken together, by the number of transitions ever stored before each;
        without ``last``, the one update at ``first``.

    Returns
    -------
    array, shape (min(last, capacity),)
        Probability of each age, from 0.

    Raises
    ------
    ValueError
        If the capacity or ``first`` is below 1, or ``last`` below ``first``.
    """
    last = first if last is None else last
    held = _held(capacity, first, last)
    # An update with m transitions gives each age below m the probability 1/m.
    by_held = np.bincount(held, weights=1 / held, minlength=held[-1] + 1)
    above = np.cumsum(by_held[::-1])[::-1][1:]  # sum over m > age
    return np.asarray(above / len(held))


def expected_uses(
    stored: ArrayLike, capacity: int, batch_size: int, first: int, last: int
) -> Array:
    """How often a transition is drawn, on average, in all updates of a run: equation (6b.2).

    Parameters
    ----------
    stored : array_like of int
        Numbers of the transitions, from 1.
    capacity : int
        C, the transitions that the ring keeps.
    batch_size : int
        N, the transitions that an update draws.
    first, last : int
        Transitions ever stored before the first and before the last update; there is one update
        for each number between.

    Returns
    -------
    array
        Of ``stored``'s shape.

    Raises
    ------
    ValueError
        If the capacity, ``first``, a number or ``batch_size`` is below 1, or ``last`` is below
        ``first``.
    """
    number = np.asarray(stored)
    if batch_size < 1 or number.min() < 1:
        raise ValueError("transitions are numbered from 1; an update draws at least 1")
    held = _held(capacity, first, last)
    summed = np.concatenate([[0.0], np.cumsum(batch_size / held)])
    begin = np.clip(number - first, 0, len(held))
    end = np.clip(number + capacity - first, begin, len(held))
    return np.asarray(summed[end] - summed[begin])


def _held(capacity: int, first: int, last: int) -> NDArray[np.int64]:
    """Transitions in the ring at each update."""
    if capacity < 1 or first < 1 or last < first:
        raise ValueError(
            "capacity and first must be at least 1, and last at least first; got "
            f"{capacity}, {first} and {last}"
        )
    return np.minimum(np.arange(first, last + 1), capacity)


class RecentReplay(ReplayBuffer):
    """A replay buffer in which every agent sees as much of its own past as it is told.

    With it agents with small and with large buffers train in one stack. An agent with window w
    is one whose ring holds w transitions.

    Parameters
    ----------
    windows : sequence of int
        For each agent, the number of latest transitions that it draws from. 0 is no replay: the
        minibatch is the latest transitions themselves, each once.
    capacity : int
        Transitions kept for each agent, at least the largest window.
    obs_dim, action_dim, rngs, device, gamma
        As for :class:`~ddpg_lib.parts.replay.ReplayBuffer`.

    Raises
    ------
    ValueError
        If there is not one window an agent, or one is negative or above the capacity.
    """

    def __init__(
        self,
        windows: Sequence[int],
        capacity: int,
        obs_dim: int,
        action_dim: int,
        rngs: Sequence[np.random.Generator],
        device: str | torch.device = "cpu",
        gamma: float = 0.99,
    ) -> None:
        super().__init__(capacity, obs_dim, action_dim, rngs, device, gamma)
        self.windows = np.asarray(windows, np.int64)
        if self.windows.shape != (self.n,):
            raise ValueError(f"each of {self.n} agents needs a window, got {len(windows)} windows")
        if self.windows.min() < 0 or self.windows.max() > capacity:
            raise ValueError(f"windows must lie between 0 and the capacity, {capacity}")

    def ages(self, batch_size: int) -> NDArray[np.int64]:
        """Draw the ages of a minibatch, ``(n, batch)``.

        Raises
        ------
        ValueError
            If fewer transitions are held than an agent without replay needs.
        """
        if len(self) < batch_size and (self.windows == 0).any():
            raise ValueError(f"without replay a minibatch needs {batch_size} transitions")
        size = len(self)
        drawn = [
            rng.integers(min(w, size), size=batch_size) if w else np.arange(batch_size)
            for rng, w in zip(self.rngs, self.windows, strict=True)
        ]
        return np.stack(drawn)

    def at(self, ages: ArrayLike) -> Batch:
        """The transitions of given ``ages``, 0 the latest: ``(n, batch)``, or ``(batch,)`` for all.

        Raises
        ------
        ValueError
            If a transition of that age is not held.
        """
        wanted = np.asarray(ages)
        wanted = np.broadcast_to(wanted, (self.n, wanted.shape[-1]))
        return self._batch(self._slots(wanted))

    def _draw(self, batch_size: int) -> NDArray[np.int64]:
        if len(self) == 0:
            raise ValueError("the replay buffer is empty: add a transition before sampling")
        return self._slots(self.ages(batch_size))

    def _slots(self, ages: NDArray[Any]) -> NDArray[np.int64]:
        if ages.min() < 0 or ages.max() >= len(self):
            raise ValueError(f"ages must lie between 0 and {len(self) - 1}, the oldest")
        # The latest transition lies one slot before the next write.
        slots: NDArray[np.int64] = (self.count - 1 - ages) % self.capacity
        return slots
