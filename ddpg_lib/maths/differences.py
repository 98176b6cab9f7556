"""Gradients by central differences: slow, approximate, and independent of every derivation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def central_difference(f: Callable[[Array], Any], x: ArrayLike, step: float | None = None) -> Array:
    r"""The gradient of a scalar function, one component at a time.

    :math:`\partial f/\partial x_k \approx (f(x + h e_k) - f(x - h e_k)) / 2h`. The error is of
    the order of :math:`h^2` where f is smooth, and rounding adds some :math:`\epsilon |f| / h`
    with the floating-point type's :math:`\epsilon`. The default step balances the two, after
    which about two thirds of the type's digits are right.

    Parameters
    ----------
    f
        From an array of the shape of ``x`` to a number. It may keep no reference to its argument.
    x : of float
        Where; any shape. The gradient is computed in its precision, and has its shape and type.
    step
        The step h. Without it, the cube root of the type's epsilon, times ``max(1, |x_k|)``.

    Raises
    ------
    ValueError
        If ``x`` is not an array of floats, or the step is not positive and finite or too small
        to change ``x``.
    """
    point = np.array(x)
    if not np.issubdtype(point.dtype, np.floating):
        raise ValueError(f"x must be floats, such as x.astype(float), got {point.dtype}")
    if step is not None and not 0 < step < np.inf:
        raise ValueError(f"the step must be positive and finite, got {step}")
    gradient = np.empty_like(point)
    for k in np.ndindex(point.shape):
        center = point[k]
        h = step or np.finfo(point.dtype).eps ** (1 / 3) * max(1.0, abs(float(center)))
        point[k] = center + h
        above, up = f(point), point[k]
        point[k] = center - h
        below, down = f(point), point[k]
        if not down < up:
            raise ValueError(f"a step of {h:g} does not change {center!r} in {point.dtype}")
        gradient[k] = (above - below) / (up - down)  # the distance after rounding, not 2h
        point[k] = center
    return gradient


def relative_error(gradient: ArrayLike, reference: ArrayLike) -> float:
    """The length of the difference of two gradients, as a fraction of the longer one.

    0 for equal gradients, about 1 for unrelated ones, 2 for opposite ones of equal length; 0 also
    if both are zero. ``gradient`` and ``reference`` are of one shape, any.

    Raises
    ------
    ValueError
        If the shapes differ: broadcasting would hide a mistake.
    """
    a, b = np.asarray(gradient, np.float64), np.asarray(reference, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"the gradients must have one shape, got {a.shape} and {b.shape}")
    longer = max(np.linalg.norm(a), np.linalg.norm(b))
    return float(np.linalg.norm(a - b) / longer) if longer > 0 else 0.0
