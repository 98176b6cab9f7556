"""Pendulum-v1 solved without learning: dynamic programming on a grid of states and torques."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from ddpg_lib.worlds.pendulum.grid import Backup, PendulumGrid
from ddpg_lib.worlds.pendulum.model import HORIZON, Array


class _GridOptimum(ABC):
    """What the optimal values of both horizons share: lookahead, the greedy policy, its rules."""

    grid: PendulumGrid
    gamma: float

    @abstractmethod
    def _table(self, t: int) -> Array:
        """Table of optimal values at step t, of the grid's shape."""

    def value(self, t: int, theta: ArrayLike, theta_dot: ArrayLike) -> Array:
        """Optimal value V*_t, interpolated.

        Parameters
        ----------
        t : int
            Step since the reset; without effect on discounted values.
        theta, theta_dot : array_like
            In rad, 0 upright; and rad/s.

        Returns
        -------
        array
            Of the states' common shape.
        """
        return self.grid.interpolate(self._table(t), theta, theta_dot)

    def action_value(
        self, t: int, theta: ArrayLike, theta_dot: ArrayLike, torque: ArrayLike
    ) -> Array:
        """Optimal action value Q*_t by one step of the exact model and the value after it.

        Parameters
        ----------
        t : int
            Step since the reset; without effect on discounted values.
        theta, theta_dot, torque : array_like
            In rad, 0 upright; rad/s; and N m, clipped.

        Returns
        -------
        array
            Of the arguments' common shape.
        """
        next_angle, next_speed, reward = self.grid.model.step(theta, theta_dot, torque)
        return np.asarray(reward + self.gamma * self.value(t + 1, next_angle, next_speed))

    def act(self, t: int, theta: ArrayLike, theta_dot: ArrayLike) -> Array:
        """Greedy torque.

        The best of the grid's torques by ``action_value``, moved to the top of the parabola
        through it and its two neighbors.

        Parameters
        ----------
        t : int
            Step since the reset; without effect on discounted values.
        theta, theta_dot : array_like
            In rad, 0 upright; and rad/s.

        Returns
        -------
        array
            In N m, of the states' common shape.
        """
        theta, theta_dot = np.broadcast_arrays(theta, theta_dot)
        torques = self.grid.torques
        q = self.action_value(t, theta[..., None], theta_dot[..., None], torques)
        best = np.argmax(q, axis=-1)
        inner = np.clip(best, 1, len(torques) - 2)
        low, mid, high = (
            np.take_along_axis(q, (inner + d)[..., None], axis=-1)[..., 0] for d in (-1, 0, 1)
        )
        bend = low - 2 * mid + high
        top = np.where(bend < 0, 0.5 * (low - high) / np.where(bend < 0, bend, 1.0), 0.0)
        # At the ends of the torque range, and on ties, the grid's own best torque stands.
        offset = np.where(inner == best, np.clip(top, -0.5, 0.5), 0.0)
        return np.asarray(torques[best] + offset * (torques[1] - torques[0]))

    def __call__(self, t: int, observations: ArrayLike) -> Array:
        """Greedy torques ``(...,)`` in N m for Gymnasium's ``observations (..., 3)``: a policy."""
        return self.act(t, *self.grid.model.state(observations))


