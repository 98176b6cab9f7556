"""The search for a recipe that drives.

It ran on seeds 100 and 101, in episodes that end where a car is lost, with 24,000 or 30,000 actions
planned. What went badly was broken off. ``ddpg train`` repeats each arm, here the last one::

    ddpg train ddpg_lib.worlds.driving:OnePedalUntilLost-v0 --recipe car_racing_pixels \
        --seeds 100-101 --steps 24000 --buffer-size 24000 --eval-every 4000
"""

from __future__ import annotations

import csv

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.results.recorded import DATA

FILE = DATA / "searches" / "car_racing.csv"
SETTINGS = 4  # columns that name an arm


def search() -> dict[tuple[str, ...], tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Actions ``(evaluations,)`` and the agents' mean returns ``(2, evaluations)`` of each arm.

    Arms are named by noise and its scale, discount, steps an action lasts, and steps of a target.
    An evaluation is five episodes without noise.
    """
    found: dict[tuple[str, ...], list[list[float]]] = {}
    with FILE.open(newline="", encoding="utf-8") as file:
        for row in list(csv.reader(file))[1:]:
            arm = found.setdefault(tuple(row[:SETTINGS]), [])
            arm.append([float(x) for x in row[SETTINGS:]])
    return {
        arm: (np.array(rows)[:, 0].astype(int), np.array(rows)[:, 1:].T)
        for arm, rows in found.items()
    }
