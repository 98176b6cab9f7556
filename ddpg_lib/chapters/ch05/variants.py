"""DDPG's update in two methods, and variants that change one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import actor_loss, critic_loss, td_target
from ddpg_lib.parts.replay import Batch


class TwoSteps(DDPG):
    """:meth:`ddpg_lib.DDPG.learn` as a critic's step and an actor's, so that one can be changed.

    It does the same as DDPG, bit for bit, without normalization over batches, clipping of dQ/da
    and inverted gradients.
    """

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights, given a minibatch, and return the metrics."""
        metrics = self.critic_step(batch)
        if move_actor:
            metrics |= self.actor_step(batch)
            self.update_targets()
        return metrics

    def q_and_target(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The critic's values of the stored actions, and their targets (0.2).

        Returns
        -------
        q, target : Tensor, shape (n, batch)
            Of the scaled reward; the target carries no gradient.
        """
        with torch.no_grad():
            next_q = self.critic_target(batch.next_obs, self.actor_target(batch.next_obs))
            target = td_target(batch.reward, batch.terminated, next_q, batch.discount)
        return self.critic(batch.obs, batch.action), target

    def critic_step(self, batch: Batch) -> dict[str, Tensor]:
        """Descend the critic's loss (0.3).

        Returns
        -------
        dict of Tensor, shape (n,)
            ``critic_loss``.
        """
        q, target = self.q_and_target(batch)
        self.critic_optimizer.descend(critic_loss(q, target))
        return {"critic_loss": (target - q).detach().square().mean(-1)}

    def actor_step(self, batch: Batch) -> dict[str, Tensor]:
        """Ascend the critic's value of the actor's own actions (0.4).

        Returns
        -------
        dict of Tensor, shape (n,)
            ``q``, in units of the reward.
        """
        q = self.critic(batch.obs, self.actor(batch.obs))
        self.actor_optimizer.descend(actor_loss(q))
        return {"q": q.detach().mean(-1) / self.config.reward_scale}


class Misled(TwoSteps):
    """DDPG whose actor climbs its critic plus an error. The critic itself learns as ever.

    Parameters
    ----------
    error : callable
        From states ``(n, batch, obs_dim)`` and scaled actions ``(n, batch, action_dim)`` to what
        is added to the critic's values, ``(n, batch)``, in units of the scaled reward.
    *args, **kwargs
        As for :class:`ddpg_lib.DDPG`.
    """

    def __init__(self, error: Callable[[Tensor, Tensor], Tensor], *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.error = error

    def actor_step(self, batch: Batch) -> dict[str, Tensor]:
        """Ascend the critic's value of the actor's own actions, with the error added."""
        action = self.actor(batch.obs)
        q = self.critic(batch.obs, action) + self.error(batch.obs, action)
        self.actor_optimizer.descend(actor_loss(q))
        return {"q": q.detach().mean(-1) / self.config.reward_scale}


class Leaky(TwoSteps):
    """DDPG that forgets to clear the critic's gradients after the actor's step."""

    left_behind: tuple[Tensor, ...] | None = None

    def critic_step(self, batch: Batch) -> dict[str, Tensor]:
        """Descend the critic's loss, and what the last actor's step left in the critic."""
        q, target = self.q_and_target(batch)
        gradients = torch.autograd.grad(critic_loss(q, target), list(self.critic.parameters()))
        if self.left_behind is not None:  # nobody called zero_grad
            pairs = zip(gradients, self.left_behind, strict=True)
            gradients = tuple(g + left for g, left in pairs)
        self.critic_optimizer.apply(gradients)
        return {"critic_loss": (target - q).detach().square().mean(-1)}

    def actor_step(self, batch: Batch) -> dict[str, Tensor]:
        """Move the actor as DDPG does, and keep the gradient in the critic's weights as well."""
        actor, critic = list(self.actor.parameters()), list(self.critic.parameters())
        q = self.critic(batch.obs, self.actor(batch.obs))
        both = torch.autograd.grad(actor_loss(q), actor + critic)  # loss.backward() fills both
        self.actor_optimizer.apply(both[: len(actor)])
        self.left_behind = both[len(actor) :]
        return {"q": q.detach().mean(-1) / self.config.reward_scale}


class WrongUnits(DDPG):
    """DDPG that stores actions as the environment took them, while its actor speaks -1 to 1."""

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition of each agent, its action in the environment's units."""
        unscaled = self.center + self.half_range * np.asarray(action, np.float32)
        super().remember(obs, unscaled, reward, next_obs, terminated, truncated)
