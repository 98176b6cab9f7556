"""The pendulum pushed from hanging, by noise or by whatever else."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.worlds.pendulum.model import PendulumModel

Array = NDArray[np.float64]
MODEL = PendulumModel()


def push(u: ArrayLike) -> tuple[Array, Array]:
    """Pendulum-v1 from hanging at rest under scaled torques ``(episodes, steps)``, clipped to 1.

    Returns
    -------
    angles, speeds : array, shape (episodes, steps + 1)
        Angles from hanging, in radians, and angular velocities.
    """
    pushes = np.clip(np.asarray(u, float), -1, 1)
    theta, speed = np.full(len(pushes), np.pi), np.zeros(len(pushes))
    angles, speeds = [theta], [speed]
    for torque in pushes.T * MODEL.max_torque:
        theta, speed, _ = MODEL.step(theta, speed, torque)
        angles.append(theta)
        speeds.append(speed)
    return np.stack(angles, axis=1) - np.pi, np.stack(speeds, axis=1)


def swing_after(u: ArrayLike) -> Array:
    """Amplitude of the free swing that pushes from hanging leave.

    Parameters
    ----------
    u : array_like, shape (episodes, steps)
        Scaled torques, clipped to 1.

    Returns
    -------
    array, shape (episodes,)
        In radians: that of a pendulum with the same energy, at most half a turn.
    """
    angle, speed = push(u)
    bottom, top = MODEL.energy(np.pi, 0.0), MODEL.energy(0.0, 0.0)
    share = (MODEL.energy(angle[:, -1] + np.pi, speed[:, -1]) - bottom) / (top - bottom)
    return np.asarray(np.arccos(np.clip(1 - 2 * share, -1, 1)))
