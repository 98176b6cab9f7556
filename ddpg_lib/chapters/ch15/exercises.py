"""Checks for the exercises of chapter 15."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import known, number
from ddpg_lib.chapters.ch15.gait import mean_phase, phases
from ddpg_lib.chapters.ch15.values import break_even
from ddpg_lib.chapters.ch15.walker import FALL, METER, STEPS_A_SECOND, TORQUE

SPEED, EFFORT, RHO = 2.4, 1.0, 0.15


def meters_for_a_fall(answer: Any) -> str:
    """15.1: after how many meters a walk has earned what its fall will cost."""
    value = number(answer)
    if value is None:
        return "give one number of meters."
    a_step = METER * SPEED / STEPS_A_SECOND - TORQUE * EFFORT
    right = -FALL / a_step * SPEED / STEPS_A_SECOND
    if abs(value - right) <= 0.1:
        return ""
    mistakes = [
        (-FALL / METER, "the torque on the way is missing."),
        (-FALL / a_step, "those are steps; how far does the walker come in them?"),
        (-FALL / a_step / STEPS_A_SECOND, "those are seconds."),
        (-FALL / (METER - TORQUE * EFFORT), "0.028 is paid in each step, not on each meter."),
        (-FALL / (METER + TORQUE * EFFORT * STEPS_A_SECOND / SPEED), "torque is a cost."),
    ]
    return known(value, mistakes, 0.003) or "not yet. What does a meter bring, less its torque?"


def own_mean_phase(answer: Any) -> str:
    """15.2: the mean phase of the second leg, from the footfalls of both."""
    if not callable(answer):
        return "give the function itself: mean_phase(first, second), of two arrays of steps."
    rng = np.random.default_rng(15)
    first = np.cumsum(rng.integers(50, 80, 40))
    found = []
    for lag in (0.3, 0.02):  # the second one is scattered about 0
        second = np.sort(first[:-1] + np.round((lag + 0.1 * rng.normal(size=39)) * np.diff(first)))
        second = second[(second >= first[0]) & (second < first[-1])]
        try:
            got = float(answer(first, second))
        except Exception as error:
            return f"it fails: {type(error).__name__}: {error}"
        right = mean_phase(phases(first, second))[0]
        found.append((got, right, phases(first, second)))

    def near(a: float, b: float) -> bool:
        return abs((a - b + 0.5) % 1 - 0.5) < 1e-3

    if all(near(got, right) for got, right, _ in found):
        return ""
    if all(near(got, -right) for got, right, _ in found):
        return "that is the first leg's phase in the second leg's stride, or the sign of the angle."
    if all(near(got, float(p.mean())) for got, _, p in found):
        return "phases live on a circle: the mean of 0.95 and 0.05 is 0, not 0.5. See (15.11)."
    if all(near(got, 2 * np.pi * right) for got, right, _ in found):
        return "that is in radians; one turn is 1."
    return "not yet. First each footfall's place in its own stride, then the mean on the circle."


def patient_discount(answer: Any) -> str:
    """15.3: the discount at which a fall 10 s ahead is just not worth the walk."""
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


CHECKS: dict[int, Callable[[Any], str]] = {
    1: meters_for_a_fall,
    2: own_mean_phase,
    3: patient_discount,
}
