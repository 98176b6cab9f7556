"""Replay of sequences, each with what was remembered before it, for agents with a memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.parts.replay import ReplayBuffer


class Sequences(NamedTuple):
    """Sequences of steps for each agent of a stack, all float32.

    Where an episode ends within a sequence, the next one follows: every step is one to learn from,
    and none is filled in.

    Attributes
    ----------
    obs : Tensor, shape (n, batch, T, obs_dim)
        What was observed.
    last_action : Tensor, shape (n, batch, T, action_dim)
        The action before, scaled to [-1, 1]; 0 at an episode's first step.
    begins : Tensor, shape (n, batch, T)
        1 at an episode's first step, before which nothing is remembered; 0 elsewhere.
    action : Tensor, shape (n, batch, T, action_dim)
        The action that was taken, scaled to [-1, 1].
    reward : Tensor, shape (n, batch, T)
        The reward.
    next_obs : Tensor, shape (n, batch, T, obs_dim)
        What was observed after it, also at the end of an episode.
    terminated : Tensor, shape (n, batch, T)
        1 where nothing follows; 0 elsewhere, also where a time limit cut the episode off.
    actor_state, critic_state : Tensor, shape (n, batch, units)
        What the networks remembered, at the time, before the first step.
    """

    obs: Tensor
    last_action: Tensor
    begins: Tensor
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    terminated: Tensor
    actor_state: Tensor
    critic_state: Tensor


class SequenceReplay(ReplayBuffer):
    """A ring of the last steps of each agent, in their order, from which sequences are drawn.

    Beside each step lies what was remembered before it (Kapturowski et al. 2019, section 3): a
    sequence may begin in the middle of an episode, and its memory need not begin empty.

    Parameters
    ----------
    length
        Steps in a sequence, T.
    units
        Numbers that each of the two networks remembers.
    stored_states
        Whether a sequence's memory begins with what is stored; if not, with zeros.
    capacity, obs_dim, action_dim, rngs, device, gamma
        As for :class:`~ddpg_lib.parts.replay.ReplayBuffer`.

    Attributes
    ----------
    last_action : array, shape (n, action_dim)
        Of the running episode, scaled; 0 where one begins.
    begins : array of bool, shape (n,)
        Where the next step is an episode's first.

    Raises
    ------
    ValueError
        If the length is below 1, or the capacity below the length.
    """

    def __init__(
        self,
        length: int,
        units: int,
        stored_states: bool,
        capacity: int,
        obs_dim: int,
        action_dim: int,
        rngs: Sequence[np.random.Generator],
        device: str | torch.device = "cpu",
        gamma: float = 0.99,
    ) -> None:
        if not 1 <= length <= capacity:
            raise ValueError(
                f"a sequence must have at least 1 step and at most the buffer's {capacity}, "
                f"got {length}"
            )
        self.MORE = (action_dim, 1)  # the action before, and whether an episode begins
        super().__init__(capacity, obs_dim, action_dim, rngs, device, gamma)
        self.length, self.units, self.stored_states = length, units, stored_states
        # Apart from the rows, for a sequence takes one and not T of them.
        self.states = torch.empty(self.n, capacity, 2 * units, device=device)
        self.last_action = np.zeros((self.n, action_dim), np.float32)
        self.begins = np.ones(self.n, bool)

    def add_states(self, actor_state: Tensor, critic_state: Tensor) -> None:
        """Store what is remembered before the step that :meth:`add` stores next.

        Both are ``(n, units)``.
        """
        self.states[:, self.count % self.capacity] = torch.cat((actor_state, critic_state), dim=-1)

    def add(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store one step of each agent.

        Raises
        ------
        ValueError
            Without ``truncated``: nothing may be remembered from one episode into the next. And
            as for :meth:`ReplayBuffer.add <ddpg_lib.parts.replay.ReplayBuffer.add>`.
        """
        if truncated is None:
            raise ValueError("a memory must know where episodes end: give truncated")
        before, begins = self.last_action, self.begins
        self._write(obs, action, reward, next_obs, terminated, before, begins)
        self.last_action = np.array(action, np.float32).reshape(self.n, -1)
        self.begins = np.zeros(self.n, bool)
        ended = [np.reshape(x, self.n).astype(bool) for x in (terminated, truncated)]
        self.end_episodes(ended[0] | ended[1])

    def end_episodes(self, agents: NDArray[np.bool_]) -> None:
        """Note whose episodes ended or broke off, ``(n,)``: their next step begins one."""
        self.begins = self.begins | agents
        self.last_action[agents] = 0.0

    def sample(self, batch_size: int) -> Sequences:  # type: ignore[override]
        """Draw ``batch_size`` sequences for each agent: every first step is equally likely.

        Raises
        ------
        ValueError
            If the buffer holds fewer steps than a sequence.
        """
        if len(self) < self.length:
            raise ValueError(
                f"the replay buffer holds {len(self)} steps and a sequence has {self.length}: add "
                "more before sampling"
            )
        oldest, last = self.count - len(self), self.count - self.length
        first = np.stack([rng.integers(oldest, last + 1, size=batch_size) for rng in self.rngs])
        slots = (first[..., None] + np.arange(self.length)) % self.capacity
        rows = self._taken(self.rows, slots)
        o, a, r, o2, d, a1, begins = rows.split(self.sizes, dim=-1)
        r, d, begins = (x.squeeze(-1) for x in (r, d, begins))
        states = self._taken(self.states, slots[..., 0])
        if not self.stored_states:
            states = torch.zeros_like(states)
        return Sequences(o, a1, begins, a, r, o2, d, *states.split(self.units, dim=-1))

    def _taken(self, ring: Tensor, slots: NDArray[np.int64]) -> Tensor:
        first_row = self.first_row.reshape(-1, *[1] * (slots.ndim - 1))
        index = torch.from_numpy((slots + first_row).reshape(-1)).to(ring.device)
        return ring.flatten(0, 1).index_select(0, index).view(*slots.shape, -1)

    def state_dict(self) -> dict[str, Any]:
        """All that a continued run needs, for :meth:`load_state_dict`."""
        return {
            **super().state_dict(),
            "states": self.states[:, : len(self)],
            "last_action": self.last_action,
            "begins": self.begins,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved buffer, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        super().load_state_dict(state)
        if state["states"].shape != self.states[:, : len(self)].shape:
            raise ValueError("the saved replay buffer is of agents with another memory")
        self.states[:, : len(self)] = state["states"]
        self.last_action = np.array(state["last_action"])
        self.begins = np.array(state["begins"])
