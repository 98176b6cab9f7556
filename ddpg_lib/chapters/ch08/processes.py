"""Noise with a memory in numbers: how strong it is, how long it remembers, its spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AR1:
    r"""The sequence :math:`x_{t+1} = \varphi x_t + s\,\xi_t`, begun at 0, and its exact moments.

    With :math:`\varphi = 0` it is white noise; with :math:`0 < \varphi < 1` it is what the
    Ornstein–Uhlenbeck process (Uhlenbeck and Ornstein 1930) becomes in steps.

    Parameters
    ----------
    phi : float
        What a step keeps of the last value, between -1 and 1.
    scale : float
        Standard deviation s of what a step adds.

    Raises
    ------
    ValueError
        If ``phi`` is not between -1 and 1, or ``scale`` is negative.
    """

    phi: float
    scale: float

    def __post_init__(self) -> None:
        if not -1 < self.phi < 1:
            raise ValueError(f"phi must lie between -1 and 1, or x grows; got {self.phi}")
        if self.scale < 0:
            raise ValueError(f"scale must not be negative, got {self.scale}")

    @classmethod
    def ornstein_uhlenbeck(
        cls, sigma: float, theta: float = 0.15, dt: float = 1.0, exact: bool = False
    ) -> AR1:
        r"""The Ornstein–Uhlenbeck process :math:`dX = -\vartheta X dt + \sigma dW` in steps.

        Parameters
        ----------
        sigma : float
            Diffusion, in action units per square root of the time unit.
        theta : float
            Rate of the pull towards 0, per time unit.
        dt : float
            Time units a step.
        exact : bool
            Whether the steps have the continuous process's own distribution, or are Euler's, as
            in :class:`ddpg_lib.parts.noise.OrnsteinUhlenbeckNoise`.
        """
        if exact:
            kept = math.exp(-theta * dt)
            return cls(kept, sigma * math.sqrt((1 - kept**2) / (2 * theta)))
        return cls(1 - theta * dt, sigma * math.sqrt(dt))

    @classmethod
    def with_std(cls, std: float, phi: float = 0.0) -> AR1:
        """The sequence that keeps ``phi`` a step and settles at a given standard deviation."""
        return cls(phi, std * math.sqrt(1 - phi**2))

    @property
    def std(self) -> float:
        """Standard deviation long after the start."""
        return self.scale / math.sqrt(1 - self.phi**2)

    @property
    def memory(self) -> float:
        r"""Steps that count as one: :math:`\sum_k \rho_k = (1 + \varphi) / (1 - \varphi)`."""
        return (1 + self.phi) / (1 - self.phi)

    def variance(self, t: ArrayLike) -> Array:
        r"""Variance of :math:`x_t`, which is :math:`s^2 (1 - \varphi^{2t}) / (1 - \varphi^2)`.

        Of the shape of ``t``, the steps since the start at 0.
        """
        return np.asarray(self.std**2 * (1 - self.phi ** (2 * np.asarray(t, float))))

    def autocorrelation(self, lag: ArrayLike) -> Array:
        r"""Correlation :math:`\varphi^k` of values k steps apart, long after the start.

        ``lag`` is k, not negative.
        """
        return np.asarray(np.float64(self.phi) ** np.asarray(lag))

    def covariance(self, n: int) -> Array:
        """Covariances ``(n, n)`` of the first n values, :math:`x_1` to :math:`x_n`."""
        t = np.arange(1, n + 1)
        earlier = np.minimum(t[:, None], t[None, :])
        return self.variance(earlier) * self.autocorrelation(np.abs(t[:, None] - t[None, :]))

    def spectrum(self, omega: ArrayLike) -> Array:
        r"""Power spectral density :math:`S = s^2 / (1 - 2 \varphi \cos \omega + \varphi^2)`.

        Its mean over all frequencies is the variance; white noise has the same everywhere.
        ``omega`` are angular frequencies in radians a step; all lie in [-pi, pi].
        """
        shape = 1 - 2 * self.phi * np.cos(omega) + self.phi**2
        return np.asarray(self.scale**2 / shape)
