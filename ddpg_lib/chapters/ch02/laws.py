"""Noise-to-signal ratios of REINFORCE that are known in closed form."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]


def horizon_law(
    horizon: ArrayLike, offset: float, spread: float, shared: bool = False
) -> tuple[Array, Array, Array]:
    """Noise to signal on a chain, for a policy that is a fair coin in each cell.

    Parameters
    ----------
    horizon : array_like
        Cells of the chain, H.
    offset, spread : float
        The two actions of a cell earn ``offset - spread`` and ``offset + spread``.
    shared : bool
        Whether all cells share one parameter; otherwise each cell has its own.

    Returns
    -------
    tuple of three ndarray, of horizon's shape
        Each action judged by the whole return, by the rewards that follow it, and by these with
        the value as baseline.
    """
    h, ratio = np.asarray(horizon, float), (offset / spread) ** 2
    squares = (h + 1) * (2 * h + 1) / 6  # the mean of 1, 4, 9, ..., H²
    if shared:
        own = (h - 1) / (2 * h)
        return ratio * h + 4 * own, ratio * squares / h + own, own
    return ratio * h**2 + h - 1, ratio * squares + (h - 1) / 2, (h - 1) / 2


def dimension_law(
    m: ArrayLike, sigma: ArrayLike, offset: float = 0.0, luck: float = 0.0, slope: float = 1.0
) -> Array:
    """Noise to signal of a Gaussian policy in one step, where the reward is a plane plus luck.

    Parameters
    ----------
    m : array_like
        Components of the action.
    sigma : array_like
        Standard deviation of each.
    offset : float
        Mean reward less the baseline.
    luck : float
        Standard deviation of what the action has no part in.
    slope : float
        Length of the reward's slope.

    Returns
    -------
    ndarray, of the shape of m and sigma together
    """
    m, sigma = np.asarray(m, float), np.asarray(sigma, float)
    return m + 1 + m / sigma**2 * (offset**2 + luck**2) / slope**2
