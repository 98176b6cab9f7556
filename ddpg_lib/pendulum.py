"""Pendulum-v1 solved without learning: its model, its optimum on a grid, and three simple policies.

Everything here is an array of angles ``theta`` (radians, 0 is upright, any number of turns),
angular velocities ``theta_dot`` (radians a second) and torques (newton meters); all three
broadcast against one another. A *policy* is a callable ``(t, observations) -> torques``, with
``t`` the step since the reset, observations of shape (n, 3) as Gymnasium's Pendulum-v1 gives
them, and torques of shape (n,) or (n, 1).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Array: TypeAlias = NDArray[Any]
Policy: TypeAlias = Callable[[int, Array], ArrayLike]

HORIZON = 200
"""Steps after which Pendulum-v1 truncates an episode."""

_ANGLE_COST, _SPEED_COST, _TORQUE_COST = 1.0, 0.1, 0.001


@dataclass(frozen=True)
class PendulumModel:
    """The dynamics and the reward of Gymnasium's Pendulum-v1, for whole arrays of states.

    Parameters
    ----------
    gravity, mass, length : float
        Acceleration in m/s², mass in kg and length in m of the rod.
    time_step : float
        Seconds a step.
    max_torque, max_speed : float
        Limits to which torque (N m) and angular velocity (rad/s) are clipped.

    Raises
    ------
    ValueError
        If any of them is not positive and finite.
    """

    gravity: float = 10.0
    mass: float = 1.0
    length: float = 1.0
    time_step: float = 0.05
    max_torque: float = 2.0
    max_speed: float = 8.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive and finite, got {value}")

    @property
    def gravity_gain(self) -> float:
        """Angular acceleration of gravity at ``sin(theta) = 1``, 3g/(2l), in rad/s²."""
        return 3 * self.gravity / (2 * self.length)

    @property
    def torque_gain(self) -> float:
        """Angular acceleration a unit of torque, 3/(m l²), in rad/s² per N m."""
        return 3.0 / (self.mass * self.length**2)

    def reward(self, theta: ArrayLike, theta_dot: ArrayLike, torque: ArrayLike) -> Array:
        """Reward ``-(theta² + 0.1 theta_dot² + 0.001 torque²)``, the angle taken in [-pi, pi).

        Parameters
        ----------
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.
        torque : array_like
            Torques in N m; clipped.

        Returns
        -------
        array
            Of the arguments' common shape.
        """
        theta, theta_dot = np.asarray(theta), np.asarray(theta_dot)
        torque = np.clip(torque, -self.max_torque, self.max_torque)
        angle = (theta + np.pi) % (2 * np.pi) - np.pi
        cost = _ANGLE_COST * angle**2 + _SPEED_COST * theta_dot**2 + _TORQUE_COST * torque**2
        return np.asarray(-cost)

    def step(
        self, theta: ArrayLike, theta_dot: ArrayLike, torque: ArrayLike
    ) -> tuple[Array, Array, Array]:
        """One step of Pendulum-v1.

        Parameters
        ----------
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.
        torque : array_like
            Torques in N m; clipped.

        Returns
        -------
        next_theta, next_theta_dot, reward : arrays
            The next angle (not wrapped), the next angular velocity and the reward, each of the
            arguments' common shape.
        """
        theta, theta_dot = np.asarray(theta), np.asarray(theta_dot)
        # Pendulum-v1 computes with the action in its own precision, so no dtype is forced here.
        clipped = np.clip(torque, -self.max_torque, self.max_torque)
        acceleration = self.gravity_gain * np.sin(theta) + self.torque_gain * clipped
        next_speed = theta_dot + acceleration * self.time_step
        next_speed = np.clip(next_speed, -self.max_speed, self.max_speed)
        next_angle = theta + next_speed * self.time_step
        return next_angle, next_speed, self.reward(theta, theta_dot, clipped)

    def observation(self, theta: ArrayLike, theta_dot: ArrayLike) -> NDArray[np.float32]:
        """Observations ``(cos theta, sin theta, theta_dot)``.

        Parameters
        ----------
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.

        Returns
        -------
        array of float32, shape (..., 3)
        """
        theta, theta_dot = np.broadcast_arrays(theta, theta_dot)
        stacked = np.stack([np.cos(theta), np.sin(theta), theta_dot], axis=-1)
        return stacked.astype(np.float32)

    def state(self, observation: ArrayLike) -> tuple[Array, Array]:
        """Angles and angular velocities of observations.

        Parameters
        ----------
        observation : array_like, shape (..., 3)
            As Gymnasium's Pendulum-v1 gives them.

        Returns
        -------
        theta, theta_dot : arrays, shape (...,)
            Angles in [-pi, pi], in radians, and angular velocities in rad/s.

        Raises
        ------
        ValueError
            If the last axis does not have length 3.
        """
        observation = np.asarray(observation, dtype=np.float64)
        if observation.ndim == 0 or observation.shape[-1] != 3:
            raise ValueError(
                "a Pendulum-v1 observation is (cos theta, sin theta, theta_dot): the last axis "
                f"must have length 3, got shape {observation.shape}"
            )
        return np.arctan2(observation[..., 1], observation[..., 0]), observation[..., 2]

    def energy(self, theta: ArrayLike, theta_dot: ArrayLike) -> Array:
        """Mechanical energy.

        Parameters
        ----------
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.

        Returns
        -------
        array
            In joules, 0 for the upright pendulum at rest; of the arguments' common shape.
        """
        kinetic = 0.5 * self.mass * self.length**2 / 3 * np.square(theta_dot)
        potential = 0.5 * self.mass * self.gravity * self.length * (np.cos(theta) - 1)
        return np.asarray(kinetic + potential)

    def linearized(self) -> tuple[Array, Array]:
        """The step linearized at the upright rest.

        Returns
        -------
        A : array, shape (2, 2)
            Of angle and angular velocity.
        B : array, shape (2, 1)
            Of the torque.
        """
        dt, g, b = self.time_step, self.gravity_gain, self.torque_gain
        return (
            np.array([[1 + dt**2 * g, dt], [dt * g, 1.0]]),
            np.array([[dt**2 * b], [dt * b]]),
        )


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
        return math.ceil(self.model.max_speed * self.impulse_cells / self._impulse - 1e-9)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of angles and of speeds."""
        return self.angles, 2 * self._half + 1

    @cached_property
    def theta(self) -> Array:
        """Angles of the grid, shape (angles,)."""
        return np.arange(self.angles) * (2 * np.pi / self.angles)

    @cached_property
    def theta_dot(self) -> Array:
        """Angular velocities of the grid, shape (speeds,)."""
        return np.arange(-self._half, self._half + 1) * (self._impulse / self.impulse_cells)

    @cached_property
    def torques(self) -> Array:
        """Torques of the grid, shape (torques,), from the lowest to the highest."""
        cells = self.impulse_cells
        return np.arange(-cells, cells + 1) * (self.model.max_torque / cells)

    def refined(self) -> PendulumGrid:
        """The grid of half the spacing in angle, speed and torque.

        Returns
        -------
        PendulumGrid
        """
        return PendulumGrid(2 * self.angles, 2 * self.impulse_cells, self.model)

    def corners(self, theta: ArrayLike, theta_dot: ArrayLike) -> tuple[Array, Array]:
        """Flat indices and bilinear weights of the four grid points around each state.

        Parameters
        ----------
        theta : array_like
            Angles in radians.
        theta_dot : array_like
            Angular velocities in rad/s; clipped to the grid.

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
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.

        Returns
        -------
        array
            Of the states' common shape.
        """
        index, weight = self.corners(theta, theta_dot)
        return np.asarray((table.reshape(-1)[index] * weight).sum(axis=0))


