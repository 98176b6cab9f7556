"""Experiment runs that anyone can repeat, with a manifest of how each came about."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.evaluation import evaluate
from ddpg_lib.maths.stats import bootstrap_interval, iqm
from ddpg_lib.recipes import recipe
from ddpg_lib.results.experiments import STARTS, Experiment, experiment
from ddpg_lib.results.inside import look_inside
from ddpg_lib.results.recorded import RecordedRun, join_weights, recorded, save_weights
from ddpg_lib.runs.folder import plan_of, read
from ddpg_lib.runs.plan import versions
from ddpg_lib.runs.run import Run
from ddpg_lib.runs.saving import CheckpointError, replacing
from ddpg_lib.runs.session import resume, train
from ddpg_lib.runs.tables import read_table, write_table

FINAL_SEED = 3_000_000  # other starts than those of training, of evaluations, of looks inside
OF_A_STACK = ("command", "commit", "versions", "hardware", "wall time in seconds")
AT_ONCE = 20  # episodes of each agent that are played side by side


class Witness:
    """What is noted of a recorded run while it trains, for its folder ``record``.

    What that holds of an earlier part of the run is kept.
    """

    def __init__(self, folder: Path, asked: Experiment) -> None:
        self.folder, self.asked = folder, asked
        self.config = recipe(asked.recipe, **asked.changes)
        self.path = folder / "inside.csv.gz"
        self.notes: dict[int, dict[str, Any]] = {}
        if self.path.exists():
            steps, table = read_table(self.path, asked.seeds)
            self.notes = {
                int(step): {name: x[:, e] for name, x in table.items()}
                for e, step in enumerate(steps)
            }

    def __call__(self, run: Run) -> None:
        """Note an evaluation; one that a continued run repeats replaces the earlier note."""
        step, agent = run.step, run.agent
        self.notes[step] = look_inside(agent, self.asked.env, self.asked.looks)
        steps = sorted(self.notes)
        names = self.notes[step]
        table = {name: np.stack([self.notes[e][name] for e in steps], axis=1) for name in names}
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            write_table(temporary, self.asked.seeds, steps, table)
        if 0 <= step - self.config.steps // 2 < self.config.eval_every:
            with replacing(self.folder / "midway.safetensors") as temporary:
                save_weights(agent, temporary)


def reproduce(name: str, folder: Path, progress: bool = True, compile: bool = True) -> list[Run]:
    """Train a recorded run or sweep, or go on with it; what ships of it is in ``folder/record``.

    Of a run there lie ``manifest.json``, the curves, what
    :func:`~ddpg_lib.results.inside.look_inside` saw at each evaluation, the final policies'
    returns on 100 starts, and the networks midway and at the end. Where its agents are trained in
    several stacks, each has a folder in ``folder/stacks``, a finished one is never trained again,
    and ``folder/record`` is all of them side by side. Of a sweep there lie a manifest
    and, for each arm, one table of curves and of what was seen inside; the runs are those of its
    arms. ``name`` is a key of ``EXPERIMENTS`` or ``SWEEPS``. Compiling changes no number beyond
    rounding.

    Raises
    ------
    ValueError
        For an unknown name.
    CheckpointError
        As :func:`ddpg_lib.train`, and if the folder holds something else.
    """
    asked, record = experiment(name), folder / "record"
    command = f"ddpg reproduce {name}{'' if compile else ' --no-compile'}"
    if isinstance(asked, Experiment):
        stacks = asked.stacks()
        if stacks == [asked]:
            return [_recorded(asked, folder, progress, compile, command)]
        places = [folder / f"stacks/{number}" for number in range(1, len(stacks) + 1)]
        new = [
            _recorded(stack, place, progress, compile, command)
            for stack, place in zip(stacks, places, strict=True)
            if not _finished(stack, place)
        ]
        join([place / "record" for place in places], record)
        return new
    runs, arms = [], {}
    for number, arm in enumerate(asked.arms, start=1):
        if progress:
            print(f"{arm} ({number} of {len(asked.arms)})")
        place = folder / "arms" / arm
        run = _trained(asked.experiment(arm), place, place / "record", progress, compile)
        _, inside = read_table(place / "record/inside.csv.gz", asked.seeds)
        record.mkdir(parents=True, exist_ok=True)
        with replacing(record / f"{arm}.csv.gz") as temporary:
            table = {"return": run.curves, "training": _training(run), **run.metrics, **inside}
            write_table(temporary, run.seeds, [int(step) for step in run.steps], table)
        final = final_returns(run.agent, asked.judged or asked.env, asked.starts).mean(axis=1)
        arms[arm] = {
            "config": dataclasses.asdict(run.config),
            "agent": asked.experiment(arm).agent,
            "final return of each agent": final.round(6).tolist(),
            "wall time in seconds": round(run.seconds, 1),
        }
        runs.append(run)
    facts = {"env": asked.env, "seeds": list(asked.seeds), "arms": arms}
    if asked.begins_as:
        facts["begins as"] = list(asked.begins_as)
    write_manifest(record, command, facts)
    return runs


def _recorded(asked: Experiment, folder: Path, progress: bool, compile: bool, command: str) -> Run:
    """Train a stack, or go on with it, and write its record."""
    run = _trained(asked, folder, folder / "record", progress, compile)
    _finish(run, folder / "record", command, asked)
    return run


def _finished(asked: Experiment, folder: Path) -> bool:
    """Whether a stack has its record already.

    Raises
    ------
    CheckpointError
        If it is that of another run.
    """
    if not (folder / "record/manifest.json").exists():
        return False
    kept = RecordedRun.read(folder / "record")
    wanted = (asked.env, list(asked.seeds), recipe(asked.recipe, **asked.changes))
    if (kept.env, kept.seeds, kept.config) != wanted:
        raise CheckpointError(f"{folder} holds another run: choose another folder")
    return True


def join(parts: Sequence[Path], record: Path) -> None:
    """Write the records of stacks that differ in their seeds alone as one record.

    Its manifest keeps, as ``stacks``, how each of them came about.

    Raises
    ------
    CheckpointError
        If the records are of different environments or hyperparameters.
    """
    runs = [RecordedRun.read(part) for part in parts]
    first, manifests = runs[0], [run.manifest for run in runs]
    for fact in ("env", "judged", "config"):
        if any(getattr(run, fact) != getattr(first, fact) for run in runs):
            raise CheckpointError(f"{', '.join(map(str, parts))} differ in their {fact}")
    record.mkdir(parents=True, exist_ok=True)
    seeds = [seed for run in runs for seed in run.seeds]
    for name in ("curves", "inside", "final"):
        tables = [read_table(run.folder / f"{name}.csv.gz", run.seeds) for run in runs]
        steps, columns = tables[0][0], tables[0][1]
        table = {x: np.concatenate([table[x] for _, table in tables]) for x in columns}
        with replacing(record / f"{name}.csv.gz") as temporary:
            write_table(temporary, seeds, steps.tolist(), table)
    for moment in ("midway", "final"):
        with replacing(record / f"{moment}.safetensors") as temporary:
            join_weights([part / f"{moment}.safetensors" for part in parts], temporary)
    final = np.concatenate([run.final for run in runs])
    facts = {
        "env": first.env,
        "judged in": first.judged,
        "config": dataclasses.asdict(first.config),
        "seeds": seeds,
        "final return": _summary(final),
        "wall time in seconds": round(sum(x["wall time in seconds"] for x in manifests), 1),
        "stacks": [
            {fact: manifest[fact] for fact in ("seeds", *OF_A_STACK)} for manifest in manifests
        ],
    }
    write_manifest(record, manifests[-1]["command"], facts)


def _trained(asked: Experiment, folder: Path, record: Path, progress: bool, compile: bool) -> Run:
    """Train an experiment in its folder, from wherever it stands there."""
    module, _, bare = asked.agent.partition(":")
    agent = getattr(importlib.import_module(module), bare) if module else None
    witness = Witness(record, asked)
    if (folder / "config.json").exists():
        plan = plan_of(folder, *read(folder), agent=agent)
        if (plan.env, plan.seeds) != (asked.env, asked.seeds):
            raise CheckpointError(f"{folder} holds another run: choose another folder")
        return resume(folder, agent=agent, progress=progress, on_evaluation=witness)
    start = None
    if asked.begins_as:
        name, seed = asked.begins_as
        kept = recorded(name)
        start = kept.agent("final", [kept.seeds.index(seed)] * len(asked.seeds))
    return train(
        asked.env,
        asked.recipe,
        asked.seeds,
        folder=folder,
        progress=progress,
        compile=compile,
        on_evaluation=witness,
        start=start,
        agent=agent,
        **asked.changes,
    )


def _training(run: Run) -> NDArray[np.float64]:
    """Mean return of the training episodes since the evaluation before, ``(n, evaluations)``.

    NaN where none ended.
    """
    found = np.full((len(run.episodes), len(run.steps)), np.nan)
    for agent, episodes in enumerate(run.episodes):
        ends, returns = np.array(episodes, float).reshape(-1, 2).T
        for k, (after, until) in enumerate(pairwise(run.steps), start=1):
            seen = returns[(after < ends) & (ends <= until)]
            if seen.size:
                found[agent, k] = seen.mean()
    return found


def _finish(run: Run, record: Path, command: str, asked: Experiment) -> None:
    """Evaluate the final policies, and write what is left to write."""
    judged = asked.judged or asked.env
    final = final_returns(run.agent, judged, asked.starts)
    tables = {
        "curves": (run.steps, {"return": run.curves, **run.metrics}),
        "final": (range(final.shape[1]), {"return": final}),
    }
    for part, (x, table) in tables.items():
        with replacing(record / f"{part}.csv.gz") as temporary:
            write_table(temporary, run.seeds, [int(step) for step in x], table)
    with replacing(record / "final.safetensors") as temporary:
        save_weights(run.agent, temporary)
    facts = {
        "env": run.env,
        "judged in": judged,
        "config": dataclasses.asdict(run.config),
        **({"begins as": list(asked.begins_as)} if asked.begins_as else {}),
        "seeds": run.seeds,
        "final return": _summary(final),
        "wall time in seconds": round(run.seconds, 1),
    }
    write_manifest(record, command, facts)


def _summary(final: NDArray[np.float64]) -> dict[str, Any]:
    """What a manifest says of the final policies' returns, ``(n, episodes)``."""
    means = final.mean(axis=1)
    low, high = bootstrap_interval(means)
    return {
        "iqm": float(iqm(means)),
        "95%": [float(low), float(high)],
        "agents": means.round(6).tolist(),
        "episodes": final.shape[1],
    }


def write_manifest(record: Path, command: str, facts: dict[str, Any]) -> None:
    """Write how a record came about, with ``facts`` by name, and the checksums of its other files.

    Raises
    ------
    CheckpointError
        If the folder cannot be written to.
    """
    manifest = {
        "command": command,
        "commit": commit(),
        **facts,
        "versions": versions(),
        "hardware": hardware(),
        "sha256": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(record.iterdir())
            if path.name != "manifest.json"
        },
    }
    with replacing(record / "manifest.json") as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def final_returns(agent: DDPG, env: str, episodes: int = STARTS) -> NDArray[np.float64]:
    """Noise-free returns ``(n, episodes)`` on the starts with which recorded runs are judged."""
    blocks = [
        evaluate(agent, env, min(AT_ONCE, episodes - k), seed=FINAL_SEED + k)
        for k in range(0, episodes, AT_ONCE)
    ]
    return np.concatenate(blocks, axis=1)


def commit() -> str | None:
    """The library's commit, with a plus sign if files differ from it; None outside of git."""
    root = Path(__file__).resolve().parents[2]
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
    """The ``processor``, ``cores``, ``threads`` used, and ``gpu`` if there is one."""
    import torch

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
    }
