"""How something walks: when its feet touch the ground, how its legs alternate, what it costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def bridged(contact: ArrayLike, gap: int) -> NDArray[np.bool_]:
    """Contact without its short interruptions, and then without short contacts.

    Parameters
    ----------
    contact : array_like of bool, shape (time,)
        Of one foot.
    gap : int
        Longest stretch, in steps, that is taken for chatter.

    Returns
    -------
    array of bool, shape (time,)
        Stretches at either end are kept as they are.
    """
    found = np.asarray(contact, bool).copy()
    for state in (False, True):
        edges = np.flatnonzero(np.diff(found)) + 1
        for start, stop in pairwise(edges):
            if found[start] == state and stop - start <= gap:
                found[start:stop] = not state
    return found


def footfalls(contact: ArrayLike) -> NDArray[np.intp]:
    """Steps in which a foot comes down, from its ``contact (time,)``: ``(footfalls,)``."""
    c = np.asarray(contact, bool)
    return np.flatnonzero(~c[:-1] & c[1:]) + 1


def phases(first: ArrayLike, second: ArrayLike) -> Array:
    """Where in the first leg's stride the second leg comes down.

    Parameters
    ----------
    first, second : array_like of int
        Footfalls of each leg, increasing.

    Returns
    -------
    array
        For each footfall of the second leg within a stride of the first, in [0, 1): 0 is together,
        1/2 in perfect alternation.
    """
    a, b = np.asarray(first), np.asarray(second)
    b = b[(b >= a[0]) & (b < a[-1])] if len(a) > 1 else b[:0]
    k = np.searchsorted(a, b, side="right") - 1
    return np.asarray((b - a[k]) / (a[k + 1] - a[k]), float)


def mean_phase(phase: ArrayLike) -> tuple[float, float]:
    """Mean of phases, which live on a circle.

    Parameters
    ----------
    phase : array_like
        In turns.

    Returns
    -------
    mean : float
        In [0, 1); NaN without phases.
    regularity : float
        1 if all are equal, near 0 if they are spread over the circle.
    """
    p = np.asarray(phase, float)
    if p.size == 0:
        return float("nan"), 0.0
    z = np.exp(2j * np.pi * p).mean()
    return float(np.angle(z) / (2 * np.pi) % 1), float(np.abs(z))


def cost_of_transport(
    torque: ArrayLike, rate: ArrayLike, seconds: float, weight: float, distance: float
) -> float:
    """Mechanical work of the motors, for each newton of weight and meter of way.

    Parameters
    ----------
    torque, rate : array_like, shape (time, joints)
        N m and rad/s. Braking counts as much as pushing.
    seconds : float
        Length of a step.
    weight : float
        N.
    distance : float
        m.

    Returns
    -------
    float
        Without a unit.
    """
    power = np.abs(np.asarray(torque, float) * np.asarray(rate, float)).sum()
    return float(power * seconds / (weight * distance))
