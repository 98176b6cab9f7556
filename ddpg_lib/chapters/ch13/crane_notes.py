"""What page 13b works out about the crane before it trains anything on it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ddpg_lib.worlds import crane

Array = NDArray[np.float64]
GRAVITY = 9.81  # m/s²


def reward_again(next_obs: ArrayLike) -> Array:
    """The reward of a step, from the observation after it (13b.1); ``(..., 5)`` to ``(...)``.

    In a crash the observation shows the rail's end, and the distance is off by as much as the
    trolley would have gone beyond it in that step.
    """
    place, mark, velocity, angle, rate = np.moveaxis(np.asarray(next_obs, float), -1, 0)
    distance = np.abs((place - mark) / 1e3 + crane.ROPE * np.sin(angle))
    across = velocity / 1e3 + crane.ROPE * np.cos(angle) * rate
    speed = np.hypot(across, crane.ROPE * np.sin(angle) * rate)
    crashed = np.abs(place) >= 1e3 * crane.RAIL
    done = ~crashed & (distance < crane.NEAR) & (speed < crane.SLOW)
    return np.asarray(-crane.COST * distance + crane.CRASHED * crashed + crane.DONE * done)


def swing_period() -> float:
    """Seconds of a small swing of the load under the free trolley, without friction (13b.3)."""
    share = crane.TROLLEY / (crane.TROLLEY + crane.LOAD)
    return 2 * math.pi * math.sqrt(share * crane.ROPE / GRAVITY)


def turning_share(spread: ArrayLike) -> Array:
    """How often normal noise around 0 turns the motor (13b.2), ``(...)``.

    ``spread``, ``(...)``, is its standard deviation.
    """
    return np.asarray(2 * stats.norm.cdf(-crane.DEAD / np.asarray(spread, float)))


def timid_driver(obs: ArrayLike, pull: float = 0.7) -> NDArray[np.float32]:
    """Currents ``(..., 1)`` of a driver who forgets the dead zone and stops short of the mark.

    ``obs`` is ``(..., 5)``. The current is ``pull`` times the way that is left, in meters, less 0.6
    times the velocity.
    """
    x = np.asarray(obs, float)
    wanted = pull * (x[..., 1] - x[..., 0]) / 1e3 - 0.6 * x[..., 2] / 1e3
    return np.clip(wanted, -1.0, 1.0)[..., None].astype(np.float32)
