"""Checks for the exercises of chapter 9."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.replay import Batch
from ddpg_lib.recipes import recipe


def update(answer: Callable[[DDPG, Batch], Any]) -> str:
    """9.2: the reader's update against the library's, from the same weights and minibatch."""
    agent = DDPG(3, [-2.0], [2.0], recipe("pendulum", final_init=0.5, gamma=0.9, tau=0.1), (0, 1))
    rng = np.random.default_rng(0)
    for _ in range(40):
        obs, next_obs = rng.normal(size=(2, 2, 3))
        action, reward = rng.uniform(-2, 2, (2, 1)), rng.normal(size=2) - 5
        agent.remember(obs, action, reward, next_obs, rng.random(2) < 0.3)
    for _ in range(3):  # so that online and target networks differ
        agent.update()
    mine = copy.deepcopy(agent)
    batch = copy.deepcopy(agent.replay).sample(agent.config.batch_size)
    start = copy.deepcopy(agent)
    agent.update()
    answer(mine, batch)

    def moved(name: str, like: DDPG) -> bool:
        ours, theirs = (getattr(x, name).parameters() for x in (mine, like))
        return any((p - q).abs().max() > 1e-6 for p, q in zip(ours, theirs, strict=True))

    hints = {
        "critic": "does y use the target networks, (1 - d) and gamma, under torch.no_grad()?",
        "actor": "it should ascend the updated critic's value of its own actions: mind the sign.",
        "critic_target": "it moves a fraction tau towards the online critic, after its step.",
        "actor_target": "it moves a fraction tau towards the online actor, after its step.",
    }
    for name, hint in hints.items():
        if not moved(name, start):
            return f"the weights of {name} did not change."
        if moved(name, agent):
            return f"the weights of {name} differ from the library's; {hint}"
    return ""


CHECKS: dict[int, Check] = {
    # 9.1: the factor by which a mean over eight agents changes each gradient.
    1: Numbers(
        "give one number, the factor.",
        right=1 / 8,
        within=1e-9,
        near=1e-6,
        mistakes=[
            (8, "the other way round: a mean divides what a sum adds up."),
            (1, "that is the sum. A mean is the sum divided by the number of agents."),
            (1 / 64, "the minibatch is averaged either way; only the agents count here."),
        ],
        hint="not yet. A mean over eight agents is their sum times which number?",
    ),
    2: update,
    # 9.4: no failure among eight agents that each fail with 1/8, and agents for 95%.
    4: Numbers(
        "give two numbers: a probability, and a number of agents.",
        right=[(7 / 8) ** 8, 23],
        within=0.005,
        mistakes=[
            (lambda x: abs(x[0] - (1 - (7 / 8) ** 8)) < 0.005, "that is one failure or more."),
            (lambda x: x[0] == 0, "one in eight is a mean: eight agents may well have luck."),
            (
                lambda x: x[1] == 22 or 22 < x[1] < 23,
                "22 agents fall just short of 95%: take the next whole number.",
            ),
            (lambda x: x[1] == 8, "with eight agents the probability is only 1 - (7/8)^8."),
        ],
        hint="not yet. All n agents succeed with probability (7/8)^n.",
    ),
}
