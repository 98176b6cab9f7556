"""MountainCarContinuous-v0 for whole arrays of cars, and what noise alone does to them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch08.processes import AR1, library_noise

Array = NDArray[np.float64]
FLAG, WALL, LIMIT = 0.45, -1.2, 999
"""Position of the flag and of the wall on the left, and the steps of an episode."""


def dynamics(
    position: ArrayLike, velocity: ArrayLike, action: ArrayLike
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """One step of the car, in float64: Gymnasium rounds its state to float32.

    Parameters
    ----------
    position, velocity : array_like
        Along the road, and per step.
    action : array_like
        Push of the motor, clipped to [-1, 1].

    Returns
    -------
    position, velocity, arrived : arrays
        Of the arguments' common shape.
    """
    x, push = np.asarray(position, float), np.clip(np.asarray(action, float), -1, 1)
    v = np.clip(velocity + 0.0015 * push - 0.0025 * np.cos(3 * x), -0.07, 0.07)
    x = np.clip(x + v, WALL, 0.6)
    v = np.where((x == WALL) & (v < 0), 0.0, v)
    return np.asarray(x), np.asarray(v), np.asarray((x >= FLAG) & (v >= 0))


def drive(actions: ArrayLike, seed: int = 0) -> tuple[Array, NDArray[np.int64]]:
    """Cars that take given actions ``(cars, steps)``, from starts as Gymnasium draws them.

    Returns
    -------
    positions : array, shape (cars, steps + 1)
        A car that has arrived stays where it is.
    arrival : array of int, shape (cars,)
        Steps until it arrived; the number of steps plus 1 where it did not.
    """
    u = np.asarray(actions, float)
    x = np.random.default_rng(seed).uniform(-0.6, -0.4, len(u))
    v, arrival, positions = np.zeros(len(u)), np.full(len(u), u.shape[1] + 1), [x]
    for t, push in enumerate(u.T, start=1):
        on = arrival > t
        new_x, new_v, arrived = dynamics(x, v, push)
        x, v = np.where(on, new_x, x), np.where(on, new_v, v)
        arrival[on & arrived] = t
        positions.append(x)
    return np.stack(positions, axis=1), arrival


def arrivals(process: AR1, cars: int = 400, seed: int = 0) -> float:
    """Share of cars that noise alone brings to the flag within an episode of 999 steps."""
    noise = library_noise(process, [np.random.default_rng(seed)], cars)
    u = np.stack([noise.sample()[0] for _ in range(LIMIT)], axis=1)
    return float(np.mean(drive(u, seed)[1] <= LIMIT))


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95% interval of a ``share`` of ``n`` independent trials, as (low, high)."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)
