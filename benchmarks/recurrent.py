"""``make bench``: agents with a memory, side by side with the one that public libraries have.

That is sb3-contrib's RecurrentPPO. (CleanRL's recurrent script, ppo_atari_lstm, is for discrete
actions, and neither library has a recurrent agent that learns from replay.) It learns on-policy, so
a step of the environment means something else there: ten passes over the last steps, where ours
replays a batch of sequences. Compared is what both do alike and what takes the time: time steps
that are learned from, through which gradients run back, a second; environment, acting and storing
included. The memory has 64 units and the head one layer of 64 in both, the sequences of a minibatch
hold 256 time steps, and actor and critic have memories of their own in both. Ours also follows the
sequence with both target networks, which PPO does not have; that is counted against ours.

Each contender lives in a process of its own and they take turns, as in ``speed.py``. Writes
``recurrent.md`` to the folder given (default ``benchmarks/results``).
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

TURNS = 5
ENV = "ddpg_lib.worlds.hidden:PendulumWithoutVelocity-v0"
UNITS, BATCH, LENGTH, EPOCHS = 64, 16, 16, 10
Learn = Callable[[int], int]
"""Takes steps of the environment; returns the time steps that were learned from."""


def ours(agents: int) -> Learn:
    """A stack of recurrent agents, ready to learn."""
    from ddpg_lib import Config, RecurrentDDPG, StackedEnvs
    from ddpg_lib.speed.malloc import keep_freed_memory

    keep_freed_memory()
    config = Config(
        hidden=(UNITS,),
        memory=UNITS,
        batch_size=BATCH,
        sequence_length=LENGTH,
        buffer_size=10_000,
    )
    envs = StackedEnvs(ENV, range(agents))
    agent = RecurrentDDPG(envs.obs_dim, envs.action_low, envs.action_high, config, range(agents))
    envs.reset()

    def step(learn: bool) -> None:
        obs = envs.obs
        action = agent.explore(obs) if learn else agent.random()
        agent.remember(obs, action, *_swapped(envs.step(action)))
        if learn:
            agent.update()

    for _ in range(300):
        step(False)

    def run(steps: int) -> int:
        for _ in range(steps):
            step(True)
        return steps * agents * BATCH * LENGTH

    return run


def _swapped(result: tuple) -> tuple:
    """What ``StackedEnvs.step`` returns, in the order of ``remember``."""
    next_obs, reward, terminated, truncated, _ = result
    return reward, next_obs, terminated, truncated


def recurrent_ppo() -> Learn:
    """sb3-contrib's agent, ready to learn."""
    import gymnasium as gym
    from sb3_contrib import RecurrentPPO

    import ddpg_lib.worlds.hidden  # noqa: F401  (registers the world)

    steps = BATCH * LENGTH
    model = RecurrentPPO(
        "MlpLstmPolicy",
        gym.make(ENV),
        n_steps=steps,
        batch_size=steps,
        n_epochs=EPOCHS,
        policy_kwargs={"lstm_hidden_size": UNITS, "net_arch": [UNITS]},
        device="cpu",
        seed=0,
    )
    model.learn(steps)

    def run(count: int) -> int:
        model.learn(count, reset_num_timesteps=False)
        return EPOCHS * count

    return run


CONTENDERS: dict[str, tuple[Callable[[], Learn], int]] = {
    "ours, 1 agent": (lambda: ours(1), 60),
    "ours, 8 agents": (lambda: ours(8), 30),
    "RecurrentPPO": (recurrent_ppo, BATCH * LENGTH),
}
"""Each with the steps of a turn."""


def work(connection: Connection, name: str) -> None:
    """Serve one contender: for each message it learns, and sends time steps a second."""
    import torch

    torch.set_num_threads(1)
    make, steps = CONTENDERS[name]
    run = make()
    connection.send(0.0)
    while connection.recv():
        start = time.perf_counter()
        learned = run(steps)
        connection.send(learned / (time.perf_counter() - start))


def measure(turns: int) -> dict[str, list[float]]:
    """Time steps a second of each contender, in each turn."""
    context = mp.get_context("spawn")
    ends = {}
    for name in CONTENDERS:
        mine, theirs = context.Pipe()
        context.Process(target=work, args=(theirs, name), daemon=True).start()
        mine.recv()
        ends[name] = mine
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for turn in range(-1, turns):  # the first one warms up
        for name, end in ends.items():
            end.send(True)
            rate = end.recv()
            if turn >= 0:
                rates[name].append(rate)
    for end in ends.values():
        end.send(False)
    return rates


def report(rates: dict[str, list[float]]) -> str:
    """Write everything as Markdown."""
    names = ("torch", "gymnasium", "numpy", "stable-baselines3", "sb3-contrib")
    theirs = median(rates["RecurrentPPO"])
    lines = [
        "# Speed with a memory",
        "",
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread each, "
        f"Python {platform.python_version()}; {', '.join(f'{n} {version(n)}' for n in names)}.",
        "Time steps learned from, through time, a second: medians of "
        f"{len(rates['RecurrentPPO'])} alternating turns.",
        "",
        "| contender | time steps a second | from | to | times as fast |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, found in rates.items():
        middle = median(found)
        numbers = f"{middle:,.0f} | {min(found):,.0f} | {max(found):,.0f} | {middle / theirs:.2f}"
        lines.append(f"| {name} | {numbers} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--turns", type=int, default=TURNS)
    options = parser.parse_args()
    text = report(measure(options.turns))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "recurrent.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
