"""What noise does to a world that swings: exact amplitudes, and the time to a given one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch08.processes import AR1
from ddpg_lib.worlds.pendulum.model import PendulumModel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Resonator:
    r"""What swings without friction: :math:`y_{t+1} - 2\cos(\omega)\,y_t + y_{t-1} = g u_t`.

    Parameters
    ----------
    omega : float
        Angular frequency in radians a step, between 0 and pi.
    gain : float
        What one unit of action adds to y in one step.

    Raises
    ------
    ValueError
        If ``omega`` does not lie between 0 and pi.
    """

    omega: float
    gain: float

    def __post_init__(self) -> None:
        if not 0 < self.omega < math.pi:
            raise ValueError(f"omega must lie between 0 and pi, got {self.omega}")

    @classmethod
    def of_pendulum(cls, model: PendulumModel | None = None) -> Resonator:
        """Small swings of a pendulum about hanging; y in rad, the action scaled to [-1, 1].

        Without a model it is Pendulum-v1.
        """
        m = model or PendulumModel()
        omega = math.acos(1 - m.gravity_gain * m.time_step**2 / 2)
        return cls(omega, m.torque_gain * m.max_torque * m.time_step**2)

    @classmethod
    def of_mountain_car(cls, power: float = 0.0015, gravity: float = 0.0025) -> Resonator:
        """Small swings of MountainCarContinuous-v0 about the bottom of its valley.

        Parameters
        ----------
        power : float
            Speed that the full action adds in a step, in units of position a step.
        gravity : float
            Speed that the steepest slope takes in a step.
        """
        return cls(math.acos(1 - 3 * gravity / 2), power)

    @property
    def response(self) -> float:
        r"""Amplitude that a unit of action in one step leaves: :math:`g / \sin\omega`."""
        return self.gain / math.sin(self.omega)

    @property
    def best_m(self) -> float:
        r"""The m with the most power at this frequency among AR1 of equal standard deviation.

        :math:`(1 - \sin\omega) / \cos\omega`; the power there is :math:`1 / \sin\omega` times that
        of white noise.
        """
        return (1 - math.sin(self.omega)) / math.cos(self.omega)

    def amplitude(self, u: ArrayLike) -> Array:
        r"""How far it swings from rest after the actions ``u (..., n)``: ``(...,)``, in units of y.

        It is :math:`(g / \sin\omega)\, |\sum_k e^{-i\omega k} u_k|`.
        """
        u = np.asarray(u, float)
        wave = np.exp(-1j * self.omega * np.arange(u.shape[-1]))
        return np.asarray(self.response * np.abs(u @ wave))

    def mean_square_amplitude(self, noise: AR1, n: int) -> float:
        r"""The exact mean of the squared amplitude after n steps of noise that began at 0.

        For large n it is nearly :math:`(g / \sin\omega)^2\, n\, S(\omega)`. In units of y squared.
        """
        t = np.arange(n)
        wave = np.cos(self.omega * (t[:, None] - t[None, :]))
        return self.response**2 * float((noise.covariance(n) * wave).sum())

    def steps_to(self, amplitude: float, noise: AR1) -> float:
        r"""Mean steps until noise has driven it to R: :math:`(R \sin\omega / g)^2 / S`.

        The amplitude R is in units of y; the noise is the actions, unclipped. Exact for white
        noise, but for what the last step overshoots; otherwise good where the noise forgets much
        faster than that. Infinite without noise.
        """
        power = self.response**2 * float(noise.spectrum(self.omega))
        return amplitude**2 / power if power > 0 else math.inf