class _Backup:
    """Bellman's optimality operator on a grid, ``V -> max_u r + gamma V(next state)``.

    Torque number j takes speed number k to place ``k + j``. The values are interpolated once at
    each angle's places, by one sparse product; each torque then reads a shifted slice of that.
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
        self._torque_cost = (_TORQUE_COST * grid.torques**2).astype(dtype)
        self._trial = np.empty(grid.shape, dtype)

    def __call__(self, values: Array, gamma: float, out: Array) -> None:
        """Write one backup of ``values`` to ``out``, both of the grid's shape."""
        reached = (self._matrix @ values.reshape(-1)).reshape(self._places)
        reached *= gamma
        out.fill(-np.inf)
        for shift, cost in enumerate(self._torque_cost):
            np.subtract(reached[:, shift : shift + out.shape[1]], cost, out=self._trial)
            np.maximum(out, self._trial, out=out)
        out += self._reward


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
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.

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
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.
        torque : array_like
            Torques in N m; clipped.

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
        theta : array_like
            Angles in radians, 0 upright.
        theta_dot : array_like
            Angular velocities in rad/s.

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
        """Greedy torques for observations: a policy.

        Parameters
        ----------
        t : int
            Step since the reset; without effect on discounted values.
        observations : array_like, shape (..., 3)
            As Gymnasium's Pendulum-v1 gives them.

        Returns
        -------
        array, shape (...,)
            Torques in N m.
        """
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
        backup = _Backup(self.grid, np.float32)
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
        backup = _Backup(self.grid, np.float64)
        old, new = np.zeros(self.grid.shape), np.empty(self.grid.shape)
        ahead = gamma / (1 - gamma)
        self.sweeps, self.error_bound = 0, math.inf
        while self.error_bound > tolerance:
            backup(old, gamma, new)
            self.sweeps += 1
            old, new = new, old
            new -= old
            least, most = -float(new.max()), -float(new.min())
            self.error_bound = 0.5 * ahead * (most - least)
        self.values = old + 0.5 * ahead * (most + least)

    def _table(self, t: int) -> Array:
        return self.values


