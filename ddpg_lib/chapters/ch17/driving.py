"""CarRacing-v3 without learning: a controller that knows where the road is, and one by lot.

The controller is pure pursuit: it steers towards a point of the road ahead, the farther the faster
it drives, and drives as fast as its tires bear in the bends that it comes to. It is given what the
agent has to find in the picture: the track's points, the car's place, heading and velocity. Its
constants were found by hand on tracks 100 to 111.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ddpg_lib.agents.pixels import PixelDDPG
from ddpg_lib.envs.making import make
from ddpg_lib.envs.pixels import seen
from ddpg_lib.evaluation import rollout
from ddpg_lib.worlds.driving import ONE_PEDAL

Array = NDArray[np.float64]
Driver = Callable[[Any], Array]
"""From the environment to an action: steering, gas, brake."""

AHEAD = (4, 0.07)  # points of the road: at rest, and more for each unit of speed
SEEN, OVER, APART = 30, 4, 3.5  # points whose bend counts, each over the next 4; units between two
GRIP, BRAKING = 60.0, 30.0  # accelerations across and along that the tires bear, units a second^2
FASTEST = 80.0  # units a second
STEER, GAS, BRAKE = 2.0, 0.15, 0.04  # for each rad, and for each unit of speed


def wrapped(angle: Any) -> Any:
    """An ``angle`` of any shape, ``(...)``, brought between -pi and pi."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def pursue(car: Any) -> Array:
    """The controller's action ``(3,)``: steering (right is positive), gas and brake.

    ``car`` is the bare environment, ``env.unwrapped``.
    """
    track = np.array(car.track)[:, 1:]  # heading, x, y of every point
    hull = car.car.hull
    place, heading = np.array(hull.position), hull.angle
    speed = float(np.hypot(*hull.linearVelocity))
    nearest = int(np.argmin(((track[:, 1:] - place) ** 2).sum(1)))
    goal = track[(nearest + int(AHEAD[0] + AHEAD[1] * speed)) % len(track), 1:]
    dx, dy = goal - place
    # The hull looks along (-sin, cos) of its angle.
    error = wrapped(np.arctan2(-dx, dy) - heading)
    ahead = track[(nearest + np.arange(SEEN)) % len(track), 0]
    bend = np.abs(wrapped(ahead[OVER:] - ahead[:-OVER])) / (OVER * APART)  # rad a unit of way
    # v^2 times the bend is the acceleration across; from here to there the car can brake.
    way = APART * np.arange(len(bend))
    wanted = np.sqrt(GRIP / np.maximum(bend, 1e-3) + 2 * BRAKING * way).min()
    wanted = min(float(wanted), FASTEST)
    steering = np.clip(-STEER * error, -1, 1)
    # Full gas in a bend spins the rear wheels.
    gas = np.clip(GAS * (wanted - speed), 0, 1) * (1 - 0.6 * abs(steering))
    brake = np.clip(BRAKE * (speed - wanted - 2), 0, 0.4)
    return np.array([steering, gas, brake])


def at_random(seed: int = 0) -> Driver:
    """Uniformly random actions, as in the warm-up; each episode goes on with the same numbers."""
    rng = np.random.default_rng(seed)
    return lambda car: rng.uniform((-1, 0, 0), (1, 1, 1))


def drive(driver: Driver, seeds: Sequence[int], repeat: int = 1) -> Array:
    """Returns ``(len(seeds),)`` of a driver on CarRacing-v3, one track for each seed.

    ``repeat`` is how many steps each action lasts, as for an agent.
    """

    def world() -> gym.Env[Any, Any]:
        # A number in place of pictures, which a driver does not need: so they are not drawn.
        env = gym.make("CarRacing-v3")
        car, nothing = cast("Any", env.unwrapped), np.zeros((96, 96, 3), np.uint8)
        car._render = lambda mode: nothing.copy()
        small = gym.wrappers.TransformObservation(
            env, lambda obs: np.zeros(1, np.float32), gym.spaces.Box(0, 1, (1,))
        )
        return gym.wrappers.RepeatAction(small, repeat)

    env = make(world)
    returns = np.zeros(len(seeds))
    for k, seed in enumerate(seeds):
        for step in rollout(lambda obs: driver(env.unwrapped)[None, None], [[env]], [seed]):
            returns[k] += step.reward[0, 0]
    env.close()
    return returns


@dataclasses.dataclass(frozen=True)
class Drive:
    """An episode of an agent on one track.

    Attributes
    ----------
    reward : float
        Its return.
    last : int
        The action with which it reached a tile for the last time.
    actions : int
        How many it took.
    before, after : float
        Mean speed up to then and from then on, units a second.
    on_road : float
        Share of the actions from then on that end with a wheel on the road.
    """

    reward: float
    last: int
    actions: int
    before: float
    after: float
    on_road: float


def stalls(agent: PixelDDPG, number: int, tracks: Sequence[int]) -> list[Drive]:
    """Where an agent, at place ``number`` of its stack, stops reaching tiles, on each track."""
    world, kwargs = seen(ONE_PEDAL, agent.config)
    env = make(world, **kwargs)
    drives = []
    for seed in tracks:
        obs, _ = env.reset(seed=seed)
        car: Any = env.unwrapped
        tiles, last, reward, over = 0, 0, 0.0, False
        seen_of: list[tuple[float, bool]] = []
        while not over:
            action = agent.act(np.repeat(obs[None], agent.n, axis=0))[number]
            obs, r, terminated, truncated, _ = env.step(action)
            reward, over = reward + float(r), terminated or truncated
            if car.tile_visited_count > tiles:
                tiles, last = car.tile_visited_count, len(seen_of)
            on_road = any(wheel.tiles for wheel in car.car.wheels)
            seen_of.append((float(np.hypot(*car.car.hull.linearVelocity)), on_road))
        speed, road = np.array(seen_of, float).T
        means = speed[: last + 1].mean(), speed[last:].mean(), road[last:].mean()
        drives.append(Drive(reward, last, len(speed), *map(float, means)))
    env.close()
    return drives
