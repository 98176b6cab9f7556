"""Hand-written rulers for the worlds of page 13b: a crane's driver and a furnace's stoker."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.worlds import crane, furnace
from ddpg_lib.worlds.lqr import LQR

Array = NDArray[np.float64]
REACH = 1.5  # m from the mark, beyond which the trolley is not pulled harder
WIDE = 200.0  # K over which the stoker's power falls from full to what holds the heat


@cache
def _gain() -> tuple[float, ...]:
    """The regulator of the crane near its mark, in N a unit of the state."""

    def after(state: Array, force: float) -> Array:
        half = crane.moved(state, force, crane.STEP / 2)
        return crane.moved(half, force, crane.STEP / 2)

    small, rest = 1e-4, np.zeros(4)
    columns = [(after(x, 0.0) - after(-x, 0.0)) / (2 * small) for x in small * np.eye(4)]
    push = (after(rest, small) - after(rest, -small)) / (2 * small)
    # Costs: the load's place, and a little of its speed and of the trolley's.
    load, slow = np.array([1.0, 0.0, crane.ROPE, 0.0]), np.diag([0.0, 0.06, 0.06, 0.06])
    regulator = LQR(
        np.array(columns).T,
        push[:, None],
        np.outer(load, load) + slow,
        np.array([[0.003]]),
        gamma=1.0,
    )
    return tuple(regulator.K[0])


def crane_driver(obs: ArrayLike) -> NDArray[np.float32]:
    """Currents ``(..., 1)`` for observations ``(..., 5)``: a regulator, past the dead zone."""
    x = np.asarray(obs, float)
    off = np.clip((x[..., 0] - x[..., 1]) / 1e3, -REACH, REACH)
    state = np.stack([off, x[..., 2] / 1e3, x[..., 3], x[..., 4]], axis=-1)
    wanted = np.clip(-state @ np.array(_gain()) / crane.FORCE, -1.0, 1.0)
    current = np.sign(wanted) * (crane.DEAD + (1 - crane.DEAD) * np.abs(wanted))
    return np.where(np.abs(wanted) > 0.01, current, 0.0)[..., None].astype(np.float32)


def furnace_stoker(obs: ArrayLike) -> NDArray[np.float32]:
    """Powers ``(..., 1)`` for observations ``(..., 3)``: what holds the heat, and more below it."""
    piece, coil = np.moveaxis(np.asarray(obs, float), -1, 0)[:2]
    hold = furnace.LOSS * (piece - furnace.ROOM) / furnace.POWER
    soon = piece + 0.1 * np.maximum(coil - piece, 0.0)  # what the coil still holds
    power = np.clip(hold + (furnace.GOAL - soon) / WIDE, 0.0, 1.0)
    return power[..., None].astype(np.float32)
