"""Two programs for one algorithm: what their weights have seen, how far apart they act."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def updates_seen(step: int, warmup: int, epoch: int, ahead: int = 0) -> int:
    """Updates that the weights have seen which choose the action of a step, equation (19.1).

    Parameters
    ----------
    step
        Of the run, counted from 1.
    warmup
        Steps at the start without an update; one follows each later step.
    epoch
        Steps after which the trainer asks the loader anew.
    ahead
        Items that the trainer fetches before it needs them.
    """
    fetched_before = (step - 1) % epoch
    return max(step - 1 - warmup - min(ahead, fetched_before), 0)


def optimizer_steps(updates: int, policy_delay: int = 1) -> int:
    """What Lightning's ``global_step`` shows after so many updates of DDPG, equation (19.4)."""
    return updates + -(-updates // policy_delay)


def divergence(mean: ArrayLike, other: ArrayLike, sigma: float) -> NDArray[np.float64]:
    """How far two exploring policies are apart in a state, equation (19.2).

    The Kullback-Leibler divergence between normal distributions of equal standard deviation,
    ``(...)``, in nats.

    Parameters
    ----------
    mean, other : shape (..., action_dim)
        The policies' actions, scaled to [-1, 1].
    sigma
        Of the noise that is added to every component, in the same units.
    """
    apart: Any = np.asarray(mean, float) - np.asarray(other, float)
    return np.square(apart).sum(-1) / (2 * sigma**2)


def relative_speed(own: float, framework: float) -> float:
    """Steps a second within a framework, over those without, equation (19.3).

    ``own`` is the time of a step without it, ``framework`` what it adds to each step.
    """
    return 1 / (1 + framework / own)


def best_of(checkpoints: int, spread: float, draws: int = 20_000, seed: int = 0) -> float:
    """How much too good the best of equally good checkpoints looks, on the average.

    ``spread`` is the standard deviation of one evaluation's mean return. Equation (19.5), by
    simulation.
    """
    rng = np.random.default_rng(seed)
    return float(spread * rng.standard_normal((draws, checkpoints)).max(axis=1).mean())
