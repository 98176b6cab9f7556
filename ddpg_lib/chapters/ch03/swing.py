"""Pendulum-v1 under a policy of three weights, and both sides of the theorem there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.worlds.pendulum import PendulumModel

__all__ = ["SwingUp"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class SwingUp:
    r"""Pendulum-v1 and the policies :math:`2 \tanh(\theta^\top f)` of three weights.

    The features f are the sine of the angle, the angular velocity, and the angular velocity times
    the cosine of the angle. World and policy are deterministic, so that one path is an expectation.

    Parameters
    ----------
    gamma : float
        Discount.
    steps : int
        How far a path is followed; what comes later is not counted.
    model : PendulumModel
        Pendulum-v1's by default.
    """

    gamma: float = 0.98
    steps: int = 200
    model: PendulumModel = field(default_factory=PendulumModel)

    def features(self, angle: ArrayLike, speed: ArrayLike) -> Array:
        """Features ``(..., 3)`` of angles ``(...)`` (rad, 0 upright), speeds ``(...)`` (rad/s)."""
        angle, speed = np.broadcast_arrays(angle, speed)
        return np.stack([np.sin(angle), speed, speed * np.cos(angle)], axis=-1)

    def torque(self, theta: ArrayLike, angle: ArrayLike, speed: ArrayLike) -> Array:
        """Torques ``(...)`` in N m for weights ``theta (3,)``, angles and speeds ``(...)``."""
        return np.asarray(2 * np.tanh(self.features(angle, speed) @ np.asarray(theta)))

    def path(self, theta: ArrayLike, angle: ArrayLike, speed: ArrayLike) -> tuple[Array, Array]:
        """Follow the policy from first states.

        Parameters
        ----------
        theta : array_like, shape (3,)
        angle, speed : array_like
            First states; they broadcast.

        Returns
        -------
        angles, speeds : arrays, shape (steps, ...)
        """
        a, v = np.broadcast_arrays(np.asarray(angle, float), np.asarray(speed, float))
        angles, speeds = [a], [v]
        for _ in range(self.steps - 1):
            a, v, _reward = self.model.step(a, v, self.torque(theta, a, v))
            angles.append(a)
            speeds.append(v)
        return np.array(angles), np.array(speeds)

    def value(
        self, theta: ArrayLike, angle: ArrayLike, speed: ArrayLike, first: Array | None = None
    ) -> Array:
        """Discounted return of the policy from each state: V, or Q of a first torque.

        Parameters
        ----------
        theta : array_like, shape (3,)
        angle, speed : array_like
            States; they broadcast.
        first : array, optional
            First torque in each state; the policy's own by default.

        Returns
        -------
        array
            Of the states' common shape.
        """
        total = np.zeros(np.broadcast_shapes(np.shape(angle), np.shape(speed)))
        for t in range(self.steps):
            push = self.torque(theta, angle, speed) if first is None or t else first
            angle, speed, reward = self.model.step(angle, speed, push)
            total += self.gamma**t * reward
        return total

    def slope(self, theta: ArrayLike, angle: Array, speed: Array, step: float = 1e-6) -> Array:
        """Slope of Q in the torque at the policy's own, by playing out a little more and less.

        Parameters
        ----------
        theta : array_like, shape (3,)
        angle, speed : arrays
            States, of one shape.
        step : float
            How much more and less, in N m.

        Returns
        -------
        array
            Of the states' shape.
        """
        own = self.torque(theta, angle, speed)
        more, less = (self.value(theta, angle, speed, own + x) for x in (step, -step))
        return (more - less) / (2 * step)

    def gradient(self, theta: ArrayLike, angle: Array, speed: Array) -> Array:
        r"""Deterministic policy gradient, averaged over first states.

        The sum over each path of :math:`\gamma^t\,\nabla_\theta\mu\,\nabla_a Q`.

        Parameters
        ----------
        theta : array_like, shape (3,)
        angle, speed : arrays, shape (starts,)

        Returns
        -------
        array, shape (3,)
        """
        angles, speeds = self.path(theta, angle, speed)
        own = self.torque(theta, angles, speeds)
        response = self.features(angles, speeds) * (2 - own**2 / 2)[..., None]
        weights = self.gamma ** np.arange(self.steps)[:, None] / len(angle)
        per_state = weights * self.slope(theta, angles, speeds)
        return np.asarray((per_state[..., None] * response).sum((0, 1)))
