"""Noise with a memory in numbers: how strong it is, how long it remembers, its spectrum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.parts.noise import GaussianNoise, Noise, OrnsteinUhlenbeckNoise

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AR1:
    r"""The sequence :math:`x_{t+1} = m x_t + b\,\xi_t`, begun at 0, and its exact moments.

    With :math:`m = 0` it is white noise; with :math:`0 < m < 1` it is what the
    Ornstein–Uhlenbeck process (Uhlenbeck and Ornstein 1930) becomes in steps.

    Parameters
    ----------
    m : float
        What a step keeps of the last value, between -1 and 1.
    b : float
        Standard deviation of the blow that a step adds.

    Raises
    ------
    ValueError
        If ``m`` is not between -1 and 1, or ``b`` is negative.
    """

    m: float
    b: float

    def __post_init__(self) -> None:
        if not -1 < self.m < 1:
            raise ValueError(f"m must lie between -1 and 1, or x grows; got {self.m}")
        if self.b < 0:
            raise ValueError(f"b must not be negative, got {self.b}")

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
    def with_std(cls, std: float, m: float = 0.0) -> AR1:
        """The sequence that keeps ``m`` a step and settles at a given standard deviation."""
        return cls(m, std * math.sqrt(1 - m**2))

    @property
    def std(self) -> float:
        """Standard deviation long after the start."""
        return self.b / math.sqrt(1 - self.m**2)

    @property
    def memory(self) -> float:
        r"""Steps that count as one: the sum of all correlations, :math:`(1 + m) / (1 - m)`."""
        return (1 + self.m) / (1 - self.m)

    def variance(self, t: ArrayLike) -> Array:
        r"""Variance of :math:`x_t`, which is :math:`b^2 (1 - m^{2t}) / (1 - m^2)`.

        Of the shape of ``t``, the steps since the start at 0.
        """
        return np.asarray(self.std**2 * (1 - self.m ** (2 * np.asarray(t, float))))

    def autocorrelation(self, lag: ArrayLike) -> Array:
        r"""Correlation :math:`m^k` of values k steps apart, long after the start.

        ``lag`` is k, not negative.
        """
        return np.asarray(np.float64(self.m) ** np.asarray(lag))

    def covariance(self, n: int) -> Array:
        """Covariances ``(n, n)`` of the first n values, :math:`x_1` to :math:`x_n`."""
        t = np.arange(1, n + 1)
        earlier = np.minimum(t[:, None], t[None, :])
        return self.variance(earlier) * self.autocorrelation(np.abs(t[:, None] - t[None, :]))

    def spectrum(self, omega: ArrayLike) -> Array:
        r"""Power spectral density :math:`S = b^2 / (1 - 2 m \cos \omega + m^2)`.

        Its mean over all frequencies is the variance; white noise has the same everywhere.
        ``omega`` are angular frequencies in radians a step; all lie in [-pi, pi].
        """
        shape = 1 - 2 * self.m * np.cos(omega) + self.m**2
        return np.asarray(self.b**2 / shape)


def library_noise(process: AR1, rngs: Sequence[np.random.Generator], action_dim: int = 1) -> Noise:
    """The library's own noise with a process's numbers; Gaussian where it keeps nothing.

    There is one generator an agent, and a component of each agent's noise an action component.
    """
    if process.m == 0:
        return GaussianNoise(rngs, action_dim, process.b)
    # In a time unit of one step, what is forgotten a step is theta.
    return OrnsteinUhlenbeckNoise(rngs, action_dim, process.b, theta=1 - process.m)


def draw(process: AR1, paths: int, steps: int, seed: int = 0) -> Array:
    """The library's noise, ``(paths, steps)``: independent, each begun at 0."""
    noise = library_noise(process, [np.random.default_rng(seed)], paths)
    return np.stack([noise.sample()[0] for _ in range(steps)], axis=1)


def estimate(record: ArrayLike) -> tuple[float, float]:
    r"""Memory :math:`\hat m` and standard deviation :math:`\hat\sigma` of a record ``(steps,)``.

    Of actions less the policy's, say. They are what is left after its mean is subtracted.

    Raises
    ------
    ValueError
        If the record has fewer than two values, or all are equal.
    """
    x = np.asarray(record, float)
    if x.size < 2 or np.ptp(x) == 0:
        raise ValueError("a record needs two values or more that are not all equal")
    x = x - x.mean()
    return float((x[1:] @ x[:-1]) / (x @ x)), float(x.std())
