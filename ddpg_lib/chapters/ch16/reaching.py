"""Reacher-v5 without learning: the arm's geometry, and a controller that uses it.

The arm is two links that turn by the angles q = (q0, q1); the second angle counts from the first
link. Its joints carry rotors so heavy (an armature of 1 kg m²) beside the links (grams) that each
joint is nearly an axle of its own: the torque 200 a turns it against a damping of 1 N m s. All
functions take any number of leading axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

LINKS = (0.1, 0.11)  # m, to the elbow and from there to the fingertip
GEAR = 200.0  # N m, of an action of 1
DAMPING = 1.0  # 1/s: damping over armature
DT = 0.02  # s, of an environment step
ELBOW = 3.0  # rad, the second joint's limit to either side


def read(obs: ArrayLike) -> tuple[Array, Array, Array]:
    """Angles, angular velocities and target from Reacher-v5's observation ``obs (..., 10)``.

    Returns
    -------
    q : array, shape (..., 2)
        rad, between -pi and pi.
    velocity : array, shape (..., 2)
        rad/s.
    target : array, shape (..., 2)
        m.
    """
    x = np.asarray(obs, np.float64)
    return np.arctan2(x[..., 2:4], x[..., :2]), x[..., 6:8], x[..., 4:6]


def stated(obs: ArrayLike) -> Array:
    """MuJoCo's state ``(..., 8)`` behind an observation ``(..., 10)``.

    Two angles (rad), the target (m), two angular velocities (rad/s), and two zeros: the target
    stands still.
    """
    q, velocity, target = read(obs)
    return np.concatenate([q, target, velocity, np.zeros_like(velocity)], axis=-1)


def observed(state: ArrayLike) -> Array:
    """The observation ``(..., 10)`` of such a state ``(..., 8)``."""
    s = np.asarray(state, np.float64)
    q, target, velocity = s[..., :2], s[..., 2:4], s[..., 4:6]
    gap = fingertip(q) - target
    return np.concatenate([np.cos(q), np.sin(q), target, velocity, gap], axis=-1)


def fingertip(q: ArrayLike) -> Array:
    """Where the fingertip is, ``(..., 2)`` in m, at the angles ``q (..., 2)`` in rad."""
    first, both = np.asarray(q, np.float64)[..., 0], np.sum(q, axis=-1)
    angle = np.stack([first, both])
    x, y = np.tensordot(LINKS, np.cos(angle), 1), np.tensordot(LINKS, np.sin(angle), 1)
    return np.stack([x, y], axis=-1)


def jacobian(q: ArrayLike) -> Array:
    """Derivative of the fingertip's place in the angles, in m, at ``q (..., 2)`` in rad.

    Its shape is ``(..., 2, 2)``; row: x and y; column: angle.
    """
    q = np.asarray(q, np.float64)
    elbow = np.stack([np.cos(q[..., 0]), np.sin(q[..., 0])], axis=-1) * LINKS[0]
    arm, hand = fingertip(q), fingertip(q) - elbow
    turned = [np.stack([-v[..., 1], v[..., 0]], axis=-1) for v in (arm, hand)]
    return np.stack(turned, axis=-1)


def postures(target: ArrayLike) -> Array:
    """Inverse kinematics: the angles that bring the fingertip to a target, elbow left and right.

    Parameters
    ----------
    target : array_like, shape (..., 2)
        m. One out of reach is taken for the nearest point in its direction.

    Returns
    -------
    array, shape (..., 2, 2)
        The two postures, each (q0, q1) in rad, q0 between -pi and pi.
    """
    g = np.asarray(target, np.float64)
    upper, lower = LINKS
    cosine = ((g**2).sum(-1) - upper**2 - lower**2) / (2 * upper * lower)
    bend = np.arccos(cosine.clip(-1, 1))[..., None] * [1, -1]
    aim = np.arctan2(g[..., 1], g[..., 0])[..., None]
    first = aim - np.arctan2(lower * np.sin(bend), upper + lower * np.cos(bend))
    return np.stack([_wrapped(first), bend], axis=-1)


def pd_gains(rate: float) -> tuple[float, float]:
    """Gains of ``a = kp (q* - q) - kd velocity`` that bring a joint home without overshoot.

    ``rate`` is the double root of the closed loop, in 1/s: the larger, the faster. The gains are an
    action for each rad, and for each rad/s.
    """
    return rate**2 / GEAR, (2 * rate - DAMPING) / GEAR


def controller(obs: ArrayLike, rate: float = 8.0) -> Array:
    """Turn both joints towards the nearest of the two postures that reach the target.

    From Reacher-v5's observation ``obs (..., 10)`` to actions ``(..., 2)`` within [-1, 1]; the
    rate is that of :func:`pd_gains`.
    """
    q, velocity, target = read(obs)
    goals = postures(target)
    away = goals - q[..., None, :]
    away[..., 0] = _wrapped(away[..., 0])  # the first joint turns all the way round
    nearest = np.abs(away).max(axis=-1).argmin(axis=-1)
    chosen = np.take_along_axis(away, nearest[..., None, None], axis=-2)[..., 0, :]
    kp, kd = pd_gains(rate)
    return np.asarray((kp * chosen - kd * velocity).clip(-1, 1))


def _wrapped(angle: Array) -> Array:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)
