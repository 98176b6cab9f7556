"""Returns over several steps: a window over the last steps, in front of the replay buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.parts.replay import ReplayBuffer


class NStepReplay(ReplayBuffer):
    r"""A replay buffer of n-step transitions (Barth-Maron et al. 2018; Sutton and Barto 2018).

    With it the target is :math:`\sum_{i<k} \gamma^i r_i + \gamma^k (1 - d) Q'(s_k, \mu'(s_k))`.
    k is n, or less where the episode ends before: terminated, the sum stands alone; truncated, it
    bootstraps from the true last state.

    A step enters the buffer n - 1 steps late, when its window is full. What is left open at an
    episode's end enters while the next episode's window fills, so every agent stores one
    transition a step. ``n_step`` is the most steps of one, ``gamma`` the discount a step; the
    other parameters are as for :class:`~ddpg_lib.parts.replay.ReplayBuffer`.

    Raises
    ------
    ValueError
        If ``n_step`` or the capacity is below 1.
    """

    MORE = (1,)  # the discount
    WINDOW = ("first", "after", "reward", "terminated", "ended")

    def __init__(
        self,
        n_step: int,
        gamma: float,
        capacity: int,
        obs_dim: int,
        action_dim: int,
        rngs: Sequence[np.random.Generator],
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__(capacity, obs_dim, action_dim, rngs, device, gamma)
        if n_step < 1:
            raise ValueError(f"n_step must be at least 1, got {n_step}")
        self.n_step = n_step
        self.agent = np.arange(self.n)
        # A ring of the last n steps: s and a; s'; r, d and whether the episode ended.
        window = (n_step, self.n)
        self.first = np.zeros((*window, obs_dim + action_dim), np.float32)
        self.after = np.zeros((*window, obs_dim), np.float32)
        self.reward = np.zeros(window)
        self.terminated, self.ended = np.zeros(window, bool), np.zeros(window, bool)
        self.seen = 0  # steps ever

    def add(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Take in one step of each agent, and store the transition that it completes.

        Raises
        ------
        ValueError
            Without ``truncated``: rewards must not be summed from one episode into the next.
        """
        if truncated is None:
            raise ValueError("n-step returns must know where episodes end: give truncated")
        n, agents = self.n_step, self.n
        now = self.seen % n
        flat = (agents, -1)
        self.first[now] = np.hstack([np.reshape(obs, flat), np.reshape(action, flat)])
        self.after[now] = np.reshape(next_obs, flat)
        self.reward[now] = np.reshape(reward, agents)
        self.terminated[now] = np.reshape(terminated, agents)
        self.ended[now] = self.terminated[now] | np.reshape(truncated, agents).astype(bool)
        self.seen += 1
        if self.seen < n:
            return
        # The slot that is written next holds the oldest step: its return is summed.
        oldest = self.seen % n
        total, discount = np.zeros(agents), np.ones(agents)
        last, open_ = np.full(agents, oldest), np.ones(agents, bool)
        for k in (*range(oldest, n), *range(oldest)):
            total += np.where(open_, discount * self.reward[k], 0.0)
            discount[open_] *= self.gamma
            last[open_] = k  # the step whose s' and d the transition takes
            # Where its episode has ended, nothing more is added.
            open_ &= ~self.ended[k]
        s, a = np.split(self.first[oldest], [self.sizes[0]], axis=1)
        d, s2 = self.terminated[last, self.agent], self.after[last, self.agent]
        self._write(s, a, total, s2, d, discount)

    def end_episodes(self, agents: NDArray[np.bool_]) -> None:
        """Take these agents' last step for an episode's end, not terminal."""
        self.ended[(self.seen - 1) % self.n_step, agents] = True

    def state_dict(self) -> dict[str, Any]:
        """All that a continued run needs, with the window of the last steps."""
        window = {name: getattr(self, name) for name in self.WINDOW}
        return {**super().state_dict(), "seen": self.seen, "window": window}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved buffer, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        super().load_state_dict(state)
        self.seen = state["seen"]
        for name in self.WINDOW:
            if state["window"][name].shape != getattr(self, name).shape:
                raise ValueError("the saved replay buffer has another n_step")
            getattr(self, name)[:] = state["window"][name]
