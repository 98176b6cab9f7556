"""The cells of a sweep, wherever joblib runs them, and what becomes of each.

All state lies in the sweep's folder: a cell is a run folder below ``cells``, and what became of it
is ``result.json`` there. So whoever runs a cell again, after a crash or on another machine, goes on
where it stands, and nothing has to be remembered elsewhere.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
import json
import os
import shutil
import socket
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from ddpg_lib.envs.making import make
from ddpg_lib.envs.pixels import seen
from ddpg_lib.envs.stack import Spaces
from ddpg_lib.runs.folder import CHECKPOINT, locked
from ddpg_lib.runs.memory import row_bytes
from ddpg_lib.runs.saving import InUseError, replacing
from ddpg_lib.runs.session import resume, train
from ddpg_lib.sweep.study import Cell, Study, require_environments

ATTEMPTS = 3  # of a cell whose worker dies each time before its next checkpoint
SMALL = 2**16  # bytes of a cell's other files, about


@dataclasses.dataclass(frozen=True)
class Row:
    """What became of a cell: a row of the table.

    Attributes
    ----------
    name : str
        The cell's folder below ``cells``.
    status : str
        "finished", "failed", "unfinished", or "busy" where another process is at work on it.
    returns : tuple of float
        Each agent's mean return in the last evaluation.
    seconds : float
        Wall time of the training, of all its parts.
    worker : str
        Machine and process that finished it.
    error : str
        Why it failed.
    notes : tuple of str
        Warnings of the training.
    """

    name: str
    status: str
    returns: tuple[float, ...] = ()
    seconds: float = 0.0
    worker: str = ""
    error: str = ""
    notes: tuple[str, ...] = ()


def run_cell(
    cell: Cell, folder: Path, keep: bool, home: str = "", paths: Sequence[str] = ()
) -> Row:
    """Train a cell from wherever it stands, and write what became of it.

    What an environment, the algorithm or a full disk raises is a row. The same cell gives the same
    numbers to the bit on every machine with the same versions and processor: it takes one thread.

    Parameters
    ----------
    cell
        What to train.
    folder
        Its run folder; it may hold a part of the run, or all of it.
    keep
        Whether its checkpoint stays when it is finished.
    home
        :func:`worker_name` of the process that was asked for the sweep. Ctrl-C comes out there;
        a worker that is asked to stop saves the run and leaves the cell to others.
    paths
        For ``sys.path``, where modules of environments may lie.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C, at home; the run is saved.
    """
    sys.path += [path for path in paths if path not in sys.path]
    known = read_row(folder)
    if known and known.status == "finished":
        return known
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            row = _trained(cell, folder)
    except InUseError as error:
        return Row(folder.name, "busy", error=str(error))
    except KeyboardInterrupt:
        if home in ("", worker_name()):
            raise
        return Row(folder.name, "unfinished")
    except Exception as error:
        text = " ".join(str(error).split()) or "it failed without a message"
        row = Row(folder.name, "failed", error=f"{type(error).__name__}: {text}")
    finally:
        torch.set_num_threads(threads)
    notes = tuple(dict.fromkeys(str(x.message) for x in caught))
    row = dataclasses.replace(row, worker=worker_name(), notes=notes)
    # The disk may be full: the row is returned all the same.
    with contextlib.suppress(Exception):
        with replacing(folder / "result.json") as temporary:
            temporary.write_text(json.dumps(dataclasses.asdict(row)), encoding="utf-8")
        if row.status == "finished" and not keep:
            (folder / CHECKPOINT).unlink(missing_ok=True)
    return row


def _trained(cell: Cell, folder: Path) -> Row:
    folder.mkdir(parents=True, exist_ok=True)
    attempts = _attempts(folder) + 1
    if attempts > ATTEMPTS:
        raise RuntimeError(
            f"its worker died {ATTEMPTS} times before the next checkpoint, perhaps for want of "
            "memory: lower buffer_size, take fewer jobs, or lower eval_every"
        )
    note = {
        "checkpoint": _checkpoint_time(folder),
        "step": last_step(folder),
        "attempts": attempts,
        "worker": worker_name(),
    }
    (folder / "attempts.json").write_text(json.dumps(note), encoding="utf-8")
    if (folder / "config.json").exists() or (folder / CHECKPOINT).exists():
        run = resume(folder, progress=False)
    else:
        run = train(cell.env, cell.config, cell.seeds, folder=folder, progress=False)
    returns = tuple(run.curves[:, -1].tolist())
    return Row(folder.name, "finished", returns, round(run.seconds, 3))


def worker_name() -> str:
    """Machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def read_row(folder: Path) -> Row | None:
    """What became of a cell, or None if it has not ended or the file is damaged."""
    try:
        known = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        lists = {name: tuple(known[name]) for name in ("returns", "notes")}
        return Row(**{**known, **lists})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _attempts(folder: Path) -> int:
    """Attempts at the cell's present checkpoint so far."""
    try:
        known = json.loads((folder / "attempts.json").read_text(encoding="utf-8"))
        return int(known["attempts"]) if known["checkpoint"] == _checkpoint_time(folder) else 0
    except (OSError, ValueError, TypeError, KeyError):
        return 0


