"""Where the critic's loss leads, calculated: both gradients' fixed points, and exact action values.

The *semi-gradient* holds the target of the TD error fixed, the *residual gradient* of Baird (1995)
differentiates it too. With a critic that is linear in features x(s, a) both come to rest where a
linear system says.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.parts.losses import _same_shape

Array: TypeAlias = NDArray[Any]


def residual_loss(q: Tensor, target: Tensor) -> Tensor:
    r"""The mean squared TD error, as ``critic_loss``, of a moving target.

    Its gradient is that of Baird (1995), :math:`\frac{2}{N}\sum_j \delta_j\,(\nabla y_j - \nabla
    Q_\phi(s_j, a_j))`. Where the next state is random it leads to wrong values.

    Parameters
    ----------
    q, target : Tensor, shape (n, batch)
        The critic's values, and the targets computed with the same weights.

    Returns
    -------
    Tensor, scalar
        The mean over the batch, summed over agents.

    Raises
    ------
    ValueError
        If the shapes differ, or if the target carries no gradient.
    """
    _same_shape(q=q, target=target)
    if not target.requires_grad:
        raise ValueError("the target must move with the weights: compute it without no_grad()")
    return (target - q).square().mean(-1).sum()


def td_fixed_point(
    features: ArrayLike,
    next_features: ArrayLike,
    reward: ArrayLike,
    gamma: float,
    *,
    terminated: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Array:
    r"""Weights w at which the expected semi-gradient of a linear critic :math:`w^\top x` is zero.

    They solve :math:`\mathbb{E}[x (x - \gamma (1 - d) x')^\top]\, w = \mathbb{E}[r\, x]` (Bradtke
    and Barto 1996). With a table of all states and actions as features this is the value of the
    policy that chose the next actions.

    Parameters
    ----------
    features, next_features : array_like, shape (m, k)
        x of the state and action, and of the next state and the policy's action there.
    reward : array_like, shape (m,)
    gamma : float
        Discount in [0, 1].
    terminated : array_like, shape (m,), optional
        d, 1 where nothing follows; by default nowhere.
    weight : array_like, shape (m,), optional
        How often each transition occurs, up to a factor; by default alike.

    Returns
    -------
    array, shape (k,)

    Raises
    ------
    ValueError
        If shapes do not fit, a weight is negative or all are zero, or the solution is not unique.
    """
    transitions = (features, next_features, reward, gamma, terminated, weight)
    x, step, r, p = _transitions(*transitions)
    return _solve((x * p).T @ step, (x * p).T @ r)


def residual_fixed_point(
    features: ArrayLike,
    next_features: ArrayLike,
    reward: ArrayLike,
    gamma: float,
    *,
    terminated: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Array:
    r"""Weights w of a linear critic at which the expected squared TD error is least, ``(k,)``.

    With :math:`z = x - \gamma (1 - d) x'` they solve :math:`\mathbb{E}[z z^\top]\, w =
    \mathbb{E}[r\, z]`: where the residual gradient of Baird (1995) is zero.

    Parameters
    ----------
    features, next_features, reward, gamma, terminated, weight
        As for :func:`td_fixed_point`.

    Raises
    ------
    ValueError
        As for :func:`td_fixed_point`.
    """
    transitions = (features, next_features, reward, gamma, terminated, weight)
    _, step, r, p = _transitions(*transitions)
    return _solve((step * p).T @ step, (step * p).T @ r)


def _transitions(
    features: ArrayLike,
    next_features: ArrayLike,
    reward: ArrayLike,
    gamma: float,
    terminated: ArrayLike | None,
    weight: ArrayLike | None,
) -> tuple[Array, Array, Array, Array]:
    """Return x, x - gamma (1 - d) x', r, and probabilities as a column."""
    x, after, r = (np.asarray(z, np.float64) for z in (features, next_features, reward))
    d = np.zeros(r.shape) if terminated is None else np.asarray(terminated, np.float64)
    p = np.ones(r.shape) if weight is None else np.asarray(weight, np.float64)
    if x.ndim != 2 or x.shape != after.shape or {r.shape, d.shape, p.shape} != {x.shape[:1]}:
        raise ValueError(
            "features and next_features must have one shape (m, k), and reward, terminated and "
            f"weight the shape (m,); got {x.shape}, {after.shape}, {r.shape}, {d.shape}, {p.shape}"
        )
    if not 0 <= gamma <= 1:
        raise ValueError(f"gamma must lie in [0, 1], got {gamma}")
    if (p < 0).any() or p.sum() <= 0:
        raise ValueError("weights must not be negative, and one at least must be positive")
    return x, x - gamma * (1 - d)[:, None] * after, r, (p / p.sum())[:, None]


def _solve(matrix: Array, right: Array) -> Array:
    if np.linalg.matrix_rank(matrix) < len(matrix):
        raise ValueError(
            "the solution is not unique: features never occur or depend linearly on one another "
            "on these transitions, or gamma = 1 and nothing terminates"
        )
    return np.asarray(np.linalg.solve(matrix, right))
