"""Recorded sweeps that ship with the library: the curves of many arms, without their networks."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.config import Config
from ddpg_lib.errors import did_you_mean
from ddpg_lib.results.recorded import DATA
from ddpg_lib.runs.tables import read_table

Array = NDArray[np.float64]
FOLDER = DATA / "sweeps"


@dataclasses.dataclass(frozen=True)
class Arm:
    """One arm of a recorded sweep, which :func:`~ddpg_lib.figures.curves.learning_curves` draws.

    Attributes
    ----------
    config : Config
        Its hyperparameters.
    steps : array of int, shape (evaluations,)
        Environment steps of each agent at each evaluation, from 0.
    curves : array, shape (n, evaluations)
        Mean evaluation return of each agent, without noise.
    final : array, shape (n,)
        Mean return of each final policy, on 100 starts unless the sweep says otherwise.
    inside : dict of array, shape (n, evaluations)
        The last update's ``critic_loss`` and ``q`` before each evaluation, NaN before the first,
        and the quantities of :func:`ddpg_lib.results.inside.look_inside`.
    """

    config: Config
    steps: NDArray[np.int64]
    curves: Array
    final: Array
    inside: dict[str, Array]


@dataclasses.dataclass(frozen=True)
class RecordedSweep:
    """A recorded sweep.

    Attributes
    ----------
    manifest : dict
        Command, commit, versions, seeds, hardware, wall times and checksums.
    seeds : list of int
        One an agent, the same in all arms.
    arms : dict of Arm
        By name.
    """

    manifest: dict[str, Any]
    seeds: list[int]
    arms: dict[str, Arm]

    @classmethod
    def read(cls, folder: Path) -> RecordedSweep:
        """Read what :func:`ddpg_lib.results.reproduce.reproduce` left in ``record``."""
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        seeds, arms = list(manifest["seeds"]), {}
        for name, facts in manifest["arms"].items():
            steps, inside = read_table(folder / f"{name}.csv.gz", seeds)
            curves = inside.pop("return")
            final = np.array(facts["final return of each agent"])
            arms[name] = Arm(Config(**facts["config"]), steps, curves, final, inside)
        return cls(manifest, seeds, arms)


def sweeps() -> list[str]:
    """The recorded sweeps that are there, for :func:`sweep`."""
    return sorted(path.parent.name for path in FOLDER.glob("*/manifest.json"))


@functools.cache
def sweep(name: str) -> RecordedSweep:
    """A recorded sweep by name, one of :func:`sweeps`.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if name not in sweeps():
        hint = did_you_mean(name, sweeps())
        raise ValueError(f"there is no recorded sweep {name!r}, only {', '.join(sweeps())}{hint}")
    return RecordedSweep.read(FOLDER / name)
