"""Tune the bandit's learners on some runs, and compare them on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch03.bandit import QuadraticBandit
from ddpg_lib.chapters.ch03.bandit_learners import copdac_b, sac_b
from ddpg_lib.maths.stats import bootstrap_interval, iqm

__all__ = ["LEARNERS", "Comparison", "compare"]

Array: TypeAlias = NDArray[Any]

LEARNERS = ("deterministic", "stochastic", "with baseline")
"""The learners: COPDAC-B, and SAC-B with its actor step as written and without the bias."""

TUNING, FRESH = range(100, 105), range(20)
ALPHAS = (0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9)
ALPHAS_ETA = (0.0, 0.003, 0.03, 0.1)
SIGMAS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
DIVERGED = 1e6


@dataclass(frozen=True)
class Comparison:
    """What came out: by learner, its chosen setting and its costs on fresh runs.

    Attributes
    ----------
    settings : dict of dict
        Step sizes and width, by learner.
    curves : dict of arrays, each of shape (20, batches + 1)
        Costs; what diverges counts as a million.
    """

    settings: dict[str, dict[str, float]]
    curves: dict[str, Array]

    def last(self, learner: str) -> float:
        """Typical last cost: the interquartile mean of its logarithm, as a cost."""
        return float(10 ** iqm(np.log10(self.curves[learner][:, -1])))

    def ratio(self, learner: str) -> tuple[float, float, float]:
        """Last cost over the deterministic learner's: typical, and the ends of its 95% interval."""
        logs = np.log10(self.curves[learner][:, -1] / self.curves["deterministic"][:, -1])
        middle, low, high = 10.0 ** np.array([iqm(logs), *bootstrap_interval(logs)])
        return float(middle), float(low), float(high)

    def diverged(self, learner: str) -> int:
        """Number of fresh runs that diverged."""
        return int((self.curves[learner][:, -1] >= DIVERGED).sum())


def compare(
    m: int,
    *,
    steps: int = 10_000,
    large: float = 0.5,
    rotate: bool = True,
    noise: float = 0.0,
    start: float = 0.0,
    alphas: Sequence[float] = ALPHAS,
    sigmas: Sequence[float] = SIGMAS,
    alphas_eta: Sequence[float] = ALPHAS_ETA,
    actors: Sequence[Literal["value", "advantage", "natural"]] = ("value", "advantage"),
    by: Literal["last", "mean"] = "last",
) -> Comparison:
    """Tune each learner on five runs, by its mean cost, and run it on twenty others.

    Parameters
    ----------
    m : int
        Number of action components.
    steps : int
        Actions that each learner may try.
    large, rotate, noise
        Of the bandit, as in :meth:`~ddpg_lib.chapters.ch03.bandit.QuadraticBandit.draw`.
    start : float
        First theta.
    alphas, sigmas, alphas_eta : sequences of float
        Step sizes, widths, and step sizes of the log variance that are tried, all combinations.
    actors : sequence of str
        How the stochastic learners use their critic; they get the names of :data:`LEARNERS`.
    by : {'last', 'mean'}
        Whether the last cost or the whole curve decides which setting is best.
    """
    tuning, fresh = (
        QuadraticBandit.draw(m, runs, large=large, rotate=rotate, noise=noise)
        for runs in (TUNING, FRESH)
    )
    settings: dict[str, dict[str, float]] = {}
    curves: dict[str, Array] = {}
    for name, actor in zip(LEARNERS, (None, *actors), strict=False):
        common: dict[str, Any] = {"batches": steps // (2 * m), "start": start}
        learner: Any = copdac_b
        axes: dict[str, Sequence[float]] = {"alpha": alphas, "sigma": sigmas}
        if actor is not None:
            learner, common["actor"] = sac_b, actor
            axes = {"alpha": alphas, "alpha_eta": alphas_eta, "sigma": sigmas}
        grid = dict(zip(axes, np.array(list(product(*axes.values()))).T, strict=True))
        if actor == "natural":  # its weights have the unit of alpha times sigma squared
            grid["alpha"] = grid["alpha"] / grid["sigma"] ** 2
        costs = learner(tuning, TUNING, **grid, **common)
        score = costs[..., -1] if by == "last" else costs.mean(axis=-1)
        chosen = int(np.argmin(score.mean(axis=0)))
        settings[name] = {key: float(values[chosen]) for key, values in grid.items()}
        costs = learner(fresh, FRESH, **settings[name], **common)[:, 0]
        curves[name] = np.minimum(costs, DIVERGED)
    return Comparison(settings, curves)
