"""What neighbors in time are worth: autocorrelation and effective sample size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import correlate

Array: TypeAlias = NDArray[Any]


def autocorrelation(x: ArrayLike, lags: int) -> Array:
    r"""Autocorrelation of a stream of numbers or vectors, equation (6a.2).

    With the stream's mean m, :math:`\rho_k = E\langle x_t - m, x_{t+k} - m\rangle / E|x_t - m|^2`:
    components count by their variance. Sums over time run over the T - k pairs that there are, and
    are divided by their number.

    Parameters
    ----------
    x : array_like, shape (T,) or (T, components)
        The stream in the order of time, in any unit.
    lags : int
        The greatest lag k, in steps; below T.

    Returns
    -------
    array, shape (lags + 1,)
        From lag 0, where it is 1.

    Raises
    ------
    ValueError
        For another shape, values that are not finite, a stream that never changes, or too many
        lags.
    """
    stream: Array = np.asarray(x, np.float64)
    if stream.ndim not in (1, 2):
        raise ValueError(f"a stream has the shape (T,) or (T, components), got {stream.shape}")
    steps = len(stream)
    stream = stream.reshape(steps, -1)
    if not 0 <= lags < steps:
        raise ValueError(f"lags must be at least 0 and below the {steps} steps, got {lags}")
    if not np.isfinite(stream).all():
        raise ValueError("the stream holds values that are NaN or infinite")
    stream = stream - stream.mean(axis=0)
    total = np.square(stream).sum()
    if total == 0:
        raise ValueError("the stream never changes, so it has no correlation")
    sums = np.zeros(lags + 1)
    for column in stream.T:
        sums += correlate(column, column, "full", "fft")[steps - 1 : steps + lags]
    pairs = steps - np.arange(lags + 1)
    return np.asarray(sums / pairs * (steps / total))


def effective_size(size: int, rho: ArrayLike) -> float:
    r"""Effective number of independent samples among ``size`` consecutive ones, equation (6a.4).

    :math:`N_\text{eff} = N \big/ \bigl(1 + 2 \sum_{k=1}^{N-1} (1 - k/N)\, \rho_k\bigr)`, after
    Bayley and Hammersley (1946). It is below N if neighbors are alike, above it if they alternate.

    Parameters
    ----------
    size : int
        N, the number of consecutive samples.
    rho : array_like, shape (lags + 1,)
        Autocorrelation from lag 0. Lags beyond its end count as 0.

    Raises
    ------
    ValueError
        If the size is below 1, ``rho`` does not begin with 1, or its sum is not that of any
        stationary process.
    """
    rho = np.asarray(rho, np.float64)
    if size != int(size) or size < 1:
        raise ValueError(f"size must be a whole number of at least 1, got {size}")
    if rho.ndim != 1 or not len(rho) or not np.isclose(rho[0], 1.0):
        raise ValueError("rho must be autocorrelations from lag 0 on, where it is 1")
    k = np.arange(1, min(int(size), len(rho)))
    inflation = 1 + 2 * np.sum((1 - k / size) * rho[1 : len(k) + 1])
    if inflation <= 0:
        raise ValueError(
            "these correlations leave the mean a variance below zero: "
            "estimate them from a longer stream, or take fewer lags"
        )
    return float(size / inflation)


def effective_sizes(x: ArrayLike, sizes: Sequence[int], lags: int) -> list[float]:
    """Effective size of each of ``sizes`` consecutive samples of a stream ``x``, by estimates.

    The estimated correlations of a short stream can leave a mean a variance below zero. Half as
    many lags are taken then, and so on.
    """
    while lags:
        rho = autocorrelation(x, lags)
        try:
            return [effective_size(size, rho) for size in sizes]
        except ValueError:
            lags //= 2
    return [float(size) for size in sizes]


def replayed_size(batch_size: int, held: float) -> float:
    r"""Effective size of a minibatch drawn uniformly, with replacement, from a buffer: (6a.7).

    :math:`1/N_\text{eff} = 1/N + (1 - 1/N)/n_C`, which is below both N and, where N is large,
    :math:`n_C`.

    Parameters
    ----------
    batch_size : int
        N, the minibatch's transitions.
    held : float
        :math:`n_C`, the effective size of the C transitions that the buffer holds.

    Raises
    ------
    ValueError
        If there is no transition, or ``held`` is not positive.
    """
    if batch_size != int(batch_size) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1, got {batch_size}")
    if not held > 0:
        raise ValueError(f"held must be positive, got {held}")
    return float(1 / (1 / batch_size + (1 - 1 / batch_size) / held))
