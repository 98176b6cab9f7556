"""A sweep on paper: how long it takes on so many workers, some of which die."""

from __future__ import annotations

import dataclasses
import heapq
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Workers and what goes wrong with them; times are in seconds.

    Attributes
    ----------
    workers : int
        Cells at work at once.
    dispatch : float
        Time in which the one head hands out a cell; it hands out one after the other.
    failures : float
        Of a worker, a second.
    checkpoint_every : float
        Time between checkpoints of a cell, from which it goes on after a failure.
    checkpoint_cost : float
        Time to write one.
    restart : float
        Until a lost cell runs again.
    """

    workers: int
    dispatch: float = 0.0
    failures: float = 0.0
    checkpoint_every: float = math.inf
    checkpoint_cost: float = 0.0
    restart: float = 0.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a simulated sweep took.

    Attributes
    ----------
    seconds : float
        From the first cell's start to the last one's end.
    busy : float
        The share of the workers' time in which they worked.
    lost : float
        Worker-seconds beyond the cells' own: repeated work, checkpoints, restarts.
    failures : int
        How many workers died.
    """

    seconds: float
    busy: float
    lost: float
    failures: int


def simulate(times: ArrayLike, cluster: Cluster, seed: int = 0) -> Outcome:
    """Hand out cells in their order, each to the first worker that is free.

    ``times`` is ``(cells,)``, what each cell takes in seconds without any failure.
    """
    rng = np.random.default_rng(seed)
    free = [0.0] * cluster.workers
    head = end = worked = lost = 0.0
    failures = 0
    for time in np.asarray(times, float).tolist():
        head = max(head, heapq.heappop(free)) + cluster.dispatch
        took, died = duration(time, cluster, rng)
        heapq.heappush(free, head + took)
        end, worked, lost = max(end, head + took), worked + took, lost + took - time
        failures += died
    return Outcome(end, worked / (cluster.workers * end), lost, failures)


def duration(time: float, cluster: Cluster, rng: np.random.Generator) -> tuple[float, int]:
    """What a cell of so many seconds takes, with its checkpoints and failures, and their number."""
    every, cost = cluster.checkpoint_every, cluster.checkpoint_cost
    left, took, died = time, 0.0, 0
    while True:
        # A piece is work up to a checkpoint, and the checkpoint; none follows the last piece.
        pieces = max(math.ceil(left / every) - 1, 0)
        whole = left + pieces * cost
        life = rng.exponential(1 / cluster.failures) if cluster.failures > 0 else math.inf
        if life >= whole:
            return took + whole, died
        took, died = took + life + cluster.restart, died + 1
        if math.isfinite(every):
            left -= every * (life // (every + cost))


def bounds(times: ArrayLike, workers: int) -> tuple[float, float]:
    """Between what list scheduling takes, whatever the order of the cells, (21.4).

    Graham (1969). ``times`` is ``(cells,)``.
    """
    t = np.asarray(times, float)
    share, longest = t.sum() / workers, t.max()
    return float(max(share, longest)), float(share + (1 - 1 / workers) * longest)


def overhead(every: float, cost: float, failures: float, restart: float = 0.0) -> float:
    """The share of time that checkpoints and failures cost, to first order, (21.5).

    Parameters
    ----------
    every, cost, failures, restart
        As of a :class:`Cluster`.
    """
    return cost / every + failures * (every / 2 + restart)


def best_interval(cost: float, failures: float) -> float:
    """The time between checkpoints at which (21.5) is least, (21.6).

    Young (1974). ``cost`` is in seconds, ``failures`` a second.
    """
    return math.sqrt(2 * cost / failures)


def most_workers(times: ArrayLike, dispatch: float) -> float:
    """Beyond how many workers a head that hands out one cell at a time leaves some idle, (21.7).

    ``times`` is ``(cells,)``, ``dispatch`` the head's seconds for a cell.
    """
    return float(np.mean(np.asarray(times, float)) / dispatch)


def draw_times(measured: ArrayLike, cells: int, seed: int = 0) -> NDArray[np.float64]:
    """Return so many run times, ``(cells,)``, drawn with replacement from ``measured`` ones."""
    return np.random.default_rng(seed).choice(np.asarray(measured, float), cells)
