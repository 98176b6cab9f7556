"""Checks for the exercises of chapter 11."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers

UPDATES = math.log(0.01) / math.log(9_999 / 10_001)  # 11.2


def running(answer: Any) -> str:
    """11.3: a class with add(x) for one observation, and attributes mean and var."""
    if not callable(answer):
        return "give the class itself, with add(x), mean and var."
    # A long way from zero, and of unequal scales.
    rows = np.random.default_rng(0).normal(size=(247, 2)) * [1e-2, 50.0] + [1e4, 3.0]
    try:
        statistics = answer()
        for row in rows:
            statistics.add(row.copy())
        mean, var = np.asarray(statistics.mean, float), np.asarray(statistics.var, float)
    except Exception as error:
        return f"it fails: {type(error).__name__}: {error}"
    if mean.shape != (2,) or var.shape != (2,):
        return (
            f"mean and var must have the observation's shape (2,); got {mean.shape}, {var.shape}."
        )
    if not np.allclose(mean, rows.mean(axis=0), rtol=1e-9):
        return "the mean is not that of all observations. Does each one get the weight 1/n?"
    right = rows.var(axis=0)
    if np.allclose(var, right, rtol=1e-4):
        return ""
    n = len(rows)
    if np.allclose(var, right * n / (n - 1), rtol=1e-4):
        return "nearly: divide by n, as (11.6) does, not by n - 1."
    if np.allclose(var, right * n, rtol=1e-4):
        return "that is the sum of squares; divide it by n."
    if np.allclose(var[1], right[1], rtol=1e-4):
        return (
            "the second component is right; the first lies 10,000 from zero, and its variance is "
            "lost in rounding. Do not subtract the square of the mean from the mean square."
        )
    return "the variance is not that of all observations. The mean moves while you sum: see (11.6)."


CHECKS: dict[int, Check] = {
    # 11.1: uncorrelated features of mean 0 and standard deviations 10, 1 and 0.1, no bias.
    1: Numbers(
        "give one number, the step size at which convergence is lost.",
        right=0.01,
        within=1e-8,
        near=1e-6,
        mistakes=[
            (0.1, "the curvature is the variance, not the standard deviation."),
            (0.02, "the loss is a square, not half a square: its gradient has a factor 2."),
            (100, "that is set by the smallest curvature; the largest one diverges first."),
            (1e4, "that is the condition number; the question is about the step size."),
        ],
        hint="not yet. What is C of (11.1), and what does (11.2) say about its largest eigenvalue?",
    ),
    # 11.2: updates to shrink the error to 1% at condition number 10,000 and the best step.
    2: Numbers(
        "give one number of updates.",
        right=UPDATES,
        within=1 + 2e-3 * UPDATES,
        near=0.01,
        mistakes=[
            (UPDATES / 2, "that is for an error of 10%: two factors of 10 are needed."),
            (
                2 * UPDATES,
                "that is for the step 1/(2 lambda_max); the best one is nearly twice as long.",
            ),
            (
                math.log(0.01) / math.log(99 / 101),
                "that is for the condition number 100, the ratio of the standard deviations.",
            ),
        ],
        hint="not yet. Set the rate of (11.3) to the power k equal to 0.01 and solve for k.",
    ),
    3: running,
}
