"""Exploration noise for a stack of agents, in units of the scaled action range [-1, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Noise:
    """What every noise process shares: one generator an agent, ``sample`` and ``reset``.

    What the scale ``sigma`` means is said by each process.

    Raises
    ------
    ValueError
        If ``sigma`` is negative.
    """

    def __init__(
        self, rngs: Sequence[np.random.Generator], action_dim: int, sigma: float = 0.1
    ) -> None:
        if sigma < 0:
            raise ValueError(f"sigma must not be negative, got {sigma}")
        self.rngs = list(rngs)
        self.action_dim = action_dim
        self.sigma = sigma

    def sample(self) -> Array:
        """The next value, ``(n, action_dim)``."""
        raise NotImplementedError

    def reset(self, agents: NDArray[np.bool_]) -> None:
        """Begin a new episode where the mask ``agents``, ``(n,)``, is true."""

    def _standard_normal(self) -> Array:
        return np.stack([rng.standard_normal(self.action_dim) for rng in self.rngs])


class GaussianNoise(Noise):
    """Independent draws from N(0, sigma²) (Fujimoto et al. 2018, section 5)."""

    def sample(self) -> Array:
        """The next value, ``(n, action_dim)``."""
        return self.sigma * self._standard_normal()


class OrnsteinUhlenbeckNoise(Noise):
    r"""A mean-reverting walk (Uhlenbeck and Ornstein 1930; Lillicrap et al. 2016, section 7).

    :math:`x_{t+1} = x_t - \vartheta x_t \Delta + \sigma \sqrt{\Delta}\, \xi_t`, with
    :math:`\xi_t` standard normal. It starts each episode at 0, and its standard deviation
    settles at :math:`\sigma / \sqrt{2\vartheta - \vartheta^2 \Delta}`.

    Parameters
    ----------
    sigma
        Diffusion, in action units per square root of the time unit.
    theta
        Rate of the pull towards 0, per time unit.
    dt
        Time units a step, :math:`\Delta`.

    Raises
    ------
    ValueError
        If ``sigma`` is negative, or ``theta * dt`` not between 0 and 2: the walk would grow.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        action_dim: int,
        sigma: float = 0.2,
        theta: float = 0.15,
        dt: float = 1.0,
    ) -> None:
        super().__init__(rngs, action_dim, sigma)
        if not 0 < theta * dt < 2:
            raise ValueError(f"theta * dt must lie between 0 and 2, or x grows; got {theta * dt}")
        self.theta, self.dt = theta, dt
        self.x = np.zeros((len(self.rngs), action_dim))

    def sample(self) -> Array:
        """The next value, ``(n, action_dim)``."""
        # Variance, not standard deviation, grows in proportion to time: hence the root.
        step = self.sigma * np.sqrt(self.dt) * self._standard_normal()
        self.x = self.x - self.theta * self.x * self.dt + step
        return self.x.copy()  # what the caller does with it must not move the walk

    def reset(self, agents: NDArray[np.bool_]) -> None:
        """Return to 0 where the mask ``agents``, ``(n,)``, is true."""
        self.x[agents] = 0.0


class DecayingNoise(Noise):
    """Gaussian noise whose scale in step j of episode i is ``sigma / (1 + i + j)``.

    The schedule is that of this project's NumPy-only source, which adds the bare number
    ``1 / (1 + i + j)``, always positive, to the action; here it scales a normal draw.
    """

    def __init__(
        self, rngs: Sequence[np.random.Generator], action_dim: int, sigma: float = 1.0
    ) -> None:
        super().__init__(rngs, action_dim, sigma)
        self.episode = np.zeros(len(self.rngs))
        self.step = np.zeros(len(self.rngs))

    def sample(self) -> Array:
        """The next value, ``(n, action_dim)``."""
        scale = self.sigma / (1.0 + self.episode + self.step)
        self.step += 1
        return scale[:, None] * self._standard_normal()

    def reset(self, agents: NDArray[np.bool_]) -> None:
        """Count a new episode where the mask ``agents``, ``(n,)``, is true."""
        self.episode[agents] += 1
        self.step[agents] = 0


NOISES = {
    "gaussian": GaussianNoise,
    "ornstein_uhlenbeck": OrnsteinUhlenbeckNoise,
    "decaying": DecayingNoise,
}
"""The processes by name: gaussian, ornstein_uhlenbeck, decaying."""
