"""Three policies for Pendulum-v1 that learn nothing: none, random, and energy shaping."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ddpg_lib.worlds.lqr import LQR
from ddpg_lib.worlds.pendulum.model import ANGLE_COST, SPEED_COST, TORQUE_COST, Array, PendulumModel

PendulumPolicy: TypeAlias = Callable[[int, Array], ArrayLike]
"""From the step since the reset and Gymnasium's observations, ``(n, 3)``, to torques in N m."""


def zero_torque(t: int, observations: ArrayLike) -> Array:
    """No torque ``(...,)``, whatever the ``observations (..., 3)``: the pendulum swings freely."""
    return np.zeros(np.shape(observations)[:-1])


@dataclass(frozen=True)
class RandomTorque:
    """Torque drawn uniformly from the allowed range, anew at each step.

    The draws depend on the seed, the step and the episode's place in the batch only, so a
    repeated simulation repeats them.

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
        """Torques ``(...,)`` in N m for Gymnasium's ``observations (..., 3)``: a policy."""
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
        costs = np.diag([ANGLE_COST, SPEED_COST])
        a, b = self.model.linearized()
        return np.asarray(LQR(a, b, Q=costs, R=np.array([[TORQUE_COST]]), gamma=1.0).K[0])

    def __call__(self, t: int, observations: ArrayLike) -> Array:
        """Torques ``(...,)`` in N m for Gymnasium's ``observations (..., 3)``: a policy."""
        theta, theta_dot = self.model.state(observations)
        limit = self.model.max_torque
        catch = -(np.stack([theta, theta_dot], axis=-1) @ self.catch_gain)
        # At rest there is no direction to push in; either one starts the swing.
        direction = np.where(theta_dot < 0, -1.0, 1.0)
        swing = -self.gain * self.model.energy(theta, theta_dot) * direction
        near = (np.abs(theta) <= self.catch_angle) & (np.abs(catch) <= limit)
        return np.asarray(np.clip(np.where(near, catch, swing), -limit, limit))
