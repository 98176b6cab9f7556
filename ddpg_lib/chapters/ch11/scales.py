"""What the scales of its inputs do to a learner: change of units, curvature, and normalization.

Small exact calculations beside :mod:`ddpg_lib.parts.normalization`, which holds the layers.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Units:
    """Other units for the components of an observation: ``scale * obs + shift``.

    Attributes
    ----------
    scale, shift : tuple of float
        One number a component; no scale may be 0.

    Raises
    ------
    ValueError
        If the lengths differ, or a scale is 0, which would lose the component.
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.shift):
            raise ValueError(
                f"one scale and one shift for each component: got {len(self.scale)} and "
                f"{len(self.shift)}"
            )
        if 0 in self.scale:
            raise ValueError("a scale of 0 would lose the component")

    def __call__(self, obs: ArrayLike) -> NDArray[np.float32]:
        """Observations ``obs (..., components)`` in these units, float32."""
        return np.asarray(np.asarray(obs) * self.scale + self.shift, np.float32)


def with_bias(features: ArrayLike) -> Array:
    """Features ``(N, k)`` and a column of ones, whose weight is the bias: ``(N, k + 1)``."""
    x = np.asarray(features, float)
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def curvature(features: ArrayLike) -> Array:
    r"""The matrix :math:`C = \frac1N \sum_j x_j x_j^\top` of a linear critic's squared error.

    From ``features (N, k)`` a matrix ``(k, k)``.
    """
    x = np.asarray(features, float)
    return np.asarray(x.T @ x / len(x))


def extreme_curvatures(features: ArrayLike) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of :func:`curvature`, from ``features (N, k)``.

    They come from the singular values of the features: forming the products first would lose half
    of the digits, and the smallest eigenvalue with them.

    Raises
    ------
    ValueError
        If there are fewer rows than columns: the smallest is then 0.
    """
    x = np.asarray(features, float)
    if x.ndim != 2 or x.shape[0] < x.shape[1]:
        raise ValueError(f"features must be (N, k) with N >= k, got shape {x.shape}")
    singular = np.linalg.svd(x, compute_uv=False)
    return float(singular[-1] ** 2 / len(x)), float(singular[0] ** 2 / len(x))


def condition_number(features: ArrayLike) -> float:
    """Largest over smallest curvature: what the scales of features cost gradient descent.

    From ``features (N, k)``. At least 1; infinite if the features are linearly dependent.
    """
    smallest, largest = extreme_curvatures(features)
    return largest / smallest if smallest > 0 else float("inf")


def largest_step(features: ArrayLike) -> float:
    """Step size from which gradient descent on the mean squared error no longer converges.

    One over the largest curvature of ``features (N, k)``.
    """
    return 1 / extreme_curvatures(features)[1]


def best_rate(condition: float) -> float:
    """Factor by which the error shrinks an update, with the best constant step size.

    It is ``(condition - 1) / (condition + 1)``.
    """
    return (condition - 1) / (condition + 1)


def layer_norm_jacobian(x: ArrayLike) -> Array:
    r"""Derivative ``(h, h)`` of layer normalization at ``x (h,)``, without gain, offset, epsilon.

    With z the normalized ``x`` and sigma its standard deviation, it is
    :math:`\frac1\sigma (I - \frac1h 1 1^\top - \frac1h z z^\top)`: symmetric, and x and the vector
    of ones are mapped to 0.

    Raises
    ------
    ValueError
        If all components are equal: the standard deviation is then 0.
    """
    x = np.asarray(x, float)
    h, sigma = len(x), x.std()
    if sigma == 0:
        raise ValueError("all components are equal: they have no standard deviation to divide by")
    z = (x - x.mean()) / sigma
    return np.asarray((np.eye(h) - 1 / h - np.outer(z, z) / h) / sigma)


def reach(lr: float, k: int, h: int, bound: float = 3e-3, decay: bool = False) -> float:
    r"""How far from 0 a critic with tanh units can get: :math:`(h + 1)(b + \eta K)`.

    Its ``h`` last hidden units and the bias lie in [-1, 1], and none of their weights moves by
    more than ``lr`` in one of ``k`` updates, on average; each begins within ``bound``. If
    the step size falls linearly to 0 (``decay``), half of the way is left.
    """
    return (h + 1) * (bound + lr * k * (0.5 if decay else 1.0))


def level(reward: ArrayLike, gamma: float, tau: float, updates: int) -> Array:
    r"""Value that the targets ask for: a mean ``reward``, summed as far as they reach by then.

    A reward for ever is worth :math:`r / (1 - \gamma)`. But targets hand on one step at a time
    and follow at rate tau, so that K updates sum about :math:`K\tau` rewards.
    """
    return np.asarray(reward, float) * min(1 / (1 - gamma), 1 + updates * tau)


def layer_norm_bound(weight: ArrayLike, bias: float, gain: ArrayLike, offset: ArrayLike) -> float:
    r"""Largest absolute output of a critic whose last hidden layer is layer-normalized.

    Whatever comes in, the normalized units have length at most :math:`\sqrt h`. With their
    ``gain (h,)`` and ``offset (h,)``, an activation that is never longer than its input (ReLU,
    tanh), the last layer's ``weight (h,)`` and ``bias``, the output lies within
    :math:`|w_0| + \|w\| (\sqrt h \max_i |g_i| + \|o\|)`.
    """
    w, g, o = (np.asarray(x, float).ravel() for x in (weight, gain, offset))
    longest = np.sqrt(len(w)) * np.abs(g).max() + np.linalg.norm(o)
    return float(abs(bias) + np.linalg.norm(w) * longest)
