"""Walks of BipedalWalker: played, with what the simulator knows and the observation leaves out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch15.gait import bridged, cost_of_transport, footfalls, mean_phase, phases
from ddpg_lib.chapters.ch15.walker import (
    FALL,
    METER,
    STEPS_A_SECOND,
    TILT,
    TORQUE,
    TRACK,
    effort,
    shipped,
)
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import close_all, make
from ddpg_lib.evaluation import rollout
from ddpg_lib.parts.noise import OrnsteinUhlenbeckNoise

Array = NDArray[Any]
Walker = Callable[[int, Array], ArrayLike]
WALKER = "BipedalWalker-v3"
ENDS = ("arrived", "fall", "time limit")


class Walk:
    """One episode, step by step.

    Attributes
    ----------
    obs : array, shape (steps + 1, 24)
        As observed before the first and after every step.
    place, tilt : array, shape (steps + 1,)
        Of the hull, m and rad.
    action : array, shape (steps, 4)
        As given.
    reward : array, shape (steps,)
        As paid.
    torque, rate : array, shape (steps, 4)
        Of the joints, N m and rad/s.
    touch : array of bool, shape (steps, 2)
        Which foot is on the ground, by the simulator.
    end : str
        One of ``ENDS``. Who leaves the track at its start has lost as if it fell.
    weight : float
        N.
    """

    def __init__(self, kept: dict[str, list[Any]], end: str, weight: float) -> None:
        found = {name: np.array(x) for name, x in kept.items()}
        self.obs, self.place, self.tilt = found["obs"], found["place"], found["tilt"]
        self.action, self.reward = found["action"], found["reward"]
        self.torque, self.rate, self.touch = found["torque"], found["rate"], found["touch"]
        self.end, self.weight = end, weight

    @property
    def total(self) -> float:
        """The undiscounted return."""
        return float(self.reward.sum())

    @property
    def way(self) -> float:
        """Meters from the start to the end."""
        return float(self.place[-1] - self.place[0])

    def parts(self) -> dict[str, float]:
        """The return's parts by name.

        Returns
        -------
        dict of float
            Their sum is the return if (15.3) holds in every step.
        """
        last = len(self.reward) - (self.end == "fall")
        return {
            "way": METER * float(self.place[last] - self.place[0]),
            "tilt": -TILT * float(abs(self.tilt[last]) - abs(self.tilt[0])),
            "torque": -TORQUE * float(effort(self.action[:last]).sum()),
            "end": float(self.reward[last:].sum()),
        }

    def gait(self) -> dict[str, float]:
        """Numbers of the walk without its first second and its last half second.

        Returns
        -------
        dict of float
            Speed, effort, price of a meter in points, the return by (15.5) if it arrives, cost of
            transport, strides a second, and of the feet the duty factors, the shares of time with
            both and with none on the ground, the second one's mean phase and how regular it is.
        """
        middle = slice(50, max(100, len(self.reward) - 25))
        a, b = (bridged(self.touch[middle, k], 2) for k in (0, 1))
        x = self.place[middle]
        seconds, way = (len(x) - 1) / STEPS_A_SECOND, float(x[-1] - x[0])
        speed, used = way / seconds, float(effort(self.action[middle]).mean())
        price = STEPS_A_SECOND * TORQUE * used / speed
        work = self.torque[middle], self.rate[middle]
        phase, regular = mean_phase(phases(footfalls(a), footfalls(b)))
        return {
            "m/s": speed,
            "effort": used,
            "points/m": price,
            "at end": (METER - price) * TRACK,
            "CoT": cost_of_transport(*work, 1 / STEPS_A_SECOND, self.weight, way),
            "strides/s": len(footfalls(a)) / seconds,
            "duty 1": float(a.mean()),
            "duty 2": float(b.mean()),
            "both": float((a & b).mean()),
            "none": float((~a & ~b).mean()),
            "phase": phase,
            "regular": regular,
        }


class Track(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps what a :class:`Walk` needs of one episode."""

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Begin a new walk; ``kwargs`` are the environment's.

        Returns
        -------
        tuple
            The environment's own: observation and info.
        """
        obs, info = self.env.reset(**kwargs)
        self.end, self.kept = "", dict[str, list[Any]]()
        self._keep(obs=obs)
        return obs, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an ``action (4,)``, and keep what happened.

        Returns
        -------
        tuple
            The environment's own: observation, reward, terminated, truncated, info.
        """
        obs, reward, terminated, truncated, info = self.env.step(action)
        world: Any = self.unwrapped
        touch = [any(c.contact.touching for c in world.legs[k].contacts) for k in (1, 3)]
        self._keep(
            obs=obs,
            action=action,
            reward=reward,
            torque=[j.GetMotorTorque(STEPS_A_SECOND) for j in world.joints],
            rate=[j.speed for j in world.joints],
            touch=touch,
        )
        if terminated:
            self.end = "fall" if reward == FALL else "arrived"
        elif truncated:
            self.end = "time limit"
        return obs, reward, terminated, truncated, info

    def _keep(self, **values: Any) -> None:
        hull = self.unwrapped.hull  # type: ignore[attr-defined]
        for name, value in (values | {"place": hull.position.x, "tilt": hull.angle}).items():
            self.kept.setdefault(name, []).append(value)

    def walk(self) -> Walk:
        """What was kept, of an episode that is over."""
        world: Any = self.unwrapped
        mass = sum(body.mass for body in [world.hull, *world.legs])
        return Walk(self.kept, self.end, 10 * mass)


