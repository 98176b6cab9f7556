"""The search for step sizes of chapter 11's rows: what came out for each row and factor.

It ran on seeds 100 to 107; ``tools/search_units.py`` repeats it.
"""

from __future__ import annotations

import csv
import dataclasses

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.results.recorded import DATA

Array = NDArray[np.float64]
FILE = DATA / "searches" / "units.csv"


@dataclasses.dataclass(frozen=True)
class Found:
    """What one row of the search came to.

    Attributes
    ----------
    factors : array, shape (factors,)
        Of both of the pendulum recipe's step sizes.
    final : array, shape (factors, 8)
        Each agent's final return on 30 starts, without noise.
    """

    factors: Array
    final: Array


def search(row: str, units: str = "plain") -> Found:
    """One row of the search, such as "running", in "plain" or "other" units.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    with FILE.open(newline="", encoding="utf-8") as file:
        lines = [x for x in csv.reader(file) if x[:2] == [row, units]]
    if not lines:
        raise ValueError(f"the search has no row {row!r} in {units!r} units")
    numbers = np.array([[float(x) for x in line[2:]] for line in lines])
    return Found(numbers[:, 0], numbers[:, 1:])
