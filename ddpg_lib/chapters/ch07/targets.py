"""Ways for target networks to follow their online networks, and a search for those that cannot."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import td_target
from ddpg_lib.recipes import RECIPES
from ddpg_lib.results.sweeps import Arm, RecordedSweep


@dataclasses.dataclass(frozen=True)
class Follow:
    """A rule: after every ``period`` updates the target moves the fraction ``tau``.

    A soft update has the period 1 (Lillicrap et al. 2016), a hard one has tau 1 (Mnih et al.
    2015). With both 1 the target equals the online network after each update: no target network.

    Attributes
    ----------
    tau : float
        In (0, 1].
    period : int
        At least 1.

    Raises
    ------
    ValueError
        If either is outside its range.
    """

    tau: float = 1.0
    period: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.tau <= 1:
            raise ValueError(f"tau must lie in (0, 1], got {self.tau}")
        if self.period < 1 or self.period != int(self.period):
            raise ValueError(f"period must be a whole number of at least 1, got {self.period}")

    @property
    def lag(self) -> float:
        """Mean age of the target's content, in updates, when an update uses it.

        It is counted from the online weights that the update is about to produce, so that the
        previous ones have the age 1.
        """
        return self.period / self.tau - (self.period - 1) / 2

    def hard_equivalent(self) -> Follow:
        """The hard rule, with tau 1, whose mean lag is nearest to this one's."""
        return Follow(1.0, max(1, round(2 * self.lag - 1)))


class FollowingDDPG(DDPG):
    """DDPG in which each agent's targets follow by a rule of their own.

    ``config.tau`` has no effect. The update must not be compiled: the rules are followed in Python.

    Parameters
    ----------
    rules : sequence of Follow
        One an agent, as many as ``seeds``.
    obs_dim, action_low, action_high, config, seeds
        As for :class:`ddpg_lib.ddpg.DDPG`; a seed may appear several times, to try it under
        several rules.

    Raises
    ------
    ValueError
        If there is not one rule for each seed.
    """

    def __init__(
        self,
        rules: Sequence[Follow],
        obs_dim: int,
        action_low: Any,
        action_high: Any,
        config: Config,
        seeds: Sequence[int],
    ) -> None:
        if len(rules) != len(seeds):
            raise ValueError(f"one rule for each seed: got {len(rules)} and {len(seeds)}")
        super().__init__(obs_dim, action_low, action_high, config, seeds)
        self.tau = torch.tensor([rule.tau for rule in rules]).reshape(-1, 1, 1)
        self.period = torch.tensor([rule.period for rule in rules]).reshape(-1, 1, 1)
        self.target_updates = 0

    def update_targets(self) -> None:
        """Move the targets of those agents whose period is over."""
        self.target_updates += 1
        due = self.target_updates % self.period == 0
        if due.any():
            fraction = torch.where(due, self.tau, 0.0)
            with torch.no_grad():
                pairs = zip(self.target_weights, self.online_weights, strict=True)
                for target, online in pairs:
                    target.lerp_(online, fraction)


def shared_weights(network: nn.Module, other: nn.Module) -> list[str]:
    """Names of the weights of a network that lie in the other's memory; none if all are its own.

    Two names for one network, a shallow copy, ``target.data = online.data`` and a shared layer
    all end in shared memory, by which a target moves along with its online network.
    """
    memory = {p.untyped_storage().data_ptr() for p in other.parameters()}
    return [
        name for name, p in network.named_parameters() if p.untyped_storage().data_ptr() in memory
    ]


class ForgetfulDDPG(DDPG):
    """DDPG whose author forgot the last step: its targets stay what they were at the start."""

    def update_targets(self) -> None:
        """Do nothing."""


def arms_by_rule(recorded: RecordedSweep) -> dict[str, dict[float, Arm]]:
    """The arms of a recorded sweep of chapter 7.

    ``{rule: {scale: arm}}``, where a rule is such as "τ = 0.01", and the scale is that of the step
    sizes as multiples of the recipe's.
    """
    found: dict[str, dict[float, Arm]] = {}
    usual = RECIPES["pendulum"].critic_lr
    for arm in recorded.arms.values():
        c = arm.config
        rule = f"τ = {c.tau:g}" + (", layer norm" if c.layer_norm != "none" else "")
        found.setdefault(rule, {})[c.critic_lr / usual] = arm
    return found


def lag_in_steps(before: Tensor, online: Tensor, target: Tensor) -> Tensor:
    """Distance of the target's weights from the online ones, in steps as long as the last.

    Each is ``(n, weights)``: the online weights ``before`` an update, and the ``online`` and the
    ``target`` ones after it; what is returned is ``(n,)``. Of weights that move on straight and
    evenly, a soft target lies 1 / tau - 1 steps behind; where they wander, fewer.
    """
    return (online - target).norm(dim=-1) / (online - before).norm(dim=-1)


def flat_weights(network: nn.Module) -> Tensor:
    """A copy of all weights of a stack's network, ``(n, weights)``."""
    return torch.cat([p.detach().flatten(1) for p in network.parameters()], dim=1)


def symptoms(agent: DDPG, transitions: int = 1_000) -> tuple[Tensor, Tensor]:
    """Two numbers for each agent that tell mistakes with targets apart; it makes one more update.

    How many steps its target critic lags behind, ``(n,)``, and how many rewards its targets hold,
    ``(n,)``: their mean over that of the rewards, in a minibatch of so many ``transitions``.
    """
    before = flat_weights(agent.critic)
    agent.update()
    online = flat_weights(agent.critic)
    steps = lag_in_steps(before, online, flat_weights(agent.critic_target))
    batch = agent.replay.sample(transitions)
    with torch.no_grad():
        next_action = agent.actor_target(batch.next_obs)
        next_q = agent.critic_target(batch.next_obs, next_action)
    y = td_target(batch.reward, batch.terminated, next_q, batch.discount)
    return steps, y.mean(1) / batch.reward.mean(1)
