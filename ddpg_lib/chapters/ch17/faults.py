"""An agent that sees, with a mistake: its actor's loss moves the encoder too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike
from torch import Tensor

from ddpg_lib.agents.pixels import SharedPixelDDPG
from ddpg_lib.config import Config
from ddpg_lib.parts.encoders import scaled
from ddpg_lib.parts.losses import actor_loss
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.parts.replay import Batch


class ClimbingEncoder(SharedPixelDDPG):
    """Moves the encoder up the critic's value as well, at the actor's step size.

    So does whoever gives one optimizer the actor's weights and the encoder's. The parameters,
    ``kwargs`` included, are those of :class:`~ddpg_lib.agents.pixels.SharedPixelDDPG`.
    """

    def __init__(
        self,
        obs_shape: Sequence[int],
        action_low: ArrayLike,
        action_high: ArrayLike,
        config: Config | None = None,
        seeds: Sequence[int] = (0,),
        **kwargs: Any,
    ) -> None:
        super().__init__(obs_shape, action_low, action_high, config, seeds, **kwargs)
        self.encoder_optimizer = StackedAdam(self.encoder.parameters(), self.config.actor_lr)

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """As in the base class, and then a step of the encoder where the actor moves."""
        metrics = super().learn(batch, move_actor)
        if move_actor:
            seen = self.encoder(scaled(batch.obs))
            self.encoder_optimizer.descend(actor_loss(self.critic(seen, self.actor(seen))))
        return metrics
