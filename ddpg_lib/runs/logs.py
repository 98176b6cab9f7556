"""Learning curves from tables that other programs wrote, with every mistake said in a sentence.

It imports nothing that takes long, so that a wrong table is refused at once.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NEEDED = ("step", "return")
NAMES = {"critic_loss": "loss", "action": "actions", "reward": "return", "episode_reward": "return"}
"""Other names of columns that are understood."""
SHAPE = (
    "a table is a CSV file with a column step, a column return, and a column seed if there are "
    "several agents"
)


def read_log(path: Path, optional: Sequence[str] = ()) -> dict[str, dict[str, Array]]:
    """Columns of each agent in a CSV file, by ``"seed 3"``, or ``"the run"`` without seeds.

    They are ``step``, ``return`` and those of the ``optional`` ones that are there, each
    ``(rows,)``; where an optional one is blank it is NaN. Other columns do not matter;
    ``curves.csv`` of a run folder is such a file.

    Raises
    ------
    ValueError
        For a file that cannot be read or breaks off, lacks a column, or holds what is no finite
        number, fewer than two rows of an agent, or steps that do not grow. It names the line.
    """
    lines = _lines(path)
    header = [NAMES.get(name.strip().lower(), name.strip().lower()) for name in lines[0]]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]}, only {', '.join(header)}: {SHAPE}")
    kept = [*NEEDED, *(name for name in optional if name in header)]
    found: dict[str, list[list[float]]] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise ValueError(
                f"line {number} of {path} has {len(cells)} values for {len(header)} columns: "
                "remove the line if the program was stopped while it wrote"
            )
        row = dict(zip(header, cells, strict=True))
        values = [_number(row[name], name, f"line {number} of {path}") for name in kept]
        name = f"seed {row['seed'].strip()}" if "seed" in row else "the run"
        rows = found.setdefault(name, [])
        if rows and values[0] <= rows[-1][0]:
            raise ValueError(
                f"line {number} of {path} goes back from step {rows[-1][0]:g} to {values[0]:g}: "
                "sort the rows, and tell several agents apart by a column seed"
            )
        rows.append(values)
    for name, rows in found.items():
        if len(rows) < 2:
            raise ValueError(f"{path} has one row for {name}: a curve needs two or more")
    if not found:
        raise ValueError(f"{path} has no rows below its header")
    return {name: dict(zip(kept, np.array(x).T, strict=True)) for name, x in found.items()}


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"there is no file or folder {path}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: {SHAPE}") from None
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    if not text.strip():
        raise ValueError(f"{path} is empty: {SHAPE}")
    try:
        return list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise ValueError(f"{path} is no CSV file ({error}): {SHAPE}") from None


def _number(text: str, column: str, where: str) -> float:
    if column not in NEEDED and text.strip().lower() in ("", "nan"):
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{where}: {text!r} in the column {column} is no number") from None
    if not math.isfinite(value):
        raise ValueError(
            f"{where}: {column} is {text.strip()}: find out why that run diverged, or compare the "
            "rows before it"
        )
    return value
