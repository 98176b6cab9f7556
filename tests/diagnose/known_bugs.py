"""Seven bugs that the first rules were tried on, and the second ones are made on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.chapters.ch05.variants import TwoSteps
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import soft_update
from ddpg_lib.parts.replay import Batch

Array = NDArray[np.float32]


class TauSwapped(DDPG):
    """Keeps tau of the target and adds 1 - tau of the online network."""

    def update_targets(self) -> None:
        """Take tau for 1 - tau."""
        soft_update(self.target_weights, self.online_weights, 1 - self.config.tau)


class NoNoise(DDPG):
    """Explores without noise."""

    def explore(self, obs: ArrayLike) -> Array:
        """The policies' own actions."""
        return self.act(obs)


class StillCritic(TwoSteps):
    """Computes the critic's loss and never descends it."""

    def critic_step(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss alone."""
        q, target = self.q_and_target(batch)
        return {"critic_loss": (target - q).detach().square().mean(-1)}


class ScaledTwice(DDPG):
    """Multiplies the actor's actions by the half range twice."""

    def act(self, obs: ArrayLike) -> Array:
        """As DDPG's, scaled once more."""
        return self._within_bounds(self.center + self.half_range * super().act(obs))


class TargetByState(DDPG):
    """Computes the target with s for s'."""

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights as if no step led anywhere."""
        with torch.no_grad():
            right = self.critic_target(batch.next_obs, self.actor_target(batch.next_obs))
            wrong = self.critic_target(batch.obs, self.actor_target(batch.obs))
        # The reward makes up for the difference, so that the rest of DDPG's update is the same.
        goes_on = batch.discount * (1 - batch.terminated)
        reward = batch.reward + goes_on * (wrong - right)
        return super().learn(batch._replace(reward=reward), move_actor)


class LateReward(DDPG):
    """Stores each transition with the reward of the one before."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = np.zeros(self.n)

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store the last reward, and keep this one for the next row."""
        super().remember(obs, action, self.before, next_obs, terminated, truncated)
        self.before = np.array(reward, float)


class NoDiscount(DDPG):
    """Leaves gamma out of the target."""

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights with gamma = 1."""
        return super().learn(batch._replace(discount=torch.ones_like(batch.discount)), move_actor)


KNOWN: dict[str, tuple[type[DDPG], str, str]] = {
    "tau_swapped": (TauSwapped, "no_target", "the target"),
    "no_noise": (NoNoise, "no_noise", "exploration"),
    "still_critic": (StillCritic, "critic_rests", "the target"),
    "scaled_twice": (ScaledTwice, "scaled_twice", "units and scales"),
    "target_by_state": (TargetByState, "target_by_s", "the target"),
    "late_reward": (LateReward, "late_reward", "the loop"),
    "no_discount": (NoDiscount, "discount", "the target"),
}
"""The class, and the name and family that the rules should give, by name."""
