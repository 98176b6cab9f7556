"""Checks for the exercises of chapter 7."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from torch import nn

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.chapters.ch07.targets import ForgetfulDDPG
from ddpg_lib.ddpg import DDPG
from ddpg_lib.recipes import recipe
from ddpg_lib.worlds.pendulum import PendulumModel


class _Net(nn.Module):
    """Two layers, enough to share all or a part."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(3, 4), nn.Linear(4, 1)


def _pairs() -> list[tuple[str, _Net, _Net, bool]]:
    """Targets, online networks, and whether the target is an alias."""
    online = _Net()
    by_data, equal, part, loaded = (copy.deepcopy(online) for _ in range(4))
    for p, q in zip(by_data.parameters(), online.parameters(), strict=True):
        p.data = q.data
    part.body = online.body
    loaded.load_state_dict(_Net().state_dict())
    return [
        ("target = online", online, online, True),
        ("copy.copy(online)", copy.copy(online), online, True),
        ("p.data = q.data", by_data, online, True),
        ("a shared body", part, online, True),
        ("copy.deepcopy(online)", equal, online, False),
        ("load_state_dict", loaded, online, False),
    ]


def detector(answer: Any) -> str:
    """7.3: a function of (target, online) that finds shared weights."""
    if not callable(answer):
        return "give a function of (target, online)."
    for how, target, online, shared in _pairs():
        before = [p.detach().clone() for p in (*target.parameters(), *online.parameters())]
        try:
            found = bool(answer(target, online))
        except Exception as error:
            return f"it fails on {how}: {type(error).__name__}: {error}"
        after = (*target.parameters(), *online.parameters())
        if any((p - q).abs().max() > 0 for p, q in zip(before, after, strict=True)):
            return f"it changes the weights on {how}; put them back, or do not write."
        if found and not shared:
            hint = (
                "equal numbers are not shared memory" if how.endswith("(online)") else "look again"
            )
            return f"a target made by {how} has its own memory, and you report it; {hint}."
        if shared and not found:
            hints = {
                "p.data = q.data": "the tensors are two objects, their memory is one.",
                "a shared body": "a part of the network is enough.",
            }
            hint = hints.get(how, "compare the memory of the weights, not the networks.")
            return f"a target made by {how} is an alias, and you do not find it: {hint}"
    return ""


def _learner(tau: float, kind: type[DDPG] = DDPG) -> DDPG:
    """Two agents that have made 300 updates from random transitions of the pendulum."""
    config = recipe("pendulum", hidden=(32, 32), batch_size=32, tau=tau, lr_decay=False)
    agent, model = kind(3, [-2.0], [2.0], config, [0, 1]), PendulumModel()
    rng = np.random.default_rng(0)
    for _ in range(500):
        theta, theta_dot, torque = rng.uniform(-1, 1, (3, 2)) * [[np.pi], [8], [2]]
        after, speed, reward = model.step(theta, theta_dot, torque)
        obs = model.observation(theta, theta_dot)
        agent.remember(
            obs, torque[:, None], reward, model.observation(after, speed), np.zeros(2, bool)
        )
    for _ in range(300):
        agent.update()
    return agent


FAULTS = {"A": "exchanged", "B": "right", "C": "forgotten", "D": "no copies"}
VERDICTS = sorted(FAULTS.values())


def patients() -> dict[str, DDPG]:
    """Four small stacks that learn with tau = 0.01, or mean to; for exercise 7.4."""
    made = {
        "right": lambda: _learner(0.01),
        "exchanged": lambda: _learner(0.99),
        "no copies": lambda: _learner(1.0),
        "forgotten": lambda: _learner(0.01, ForgetfulDDPG),
    }
    return {letter: made[fault]() for letter, fault in FAULTS.items()}


def diagnosis(answer: Any) -> str:
    """7.4: which of the four stacks has which fault."""
    words = ", ".join(VERDICTS)
    if not isinstance(answer, dict) or set(answer) != set(FAULTS):
        return f"give a dictionary from A, B, C and D to one of: {words}."
    if unknown := [word for word in answer.values() if word not in VERDICTS]:
        return f"{unknown[0]!r} is no verdict; these are: {words}."
    wrong = sorted(letter for letter, fault in FAULTS.items() if answer[letter] != fault)
    if not wrong:
        return ""
    fast = {"no copies", "exchanged"}
    for letter in wrong:
        said, is_so = answer[letter], FAULTS[letter]
        if {said, is_so} == fast:
            return f"{letter}: both follow at once. Is the distance small, or is it 0?"
        if {said, is_so} == {"right", "forgotten"}:
            return f"{letter}: both lag behind. How many rewards do the targets hold?"
    return f"not yet: {', '.join(wrong)}. How many steps does each target lag behind?"


