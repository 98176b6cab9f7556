"""Replay of stacked image observations that keeps each frame once."""

from __future__ import annotations

import math
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
    n_step
        Rewards that a transition sums, as in :class:`~ddpg_lib.parts.nstep.NStepReplay`; fewer
        where the episode ends before. They are summed when it is drawn, so that nothing is stored
        twice, and the last ``n_step - 1`` steps are not drawn yet.

    Raises
    ------
    ValueError
        If the stack or ``n_step`` is below 1, or the capacity below that of one transition.
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
        n_step: int = 1,
    ) -> None:
        if stack < 1 or n_step < 1:
            raise ValueError(f"stack and n_step must be at least 1, got {stack} and {n_step}")
        if capacity < stack + n_step:
            raise ValueError(
                f"capacity must be at least {stack + n_step} frames, one observation of {stack} "
                f"and what follows it, got {capacity}"
            )
        self.capacity, self.stack, self.rngs = capacity, stack, list(rngs)
        self.gamma, self.n_step = gamma, n_step
        self.n = n = len(self.rngs)
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
        return max(int((self.count - self.oldest).min()) - self.n_step + 1, 0)

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

        ``obs`` and ``next_obs`` are uint8, ``(n, batch, stack, ...)``, views of one tensor;
        networks divide them by 255.

        Raises
        ------
        ValueError
            If an agent has no transition.
        """
        if len(self) == 0:
            raise ValueError("the replay buffer is empty: add a transition before sampling")
        end = self.count - self.n_step + 1
        draws = zip(self.rngs, self.oldest, strict=True)
        first = np.stack([rng.integers(low, end, size=batch_size) for rng, low in draws])
        # The steps of a transition, (n, batch, n_step), and which of them its episode has.
        steps = first[..., None] + np.arange(self.n_step)
        agent, at = self.agent[:, None, None], steps % self.capacity
        newest = self.frame[agent, at]
        # From episode to episode two frames are new, the last s' and the first s.
        follows = np.diff(newest, axis=-1) == 1
        there = np.cumprod(np.insert(follows, 0, True, axis=-1), axis=-1, dtype=bool)
        rows = self._take(self.rows, at + self.capacity * agent)
        powers = self.gamma ** np.arange(self.n_step)
        weights = torch.from_numpy(np.float32(there * powers)).to(rows.device)
        reward = (rows[..., -2] * weights).sum(-1)
        length = there.sum(-1)
        last = np.take_along_axis(at, length[..., None] - 1, axis=-1)
        ends = torch.from_numpy(length - 1)[..., None].to(rows.device)
        terminated = rows[..., -1].gather(-1, ends).squeeze(-1)
        discount = torch.from_numpy(np.float32(self.gamma**length)).to(rows.device)
        obs, next_obs = self._frames(at[..., 0], last[..., 0])
        return Batch(obs, rows[:, :, 0, :-2], reward, next_obs, terminated, discount)

    def _frames(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """The s of transitions ``first``, ``(n, batch)``, and the s' of ``last``."""
        agent, stack = self.agent[:, None], self.stack
        # Counted back from the frame of s'. Before an episode's first frame there is none.
        back = [np.arange(stack, 0, -1), np.arange(stack - 1, -1, -1)]
        if self.n_step == 1:  # s and s' share all frames but one
            back = [np.arange(stack, -1, -1)]
        slots = [
            self.frame[agent, at][..., None]
            + 1
            - np.minimum(steps, self.depth[agent, at][..., None])
            for steps, at in zip(back, (first, last), strict=False)
        ]
        slot = np.concatenate(slots, axis=-1) % self.capacity
        frames = self._take(self.frames, slot + self.capacity * agent[..., None])
        return frames[:, :, :stack], frames[:, :, -stack:]

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


class ShiftedReplay(FrameReplay):
    """Draws frames that are shifted at random, by up to ``shift`` pixels each way.

    An observation's frames are all shifted alike, its next observation's otherwise; what comes in
    at an edge repeats the pixels there (Kostrikov et al. 2020). All else, ``kept``, is as for
    :class:`FrameReplay`.

    Raises
    ------
    ValueError
        If ``shift`` is negative.
    """

    def __init__(self, shift: int, *kept: Any, **more: Any) -> None:
        super().__init__(*kept, **more)
        if shift < 0:
            raise ValueError(f"shift must be at least 0, got {shift}")
        self.shift = shift

    def sample(self, batch_size: int) -> Batch:
        """Draw a minibatch for each agent, as :meth:`FrameReplay.sample`, and shift it."""
        batch = super().sample(batch_size)
        if self.shift == 0:
            return batch
        offsets = np.stack(
            [rng.integers(-self.shift, self.shift + 1, (2, batch_size, 2)) for rng in self.rngs],
            axis=1,
        )
        obs, next_obs = (
            shifted(x, o) for x, o in zip((batch.obs, batch.next_obs), offsets, strict=True)
        )
        return batch._replace(obs=obs, next_obs=next_obs)


def shifted(frames: Tensor, offsets: NDArray[np.int64]) -> Tensor:
    """Return ``frames``, ``(n, batch, ..., height, width)``, each row of the batch moved.

    Pixel (y, x) is that at (y, x) plus the row's one of ``offsets``, ``(n, batch, 2)``, or at the
    nearest edge.
    """
    height, width = frames.shape[-2:]
    x = frames.reshape(-1, math.prod(frames.shape[2:-2]), height * width)
    offset = torch.from_numpy(offsets).to(frames.device).view(-1, 2)
    y = (torch.arange(height, device=frames.device) + offset[:, :1]).clamp_(0, height - 1)
    z = (torch.arange(width, device=frames.device) + offset[:, 1:]).clamp_(0, width - 1)
    pixels = (y[:, :, None] * width + z[:, None, :]).view(len(x), 1, -1)
    return x.gather(2, pixels.expand(-1, x.shape[1], -1)).view(frames.shape)
