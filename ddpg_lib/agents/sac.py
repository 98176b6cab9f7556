"""Soft actor-critic (Haarnoja et al. 2018a): a random policy that is paid for staying random."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional

from ddpg_lib.agents.td3 import TwinCritic, drawn, require_plain_gradients
from ddpg_lib.ddpg import DDPG, Array
from ddpg_lib.parts.losses import critic_loss, td_target
from ddpg_lib.parts.networks import Actor, rows_of
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.parts.replay import Batch
from ddpg_lib.parts.seeds import Generators


class GaussianActor(Actor):
    """Policies that draw an action from a Gaussian and squash it by tanh.

    The last layer gives a mean and the logarithm of a standard deviation for each action component.

    Parameters
    ----------
    rngs, obs_dim, action_dim, *args, **kwargs
        As for :class:`~ddpg_lib.parts.networks.Actor`.
    """

    LOG_STD = (-5.0, 2.0)  # between these the logarithm is kept, smoothly

    def __init__(self, rngs: Any, obs_dim: int, action_dim: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(rngs, obs_dim, 2 * action_dim, *args, **kwargs)

    def forward(self, obs: Tensor, training: bool = False) -> Tensor:
        """The squashed means ``(n, batch, action_dim)``, which act without noise.

        ``obs`` is ``(n, batch, obs_dim)``.
        """
        return torch.tanh(self.gaussian(obs, training)[0])

    def gaussian(self, obs: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the standard deviation, ``(n, batch, action_dim)`` each.

        ``obs`` is ``(n, batch, obs_dim)``.
        """
        mean, x = self.raw(obs, training).chunk(2, dim=-1)
        low, high = self.LOG_STD
        return mean, low + (high - low) * (torch.tanh(x) + 1) / 2

    def sample(self, obs: Tensor, noise: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Actions ``(n, batch, action_dim)`` and the logarithms of their densities ``(n, batch)``.

        ``obs`` is ``(n, batch, obs_dim)``, and ``noise``, of the actions' shape, standard normal:
        so they depend on the weights differentiably (Haarnoja et al. 2018a,
        equation 11 and appendix C).
        """
        mean, log_std = self.gaussian(obs, training)
        x = mean + log_std.exp() * noise
        log_p = -0.5 * noise.square() - log_std - 0.5 * math.log(2 * math.pi)
        # The density of tanh(x): log(1 - tanh(x)^2), in a form that does not run out of digits.
        log_p = log_p - 2 * (math.log(2) - x - functional.softplus(-2 * x))
        return torch.tanh(x), log_p.sum(-1)


class SAC(DDPG):
    """Soft actor-critic, with two critics and a temperature that is learned.

    The critics and the policy are those of Haarnoja et al. (2018a), sections 4 and 5, the learned
    temperature that of Haarnoja et al. (2018b), section 5: it falls while the policy is more random
    than its target entropy, minus one for each action component. There is no target actor, and no
    noise but the policy's own; ``noise`` and ``sigma`` of the configuration are of no account.

    Parameters
    ----------
    *args, **kwargs
        As for :class:`~ddpg_lib.ddpg.DDPG`.

    Attributes
    ----------
    log_temperature : Tensor, shape (n,)
        The logarithm of the temperature, in units of the scaled reward.
    """

    actor: GaussianActor
    critic: TwinCritic  # type: ignore[assignment]
    critic_target: TwinCritic  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        c = self.config
        self.log_temperature = torch.zeros(self.n, device=self.device, requires_grad=True)
        self.temperature_optimizer = StackedAdam([self.log_temperature], c.actor_lr)
        # For s' and for s; drawn before learn, which may be compiled.
        size = (self.n, c.batch_size, self.low.size)
        self.later, self.now = (torch.zeros(size, device=self.device) for _ in range(2))

    def networks(self, rngs: Generators, action_dim: int) -> tuple[TwinCritic, GaussianActor]:  # type: ignore[override]
        """Make two critics and a random policy."""
        require_plain_gradients(self.config)
        self.learning_rngs, self.noise_rngs = rngs["learning"], rngs["noise"]
        c = self.config
        (first, _), (second, _) = (super(SAC, self).networks(rngs, action_dim) for _ in range(2))
        shape = (self.obs_dim, action_dim, c.hidden, c.activation, c.final_init)
        actor = GaussianActor(rngs["actor"], *shape, c.norm("actor"), self.obs_norm)
        return TwinCritic(first, second), actor

    @torch.no_grad()
    def explore(self, obs: ArrayLike) -> Array:
        """Draw actions ``(n, action_dim)`` from the policies, for ``obs`` ``(n, obs_dim)``."""
        rows = rows_of(np.asarray(obs, np.float32)[:, None], self.n, self.obs_dim, self.device)
        noise = drawn(self.noise_rngs, torch.empty(self.n, 1, self.low.size, device=self.device))
        scaled = self.actor.sample(rows, noise)[0][:, 0].cpu().numpy()
        return self._within_bounds(self.center + self.half_range * scaled)

    def update(self) -> dict[str, Tensor]:
        """One update of every agent, as :meth:`DDPG.update <ddpg_lib.ddpg.DDPG.update>`."""
        for noise in (self.later, self.now):
            noise.copy_(drawn(self.learning_rngs, noise))
        return super().update()

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights, given a minibatch, and return the metrics that DDPG returns."""
        c, temperature = self.config, self.log_temperature.detach().exp()[:, None]
        # Set y = r + gamma (1 - d) (min(Q1', Q2')(s', a') - temperature log pi(a' | s')).
        with torch.no_grad():
            next_action, log_p = self.actor.sample(batch.next_obs, self.later, training=True)
            next_q = self.critic_target.both(batch.next_obs, next_action, training=True)
            soft = torch.minimum(*next_q) - temperature * log_p
            target = td_target(batch.reward, batch.terminated, soft, batch.discount)

        # Update both critics by minimizing the sum of their losses.
        q, other = self.critic.both(batch.obs, batch.action, training=True)
        self.critic_optimizer.descend(critic_loss(q, target) + critic_loss(other, target))
        metrics = {"critic_loss": (target - q).detach().square().mean(-1)}
        if not move_actor:
            return metrics

        # Update the actor: high values, and an entropy that is worth the temperature.
        action, log_p = self.actor.sample(batch.obs, self.now, training=True)
        q_policy = torch.minimum(*self.critic.both(batch.obs, action))
        self.actor_optimizer.descend((temperature * log_p - q_policy).mean(-1).sum())

        # Update the temperature towards the target entropy.
        missing = log_p.detach().mean(-1) - action.shape[-1]  # the target entropy less the policy's
        self.temperature_optimizer.descend(-(self.log_temperature.exp() * missing).sum())

        self.update_targets()
        return {**metrics, "q": q_policy.detach().mean(-1) / c.reward_scale}
