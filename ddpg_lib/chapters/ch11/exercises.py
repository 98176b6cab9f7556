"""Checks for the exercises of chapter 11."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import number


def largest_step(answer: Any) -> str:
    """11.1: uncorrelated features of mean 0 and standard deviations 10, 1 and 0.1, no bias."""
    value = number(answer)
    if value is None:
        return "give one number, the step size at which convergence is lost."
    if math.isclose(value, 0.01, rel_tol=1e-6):
        return ""
    mistakes = {
        0.1: "the curvature is the variance, not the standard deviation.",
        0.02: "the loss is a square, not half a square: its gradient has a factor 2.",
        100.0: "that is set by the smallest curvature; the largest one diverges first.",
        1e4: "that is the condition number; the question is about the step size.",
    }
    for wrong, message in mistakes.items():
        if math.isclose(value, wrong, rel_tol=1e-6):
            return message
    return "not yet. What is C of (11.1), and what does (11.2) say about its largest eigenvalue?"


def updates(answer: Any) -> str:
    """11.2: updates to shrink the error to 1% at condition number 10,000 and the best step."""
    value = number(answer)
    if value is None:
        return "give one number of updates."
    right = math.log(0.01) / math.log(9_999 / 10_001)
    if abs(value - right) <= 1 + 2e-3 * right:
        return ""
    if math.isclose(value, right / 2, rel_tol=0.01):
        return "that is for an error of 10%: two factors of 10 are needed."
    if math.isclose(value, 2 * right, rel_tol=0.01):
        return "that is for the step 1/(2 lambda_max); the best one is nearly twice as long."
    if math.isclose(value, math.log(0.01) / math.log(99 / 101), rel_tol=0.02):
        return "that is for the condition number 100, the ratio of the standard deviations."
    return "not yet. Set the rate of (11.3) to the power k equal to 0.01 and solve for k."


class _Stream:
    """Made-up observations: a long way from zero, of unequal scales, in parts of unequal length."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.parts = [
            rng.normal(size=(n, 2)) * [1e-2, 50.0] + [1e4, 3.0] for n in (1, 1, 5, 40, 200)
        ]


def running(answer: Any) -> str:
    """11.3: a class with add(x) for one observation, and attributes mean and var."""
    if not callable(answer):
        return "give the class itself, with add(x), mean and var."
    rows = np.concatenate(_Stream(0).parts)
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


CHECKS: dict[int, Callable[[Any], str]] = {1: largest_step, 2: updates, 3: running}