class PendulumOptimum(_GridOptimum):
    """Pendulum-v1's optimum over one episode, undiscounted, by dynamic programming backwards.

    Solves ``V*_t = max_u r + V*_{t+1}`` from ``V*_horizon = 0`` at the points of a grid, with
    bilinear interpolation between them, and keeps every stage. The object is a policy too: it
    acts greedily on ``V*_{t+1}``.

    Starts of seeds 0 to 199, mean return of the greedy policy, time on one core:

    ==========================  ===========  ========  =======
    angles × speeds × torques   mean return  time      memory
    ==========================  ===========  ========  =======
    160 × 161 × 7               −141.89      0.02 s    21 MB
    320 × 321 × 13 (default)    −140.76      0.1 s     83 MB
    640 × 641 × 25              −140.48      1 s       330 MB
    960 × 961 × 37              −140.34      4 s       743 MB
    ==========================  ===========  ========  =======

    Parameters
    ----------
    grid : PendulumGrid, optional
        Where the equation is solved.
    horizon : int
        Steps of an episode.

    Attributes
    ----------
    values : ndarray of float32, shape (horizon + 1, angles, speeds)
        ``V*_t`` on the grid.

    Raises
    ------
    ValueError
        If the horizon is not a whole number of at least 1.

    References
    ----------
    Sutton and Barto (2018), chapter 4.
    """

    gamma = 1.0

    def __init__(self, grid: PendulumGrid | None = None, horizon: int = HORIZON) -> None:
        if horizon != int(horizon) or horizon < 1:
            raise ValueError(f"horizon must be a whole number of at least 1, got {horizon}")
        self.grid = PendulumGrid() if grid is None else grid
        self.horizon = int(horizon)
        self.values = np.zeros((self.horizon + 1, *self.grid.shape), np.float32)
        backup = Backup(self.grid, np.float32)
        for t in reversed(range(self.horizon)):
            backup(self.values[t + 1], 1.0, self.values[t])

    def _table(self, t: int) -> Array:
        if not 0 <= t <= self.horizon:
            raise ValueError(
                f"step {t} lies outside the episode: values exist for t = 0 to {self.horizon}, "
                f"actions for t = 0 to {self.horizon - 1}; solve a longer horizon"
            )
        return np.asarray(self.values[t])


class DiscountedPendulumOptimum(_GridOptimum):
    """Pendulum's optimal discounted values over an infinite horizon, by value iteration.

    The same for every t, which is accepted so that both optima can be used alike. Iteration
    stops by the bounds of MacQueen (1966): if one backup changes the values by at least l and
    at most h, then the fixed point exceeds them by between ``gamma l / (1 - gamma)`` and
    ``gamma h / (1 - gamma)``. The middle is taken, so half the gap bounds the error.

    Parameters
    ----------
    gamma : float
        Discount in [0, 1).
    tolerance : float
        Greatest error on the grid against the fixed point of the grid's Bellman equation
        (not against the continuous pendulum: that depends on the spacing).
    grid : PendulumGrid, optional
        Where the equation is solved.

    Attributes
    ----------
    values : ndarray of float64, shape (angles, speeds)
        ``V*`` on the grid.
    sweeps : int
        Backups that were needed.
    error_bound : float
        The bound that was reached.

    Raises
    ------
    ValueError
        For a gamma outside its range, or a tolerance that is not positive or finer than rounding.

    References
    ----------
    MacQueen (1966); Puterman (1994), section 6.6.
    """

    def __init__(
        self, gamma: float, tolerance: float = 1e-3, grid: PendulumGrid | None = None
    ) -> None:
        if not 0 <= gamma < 1:
            raise ValueError(
                f"gamma must lie in [0, 1), got {gamma}; for the undiscounted episode use "
                "PendulumOptimum"
            )
        if not (math.isfinite(tolerance) and tolerance > 0):
            raise ValueError(f"tolerance must be positive and finite, got {tolerance}")
        self.grid = PendulumGrid() if grid is None else grid
        self.gamma = float(gamma)
        # Each backup rounds values of up to 20 / (1 - gamma), and such errors add up like rewards.
        rounding = 100 * np.finfo(np.float64).eps / (1 - gamma) ** 2
        if tolerance < rounding:
            raise ValueError(
                f"tolerance {tolerance} is finer than rounding allows at gamma = {gamma}: ask for "
                f"{rounding:.1e} or more"
            )
        backup = Backup(self.grid, np.float64)
        old, new = np.zeros(self.grid.shape), np.empty(self.grid.shape)
        ahead = gamma / (1 - gamma)
        self.sweeps, self.error_bound = 0, math.inf
        while self.error_bound > tolerance:
            backup(old, gamma, new)
            self.sweeps += 1
            old, new = new, old
            new -= old  # the change with its sign turned: the older table less the newer
            least, most = -float(new.max()), -float(new.min())
            self.error_bound = 0.5 * ahead * (most - least)
        self.values = old + 0.5 * ahead * (most + least)

    def _table(self, t: int) -> Array:
        return self.values
