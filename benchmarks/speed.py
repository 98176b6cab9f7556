"""``make bench``: training speed side by side with public libraries.

Each contender lives in a process of its own. After a warm-up the processes take turns, so that
whatever else the machine does meets all of them; a row is the median over turns. Thread counts are
chosen by measurement, for every contender alike. Writes ``speed.md`` and ``speed.svg`` to the
folder given (default ``benchmarks/results``), and what chapter 20 reads to the library's own data.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import platform
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from anatomy import write
from contenders import CONTENDERS, Task

TURNS = 9
PENDULUM, CHEETAH = ("Pendulum-v1", 64, 64), ("HalfCheetah-v5", 256, 256)
PIXELS = ("Pendulum-v1, 32 x 32 x 3 pixels", 64, 64)
SEEN, SEEN_BY_FOUR = Task(*PIXELS, buffer=5_000), Task(*PIXELS, agents=4, buffer=5_000)
Entry = tuple[str, Task, int]  # contender, task, steps a turn
MINE = ("products alone", "ours", "ours compiled")
BFLOAT16 = "ours compiled, bfloat16"
FROM_PIXELS = ("ours pixels", "ours pixels compiled")
TASKS = [Task(*PENDULUM), Task(*PENDULUM, agents=8), Task(*CHEETAH), Task(*CHEETAH, agents=8)]
# What is compared with each other takes turns with each other.
GROUPS: list[list[Entry]] = [
    [(name, Task(*PENDULUM), 400) for name in (*MINE, "SB3", "SBX")]
    + [(name, Task(*PENDULUM, agents=8), 400) for name in MINE],
    [(name, Task(*CHEETAH), 100) for name in (*MINE, BFLOAT16, "SB3", "SBX")]
    + [(name, Task(*CHEETAH, agents=8), 25) for name in (*MINE, BFLOAT16)],
    [(name, SEEN, 40) for name in (*FROM_PIXELS, "SB3 pixels")]
    + [(name, SEEN_BY_FOUR, 10) for name in FROM_PIXELS],
]
STACKS = (1, 2, 4, 8, 16, 32, 64)
# What is compared: a label, the task and its agents, ours, the other.
SMALL = [("1 agent, 64-64", (PENDULUM, 1)), ("8 agents, 64-64", (PENDULUM, 8))]
LARGE = [("1 agent, 256-256", (CHEETAH, 1)), ("8 agents, 256-256", (CHEETAH, 8))]
PAIRS = [
    (f"{label}{ours.removeprefix('ours').replace(' compiled', ', compiled')}", key, ours, other)
    for label, key in SMALL + LARGE
    for ours in (*MINE[1:], BFLOAT16)
    if ours != BFLOAT16 or key[0] == CHEETAH
    for other in ("SB3", "SBX", "products alone")
] + [
    (
        f"{label}, from pixels{', compiled' * (ours != FROM_PIXELS[0])}",
        (PIXELS, n),
        ours,
        "SB3 pixels",
    )
    for label, n in (("1 agent", 1), ("4 agents", 4))
    for ours in FROM_PIXELS
]


def work(connection: Connection, name: str, task: Task, threads: int) -> None:
    """Serve one contender: each number of steps received is trained, and its seconds sent."""
    contender = CONTENDERS[name](task, threads)
    connection.send("ready")
    while (steps := connection.recv()) is not None:
        connection.send(contender.seconds(steps))


class Worker:
    """A contender in its own process."""

    def __init__(self, name: str, task: Task, threads: int) -> None:
        self.name, self.task, self.threads = name, task, threads
        context = mp.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, name, task, threads), daemon=True)
        self.process.start()
        other.close()  # so that a contender that fails ends the wait
        assert self.connection.recv() == "ready"

    def milliseconds(self, steps: int) -> float:
        """Milliseconds a step of one agent."""
        self.connection.send(steps)
        seconds: float = self.connection.recv()
        return 1e3 * seconds / (steps * self.task.agents)

    def close(self) -> None:
        """End the process."""
        self.connection.send(None)
        self.process.join(30)


def fastest(name: str, task: Task, steps: int) -> Worker:
    """Start a contender with the number of threads that is fastest for it."""
    counts = [1] if name == "SBX" or os.cpu_count() == 1 else [1, os.cpu_count() or 2]
    workers = [Worker(name, task, threads) for threads in counts]
    trials = [[w.milliseconds(max(steps // 4, 10)) for w in workers] for _ in range(6)]
    times = [min(column) for column in zip(*trials, strict=True)]
    best = workers[times.index(min(times))]
    for worker in workers:
        if worker is not best:
            worker.close()
    return best


def measure(
    groups: list[list[Entry]], turns: int, threads: int | None = None
) -> list[dict[str, Any]]:
    """Rows of results; the entries of one group take turns. Without ``threads``, the fastest."""
    rows = []
    for entries in groups:
        workers = [Worker(*e[:2], threads) if threads else fastest(*e) for e in entries]
        steps = [entry[2] for entry in entries]
        times: list[list[float]] = [[] for _ in entries]
        for turn in range(-1, turns):  # the first one warms up
            for worker, count, measured in zip(workers, steps, times, strict=True):
                milliseconds = worker.milliseconds(count)
                if turn >= 0:
                    measured.append(milliseconds)
        for worker, measured in zip(workers, times, strict=True):
            task = worker.task
            row = {
                "env": task.env,
                "width": task.width,
                "batch": task.batch,
                "agents": task.agents,
                "buffer": task.buffer,
                "contender": worker.name,
                "threads": worker.threads if worker.name != "SBX" else "",
                "ms": median(measured),
                "min": min(measured),
                "max": max(measured),
            }
            rows.append(row)
            print(
                f"{row['env']:15} {row['width']:4} n={row['agents']:<3} buffer={row['buffer']:<8,} "
                f"{row['contender']:15} {row['ms']:8.3f} ms an agent-step "
                f"({row['min']:.3f} to {row['max']:.3f}), threads {row['threads']}",
                flush=True,
            )
            worker.close()
    return rows


def find(rows: list[dict[str, Any]], contender: str, key: tuple[tuple[str, int, int], int]) -> Any:
    """Milliseconds an agent-step; the other libraries train one agent at a time."""
    (env, width, _), agents = key
    agents = agents if contender.startswith(("ours", "products")) else 1
    for row in rows:
        if (row["env"], row["width"], row["agents"]) == (env, width, agents) and (
            row["contender"] == contender
        ):
            return row["ms"]
    raise KeyError((contender, key))


def ratios(rows: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    """How many times as fast ours is; against the products alone, a floor, below 1."""
    return [
        (label, other, find(rows, other, key) / find(rows, ours, key))
        for label, key, ours, other in PAIRS
    ]


def report(rows: list[dict[str, Any]], stacks: list[dict[str, Any]], buffers: list[Any]) -> str:
    """Write everything as Markdown."""
    names = ("torch", "gymnasium", "numpy", "stable-baselines3", "sbx-rl", "jax", "mujoco")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    lines = [
        "# Speed",
        "",
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}; {versions}.",
        f"Milliseconds a step of one agent, environment included, one update a step: medians of "
        f"{TURNS} alternating turns.",
        "",
        "| environment, nets, batch | agents | products alone | ours | compiled | SB3 | SBX |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for task in TASKS:
        key = ((task.env, task.width, task.batch), task.agents)
        cells = [f"{find(rows, name, key):.3f}" for name in ("products alone", "ours")]
        cells += [f"{find(rows, name, key):.3f}" for name in ("ours compiled", "SB3", "SBX")]
        nets = f"{task.width}-{task.width}, {task.batch}"
        lines.append(f"| {task.env}, {nets} | {task.agents} | " + " | ".join(cells) + " |")
    lines += ["", "| times as fast | against | ratio |", "|---|---|--:|"]
    lines += [f"| {label} | {other} | {ratio:.2f} |" for label, other, ratio in ratios(rows)]
    lines += ["", "| agents (64-64) | eager, ms an agent-step | compiled |", "|--:|--:|--:|"]
    for n in STACKS:
        eager, fast = (find(stacks, name, (PENDULUM, n)) for name in ("ours", "ours compiled"))
        lines.append(f"| {n} | {eager:.3f} | {fast:.3f} |")
    small, large = (row["ms"] for row in buffers)
    lines += ["", f"A buffer of 1,000,000 against one of 10,000: {large / small - 1:+.1%}.", ""]
    return "\n".join(lines)


def plot(stacks: list[dict[str, Any]], rows: list[dict[str, Any]], path: Path) -> None:
    """Time against the number of agents, beside the other libraries."""
    from matplotlib import pyplot as plt

    from ddpg_lib.figures.style import COLORS, use_house_style

    use_house_style()
    figure, ax = plt.subplots()
    for name, color in (("ours", "actor"), ("ours compiled", "replay")):
        times = [find(stacks, name, (PENDULUM, n)) for n in STACKS]
        ax.plot(STACKS, times, "o-", color=COLORS[color], label=name)
    for name, color in (("SB3", "critic"), ("SBX", "noise")):
        time = find(rows, name, (PENDULUM, 1))
        ax.axhline(time, color=COLORS[color], linestyle="--", linewidth=1.2)
        ax.text(64, time * 1.05, name, color=COLORS[color], ha="right")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(STACKS, [str(n) for n in STACKS])
    ax.set_xlabel("agents in the stack")
    ax.set_ylabel("milliseconds a step of one agent")
    ax.legend()
    figure.savefig(path)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--turns", type=int, default=TURNS)
    options = parser.parse_args()
    rows = measure(GROUPS, options.turns)
    stacks = measure(
        [
            [(name, Task(*PENDULUM, agents=n), max(400 // n, 25)) for name in MINE[1:]]
            for n in STACKS
        ],
        options.turns,
    )
    sizes = [("ours", Task(*PENDULUM, buffer=size), 400) for size in (10_000, 1_000_000)]
    buffers = measure([sizes], options.turns, threads=1)  # alike for both
    text = report(rows, stacks, buffers)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "speed.md").write_text(text)
    write("speed", rows + stacks + buffers)
    plot(stacks, rows, options.out / "speed.svg")
    print("\n" + text)


if __name__ == "__main__":
    main()
