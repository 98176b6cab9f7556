"""Bugs that repositories have shipped, each a class derived from DDPG that differs in one place.

:func:`ddpg_lib.train` takes each as ``agent``. Where a bug sits in the loop, the class does to the
agent's data what that loop would. Where each was found stands in
:mod:`ddpg_lib.chapters.ch12.exhibits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.chapters.ch05.variants import TwoSteps
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import actor_loss, soft_update
from ddpg_lib.parts.normalization import RunningNorm
from ddpg_lib.parts.replay import Batch

Array = NDArray[np.float32]


class StaleState(DDPG):
    """Never makes the next state the present one: acts on, and stores, an episode's first state.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first = np.zeros((self.n, self.obs_dim), np.float32)
        self.begins = np.ones(self.n, bool)

    def _first(self, obs: ArrayLike) -> Array:
        self.first[self.begins] = np.asarray(obs, np.float32)[self.begins]
        self.begins[:] = False
        return self.first.copy()

    def explore(self, obs: ArrayLike) -> Array:
        """Select an action for the state in which the episode began."""
        return super().explore(self._first(obs))

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition that seems to begin where the episode began."""
        super().remember(self._first(obs), action, reward, next_obs, terminated, truncated)
        self.begins |= np.asarray(terminated, bool)
        if truncated is not None:
            self.begins |= np.asarray(truncated, bool)


class OneArray(DDPG):
    """The environment writes every observation into one array, and nobody has copied it."""

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition whose two states are both the later one."""
        super().remember(next_obs, action, reward, next_obs, terminated, truncated)


class LimitAsEnd(DDPG):
    """Takes a time limit for the end: d = 1 where an episode was only cut off."""

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store ``done``, which older environments returned for both."""
        cut = np.zeros(self.n, bool) if truncated is None else np.asarray(truncated, bool)
        done = np.asarray(terminated, bool) | cut
        super().remember(obs, action, reward, next_obs, done, truncated)


class SignOfReward(DDPG):
    """Keeps of each reward the sign alone, as is done for Atari games."""

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition with the reward's sign for the reward."""
        super().remember(obs, action, np.sign(reward), next_obs, terminated, truncated)


class NormalizedBeforeStored(DDPG):
    """Normalizes observations by running statistics first, and stores what comes out.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.statistics = RunningNorm(self.n, self.obs_dim)

    def _normalized(self, obs: ArrayLike) -> Array:
        x = np.asarray(obs, np.float32)
        rows = torch.from_numpy(x.reshape(self.n, -1, self.obs_dim))
        return self.statistics(rows).numpy().reshape(x.shape)

    def act(self, obs: ArrayLike) -> Array:
        """As :meth:`DDPG.act <ddpg_lib.ddpg.DDPG.act>`, by the statistics so far."""
        return super().act(self._normalized(obs))

    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """As :meth:`DDPG.q <ddpg_lib.ddpg.DDPG.q>`, by the statistics so far."""
        return super().q(self._normalized(obs), self.act(obs) if action is None else action)

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store the two states as they are normalized now; they will stay so."""
        self.statistics.add(obs)
        seen = self._normalized(obs), self._normalized(next_obs)
        super().remember(seen[0], action, reward, seen[1], terminated, truncated)


class OneSeed(DDPG):
    """Seeds every agent of the stack with the first one's seed; only the environments differ.

    ``obs_dim``, ``action_low``, ``action_high``, ``config``, ``seeds`` and ``kwargs`` are as for
    :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(
        self,
        obs_dim: int,
        action_low: ArrayLike,
        action_high: ArrayLike,
        config: Config | None = None,
        seeds: Sequence[int] = (0,),
        **kwargs: Any,
    ) -> None:
        same = [seeds[0]] * len(seeds)
        super().__init__(obs_dim, action_low, action_high, config, same, **kwargs)


class NoTarget(DDPG):
    """Has no target networks: what should follow slowly is the online network itself."""

    def update_targets(self) -> None:
        """Make the targets equal to the online networks, which comes to the same."""
        soft_update(self.target_weights, self.online_weights, 1.0)


class EndIgnored(DDPG):
    """Bootstraps past the end of an episode: the factor 1 - d is missing."""

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights as if nothing ever ended."""
        endless = torch.zeros_like(batch.terminated)
        return super().learn(batch._replace(terminated=endless), move_actor)


