"""What ``make bench`` measured on the machine that made the book."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

from ddpg_lib.results.recorded import DATA

FOLDER = DATA / "speed"
Line = dict[str, Any]


def measured(name: str) -> list[Line]:
    """The rows of a table by its name, ``[{column: value}, ...]``, numbers as numbers."""
    with gzip.open(FOLDER / f"{name}.csv.gz") as file:
        rows = csv.DictReader(io.TextIOWrapper(file, newline=""))
        return [{key: _number(value) for key, value in row.items()} for row in rows]


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def machine() -> dict[str, Any]:
    """What was measured with: ``{"commit", "processor", "cores", "threads", ...}``."""
    result: dict[str, Any] = json.loads((FOLDER / "machine.json").read_text())
    return result


def ladder(width: int) -> dict[str, Line]:
    """The rungs and the products alone at a width, ``{name: {"us", "min", "calls", ...}}``."""
    return {row["rung"]: row for row in measured("ladder") if row["width"] == width}


def ratios(task: tuple[str, int, int]) -> dict[tuple[str, int], float]:
    """Milliseconds a step of one agent, ``{(contender, agents): ms}``.

    The ``task`` is environment, width and minibatch.
    """
    keys = ("env", "width", "batch")
    rows = [row for row in measured("speed") if tuple(row[key] for key in keys) == task]
    found: dict[tuple[str, int], float] = {}
    for row in rows:
        found.setdefault((row["contender"], row["agents"]), row["ms"])
    return found
