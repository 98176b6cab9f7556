"""The two actor-critics that Silver et al. (2014), section 5.1, set against each other.

They learn the bandit of :mod:`ddpg_lib.chapters.ch03.bandit`, all runs and all step sizes side by
side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch03.bandit import QuadraticBandit

__all__ = ["copdac_b", "sac_b"]

Array: TypeAlias = NDArray[Any]


def copdac_b(
    bandit: QuadraticBandit,
    seeds: Sequence[int],
    *,
    alpha: ArrayLike,
    sigma: ArrayLike,
    batches: int,
    start: ArrayLike = 0.0,
) -> Array:
    """Deterministic actor-critic: the policy is ``theta``, the behavior Gaussian around it.

    A linear regression of a batch's rewards on the compatible features ``a - theta`` and a bias
    gives w, and ``theta`` moves by ``alpha w`` (Silver et al. 2014, COPDAC-B).

    Parameters
    ----------
    seeds : sequence of int
        One for each run of the bandit.
    alpha, sigma : array_like, shape (settings,) or scalar
        Step size, and standard deviation of the behavior. Settings share a run's random numbers.
    batches : int
        Number of batches; each has 2 m steps.
    start : array_like, shape (m,) or scalar
        The first theta.

    Returns
    -------
    array, shape (runs, settings, batches + 1)
        Cost of theta before the first batch and after each; infinite once it overflows.

    Raises
    ------
    ValueError
        If seeds and runs differ in number, or a sigma is not positive.
    """
    alpha, sigma = np.broadcast_arrays(*np.atleast_1d(alpha, sigma))
    if np.any(sigma <= 0):
        raise ValueError("sigma must be positive: noise is what is regressed on")
    m = bandit.C.shape[1]
    theta = np.zeros((len(bandit.C), len(alpha), m)) + np.asarray(start, np.float64)
    costs = [bandit.cost(theta)]
    with np.errstate(all="ignore"):  # what diverges becomes infinite
        for xi, noise in bandit.explore(seeds, batches):
            reward = -bandit.costs_around(theta, sigma, xi) - noise[:, None]
            w = _regress(xi, reward)[..., 1:] / sigma[:, None]
            theta = theta + alpha[:, None] * w
            costs.append(bandit.cost(theta))
    return _finished(costs)


def sac_b(
    bandit: QuadraticBandit,
    seeds: Sequence[int],
    *,
    alpha: ArrayLike,
    alpha_eta: ArrayLike,
    sigma: ArrayLike,
    batches: int,
    start: ArrayLike = 0.0,
    actor: Literal["value", "advantage", "natural"] = "value",
) -> Array:
    r"""Stochastic actor-critic: the policy is the Gaussian with mean theta and variance exp(eta).

    The critic is a linear regression of a batch's rewards on the compatible features, the
    gradients of the log density in theta and eta, and a bias (Silver et al. 2014, SAC-B). How the
    actor then uses it the paper leaves open.

    Parameters
    ----------
    bandit, seeds, batches, start
        As for :func:`copdac_b`.
    alpha, alpha_eta : array_like, shape (settings,) or scalar
        Step sizes of theta and of eta; with ``alpha_eta = 0`` the variance stays.
    sigma : array_like, shape (settings,) or scalar
        First standard deviation.
    actor : {'value', 'advantage', 'natural'}
        ``'value'``: the batch's mean of :math:`\nabla\log\pi\,Q^w`, the critic with its bias.
        ``'advantage'``: the same without the bias. ``'natural'``: the critic's weights.

    Returns
    -------
    array, shape (runs, settings, batches + 1)
        Cost of theta before the first batch and after each; infinite once it overflows.

    Raises
    ------
    ValueError
        If seeds and runs differ in number, a sigma is not positive, or ``actor`` is none of these.
    """
    if actor not in ("value", "advantage", "natural"):
        raise ValueError(f"actor must be 'value', 'advantage' or 'natural', got {actor!r}")
    alpha, alpha_eta, sigma = np.broadcast_arrays(*np.atleast_1d(alpha, alpha_eta, sigma))
    if np.any(sigma <= 0):
        raise ValueError("sigma must be positive: a density is needed for its gradient")
    runs, m = bandit.C.shape[:2]
    theta = np.zeros((runs, len(alpha), m)) + np.asarray(start, np.float64)
    eta = np.zeros((runs, len(alpha))) + 2 * np.log(sigma)
    costs = [bandit.cost(theta)]
    with np.errstate(all="ignore"):  # what diverges becomes infinite
        for xi, noise in bandit.explore(seeds, batches):
            scale = np.exp(eta / 2)
            reward = -bandit.costs_around(theta, scale, xi) - noise[:, None]
            # Gradients of log pi: xi / scale in theta, and this in eta.
            score_eta = (np.square(xi).sum(-1, keepdims=True) - m) / 2
            features = np.concatenate([xi, score_eta], axis=-1)
            weights = _regress(features, reward)
            step = weights[..., 1:]
            if actor == "natural":
                step = np.concatenate([scale[..., None] * step[..., :-1], step[..., -1:]], axis=-1)
            else:
                q = step @ features.swapaxes(1, 2)  # (runs, settings, steps)
                if actor == "value":
                    q = q + weights[..., :1]
                step = q @ features / features.shape[1]
                step = np.concatenate([step[..., :-1] / scale[..., None], step[..., -1:]], axis=-1)
            theta = theta + alpha[:, None] * step[..., :-1]
            eta = eta + alpha_eta * step[..., -1]
            costs.append(bandit.cost(theta))
    return _finished(costs)


def _regress(features: Array, targets: Array) -> Array:
    """Least-squares weights (runs, settings, 1 + k), the bias first.

    From features (runs, steps, k) and targets (runs, settings, steps).
    """
    design = np.concatenate([np.ones((*features.shape[:2], 1)), features], axis=-1)
    # Gaussian features are well conditioned, so the normal equations lose nothing.
    inverse = np.linalg.pinv(design.swapaxes(1, 2) @ design, rcond=1e-12, hermitian=True)
    return targets @ design @ inverse


def _finished(costs: list[Array]) -> Array:
    result = np.stack(costs, axis=-1)
    return np.where(np.isfinite(result), result, np.inf)
