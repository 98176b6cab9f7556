"""``make bench``: what chapter 20 shows of the time of a step, into ``ddpg_lib/data/speed``.

The rungs from chapter 0's program to the library, in turns; a step's parts; what a call costs; what
threads, freed memory, the choice of products and what the compiler is told are worth, each in a
process of its own, in turns too; more threads than cores, alone and beside another program; how
long compiling takes; stacks of many sizes; and samples of what is at work, by py-spy from outside,
which costs the program nothing. One thread where nothing else is said.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import multiprocessing as mp
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

DATA = Path(__file__).parents[1] / "ddpg_lib" / "data" / "speed"
SIZES = {64: 64, 256: 256}  # minibatch by width
TURNS, SAMPLED, FIRST = 9, 6_000, 3
RATE = 400  # samples a second
GO_BETWEENS = re.compile("_call_impl|decorate_context|wrapper|_use_grad_for_differentiable")
AGENTS = (1, 2, 4, 8, 16, 32, 64)
THREADS = {"one thread": 1, "two threads": 2, "four threads": 4, "eight threads": 8}
SETTINGS = ("one thread", "two threads", "memory handed back", "PyTorch's own products")
TOLD = (
    "as it is",
    "the minibatch's guards",
    "every guard",
    "PyTorch's tanh",
    "bias in the product",
)
PROGRAMS = ("chapter 0", "Adam without bookkeeping", "the library")


def prices() -> list[dict[str, Any]]:
    """Microseconds of a call of NumPy and of PyTorch."""
    from ddpg_lib.chapters.ch20.measuring import price_of_a_call

    return [{"call": name, "us": us} for name, us in price_of_a_call().items()]


def rungs(width: int) -> list[dict[str, Any]]:
    """Microseconds of each rung and of the matrix products alone, and the calls of a step."""
    from contenders import CONTENDERS, Task

    from ddpg_lib.chapters.ch20.ladder import LADDER
    from ddpg_lib.chapters.ch20.measuring import calls, in_turns

    ladder = {
        name: kind(width=width, batch=SIZES[width], agents=n) for name, (kind, n) in LADDER.items()
    }
    products = CONTENDERS["products alone"](Task("Pendulum-v1", width, SIZES[width]), 1)
    jobs = {name: rung.step for name, rung in ladder.items()}
    jobs["products alone"] = lambda: products.run(1)
    times = in_turns(jobs, TURNS, 200 if width == 64 else 20)
    rows = []
    for name in jobs:
        rung = ladder.get(name)
        agents = rung.agents if rung else 1
        each = times[name] / agents
        counted = rung and not getattr(rung, "compile", False)
        count = sum(calls(rung.step).values()) if counted else ""
        rows.append(
            {
                "width": width,
                "rung": name,
                "agents": agents,
                "calls": count,
                "us": median(each),
                "min": min(each),
                "max": max(each),
            }
        )
        print(rows[-1], flush=True)
    return rows


def parts(width: int) -> list[dict[str, Any]]:
    """Microseconds of the parts of a step, which sum to the whole."""
    from ddpg_lib.chapters.ch20.ladder import LADDER, parts_of
    from ddpg_lib.chapters.ch20.measuring import breakdown

    rows = []
    for name in PROGRAMS:
        rung = LADDER[name][0](width=width, batch=SIZES[width])
        repeats = 2_000 if width == 64 else 200
        for part, us in breakdown(rung.step, parts_of(rung), repeats).items():
            rows.append({"width": width, "program": name, "part": part, "us": us})
    return rows


def stacked() -> list[dict[str, Any]]:
    """Microseconds of one agent by the number of agents in its stack, narrow networks."""
    from ddpg_lib.chapters.ch20.ladder import Compiled, Library
    from ddpg_lib.chapters.ch20.measuring import in_turns

    rows = []
    for agents in AGENTS:
        jobs = {kind.__name__: kind(agents=agents).step for kind in (Library, Compiled)}
        for name, us in in_turns(jobs, TURNS, max(200 // agents, 4)).items():
            each = us / agents
            row = {"agents": agents, "compiled": name == "Compiled", "us": median(each)}
            rows.append({**row, "min": min(each), "max": max(each)})
            print(rows[-1], flush=True)
    return rows


def serve(connection: Connection, width: int, agents: int, setting: str) -> None:
    """Train the number of steps that is received; send microseconds a step of one agent."""
    import torch

    from ddpg_lib.chapters.ch20.ladder import Compiled, Library
    from ddpg_lib.chapters.ch20.measuring import in_turns
    from ddpg_lib.parts import networks
    from ddpg_lib.speed import compiling, products
    from ddpg_lib.speed.malloc import keep_freed_memory

    torch.set_num_threads(THREADS.get(setting, 1))
    if setting != "memory handed back":
        keep_freed_memory()
    if setting == "PyTorch's own products":
        products.ONEDNN_IS_FASTER = False
    if setting in ("the minibatch's guards", "every guard"):
        compiling._ahead_of_time = lambda run, function, arguments: run
    if setting == "every guard":
        compiling._of_arguments = lambda guards: [True for _ in guards]
    if setting == "PyTorch's tanh":
        compiling._for_cpu = lambda: {"cpp_wrapper": True}
    if setting == "bias in the product":
        networks.affine = lambda x, weight, bias, *_: torch.baddbmm(bias, x, weight)
    kind = Compiled if setting in TOLD else Library
    rung = kind(width=width, batch=SIZES[width], agents=agents)
    while (steps := connection.recv()) is not None:
        (times,) = in_turns({"": rung.step}, 1, steps).values()
        connection.send(float(times[0]) / agents)


def settings(
    choices: tuple[str, ...], widths: tuple[int, ...], stacks: tuple[int, ...] = (1, 8)
) -> list[dict[str, Any]]:
    """The library's programs for one agent and for eight, a process for each of the choices."""
    rows = []
    context = mp.get_context("spawn")
    for width, agents in itertools.product(widths, stacks):
        workers = {}
        for setting in choices:
            mine, other = context.Pipe()
            arguments = (other, width, agents, setting)
            process = context.Process(target=serve, args=arguments, daemon=True)
            process.start()
            other.close()
            workers[setting] = (mine, process, [])
        steps = max((200 if width == 64 else 16) // agents, 2)
        for _ in range(TURNS):
            for mine, _, times in workers.values():
                mine.send(steps)
                times.append(mine.recv())
        for setting, (mine, process, times) in workers.items():
            mine.send(None)
            process.join(30)
            row = {"width": width, "agents": agents, "setting": setting}
            rows.append({**row, "us": median(times), "min": min(times), "max": max(times)})
            print(rows[-1], flush=True)
    return rows


def busy() -> None:
    """Train without end, on one thread."""
    import torch

    from ddpg_lib.chapters.ch20.ladder import Library

    torch.set_num_threads(1)
    rung = Library()
    while True:
        rung.step()


def crowded() -> list[dict[str, Any]]:
    """One agent with up to eight threads, alone and beside another program."""
    rows = []
    for others in (0, 1):
        context = mp.get_context("spawn")
        programs = [context.Process(target=busy, daemon=True) for _ in range(others)]
        for program in programs:
            program.start()
        rows += [{**row, "others": others} for row in settings(tuple(THREADS), (64,), (1,))]
        for program in programs:
            program.terminate()
            program.join()
    return rows


def first_calls() -> list[dict[str, Any]]:
    """Seconds of the first compiled step, with nothing kept on disk and with the last one's code.

    The median of as many processes as there are ``FIRST``.
    """
    rows = []
    for agents in (1, 8):
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(FIRST):
            with tempfile.TemporaryDirectory() as folder:
                me = [sys.executable, __file__, "--first", str(agents)]
                env = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": folder}
                for kept in (False, True):
                    done = subprocess.run(me, env=env, check=True, capture_output=True, text=True)
                    seconds[kept].append(float(done.stdout))
        for kept, found in seconds.items():
            row = {"agents": agents, "kept": kept, "seconds": median(found)}
            rows.append({**row, "min": min(found), "max": max(found)})
            print(rows[-1], flush=True)
    return rows


def first(agents: int) -> None:
    """Print the seconds by which a stack with its first step takes longer if it is compiled."""
    import torch

    from ddpg_lib.chapters.ch20.ladder import Compiled, Library

    torch.set_num_threads(1)
    Library(agents=agents)  # imports, and what is made once
    clocks = [time.perf_counter()]
    for kind in (Library, Compiled):  # it takes its first step as it is made
        kind(agents=agents)
        clocks.append(time.perf_counter())
    print(clocks[2] - 2 * clocks[1] + clocks[0])


def sampled(name: str) -> list[dict[str, Any]]:
    """Samples of a program's stack of functions, from its ``step`` downwards."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.txt"
        me = [sys.executable, __file__, "--play", name]
        spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--rate", str(RATE)]
        subprocess.run([*spy, "--format", "raw", "--output", raw, "--", *me], check=True)
        lines = [line.rsplit(" ", 1) for line in raw.read_text().splitlines()]
    return merged(name, [(re.sub(r" \([^;]*", "", stack), int(count)) for stack, count in lines])


def merged(program: str, samples: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """Equal stacks as one, from the program's ``step`` downwards, without PyTorch's go-betweens."""
    stacks: Counter[str] = Counter()
    for stack, count in samples:
        names = [name for name in stack.split(";") if not GO_BETWEENS.search(name)]
        steps = [i for i, name in enumerate(names) if name in ("Plain.step", "Library.step")]
        if steps:
            stacks[";".join(names[steps[0] :])] += count
    return [{"program": program, "stack": k, "samples": n} for k, n in stacks.most_common()]


def play(name: str) -> None:
    """Train, to be looked at from outside."""
    import torch

    from ddpg_lib.chapters.ch20.ladder import LADDER

    torch.set_num_threads(1)
    rung = LADDER[name][0]()
    for _ in range(SAMPLED):
        rung.step()


def write(name: str, rows: list[dict[str, Any]]) -> None:
    """A table of these rows."""
    with gzip.open(DATA / f"{name}.csv.gz", "wt", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


TABLES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "price": prices,
    "ladder": lambda: [row for width in SIZES for row in rungs(width)],
    "parts": lambda: [row for width in SIZES for row in parts(width)],
    "settings": lambda: settings(SETTINGS, tuple(SIZES)),
    "told": lambda: settings(TOLD, (64,)),
    "threads": crowded,
    "compiling": first_calls,
    "stacked": stacked,
    "stacks": lambda: [row for name in PROGRAMS for row in sampled(name)],
}
"""What is measured of each table, by the table's name."""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--play", help="train this program only, for py-spy")
    parser.add_argument("--first", type=int, help="time the first compiled step of so many agents")
    parser.add_argument("--only", nargs="+", choices=list(TABLES), help="measure these alone")
    options = parser.parse_args()
    if options.play:
        return play(options.play)
    if options.first:
        return first(options.first)

    import torch

    from ddpg_lib.results.reproduce import commit, hardware
    from ddpg_lib.runs.plan import versions
    from ddpg_lib.speed.malloc import keep_freed_memory

    torch.set_num_threads(1)
    keep_freed_memory()
    DATA.mkdir(exist_ok=True)
    code = commit()  # before files change
    for name in options.only or TABLES:
        write(name, TABLES[name]())
    if options.only:
        return None
    machine = {"commit": code, **hardware(), "versions": versions(), "turns": TURNS}
    (DATA / "machine.json").write_text(json.dumps(machine, indent=2) + "\n")
    return None


if __name__ == "__main__":
    main()