def _checkpoint_time(folder: Path) -> int:
    try:
        return (folder / CHECKPOINT).stat().st_mtime_ns
    except OSError:
        return 0


def sweep(study: Study, folder: str | Path, progress: bool = True) -> list[Row]:
    """Run what is left of a study's cells where joblib's present backend runs things.

    By default that is this process; with ``joblib.parallel_config("loky", n_jobs=8)`` around the
    call it is eight processes, and with :func:`ddpg_lib.sweep.backends.backend` a cluster. All
    workers must see the folder under the same path.

    A cell that is finished is not run again. One that failed is tried again from where it stands.
    If a worker dies, its cell goes on from its last checkpoint on another worker.

    Parameters
    ----------
    study
        What is asked for.
    folder
        The sweep's folder, new or with a part of the work done.
    progress
        Whether to show how far all cells are.

    Returns
    -------
    list of Row
        One a cell, in the order of the study's.

    Raises
    ------
    ValueError
        If an environment cannot be made, or the disk has too little room for what is left.
    CheckpointError
        If another process is at work on the folder, or it cannot be written to.
    KeyboardInterrupt
        At Ctrl-C. The same call goes on.
    """
    import joblib

    require_environments(study)
    cells, folder = study.cells(), Path(folder).absolute()
    places = [folder / "cells" / cell.name for cell in cells]
    try:
        (folder / "cells").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make {folder}: {error.strerror}") from None
    lock = locked(folder)
    rows = {place: row for place in places if (row := read_row(place)) is not None}
    rows = {place: row for place, row in rows.items() if row.status == "finished"}
    left = {place: cell for place, cell in zip(places, cells, strict=True) if place not in rows}
    jobs = joblib.effective_n_jobs(joblib.parallel.get_active_backend()[1] or 1)
    require_room(study, list(left.values()), folder, jobs)
    for place in left:
        (place / "attempts.json").unlink(missing_ok=True)
    try:
        with Watch(list(zip(places, cells, strict=True)), progress):
            for row in _rounds(left, study.keep_checkpoints):
                rows[folder / "cells" / row.name] = row
    finally:
        if lock:
            lock.close()
    return [rows[place] for place in places]


def _rounds(left: dict[Path, Cell], keep: bool) -> Iterator[Row]:
    """Hand cells to joblib until each has a row; again those whose worker was lost.

    A backend may give up all its work when it loses one worker. A cell that was lost twice at the
    same checkpoint is suspected of killing its worker, and runs alone.
    """
    from joblib import Parallel, delayed

    home, paths = worker_name(), tuple(sys.path)
    while left:
        suspects = [place for place in left if _attempts(place) >= ATTEMPTS - 1]
        batches = [[place for place in left if place not in suspects], *([x] for x in suspects)]
        before = {place: (_attempts(place), _checkpoint_time(place)) for place in left}
        ended, lost = 0, None
        for batch in filter(None, batches):
            work = [delayed(run_cell)(left[place], place, keep, home, paths) for place in batch]
            try:
                found = Parallel(batch_size=1)(work)
            except Exception as error:  # the backend's: a cell's own are rows
                lost = error
                found = [read_row(place) for place in batch]
            for place, row in zip(batch, found, strict=True):
                if row is not None and row.status != "unfinished":
                    del left[place]
                    ended += 1
                    yield row
        begun = {p: (_attempts(p), _checkpoint_time(p)) for p in left}
        if lost is not None and not ended and all(begun[p] == before[p] for p in left):
            raise lost  # not a worker's end: nothing runs there at all


