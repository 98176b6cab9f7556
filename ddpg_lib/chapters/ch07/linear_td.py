"""Temporal-difference learning of a linear critic, with and without a target network, exactly.

A critic that is linear in its weights, trained on a fixed batch of transitions, is a linear
recursion. Its matrix says whether learning converges, and how fast, before the first update.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class LinearTD:
    r"""Gradient descent on a linear critic's mean squared TD error over a fixed batch.

    The critic is :math:`Q_\phi(s) = \phi^\top x(s)`; each state has one action. An update is one
    step of plain gradient descent on :func:`ddpg_lib.parts.losses.critic_loss` with the targets of
    :func:`ddpg_lib.parts.losses.td_target`:
    :math:`\phi \leftarrow \phi + 2\eta\,(b + B\phi' - C\phi)`. What follows describes the
    distance from the fixed point, so rewards do not matter.

    Parameters
    ----------
    features, next_features : array, shape (N, k)
        x(s) and x(s') of the batch's transitions. They may be the rows of a network's Jacobian.
    terminated : array, shape (N,)
        d, 1 where s' is terminal.
    gamma : float
        Discount.
    lr : float
        Step size :math:`\eta`.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the step size is not positive.

    References
    ----------
    Tsitsiklis and Van Roy (1997); Sutton and Barto (2018), chapter 11.
    """

    features: Array
    next_features: Array
    terminated: Array
    gamma: float
    lr: float

    def __post_init__(self) -> None:
        for name in ("features", "next_features", "terminated"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), float))
        x, y, d = self.features, self.next_features, self.terminated
        if x.ndim != 2 or x.shape != y.shape or d.shape != x.shape[:1]:
            raise ValueError(
                "features and next_features must both be (N, k), and terminated (N,); "
                f"got {x.shape}, {y.shape}, {d.shape}"
            )
        if self.lr <= 0:
            raise ValueError(f"lr must be positive, got {self.lr}")

    @property
    def curvature(self) -> Array:
        r""":math:`C = \frac1N\sum_j x(s_j)\,x(s_j)^\top`, shape ``(k, k)``."""
        return self.features.T @ self.features / len(self.features)

    @property
    def bootstrap(self) -> Array:
        r""":math:`B = \frac{\gamma}{N}\sum_j (1 - d_j)\,x(s_j)\,x(s'_j)^\top`, shape ``(k, k)``."""
        following = (1 - self.terminated)[:, None] * self.next_features
        return self.gamma * self.features.T @ following / len(self.features)

    @property
    def gain(self) -> Array:
        r""":math:`\kappa = C^{-1}B`, shape ``(k, k)``: one full fit to the targets' own values.

        Its eigenvalues are those of the projected Bellman operator.
        """
        return np.asarray(np.linalg.solve(self.curvature, self.bootstrap), np.float64)

    def without_target(self) -> Array:
        r"""The matrix of one update without a target network, :math:`I - 2\eta(C - B)`.

        It acts on :math:`\phi`, so it is ``(k, k)``.
        """
        moved = 2 * self.lr * (self.curvature - self.bootstrap)
        return np.eye(len(moved)) - moved

    def soft(self, tau: float) -> Array:
        r"""The matrix of one update followed by a soft update of the target, by the fraction tau.

        It acts on :math:`(\phi, \phi')`, the online weights first, so it is ``(2k, 2k)``.

        Raises
        ------
        ValueError
            If tau is outside (0, 1].
        """
        if not 0 < tau <= 1:
            raise ValueError(f"tau must lie in (0, 1], got {tau}")
        one = np.eye(self.features.shape[1])
        keep = one - 2 * self.lr * self.curvature
        pull = 2 * self.lr * self.bootstrap
        return np.block([[keep, pull], [tau * keep, (1 - tau) * one + tau * pull]])

    def hard(self, period: int) -> Array:
        r"""The matrix of ``period`` updates with a fixed target, which is then copied.

        It acts on :math:`\phi` at the moments of copying, so it is ``(k, k)``.

        Raises
        ------
        ValueError
            If the period is not a whole number of at least 1.
        """
        if period < 1 or period != int(period):
            raise ValueError(f"period must be a whole number of at least 1, got {period}")
        one = np.eye(self.features.shape[1])
        keep = one - 2 * self.lr * self.curvature
        pull = 2 * self.lr * self.bootstrap
        # The target stands still; a period begins with the two equal.
        update = np.block([[keep, pull], [np.zeros_like(one), one]])
        both = np.linalg.matrix_power(update, int(period))[: len(one)]
        return both[:, : len(one)] + both[:, len(one) :]
