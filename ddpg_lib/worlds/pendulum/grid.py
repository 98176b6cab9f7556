"""A grid of Pendulum-v1's states and torques, interpolation on it, and one Bellman backup."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from ddpg_lib.worlds.pendulum.model import TORQUE_COST, Array, PendulumModel


@dataclass(frozen=True)
class PendulumGrid:
    """A grid of states and torques on which Pendulum-v1's Bellman equation is solved.

    Torques and speeds are spaced alike: the next stronger torque takes the pendulum one cell of
    speed further. So all pairs of speed and torque with one sum share their next state, and a
    Bellman backup interpolates once a state instead of once a state and torque.

    Parameters
    ----------
    angles : int
        Number of angles, evenly spaced over a turn; the first one is upright.
    impulse_cells : int
        Cells of speed that the strongest torque moves in one step (0.3 rad/s in Pendulum-v1);
        there are ``2 * impulse_cells + 1`` torques.
    model : PendulumModel
        The dynamics and the reward.

    Raises
    ------
    ValueError
        For fewer than 3 angles or 1 cell, or numbers that are not whole.
    """

    angles: int = 320
    impulse_cells: int = 6
    model: PendulumModel = field(default_factory=PendulumModel)

    def __post_init__(self) -> None:
        for name, least in (("angles", 3), ("impulse_cells", 1)):
            value = getattr(self, name)
            if value != int(value) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}, got {value}")

    @property
    def _impulse(self) -> float:
        return self.model.torque_gain * self.model.max_torque * self.model.time_step

    @property
    def _half(self) -> int:
        # A whole number of cells is not rounded up to the next one by the last bit.
        return math.ceil(self.model.max_speed * self.impulse_cells / self._impulse - 1e-9)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of angles and of speeds."""
        return self.angles, 2 * self._half + 1

    @cached_property
    def theta(self) -> Array:
        """Angles of the grid in rad, shape ``(angles,)``."""
        return np.arange(self.angles) * (2 * np.pi / self.angles)

    @cached_property
    def theta_dot(self) -> Array:
        """Angular velocities of the grid in rad/s, shape ``(speeds,)``."""
        return np.arange(-self._half, self._half + 1) * (self._impulse / self.impulse_cells)

    @cached_property
    def torques(self) -> Array:
        """Torques of the grid in N m, shape ``(torques,)``, from the lowest to the highest."""
        cells = self.impulse_cells
        return np.arange(-cells, cells + 1) * (self.model.max_torque / cells)

    def refined(self) -> PendulumGrid:
        """The grid of half the spacing in angle, speed and torque."""
        return PendulumGrid(2 * self.angles, 2 * self.impulse_cells, self.model)

    def corners(self, theta: ArrayLike, theta_dot: ArrayLike) -> tuple[Array, Array]:
        """Flat indices and bilinear weights of the four grid points around each state.

        Parameters
        ----------
        theta, theta_dot : array_like
            Angles in radians, and angular velocities in rad/s, which are clipped to the grid.

        Returns
        -------
        index, weight : arrays, shape (4, ...)
            The weights are not negative and sum to 1.
        """
        angles, speeds = self.shape
        x = np.asarray(theta) * (angles / (2 * np.pi))
        low = np.floor(x)
        across = x - low
        left = low.astype(np.int64) % angles
        right = (left + 1) % angles
        limit = self.model.max_speed
        y = np.clip(theta_dot, -limit, limit) * (self.impulse_cells / self._impulse) + self._half
        # The greatest speed belongs to the cell below it; angles go round, so they have no edge.
        below = np.clip(np.floor(y).astype(np.int64), 0, speeds - 2)
        up = y - below
        left, right, below, across, up = np.broadcast_arrays(left, right, below, across, up)
        index = np.stack([left, left, right, right]) * speeds
        index += np.stack([below, below + 1, below, below + 1])
        weight = np.stack([1 - across, 1 - across, across, across])
        weight *= np.stack([1 - up, up, 1 - up, up])
        return index, weight

    def interpolate(self, table: Array, theta: ArrayLike, theta_dot: ArrayLike) -> Array:
        """Bilinear interpolation of a table over the grid at any states.

        Parameters
        ----------
        table : array, shape ``grid.shape``
            One number for each state of the grid.
        theta, theta_dot : array_like
            Angles in radians, 0 upright, and angular velocities in rad/s.

        Returns
        -------
        array
            Of the states' common shape.
        """
        index, weight = self.corners(theta, theta_dot)
        return np.asarray((table.reshape(-1)[index] * weight).sum(axis=0))


class Backup:
    """Bellman's optimality operator on a grid, ``V -> max_u r + gamma V(next state)``.

    Torque number j takes speed number k to place ``k + j``. The values are interpolated once at
    each angle's places, by one sparse product; each torque then reads a shifted slice of that.

    Parameters
    ----------
    grid : PendulumGrid
        States and torques.
    dtype : type
        NumPy's float32 or float64, for the tables.
    """

    def __init__(self, grid: PendulumGrid, dtype: type[np.floating[Any]]) -> None:
        model, speeds = grid.model, grid.shape[1]
        place = np.arange(-grid.impulse_cells, speeds + grid.impulse_cells) - grid._half
        drift = model.gravity_gain * np.sin(grid.theta)[:, None] * model.time_step
        speed = place * (grid._impulse / grid.impulse_cells) + drift
        speed = np.clip(speed, -model.max_speed, model.max_speed)
        index, weight = grid.corners(grid.theta[:, None] + speed * model.time_step, speed)
        self._places = speed.shape
        self._matrix = sparse.csr_array(
            (
                weight.reshape(4, -1).T.reshape(-1).astype(dtype),
                index.reshape(4, -1).T.reshape(-1).astype(np.int32),
                np.arange(0, 4 * speed.size + 1, 4, dtype=np.int32),
            ),
            shape=(speed.size, grid.angles * speeds),
        )
        self._reward = model.reward(grid.theta[:, None], grid.theta_dot, 0.0).astype(dtype)
        self._torque_cost = (TORQUE_COST * grid.torques**2).astype(dtype)
        self._trial = np.empty(grid.shape, dtype)

    def __call__(self, values: Array, gamma: float, out: Array) -> None:
        """Write one backup of ``values`` to ``out``, not the same array; both of ``grid.shape``."""
        reached = (self._matrix @ values.reshape(-1)).reshape(self._places)
        reached *= gamma
        out.fill(-np.inf)
        for shift, cost in enumerate(self._torque_cost):
            np.subtract(reached[:, shift : shift + out.shape[1]], cost, out=self._trial)
            np.maximum(out, self._trial, out=out)
        out += self._reward
