"""Checks for the exercises of chapter 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.chapters.ch00.witness import judge
from ddpg_lib.maths.stats import iqm

RETURNS = np.array([-148.0, -153.0, -149.0, -1190.0, -147.0, -160.0, -880.0, -150.0])
FAILED = -300.0


def loop(answer: Any) -> str:
    """0.4: the reader's program against Algorithm 1, in a small world that takes notes."""
    if not callable(answer):
        return "give the function my_ddpg(env, actor, critic, replay, c)."
    return judge(answer)


CHECKS: dict[int, Check] = {
    # 0.1: y for r = -2, gamma = 0.98, Q' = -30, at a truncated episode's end.
    1: Numbers(
        "give one number, y.",
        right=-31.4,
        within=1e-6,
        near=1e-6,
        mistakes=[
            (
                -2,
                "that is the target of a terminal state; a time limit ends the episode, not the "
                "world.",
            ),
            (-32, "the next value is one step away: discount it."),
            (-31.36, "only the next value is discounted, not the reward of this step."),
        ],
        hint="not yet. Write (0.2) with r = -2, d = 0 and the next value -30.",
    ),
    # 0.2: updates until a soft target has covered half of the distance at tau = 0.005.
    2: Numbers(
        "give one number of updates.",
        right=math.log(0.5) / math.log1p(-0.005),
        within=1,
        mistakes=[
            (200, "1/tau is the time constant: after it 63% is covered, not half."),
            (100, "the steps get smaller as the gap closes, so 0.5/tau is too few."),
        ],
        hint="not yet. What fraction of the gap is left after one update, and after n?",
    ),
    # 0.3: interquartile mean, mean and failures of eight returns.
    3: Numbers(
        "give three numbers: the interquartile mean, the mean, and the number of failures.",
        right=[float(iqm(RETURNS)), float(RETURNS.mean()), float((RETURNS < FAILED).sum())],
        within=0.01,
        mistakes=[
            (
                lambda x: abs(x[0] - np.median(RETURNS)) < 0.01,
                "the first number is the median: it looks at the two middle agents, the "
                "interquartile mean at the middle four.",
            ),
            (
                lambda x: abs(x[0] - np.sort(RETURNS)[2:].mean()) < 0.01,
                "leave out the two best as well as the two worst.",
            ),
            (
                lambda x: abs(x[0] - np.sort(RETURNS)[1:-1].mean()) < 0.01,
                "a quarter of eight is two agents at each end, not one.",
            ),
            (lambda x: x[2] != 2, "count the agents whose return is below -300."),
        ],
        hint="not yet. Sort the eight, leave out two at each end, and average the other four.",
    ),
    4: loop,
}
