"""Uniform experience replay for a stack of agents (Lillicrap et al. 2016, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


class Batch(NamedTuple):
    r"""A minibatch of transitions for each agent of a stack, all float32.

    A transition spans one step, or several where the replay buffer sums rewards.

    Attributes
    ----------
    obs : Tensor, shape (n, batch, obs_dim)
        The state s as observed.
    action : Tensor, shape (n, batch, action_dim)
        The action a in s, scaled to [-1, 1].
    reward : Tensor, shape (n, batch)
        The reward r; over k steps the sum :math:`\sum_{i<k} \gamma^i r_i`.
    next_obs : Tensor, shape (n, batch, obs_dim)
        The next state s', also at the end of an episode: never the first state of the next one.
    terminated : Tensor, shape (n, batch)
        1 where s' is terminal, so that nothing follows it; 0 elsewhere. An episode that a time
        limit cuts off is truncated, not terminated, and has 0 here.
    discount : Tensor, shape (n, batch)
        What the value of s' is multiplied by: :math:`\gamma`, or :math:`\gamma^k` over k steps.
    """

    obs: Tensor
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    terminated: Tensor
    discount: Tensor


class ReplayBuffer:
    """A ring of the last ``capacity`` transitions of each agent.

    A transition is one row ``[s, a, r, s', d]``: one write stores it and one gather fetches a
    whole minibatch.

    Parameters
    ----------
    capacity
        Transitions kept for each agent; the oldest is overwritten first.
    obs_dim, action_dim
        Number of observation and action components.
    rngs
        One for each agent, for sampling.
    device
        Where minibatches are needed.
    gamma
        Discount a step, which every minibatch carries.

    Raises
    ------
    ValueError
        If the capacity is below 1.
    """

    MORE: tuple[int, ...] = ()  # sizes of further fields of a row

    def __init__(
        self,
        capacity: int,
        obs_dim: int,
        action_dim: int,
        rngs: Sequence[np.random.Generator],
        device: str | torch.device = "cpu",
        gamma: float = 0.99,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        self.capacity, self.gamma = capacity, gamma
        self.rngs = list(rngs)
        self.n = len(self.rngs)
        self.sizes = (obs_dim, action_dim, 1, obs_dim, 1, *self.MORE)
        # Left uninitialized: memory is taken as transitions arrive, and never read before.
        self.rows = torch.empty(self.n, capacity, sum(self.sizes), device=device)
        self.discount = torch.full((self.n, 1), gamma, device=device)
        self.first_row = np.arange(self.n)[:, None] * capacity
        self.count = 0  # transitions ever added

    def __len__(self) -> int:
        """Transitions now held for each agent."""
        return min(self.count, self.capacity)

    def add(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store one transition of each agent.

        Parameters
        ----------
        obs, next_obs : shape (n, obs_dim)
            States s and s'; the end of an episode has its own s', not the next episode's first.
        action : shape (n, action_dim)
            Scaled to [-1, 1].
        reward : shape (n,)
            Scaled as the critic is to learn it.
        terminated : shape (n,)
            1 where s' is terminal, 0 elsewhere, also at a time limit.
        truncated : shape (n,)
            Whether the episode was cut off, for buffers that follow episodes; of no account here.

        Raises
        ------
        ValueError
            If a shape does not fit, or a number is NaN or infinite.
        """
        self._write(obs, action, reward, next_obs, terminated)

    def sample(self, batch_size: int) -> Batch:
        """Draw a minibatch of ``batch_size`` transitions for each agent, with replacement.

        Raises
        ------
        ValueError
            If the buffer is empty.
        """
        return self._batch(self._draw(batch_size))

    def end_episodes(self, agents: NDArray[np.bool_]) -> None:
        """Note whose episodes broke off, ``(n,)``; for buffers that follow episodes."""

    def _write(self, *fields: ArrayLike) -> None:
        columns = [np.asarray(x, np.float32).reshape(self.n, -1) for x in fields]
        for column, size in zip(columns, self.sizes, strict=True):
            if column.shape[1] != size:
                found = [c.shape[1] for c in columns]
                raise ValueError(
                    f"a transition needs {list(self.sizes)} numbers an agent "
                    f"for s, a, r, s' and d, got {found}"
                )
        row, slot = np.concatenate(columns, axis=1), self.count % self.capacity
        if b"\0" in np.isfinite(row).tobytes():
            raise ValueError("a transition has a NaN or a number beyond float32")
        if self.rows.is_cpu:
            self.rows.numpy()[:, slot] = row  # PyTorch's indexing takes longer than all the rest
        else:
            self.rows[:, slot] = torch.from_numpy(row).to(self.rows.device)
        self.count += 1

    def _draw(self, batch_size: int) -> NDArray[np.int64]:
        """Slots of the ring, ``(n, batch)``."""
        size = len(self)
        if size == 0:
            raise ValueError("the replay buffer is empty: add a transition before sampling")
        # Each by its own generator: what an agent draws depends on no neighbour.
        drawn = [rng.integers(size, size=batch_size) for rng in self.rngs]
        return np.stack(drawn) if self.n > 1 else drawn[0][None]

    def _batch(self, slots: NDArray[np.int64]) -> Batch:
        """What lies in these slots, ``(n, batch)``."""
        # One gather for all agents: agent i's rows begin at i times the capacity.
        index, width = slots + self.first_row, self.rows.shape[-1]
        if self.rows.is_cpu:  # by NumPy, as in _write
            rows = torch.from_numpy(self.rows.numpy().reshape(-1, width).take(index, axis=0))
        else:
            rows = self.rows.view(-1, width)[torch.from_numpy(index).to(self.rows.device)]
        fields = rows.split(self.sizes, dim=-1)
        obs, action, reward, next_obs, terminated, *more = fields
        discount = more[0].squeeze(-1) if more else self.discount.expand(slots.shape)
        return Batch(obs, action, reward.squeeze(-1), next_obs, terminated.squeeze(-1), discount)

    def state_dict(self) -> dict[str, Any]:
        """All that a continued run needs, for :meth:`load_state_dict`, without the empty rows."""
        return {
            "count": self.count,
            "rows": self.rows[:, : len(self)],
            "rngs": [rng.bit_generator.state for rng in self.rngs],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved buffer, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        held = min(state["count"], self.capacity)
        if state["rows"].shape != self.rows[:, :held].shape:
            raise ValueError("the saved replay buffer has another shape")
        self.count = state["count"]
        self.rows[:, :held] = state["rows"]
        for rng, saved in zip(self.rngs, state["rngs"], strict=True):
            rng.bit_generator.state = saved
