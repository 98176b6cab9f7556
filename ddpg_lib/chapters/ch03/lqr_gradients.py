"""Policy gradients of the linear-quadratic regulator in closed form, deterministic and stochastic.

The policy is ``a = -K s``, with Gaussian noise added or without. Everything is exact: no sampling.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from ddpg_lib.worlds.lqr import LQR

__all__ = ["lqr_gradient", "lqr_moment", "lqr_objective", "lqr_slope"]

Array: TypeAlias = NDArray[Any]


def lqr_moment(lqr: LQR, K: ArrayLike, start: ArrayLike, sigma: float = 0.0) -> Array:
    r"""Discounted second moment of the states that ``a = -K s + sigma xi`` visits.

    :math:`\sum_t \gamma^t E[s_t s_t^\top]`, the integral of :math:`s s^\top` over the discounted
    state distribution, whose mass is :math:`1/(1-\gamma)`. It solves a Lyapunov equation.

    Parameters
    ----------
    K : array_like, shape (m, n)
        Gain of the policy.
    start : array_like, shape (n, n)
        Second moment of the start, symmetric.
    sigma : float
        Standard deviation of Gaussian noise, independent in each component of each action.

    Returns
    -------
    array, shape (n, n)

    Raises
    ------
    ValueError
        If K has another shape, if its discounted cost is infinite, or if ``start`` has another
        shape than A; and with noise if gamma is 1.
    """
    lqr.policy_matrix(K)  # refuses what has no finite cost
    start = np.asarray(start, np.float64)
    if start.shape != lqr.A.shape:
        raise ValueError(f"start must have shape {lqr.A.shape}, got {start.shape}")
    loop = np.sqrt(lqr.gamma) * (lqr.A - lqr.B @ np.asarray(K, np.float64))
    noise = _noise(lqr, sigma)
    if noise.any():
        if lqr.gamma == 1:
            raise ValueError("with noise the moment is infinite at gamma = 1: take gamma < 1")
        start = start + lqr.gamma / (1 - lqr.gamma) * noise
    return np.asarray(linalg.solve_discrete_lyapunov(loop, start))


def lqr_objective(lqr: LQR, K: ArrayLike, start: ArrayLike, sigma: float = 0.0) -> float:
    """Expected discounted return J of ``a = -K s + sigma xi``.

    It is ``-tr(P start) - c``, where c is the cost of all noise, the world's and the policy's. The
    arguments are those of :func:`lqr_moment`.

    Raises
    ------
    ValueError
        As :func:`lqr_moment`.
    """
    P, start, noise = lqr.policy_matrix(K), np.asarray(start, np.float64), _noise(lqr, sigma)
    cost = float(np.trace(P @ start))
    if noise.any():
        spread = lqr.gamma * np.trace(P @ noise) + sigma**2 * np.trace(lqr.R)
        cost += float(spread) / (1 - lqr.gamma)
    return -cost


def lqr_slope(lqr: LQR, K: ArrayLike) -> Array:
    """Matrix G of the slope of Q in the action at the policy's own: ``dQ/da = G s``.

    With the gain ``K (m, n)`` and the policy's P, the ``(m, n)`` matrix ``2 ((R + gamma B'PB) K -
    gamma B'PA)``. Zero for the optimal gain.
    """
    K, P = np.asarray(K, np.float64), lqr.policy_matrix(K)
    future = lqr.gamma * lqr.B.T @ P
    return np.asarray(2 * ((lqr.R + future @ lqr.B) @ K - future @ lqr.A))


def lqr_gradient(lqr: LQR, K: ArrayLike, moment: ArrayLike) -> Array:
    r"""Deterministic policy gradient in the gain, :math:`\int\rho\,\nabla_K\mu\,\nabla_a Q\,ds`.

    Silver et al. (2014), theorem 1, on the linear-quadratic regulator: since ``mu(s) = -K s`` and
    ``dQ/da = G s``, it is ``-G M`` with the second moment M of the states. With the moment of the
    policy's own states it is the gradient of J (Fazel et al. 2018). With that of a noisy policy
    it is the stochastic policy gradient, and with a behavior policy's states the off-policy one.

    Parameters
    ----------
    K : array_like, shape (m, n)
        Gain of the policy.
    moment : array_like, shape (n, n)
        Second moment of the states, such as :func:`lqr_moment` gives.

    Returns
    -------
    array, shape (m, n)
    """
    return -lqr_slope(lqr, K) @ np.asarray(moment, np.float64)


def _noise(lqr: LQR, sigma: float) -> Array:
    """Covariance of the next state's noise: the world's and that of the action."""
    if sigma < 0:
        raise ValueError(f"sigma must not be negative, got {sigma}")
    world = np.zeros_like(lqr.A) if lqr.W is None else lqr.W
    return np.asarray(world + sigma**2 * lqr.B @ lqr.B.T)
