"""What came out of a sweep, as one table: a row a cell, finished or not."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.errors import did_you_mean
from ddpg_lib.figures.tables import Table
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.results.reproduce import write_manifest
from ddpg_lib.runs.saving import replacing
from ddpg_lib.runs.tables import csv_text
from ddpg_lib.sweep.running import Row
from ddpg_lib.sweep.study import Cell, Study, read_study

SHIPPED = Path(str(resources.files("ddpg_lib"))) / "data" / "studies"
FIRST = ("cell", "environment")
LAST = ("seeds", "status", "returns", "iqm", "low", "high", "seconds", "worker", "error")
SHOWN = 20  # rows of an environment that are printed


@dataclasses.dataclass(frozen=True)
class Results:
    """The table of a sweep, with the cells in their order.

    Attributes
    ----------
    names : tuple of str
        The hyperparameters that vary.
    cells : list of Cell
    rows : list of Row
        What became of each.
    manifest : dict
        How a table that ships came about; empty without one.
    """

    names: tuple[str, ...]
    cells: list[Cell]
    rows: list[Row]
    manifest: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, study: Study, rows: Sequence[Row]) -> Results:
        """The results of a study's cells, whose ``rows`` are as from ``sweep``."""
        return cls(tuple(study.names), study.cells(), list(rows))

    def finished(self, env: str) -> Results:
        """The finished cells of one environment."""
        both = zip(self.cells, self.rows, strict=True)
        kept = [(c, r) for c, r in both if c.env == env and r.status == "finished"]
        return dataclasses.replace(self, cells=[c for c, _ in kept], rows=[r for _, r in kept])

    @property
    def environments(self) -> list[str]:
        """In the order of the cells."""
        return list(dict.fromkeys(cell.env for cell in self.cells))

    @property
    def returns(self) -> NDArray[np.float64]:
        """Each agent's last return, of cells that are finished: ``(cells, agents)``."""
        return np.array([row.returns for row in self.rows])

    def column(self, name: str) -> NDArray[Any]:
        """A hyperparameter in each cell, ``(cells,)``; as text where it is no number."""
        values = [cell.varied[name] for cell in self.cells]
        numeric = all(isinstance(x, int | float) and not isinstance(x, bool) for x in values)
        return np.array(values if numeric else list(map(str, values)))

    def csv(self) -> str:
        """All rows as the text of a CSV file; the returns to the last bit."""
        return csv_text(self._lines())

    def _lines(self) -> Iterator[list[Any]]:
        yield [*FIRST, *self.names, *LAST]
        for cell, row in zip(self.cells, self.rows, strict=True):
            values = [json.dumps(cell.varied[name]) for name in self.names]
            seeds, returns = (" ".join(map(repr, x)) for x in (cell.seeds, row.returns))
            yield [row.name, cell.env, *values, seeds, row.status, returns, *_summary(row),
                   row.seconds or "", row.worker, row.error]  # fmt: skip

    def __str__(self) -> str:
        """The best cells of each environment, and those that did not finish."""
        return "\n\n".join(map(self._of, self.environments))

    def _of(self, env: str) -> str:
        found = self.finished(env)
        order = sorted(range(len(found.rows)), key=lambda k: -float(iqm(found.returns[k])))
        lines = {}
        for k in order[:SHOWN]:
            values = [found.cells[k].varied[name] for name in self.names]
            mean, low, high = (x or None for x in _summary(found.rows[k]))
            numbers = [None if x is None else f"{float(x):.1f}" for x in (mean, low, high)]
            lines[found.rows[k].name] = [*map(_short, values), *numbers]
        heads = dict.fromkeys([*self.names, "return", "from", "to"], "")
        text = [env, str(Table(lines, heads, "cell"))] if lines else [env]
        if len(order) > SHOWN:
            text.append(f"and {len(order) - SHOWN} more")
        for cell, row in zip(self.cells, self.rows, strict=True):
            if cell.env == env and row.status != "finished":
                text.append(f"{row.name}  {row.status}: {row.error}")
        return "\n".join(text)

    def summary(self) -> str:
        """How many cells ended how, and what they took."""
        status = [row.status for row in self.rows]
        kinds = dict.fromkeys(("finished", *status))
        counts = [f"{status.count(kind)} {kind}" for kind in kinds]
        hours = sum(row.seconds for row in self.rows) / 3600
        return f"{len(status)} cells: {', '.join(counts)}; {hours:.2f} hours of work"


def _summary(row: Row) -> list[str]:
    """Interquartile mean of a cell's agents and its 95% interval, as text, or blanks."""
    if not row.returns:
        return ["", "", ""]
    values = np.array(row.returns)
    ends = bootstrap_interval(values) if len(values) > 1 else ()
    numbers = [repr(round(float(x), 6)) for x in (iqm(values), *ends)]
    return [*numbers, "", ""][:3]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_results(results: Results, study: Study, folder: Path, command: str) -> None:
    """Write ``results.csv``; when all cells are finished, also ``record``, which can ship.

    In ``record`` lie the table, the sweep file, and a manifest of command, commit, versions,
    hardware and time.

    Raises
    ------
    CheckpointError
        If the folder cannot be written to.
    """
    text = results.csv()
    with replacing(folder / "results.csv") as temporary:
        temporary.write_text(text, encoding="utf-8")
    if not study.source or any(row.status != "finished" for row in results.rows):
        return
    record = folder / "record"
    record.mkdir(exist_ok=True)
    for name, content in {"results.csv": text, "study.toml": study.source}.items():
        with replacing(record / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    files = [path.stat().st_size for path in (folder / "cells").rglob("*") if path.is_file()]
    facts = {
        "cells": len(results.rows),
        "agents": sum(len(cell.seeds) for cell in results.cells),
        "seeds": sorted({seed for cell in results.cells for seed in cell.seeds}),
        "wall time of all cells in seconds": round(sum(row.seconds for row in results.rows), 1),
        "files of all cells": len(files),
        "bytes of all cells": sum(files),
    }
    write_manifest(record, command, facts)


def read_results(folder: Path) -> Results:
    """Read what lies in a sweep's ``record``.

    Raises
    ------
    ValueError
        If the table is not that of the sweep file.
    """
    study = read_study(folder / "study.toml")
    cells = study.cells()
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    if [line["cell"] for line in lines] != [cell.name for cell in cells]:
        raise ValueError(f"{folder / 'results.csv'} is not the table of study.toml beside it")
    rows = [
        Row(
            line["cell"],
            line["status"],
            tuple(map(float, line["returns"].split())),
            float(line["seconds"] or 0),
            line["worker"],
            line["error"],
        )
        for line in lines
    ]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Results(tuple(study.names), cells, rows, manifest)


def recorded_studies() -> list[str]:
    """The studies that ship with the library, for :func:`recorded_study`."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/manifest.json"))


def recorded_study(name: str) -> Results:
    """A study that ships with the library, one of :func:`recorded_studies`.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if name not in recorded_studies():
        known = recorded_studies()
        hint = did_you_mean(name, known)
        raise ValueError(f"there is no recorded study {name!r}, only {', '.join(known)}{hint}")
    return read_results(SHIPPED / name)
