"""DrQ-v2 (Yarats et al. 2022): one encoder, two critics, and noise that falls and blurs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ddpg_lib.agents.pixels import SharedPixelDDPG
from ddpg_lib.agents.td3 import TwinCritic, drawn, require_plain_gradients
from ddpg_lib.parts.encoders import Behind, scaled
from ddpg_lib.parts.losses import actor_loss, critic_loss, td_target
from ddpg_lib.parts.replay import Batch
from ddpg_lib.parts.seeds import Generators


class SeeingTwins(Behind):
    """Two critics of each agent behind one trunk."""

    def both(self, obs: Tensor, action: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """The values of both critics, each ``(n, batch)``.

        ``obs`` is ``(n, batch, numbers)``, ``action`` ``(n, batch, action_dim)``, in [-1, 1].
        """
        values: tuple[Tensor, Tensor] = self.network.both(self.front(obs), action, training)  # type: ignore[operator]
        return values


class DrQv2(SharedPixelDDPG):
    """DDPG from pixels with all that Yarats et al. (2022), section 3, add to it.

    Random shifts, targets of several steps and the encoder are those of the configuration
    (``random_shift`` 4, ``n_step`` 3 in the paper). Here come the smaller of two critics' values;
    exploration noise that falls from ``FIRST`` to the configuration's ``sigma`` over the share
    ``FALLS`` of all updates; and the same noise, clipped, on the actions that the critics judge,
    in the target and in the actor's loss. The target's action is the actor's own: there is no
    target actor.

    Parameters
    ----------
    *args, **kwargs
        As for :class:`~ddpg_lib.agents.pixels.SharedPixelDDPG`.

    Attributes
    ----------
    later, now : Tensor, shape (n, batch_size, action_dim)
        What the update under way adds to the actions of s' and of s.

    Raises
    ------
    ValueError
        If the configuration's noise is not white.
    """

    FIRST, FALLS, FARTHEST = 1.0, 0.5, 0.3
    critic: SeeingTwins  # type: ignore[assignment]
    critic_target: SeeingTwins  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        c = self.config
        if c.noise != "gaussian":
            raise ValueError(f'DrQ-v2\'s noise is white: set noise="gaussian", not {c.noise!r}')
        self.noise.sigma = self.FIRST
        # Drawn before learn, which may be compiled; filled, since a graph holds on to them.
        size = (self.n, c.batch_size, self.low.size)
        self.later, self.now = (torch.zeros(size, device=self.device) for _ in range(2))

    def networks(self, rngs: Generators, action_dim: int) -> tuple[SeeingTwins, Behind]:  # type: ignore[override]
        """Make the encoder, two critics behind one trunk, and the actor."""
        require_plain_gradients(self.config)
        self.learning_rngs = rngs["learning"]
        critic, actor = super().networks(rngs, action_dim)
        other, _ = self.heads(rngs, self.config.features, action_dim)  # the generators moved on
        return SeeingTwins(critic.front, TwinCritic(critic.network, other)), actor

    def update(self) -> dict[str, Tensor]:
        """One update of every agent, as :meth:`DDPG.update <ddpg_lib.ddpg.DDPG.update>`."""
        c = self.config
        fallen = min(self.updates / (self.FALLS * (c.steps - c.warmup_steps)), 1.0)
        self.noise.sigma = self.FIRST + fallen * (c.sigma - self.FIRST)
        for blur in (self.later, self.now):
            blur.copy_(drawn(self.learning_rngs, blur).mul_(self.noise.sigma))
            blur.clamp_(-self.FARTHEST, self.FARTHEST)
        return super().update()

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights, given a minibatch, and return the metrics that DDPG returns."""
        c = self.config
        # Set y = r + gamma (1 - d) min(Q1', Q2')(s', mu(s') + blur).
        with torch.no_grad():
            after = self.encoder(scaled(batch.next_obs))
            next_action = within(self.actor(after, training=True) + self.later)
            next_q = self.critic_target.both(after, next_action, training=True)
            smaller = torch.minimum(*next_q)
            target = td_target(batch.reward, batch.terminated, smaller, batch.discount)

        # Update both critics, and the encoder, by minimizing the sum of their losses.
        seen = self.encoder(scaled(batch.obs))
        q, other = self.critic.both(seen, batch.action, training=True)
        self.critic_optimizer.descend(critic_loss(q, target) + critic_loss(other, target))
        metrics = {"critic_loss": (target - q).detach().square().mean(-1)}
        if not move_actor:
            return metrics

        # Update the actor by the smaller value of its own action, blurred too.
        seen = seen.detach()
        action = within(self.actor(seen, training=True) + self.now)
        q_policy = torch.minimum(*self.critic.both(seen, action))
        self.actor_optimizer.descend(actor_loss(q_policy))

        self.update_targets()
        return {**metrics, "q": q_policy.detach().mean(-1) / c.reward_scale}


def within(action: Tensor) -> Tensor:
    """Clip actions to [-1, 1], in a way that lets their gradient through.

    ``action`` and what is returned are ``(n, batch, action_dim)``.
    """
    return action + (action.clamp(-1, 1) - action).detach()
