"""A noisy regulator whose critic is linear: both gradients' expectations, without sampling."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch04.bellman import residual_loss
from ddpg_lib.parts.losses import critic_loss, td_target
from ddpg_lib.worlds.lqr import LQR

Array: TypeAlias = NDArray[Any]

_A, _B, _Q, _R = (np.array([[x]]) for x in (0.8, 0.2, 1.0, 0.3))
REGULATOR = LQR(_A, _B, Q=_Q, R=_R, gamma=0.9)
"""s' = 0.8 s + 0.2 a, reward -(s² + 0.3 a²)."""


def features(s: ArrayLike, a: ArrayLike) -> Array:
    """The polynomials 1, s², a² and sa of ``s`` and ``a``, uncorrelated, ``(..., 4)``.

    Under uniform s and a in -1 to 1 their second moments are 1, which makes descent quick.
    """
    s, a = np.asarray(s), np.asarray(a)
    squares = [(3 * z**2 - 1) * np.sqrt(5) / 2 for z in (s, a)]
    return np.stack([np.ones_like(s), *squares, 3 * s * a], axis=-1)


def curve_in_s(weights: ArrayLike) -> Array:
    """Return minus the factor of s² in critics with ``weights (..., 4)``, ``(...)``."""
    return np.asarray(-np.asarray(weights)[..., 1] * 3 * np.sqrt(5) / 2)


def transitions(s: Array, a: Array, noise: Array) -> tuple[Array, Array, Array]:
    """Features before and after a step, with the best policy's action after it, and rewards.

    ``s``, ``a`` and ``noise`` have one shape ``(...)``. Returns ``(..., 4)`` twice, and ``(...)``.
    """
    after = 0.8 * s + 0.2 * a + noise
    reward = REGULATOR.reward(s[..., None], a[..., None])
    return features(s, a), features(after, -REGULATOR.K.item() * after), reward


def quadrature() -> tuple[Array, Array, Array, Array]:
    """Points (s, a, standard normal noise) and their weights, each ``(125,)``.

    Their weighted mean of a polynomial of degree up to 9 in each variable is its expectation under
    uniform s and a in -1 to 1: Gauss's quadrature.
    """
    uniform, uniform_weight = np.polynomial.legendre.leggauss(5)
    normal, normal_weight = np.polynomial.hermite_e.hermegauss(5)
    points = np.meshgrid(uniform, uniform, normal, indexing="ij")
    weights = np.meshgrid(uniform_weight, uniform_weight, normal_weight, indexing="ij")
    s, a, xi = (z.ravel() for z in points)
    return s, a, xi, np.prod(weights, axis=0).ravel()


def descend(
    complete: bool,
    noise: ArrayLike,
    *,
    agents: int = 8,
    steps: int = 7000,
    batch: int = 32,
    step_size: float = 0.06,
) -> Array:
    """Learn by stochastic descent from fresh transitions; the step size falls to 0.

    Parameters
    ----------
    complete : bool
        Whether the gradient flows through the target.
    noise : array_like, shape (m,)
        Standard deviations of the world's noise.

    Returns
    -------
    array, shape (m, agents, 4)
        Weights of the learners.
    """
    rng, sizes = np.random.default_rng(5), np.asarray(noise, float)
    scale = np.repeat(sizes, agents)[:, None]
    w = torch.zeros(len(scale), 4, dtype=torch.float64, requires_grad=True)
    loss = residual_loss if complete else critic_loss
    for k in range(steps):
        s, a = rng.uniform(-1, 1, (2, len(scale), batch))
        drawn = transitions(s, a, scale * rng.normal(size=s.shape))
        x, next_x, reward = map(torch.from_numpy, drawn)
        q, next_q = ((z * w[:, None]).sum(-1) for z in (x, next_x))
        if not complete:
            next_q = next_q.detach()  # the only difference between the two
        y = td_target(reward, torch.zeros_like(reward), next_q, REGULATOR.gamma)
        (gradient,) = torch.autograd.grad(loss(q, y), w)
        with torch.no_grad():
            w -= step_size * (1 - k / steps) * gradient
    return np.asarray(w.detach().numpy().reshape(len(sizes), agents, 4))
