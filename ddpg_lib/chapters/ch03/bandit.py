r"""The continuous bandit of Silver et al. (2014), section 5.1.

One action of m components is chosen at each step; there are no states. Its cost is
:math:`(a - a^*)^\top C (a - a^*)`, and a learner sees only the costs of the actions it tries. Runs
are learned side by side, each with a matrix C of its own; the runs are every array's first axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["QuadraticBandit"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class QuadraticBandit:
    """Costs ``(a - best)' C (a - best)``, with a matrix C of its own for each run.

    Parameters
    ----------
    C : array, shape (runs, m, m)
        Symmetric and positive definite.
    best : float
        Every component of the best action a*; 4 in the paper.
    noise : float
        Standard deviation of Gaussian noise on each cost that a learner sees; 0 in the paper.

    Raises
    ------
    ValueError
        If a C is not a symmetric positive definite matrix, or the noise is negative.
    """

    C: Array
    best: float = 4.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        C = np.asarray(self.C, np.float64)
        if C.ndim != 3 or C.shape[1] != C.shape[2]:
            raise ValueError(
                f"C must have shape (runs, m, m), got {C.shape}; write C[None] for one run"
            )
        if not np.allclose(C, C.swapaxes(1, 2)) or np.linalg.eigvalsh(C).min() <= 0:
            raise ValueError("each C must be symmetric with positive eigenvalues")
        if self.noise < 0:
            raise ValueError(f"noise must not be negative, got {self.noise}")
        object.__setattr__(self, "C", C)
        object.__setattr__(self, "_root", np.linalg.cholesky(C))

    @classmethod
    def draw(
        cls,
        m: int,
        seeds: Sequence[int],
        *,
        large: float = 0.5,
        rotate: bool = True,
        noise: float = 0.0,
    ) -> QuadraticBandit:
        """Draw one matrix for each seed, with eigenvalues from {0.1, 1} as in the paper.

        Parameters
        ----------
        m : int
            Number of action components.
        seeds : sequence of int
            One for each run.
        large : float
            Share of the eigenvalues that are 1, rounded to whole numbers; the paper leaves it open.
        rotate : bool
            Whether the eigenvectors are a random rotation of the axes; the paper leaves it open.
        noise : float
            As for the class.

        Raises
        ------
        ValueError
            If ``m`` or ``large`` lies outside its range.
        """
        if m < 1 or not 0 <= large <= 1:
            raise ValueError(f"m must be at least 1 and large in [0, 1], got {m} and {large}")
        eigenvalues = np.where(np.arange(m) < round(large * m), 1.0, 0.1)
        C = np.empty((len(seeds), m, m))
        for i, seed in enumerate(seeds):
            gaussian = np.random.default_rng([seed, 0]).standard_normal((m, m))
            Q, upper = np.linalg.qr(gaussian)
            Q = Q * np.sign(np.diag(upper)) if rotate else np.eye(m)  # uniform over rotations
            C[i] = (Q * eigenvalues) @ Q.T
        return cls(C, noise=noise)

    def cost(self, a: ArrayLike) -> Array:
        """Cost ``(runs, ...)`` of actions ``a (runs, ..., m)``, without noise.

        Raises
        ------
        ValueError
            If the actions' first axis is not the runs', or their last has not m components.
        """
        gap = np.asarray(a, np.float64) - self.best
        runs, m = self.C.shape[:2]
        if gap.ndim < 2 or gap.shape[0] != runs or gap.shape[-1] != m:
            raise ValueError(f"actions must have shape ({runs}, ..., {m}), got {gap.shape}")
        root: Array = self._root  # type: ignore[attr-defined]
        # A squared length, so rounding makes no cost negative.
        return np.square(gap.reshape(runs, -1, m) @ root).sum(-1).reshape(gap.shape[:-1])

    def costs_around(self, center: Array, scale: Array, xi: Array) -> Array:
        """Costs of all actions ``center + scale xi``, without forming them.

        Expands the quadratic form: a cost at the center, a slope and a curvature.

        Parameters
        ----------
        center : array, shape (runs, settings, m)
        scale : array, shape (runs, settings) or (settings,)
        xi : array, shape (runs, steps, m)

        Returns
        -------
        array, shape (runs, settings, steps)
        """
        gap, wide = center - self.best, scale[..., None]
        slope = gap @ self.C
        curve = ((xi @ self.C) * xi).sum(-1)[:, None]
        return (slope * gap).sum(-1)[..., None] + wide * (
            2 * slope @ xi.swapaxes(1, 2) + wide * curve
        )

    def explore(self, seeds: Sequence[int], batches: int) -> Iterator[tuple[Array, Array]]:
        """Random numbers of a learner, batch by batch, each run's from its own seed.

        A batch has 2 m steps, as in the paper.

        Yields
        ------
        xi : array, shape (runs, 2 m, m)
            Standard normal numbers for the actions.
        noise : array, shape (runs, 2 m)
            What is added to the costs.

        Raises
        ------
        ValueError
            If seeds and runs differ in number.
        """
        runs, m = self.C.shape[:2]
        if len(seeds) != runs:
            raise ValueError(f"{runs} runs need {runs} seeds, got {len(seeds)}")
        rngs = [np.random.default_rng([seed, 1]) for seed in seeds]
        for _ in range(batches):
            drawn = np.stack([rng.standard_normal((2 * m, m + 1)) for rng in rngs])
            yield drawn[..., :m], self.noise * drawn[..., m]
