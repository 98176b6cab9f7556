"""A row of pendulums near upright, and learners that are given its exact action values.

The world is a linear-quadratic regulator with as many motors as pendulums, so the number m of
action components can be chosen and the optimum is known. The learners differ in one thing: what
they ask of the action value, its slope or its height at a drawn action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.worlds.lqr import LQR
from ddpg_lib.worlds.pendulum import PendulumModel

__all__ = ["PendulumRow", "climb", "direction"]

Array: TypeAlias = NDArray[Any]

_ARRIVE = 60  # steps that walkers take before the first update, to forget their start


@dataclass(frozen=True)
class PendulumRow:
    """Pendulum-v1 near upright, m times in a row, neighbors joined by springs.

    The state holds angle and angular velocity of each pendulum in turn, the action one torque for
    each. Costs are Pendulum-v1's, added up; small random pushes disturb every step.

    Parameters
    ----------
    m : int
        Number of pendulums, and of action components.
    spring : float
        Angular acceleration that a radian of difference to a neighbor causes, in rad/s².

    Raises
    ------
    ValueError
        If ``m`` is less than 1.
    """

    m: int = 1
    spring: float = 5.0

    def __post_init__(self) -> None:
        if self.m < 1:
            raise ValueError(f"m must be at least 1, got {self.m}")

    @cached_property
    def lqr(self) -> LQR:
        """The world, with a discount of 0.95."""
        model, each = PendulumModel(), np.eye(self.m)
        A, B = model.linearized()
        difference = np.diff(each, axis=0)  # of each pendulum to the one before
        pull = self.spring * model.time_step * np.array([[model.time_step, 0.0], [1.0, 0.0]])
        return LQR(
            A=np.kron(each, A) - np.kron(difference.T @ difference, pull),
            B=np.kron(each, B),
            Q=np.kron(each, np.diag([1.0, 0.1])),
            R=0.001 * each,
            gamma=0.95,
            W=np.kron(each, np.diag([1e-5, 4e-3])),
        )

    @cached_property
    def spread(self) -> Array:
        """Standard deviations of the first state, ``(2 m,)``: 0.1 rad and 0.5 rad/s."""
        return np.tile([0.1, 0.5], self.m)

    @cached_property
    def start(self) -> Array:
        """Second moment of the first state, ``(2 m, 2 m)``."""
        return np.diag(self.spread**2)

    @cached_property
    def first(self) -> Array:
        """Gain ``(m, 2 m)`` with which learners begin: it stabilizes each pendulum by itself."""
        return np.kron(np.eye(self.m), [[6.0, 1.0]])


def climb(
    row: PendulumRow,
    seeds: Sequence[int],
    *,
    learner: Literal["slope", "advantage", "value"],
    alpha: ArrayLike,
    sigma: ArrayLike = 1.0,
    walkers: int = 32,
    updates: int = 150,
) -> Array:
    r"""Gradient ascent in the gain of ``a = -K s`` on a row of pendulums, from sampled states.

    Each of a run's walkers follows the present policy and begins anew with probability
    :math:`1-\gamma` after each step, so that it is in a state as often as the discounted state
    distribution says. In each update every walker gives one estimate of the gradient, and takes one
    step. The gains are measured in units of the first state's spread.

    Parameters
    ----------
    seeds : sequence of int
        One for each run. Settings share a run's random numbers.
    learner : {'slope', 'advantage', 'value'}
        What multiplies the policy's response: the slope of Q at the policy's action; or, for a
        policy that adds Gaussian noise, the score times Q - V; or the score times Q.
    alpha, sigma : array_like, shape (settings,) or scalar
        Step size; and standard deviation of the noise, without effect on ``'slope'``.
    walkers, updates : int
        Number of states in an update, and of updates.

    Returns
    -------
    array, shape (runs, settings, updates + 1)
        Cost of ``-K s`` above the least, as a fraction of the least, before the first update and
        after each; infinite from where the policy's cost is.

    Raises
    ------
    ValueError
        If ``learner`` is none of these, or a sigma is not positive.
    """
    if learner not in ("slope", "advantage", "value"):
        raise ValueError(f"learner must be 'slope', 'advantage' or 'value', got {learner!r}")
    alpha, sigma = np.broadcast_arrays(*np.atleast_1d(alpha, sigma))
    if np.any(sigma <= 0):
        raise ValueError("sigma must be positive: the score divides by it")
    lqr, shape = row.lqr, (len(seeds), len(alpha), 1, 1)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    wide = sigma[:, None, None] * (learner != "slope")
    assert lqr.W is not None
    push = np.sqrt(np.diag(lqr.W))

    def draw(size: int) -> Array:  # standard normal, shared by the settings of a run
        return np.stack([rng.standard_normal((walkers, size)) for rng in rngs])[:, None]

    def walk(s: Array, a: Array) -> Array:
        again = np.stack([rng.random((walkers, 1)) > lqr.gamma for rng in rngs])[:, None]
        after = s @ lqr.A.T + a @ lqr.B.T + push * draw(2 * row.m)
        return np.where(again, row.spread * draw(2 * row.m), after)

    K, s = row.first + np.zeros(shape), row.spread * draw(2 * row.m) + np.zeros(shape)
    for _ in range(_ARRIVE):
        s = walk(s, -s @ _t(K) + wide * draw(row.m))
    lost, excess = np.zeros(shape, bool), []
    for _ in range(updates + 1):
        P, finite = _values(lqr, K)
        lost |= ~finite
        # A lost run stands still, at a cost that is infinite.
        P, K, s = (np.where(lost, 0, x) for x in (P, K, s))
        excess.append(np.where(lost[..., 0, 0], np.inf, _excess(row, P)))
        xi, H = draw(row.m), lqr.R + lqr.gamma * lqr.B.T @ P @ lqr.B
        slope = 2 * s @ _t(H @ K - lqr.gamma * lqr.B.T @ P @ lqr.A)
        step = wide * xi
        luck = sigma[:, None] ** 2 * np.trace(H, axis1=-2, axis2=-1)[..., None]
        ahead = luck + np.trace(P @ lqr.W, axis1=-2, axis2=-1)[..., None]
        v = -_quadratic(P, s) - lqr.gamma / (1 - lqr.gamma) * ahead - luck
        q = v + luck + (slope * step).sum(-1) - _quadratic(H, step)
        wanted = direction(learner, slope, xi, sigma[:, None, None], q[..., None], v[..., None])
        K = K - alpha[:, None, None] * _t(wanted) @ s / walkers / row.spread**2
        s = walk(s, -s @ _t(K) + step)
    return np.stack(excess, axis=-1)


def direction(learner: str, slope: Array, xi: Array, sigma: Any, q: Array, v: Array) -> Array:
    """Which way one sample says that the action should move, by each of three learners.

    Parameters
    ----------
    learner : str
        As for :func:`climb`.
    slope : array, shape (..., m)
        Of Q at the policy's action.
    xi : array, shape (..., m)
        Standard normal numbers: the drawn action lies ``sigma xi`` from the policy's.
    sigma : float or array
    q, v : arrays, shape (..., 1)
        Q of the drawn action, and the state's value.
    """
    if learner == "slope":
        return slope  # (3.3)
    if learner == "advantage":
        return xi / sigma * (q - v)  # (3.8) with V as baseline
    return np.asarray(xi / sigma * q)  # (3.8)


def _values(lqr: LQR, K: Array) -> tuple[Array, Array]:
    """Matrix P of each gain's values, and whether its cost is finite; by doubling the horizon."""
    F, P = np.sqrt(lqr.gamma) * (lqr.A - lqr.B @ K), lqr.Q + _t(K) @ lqr.R @ K
    with np.errstate(all="ignore"):
        for _ in range(9):  # 512 steps
            P, F = P + _t(F) @ P @ F, F @ F
        size = np.abs(F).max((-2, -1), keepdims=True)
    return P, size < 1e-3


def _excess(row: PendulumRow, P: Array) -> Array:
    """Cost above the least as a fraction of it, from the matrix of the values."""
    lqr = row.lqr
    assert lqr.W is not None
    weight = row.start + lqr.gamma / (1 - lqr.gamma) * lqr.W
    return np.asarray((P * weight).sum((-2, -1)) / (lqr.P * weight).sum() - 1)


def _quadratic(matrix: Array, x: Array) -> Array:
    return np.asarray(((x @ matrix) * x).sum(-1))


def _t(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)
