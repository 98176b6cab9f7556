"""The curves of a run as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.history import History
from ddpg_lib.maths.stats import iqm
from ddpg_lib.runs.quantities import quantities


def curves_csv(history: History, seeds: Sequence[int]) -> str:
    """One row an evaluation and agent: its mean return, and the last update's metrics."""
    metrics = {name: np.stack(x, axis=1) for name, x in history.metrics.items()}
    table = {"return": history.curves, **metrics}
    return csv_text(agent_rows(seeds, history.steps, table, lambda x: repr(float(x))))


def episodes_csv(history: History, seeds: Sequence[int]) -> str:
    """One row a training episode: the step at which it ended, and its return with noise."""
    rows = [["step", "seed", "return"]]
    for seed, episodes in zip(seeds, history.episodes, strict=True):
        rows += [[str(step), str(seed), repr(value)] for step, value in episodes]
    return csv_text(rows)


def agent_rows(
    seeds: Sequence[int],
    steps: Sequence[int],
    table: Mapping[str, Any],
    text: Callable[[Any], str],
) -> Iterator[list[Any]]:
    """A header ``step, seed, ...``, then one row a step and agent.

    ``steps`` may be numbers of episodes. ``table`` holds the columns by name, ``(n,
    len(steps))``; ``text`` says how a number is written.
    """
    yield ["step", "seed", *table]
    for e, step in enumerate(steps):
        for i, seed in enumerate(seeds):
            yield [step, seed, *(text(column[i][e]) for column in table.values())]


def write_table(
    path: Path, seeds: Sequence[int], steps: Sequence[int], table: Mapping[str, Any]
) -> None:
    """Write numbers of each agent, as for :func:`agent_rows`, to a ``.csv.gz`` file."""
    text = csv_text(agent_rows(seeds, steps, table, "{:.6g}".format))
    # No time and no name inside, so that equal numbers make equal files.
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def read_table(
    path: Path, seeds: Sequence[int]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Read what :func:`write_table` wrote: the steps, ``(m,)``, and each column, ``(n, m)``."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    numbers = np.array(rows, float).reshape(-1, len(seeds), len(header))
    steps = numbers[:, 0, 0].astype(int)
    return steps, {name: numbers[:, :, k].T for k, name in enumerate(header) if k > 1}


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


class Board:
    """The curves as TensorBoard events, where the extra ``tensorboard`` is installed.

    Beside returns and metrics stand the :func:`~ddpg_lib.runs.quantities.quantities` of the
    inside, as ``critic lag/seed 3``. Events of steps later than ``after``, from a run that broke
    off, are hidden.
    """

    def __init__(self, folder: Path, seeds: Sequence[int], after: int) -> None:
        self.seeds = seeds
        self.writer: Any = None
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(folder), purge_step=after + 1)

    def add(self, history: History, agent: object = None) -> None:
        """Write the last evaluation, and what is measured in the ``agent``, where it is given."""
        if self.writer is None:
            return
        step, means = history.steps[-1], history.returns[-1].mean(-1)
        self.writer.add_scalar("return/interquartile mean", float(iqm(means)), step)
        values = {"return": means, **{name: x[-1] for name, x in history.metrics.items()}}
        values |= quantities(agent)
        for name, numbers in values.items():
            for seed, number in zip(self.seeds, numbers.tolist(), strict=True):
                if np.isfinite(number):  # no metrics before the first update
                    self.writer.add_scalar(f"{name}/seed {seed}", number, step)
        self.writer.flush()

    def close(self) -> None:
        """Finish the event file."""
        if self.writer is not None:
            self.writer.close()
