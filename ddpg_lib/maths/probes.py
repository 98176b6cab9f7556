"""Linear probes: what can be read off a network's inner numbers (Alain and Bengio 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def linear_probe(x: ArrayLike, y: ArrayLike, ridge: float = 1e-3) -> Array:
    """Weights of the linear map with an offset that reads ``y`` from ``x`` best.

    That is least squares with a small penalty (ridge regression), which keeps weights small where
    features say the same. The offset is not penalized.

    Parameters
    ----------
    x : shape (samples, features)
    y : shape (samples,) or (samples, m)
    ridge
        The penalty, per sample.

    Returns
    -------
    array, shape (features + 1,) or (features + 1, m)
        The offset is last.
    """
    features = _with_offset(x)
    penalty = ridge * len(features) * np.eye(features.shape[1])
    penalty[-1, -1] = 0.0
    gram = features.T @ features + penalty
    return np.asarray(np.linalg.solve(gram, features.T @ np.asarray(y, float)))


def read(x: ArrayLike, weights: ArrayLike) -> Array:
    """What a probe reads from ``x``, ``(samples, features)``, with its ``weights``."""
    return np.asarray(_with_offset(x) @ np.asarray(weights, float))


def share_explained(y: ArrayLike, read_off: ArrayLike) -> Any:
    r"""The share of the variance that is read, :math:`R^2`: 1 is all, 0 no better than the mean.

    Parameters
    ----------
    y : shape (samples,) or (samples, m)
        The truth.
    read_off : of the same shape
        What a probe says.

    Returns
    -------
    float, or array of shape (m,)
    """
    truth, said = np.asarray(y, float), np.asarray(read_off, float)
    return 1 - np.mean((truth - said) ** 2, axis=0) / truth.var(axis=0)


def _with_offset(x: ArrayLike) -> Array:
    features = np.asarray(x, float)
    return np.hstack([features, np.ones((len(features), 1))])
