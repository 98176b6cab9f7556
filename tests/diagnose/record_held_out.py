"""What ``ddpg diagnose`` says of the bugs that were held out, recorded and read.

``python -m tests.diagnose.record_held_out FOLDER`` trains four agents with each bug for 5,000 steps
and leaves a file for each in the folder; ``held_out.json`` gathers them. Done again, it goes on.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ddpg_lib import DDPG, train
from ddpg_lib.diagnose.diagnosing import diagnose
from ddpg_lib.diagnose.rules import RULES, Rule, holding
from ddpg_lib.results.experiments import SWEEPS
from ddpg_lib.results.reproduce import commit
from ddpg_lib.runs.plan import versions
from tests.diagnose.held_out import HELD_OUT

RECORD = Path(__file__).with_name("held_out.json")
RIGHT = "right"  # the name of a stack without a bug
SEEDS = (300, 301, 302, 303)
PLAN: dict[str, Any] = SWEEPS["museum"].changes


def look(name: str) -> dict[str, Any]:
    """Train four agents with a bug, or ``RIGHT`` ones, and diagnose the live stack.

    ``returns`` is each agent's mean in the last evaluation; a quantity that is NaN is null.
    """
    agent = DDPG if name == RIGHT else HELD_OUT[name].agent
    run = train("Pendulum-v1", "pendulum", SEEDS, agent=agent, progress=False, **PLAN)
    found = diagnose(run.agent, "Pendulum-v1")
    return {
        "findings": found.names,
        "returns": [round(x, 1) for x in np.asarray(run.returns)[:, -1].mean(-1).tolist()],
        "quantities": {
            quantity: None if math.isnan(x) else float(f"{x:.6g}")
            for quantity, x in found.quantities.items()
        },
    }


def record(folder: Path) -> None:
    """Look at the right program and at every bug, and gather what was found."""
    folder.mkdir(parents=True, exist_ok=True)
    bugs = dict[str, Any]()
    for name in (RIGHT, *HELD_OUT):
        file = folder / f"{name}.json"
        if not file.exists():
            file.write_text(json.dumps(look(name)), encoding="utf-8")
        bugs[name] = json.loads(file.read_text(encoding="utf-8"))
    about = {
        "command": "python -m tests.diagnose.record_held_out FOLDER",
        "commit": commit(),
        "seeds": list(SEEDS),
        "changes": PLAN,
        "versions": versions(),
        "bugs": bugs,
    }
    text = json.dumps(about, indent=1) + "\n"
    (folder / RECORD.name).write_text(text, encoding="utf-8")


def recorded() -> dict[str, dict[str, Any]]:
    """What was recorded of the right program and of each bug, NaN where a quantity is null."""
    bugs = json.loads(RECORD.read_text(encoding="utf-8"))["bugs"]
    for of in bugs.values():
        of["quantities"] = {k: math.nan if x is None else x for k, x in of["quantities"].items()}
    return bugs


def said(name: str) -> list[Rule]:
    """The rules, as they are now, that hold for the recorded quantities, the most trusted first."""
    found = recorded()[name]["quantities"]
    return holding(RULES, found)


def verdict(name: str) -> str:
    """``name`` if the first finding about a bug names it, ``part`` if it is of the right family.

    Otherwise ``wrong``, or ``nothing``. What is right was written down in ``HELD_OUT``.
    """
    found, bug = said(name), HELD_OUT[name]
    if not found:
        return "nothing"
    if found[0].name in bug.names:
        return "name"
    return "part" if found[0].family in bug.families else "wrong"


if __name__ == "__main__":
    record(Path(sys.argv[1]))
