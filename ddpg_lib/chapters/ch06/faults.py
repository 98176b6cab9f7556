"""Buffers that are wrong without an error, and the measurements that tell them apart."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch06.recency import RecentReplay
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.replay import ReplayBuffer
from ddpg_lib.worlds.pendulum import HORIZON, PendulumModel, RandomTorque, simulate

Array: TypeAlias = NDArray[Any]


class LatestOnly(DDPG):
    """Fault: the minibatch is the latest transitions, however many are stored.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ring = self.replay
        s, a = ring.sizes[:2]
        windows = [0] * self.n
        self.replay = RecentReplay(windows, ring.capacity, s, a, ring.rngs, self.device, ring.gamma)


class StoredAfterReset(DDPG):
    """Fault: the next state is stored after the reset, so at an episode's end it is a new start.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: Any = None  # the last transition, which has no next state yet

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store the transition before this one, with what is observed now as its next state."""
        if self.waiting is not None:
            before, was_terminated = self.waiting
            super().remember(before[0], before[1], before[2], obs, was_terminated)
        fields = [np.array(x) for x in (obs, action, reward)]
        self.waiting = (fields, np.array(terminated))


def drawn_ages(replay: ReplayBuffer, batch_size: int, minibatches: int = 20) -> Array:
    """Ages of what a buffer of any kind hands out: its rows are looked up among those it holds.

    Returns
    -------
    array, shape (n, minibatches * batch_size)
        Of each drawn transition, how many were stored after it.

    Raises
    ------
    KeyError
        If something is drawn that is not held.
    """
    s, a = replay.sizes[:2]
    held = replay.rows[:, : len(replay), : s + a].cpu().numpy()
    ages = (replay.count - 1 - np.arange(len(replay))) % replay.capacity
    of_row = [{row.tobytes(): age for row, age in zip(rows, ages, strict=True)} for rows in held]
    drawn = []
    for _ in range(minibatches):
        batch = replay.sample(batch_size)
        rows = np.concatenate([batch.obs.cpu().numpy(), batch.action.cpu().numpy()], axis=-1)
        drawn.append([[of[row.tobytes()] for row in x] for of, x in zip(of_row, rows, strict=True)])
    return np.concatenate(drawn, axis=1)


def seams(replay: ReplayBuffer) -> tuple[Array, Array]:
    r"""Distances between states that follow each other in a buffer, in the order of time.

    Returns
    -------
    gap : array, shape (n, transitions - 1)
        From a transition's :math:`s'` to the next one's :math:`s`. It is 0 but where an episode
        ended.
    jump : array, shape (n, transitions)
        From :math:`s` to :math:`s'` of one transition: what the world does in one step.
    """
    order = np.arange(replay.count - len(replay), replay.count) % replay.capacity
    rows = replay.rows[:, order].cpu().numpy()
    s, a = replay.sizes[:2]
    obs, next_obs = rows[..., :s], rows[..., s + a + 1 : 2 * s + a + 1]
    gap = np.linalg.norm(next_obs[:, :-1] - obs[:, 1:], axis=-1)
    return gap, np.linalg.norm(next_obs - obs, axis=-1)


FAULTS = ("none", "newest only", "stored after the reset", "tiny ring", "no copy")
"""What may be wrong with a :func:`mystery`, in words."""
_ORDER = (3, 2, 0, 4, 1)  # of the letters A to E


def fault_of(letter: str) -> str:
    """What is wrong with the :func:`mystery` of a ``letter``, one of ``FAULTS``."""
    return FAULTS[_ORDER["ABCDE".index(letter)]]


def mystery(letter: str) -> ReplayBuffer:
    """A buffer of one agent after six random episodes of the pendulum, perhaps a faulty one.

    ``letter`` is one of A to E, and each stands for another of ``FAULTS``.

    Raises
    ------
    ValueError
        For another letter.
    """
    if letter not in tuple("ABCDE"):
        raise ValueError(f"the letters are A, B, C, D and E, got {letter!r}")
    fault, seed = fault_of(letter), ord(letter)
    model, record = PendulumModel(), simulate(RandomTorque(seed), range(seed, seed + 6))
    obs = model.observation(record.theta, record.theta_dot)
    before, after = obs[:, :-1], obs[:, 1:].copy()
    if fault == "stored after the reset":
        after[:-1, -1] = before[1:, 0]
    if fault == "no copy":
        before = after
    rngs = [np.random.default_rng(seed)]
    capacity = 250 if fault == "tiny ring" else 1_500
    replay: ReplayBuffer = (
        RecentReplay([0], capacity, 3, 1, rngs)
        if fault == "newest only"
        else ReplayBuffer(capacity, 3, 1, rngs)
    )
    for episode in range(6):
        for t in range(HORIZON):
            torque, reward = record.torques[episode, t] / 2, record.rewards[episode, t]
            replay.add(before[episode, t], torque, reward, after[episode, t], 0.0)
    return replay