@dataclass(frozen=True)
class Rollout:
    """What happened in n episodes of T steps: one row an episode.

    Attributes
    ----------
    seeds : ndarray, shape (n,)
        Seeds of the resets.
    theta, theta_dot : ndarray, shape (n, T + 1)
        States, the first at the reset, the last after the final step; angles are not wrapped.
    torques, rewards : ndarray, shape (n, T)
        Torques as applied (clipped) and rewards.
    """

    seeds: Array
    theta: Array
    theta_dot: Array
    torques: Array
    rewards: Array

    @property
    def returns(self) -> Array:
        """Undiscounted return of each episode, shape (n,)."""
        return np.asarray(self.rewards.sum(axis=1))


def start_states(seeds: Iterable[int]) -> tuple[Array, Array]:
    """States in which Gymnasium's Pendulum-v1 starts after ``reset(seed=...)``, for each seed.

    Parameters
    ----------
    seeds : iterable of int
        At least one.

    Returns
    -------
    theta, theta_dot : arrays of float64, shape (n,)
        Angles in radians and angular velocities in rad/s.

    Raises
    ------
    ValueError
        If there is no seed.
    """
    import gymnasium

    environment: Any = gymnasium.make("Pendulum-v1", disable_env_checker=True).unwrapped
    states = []
    for seed in seeds:
        environment.reset(seed=int(seed))
        states.append(np.array(environment.state, dtype=np.float64))
    environment.close()
    if not states:
        raise ValueError("give at least one seed")
    theta, theta_dot = np.stack(states, axis=1)
    return theta, theta_dot


def rollout(
    policy: Policy,
    seeds: Iterable[int],
    *,
    horizon: int = HORIZON,
    model: PendulumModel | None = None,
) -> Rollout:
    """Run a policy from seeded starts of Pendulum-v1, all episodes at once.

    The starts are Gymnasium's; the steps are ``model``'s, which equal Gymnasium's to rounding
    (returns to 1e-9) as long as the model has its default constants.

    Parameters
    ----------
    policy : callable
        ``(t, observations (n, 3)) -> torques (n,) or (n, 1)``; torques are clipped.
    seeds : iterable of int
        One seed an episode.
    horizon : int
        Steps of each episode.
    model : PendulumModel, optional
        Dynamics; by default Pendulum-v1's.

    Returns
    -------
    Rollout

    Raises
    ------
    ValueError
        If there is no seed or no step, or if the policy's torques have another shape or are not
        finite.
    """
    if horizon != int(horizon) or horizon < 1:
        raise ValueError(f"horizon must be a whole number of at least 1, got {horizon}")
    model = PendulumModel() if model is None else model
    seeds = np.array(list(seeds))
    theta, theta_dot = start_states(seeds)
    n = len(seeds)
    angles, speeds = np.empty((n, horizon + 1)), np.empty((n, horizon + 1))
    torques, rewards = np.empty((n, horizon)), np.empty((n, horizon))
    angles[:, 0], speeds[:, 0] = theta, theta_dot
    for t in range(horizon):
        torque = np.asarray(policy(t, model.observation(theta, theta_dot)))
        if torque.shape not in ((n,), (n, 1)):
            raise ValueError(
                f"the policy must return torques of shape ({n},) or ({n}, 1) for {n} "
                f"observations, got {torque.shape}"
            )
        if not np.isfinite(torque).all():
            raise ValueError(f"the policy returned a torque that is not finite at step {t}")
        torque = np.clip(torque.reshape(n), -model.max_torque, model.max_torque)
        theta, theta_dot, rewards[:, t] = model.step(theta, theta_dot, torque)
        angles[:, t + 1], speeds[:, t + 1], torques[:, t] = theta, theta_dot, torque
    return Rollout(seeds, angles, speeds, torques, rewards)


