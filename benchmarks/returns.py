"""DDPG, TD3 and SAC beside Stable-Baselines3: the returns of trained agents.

    python benchmarks/returns.py

Both libraries train eight agents of each on Pendulum-v1 for the same number of steps, with the same
networks, step sizes, noise and minibatches, and judge the final policies without noise on the same
100 starts. ``agreement.py`` compares single updates; this compares what many of them make. Writes
``data/after/public.csv`` of the library, which page 22a reads. A quarter of an hour on two cores.

Last layers begin as PyTorch's other layers do in Stable-Baselines3, and so they do here.
"""

from __future__ import annotations

import csv
from typing import Any

import gymnasium as gym
import numpy as np
import stable_baselines3 as sb3
import torch
from joblib import Parallel, delayed
from stable_baselines3.common.noise import NormalActionNoise

from ddpg_lib import Config, train
from ddpg_lib.agents.sac import SAC
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.ddpg import DDPG
from ddpg_lib.evaluation import evaluate_policy
from ddpg_lib.results.recorded import DATA
from ddpg_lib.results.reproduce import FINAL_SEED, STARTS, final_returns

ENV = "Pendulum-v1"
SEEDS = range(320, 328)
WIDTH = 64
CONFIG = Config(
    hidden=(WIDTH, WIDTH),
    final_init=WIDTH**-0.5,
    batch_size=64,
    buffer_size=12_000,
    warmup_steps=1_000,
    steps=12_000,
    eval_every=12_000,
    eval_episodes=1,
)
OURS: dict[str, tuple[type[DDPG], Config]] = {
    "DDPG": (DDPG, CONFIG),
    "TD3": (TD3, CONFIG.replace(policy_delay=2)),
    "SAC": (SAC, CONFIG),
}
OWN: dict[str, dict[str, Any]] = {
    "DDPG": {},
    "TD3": {"target_policy_noise": TD3.BLUR, "target_noise_clip": TD3.FARTHEST},
    "SAC": {"ent_coef": "auto"},
}


Row = tuple[str, str, int, float]  # library, algorithm, seed, mean return of the final policy


def ours(name: str) -> list[Row]:
    """Eight agents of this library, in a stack."""
    torch.set_num_threads(1)
    kind, config = OURS[name]
    agents = train(ENV, config, SEEDS, agent=kind, progress=False).agent
    means = final_returns(agents, ENV).mean(axis=1)
    return [("ddpg_lib", name, seed, float(x)) for seed, x in zip(SEEDS, means, strict=True)]


def theirs(name: str, seed: int) -> list[Row]:
    """One agent of Stable-Baselines3."""
    torch.set_num_threads(1)
    noise = NormalActionNoise(np.zeros(1), np.full(1, CONFIG.sigma))
    more = {} if name == "SAC" else {"action_noise": noise}
    model = getattr(sb3, name)(
        "MlpPolicy",
        gym.make(ENV),
        learning_rate=CONFIG.actor_lr,
        gamma=CONFIG.gamma,
        tau=CONFIG.tau,
        batch_size=CONFIG.batch_size,
        buffer_size=CONFIG.buffer_size,
        learning_starts=CONFIG.warmup_steps,
        train_freq=1,
        gradient_steps=1,
        policy_kwargs={"net_arch": list(CONFIG.hidden), "activation_fn": torch.nn.ReLU},
        device="cpu",
        seed=seed,
        **OWN[name],
        **more,
    )
    model.learn(CONFIG.steps)
    returns = evaluate_policy(
        lambda obs: model.predict(obs, deterministic=True)[0], ENV, STARTS, FINAL_SEED
    )
    return [("Stable-Baselines3", name, seed, float(returns.mean()))]


def main() -> None:
    """Train, judge, write."""
    assert CONFIG.actor_lr == CONFIG.critic_lr  # Stable-Baselines3 has one step size for both
    jobs = [delayed(ours)(name) for name in OURS]
    jobs += [delayed(theirs)(name, seed) for name in OURS for seed in SEEDS]
    rows = [row for rows in Parallel(n_jobs=-1, verbose=10)(jobs) for row in rows]
    folder = DATA / "after"
    folder.mkdir(exist_ok=True)
    with (folder / "public.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("library", "algorithm", "seed", "return"))
        writer.writerows((*row[:-1], f"{row[-1]:.3f}") for row in sorted(rows))
    for library, name in sorted({row[:2] for row in rows}):
        found = [row[-1] for row in rows if row[:2] == (library, name)]
        print(f"{library:18} {name:5} mean {np.mean(found):8.1f}  worst {np.min(found):8.1f}")


if __name__ == "__main__":
    main()
