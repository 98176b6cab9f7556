"""Action values of any policy on Pendulum-v1, by simulation of the exact model."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.policies import PendulumPolicy

Array: TypeAlias = NDArray[Any]


def pendulum_action_value(
    policy: PendulumPolicy,
    theta: ArrayLike,
    theta_dot: ArrayLike,
    torque: ArrayLike | None = None,
    *,
    gamma: float,
    tolerance: float = 0.1,
) -> Array:
    r"""Exact :math:`Q^\mu` of Pendulum-v1 without its time limit, by playing it out.

    World and policy are deterministic, so one path from each state and action is the whole
    expectation. It is broken off when no more than ``tolerance`` can follow.

    Parameters
    ----------
    policy : callable
        ``(t, observations (..., 3)) -> torques (...)``.
    theta, theta_dot : array_like
        Angles in radians and angular velocities in rad/s.
    torque : array_like, optional
        First torques in N m; without them the policy's own, which makes it :math:`V^\mu`.
    gamma : float
        Discount in [0, 1).
    tolerance : float
        Greatest error, in units of the reward.

    Returns
    -------
    array
        Of the states' and torques' common shape.

    Raises
    ------
    ValueError
        If gamma or the tolerance lies outside its range, or the policy's torques have another
        shape than the states.
    """
    if not (0 <= gamma < 1 and 0 < tolerance < math.inf):
        got = f"got {gamma} and {tolerance}"
        raise ValueError(f"gamma must lie in [0, 1) and tolerance above 0; {got}")
    model = PendulumModel()
    given = (theta, theta_dot) if torque is None else (theta, theta_dot, torque)
    arrays = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in given))
    angle, speed = arrays[:2]
    worst = -float(model.reward(np.pi, model.max_speed, model.max_torque))
    total, discount, t = np.zeros(angle.shape), 1.0, 0
    while discount * worst / (1 - gamma) > tolerance:
        push = arrays[-1]
        if t > 0 or torque is None:
            push = np.asarray(policy(t, model.observation(angle, speed)), np.float64)
            if push.shape != angle.shape:
                raise ValueError(f"torques have shape {push.shape}, states {angle.shape}")
        angle, speed, reward = model.step(angle, speed, push)
        total += discount * reward
        discount, t = discount * gamma, t + 1
    return total
