"""How long a gated unit holds what it has, in numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def kept(stay: ArrayLike, steps: ArrayLike) -> Array:
    r"""The share of a unit's content that is left: :math:`z^k`, of the arguments' common shape.

    Parameters
    ----------
    stay
        The gate z, between 0 and 1, the same in each step.
    steps
        k.

    Returns
    -------
    array
    """
    return np.asarray(np.power(np.asarray(stay, float), steps))


def gate_for(time: ArrayLike) -> Array:
    r"""The gate whose bias is :math:`\ln T`: :math:`z = \sigma(\ln T) = T / (T + 1)`.

    ``time`` is T in steps; after so many, about 1/e is left (Tallec and Ollivier 2018).
    """
    t = np.asarray(time, float)
    return np.asarray(1 / (1 + np.exp(-np.log(t))))


def gru_step(
    x: ArrayLike, h: ArrayLike, w: ArrayLike, u: ArrayLike, b: ArrayLike, c: ArrayLike
) -> Array:
    """One step of one gated recurrent unit, in plain NumPy, for comparison.

    Parameters
    ----------
    x : shape (inputs,)
        What enters.
    h : shape (units,)
        What was remembered.
    w, u : shape (inputs, 3 units) and (units, 3 units)
        Weights for the gates r and z and the new value, side by side.
    b, c : shape (3 units,)
        Their offsets.

    Returns
    -------
    array, shape (units,)
    """
    x, h, w, u, b, c = (np.asarray(y, float) for y in (x, h, w, u, b, c))
    enters, recalled = np.split(x @ w + b, 3), np.split(h @ u + c, 3)
    r, z = (1 / (1 + np.exp(-enters[i] - recalled[i])) for i in (0, 1))
    new = np.tanh(enters[2] + r * recalled[2])
    return np.asarray((1 - z) * new + z * h)


def velocity(before: ArrayLike, now: ArrayLike, dt: float = 0.05) -> Array:
    """Pendulum's angular velocity from two observations: the turn between them over the time.

    Parameters
    ----------
    before, now : shape (..., 2)
        Cosine and sine of the angle, one step apart.
    dt
        Length of a step in seconds.

    Returns
    -------
    array, shape (...)
        In rad/s.
    """
    (c0, s0), (c1, s1) = (np.moveaxis(np.asarray(x, float), -1, 0) for x in (before, now))
    # The angle between them has the sine s1 c0 - c1 s0 and the cosine c1 c0 + s1 s0.
    return np.asarray(np.arctan2(s1 * c0 - c1 * s0, c1 * c0 + s1 * s0) / dt)
