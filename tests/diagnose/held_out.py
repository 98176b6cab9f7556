"""Eight bugs written by somebody who had not read the rules of ``ddpg diagnose``, nor the vitals.

What each finding ought to be was written down, and committed, before ``diagnose`` saw any of them.
What the author knew was what a user sees: chapter 12 and its page 12a, the names and families of
findings (after the bugs had been chosen, to state the answers in), and the code of
:class:`ddpg_lib.ddpg.DDPG`. The rules that judged them first are those of commit
37d8caf. When these were frozen anew, at commit 1c93a43, for the sake of healthy runs, the bugs were
known: that the rules say of them what they said before is no new evidence. Rules are not to be
changed for the sake of these bugs: then they would never have been held out.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import soft_update
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.parts.replay import Batch, ReplayBuffer
from ddpg_lib.parts.seeds import Generators

Array = NDArray[np.float32]
HUB = "https://github.com/"
SLIP = "a plausible slip"


class SoftUpdateBackwards(DDPG):
    """Loads the weighted mean of target and online network into the online one."""

    def update_targets(self) -> None:
        """Set theta to tau theta + (1 - tau) theta', and leave theta' as it is."""
        soft_update(self.online_weights, self.target_weights, 1 - self.config.tau)


class _WholeRing(ReplayBuffer):
    def _draw(self, batch_size: int) -> NDArray[np.int64]:
        return np.stack([rng.integers(self.capacity, size=batch_size) for rng in self.rngs])


class EmptyRows(DDPG):
    """Draws slots from the buffer's whole capacity; those not yet written hold zeros.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        right, c = self.replay, self.config
        sizes = (c.buffer_size, self.obs_dim, self.low.size)
        self.replay = _WholeRing(*sizes, right.rngs, self.device, c.gamma)
        self.replay.rows.zero_()


class _RectifiedCritic(Critic):
    def forward(self, obs: Tensor, action: Tensor, training: bool = False) -> Tensor:
        return torch.relu(super().forward(obs, action, training))


class RectifiedValues(DDPG):
    """The critic's last layer has an activation as all others have, a ReLU."""

    def networks(self, rngs: Generators, action_dim: int) -> tuple[Critic, Actor]:
        """The same networks, but values cannot be negative."""
        _, actor = super().networks(rngs, action_dim)
        c = self.config
        shape = (self.obs_dim, action_dim, c.hidden, c.activation, c.final_init)
        return _RectifiedCritic(rngs["critic"], *shape, c.action_layer), actor


class MaskInverted(DDPG):
    """The buffer hands out 1 - d, and the target takes 1 minus that once more."""

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights by r + gamma d Q'."""
        return super().learn(batch._replace(terminated=1 - batch.terminated), move_actor)


class ReturnSoFar(DDPG):
    """Stores the episode's return so far, which the loop adds up to print it, for the reward.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.episode_reward = np.zeros(self.n)

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store ``episode_reward`` where ``reward`` is meant."""
        self.episode_reward += np.asarray(reward)
        super().remember(obs, action, self.episode_reward, next_obs, terminated, truncated)
        cut = np.zeros(self.n, bool) if truncated is None else np.asarray(truncated, bool)
        self.episode_reward[np.asarray(terminated, bool) | cut] = 0


class PolicyActionStored(DDPG):
    """Sends the action with noise, and stores the one without.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warming_up = True

    def random(self) -> Array:
        """As :meth:`DDPG.random <ddpg_lib.ddpg.DDPG.random>`: these are stored as they are."""
        self.warming_up = True
        return super().random()

    def explore(self, obs: ArrayLike) -> Array:
        """As :meth:`DDPG.explore <ddpg_lib.ddpg.DDPG.explore>`."""
        self.warming_up = False
        return super().explore(obs)

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store what the policy had said before the noise was added."""
        kept = action if self.warming_up else self.act(obs)
        super().remember(obs, kept, reward, next_obs, terminated, truncated)