# 7.2
TAU_30 = (1 - (1 - 30 * 0.01) ** (1 / 10_000)) / 0.01

# 7a.1
H, KAPPA = 1.5, -0.99
LARGEST_TAU = (2 - H) / (1 - H * (1 + KAPPA) / 2)

CHECKS: dict[int | str, Check] = {
    # 7.1: growth an update for x = 1 and 3, only 1 -> 2 sampled, gamma 0.9, eta 0.1.
    1: Numbers(
        "give one number, the factor of one update.",
        right=1.34,
        within=1e-6,
        near=1e-6,
        mistakes=[
            (1 + 0.1 * (2.7 - 1), "the loss is a square: its gradient has a factor 2."),
            (1 + 0.2 * 2.7, "the critic's own value pulls back: subtract C."),
            (1 - 0.2 * (2.7 - 1), "mind the sign: the update goes toward the target."),
            (1 + 0.2 * (3 - 1), "the next value is discounted."),
            (
                1 + 0.2 * (2.7 - 9),
                "C holds the features of the states that are corrected, here state 1.",
            ),
            (
                2.7,
                "that is the loop gain kappa; one update covers a fraction h of the way.",
            ),
            (0.34, "that is the relative change; the factor is 1 more."),
        ],
        hint="not yet. What are C and B of (7.2), if each transition has x = 1 and x' = 3?",
    ),
    # 7a.2: the hard update's period with the mean lag of tau = 0.02.
    "7a.2": Numbers(
        "give one number, the period K.",
        right=99,
        within=1e-6,
        near=0.01,
        mistakes=[
            (
                50,
                "50 updates is the lag. A copy of period 50 is between 1 and 50 updates old, so "
                "it is younger than that on average.",
            ),
            (
                lambda k: math.isclose(k, 100, abs_tol=1e-6),
                "nearly. The ages are 1, 2, ..., K, whose mean is (K + 1)/2.",
            ),
            (
                math.log(0.5) / math.log(0.98),
                "that is the half-life of a soft target; the question is about the mean.",
            ),
        ],
        hint="not yet. Set (K + 1)/2 equal to 1/tau.",
    ),
    # 7.2: the slowest tau with which targets know of 30 rewards after 10,000 updates.
    2: Numbers(
        "give one number, tau.",
        right=TAU_30,
        within=5e-6,
        near=1e-6,
        mistakes=[
            (
                0.003,
                "that is what the bound tau k gives. It is an upper bound: solve the equality.",
            ),
            (1 / 30, "that is the inverse of the number of rewards; how long is the run?"),
            (lambda tau: tau <= 0 or tau > 1, "tau lies between 0 and 1."),
        ],
        hint="not yet. Set the middle of (7.10) equal to 30 and solve for tau.",
    ),
    3: detector,
    4: diagnosis,
    # 7a.1: the largest tau at which the swap with h = 1.5 and kappa = -0.99 converges.
    "7a.1": Numbers(
        "give one number, tau.",
        right=LARGEST_TAU,
        within=1e-3,
        near=2e-3,
        mistakes=[
            (lambda tau: tau <= 0, "kappa is negative: 1 + kappa is 0.01."),
            (0.5, "close: that holds for kappa = -1. Keep the term with 1 + kappa."),
            (1 / LARGEST_TAU, "that is the lag 1/tau."),
        ],
        hint="not yet. Make (7a.5) an equation and solve it for tau.",
    ),
    # 7b.1: the loop gain of one transition with x = (2, 1) and x' = (2, 3).
    "7b.1": Numbers(
        "give one number, the loop gain.",
        right=0.99 * 7 / 5,
        within=1e-3,
        mistakes=[
            (7 / 5, "nearly. The target holds the next value times gamma."),
            (0.99 * 7, "divide by the value's own change, x with itself."),
            (0.99 * 7 / 13, "divide by x with itself, not by x' with itself."),
            (0.99 * 7 / math.sqrt(5 * 13), "that is gamma times a cosine; lengths count here."),
            (0.99 * 5 / 7, "that is upside down: the target's change over the value's."),
        ],
        hint="not yet. Take the product of x and x', over that of x with itself, times gamma.",
    ),
}
