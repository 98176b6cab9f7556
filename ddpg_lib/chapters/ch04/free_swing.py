"""A pendulum without a motor: critics of its values, with time limits stored right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.chapters.ch04.critics import fresh_critics, learn_critics
from ddpg_lib.parts.replay import Batch
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.policies import zero_torque
from ddpg_lib.worlds.pendulum.values import pendulum_action_value

Array: TypeAlias = NDArray[Any]

GAMMA = 0.97


@dataclass(frozen=True)
class Way:
    """A way to store transitions.

    Attributes
    ----------
    limit : int
        Steps after which an episode is cut off.
    cut_is_end : bool
        The mistake of storing ``terminated or truncated`` as d.
    """

    limit: int
    cut_is_end: bool


def swing(limit: int, seed: int, size: int = 20_000) -> dict[str, Array]:
    """Transitions of a pendulum under random torques, in episodes cut off at a limit.

    Each pendulum swings for a while, of random length, before its episode begins. If all started
    from rest they would swing in step, and the limit would strike some phases more often.

    Returns
    -------
    dict
        ``obs``, ``action`` in -1 to 1, ``reward``, ``next_obs``, and ``cut``, 1 where the limit
        struck.
    """
    model, rng = PendulumModel(), np.random.default_rng([seed, limit])
    episodes = size // limit
    angle, speed = rng.uniform(-np.pi, np.pi, episodes), rng.uniform(-1, 1, episodes)
    lead = rng.integers(50, 150, episodes)
    for t in range(150):
        moved = model.step(angle, speed, rng.uniform(-2, 2, episodes))
        angle, speed = np.where(t < lead, moved[:2], (angle, speed))
    names = ("obs", "action", "reward", "next_obs", "cut")
    rows = []
    for t in range(limit):
        push = rng.uniform(-2, 2, episodes)
        obs = model.observation(angle, speed)
        angle, speed, reward = model.step(angle, speed, push)
        cut = np.full(episodes, float(t == limit - 1))
        rows.append((obs, push / 2, reward, model.observation(angle, speed), cut))
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
    updates : int
    tests : int
        States and torques on which they are measured, drawn like the data.

    Attributes
    ----------
    learned : array, shape (ways, agents, tests)
        What the trained critics answer.
    """

    def __init__(
        self, ways: Sequence[Way], *, agents: int = 8, updates: int = 2000, tests: int = 400
    ) -> None:
        drawn = swing(200, 1000, size=tests)
        self.angle, self.speed = PendulumModel().state(drawn["obs"])
        self.torque = 2 * drawn["action"]
        stored = [_stored(way, seed) for way in ways for seed in range(agents)]
        critic = learn_critics(
            fresh_critics(len(stored), 3),
            _Minibatches({name: torch.stack([x[name] for x in stored]) for name in stored[0]}),
            lambda obs: torch.zeros(*obs.shape[:-1], 1),
            updates=updates,
            tau=0.1,
            lr=6e-3,
        )
        inputs = [
            torch.tensor(x, dtype=torch.float32).expand(len(stored), *x.shape)
            for x in (drawn["obs"], drawn["action"][:, None])
        ]
        with torch.no_grad():
            answers = critic(*inputs).double().numpy()
        # Rewards were scaled so that values are of the size of one reward.
        self.learned = answers.reshape(len(ways), agents, tests) / (1 - GAMMA)

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
        "reward": (1 - GAMMA) * data["reward"],
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
