"""The critic's half of DDPG: a stack of critics learns the values of a policy that stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.parts.losses import critic_loss, soft_update, td_target
from ddpg_lib.parts.networks import Critic, target_of
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.parts.replay import Batch
from ddpg_lib.worlds.lqr import LQR

Array: TypeAlias = NDArray[Any]


def fresh_critics(agents: int, obs_dim: int, hidden: tuple[int, ...] = (32, 32)) -> Critic:
    """Make a stack of critics with one action component, agent i's weights from its own seed."""
    rngs = [np.random.default_rng([4, i]) for i in range(agents)]
    return Critic(rngs, obs_dim, 1, hidden, "tanh", final_init=0.1)


def learn_critics(
    critic: Critic,
    sample: Callable[[], Batch],
    policy: Callable[[Tensor], Tensor],
    *,
    updates: int,
    tau: float,
    lr: float,
    watch: Callable[[int, Critic], None] | None = None,
) -> Critic:
    """Train critics as DDPG does, with a policy in their targets that does not learn.

    Parameters
    ----------
    critic : Critic
        Trained in place.
    sample : callable
        Returns a minibatch.
    policy : callable
        From next observations ``(n, batch, obs_dim)`` to the actions in the targets.
    updates : int
    tau : float
        Rate of the target critic's soft update.
    lr : float
        Adam's first step size. It falls to 0 in a straight line, so that the critics settle.
    watch : callable, optional
        Called with the number of updates made and the critic, before each and after the last.
    """
    target, optimizer = target_of(critic), StackedAdam(critic.parameters(), lr)
    for k in range(updates):
        if watch is not None:
            watch(k, critic)
        batch = sample()
        with torch.no_grad():
            next_q = target(batch.next_obs, policy(batch.next_obs))
            y = td_target(batch.reward, batch.terminated, next_q, batch.discount)
        optimizer.descend(critic_loss(critic(batch.obs, batch.action), y))
        soft_update(target.parameters(), critic.parameters(), tau)
        optimizer.lr.fill_(lr * (1 - (k + 1) / updates))
    if watch is not None:
        watch(updates, critic)
    return critic


@torch.no_grad()
def td_errors(critic: Critic, batch: Batch, policy: Callable[[Tensor], Tensor]) -> Array:
    """TD errors on a minibatch, with targets from the critics themselves.

    ``policy`` is as for :func:`learn_critics`. Returns ``(n, batch)``.
    """
    next_q = critic(batch.next_obs, policy(batch.next_obs))
    y = td_target(batch.reward, batch.terminated, next_q, batch.discount)
    return np.asarray((y - critic(batch.obs, batch.action)).numpy())


class RegulatorData:
    """Minibatches from a one-dimensional regulator: states and actions uniform in -1 to 1.

    Parameters
    ----------
    lqr : LQR
    agents : int
        Each with its own draws.
    batch : int
    """

    def __init__(self, lqr: LQR, agents: int, batch: int = 64) -> None:
        self.lqr, self.shape = lqr, (agents, batch)
        self.rngs = [np.random.default_rng([40, i]) for i in range(agents)]

    def __call__(self) -> Batch:
        """Draw a minibatch of every agent."""
        drawn = [rng.uniform(-1, 1, (2, self.shape[1], 1)) for rng in self.rngs]
        s, a = np.stack(drawn, axis=1)
        after, reward = self.lqr.step(s, a)
        obs, action, paid, next_obs = (
            torch.tensor(v, dtype=torch.float32) for v in (s, a, reward, after)
        )
        never, discount = torch.zeros(self.shape), torch.full(self.shape, self.lqr.gamma)
        return Batch(obs, action, paid, next_obs, never, discount)


class RegulatorErrors:
    """What critics of the regulator are off by, to pass as ``watch`` to :func:`learn_critics`.

    Parameters
    ----------
    lqr : LQR
    gains : array, shape (agents,)
        K of the policy -K s in each agent's targets.

    Attributes
    ----------
    steps : list of int
        Updates made, every fiftieth.
    to_own : list of arrays, each (agents,)
        RMS distance to the exact action values of the policy in the targets, over a grid of 441
        states and actions.
    to_best : list of arrays, each (agents,)
        To those of the best policy.
    q, own, best : array, shape (agents, 441)
        The last values, and the two exact ones.
    """

    def __init__(self, lqr: LQR, gains: Array) -> None:
        grid = np.linspace(-1, 1, 21)
        s, a = (x.reshape(-1, 1) for x in np.meshgrid(grid, grid, indexing="ij"))
        self.own = np.stack([lqr.action_value(s, a, [[gain]]) for gain in gains])
        self.best = np.stack([lqr.action_value(s, a)] * len(gains))
        self.inputs = [
            torch.tensor(x, dtype=torch.float32).expand(len(gains), -1, -1) for x in (s, a)
        ]
        self.steps: list[int] = []
        self.to_own: list[Array] = []
        self.to_best: list[Array] = []

    @torch.no_grad()
    def __call__(self, k: int, critic: Critic) -> None:
        """Measure at every fiftieth update."""
        if k % 50 == 0:
            self.q = critic(*self.inputs).double().numpy()
            self.steps.append(k)
            self.to_own.append(rms(self.q - self.own))
            self.to_best.append(rms(self.q - self.best))


def rms(x: Array) -> Array:
    """Return the root of the mean square of ``x (..., m)`` over the last axis, ``(...)``."""
    return np.asarray(np.sqrt((x**2).mean(axis=-1)))