def taken(study: Study, folder: Path) -> str:
    """What a study's cells take in all, and how many of them are finished in its folder."""
    cells = study.cells()
    rows = [read_row(folder / "cells" / cell.name) for cell in cells]
    over = [row for row in rows if row and row.status == "finished"]
    steps = sum(len(cell.seeds) * cell.config.steps for cell in cells)
    agents = sum(len(cell.seeds) for cell in cells)
    size = room(study, cells, 1) / 2**20
    return (
        f"{len(cells):,} cells, {agents:,} agents, {steps:,} agent-steps, about {size:,.0f} MiB; "
        f"{len(over):,} cells are finished"
    )


class Watch:
    """How far all cells are, read from their folders, so that it does not matter who runs them.

    ``cells`` are pairs of a run folder and its cell. Used in a ``with`` statement.
    """

    def __init__(
        self, cells: Sequence[tuple[Path, Cell]], shown: bool = True, every: float = 1.0
    ) -> None:
        self.cells, self.every = list(cells), every
        self._over, self._shown = threading.Event(), shown
        self._done: dict[Path, int] = {}
        self._failed = 0

    def __enter__(self) -> Watch:
        total = sum(len(cell.seeds) * cell.config.steps for _, cell in self.cells)
        self._bar: tqdm[Any] = tqdm(
            total=total,
            initial=self.steps(),
            disable=not self._shown,
            leave=False,
            ncols=90,
            unit_scale=True,
            bar_format="{bar}{n_fmt}/{total_fmt} agent-steps, {remaining} left{postfix}",
        )
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._bar.close()

    def steps(self) -> int:
        """Agent-steps of all cells so far, as their last evaluations say."""
        failed = 0
        for place, cell in self.cells:
            if self._done.get(place) == cell.config.steps:
                continue
            row = read_row(place)
            failed += row is not None and row.status == "failed"
            finished = row is not None and row.status == "finished"
            self._done[place] = cell.config.steps if finished else last_step(place)
        self._failed = failed
        return sum(len(cell.seeds) * self._done[place] for place, cell in self.cells)

    def _watch(self) -> None:
        while not self._over.wait(self.every):
            self._bar.n = self.steps()
            over = sum(self._done[place] == cell.config.steps for place, cell in self.cells)
            failed = f", {self._failed} failed" if self._failed else ""
            self._bar.set_postfix_str(f"{over} of {len(self.cells)} cells{failed}")


def last_step(folder: Path) -> int:
    """The step of a run's last evaluation, from its curves; 0 without any."""
    try:
        with (folder / "curves.csv").open(encoding="utf-8") as file:
            return int(list(csv.reader(file))[-1][0])
    except (OSError, ValueError, IndexError):
        return 0


def require_room(study: Study, cells: Sequence[Cell], folder: Path, jobs: int) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises
    ------
    ValueError
        With the bytes that are needed and free.
    """
    needed, free = room(study, cells, jobs), shutil.disk_usage(folder).free
    if needed > free:
        drop = "set keep_checkpoints = false, " if study.keep_checkpoints else ""
        raise ValueError(
            f"{folder} has {free / 2**20:,.0f} MiB left and the {len(cells):,} cells need about "
            f"{needed / 2**20:,.0f} MiB: {drop}lower buffer_size, or choose another disk"
        )


def room(study: Study, cells: Iterable[Cell], jobs: int) -> int:
    """Bytes that cells take on disk, about, with so many at work at once."""
    cells = list(cells)
    one = {cell.env: cell for cell in cells}
    spaces = {env: _spaces(cell) for env, cell in one.items()}
    sizes = sorted((checkpoint_bytes(cell, spaces[cell.env]) for cell in cells), reverse=True)
    # While a checkpoint is written the one before it is still there.
    under_way = 2 * sum(sizes[:jobs])
    kept = sum(sizes) if study.keep_checkpoints else 0
    return kept + under_way + SMALL * len(sizes)


def _spaces(cell: Cell) -> Spaces:
    wrapped, kwargs = seen(cell.env, cell.config)
    made = make(wrapped, **kwargs)
    try:
        return Spaces.of(made)
    finally:
        made.close()


def checkpoint_bytes(cell: Cell, spaces: Spaces) -> int:
    """Bytes of a cell's last checkpoint, about: replay, networks, targets, and Adam's moments."""
    config, agents = cell.config, len(cell.seeds)
    rows = min(config.buffer_size, config.steps) * row_bytes(config, agents, spaces)
    act = len(spaces.action_low)
    widths = [config.features if spaces.frames else spaces.obs_dim, *config.hidden]
    layers = sum((a + 1) * b for a, b in itertools.pairwise(widths))
    weights = 2 * layers + act * config.hidden[0] + (act + 1) * (config.hidden[-1] + 1)
    return rows + 4 * 4 * agents * weights
