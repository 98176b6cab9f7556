"""Summaries of several agents' results: the interquartile mean and its bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array: TypeAlias = NDArray[Any]

_BATCH_NUMBERS = 4_000_000  # resampled numbers held at once, 32 MB


def iqm(x: ArrayLike, axis: int = 0) -> Array:
    """Interquartile mean: the mean of what is left without the lowest and the highest quarter.

    It depends less than the mean on a single failed agent, and less than the median on which
    agents happen to lie in the middle (Agarwal et al. 2021). Of n values ``n // 4`` are cut at
    each end, so fewer than four give the plain mean. ``x`` is, for example, ``(agents,
    evaluations)``; the result has its shape without ``axis``, the agents'.

    Raises
    ------
    ValueError
        If there is nothing along the axis, or a value is NaN or infinite.
    """
    return np.asarray(stats.trim_mean(_checked(x, axis, 1), 0.25, axis=axis))


def bootstrap_interval(
    x: ArrayLike,
    statistic: Callable[..., Any] = iqm,
    level: float = 0.95,
    resamples: int = 2000,
    axis: int = 0,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Percentile bootstrap interval of a statistic over agents (Efron 1979; Agarwal et al. 2021).

    Agents are resampled, with replacement and as wholes: one draw of agents serves all points of
    their curves, and what lies along the other axes is never mixed. The interval is pointwise
    and says how far the statistic would move with other seeds of the same algorithm. It says
    nothing about single agents. With few agents it is too narrow: of eight normally distributed
    agents the 95% interval holds the true center 93% of the time for ``iqm`` and 87% for
    ``numpy.mean``.

    Parameters
    ----------
    x
        Results, for example of shape (agents, evaluations).
    statistic
        Function of ``(array, axis=...)``, such as ``iqm``, ``numpy.mean`` or ``numpy.median``.
    level
        Confidence level in (0, 1).
    resamples
        Number of resampled sets of agents.
    axis
        The agents' axis.
    seed
        Seed of the resampling: the same seed gives the same interval.

    Returns
    -------
    low, high : shape of ``x`` without ``axis``
        Ends of the interval.

    Raises
    ------
    ValueError
        For fewer than two agents, for NaN or infinite values, and for a level or a number of
        resamples outside its range.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95, got {level}")
    if resamples != int(resamples) or resamples < 100:
        raise ValueError(f"resamples must be a whole number of at least 100, got {resamples}")
    x = _checked(x, axis, 2)
    result = stats.bootstrap(
        (x,),
        statistic,
        n_resamples=int(resamples),
        batch=max(1, min(int(resamples), _BATCH_NUMBERS // x.size)),
        vectorized=True,
        axis=axis,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return np.asarray(low), np.asarray(high)


def _checked(x: ArrayLike, axis: int, least: int) -> Array:
    """Float64 array of ``x`` with enough finite values along the axis."""
    x = np.asarray(x, dtype=np.float64)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"there is no axis {axis} in results of shape {x.shape}")
    if x.shape[axis] < least:
        raise ValueError(
            f"at least {least} agents are needed along axis {axis}, got {x.shape[axis]} "
            f"(shape {x.shape})"
        )
    if x.size == 0:
        raise ValueError(f"there are no results in an array of shape {x.shape}")
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"{len(bad)} of {x.size} results are NaN or infinite, the first at index {where}; "
            "find out why that agent diverged, or report it apart"
        )
    return x
