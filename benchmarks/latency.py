"""How long one action takes: ``DDPG.act`` beside the files that policies are exported to.

One observation a call, one thread. The contenders take turns, so that whatever else the machine
does meets all of them; a number is the median over all calls. Writes ``latency.md`` to the folder
given (default ``benchmarks/results``).
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import torch

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.deploy.numpy_policy import load_policy
from ddpg_lib.deploy.onnx_policy import save_onnx
from ddpg_lib.deploy.policy import save_policy

TURNS, CALLS = 20, 500
# What acts: a label, sizes of observation and action, hyperparameters.
TASKS = [
    ("64-64", 3, 1, Config(hidden=(64, 64))),
    (
        "64-64, layer_norm, normalize_obs",
        3,
        1,
        Config(hidden=(64, 64), layer_norm="both", normalize_obs=True),
    ),
    ("256-256", 17, 6, Config(hidden=(256, 256))),
    ("256-256, layer_norm, normalize_obs", 17, 6, Config(layer_norm="both", normalize_obs=True)),
]
CONTENDERS = ("DDPG.act", "load_policy", "onnxruntime")


def contenders(
    obs_dim: int, action_dim: int, config: Config, folder: Path
) -> list[Callable[[Any], Any]]:
    """The same policy in the three forms of ``CONTENDERS``, each called with ``(obs_dim,)``."""
    agent = DDPG(
        obs_dim, -np.ones(action_dim), np.ones(action_dim), config.replace(buffer_size=2_000)
    )
    for obs in np.random.default_rng(0).normal(size=(100, 1, obs_dim)):
        if agent.obs_norm is not None:
            agent.obs_norm.add(obs)
    save_policy(agent, folder / "policy.npz")
    save_onnx(agent, folder / "policy.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "policy.onnx", options)
    return [
        lambda obs: agent.act(obs[None])[0],
        load_policy(folder / "policy.npz"),
        lambda obs: session.run(None, {"obs": obs[None]})[0][0],
    ]


def microseconds(policies: list[Callable[[Any], Any]], obs_dim: int, turns: int) -> list[float]:
    """The median time of a call of each, in microseconds."""
    observations = np.random.default_rng(1).normal(size=(CALLS, obs_dim)).astype(np.float32)
    times: list[list[int]] = [[] for _ in policies]
    for turn in range(-1, turns):  # the first one warms up
        for policy, measured in zip(policies, times, strict=True):
            for obs in observations:
                start = time.perf_counter_ns()
                policy(obs)
                end = time.perf_counter_ns()
                if turn >= 0:
                    measured.append(end - start)
    return [median(measured) / 1e3 for measured in times]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--turns", type=int, default=TURNS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "onnxruntime"))
    lines = [
        "# Latency",
        "",
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread, Python "
        f"{platform.python_version()}; {versions}.",
        f"Microseconds for one action from one observation: medians of {options.turns * CALLS:,} "
        "calls in alternating turns.",
        "",
        f"| network | {' | '.join(CONTENDERS)} | load_policy, times as fast as act |",
        "|---|--:|--:|--:|--:|",
    ]
    for label, obs_dim, action_dim, config in TASKS:
        with tempfile.TemporaryDirectory() as folder:
            policies = contenders(obs_dim, action_dim, config, Path(folder))
            times = microseconds(policies, obs_dim, options.turns)
        cells = " | ".join(f"{t:.1f}" for t in times)
        lines.append(f"| {label} | {cells} | {times[0] / times[1]:.1f} |")
    text = "\n".join([*lines, ""])
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "latency.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