class RewardForgotten(DDPG):
    """Leaves the reward out of the target."""

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights as if nothing were ever earned."""
        return super().learn(batch._replace(reward=torch.zeros_like(batch.reward)), move_actor)


class MixedRows(TwoSteps):
    """Subtracts targets of shape (N,) from values of shape (N, 1): each meets every other."""

    def critic_step(self, batch: Batch) -> dict[str, Tensor]:
        """Descend the mean over all N x N differences."""
        q, target = self.q_and_target(batch)
        differences = target[:, None, :] - q[:, :, None]
        self.critic_optimizer.descend(differences.square().mean((1, 2)).sum())
        return {"critic_loss": differences.detach().square().mean((1, 2))}


class LiveTarget(TwoSteps):
    """Computes the target by the online networks, and lets the gradient flow through it."""

    def critic_step(self, batch: Batch) -> dict[str, Tensor]:
        """Descend the squared TD error in both of its ends."""
        next_q = self.critic(batch.next_obs, self.actor(batch.next_obs).detach())
        target = batch.reward + batch.discount * (1 - batch.terminated) * next_q
        loss = (target - self.critic(batch.obs, batch.action)).square().mean(-1)
        self.critic_optimizer.descend(loss.sum())
        return {"critic_loss": loss.detach()}


class WrongSign(TwoSteps):
    """Descends the critic's value instead of ascending it."""

    def actor_step(self, batch: Batch) -> dict[str, Tensor]:
        """Descend the critic's value of the actor's own actions."""
        q = self.critic(batch.obs, self.actor(batch.obs))
        self.actor_optimizer.descend(-actor_loss(q))
        return {"q": q.detach().mean(-1) / self.config.reward_scale}


class CutGradient(TwoSteps):
    """Cuts the graph between actor and critic, so that the actor's gradient is None.

    An optimizer of PyTorch passes over weights without a gradient and says nothing.
    """

    def actor_step(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the loss, and move nothing."""
        with torch.no_grad():
            q = self.critic(batch.obs, self.actor(batch.obs))
        return {"q": q.mean(-1) / self.config.reward_scale}


class NoiseSwapped(DDPG):
    """Adds the noise where policies are evaluated, and none in training."""

    def act(self, obs: ArrayLike) -> Array:
        """The policies' actions with exploration noise."""
        action = super().act(obs)
        shape = action.shape[1:] if action.ndim > 1 else action.shape
        noise = np.stack([rng.standard_normal(shape) for rng in self.noise.rngs])
        noise = self.noise.sigma * noise.reshape(action.shape).astype(np.float32)
        return self._within_bounds(action + self.half_range * noise)

    def explore(self, obs: ArrayLike) -> Array:
        """The policies' actions without noise."""
        return super().act(obs)


class OtherStatistics(DDPG):
    """Evaluates on environments that normalize observations by statistics of their own."""

    def player(self) -> Any:
        """What plays new episodes, and begins to gather statistics anew."""
        return _WithOwnStatistics(self)


class _WithOwnStatistics:
    """Acts for a stack with ``normalize_obs``, by other running statistics than it was trained on.

    They go on being gathered while it plays, as in Gymnasium's ``NormalizeObservation``.
    """

    def __init__(self, agent: DDPG) -> None:
        assert agent.obs_norm is not None, "there is nothing to normalize by"
        self.agent, self.theirs = agent, agent.obs_norm
        self.own = RunningNorm(agent.n, agent.obs_dim)

    def _seen(self, obs: ArrayLike) -> Array:
        """What the stack would have to see to see, once normalized, what this one does."""
        x = torch.from_numpy(np.asarray(obs, np.float32))
        return (self.own(x) / self.theirs.scale + self.theirs.shift).numpy()

    def act(self, obs: ArrayLike) -> Array:
        """The policies' actions ``(n, k, action_dim)`` for ``obs`` ``(n, k, obs_dim)``."""
        self.own.add(obs)
        return self.agent.act(self._seen(obs))

    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """The critics' values ``(n, k)``."""
        return self.agent.q(self._seen(obs), action)
