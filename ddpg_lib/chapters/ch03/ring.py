"""A world on a circle that satisfies every condition of the deterministic policy gradient theorem.

Its values, state distributions and policy gradients are exact to rounding, by quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["RingWorld"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class RingWorld:
    r"""A world on a circle that satisfies every condition of the deterministic gradient theorem.

    The state is an angle s. The reward is :math:`\cos s - \tfrac12 (1 - e^{-a^2})`, the next
    state is drawn from a von Mises distribution with mean :math:`s + a` and concentration kappa,
    and the first one from the uniform distribution. The policy is
    :math:`\mu_\theta(s) = \theta_0 + \theta_1 \cos s + \theta_2 \sin s`, of ``order`` 1; higher
    orders add cosines and sines of multiples of s. Integrals over the circle are sums over ``size``
    equal steps, which for such smooth periodic functions are exact to rounding; those over a
    Gaussian action are Gauss-Hermite sums.

    Parameters
    ----------
    gamma : float
        Discount in [0, 1).
    kappa : float
        Concentration of the next state, positive, and at most ``size``.
    size : int
        Steps on the circle.
    order : int
        How fast the policy may vary: it has ``2 order + 1`` weights.

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    """

    gamma: float = 0.9
    kappa: float = 8.0
    size: int = 64
    order: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < 1:
            raise ValueError(f"gamma must lie in [0, 1), got {self.gamma}")
        if not 0 < self.kappa <= self.size:
            raise ValueError(f"kappa must lie in (0, {self.size}], got {self.kappa}: raise size")
        if not 0 <= self.order < self.size / 4:
            raise ValueError(f"order must lie in [0, {self.size / 4:g}), got {self.order}")

    @cached_property
    def s(self) -> Array:
        """The states of the quadrature, ``(size,)``, in radians."""
        return 2 * np.pi * np.arange(self.size) / self.size - np.pi

    @cached_property
    def features(self) -> Array:
        """Gradient of the policy in theta, ``(size, 2 order + 1)``: 1, cos s, sin s, cos 2s, ..."""
        waves = [f(k * self.s) for k in range(1, self.order + 1) for f in (np.cos, np.sin)]
        return np.stack([np.ones(self.size), *waves], axis=1)

    def reward(self, a: Array) -> Array:
        """Reward of actions ``a (size, ...)`` in each state, of their shape."""
        s = self.s.reshape(-1, *[1] * (a.ndim - 1))
        return np.cos(s) - 0.5 * (1 - np.exp(-(a**2)))

    def chances(self, a: Array) -> Array:
        """Probability of each next state, ``(size, ..., size)``, after actions ``a (size, ...)``.

        The next states are the last axis.
        """
        s = self.s.reshape(-1, *[1] * a.ndim)
        exponent = self.kappa * (np.cos(self.s - s - a[..., None]) - 1)
        return np.exp(exponent) / (special.ive(0, self.kappa) * self.size)

    def action_value(self, a: Array, V: Array) -> Array:
        """Action value Q of actions ``a (size, ...)``, given the next states' ``V (size,)``."""
        return self.reward(a) + self.gamma * self.chances(a) @ V

    def slope(self, a: Array, V: Array) -> Array:
        """Slope of :meth:`action_value` in the action ``a (size, ...)``, in closed form."""
        s = self.s.reshape(-1, *[1] * a.ndim)
        change = self.kappa * np.sin(self.s - s - a[..., None]) * self.chances(a)
        return -a * np.exp(-(a**2)) + self.gamma * change @ V

    def solve(
        self, theta: ArrayLike, sigma: float = 0.0, start: Array | None = None
    ) -> tuple[Array, Array]:
        r"""Values of the policy, and the discounted distribution of its states.

        Parameters
        ----------
        theta : array_like, shape (2 order + 1,)
        sigma : float
            Standard deviation of Gaussian noise on the action.
        start : array, shape (size,), optional
            Weights of the first states; uniform with sum 1 by default.

        Returns
        -------
        V : array, shape (size,)
        rho : array, shape (size,)
            Its sum is that of ``start``, over :math:`1-\gamma`.
        """
        a, weights = self._actions(theta, sigma)
        P = weights @ self.chances(a)
        system = np.eye(self.size) - self.gamma * P
        start = np.full(self.size, 1 / self.size) if start is None else start
        return np.linalg.solve(system, self.reward(a) @ weights), np.linalg.solve(system.T, start)

    def objective(self, theta: ArrayLike, sigma: float = 0.0, start: Array | None = None) -> float:
        """Expected discounted return J; ``theta, sigma, start`` as for :meth:`solve`."""
        V, _ = self.solve(theta, sigma)
        return float(V.mean() if start is None else start @ V)

    def gradient(self, theta: ArrayLike, rho: Array | None = None) -> Array:
        r"""Deterministic policy gradient :math:`\int\rho\,\nabla_\theta\mu\,\nabla_a Q\,ds`.

        Parameters
        ----------
        theta : array_like, shape (2 order + 1,)
        rho : array, shape (size,), optional
            Distribution of the states; the policy's own by default.

        Returns
        -------
        array, shape (2 order + 1,)
        """
        V, own = self.solve(theta)
        a = self.features @ np.asarray(theta, np.float64)
        return (own if rho is None else rho) * self.slope(a, V) @ self.features

    def compatible_weights(self, theta: ArrayLike, features: Array | None = None) -> Array:
        r"""Weights of the critic whose slopes :math:`f(s)^\top w` are closest to Q's.

        They minimize the squared error of the slope over the policy's own states. With the
        policy's features, as condition (i) of Silver et al. (2014), theorem 3, has it, the
        critic's gradient is then exactly the policy gradient. Of several such, the shortest.

        Parameters
        ----------
        theta : array_like, shape (2 order + 1,)
        features : array, shape (size, k), optional
            Features f of the slope; the gradient of the policy by default.

        Returns
        -------
        array, shape (k,)
        """
        f = self.features if features is None else features
        V, rho = self.solve(theta)
        slope = self.slope(self.features @ np.asarray(theta, np.float64), V)
        # Least squares: the shortest solution, should the matrix be singular.
        return np.linalg.lstsq(f.T @ (rho[:, None] * f), f.T @ (rho * slope), rcond=None)[0]

    def stochastic_gradient(self, theta: ArrayLike, sigma: float) -> Array:
        r"""Stochastic policy gradient :math:`\int\rho\,E[\nabla_\theta\log\pi\;Q]\,ds`.

        Sutton et al. (1999) for Gaussian actions around the policy's. It has the shape of
        ``theta``; the standard deviation ``sigma`` is positive.
        """
        V, rho = self.solve(theta, sigma)
        a, weights = self._actions(theta, sigma)
        score = (a - (self.features @ np.asarray(theta, np.float64))[:, None]) / sigma**2
        return rho * ((score * self.action_value(a, V)) @ weights) @ self.features

    def _actions(self, theta: ArrayLike, sigma: float) -> tuple[Array, Array]:
        """Actions of a quadrature over the policy, (size, points), and its weights, (points,)."""
        mean = (self.features @ np.asarray(theta, np.float64))[:, None]
        if sigma == 0:
            return mean, np.ones(1)
        x, weights = np.polynomial.hermite_e.hermegauss(60)
        return mean + sigma * x, weights / weights.sum()
