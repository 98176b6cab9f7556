"""Reacher-v5's best motion, planned from its equations: a ruler for what is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch16.reaching import (
    DAMPING,
    DT,
    ELBOW,
    GEAR,
    fingertip,
    jacobian,
    postures,
    read,
)

Array = NDArray[np.float64]

_MARGIN, _STIFF = 0.05, 100.0  # rad: the plan keeps away from the elbow's limit, at this price
_SHORT = 1e-4  # m, below which a distance is no longer distinguished


def joint_map(steps: int) -> tuple[Array, Array]:
    """A joint's angle after each step, linear in where it starts and in its actions.

    Returns
    -------
    free : array, shape (steps, 2)
        For the first angle and angular velocity.
    driven : array, shape (steps, steps)
        For the actions; row: when, column: which action.
    """
    fade = np.exp(-DAMPING * DT)
    A = np.array([[1, (1 - fade) / DAMPING], [0, fade]])
    B = GEAR / DAMPING * np.array([DT - A[0, 1], 1 - fade])
    powers = [np.linalg.matrix_power(A, k) for k in range(steps + 1)]
    kick = [(powers[k] @ B)[0] for k in range(steps)]
    driven = np.array([[kick[t - s] if s <= t else 0 for s in range(steps)] for t in range(steps)])
    return np.array([power[0] for power in powers[1:]]), driven


def plan(
    obs: ArrayLike, steps: int = 50, gamma: float = 1.0, iterations: int = 8
) -> tuple[Array, Array]:
    """The actions with the highest sum of discounted rewards that Newton's method finds.

    The sum of distances and squared actions is reduced from four first motions, to each of the two
    postures either way round. Each iteration replaces a distance d by the parabola that touches it
    from above (an iteratively reweighted Gauss-Newton step), so the plan is a local optimum of the
    model that treats the joints as axles.

    Parameters
    ----------
    obs : array_like, shape (k, 10)
        Reacher-v5's first observations.
    steps : int
        Length of the motion.
    gamma : float
        Discount a step.
    iterations : int
        Of Newton's method.

    Returns
    -------
    actions : array, shape (k, steps, 2)
    value : array, shape (k,)
        The sum of discounted rewards that the model expects.
    """
    q, velocity, target = read(obs)
    two = postures(target)
    around = two - [2 * np.pi, 0] * np.where(two[..., :1] < 0, -1, 1)
    goals = np.concatenate([two, around], axis=1)  # (k, 4, 2)
    (free, G), k, n = joint_map(steps), len(q), 2 * steps
    rest = free[:, :1] * q[:, None] + free[:, 1:] * velocity[:, None]
    rest, at = (np.repeat(x, 4, axis=0) for x in (rest, target[:, None]))
    weight = gamma ** np.arange(steps)

    def judge(a: Array) -> tuple[Array, Array, Array, Array, Array]:
        angles = rest + G @ a
        miss = fingertip(angles) - at
        d = np.sqrt((miss**2).sum(-1) + _SHORT**2)
        over = np.sign(angles[..., 1]) * (np.abs(angles[..., 1]) - ELBOW + _MARGIN).clip(0)
        cost = (weight * (d + (a**2).sum(-1))).sum(-1)
        return cost, cost + _STIFF * (over**2).sum(-1), angles, miss, over

    # First motions: least squares towards the posture.
    pull = 0.2 * G.T
    a = np.linalg.solve(pull @ G + np.eye(steps), pull @ (goals.reshape(-1, 1, 2) - rest))
    a = a.clip(-1, 1)
    cost, priced, angles, miss, over = judge(a)
    for _ in range(iterations):
        d = np.sqrt((miss**2).sum(-1) + _SHORT**2)
        J = jacobian(angles)
        M = np.swapaxes(J, -1, -2) @ J * (weight / d)[..., None, None]
        slope = (miss[..., None, :] @ J)[..., 0, :] * (weight / d)[..., None]
        M[..., 1, 1] += 2 * _STIFF * (over != 0)
        slope[..., 1] += 2 * _STIFF * over
        curved = np.moveaxis(M, 1, -1)[..., None, :] * G.T @ G  # (4k, 2, 2, steps, steps)
        hessian = curved.transpose(0, 3, 1, 4, 2).reshape(-1, n, n)
        hessian[:, range(n), range(n)] += np.repeat(2 * weight, 2)
        gradient = (G.T @ slope + 2 * weight[:, None] * a).reshape(-1, n, 1)
        move = np.linalg.solve(hessian, gradient).reshape(a.shape)
        for length in (1.0, 0.5, 0.2, 0.05):
            tried = (a - length * move).clip(-1, 1)
            better = judge(tried)[1] < priced
            a = np.where(better[:, None, None], tried, a)
            cost, priced, angles, miss, over = judge(a)
    best = priced.reshape(k, 4).argmin(axis=1) + 4 * np.arange(k)
    return a[best], -cost[best]
