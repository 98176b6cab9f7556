"""Replay of stacked image observations that keeps each frame once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.parts.replay import Batch


class FrameReplay:
    """A ring of the last frames of each agent, from which stacked observations are put together.

    An observation is the last ``stack`` frames of its episode, the newest last; at an episode's
    start its first frame stands in for those before it, as
    ``gymnasium.wrappers.FrameStackObservation`` does. An episode of T steps takes T + 1 frames.

    Parameters
    ----------
    capacity
        Frames kept for each agent; the oldest is overwritten first.
    frame_shape
        Of one frame, such as (84, 84) or (3, 84, 84).
    stack
        Frames in an observation.
    action_dim
        Number of action components.
    rngs
        One for each agent, for sampling.
    device
        Where minibatches are needed.
    gamma
        Discount a step, which every minibatch carries.

    Raises
    ------
    ValueError
        If the stack is below 1, or the capacity below that of one transition.
    """

    def __init__(
        self,
        capacity: int,
        frame_shape: Sequence[int],
        stack: int,
        action_dim: int,
        rngs: Sequence[np.random.Generator],
        device: str | torch.device = "cpu",
        gamma: float = 0.99,
    ) -> None:
        if stack < 1:
            raise ValueError(f"stack must be at least 1, got {stack}")
        if capacity < stack + 1:
            raise ValueError(
                f"capacity must be at least {stack + 1} frames, one observation of {stack} and "
                f"the next one, got {capacity}"
            )
        self.capacity, self.stack, self.rngs = capacity, stack, list(rngs)
        self.n = n = len(self.rngs)
        self.discount = torch.full((n, 1), gamma, device=device)
        self.agent = np.arange(n)
        # Left uninitialized, as in ReplayBuffer.
        self.frames = torch.empty(n, capacity, *frame_shape, dtype=torch.uint8, device=device)
        self.rows = torch.empty(n, capacity, action_dim + 2, device=device)  # a, r, d
        # Each transition's newest frame of s, counted from the agent's first ever, and how many
        # frames its episode has had by then, up to ``stack``.
        self.frame = np.zeros((n, capacity), np.int64)
        self.depth = np.zeros((n, capacity), np.min_scalar_type(stack))
        self.count = 0  # transitions ever, the same for each agent
        self.written = np.zeros(n, np.int64)  # frames ever
        self.oldest = np.zeros(n, np.int64)  # the oldest transition whose frames are all there
        self.age = np.zeros(n, np.int64)  # frames of the running episode; 0 where a new one begins

    def __len__(self) -> int:
        """Transitions that can be drawn, for the agent that has the fewest."""
        return int((self.count - self.oldest).min())

    def add(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike,
    ) -> None:
        """Store one transition of each agent.

        Parameters
        ----------
        obs, next_obs : uint8, shape (n, stack, ...)
            Frames, the newest last. ``next_obs`` is what followed, also at an episode's end.
            Where none has just begun, ``obs`` must be the ``next_obs`` of the call before.
        action : shape (n, action_dim)
            Scaled to [-1, 1].
        reward, terminated, truncated : shape (n,)
            Terminated or truncated, the next call begins an episode.

        Raises
        ------
        ValueError
            For observations of another type or shape, or if an episode does not begin with its
            first frame repeated.
        """
        begins = np.flatnonzero(self.age == 0)
        first, after = self._checked("obs", obs), self._checked("next_obs", next_obs)
        if (first[begins] != first[begins, -1:]).any():
            raise ValueError(
                "an episode must begin with its first frame in all places of the stack: use "
                'FrameStackObservation(padding_type="reset")'
            )
        if begins.size:
            self._append(begins, first[begins, -1])
        now = self.count % self.capacity
        self.frame[:, now] = self.written - 1
        self.depth[:, now] = np.minimum(self.age, self.stack)
        self._append(self.agent, after[:, -1])
        n = self.n
        parts = [np.asarray(x, np.float32).reshape(n, -1) for x in (action, reward, terminated)]
        self.rows[:, now] = torch.from_numpy(np.concatenate(parts, axis=1)).to(self.rows.device)
        self.count += 1
        over = np.reshape(terminated, n).astype(bool) | np.reshape(truncated, n).astype(bool)
        self.age[over] = 0
        self._forget()

    def end_episodes(self, agents: NDArray[np.bool_]) -> None:
        """Note whose episodes broke off, ``(n,)``: their next transition begins one."""
        self.age[agents] = 0

    def sample(self, batch_size: int) -> Batch:
        """Draw a minibatch for each agent, uniformly and with replacement.

        ``obs`` and ``next_obs`` are uint8, ``(n, batch, stack, ...)``, two views of one tensor;
        networks divide them by 255.

        Raises
        ------
        ValueError
            If an agent has no transition.
        """
        if len(self) == 0:
            raise ValueError("the replay buffer is empty: add a transition before sampling")
        drawn = np.stack(
            [
                rng.integers(low, self.count, size=batch_size) % self.capacity
                for rng, low in zip(self.rngs, self.oldest, strict=True)
            ]
        )
        agent = self.agent[:, None]
        # s and s' share all frames but one: those of s', and the oldest of s before them.
        back = np.arange(self.stack, -1, -1)
        back = np.minimum(back, self.depth[agent, drawn][..., None])
        slots = (self.frame[agent, drawn][..., None] + 1 - back) % self.capacity
        frames = self._take(self.frames, slots + self.capacity * agent[..., None])
        rows = self._take(self.rows, drawn + self.capacity * agent)
        action, reward, terminated = rows.split((rows.shape[-1] - 2, 1, 1), dim=-1)
        obs, next_obs = frames[:, :, :-1], frames[:, :, 1:]
        reward, terminated = reward.squeeze(-1), terminated.squeeze(-1)
        discount = self.discount.expand(self.n, batch_size)
        return Batch(obs, action, reward, next_obs, terminated, discount)

    @staticmethod
    def _take(ring: Tensor, index: NDArray[np.int64]) -> Tensor:
        flat = torch.from_numpy(index.reshape(-1)).to(ring.device)
        return ring.flatten(0, 1).index_select(0, flat).view(*index.shape, *ring.shape[2:])

    def _checked(self, name: str, obs: ArrayLike) -> NDArray[np.uint8]:
        frames = np.asarray(obs)
        shape = (self.n, self.stack, *self.frames.shape[2:])
        if frames.shape != shape or frames.dtype != np.uint8:
            raise ValueError(
                f"{name} must be uint8 of shape {shape}, got {frames.dtype} of {frames.shape}"
            )
        return frames

    def _append(self, agents: NDArray[np.intp], frames: NDArray[np.uint8]) -> None:
        """Write one more frame of each of these agents."""
        where = [torch.from_numpy(x) for x in (agents, self.written[agents] % self.capacity)]
        new = torch.from_numpy(np.ascontiguousarray(frames))
        self.frames[where[0], where[1]] = new.to(self.frames.device)
        self.written[agents] += 1
        self.age[agents] += 1

    def _forget(self) -> None:
        """Pass over transitions whose oldest frame has been overwritten."""
        while True:
            at = self.oldest % self.capacity
            first = self.frame[self.agent, at] - self.depth[self.agent, at] + 1
            gone = (self.oldest < self.count) & (first < self.written - self.capacity)
            if not gone.any():
                return
            self.oldest[gone] += 1

    STATE = ("frame", "depth", "written", "oldest", "age")

    def state_dict(self) -> dict[str, Any]:
        """All that a continued run needs, for :meth:`load_state_dict`."""
        held = min(int(self.written.max()), self.capacity)
        return {
            "count": self.count,
            "frames": self.frames[:, :held],
            "rows": self.rows[:, : min(self.count, self.capacity)],
            "rngs": [rng.bit_generator.state for rng in self.rngs],
            **{name: getattr(self, name) for name in self.STATE},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved buffer, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        frames, rows = state["frames"], state["rows"]
        if frames.shape[2:] != self.frames.shape[2:] or state["frame"].shape != self.frame.shape:
            raise ValueError("the saved replay buffer has another shape")
        self.count = state["count"]
        self.frames[:, : frames.shape[1]] = frames
        self.rows[:, : rows.shape[1]] = rows
        for name in self.STATE:
            getattr(self, name)[:] = state[name]
        for rng, saved in zip(self.rngs, state["rngs"], strict=True):
            rng.bit_generator.state = saved
