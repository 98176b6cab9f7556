"""Checks for the exercises of chapter 15 and page 15a."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers, number
from ddpg_lib.chapters.ch15.gait import mean_phase, phases
from ddpg_lib.chapters.ch15.values import break_even
from ddpg_lib.chapters.ch15.walker import FALL, METER, STEPS_A_SECOND, TORQUE

RHO = 0.15
# 15.1: meters and points of a step; the steps that earn what a fall costs.
A_STEP = 2.4 / STEPS_A_SECOND
STEPS = -FALL / (METER * A_STEP - TORQUE)


def _footfalls() -> Iterator[tuple[Any, Any]]:
    """Yield two walks; in the second one the phases are scattered about 0."""
    rng = np.random.default_rng(15)
    first = np.cumsum(rng.integers(50, 80, 40))
    for lag in (0.3, 0.02):
        second = np.sort(first[:-1] + np.round((lag + 0.1 * rng.normal(size=39)) * np.diff(first)))
        yield first, second[(second >= first[0]) & (second < first[-1])]


def _on_circle(turns: float) -> tuple[float, float]:
    """Return a point, so that phases of 0.999 and 0 are close to each other."""
    return np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)


def _mean(first: Any, second: Any) -> float:
    return mean_phase(phases(first, second))[0]


def patient_discount(answer: Any) -> str:
    """15.2: the discount at which a fall 10 s ahead is just not worth the walk."""
    value = number(answer)
    if value is None or not 0 < value < 1:
        return "give one number between 0 and 1, the discount a step."
    steps = break_even(RHO, value)
    seconds = steps / STEPS_A_SECOND
    if abs(seconds - 10) <= 0.05:
        return ""
    if abs(steps - 10) <= 0.5:
        return "that is 10 steps; a second has 50."
    return (
        f"not yet: at {value:g} it is worth it from {seconds:.3g} s on. Search where that is 10 s."
    )


CHECKS: dict[int | str, Check] = {
    # 15.1: after how many meters a walk has earned what its fall will cost.
    1: Numbers(
        "give one number of meters.",
        right=STEPS * A_STEP,
        within=0.1,
        near=0.003,
        mistakes=[
            (-FALL / METER, "the torque on the way is missing."),
            (STEPS, "those are steps; how far does the walker come in them?"),
            (STEPS / STEPS_A_SECOND, "those are seconds."),
            (-FALL / (METER - TORQUE), "0.028 is paid in each step, not on each meter."),
            (-FALL / (METER + TORQUE / A_STEP), "torque is a cost."),
        ],
        hint="not yet. What does a meter bring, less its torque?",
    ),
    # 15a.1: the mean phase of the second leg, from the footfalls of both.
    "15a.1": Function(
        "give the function itself: mean_phase(first, second), of two arrays of steps.",
        cases=list(_footfalls()),
        right=lambda first, second: _on_circle(_mean(first, second)),
        within=6e-3,  # a thousandth of a turn, in radians
        run=lambda function, first, second: _on_circle(float(function(first, second))),
        mistakes=[
            (
                lambda first, second: _on_circle(-_mean(first, second)),
                "that is the first leg's phase in the second leg's stride, or the sign of the "
                "angle.",
            ),
            (
                lambda first, second: _on_circle(phases(first, second).mean()),
                "phases live on a circle: the mean of 0.95 and 0.05 is 0, not 0.5. See (15a.1).",
            ),
            (
                lambda first, second: _on_circle(2 * np.pi * _mean(first, second)),
                "that is in radians; one turn is 1.",
            ),
        ],
        hint="not yet. First each footfall's place in its own stride, then the mean on the circle.",
    ),
    2: patient_discount,
}
