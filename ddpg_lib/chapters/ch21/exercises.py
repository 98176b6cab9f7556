"""Checks for the exercises of chapter 21."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch21.importance import explained
from ddpg_lib.chapters.ch21.scheduling import best_interval

# 21.3: cells, seconds of each, workers.
CELLS, SECONDS, WORKERS = 10_000, 30, 64
# 21.2: seconds of a checkpoint, hours between a worker's failures.
COST, HOURS = 2, 1


def _designs() -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(21)
    return [(rng.normal(size=40) + k * (np.arange(40) % 4), np.arange(40) % 4) for k in range(3)]


def _plain(score: Any, group: Any) -> float:
    means = np.array([score[group == k].mean() for k in group])
    return float(means.var() / score.var())


CHECKS: dict[int, Check] = {
    # 21.1: the estimate (21.2).
    1: Function(
        "write a function share(score, group).",
        cases=_designs(),
        right=explained,
        mistakes=[
            (
                _plain,
                "nearly: that is the plain share between groups, which chance makes positive.",
            ),
            (
                lambda score, group: 1 - explained(score, group),
                "that is what the hyperparameter does not explain.",
            ),
        ],
        hint="not yet: the sums of squares in all, within groups, and what chance alone gives.",
    ),
    # 21.2: minutes between checkpoints.
    2: Numbers(
        "give one number of minutes.",
        right=best_interval(COST, 1 / (HOURS * 3600)) / 60,
        within=0.02,
        near=1e-3,
        mistakes=[
            (best_interval(COST, 1 / (HOURS * 3600)), "that is in seconds."),
            (math.sqrt(COST * HOURS * 3600) / 60, "nearly: there is a factor of 2 below the root."),
            (math.sqrt(2 * COST * HOURS) / 60, "the failures' rate is a second, not an hour."),
        ],
        hint="not yet: (21.6), with one failure an hour.",
    ),
    # 21.3: the least time of a sweep in hours.
    3: Numbers(
        "give one number of hours.",
        right=CELLS * SECONDS / WORKERS / 3600,
        within=0.01,
        near=1e-3,
        mistakes=[
            (CELLS * SECONDS / 3600, "that is one worker's time."),
            (CELLS * SECONDS / WORKERS, "that is in seconds."),
            (CELLS * SECONDS / WORKERS / 60, "that is in minutes."),
        ],
        hint="not yet: the work of all cells, shared by the workers.",
    ),
}
