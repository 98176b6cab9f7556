"""Diagnose thirty short runs of right programs, and write down what is said of each.

``python tools/healthy_runs.py LIST FOLDER`` trains those of a list one after another, on seeds,
recipes and environments that the rules were not made on, and leaves three files in the folder:
``runs.csv``, ``quantities.csv`` and ``manifest.json``; what is in the tables already is not trained
again. Copied to ``ddpg_lib/data/vitals/LIST``.

There are two lists, because the rules were frozen twice. ``healthy`` was judged by those of commit
37d8caf: three false alarms, each begun by a rule that a trial of the same agent contradicted. That
rule was taken out, and the rules frozen again, after ``healthy_again`` had been chosen and before
any of it was run. ``healthy`` is from before quantities were kept.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

from ddpg_lib.diagnose.diagnosing import diagnose
from ddpg_lib.diagnose.vitals import VITALS
from ddpg_lib.results.reproduce import commit, hardware
from ddpg_lib.runs.plan import versions
from ddpg_lib.runs.session import train
from ddpg_lib.worlds.crane import CRANE
from ddpg_lib.worlds.furnace import FURNACE
from ddpg_lib.worlds.hidden import STACKED

PENDULUM, POLE, ARM = "Pendulum-v1", "InvertedPendulum-v5", "Reacher-v5"
DOUBLE, CAR, SWIMMER, HOPPER = (
    "InvertedDoublePendulum-v5",
    "MountainCarContinuous-v0",
    "Swimmer-v5",
    "Hopper-v5",
)
CHEETAH, WALKER, PUSHER = "HalfCheetah-v5", "Walker2d-v5", "Pusher-v5"
LANDER, BIPED = "LunarLanderContinuous-v3", "BipedalWalker-v3"
SHORT: dict[str, Any] = {"steps": 2_500, "eval_every": 2_500, "eval_episodes": 1}
SMALL: dict[str, Any] = {"hidden": (64, 64), "batch_size": 64, "n_step": 1}

Runs = tuple[tuple[str, str, dict[str, Any]], ...]

# Environment, recipe, and what differs from the recipe; each stack has two seeds of its own.
RUNS: Runs = (
    (PENDULUM, "pendulum", {}),
    (PENDULUM, "pendulum", {"steps": 6_000}),
    (PENDULUM, "pendulum", {"lr_decay": False}),
    (PENDULUM, "pendulum", {"layer_norm": "critic"}),
    (PENDULUM, "pendulum", {"layer_norm": "both"}),
    (PENDULUM, "pendulum", {"batch_norm": "both", "action_layer": 1}),
    (PENDULUM, "pendulum", {"normalize_obs": True}),
    (PENDULUM, "pendulum", {"reward_scale": 1.0}),
    (PENDULUM, "pendulum", {"noise": "ornstein_uhlenbeck"}),
    (PENDULUM, "pendulum", {"noise": "decaying", "sigma": 1.0}),
    (PENDULUM, "pendulum", {"tau": 0.1}),
    (PENDULUM, "pendulum", {"tau": 0.001}),
    (PENDULUM, "pendulum", {"gamma": 0.9}),
    (PENDULUM, "pendulum", {"buffer_size": 500}),
    (PENDULUM, "pendulum", {"policy_delay": 2}),
    (PENDULUM, "pendulum", {"invert_gradients": True}),
    (PENDULUM, "pendulum", {"dqda_clipping": 1.0, "max_grad_norm": 1.0}),
    (PENDULUM, "pendulum", {"critic_weight_decay": 1e-2}),
    (PENDULUM, "default", SMALL),
    (PENDULUM, "default", {**SMALL, "activation": "tanh", "sigma": 0.3}),
    (POLE, "inverted_pendulum", SMALL),
    (POLE, "inverted_pendulum", {**SMALL, "steps": 4_000}),
    (POLE, "default", SMALL),
    (ARM, "reacher", SMALL),
    (ARM, "reacher", {**SMALL, "steps": 4_000}),
    (ARM, "default", {**SMALL, "normalize_obs": True}),
    (CRANE, "pendulum", {}),
    (CRANE, "default", SMALL),
    (FURNACE, "pendulum", {}),
    (FURNACE, "default", SMALL),
)

# As short, with a warm-up of 1,000 steps where the recipe's own is longer than the run.
NEW: dict[str, Any] = {**SMALL, "warmup_steps": 1_000, "buffer_size": 20_000}
AGAIN: Runs = (
    (CRANE, "crane", NEW),
    (CRANE, "pendulum", {"gamma": 0.95, "warmup_steps": 1_000}),
    (CRANE, "inverted_pendulum", NEW),
    (CRANE, "default", {**NEW, "activation": "tanh", "steps": 4_000}),
    (FURNACE, "inverted_pendulum", NEW),
    (FURNACE, "crane", NEW),
    (FURNACE, "pendulum", {"reward_scale": 1.0, "warmup_steps": 500, "steps": 3_500}),
    (DOUBLE, "inverted_pendulum", NEW),
    (DOUBLE, "pendulum", {"warmup_steps": 1_000}),
    (DOUBLE, "default", {**NEW, "reward_scale": 0.1}),
    (CAR, "default", {**NEW, "noise": "ornstein_uhlenbeck", "sigma": 0.5}),
    (CAR, "pendulum", {"reward_scale": 1.0, "warmup_steps": 1_000}),
    (HOPPER, "half_cheetah", NEW),
    (HOPPER, "default", {**NEW, "policy_delay": 2}),
    (WALKER, "half_cheetah", {**NEW, "normalize_obs": True}),
    (SWIMMER, "default", {**NEW, "gamma": 0.999}),
    (SWIMMER, "half_cheetah", NEW),
    (CHEETAH, "half_cheetah", {**NEW, "hidden": (128, 128)}),
    (CHEETAH, "default", {**NEW, "tau": 0.02, "actor_lr": 5e-4}),
    (LANDER, "lunar_lander", NEW),
    (LANDER, "default", {**NEW, "normalize_obs": True}),
    (LANDER, "pendulum", {"warmup_steps": 1_000, "steps": 3_500}),
    (BIPED, "bipedal_walker", NEW),
    (BIPED, "pendulum", {"layer_norm": "both", "warmup_steps": 1_000}),
    (PUSHER, "reacher", NEW),
    (STACKED, "pendulum", {"warmup_steps": 1_000}),
    (STACKED, "default", {**NEW, "layer_norm": "both"}),
    (PENDULUM, "lunar_lander", NEW),
    (PENDULUM, "reacher", {**NEW, "critic_lr": 3e-3}),
    (PENDULUM, "pendulum", {"activation": "relu", "warmup_steps": 1_000, "final_init": 3e-4}),
)

LISTS: dict[str, tuple[Runs, int]] = {"healthy": (RUNS, 500), "healthy_again": (AGAIN, 600)}
"""The lists by name, each with its first seed."""


def main(name: str, folder: Path) -> None:
    """Train and diagnose what ``folder`` has no row of, and write how it came about."""
    runs, first_seed = LISTS[name]
    judged_by = commit()  # before anything is run: a commit made meanwhile is not what runs
    folder.mkdir(parents=True, exist_ok=True)
    path, inside = folder / "runs.csv", folder / "quantities.csv"
    done = 0
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            done = sum(1 for _ in csv.DictReader(file))
    with (
        path.open("a", encoding="utf-8", newline="") as file,
        inside.open("a", encoding="utf-8", newline="") as second,
    ):
        write = csv.writer(file, lineterminator="\n").writerow
        write_inside = csv.writer(second, lineterminator="\n").writerow
        if not done:
            write(["run", "env", "recipe", "changes", "seeds", "steps", "updates", "findings"])
            write_inside(["run", *VITALS])
        for number, (env, recipe, changes) in enumerate(runs):
            if number < done:
                continue
            seeds = (first_seed + 2 * number, first_seed + 2 * number + 1)
            plan = {**SHORT, **changes}
            plan["eval_every"] = plan["steps"]
            began = time.monotonic()
            agent = train(env, recipe, seeds, progress=False, **plan).agent
            diagnosis = diagnose(agent, env)
            found = diagnosis.names
            own = " ".join(f"{name}={value}" for name, value in changes.items())
            both = " ".join(map(str, seeds))
            said = " ".join(found)
            write([number, env, recipe, own, both, plan["steps"], agent.updates, said])
            write_inside([number, *(f"{diagnosis.quantities[v]:.4g}" for v in VITALS)])
            file.flush()
            second.flush()
            print(number, env, recipe, own, found, f"{time.monotonic() - began:.0f} s", flush=True)
    about = {
        "command": f"python tools/healthy_runs.py {name} FOLDER",
        "commit": judged_by,
        "changes": SHORT,
        "versions": versions(),
        "hardware": hardware(),
    }
    text = json.dumps(about, indent=2) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
