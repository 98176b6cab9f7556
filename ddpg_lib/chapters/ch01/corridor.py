"""Q-learning in a corridor of three cells, where each number can be followed by hand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

CELLS, LEFT, RIGHT = 3, 0, 1


def step(cell: int, action: int) -> tuple[float, int, bool]:
    """Reward, next cell, and whether it ended: a step to the right out of cell 2 pays 1 and ends.

    At the left end a step to the left stays where it is.
    """
    if cell == CELLS - 1 and action == RIGHT:
        return 1.0, cell, True
    return 0.0, max(cell - 1, 0) if action == LEFT else cell + 1, False


def q_learning(
    walk: Iterable[tuple[int, int]], gamma: float = 0.9, alpha: float = 0.5
) -> list[NDArray[np.float64]]:
    """Tables ``(cells, actions)`` after each update of Q-learning, equation (1.9), from zeros.

    ``walk`` names the pairs of cell and action that are visited (Watkins and Dayan 1992).
    """
    q = np.zeros((CELLS, 2))
    tables = []
    for s, a in walk:
        r, s_next, d = step(s, a)
        target = r + gamma * (1 - d) * q[s_next].max()
        q[s, a] += alpha * (target - q[s, a])
        tables.append(q.copy())
    return tables
