"""The dynamics and the reward of Pendulum-v1, for whole arrays of states.

Everything here is an array of angles ``theta`` (radians, 0 is upright, any number of turns),
angular velocities ``theta_dot`` (radians a second) and torques (newton meters, clipped to the
limits); all three broadcast against one another, and results have their common shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]

HORIZON = 200
"""Steps after which Pendulum-v1 truncates an episode."""

ANGLE_COST, SPEED_COST, TORQUE_COST = 1.0, 0.1, 0.001


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
        theta, theta_dot, torque : array_like
            In rad, 0 upright; rad/s; and N m, clipped.

        Returns
        -------
        array
            Of the arguments' common shape.
        """
        theta, theta_dot = np.asarray(theta), np.asarray(theta_dot)
        torque = np.clip(torque, -self.max_torque, self.max_torque)
        angle = (theta + np.pi) % (2 * np.pi) - np.pi
        cost = ANGLE_COST * angle**2 + SPEED_COST * theta_dot**2 + TORQUE_COST * torque**2
        return np.asarray(-cost)

    def step(
        self, theta: ArrayLike, theta_dot: ArrayLike, torque: ArrayLike
    ) -> tuple[Array, Array, Array]:
        """One step of Pendulum-v1.

        Parameters
        ----------
        theta, theta_dot, torque : array_like
            In rad, 0 upright; rad/s; and N m, clipped.

        Returns
        -------
        next_theta, next_theta_dot, reward : arrays
            The next angle (not wrapped), the next angular velocity and the reward, each of the
            arguments' common shape.
        """
        theta, theta_dot = np.asarray(theta), np.asarray(theta_dot)
        # As in Pendulum-v1, the action keeps its own precision: no dtype is forced here.
        clipped = np.clip(torque, -self.max_torque, self.max_torque)
        acceleration = self.gravity_gain * np.sin(theta) + self.torque_gain * clipped
        next_speed = theta_dot + acceleration * self.time_step
        next_speed = np.clip(next_speed, -self.max_speed, self.max_speed)
        next_angle = theta + next_speed * self.time_step
        return next_angle, next_speed, self.reward(theta, theta_dot, clipped)

    def observation(self, theta: ArrayLike, theta_dot: ArrayLike) -> NDArray[np.float32]:
        """Observations ``(cos theta, sin theta, theta_dot)``, float32 of shape ``(..., 3)``."""
        theta, theta_dot = np.broadcast_arrays(theta, theta_dot)
        stacked = np.stack([np.cos(theta), np.sin(theta), theta_dot], axis=-1)
        return stacked.astype(np.float32)

    def state(self, observation: ArrayLike) -> tuple[Array, Array]:
        """Angles in [-pi, pi] (rad) and angular velocities (rad/s) of an ``observation (..., 3)``.

        Returns
        -------
        theta, theta_dot : arrays, shape (...,)

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
        """Mechanical energy in joules, 0 for the upright pendulum at rest, of ``theta, theta_dot``.

        Returns
        -------
        array
            Of the arguments' common shape.
        """
        # A rod's moment of inertia about its end is m l² / 3; its middle rises and falls.
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
