"""A pendulum without a motor: critics of its values, from data that was stored right or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.chapters.ch04.bellman import residual_loss
from ddpg_lib.chapters.ch04.critics import all_pairs_loss, fresh_critics, learn_critics
from ddpg_lib.parts.losses import critic_loss
from ddpg_lib.parts.networks import Critic
from ddpg_lib.parts.replay import Batch
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.policies import zero_torque
from ddpg_lib.worlds.pendulum.values import pendulum_action_value

Array: TypeAlias = NDArray[Any]

GAMMA = 0.97


@dataclass(frozen=True)
class Way:
    """A way to store transitions and to learn from them.

    Attributes
    ----------
    limit : int
        Steps after which an episode is cut off.
    cut_is_end : bool
        The mistake of storing ``terminated or truncated`` as d.
    reward_before : bool
        The mistake of storing the reward of the step before.
    loss : callable
        Of values and targets: ``critic_loss``, or one of the mistakes ``residual_loss`` and
        ``all_pairs_loss``.
    """

    limit: int = 50
    cut_is_end: bool = False
    reward_before: bool = False
    loss: Callable[[Tensor, Tensor], Tensor] = critic_loss


WAYS = {
    "as it should be": Way(),
    "time limit stored as an end": Way(cut_is_end=True),
    "every value against every target": Way(loss=all_pairs_loss),
    "gradient through the target": Way(loss=residual_loss),
    "reward of the step before": Way(reward_before=True),
}
"""The right way and four mistakes, by name."""


def swing(limit: int, seed: int, size: int = 20_000) -> dict[str, Array]:
    """Transitions of a pendulum under random torques, in episodes cut off at a limit.

    Each pendulum swings for a while, of random length, before its episode begins. If all started
    from rest they would swing in step, and the limit would strike some phases more often.

    Returns
    -------
    dict
        ``obs``, ``action`` in -1 to 1, ``reward``, ``before`` (the reward of the step before),
        ``next_obs``, and ``cut``, 1 where the limit struck.
    """
    model, rng = PendulumModel(), np.random.default_rng([seed, limit])
    episodes = size // limit
    angle, speed = rng.uniform(-np.pi, np.pi, episodes), rng.uniform(-1, 1, episodes)
    lead, reward = rng.integers(50, 150, episodes), np.zeros(episodes)
    for t in range(150):
        moved = model.step(angle, speed, rng.uniform(-2, 2, episodes))
        angle, speed, reward = np.where(t < lead, moved, (angle, speed, reward))
    names = ("obs", "action", "reward", "before", "next_obs", "cut")
    rows = []
    for t in range(limit):
        push, before = rng.uniform(-2, 2, episodes), reward
        obs = model.observation(angle, speed)
        angle, speed, reward = model.step(angle, speed, push)
        cut = np.full(episodes, float(t == limit - 1))
        rows.append((obs, push / 2, reward, before, model.observation(angle, speed), cut))
    return {
        name: np.concatenate(column)
        for name, column in zip(names, zip(*rows, strict=False), strict=True)
    }


class FreeSwing:
    """Critics of a pendulum without a motor, and exact values to measure them by.

    Parameters
    ----------
    ways : sequence of Way
        One stack of critics for each.
    agents : int
        Critics for each way, with data of their own.
    updates, every : int
        How many updates, and how often they are measured.
    tests : int
        States and torques on which they are measured, drawn like the data.

    Attributes
    ----------
    steps : array, shape (m,)
    values : array, shape (ways, agents, m, tests)
        What the critics answer.
    ends : array, shape (ways, agents)
        The share of stored transitions with d = 1.
    """

    def __init__(
        self,
        ways: Sequence[Way],
        *,
        agents: int = 8,
        updates: int = 2000,
        every: int = 50,
        tests: int = 400,
    ) -> None:
        drawn = swing(200, 1000, size=tests)
        self.angle, self.speed = PendulumModel().state(drawn["obs"])
        self.torque = 2 * drawn["action"]
        self.steps = np.arange(0, updates + 1, every)
        self.values = np.empty((len(ways), agents, len(self.steps), tests))
        self.ends = np.empty((len(ways), agents))
        # Ways that differ in their data alone share one stack.
        for loss in dict.fromkeys(way.loss for way in ways):
            same = [i for i, way in enumerate(ways) if way.loss is loss]
            stored = [_stored(ways[i], seed) for i in same for seed in range(agents)]
            data = {name: torch.stack([x[name] for x in stored]) for name in stored[0]}
            self.ends[same] = data["terminated"].mean(1).reshape(len(same), agents).numpy()
            answers: list[Array] = []
            inputs = [
                torch.tensor(x, dtype=torch.float32).expand(len(stored), *x.shape)
                for x in (drawn["obs"], drawn["action"][:, None])
            ]

            @torch.no_grad()
            def watch(k: int, critic: Critic, inputs=inputs, answers=answers) -> None:  # type: ignore[no-untyped-def]
                if k % every == 0:
                    # Rewards are scaled so that values are of the size of one reward.
                    answers.append(critic(*inputs).double().numpy() / (1 - GAMMA))

            learn_critics(
                fresh_critics(len(stored), 3),
                _Minibatches(data),
                lambda obs: torch.zeros(*obs.shape[:-1], 1),
                updates=updates,
                tau=1.0,  # the targets are renewed at every step: one thing less to explain
                lr=6e-3,
                loss=loss,
                watch=watch,
            )
            moved = np.stack(answers).reshape(len(self.steps), len(same), agents, tests)
            self.values[same] = np.moveaxis(moved, 0, 2)

    def exact(self, gamma: float = GAMMA) -> Array:
        """The exact values of the tests, ``(tests,)``, by playing them out."""
        return pendulum_action_value(
            zero_torque, self.angle, self.speed, self.torque, gamma=gamma, tolerance=0.01
        )


def _stored(way: Way, seed: int) -> dict[str, Tensor]:
    data = swing(way.limit, seed)
    columns = {
        "obs": data["obs"],
        "action": data["action"][:, None],
        "reward": (1 - GAMMA) * data["before" if way.reward_before else "reward"],
        "next_obs": data["next_obs"],
        "terminated": way.cut_is_end * data["cut"],
    }
    return {name: torch.tensor(x, dtype=torch.float32) for name, x in columns.items()}


class _Minibatches:
    """Draws minibatches of every agent's own transitions."""

    def __init__(self, data: dict[str, Tensor], batch: int = 64) -> None:
        self.data, self.batch = data, batch
        self.agents = torch.arange(len(data["obs"]))[:, None]
        self.generator = torch.Generator().manual_seed(0)

    def __call__(self) -> Batch:
        agents, size = self.data["reward"].shape
        at = torch.randint(size, (agents, self.batch), generator=self.generator)
        columns = {name: x[self.agents, at] for name, x in self.data.items()}
        return Batch(**columns, discount=torch.full((agents, self.batch), GAMMA))