class OptimizerOfTheCritic(DDPG):
    """Gives the actor's optimizer the critic's parameters, from a line that was copied.

    ``args`` and ``kwargs`` are those of :class:`~ddpg_lib.ddpg.DDPG`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        c = self.config
        self.actor_optimizer = StackedAdam(
            self.critic.parameters(), c.actor_lr, max_grad_norm=c.max_grad_norm
        )


class ScaledWhereItActs(DDPG):
    """Divides observations by their bounds where it acts, and learns from raw ones.

    The bounds are those of Pendulum-v1: cosine and sine 1, angular velocity 8 rad/s.
    """

    def act(self, obs: ArrayLike) -> Array:
        """As :meth:`DDPG.act <ddpg_lib.ddpg.DDPG.act>`, for the scaled observation."""
        return super().act(np.asarray(obs, np.float32) / np.array([1, 1, 8], np.float32))


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """A bug, and what would be a right answer.

    Attributes
    ----------
    agent : type of DDPG
    source : str
        Where it happened, or that it is a plausible slip.
    names : frozenset of str
        Findings that name it: each says something true of the program, and leads to its line.
    families : frozenset of str
        Families whose findings at least send one to the right part of the program.
    why : str
        Why just these.
    """

    agent: type[DDPG]
    source: str
    names: frozenset[str]
    families: frozenset[str]
    why: str


def _bug(
    agent: type[DDPG], source: str, names: str, families: tuple[str, ...], why: str
) -> HeldOut:
    return HeldOut(agent, source, frozenset(names.split()), frozenset(families), why)


HELD_OUT = {
    "soft_update_backwards": _bug(
        SoftUpdateBackwards,
        HUB + "reinshift/MADDPG_Multi_UAV_Roundup/issues/10",
        "target_forgotten tau_swapped",
        ("the target",),
        "the targets never move, and the faulty line is the soft update; that the actor hardly "
        "moves is a consequence and would mislead",
    ),
    "empty_rows": _bug(
        EmptyRows,
        f"{SLIP}: in MorvanZhou/Reinforcement-learning-with-tensorflow the draw is over the "
        "capacity, and right only because learning waits until the buffer is full",
        "not_uniform",
        ("the loop",),
        "what is drawn is not what was stored",
    ),
    "rectified_values": _bug(
        RectifiedValues,
        HUB + "dennybritz/reinforcement-learning/issues/186 (a DQN)",
        "critic_rests",
        ("the target",),
        "all values are wanted below 0, so that the ReLU is soon dead; that values are 0 because "
        "the reward is missing, or the same because rows are mixed, would be false",
    ),
    "mask_inverted": _bug(
        MaskInverted,
        f"{SLIP}: some repositories store d and some 1 - d",
        "end_ignored discount other_target",
        ("the target",),
        "where nothing ends it cannot be told from a discount of 0",
    ),
    "return_so_far": _bug(
        ReturnSoFar,
        HUB + "sweetice/Deep-reinforcement-learning-with-pytorch/issues/15, where a reader asks "
        "for it (a DQN)",
        "reward_changed",
        ("units and scales",),
        "the reward that is stored is not the one that came",
    ),
    "policy_action_stored": _bug(
        PolicyActionStored,
        f"{SLIP}; {HUB}DLR-RM/stable-baselines3/issues/1376 suspects its mirror image",
        "action_changed mangled_action",
        ("units and scales",),
        "the action that is stored is not the one that was sent",
    ),
    "optimizer_of_the_critic": _bug(
        OptimizerOfTheCritic,
        HUB + "juliusfrost/dreamer-pytorch/pull/79 (Dreamer's value optimizer)",
        "cut_gradient leak critic_climbs",
        ("the actor's step",),
        "the actor never moves, and the critic does in its stead",
    ),
    "scaled_where_it_acts": _bug(
        ScaledWhereItActs,
        SLIP,
        "other_statistics normalized_before_stored explores_otherwise state_changed",
        ("units and scales", "evaluation and seeds"),
        "the actor is asked in other units than those it is trained in",
    ),
}
"""The bugs by name."""
