"""D4PG's critic (Barth-Maron et al. 2018): a distribution of returns in place of their mean."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ddpg_lib.agents.td3 import require_plain_gradients
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import actor_loss
from ddpg_lib.parts.networks import ACTIVATIONS, Actor, StackedLinear
from ddpg_lib.parts.replay import Batch
from ddpg_lib.parts.seeds import Generators


class CategoricalCritic(nn.Module):
    """Distributions of the return of an action, over values that are fixed (Bellemare et al. 2017).

    Parameters
    ----------
    rngs
        One for each agent, for its initial weights.
    obs_dim, action_dim, hidden, activation, final_init
        As for :class:`~ddpg_lib.parts.networks.Critic`.
    values : shape (atoms,)
        The returns that have a probability, evenly spaced, in units of the scaled reward.
    """

    values: Tensor

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        hidden: Sequence[int],
        activation: str,
        final_init: float,
        values: Tensor,
    ) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        sizes = [obs_dim + action_dim, *hidden, len(values)]
        self.layers = nn.ModuleList(
            StackedLinear(len(rngs), m, k) for m, k in itertools.pairwise(sizes)
        )
        for layer in self.layers[:-1]:
            layer.initialize(rngs)  # type: ignore[operator]
        self.layers[-1].initialize(rngs, final_init)  # type: ignore[operator]
        self.register_buffer("values", values)

    def logits(self, obs: Tensor, action: Tensor) -> Tensor:
        """Logarithms of the probabilities up to a constant, ``(n, batch, atoms)``.

        ``obs`` is ``(n, batch, obs_dim)``, ``action`` ``(n, batch, action_dim)``, in [-1, 1].
        """
        x = torch.cat((obs, action), dim=-1)
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        result: Tensor = self.layers[-1](x)
        return result

    def forward(self, obs: Tensor, action: Tensor, training: bool = False) -> Tensor:
        """The means of the distributions ``(n, batch)``: what an ordinary critic gives.

        ``obs`` is ``(n, batch, obs_dim)``, ``action`` ``(n, batch, action_dim)``, in [-1, 1].
        """
        return self.logits(obs, action).softmax(-1) @ self.values


def projected(values: Tensor, reward: Tensor, discount: Tensor, probability: Tensor) -> Tensor:
    r"""Distribution of :math:`r + \gamma Z`, brought back to the fixed values.

    Bellemare et al. (2017), algorithm 1: what falls between two values is shared between them in
    proportion to nearness, what falls outside goes to the nearest. ``values`` is ``(atoms,)``,
    ``reward`` and ``discount`` (0 where nothing follows) are ``(n, batch)``, ``probability``, of
    Z, and the result ``(n, batch, atoms)``.
    """
    last = len(values) - 1
    moved = reward[..., None] + discount[..., None] * values
    place = ((moved - values[0]) / (values[1] - values[0])).clamp(0, last)  # in steps, from below
    below = place.floor()
    above_share = place - below
    lower = below.long()
    result = torch.zeros_like(probability)
    result.scatter_add_(-1, lower, probability * (1 - above_share))
    return result.scatter_add_(-1, (lower + 1).clamp(max=last), probability * above_share)


class D4PG(DDPG):
    """DDPG with a critic of distributions; the number of steps is the configuration's ``n_step``.

    Barth-Maron et al. (2018), without their parallel actors and their prioritized replay. The
    range of returns has to be known: a subclass names it in ``RANGE``.
    """

    RANGE: ClassVar[tuple[float, float]] = (-150.0, 150.0)  # units of the scaled reward
    ATOMS = 51
    critic: CategoricalCritic  # type: ignore[assignment]
    critic_target: CategoricalCritic  # type: ignore[assignment]

    def networks(self, rngs: Generators, action_dim: int) -> tuple[CategoricalCritic, Actor]:  # type: ignore[override]
        """Make the critic and the actor.

        Raises
        ------
        ValueError
            For settings of which they would take no notice.
        """
        c = self.config
        require_plain_gradients(c)
        if c.normalize_obs or c.norm("critic") != "none" or c.action_layer:
            raise ValueError(
                "D4PG's critic takes observation and action together and normalizes nothing: "
                "leave normalize_obs, layer_norm, batch_norm and action_layer as they are"
            )
        _, actor = super().networks(rngs, action_dim)
        values = torch.linspace(*self.RANGE, self.ATOMS)
        shape = (self.obs_dim, action_dim, c.hidden, c.activation, c.final_init)
        return CategoricalCritic(rngs["critic"], *shape, values), actor

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights, given a minibatch, and return the metrics that DDPG returns.

        ``critic_loss`` is the cross-entropy of prediction and target.
        """
        c = self.config
        # Set the target: the distribution of r + gamma (1 - d) Z'(s', mu'(s')).
        with torch.no_grad():
            next_action = self.actor_target(batch.next_obs, training=True)
            follows = self.critic_target.logits(batch.next_obs, next_action).softmax(-1)
            discount = batch.discount * (1 - batch.terminated)
            discount = discount.expand_as(batch.reward)
            target = projected(self.critic.values, batch.reward, discount, follows)

        # Update the critic by minimizing the cross-entropy.
        predicted = self.critic.logits(batch.obs, batch.action).log_softmax(-1)
        loss = -(target * predicted).sum(-1)
        self.critic_optimizer.descend(loss.mean(-1).sum())
        metrics = {"critic_loss": loss.detach().mean(-1)}
        if not move_actor:
            return metrics

        # Update the actor by the mean of the distribution.
        action = self.actor(batch.obs, training=True)
        q_policy = self.critic(batch.obs, action)
        self.actor_optimizer.descend(actor_loss(q_policy))

        self.update_targets()
        return {**metrics, "q": q_policy.detach().mean(-1) / c.reward_scale}
