"""What ``make bench`` measured on the machine that made the book."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

from ddpg_lib.results.recorded import DATA

FOLDER = DATA / "speed"
Row = dict[str, Any]


def measured(name: str) -> list[Row]:
    """The rows of a table, numbers as numbers: of FOLDER, by name."""
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
    """The machine, its software and the commit."""
    result: dict[str, Any] = json.loads((FOLDER / "machine.json").read_text())
    return result


def ladder(width: int) -> dict[str, Row]:
    """The rungs by name, and the products alone, for networks of two layers of this width."""
    return {row["rung"]: row for row in measured("ladder") if row["width"] == width}


def ratios(task: tuple[str, int, int]) -> dict[tuple[str, int], float]:
    """Milliseconds a step of one agent, by contender and agents, on (environment, width, batch)."""
    keys = ("env", "width", "batch")
    rows = [row for row in measured("speed") if tuple(row[key] for key in keys) == task]
    found: dict[tuple[str, int], float] = {}
    for row in rows:
        found.setdefault((row["contender"], row["agents"]), row["ms"])
    return found
