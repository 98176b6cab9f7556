"""Checks for the exercises of chapter 19."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch19.comparing import divergence, updates_seen

# 19.2: the run that the exercise names.
STEPS, WARMUP, DELAY = 12_000, 2_000, 2
UPDATES = STEPS - WARMUP


def _cases() -> list[tuple[Any, ...]]:
    plain = [(52, 20, 50, 0)]
    ahead = [(21, 20, 50, 1), (22, 20, 50, 1), (51, 20, 50, 1), (52, 20, 50, 1), (80, 20, 50, 3)]
    return [*plain, *ahead, (102, 20, 50, 3), (5, 20, 50, 1)]


def _distances() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(19)
    return [(*rng.uniform(-1, 1, (2, k)), sigma) for k, sigma in ((1, 0.2), (2, 0.1), (4, 0.5))]


CHECKS: dict[int, Check] = {
    # 19.1: updates that the weights have seen, as (19.1).
    1: Function(
        "write a function seen(step, warmup, epoch, ahead).",
        cases=_cases(),
        right=updates_seen,
        mistakes=[
            (
                lambda step, warmup, epoch, ahead: max(step - 1 - warmup, 0),
                "that is a loader that does not look ahead.",
            ),
            (
                lambda step, warmup, epoch, ahead: max(
                    step - warmup - min(ahead, (step - 1) % epoch), 0
                ),
                "the update of a step comes after its action: one less.",
            ),
            (
                lambda step, warmup, epoch, ahead: max(step - 1 - warmup - ahead, 0),
                "an epoch's first items are asked for after all updates of the one before.",
            ),
            (
                lambda step, warmup, epoch, ahead: (
                    step - 1 - warmup - min(ahead, (step - 1) % epoch)
                ),
                "before the first update the number is 0, not negative.",
            ),
        ],
        hint=lambda given, right, *case: f"for {case} it is {right}, not {given}.",
    ),
    # 19.2: what global_step shows at the end of Pendulum's recipe with a delayed actor.
    2: Numbers(
        "give one whole number.",
        right=UPDATES + math.ceil(UPDATES / DELAY),
        within=0.5,
        near=1e-9,
        mistakes=[
            (2 * UPDATES, "the actor moves only at every second update."),
            (STEPS, "that is the number of steps in the environment."),
            (UPDATES, "that is the critic's optimizer alone."),
            (STEPS + STEPS // DELAY, "during the warm-up no optimizer moves."),
            (UPDATES + UPDATES // DELAY + 1, "10,000 is even: count the actor's steps again."),
        ],
        hint="not yet. Count the updates after the warm-up, then the steps of each optimizer.",
    ),
    # 19.3: the divergence of two exploring policies, as (19.2).
    3: Function(
        "write a function apart(mean, other, sigma).",
        cases=_distances(),
        right=divergence,
        mistakes=[
            (2.0, "nearly: there is a factor 1/2."),
            (lambda m, o, s: np.abs(m - o).sum() / (2 * s**2), "the distances are squared."),
            (lambda m, o, s: np.square(m - o).sum() / (2 * s), "sigma is squared as well."),
            (
                lambda m, o, s: np.square(m - o).mean() / (2 * s**2),
                "components add up: the noise on them is independent.",
            ),
        ],
        hint="not yet: insert the two densities into the definition; only the exponents differ.",
    ),
}