def _walks(policy: Callable[[Array], Any], tracks: Any, seeds: Sequence[int]) -> list[list[Walk]]:
    """Of a grid of tracks, which it closes."""
    for _ in rollout(policy, tracks, seeds):
        pass  # the tracks keep what happens
    found = [[track.walk() for track in row] for row in tracks]
    for row in tracks:
        close_all(row)
    return found


def walk(walker: Walker, seeds: Iterable[int], **kwargs: Any) -> list[Walk]:
    """Walks from ``reset(seed=...)`` for each of the ``seeds``, one after another.

    ``walker`` maps the step's number, from 0, and the observation ``(24,)`` to an action ``(4,)``;
    ``kwargs`` are for ``gymnasium.make``.
    """
    found = []
    for seed in seeds:
        number = itertools.count()

        def policy(obs: Array, number: Any = number) -> Array:
            return np.asarray(walker(next(number), obs[0, 0]), float)[None, None]

        found += _walks(policy, [[Track(make(WALKER, **kwargs))]], [seed])[0]
    return found


def walk_all(
    agent: DDPG, episodes: int, seed: int, factor: float = 1.0, sigma: float = 0.0, **kwargs: Any
) -> list[list[Walk]]:
    """Walks of all agents of a stack: n lists of so many ``episodes``.

    Parameters
    ----------
    agent
        The stack.
    episodes
        Of each agent.
    seed
        Of each agent's first one.
    factor
        By which all torques are multiplied.
    sigma
        Of Ornstein-Uhlenbeck noise on top of that; 0 is none.
    **kwargs
        For ``gymnasium.make``.
    """
    tracks = [[Track(make(WALKER, **kwargs)) for _ in range(episodes)] for _ in range(agent.n)]
    rngs = [np.random.default_rng([15, k]) for k in range(agent.n * episodes)]
    noise = OrnsteinUhlenbeckNoise(rngs, 4, sigma)

    def policy(obs: Array) -> Array:
        action = factor * agent.act(obs)
        return np.clip(action + noise.sample().reshape(action.shape), -1, 1)

    return _walks(policy, tracks, range(seed, seed + episodes))


def controller(speed: float) -> Walker:
    """The shipped controller at a ``speed``, which begins anew with an episode's first step.

    From the step's number and an observation ``(24,)`` to an action ``(4,)``.
    """
    policy = shipped(speed)

    def walker(step: int, obs: Array) -> ArrayLike:
        nonlocal policy
        if step == 0:
            policy = shipped(speed)
        return policy(obs)

    return walker


def strain(share: float) -> Walker:
    """A walker that slides into a wide stance and then presses all motors against it.

    ``share`` is the torque, of the full one, that each is allowed. It maps the step's number and an
    observation ``(24,)`` to an action ``(4,)``.
    """
    stance, pressed = np.array([1, 0.3, -1, 0.3]), np.array([1.0, 1, -1, 1])
    return lambda step, obs: stance if step < 30 else share * pressed
