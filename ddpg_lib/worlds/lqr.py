"""The linear-quadratic regulator: policy, values and action values in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

__all__ = ["LQR"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LQR:
    """The discounted linear-quadratic regulator and its closed-form solution.

    The next state is ``s' = A s + B a + w``, with noise w of mean zero and covariance W, and the
    reward is ``r(s, a) = -(s' Q s + a' R a)`` (here the prime transposes). Episodes never end.
    A linear policy is ``a = -K s`` and has the values ``V(s) = -(s' P s + c)``, where P solves a
    Lyapunov equation; for the best gain, P solves the Riccati equation.

    Parameters
    ----------
    A, B : array_like, shapes (n, n) and (n, m)
        Dynamics.
    Q : array_like, shape (n, n)
        Cost of the state, symmetric and positive semidefinite.
    R : array_like, shape (m, m)
        Cost of the action, symmetric and positive definite.
    gamma : float
        Discount in (0, 1]; 1 only without noise.
    W : array_like, shape (n, n), optional
        Covariance of the noise, symmetric and positive semidefinite; none by default.

    Raises
    ------
    ValueError
        For shapes that do not fit, matrices that are not as stated above, or a gamma outside its
        range; and, when a solution is asked for, if no policy has a finite cost.

    References
    ----------
    Anderson and Moore (1990), *Optimal Control: Linear Quadratic Methods*.

    Examples
    --------
    >>> lqr = LQR(A=[[1.0]], B=[[1.0]], Q=[[1.0]], R=[[1.0]], gamma=1.0)
    >>> round(lqr.K.item(), 6)  # the golden ratio less one
    0.618034
    """

    A: Array
    B: Array
    Q: Array
    R: Array
    gamma: float = 0.99
    W: Array | None = None

    def __post_init__(self) -> None:
        for name in ("A", "B", "Q", "R", "W"):
            given = getattr(self, name)
            if given is None:
                continue
            matrix = np.array(given, dtype=np.float64)
            if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all():
                raise ValueError(
                    f"{name} must be a matrix (two axes) of finite numbers, got shape "
                    f"{matrix.shape}; write a number x as [[x]]"
                )
            matrix.flags.writeable = False
            object.__setattr__(self, name, matrix)
        n, m = self.B.shape
        wanted = {"A": (n, n), "Q": (n, n), "R": (m, m), "W": (n, n)}
        for name, shape in wanted.items():
            matrix = getattr(self, name)
            if matrix is not None and matrix.shape != shape:
                raise ValueError(
                    f"{name} must have shape {shape}, as B of shape {self.B.shape} makes "
                    f"{n} states and {m} actions; got {matrix.shape}"
                )
        for name in ("Q", "R", "W"):
            matrix = getattr(self, name)
            if matrix is None:
                continue
            if not np.allclose(matrix, matrix.T):
                raise ValueError(f"{name} must be symmetric; use ({name} + {name}.T) / 2")
            least = np.linalg.eigvalsh(matrix)[0]
            if name == "R" and least <= 0:
                raise ValueError(f"R must be positive definite, its least eigenvalue is {least}")
            if least < -1e-12 * np.abs(matrix).max():
                raise ValueError(
                    f"{name} must be positive semidefinite, its least eigenvalue is {least}"
                )
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma must lie in (0, 1], got {self.gamma}")
        if self.gamma == 1 and self.W is not None and self.W.any():
            raise ValueError(
                "with noise and gamma = 1 every policy's cost is infinite: take gamma < 1, or W = 0"
            )

    @cached_property
    def P(self) -> Array:
        """Solution of the discounted Riccati equation, ``(n, n)``: ``V*(s) = -(s' P s + c)``.

        Discounting is the same as scaling A and B by the square root of gamma.

        Raises
        ------
        ValueError
            If no policy has a finite cost, or the cost does not see what grows.
        """
        a, b, n = np.sqrt(self.gamma) * self.A, np.sqrt(self.gamma) * self.B, self.A.shape[0]
        for pole in np.linalg.eigvals(a):
            # Hautus's test: each direction that does not decay must be reached and be paid for.
            shifted = pole * np.eye(n) - a
            for block, fault in (
                (np.hstack([shifted, b]), "B cannot reach it, so every policy's cost is infinite"),
                (np.vstack([shifted, self.Q]), "Q does not see it, so the optimum lets it grow"),
            ):
                if abs(pole) >= 1 and np.linalg.matrix_rank(block) < n:
                    raise ValueError(
                        f"sqrt(gamma) A has the eigenvalue {pole:.4g}, which does not decay, and "
                        f"{fault}; change B or Q, or lower gamma"
                    )
        return np.asarray(linalg.solve_discrete_are(a, b, self.Q, self.R))

    @cached_property
    def K(self) -> Array:
        """Optimal gain, ``(m, n)``: ``mu*(s) = -K s``."""
        right = self.gamma * self.B.T @ self.P
        return np.asarray(np.linalg.solve(self.R + right @ self.B, right @ self.A))

    def policy_matrix(self, K: ArrayLike | None = None) -> Array:
        """Matrix P ``(n, n)`` of the values of ``a = -K s``, by default with the optimal gain K.

        Raises
        ------
        ValueError
            If K has another shape than ``(m, n)``, or if its discounted cost is infinite: if the
            spectral radius of ``sqrt(gamma) (A - B K)`` is 1 or more.
        """
        if K is None:
            return self.P
        gain = self._gain(K)
        loop = np.sqrt(self.gamma) * (self.A - self.B @ gain)
        radius = float(np.abs(np.linalg.eigvals(loop)).max())
        if radius >= 1:
            raise ValueError(
                "this policy's discounted cost is infinite: the spectral radius of sqrt(gamma) (A "
                f"- B K) is {radius:.4f} and must be below 1; choose another K or a smaller gamma"
            )
        return np.asarray(linalg.solve_discrete_lyapunov(loop.T, self.Q + gain.T @ self.R @ gain))

    def policy(self, s: ArrayLike, K: ArrayLike | None = None) -> Array:
        """Actions ``-K s``, shape ``(..., m)``.

        The states ``s`` are ``(..., n)``; the gain ``K``, ``(m, n)``, is by default the optimum's.
        """
        gain = self.K if K is None else self._gain(K)
        return np.asarray(-self._vectors("s", s, self.A.shape[0]) @ gain.T)

    def reward(self, s: ArrayLike, a: ArrayLike) -> Array:
        """Reward ``-(s' Q s + a' R a)``, shape ``(...,)``.

        The states ``s`` are ``(..., n)``, the actions ``a`` ``(..., m)``.
        """
        s, a = self._vectors("s", s, self.A.shape[0]), self._vectors("a", a, self.B.shape[1])
        return -_quadratic(self.Q, s) - _quadratic(self.R, a)

    def step(
        self, s: ArrayLike, a: ArrayLike, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        """One step of the dynamics: next states ``(..., n)`` and rewards ``(...,)``.

        The states ``s`` are ``(..., n)``, the actions ``a`` ``(..., m)``; ``rng`` draws the noise.

        Raises
        ------
        ValueError
            If W is not zero and there is no ``rng``.
        """
        s, a = self._vectors("s", s, self.A.shape[0]), self._vectors("a", a, self.B.shape[1])
        after = s @ self.A.T + a @ self.B.T
        if self.W is not None and self.W.any():
            if rng is None:
                raise ValueError("this LQR is noisy: pass rng=np.random.default_rng(seed)")
            zero = np.zeros(self.A.shape[0])
            after = after + rng.multivariate_normal(zero, self.W, after.shape[:-1])
        return after, self.reward(s, a)

    def value(self, s: ArrayLike, K: ArrayLike | None = None) -> Array:
        """``V(s)`` of the policy ``a = -K s``, shape ``(...,)``; by default V*.

        The states ``s`` are ``(..., n)``; the gain ``K``, ``(m, n)``, is by default the optimum's.
        """
        matrix = self.policy_matrix(K)
        return -_quadratic(matrix, self._vectors("s", s, self.A.shape[0])) - self._noise(matrix)

    def action_value(self, s: ArrayLike, a: ArrayLike, K: ArrayLike | None = None) -> Array:
        """``Q(s, a)``, shape ``(...,)``: action a once, then the policy ``-K s``.

        In closed form ``r(s, a) - gamma y' P y - c`` at the mean next state ``y = A s + B a``. The
        states ``s`` are ``(..., n)``, the actions ``a`` ``(..., m)``; the gain ``K``, ``(m, n)``,
        is by default the optimal one.
        """
        matrix = self.policy_matrix(K)
        s, a = self._vectors("s", s, self.A.shape[0]), self._vectors("a", a, self.B.shape[1])
        after = s @ self.A.T + a @ self.B.T
        now = self.reward(s, a) - self.gamma * _quadratic(matrix, after)
        return np.asarray(now - self._noise(matrix))

    def _noise(self, matrix: Array) -> float:
        """Cost of all noise to come: ``c = gamma tr(P W) / (1 - gamma)``, for V and for Q alike.

        Both meet the first noise with the same next state, one discount from now.
        """
        if self.W is None or not self.W.any():
            return 0.0
        return float(self.gamma * np.trace(matrix @ self.W) / (1 - self.gamma))

    def _gain(self, K: ArrayLike) -> Array:
        gain, shape = np.asarray(K, dtype=np.float64), self.B.shape[::-1]
        if gain.shape != shape:
            raise ValueError(
                f"the gain K must have shape {shape} (actions, states), got {gain.shape}"
            )
        return gain

    @staticmethod
    def _vectors(name: str, x: ArrayLike, size: int) -> Array:
        x = np.asarray(x, dtype=np.float64)
        if x.ndim == 0 or x.shape[-1] != size:
            raise ValueError(
                f"the last axis of {name} must have length {size}, got shape {x.shape}"
            )
        return x


def _quadratic(matrix: Array, x: Array) -> Array:
    return np.asarray(np.einsum("...i,ij,...j->...", x, matrix, x))
