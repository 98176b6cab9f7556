"""A reader's own logs: a table with the steps and whatever else was written down."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.history import History
from ddpg_lib.maths.stats import iqm

Array = NDArray[np.float64]

COLUMNS = ("step", "return", "loss", "q", "actions")
"""Of a log: the first two are needed. ``actions`` is the largest size of an action, or a mean of
sizes, over its bound; a further column ``seed`` tells agents apart."""
NAMES = {"critic_loss": "loss", "action": "actions", "reward": "return", "episode_reward": "return"}
"""Other names of columns that are understood."""
FEWEST = 4  # rows of an agent from which a curve can be told

CURVE_SIGNS: dict[str, str] = {
    "gain": "last return less the first, over the spread of all returns",
    "fall": "how much of what was once gained is lost at the end",
    "left behind": "share of agents that end far below the others' median",
    "q drift": "change of q over the second half, over its largest size",
    "q rise": "largest q over the size of the returns",
    "q above": "1 if q ends above 0 while every return is negative",
    "loss": "last loss over the square of q's largest size",
    "held": "share of the log with actions within 1% of the largest one",
    "agents": "how many there are",
}
"""What each quantity of :func:`signs` is."""


def read_log(path: Path) -> dict[str, Array]:
    """Read a log as columns of shape ``(agents, rows)``, ``step`` among them.

    Raises
    ------
    ValueError
        If it cannot be read, lacks a column, holds what is no number or not finite, or too few
        rows to tell anything; says which.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from None
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if not rows:
        raise ValueError(f"{path} is empty: it needs a header such as {','.join(COLUMNS)}")
    header = [NAMES.get(name.strip().lower(), name.strip().lower()) for name in rows[0]]
    missing = [name for name in COLUMNS[:2] if name not in header]
    if missing:
        raise ValueError(
            f"{path} has no column {' and none '.join(missing)}, only {', '.join(header)}: rename "
            f"its columns to {', '.join(COLUMNS)}, of which the first two are needed"
        )
    if len(rows) - 1 < FEWEST:
        raise ValueError(
            f"{path} has {len(rows) - 1} row{'s' * (len(rows) != 2)}, and a curve needs at least "
            f"{FEWEST}: log more often, or train longer"
        )
    kept = [name for name in ("seed", *COLUMNS) if name in header]
    columns: dict[str, list[float]] = {name: [] for name in kept}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {number}, has {len(row)} fields for {len(header)} columns: it was "
                "cut off, or a number holds a comma"
            )
        for name in kept:
            columns[name].append(_number(row[header.index(name)], name, path, number))
    return _by_agent(columns, path)


def _number(text: str, name: str, path: Path, line: int) -> float:
    """A finite number; of the optional columns the beginning may be blank."""
    if name not in ("step", "return", "seed") and text.strip().lower() in ("", "nan"):
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"{path}, line {line}: {name} is {text.strip() or 'blank'!r}, not a finite number; "
            "leave the row out, or look there first: a run that computes such numbers is broken"
        )
    return value


def _by_agent(columns: Mapping[str, list[float]], path: Path) -> dict[str, Array]:
    table = {name: np.array(values) for name, values in columns.items()}
    seeds = table.pop("seed", np.zeros(len(table["step"])))
    parts = [np.flatnonzero(seeds == seed) for seed in np.unique(seeds)]
    if len({len(part) for part in parts}) > 1:
        raise ValueError(
            f"{path} has not equally many rows of each seed: cut it off where the shortest ends"
        )
    if len(parts[0]) < FEWEST:
        raise ValueError(
            f"{path} has {len(parts[0])} rows of each seed, and a curve needs at least {FEWEST}"
        )
    return {
        name: np.stack([values[part[np.argsort(table["step"][part])]] for part in parts])
        for name, values in table.items()
    }


def of_history(history: History) -> dict[str, Array]:
    """The columns of a run's own curves, as from :func:`read_log`."""
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
    found["fall"] = float((best - last) / gained) if gained > 0.2 * spread else 0.0
    found["left behind"] = float((ends < np.median(ends) - 0.3 * spread).mean())
    found["agents"] = float(len(returns))
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
    return found


def _known(values: Array | None) -> Array | None:
    """The median over agents from where all are known, if that is long enough to tell."""
    if values is None:
        return None
    kept = values[:, ~np.isnan(values).any(axis=0)]
    return np.median(kept, axis=0) if kept.shape[1] >= FEWEST - 1 else None
