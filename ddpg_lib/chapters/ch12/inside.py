"""The vitals of every exhibit after a few hundred updates, recorded and read.

``python -m ddpg_lib.chapters.ch12.inside FOLDER`` records them again.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch12.catching import Agent
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS, PENDULUM
from ddpg_lib.ddpg import DDPG
from ddpg_lib.diagnose.rules import RULES, Rule, holding
from ddpg_lib.diagnose.vitals import VITALS, vitals
from ddpg_lib.results.experiments import SWEEPS
from ddpg_lib.results.recorded import DATA
from ddpg_lib.results.reproduce import commit
from ddpg_lib.runs.plan import versions
from ddpg_lib.runs.session import train

Array = NDArray[np.float64]

FOLDER = DATA / "vitals" / "museum"
RIGHT = "right"  # the name of a stack without a bug
SEEDS = (300, 301)
SHORT = {"steps": 1_250, "eval_every": 1_250, "eval_episodes": 1}  # 250 updates


def look(name: str) -> dict[str, Array]:
    """Train two agents with the bug of an exhibit, or ``RIGHT`` ones, and measure their vitals."""
    exhibit = EXHIBITS.get(name)
    agent: Agent = DDPG
    env, changes = PENDULUM, dict[str, Any]()
    if exhibit is not None:
        agent, env, changes = exhibit.agent, exhibit.env, dict(exhibit.changes)
    plan = {**SWEEPS["museum"].changes, **SHORT, **changes}
    run = train(env, "pendulum", SEEDS, agent=agent, progress=False, **plan)
    return vitals(run.agent, env)


def record(folder: Path) -> None:
    """Write the vitals of all exhibits to ``vitals.csv``, and how they came about beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vitals.csv"
    done = set(recorded(folder)) if path.exists() else set()
    with path.open("a", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n").writerow
        if not done:
            write(["exhibit", "seed", *VITALS])
        for name in (RIGHT, *EXHIBITS):
            if name in done:
                continue
            found = look(name)
            for i, seed in enumerate(SEEDS):
                write([name, seed, *(f"{values[i]:.4g}" for values in found.values())])
            file.flush()
    about = {
        "command": "python -m ddpg_lib.chapters.ch12.inside FOLDER",
        "commit": commit(),
        "seeds": list(SEEDS),
        "changes": {**SWEEPS["museum"].changes, **SHORT},
        "versions": versions(),
    }
    text = json.dumps(about, indent=2) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def recorded(folder: Path = FOLDER) -> dict[str, dict[str, Array]]:
    """The recorded vitals, ``{exhibit: {quantity: array (n,)}}``."""
    found: dict[str, dict[str, list[float]]] = {}
    with (folder / "vitals.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            of = found.setdefault(row["exhibit"], {name: [] for name in VITALS})
            for name in VITALS:
                of[name].append(float(row[name]))
    return {
        name: {quantity: np.array(values) for quantity, values in of.items()}
        for name, of in found.items()
    }


def diagnosed(name: str) -> list[Rule]:
    """What the rules of ``ddpg diagnose`` say of an exhibit's recorded vitals, trusted ones first.

    ``name`` is a key of :func:`recorded`.
    """
    found = {
        quantity: float(np.nanmedian(values)) if not np.isnan(values).all() else np.nan
        for quantity, values in recorded()[name].items()
    }
    found["updates"] = SHORT["steps"] - SWEEPS["museum"].changes["warmup_steps"]
    return holding(RULES, found)


def healthy_runs(name: str = "healthy_again") -> list[dict[str, str]]:
    """What the rules said of short runs of right programs, which ``tools/healthy_runs.py`` made.

    ``name`` is that of a list: "healthy", judged by earlier rules, or "healthy_again". Each run has
    the columns ``run``, ``env``, ``recipe``, ``changes``, ``seeds``, ``steps``, ``updates`` and
    ``findings``, the names of rules with spaces between them.
    """
    with (FOLDER.with_name(name) / "runs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def healthy_quantities() -> list[dict[str, float]]:
    """What findings about the list "healthy_again" rest on, ``{quantity: value}`` of each run."""
    with (FOLDER.with_name("healthy_again") / "quantities.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        rows = [{k: float(x) for k, x in row.items()} for row in csv.DictReader(file)]
    updates = [float(run["updates"]) for run in healthy_runs()]
    return [row | {"updates": n} for row, n in zip(rows, updates, strict=True)]


if __name__ == "__main__":
    record(Path(sys.argv[1]))
