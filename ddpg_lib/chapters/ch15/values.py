"""What a walk, a fall, and standing still are worth under BipedalWalker's prices."""

from __future__ import annotations

import math

from ddpg_lib.chapters.ch15.walker import FALL, METER, STEPS_A_SECOND, TORQUE


def step_value(speed: float, effort: float) -> float:
    """Points that a steady walk earns in a step, at a speed in m/s and a mean effort.

    The effort is that of :func:`ddpg_lib.chapters.ch15.walker.effort`.
    """
    return METER * speed / STEPS_A_SECOND - TORQUE * effort


def walk_value(rho: float, steps: int, gamma: float, end: float = 0.0) -> float:
    """Value of a walk of ``rho`` points a step that ends after some steps.

    ``steps`` are those before the one that ends the walk; ``end`` is that one's reward, ``FALL`` or
    0; ``gamma`` is at most 1.
    """
    total = float(steps) if gamma == 1 else (1 - gamma**steps) / (1 - gamma)
    return rho * total + gamma**steps * end


def break_even(rho: float, gamma: float) -> float:
    """Steps before a certain fall from which on walking is worth more than standing still.

    The walk earns ``rho`` points a step; ``gamma`` is at most 1.

    Raises
    ------
    ValueError
        If the walk earns nothing, so that no length makes up for a fall.
    """
    if rho <= 0:
        raise ValueError(f"rho must be positive, or no walk repays a fall; got {rho:g}")
    if gamma == 1:
        return -FALL / rho
    return -math.log(1 - FALL * (1 - gamma) / rho) / math.log(gamma)


def risky_value(rho: float, hazard: float, gamma: float) -> float:
    """Value of a walk that falls at any step with the same probability, ``hazard``.

    ``rho`` are the points of a step without a fall.
    """
    return ((1 - hazard) * rho + hazard * FALL) / (1 - gamma * (1 - hazard))


def blind_value(rho: float, steps: int, gamma: float) -> float:
    """What temporal differences make of a walk whose end cannot be seen coming.

    All states of the walk look alike, so they share one value. It earns ``rho`` points a step, and
    ``steps`` is its whole length.
    """
    return rho / (1 - gamma * (1 - 1 / steps))