def regret(
    optimum: PendulumOptimum | DiscountedPendulumOptimum,
    record: Rollout,
    *,
    simulate: bool = False,
) -> Array:
    """Cost of each step of a rollout against acting optimally from there on, shape (n, T).

    ``regret[t] = V*_t(s_t) - (r_t + gamma V*_{t+1}(s_{t+1}))``, which is never negative for the
    exact V*. The sum over t, discounted by ``gamma**t``, telescopes to ``V*_0(s_0)`` less the
    return and less ``gamma**T V*_T(s_T)``; the last is 0 at the end of ``PendulumOptimum``'s
    horizon. This is the performance difference of Kakade and Langford (2002) on one path.

    The grid's V* is interpolated. Where one more swing becomes necessary V* falls off a cliff,
    at any spacing, and interpolation smooths it. On the optimal policy's own episodes from
    seeds 0 to 199, whose sums should be 0, the default grid's sums have the mean -0.27, the
    median -0.03 and 80% in [-0.74, 0.00], but the few that pass by a cliff range from -56 to 67.
    The mean over many episodes is right; a single episode's regret may not be. With
    ``simulate`` V* is therefore replaced by the return that the greedy policy really reaches
    from each state, so that the sum is the return of that policy from the same start less the
    record's, to rounding. That takes a second for 100 episodes of 200 steps.

    Parameters
    ----------
    optimum : PendulumOptimum or DiscountedPendulumOptimum
        The values to measure against.
    record : Rollout
        Episodes no longer than the optimum's horizon.
    simulate : bool
        Whether to take V* from simulated episodes; for ``PendulumOptimum`` alone.

    Returns
    -------
    array, shape (n, T)
        In units of the reward.

    Raises
    ------
    ValueError
        If the episodes are longer than the optimum's horizon, or if ``simulate`` is asked for
        without one.
    """
    steps = record.rewards.shape[1]
    if simulate:
        if not isinstance(optimum, PendulumOptimum):
            raise ValueError("simulate=True needs a finite horizon: use PendulumOptimum")
        values = _simulated_values(optimum, record)
    else:
        columns = [
            optimum.value(t, record.theta[:, t], record.theta_dot[:, t]) for t in range(steps + 1)
        ]
        values = np.stack(columns, axis=1)
    return np.asarray(values[:, :-1] - record.rewards - optimum.gamma * values[:, 1:])


def _simulated_values(optimum: PendulumOptimum, record: Rollout) -> Array:
    """Return of the greedy policy from each state of a record to the horizon, (n, T + 1)."""
    count, states = record.theta.shape
    if states - 1 > optimum.horizon:
        raise ValueError(
            f"the episodes have {states - 1} steps, the optimum {optimum.horizon}: solve a "
            "longer horizon"
        )
    model = optimum.grid.model
    # One batch that grows: at step t the record's states of step t join those under way.
    theta, theta_dot, returns = np.empty(0), np.empty(0), np.zeros(count * states)
    for t in range(optimum.horizon):
        if t < states:
            theta = np.concatenate([theta, record.theta[:, t]])
            theta_dot = np.concatenate([theta_dot, record.theta_dot[:, t]])
        torque = optimum(t, model.observation(theta, theta_dot))
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        returns[: len(reward)] += reward
    return np.asarray(returns.reshape(states, count).T)


