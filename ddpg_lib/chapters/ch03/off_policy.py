"""Flows along the off-policy gradient on the ring, with and without the term that DDPG drops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from ddpg_lib.chapters.ch03.ring import RingWorld

__all__ = ["TIMES", "best_objective", "flow", "random_weights"]

Array: TypeAlias = NDArray[Any]

TIMES: Array = np.logspace(-2.5, 3, 56)
"""When :func:`flow` reports its weights."""


def random_weights(ring: RingWorld, count: int, rng: np.random.Generator) -> Array:
    """Weights ``(count, weights)`` of random policies, each weight uniform in [-0.8, 0.8]."""
    return rng.uniform(-0.8, 0.8, (count, ring.features.shape[1]))


def best_objective(ring: RingWorld) -> float:
    """Expected return of the best policy, found from a start off the ring's mirror symmetry."""
    first = np.zeros(ring.features.shape[1])
    first[0] = 0.2

    def cost(theta: Array) -> float:
        return -ring.objective(theta)

    def slope(theta: Array) -> Array:
        return -ring.gradient(theta)

    return float(-minimize(cost, first, jac=slope).fun)


def flow(
    ring: RingWorld,
    first: Array,
    behavior: Array | Callable[[Array], Array] | None,
    kind: Literal["full", "kept"],
) -> Array:
    """Weights at :data:`TIMES` on the flow along an off-policy gradient, ``(times, weights)``.

    Parameters
    ----------
    first : array, shape (weights,)
        Where the flow begins.
    behavior : array, shape (size,), callable or None
        The behavior's states; as a function of the weights; or ``None`` for those of the present
        policy with Gaussian noise of 0.5.
    kind : {'full', 'kept'}
        Whether to follow the exact gradient (3c.2) for these states, or (3c.3).
    """

    def direction(_: float, theta: Array) -> Array:
        states = behavior
        if states is None:
            states = ring.solve(theta, sigma=0.5)[1]
        elif callable(states):
            states = states(theta)
        visited = states
        if kind == "full":  # start in these states, and follow the policy
            visited = ring.solve(theta, start=states)[1]
        return ring.gradient(theta, visited)

    solution = solve_ivp(direction, (0, TIMES[-1]), first, "LSODA", TIMES, rtol=1e-4, atol=1e-6)
    return np.asarray(solution.y.T)
