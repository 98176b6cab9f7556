"""Recorded runs that anyone can repeat, with a manifest of how each came about."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from ddpg_lib.checkpoint import CheckpointError, replacing
from ddpg_lib.plan import versions
from ddpg_lib.records import Run
from ddpg_lib.runfolder import plan_of, quoted, read
from ddpg_lib.stats import bootstrap_interval, iqm
from ddpg_lib.training import resume, train


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A run by name.

    Attributes
    ----------
    env : str
        A Gymnasium id.
    recipe : str
        The hyperparameters' name.
    seeds : tuple of int
        One an agent.
    changes : dict
        Hyperparameters that differ from the recipe's, such as ``steps``.
    """

    env: str
    recipe: str
    seeds: tuple[int, ...]
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)


RECORDED = {"pendulum": Recorded("Pendulum-v1", "pendulum", tuple(range(8)))}


def reproduce(name: str, folder: Path, progress: bool = True) -> Run:
    """Train a recorded run, or go on with it, and write ``manifest.json`` beside its results.

    Parameters
    ----------
    name : str
        A key of ``RECORDED``.
    folder : Path
        The run folder.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        For an unknown name.
    CheckpointError
        As :func:`ddpg_lib.train`, and if the folder holds something else.
    """
    if name not in RECORDED:
        near = difflib.get_close_matches(name, RECORDED, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no recorded run {name!r}, only {', '.join(RECORDED)}{hint}")
    asked = RECORDED[name]
    if (folder / "config.json").exists():
        plan = plan_of(folder, *read(folder))
        if (plan.env, plan.seeds) != (asked.env, asked.seeds):
            raise CheckpointError(f"{folder} holds another run: choose another folder")
        run = resume(folder, progress=progress)
    else:
        run = train(
            asked.env, asked.recipe, asked.seeds, folder=folder, progress=progress, **asked.changes
        )
    low, high = bootstrap_interval(run.curves[:, -1])
    files = ("curves.csv", "episodes.csv", "actors.safetensors")
    manifest = {
        "command": f"ddpg reproduce {name} --folder {quoted(folder)}",
        "commit": commit(),
        "env": run.env,
        "config": dataclasses.asdict(run.config),
        "seeds": run.seeds,
        "final return": {"iqm": float(iqm(run.curves[:, -1])), "95%": [float(low), float(high)]},
        "versions": versions(),
        "hardware": hardware(),
        "wall time in seconds": round(run.seconds, 1),
        "sha256": {f: hashlib.sha256((folder / f).read_bytes()).hexdigest() for f in files},
    }
    with replacing(folder / "manifest.json") as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return run


def commit() -> str | None:
    """The library's commit, with a plus sign if files differ from it; None outside of git.

    Returns
    -------
    str or None
    """
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    try:
        head, changed = (
            subprocess.run(
                ["git", "-C", str(root), *command], capture_output=True, text=True, check=True
            ).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "+" * bool(changed)


def hardware() -> dict[str, Any]:
    """Processor, cores, and GPU if there is one.

    Returns
    -------
    dict
    """
    import torch

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"processor": name, "cores": os.cpu_count(), "gpu": gpu}
