"""Diagnose thirty short runs of right programs, and write down what is said of each.

``python tools/healthy_runs.py FOLDER`` trains them one after another, on seeds, recipes and
environments that the rules were not made on, and leaves ``runs.csv`` and ``manifest.json`` there;
what is in the table already is not trained again. Copied to ``ddpg_lib/data/vitals/healthy``.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

from ddpg_lib.diagnose.diagnosing import diagnose
from ddpg_lib.results.reproduce import commit, hardware
from ddpg_lib.runs.plan import versions
from ddpg_lib.runs.session import train
from ddpg_lib.worlds.crane import CRANE
from ddpg_lib.worlds.furnace import FURNACE

PENDULUM, POLE, ARM = "Pendulum-v1", "InvertedPendulum-v5", "Reacher-v5"
SHORT: dict[str, Any] = {"steps": 2_500, "eval_every": 2_500, "eval_episodes": 1}
SMALL: dict[str, Any] = {"hidden": (64, 64), "batch_size": 64, "n_step": 1}

# Environment, recipe, and what differs from the recipe; each stack has two seeds of its own.
RUNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
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


def main(folder: Path) -> None:
    """Train and diagnose what ``folder`` has no row of, and write how it came about."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "runs.csv"
    done = 0
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            done = sum(1 for _ in csv.DictReader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n").writerow
        if not done:
            write(["run", "env", "recipe", "changes", "seeds", "steps", "updates", "findings"])
        for number, (env, recipe, changes) in enumerate(RUNS):
            if number < done:
                continue
            seeds = (500 + 2 * number, 501 + 2 * number)
            plan = {**SHORT, **changes}
            plan["eval_every"] = plan["steps"]
            began = time.monotonic()
            agent = train(env, recipe, seeds, progress=False, **plan).agent
            found = diagnose(agent, env).names
            own = " ".join(f"{name}={value}" for name, value in changes.items())
            both = " ".join(map(str, seeds))
            said = " ".join(found)
            write([number, env, recipe, own, both, plan["steps"], agent.updates, said])
            file.flush()
            print(number, env, recipe, own, found, f"{time.monotonic() - began:.0f} s", flush=True)
    about = {
        "command": "python tools/healthy_runs.py FOLDER",
        "commit": commit(),
        "changes": SHORT,
        "versions": versions(),
        "hardware": hardware(),
    }
    text = json.dumps(about, indent=2) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