def zero_torque(t: int, observations: ArrayLike) -> Array:
    """No torque at all: the pendulum swings freely.

    Parameters
    ----------
    t : int
        Step since the reset.
    observations : array_like, shape (..., 3)
        As Gymnasium's Pendulum-v1 gives them.

    Returns
    -------
    array, shape (...,)
        Zeros.
    """
    return np.zeros(np.shape(observations)[:-1])


@dataclass(frozen=True)
class RandomTorque:
    """Torque drawn uniformly from the allowed range, anew at each step.

    The draws depend on the seed, the step and the episode's place in the batch only, so a
    repeated rollout repeats them.

    Parameters
    ----------
    seed : int
        Of the draws.
    model : PendulumModel
        Its ``max_torque`` bounds them.
    """

    seed: int = 0
    model: PendulumModel = field(default_factory=PendulumModel)

    def __call__(self, t: int, observations: ArrayLike) -> Array:
        """Torques for observations: a policy.

        Parameters
        ----------
        t : int
            Step since the reset.
        observations : array_like, shape (..., 3)
            As Gymnasium's Pendulum-v1 gives them.

        Returns
        -------
        array, shape (...,)
            Torques in N m.
        """
        limit, generator = self.model.max_torque, np.random.default_rng((self.seed, t))
        return generator.uniform(-limit, limit, np.shape(observations)[:-1])


@dataclass(frozen=True)
class EnergyShaping:
    """Swing up by energy, catch by a linear regulator: a classical controller, not learned.

    Far from the top the torque is ``gain * (0 - E) * sign(theta_dot)``, clipped, with the energy
    E measured from the upright rest. It does the work ``torque * theta_dot`` on the rod, so it
    drives E to 0, the energy with which the rod just comes to rest upright (Åström and Furuta
    2000). The catch is the LQR of the step linearized at the top, undiscounted, with the costs
    of Pendulum-v1's own reward. It takes over near the top where it asks for no more torque than
    allowed, which holds on the path that the right energy takes.

    Parameters
    ----------
    gain : float
        Torque in N m for each joule of missing energy; the default pushes with all its might
        until 0.1 J of the 10 J is missing.
    catch_angle : float
        Angle from the top, in rad, within which the catch may take over.
    model : PendulumModel
        The pendulum.

    Raises
    ------
    ValueError
        If gain or angle is not positive and finite.
    """

    gain: float = 20.0
    catch_angle: float = 0.8
    model: PendulumModel = field(default_factory=PendulumModel)

    def __post_init__(self) -> None:
        for name in ("gain", "catch_angle"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive and finite, got {value}")

    @cached_property
    def catch_gain(self) -> Array:
        """Gain K of the catch, ``torque = -K (theta, theta_dot)``, shape (2,)."""
        from ddpg_lib.exact import LQR  # here, as exact imports this module

        costs = np.diag([_ANGLE_COST, _SPEED_COST])
        a, b = self.model.linearized()
        return np.asarray(LQR(a, b, Q=costs, R=np.array([[_TORQUE_COST]]), gamma=1.0).K[0])

    def __call__(self, t: int, observations: ArrayLike) -> Array:
        """Torques for observations: a policy.

        Parameters
        ----------
        t : int
            Step since the reset.
        observations : array_like, shape (..., 3)
            As Gymnasium's Pendulum-v1 gives them.

        Returns
        -------
        array, shape (...,)
            Torques in N m.
        """
        theta, theta_dot = self.model.state(observations)
        limit = self.model.max_torque
        catch = -(np.stack([theta, theta_dot], axis=-1) @ self.catch_gain)
        # At rest there is no direction to push in; either one starts the swing.
        direction = np.where(theta_dot < 0, -1.0, 1.0)
        swing = -self.gain * self.model.energy(theta, theta_dot) * direction
        near = (np.abs(theta) <= self.catch_angle) & (np.abs(catch) <= limit)
        return np.asarray(np.clip(np.where(near, catch, swing), -limit, limit))
