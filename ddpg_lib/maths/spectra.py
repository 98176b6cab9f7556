"""Spectra of matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def spectral_radius(matrix: ArrayLike) -> float:
    """The greatest absolute value of an eigenvalue of a matrix, ``(k, k)``.

    Repeated multiplication by the matrix grows, in the long run, by this factor a time.

    Raises
    ------
    ValueError
        If the matrix is not square.
    """
    m = np.atleast_2d(np.asarray(matrix))
    if m.ndim != 2 or m.shape[0] != m.shape[1]:
        raise ValueError(f"a square matrix is needed, got shape {m.shape}")
    return float(np.abs(np.linalg.eigvals(m)).max())
