"""Flights of LunarLander: played, taken apart, and told by how they end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch14.lander import FUEL, potential_terms, throttle
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import close_all, make, make_many
from ddpg_lib.evaluation import rollout
from ddpg_lib.parts.noise import Noise

Array = NDArray[np.float64]
Pilot = Callable[[Array], ArrayLike]
LANDER = "LunarLanderContinuous-v3"
ENDS = ("rest", "crash", "time limit")


@dataclasses.dataclass(frozen=True)
class Flight:
    """One episode.

    Attributes
    ----------
    obs : array, shape (steps + 1, 8)
        As observed before the first and after every step.
    action : array, shape (steps, 2)
        As given.
    reward : array, shape (steps,)
        As paid.
    end : str
        One of ``ENDS``.
    """

    obs: Array
    action: Array
    reward: Array
    end: str

    @property
    def total(self) -> float:
        """The undiscounted return."""
        return float(self.reward.sum())

    def parts(self) -> dict[str, float]:
        """The return's parts by name: of the potential, the fuel, and the end.

        Returns
        -------
        dict of float
            Their sum is the return if (14.3) holds in every step.
        """
        # The step that terminates pays its end instead of all else.
        last = None if self.end == "time limit" else -1
        shaped = np.diff(potential_terms(self.obs), axis=0)[:last].sum(axis=0)
        fuel = -(throttle(self.action) * FUEL)[:last].sum(axis=0)
        names = ("distance", "speed", "tilt", "legs", "main", "side")
        found = dict(zip(names, [*shaped.tolist(), *fuel.tolist()], strict=True))
        return found | {"end": 0.0 if last is None else float(self.reward[-1])}

    def late(self, steps: int = 300) -> dict[str, float]:
        """What the lander does in its last ``steps``.

        Returns
        -------
        dict of float
            Mean height in meters, the shares of steps with a leg down and with both engines off,
            the mean throttle of the main engine, and the longest stretch of steps with both
            engines off.
        """
        seen, power = self.obs[-steps:], throttle(self.action[-steps:])
        off = (power == 0).all(axis=1)
        runs = "".join("q" if quiet else "." for quiet in off).split(".")
        return {
            "height, m": float(seen[:, 1].mean()) * 20 / 3,
            "a leg down": float(seen[:, 6:].any(axis=1).mean()),
            "main throttle": float(power[:, 0].mean()),
            "engines off": float(off.mean()),
            "longest quiet, steps": max(map(len, runs)),
        }


def _flights(policy: Callable[[Array], Any], envs: Any, seeds: range) -> list[list[Flight]]:
    """Of a grid of environments, which it closes."""
    n, k = len(envs), len(seeds)
    seen: list[list[list[Any]]] = [[[] for _ in range(k)] for _ in range(n)]
    try:
        for step in rollout(policy, envs, seeds):
            for i, j in np.argwhere(step.running):
                over = step.terminated[i, j]
                row = (step.obs[i, j], step.action[i, j], step.reward[i, j])
                seen[i][j].append((*row, step.next_obs[i, j], over))
    finally:
        for row in envs:
            close_all(row)

    def flight(steps: list[Any]) -> Flight:
        obs, action, reward, after, over = (np.array(x) for x in zip(*steps, strict=True))
        end = "time limit" if not over[-1] else "rest" if reward[-1] > 0 else "crash"
        obs = np.vstack([obs, after[-1:]]).astype(float)
        return Flight(obs, action.astype(float), reward.astype(float), end)

    return [[flight(steps) for steps in row] for row in seen]


def fly(pilot: Pilot, seeds: Iterable[int], noise: Noise | None = None) -> list[Flight]:
    """Flights of a pilot, from ``reset(seed=...)`` for each of the ``seeds``, one after another.

    ``pilot`` maps an observation ``(8,)`` to an action ``(2,)``. ``noise`` of one agent is added
    to what it says, and the sum clipped to [-1, 1].
    """

    def policy(obs: Array) -> Array:
        action = np.asarray(pilot(obs[0, 0]), float)
        if noise is not None:
            action = np.clip(action + noise.sample()[0], -1, 1)
        return action[None, None]

    found = []
    for seed in seeds:
        if noise is not None:
            noise.reset(np.array([True]))
        found += _flights(policy, [[make(LANDER)]], range(seed, seed + 1))[0]
    return found


def fly_all(agent: DDPG, episodes: int, seed: int, **kwargs: Any) -> list[list[Flight]]:
    """Noise-free flights of all agents of a stack: n lists of so many ``episodes``.

    ``seed`` is that of each agent's first flight; ``kwargs`` are for ``gymnasium.make``.
    """
    envs = [make_many(LANDER, episodes, **kwargs) for _ in range(agent.n)]
    return _flights(agent.act, envs, range(seed, seed + episodes))


def land() -> Pilot:
    """The pilot that Gymnasium ships, from an observation ``(8,)`` to an action ``(2,)``."""
    from gymnasium.envs.box2d.lunar_lander import heuristic

    world = make(LANDER)  # it only asks whether actions are continuous
    return lambda obs: heuristic(world, obs)


def land_and_fire(main: float) -> Pilot:
    """The shipped pilot, who holds a ``main`` action once both legs are down and it is slow.

    From an observation ``(8,)`` to an action ``(2,)``.
    """
    shipped, standing = land(), [False]

    def pilot(obs: Array) -> ArrayLike:
        down = bool(obs[6] and obs[7])
        standing[0] = down and (standing[0] or bool(np.abs(obs[2:4]).max() < 0.02))
        return np.array([main, 0.0]) if standing[0] else shipped(obs)

    return pilot
