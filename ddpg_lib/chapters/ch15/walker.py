"""BipedalWalker-v3 in formulas: its motors, its reward, and two controllers without learning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

STEPS_A_SECOND = 50
METER = 130 / 30  # points for a meter forwards
TILT = 5.0  # points for a radian by which the hull is less tilted
TORQUE = 0.00035 * 80  # points lost in a step for a motor at full torque
FALL = -100.0  # replaces the reward of the step in which the hull touches the ground
TRACK = 180 * 14 / 30  # m, from the start to the end
MOTOR = 80.0  # N m, the greatest torque of a motor
MOTOR_SPEED = np.array([4.0, 6.0, 4.0, 6.0])  # rad/s: hip, knee, hip, knee
JOINTS = [4, 6, 9, 11]  # where the observation holds their angles; their rates follow
UNITS = np.array([1, 25, 25 / 3, 12.5, *[1, 4, 1, 6, 1] * 2, *[16 / 3] * 10])
"""What an observation of 1 means in SI units; the knees' angles have 1 rad added to them."""


def effort(action: ArrayLike) -> Array:
    """Sum ``(...,)`` of the motors' torque limits, as shares of full torque: 0 to 4.

    The ``action (..., 4)`` is clipped to [-1, 1].
    """
    return np.asarray(np.clip(np.abs(np.asarray(action, float)), 0, 1).sum(axis=-1))


def motor_target(action: ArrayLike) -> tuple[Array, Array]:
    """What the motors strive for (Gymnasium's ``BipedalWalker.step``), of an ``action (..., 4)``.

    Returns
    -------
    speed : array, shape (..., 4)
        rad/s; only the action's sign matters.
    torque : array, shape (..., 4)
        N m, the greatest with which a motor pushes or brakes to have that speed.
    """
    a = np.asarray(action, float)
    return np.sign(a) * MOTOR_SPEED, MOTOR * np.clip(np.abs(a), 0, 1)


def shaping(place: ArrayLike, tilt: ArrayLike) -> Array:
    """The potential whose change is paid, in points.

    Parameters
    ----------
    place : array_like
        Of the hull along the track, m. It is not in the observation.
    tilt : array_like
        Of the hull, rad.

    Returns
    -------
    array
        Of the arguments' common shape.
    """
    return METER * np.asarray(place, float) - TILT * np.abs(np.asarray(tilt, float))


def reward(place: ArrayLike, tilt: ArrayLike, action: ArrayLike) -> Array:
    """Rewards of an episode's steps, but for a fall.

    Parameters
    ----------
    place, tilt : array_like, shape (steps + 1,)
        Of the hull before the first and after every step, m and rad.
    action : array_like, shape (steps, 4)
        In [-1, 1].

    Returns
    -------
    array, shape (steps,)
        Where an episode ends by a fall, the environment's last reward is ``FALL`` instead.
    """
    return np.diff(shaping(place, tilt)) - TORQUE * effort(action)


def lunge(step: int) -> Array:
    """Half a second of torque, then none: the legs slide into a wide stance that holds by itself.

    An action ``(4,)`` for each step of the episode, from 0.
    """
    return np.array([1, 0.3, -1, 0.3]) if step < 30 else np.zeros(4)


def shipped(speed: float = 0.29) -> Callable[[ArrayLike], Array]:
    """The controller that Gymnasium ships, for one episode.

    ``speed`` is its ``SPEED``, as in the observation: above it the walker straightens its standing
    leg. It maps an observation ``(24,)`` to an action ``(4,)``, and remembers which leg moves.
    """
    from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics

    controller = BipedalWalkerHeuristics()
    controller.a = np.zeros(4)  # its own is shared by all
    controller.SPEED = speed

    def policy(obs: ArrayLike) -> Array:
        return np.array(controller.step_heuristic(np.asarray(obs)))

    return policy
