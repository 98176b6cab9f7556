"""Values that are too high because somebody has chosen by them: in closed form, and measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch05.compass import from_replay, pendulum_value
from ddpg_lib.runs.run import Run

Array = NDArray[Any]


def best_of_uniform(count: int, width: float = 1.0) -> float:
    """Mean of the greatest of ``count`` independent errors, uniform in [-width, width].

    It is ``width (count - 1) / (count + 1)`` (Thrun and Schwartz 1993).
    """
    return width * (count - 1) / (count + 1)


def winners(curvature: float, slopes: Array) -> tuple[Array, Array]:
    r"""What critics with a wrong slope believe of their best action, and what it is worth.

    The truth is :math:`Q(a) = -\frac{k}{2} a^2`; a critic adds :math:`e\,a` to it. It believes
    most in the action :math:`e/k`.

    Parameters
    ----------
    curvature : float
        k, positive.
    slopes : array
        The error e of each critic.

    Returns
    -------
    believed, true : arrays
        Of the shape of ``slopes``.

    Raises
    ------
    ValueError
        If the curvature is not positive: there would be no best action.
    """
    if curvature <= 0:
        raise ValueError(f"curvature must be positive, got {curvature}")
    best = slopes / curvature
    true = -curvature / 2 * best**2
    return true + slopes * best, true


class ValueGap:
    """How far Pendulum's critics are above the truth; given to ``train`` as ``on_evaluation``.

    Parameters
    ----------
    count : int
        States drawn from each agent's replay buffer at every measurement.

    Attributes
    ----------
    steps : list of int
    chosen, other : list of array, shape (n,)
        Mean over the states of the critic's value less the exact one, in units of the reward: of
        the actor's own action, and of a uniformly random one in the same states.
    """

    def __init__(self, count: int = 64) -> None:
        self.count = count
        self.steps: list[int] = []
        self.chosen: list[Array] = []
        self.other: list[Array] = []

    def __call__(self, run: Run) -> None:
        """Measure at every evaluation after the warm-up."""
        if run.step <= run.config.warmup_steps:
            return
        agent = run.agent
        obs = from_replay(agent, self.count, seed=run.step).numpy()
        chosen = agent.act(obs)
        rng = np.random.default_rng(run.step)
        other = rng.uniform(agent.low, agent.high, chosen.shape).astype(np.float32)
        self.steps.append(run.step)
        for found, action in ((self.chosen, chosen), (self.other, other)):
            gap = agent.q(obs, action) - pendulum_value(agent, obs, action, tolerance=5)
            found.append(gap.mean(axis=1))

    @property
    def by_choice(self) -> list[Array]:
        """What the choice adds: ``chosen`` less ``other``, an array ``(n,)`` a measurement."""
        return [a - b for a, b in zip(self.chosen, self.other, strict=True)]
