"""A reader's own logs: a table with the steps and whatever else was written down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.history import History
from ddpg_lib.maths.stats import iqm
from ddpg_lib.runs.logs import read_log

Array = NDArray[np.float64]

COLUMNS = ("step", "return", "loss", "q", "actions")
"""Of a log: the first two are needed. ``actions`` is the largest size of an action, or a mean of
sizes, over its bound; a further column ``seed`` tells agents apart."""
FEWEST = 4  # rows of an agent from which a curve can be told
LONG = 10  # rows from which it can be told that a return has not risen
FLAT = 1.5  # usual steps from row to row; healthy agents rise by three or more

CURVE_SIGNS: dict[str, str] = {
    "gain": "last return less the first, over the spread of all returns",
    "rise": "best mean of a quarter of the rows, less the first quarter's, over a usual step",
    "fall": "how much of what was once gained is lost at the end",
    "left behind": "share of agents that end far below the others' median",
    "q drift": "change of q over the second half, over its largest size",
    "q rise": "largest q over the size of the returns",
    "q above": "1 if q ends above 0 while every return is negative",
    "loss": "last loss over the square of q's largest size",
    "held": "share of the log's second half with actions within 1% of the largest one",
    "largest": "the largest action logged, over its bound",
    "agents": "how many there are",
}
"""What each quantity of :func:`signs` is."""


def log_of(path: Path) -> dict[str, Array]:
    """Read a CSV file as columns of shape ``(agents, rows)``, ``step`` among them.

    Raises
    ------
    ValueError
        As :func:`ddpg_lib.runs.logs.read_log`, and for too few rows to tell anything, or not
        equally many of each agent.
    """
    agents = list(read_log(path, COLUMNS[2:]).values())
    rows = [len(agent["step"]) for agent in agents]
    if len(set(rows)) > 1:
        raise ValueError(
            f"{path} has not equally many rows of each seed: cut it off where the shortest ends"
        )
    if rows[0] < FEWEST:
        raise ValueError(
            f"{path} has {rows[0]} rows of each agent, and a curve needs at least {FEWEST}: log "
            "more often, or train longer"
        )
    return {name: np.stack([agent[name] for agent in agents]) for name in agents[0]}


def of_history(history: History) -> dict[str, Array]:
    """The columns of a run's own curves, as from :func:`log_of`."""
    steps = np.tile(np.array(history.steps, float), (len(history.curves), 1))
    metrics = {name: np.stack(values, axis=1) for name, values in history.metrics.items()}
    log = {"step": steps, "return": history.curves}
    for name, own in (("loss", "critic_loss"), ("q", "q")):
        if own in metrics:
            log[name] = metrics[own]
    return log


def signs(log: Mapping[str, ArrayLike]) -> dict[str, float]:
    """The quantities of ``CURVE_SIGNS``, by name, of a ``log``: ``(agents, rows)`` by column.

    They are NaN where a column is missing.
    """
    table = {name: np.asarray(values, float) for name, values in log.items()}
    returns = table["return"]
    spread = max(float(returns.max() - returns.min()), 1e-12)
    middle = np.array([iqm(column) for column in returns.T])
    best, last, first = middle.max(), middle[-2:].mean(), middle[0]
    ends = returns[:, -1]
    found = dict.fromkeys(CURVE_SIGNS, math.nan)
    found["gain"] = float((last - first) / spread)
    gained = best - first
    found["left behind"] = float((ends < np.median(ends) - 0.3 * spread).mean())
    found["agents"] = float(len(returns))
    if len(middle) >= LONG:
        quarter = len(middle) // 4
        means = np.convolve(middle, np.full(quarter, 1 / quarter), "valid")
        usual = max(float(np.abs(np.diff(middle)).mean()), 1e-12)  # from row to row
        found["rise"] = float((means[quarter:].max() - means[0]) / usual)
    lost = gained > 0.2 * spread and not found["rise"] < FLAT  # what noise gains is nothing
    found["fall"] = float((best - last) / gained) if lost else 0.0
    if (q := _known(table.get("q"))) is not None:
        size = max(float(np.abs(q).max()), 1e-12)
        found["q drift"] = float(abs(q[-1] - q[len(q) // 2]) / size)
        found["q rise"] = size / max(float(np.abs(returns).max()), 1e-12)
        found["q above"] = float(returns.max() < 0 and q[-1] > 0.02 * np.abs(returns).max())
        if (loss := _known(table.get("loss"))) is not None:
            found["loss"] = float(loss[-1] / size**2)
    if (actions := table.get("actions")) is not None:
        largest = np.nanmax(np.abs(actions))
        late = np.abs(actions[:, actions.shape[1] // 2 :])
        found["held"] = float(np.nanmean(late > 0.99 * largest))
        found["largest"] = float(largest)
    return found


def _known(values: Array | None) -> Array | None:
    """The median over agents from where all are known, if that is long enough to tell."""
    if values is None:
        return None
    kept = values[:, ~np.isnan(values).any(axis=0)]
    return np.median(kept, axis=0) if kept.shape[1] >= FEWEST - 1 else None
