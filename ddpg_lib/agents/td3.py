"""TD3 (Fujimoto et al. 2018): DDPG with two critics, blurred target actions and a delayed actor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import actor_loss, critic_loss, td_target
from ddpg_lib.parts.networks import Actor
from ddpg_lib.parts.replay import Batch
from ddpg_lib.parts.seeds import Generators


class TwinCritic(nn.Module):
    """Two critics of each agent, which differ in their first weights."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, obs: Tensor, action: Tensor, training: bool = False) -> Tensor:
        """The first critic's values ``(n, batch)``.

        ``obs`` is ``(n, batch, obs_dim)``, ``action`` ``(n, batch, action_dim)``, scaled to [-1,
        1].
        """
        value: Tensor = self.first(obs, action, training=training)
        return value

    def both(self, obs: Tensor, action: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """The values of both, each ``(n, batch)``; ``obs`` and ``action`` as in ``forward``."""
        return self(obs, action, training), self.second(obs, action, training=training)


class TD3(DDPG):
    """DDPG with the three changes of Fujimoto et al. (2018), sections 4 and 5.

    The smaller of two critics' values goes into the target (their equation 10), whose action is
    blurred by clipped noise (equation 14); the delay of actor and targets is the configuration's
    ``policy_delay``, 2 in the paper.

    Parameters
    ----------
    *args, **kwargs
        As for :class:`~ddpg_lib.ddpg.DDPG`.

    Attributes
    ----------
    blur : Tensor, shape (n, batch_size, action_dim)
        What the update under way adds to the target's actions.
    """

    BLUR, FARTHEST = 0.2, 0.5  # of the target's action: standard deviation, and where it is cut off
    critic: TwinCritic  # type: ignore[assignment]
    critic_target: TwinCritic  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Drawn before learn, which may be compiled; filled, since a graph holds on to it.
        size = (self.n, self.config.batch_size, self.low.size)
        self.blur = torch.zeros(size, device=self.device)

    def networks(self, rngs: Generators, action_dim: int) -> tuple[TwinCritic, Actor]:  # type: ignore[override]
        """Make two critics and the actor."""
        require_plain_gradients(self.config)
        self.learning_rngs = rngs["learning"]
        first, actor = super().networks(rngs, action_dim)
        second, _ = super().networks(rngs, action_dim)  # the generators have moved on
        return TwinCritic(first, second), actor

    def update(self) -> dict[str, Tensor]:
        """One update of every agent, as :meth:`DDPG.update <ddpg_lib.ddpg.DDPG.update>`."""
        self.blur.copy_(drawn(self.learning_rngs, self.blur).mul_(self.BLUR))
        self.blur.clamp_(-self.FARTHEST, self.FARTHEST)
        return super().update()

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights, given a minibatch, and return the metrics that DDPG returns."""
        c = self.config
        # Set y = r + gamma (1 - d) min(Q1', Q2')(s', mu'(s') + blur).
        with torch.no_grad():
            next_action = self.actor_target(batch.next_obs, training=True) + self.blur
            next_action = next_action.clamp(-1, 1)
            next_q = self.critic_target.both(batch.next_obs, next_action, training=True)
            smaller = torch.minimum(*next_q)
            target = td_target(batch.reward, batch.terminated, smaller, batch.discount)

        # Update both critics by minimizing the sum of their losses.
        q, other = self.critic.both(batch.obs, batch.action, training=True)
        self.critic_optimizer.descend(critic_loss(q, target) + critic_loss(other, target))
        metrics = {"critic_loss": (target - q).detach().square().mean(-1)}
        if not move_actor:
            return metrics

        # Update the actor by the first critic.
        action = self.actor(batch.obs, training=True)
        q_policy = self.critic(batch.obs, action)
        self.actor_optimizer.descend(actor_loss(q_policy))

        self.update_targets()
        return {**metrics, "q": q_policy.detach().mean(-1) / c.reward_scale}


def require_plain_gradients(config: Config) -> None:
    """Refuse settings for the actor's gradient of which an agent would take no notice.

    Raises
    ------
    ValueError
        Naming them.
    """
    if config.dqda_clipping is not None or config.invert_gradients:
        raise ValueError(
            "this agent's actor follows its loss as it is: leave dqda_clipping and "
            "invert_gradients as they are"
        )


def drawn(rngs: Sequence[np.random.Generator], like: Tensor) -> Tensor:
    """Standard normal numbers ``(n, ...)``, of the shape of ``like``, each agent's own."""
    numbers = np.stack([rng.standard_normal(like.shape[1:], np.float32) for rng in rngs])
    return torch.from_numpy(numbers).to(like.device)
