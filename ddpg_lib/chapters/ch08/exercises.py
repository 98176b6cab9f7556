"""Checks for the exercises of chapter 8 and of its deeper pages."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.chapters.ch08.processes import AR1
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.worlds.pendulum.model import PendulumModel

THETA, SIGMA = 0.15, 0.2
SLOW, FAST = (AR1.ornstein_uhlenbeck(SIGMA, THETA, dt) for dt in (0.01, 1.0))
VARIANCE = SLOW.variance(200)  # 8.1: 200 steps after a reset
# 8a.1: a pendulum simulated at 50 and at 20 steps a second.
AT_50, AT_20 = Resonator.of_pendulum(PendulumModel(time_step=0.02)), Resonator.of_pendulum()
CAR = Resonator.of_mountain_car()
BEST, LILLICRAP = AR1.with_std(0.5, CAR.best_m), AR1.with_std(0.5, 0.85)
GAIN = float(BEST.spectrum(CAR.omega) / LILLICRAP.spectrum(CAR.omega))  # 8a.2
# 8b.1: kicks of 0.2 times a uniform number in [0, 1), which has mean 1/2 and variance 1/12.
LEANING = (SIGMA / 2 / THETA, AR1(1 - THETA, SIGMA / math.sqrt(12)).std)

FLAT_CURVES = {  # 8.4: rewards stored, std and memory of the noise, critics that know better
    "A": (0, 0.012, 0.86, None),
    "B": (37, 0.51, 0.84, 1.00),
    "C": (0, 0.49, 0.02, None),
    "D": (212, 0.50, 0.85, 0.09),
}
"""Four runs that ended at the return of doing nothing, for exercise 8.4."""
CAUSES = {"A": "units", "B": "actor", "C": "memory", "D": "critic"}


def estimate(answer: Callable[[Any], Any]) -> str:
    """8.3: (m, std) from a record of actions less the policy's, a bias among them."""
    if not callable(answer):
        return "give a function of one array."
    rng = np.random.default_rng(8)
    for m, bias in ((0.0, 0.0), (0.85, 0.0), (0.85, 0.5), (-0.5, 0.0)):
        process, n = AR1.with_std(0.3, m), 40_000
        x = np.empty(n)
        x[0] = process.std * rng.standard_normal()
        for t, xi in enumerate(rng.standard_normal(n - 1)):
            x[t + 1] = m * x[t] + process.b * xi
        try:
            found = np.asarray(answer(x + bias), float).reshape(-1)
        except Exception as error:
            return f"it failed on an array of shape ({n},): {error}"
        if found.size != 2 or not np.isfinite(found).all():
            return "return two numbers, (m, std)."
        where = f"for m = {m:g}, std = 0.3" + (f" and a bias of {bias:g}" if bias else "")
        got = f"{where} you got ({found[0]:.3f}, {found[1]:.3f})"
        if abs(found[1] - 0.3) < 0.03 and abs(found[0] - m) < 0.03:
            continue
        if abs(found[1] - 0.09) < 0.01:
            return f"{got}: the second is a variance."
        if bias and abs(found[0] - m) >= 0.03:
            return f"{got}: subtract the mean before you correlate."
        if bias:
            return f"{got}: the standard deviation is measured from the mean."
        if m and abs(found[1] - process.b) < 0.02:
            return f"{got}: the second is the blow b; the standard deviation is of x itself."
        if abs(found[0] - 1) < 1e-6:
            return f"{got}: correlate with the value one step later, not with itself."
        return f"{got}: correlate x[1:] with x[:-1]."
    return ""


def diagnose(answer: Any) -> str:
    """8.4: which of five causes keeps each of four runs flat."""
    try:
        given = {str(run): str(cause).strip().lower() for run, cause in dict(answer).items()}
    except (TypeError, ValueError):
        given = {}
    words = "units, memory, noise, actor or critic"
    if set(given) != set(CAUSES):
        return f"give a dictionary with the keys A, B, C and D; each value is one of {words}."
    for run, right in CAUSES.items():
        stored, std, m, knows = FLAT_CURVES[run]
        if given[run] == right:
            continue
        if given[run] not in {"units", "memory", "noise", "actor", "critic"}:
            return f"{run}: {given[run]!r} is none of {words}."
        if stored == 0 and given[run] in {"actor", "critic"}:
            return f"{run}: no reward was ever stored; nobody can learn what is not there."
        if stored and given[run] in {"units", "memory", "noise"}:
            return f"{run}: {stored} rewards are stored; noise has done its part."
        if right == "units":
            return f"{run}: 0.5 was asked for; compare that with the standard deviation {std:g}."
        if right == "memory":
            return f"{run}: 0.85 was asked for; compare that with the memory {m:g}."
        return f"{run}: at {knows:.0%} of the rewards the critic knows better; what does that mean?"
    return ""


CHECKS: dict[int | str, Check] = {
    # 8.1: standard deviation 200 steps after a reset, theta = 0.15, sigma = 0.2, dt = 0.01.
    1: Numbers(
        "give one number, a standard deviation.",
        right=math.sqrt(VARIANCE),
        within=1e-3,
        mistakes=[
            (VARIANCE, "that is the variance."),
            (
                SLOW.std,
                "that is where it settles; the reset was only 200 steps ago: use (8.2).",
            ),
            (FAST.std, "that is for a step of 1; here it is 0.01."),
            (
                math.sqrt(FAST.variance(2)),
                "200 steps of 0.01 are not 2 steps of 1; use (8.2).",
            ),
            (
                SIGMA * math.sqrt(1 - SLOW.m**400) / math.sqrt(1 - SLOW.m**2),
                "the blow is b = sigma sqrt(dt), not sigma.",
            ),
            (math.sqrt(SLOW.variance(100)), "the exponent in (8.2) is 2t, not t."),
        ],
        hint="not yet. Find m and b by (8.1), then use (8.2).",
    ),
    # 8.2: sigma of an OU noise with dt = 1, theta = 0.15 that settles at 0.1.
    2: Numbers(
        "give one number, sigma.",
        right=AR1.with_std(0.1, 1 - THETA).b,
        within=1e-4,
        near=1e-4,
        mistakes=[
            (
                0.1 * math.sqrt(2 * THETA),
                "nearly: that is for the continuous process. Use (8.3).",
            ),
            (0.1, "a noise with memory piles its blows up: sigma 0.1 would settle at 0.19."),
            (
                0.1 / math.sqrt(1 - (1 - THETA) ** 2),
                "the other way round: the blow is the smaller one.",
            ),
            (0.1 * (1 - (1 - THETA) ** 2), "(8.3) is a variance: take the root."),
            (0.1 * THETA, "blows add up as squares, not as numbers; use (8.3)."),
        ],
        hint="not yet. Solve (8.3) for sigma, with the left side 0.1**2.",
    ),
    3: estimate,
    4: diagnose,
    # 8a.1: the best theta, with dt = 1, for a pendulum that is simulated at 50 steps a second.
    "8a.1": Numbers(
        "give one number, theta.",
        right=1 - AT_50.best_m,
        within=5e-4,
        mistakes=[
            (AT_50.best_m, "that is m; theta is what is forgotten, 1 - m."),
            (1 - AT_20.best_m, "that is for 20 steps a second, a time step of 0.05."),
            (AT_50.omega, "that is the angle of a step, omega; put it into (8a.7)."),
            (0.15, "that is Lillicrap's; at 50 steps a second a swing has more steps."),
        ],
        hint="find omega from cos(omega) = 1 - 15 h**2 / 2 with h = 0.02, then use (8a.7).",
    ),
    # 8a.2: power of the car's best memory over that of m = 0.85, both of the same strength.
    "8a.2": Numbers(
        "give one number, a ratio of two powers.",
        right=GAIN,
        within=5e-3,
        mistakes=[
            (1 / GAIN, "the other way round: the best has more."),
            (1 / math.sin(CAR.omega), "that is the best memory against white noise, (8a.7)."),
            (
                float(
                    AR1(CAR.best_m, 1.0).spectrum(CAR.omega) / AR1(0.85, 1.0).spectrum(CAR.omega)
                ),
                "at equal standard deviation the blows b differ: b**2 = std**2 (1 - m**2).",
            ),
        ],
        hint="find omega from cos(omega) = 1 - 0.00375, m from (8a.7), then use (8a.6) twice.",
    ),
    # 8b.1: mean and standard deviation of a walk whose kicks are uniform in [0, 1).
    "8b.1": Numbers(
        "give two numbers, (mean, standard deviation).",
        right=LEANING,
        within=2e-3,
        mistakes=[
            (lambda v: abs(v[0]) < 1e-6, "its kicks are never negative: their mean is not 0."),
            (lambda v: abs(v[0] - SIGMA / 2) < 1e-3, "that is the mean of one kick; they pile up."),
            (
                lambda v: abs(v[0] - LEANING[0]) < 2e-3 and abs(v[1] - FAST.std) < 2e-3,
                "the mean is right; a uniform number has variance 1/12, not 1.",
            ),
            (
                lambda v: abs(v[0] - LEANING[0]) < 2e-3 and abs(v[1] - LEANING[1] ** 2) < 2e-3,
                "the second is a variance.",
            ),
        ],
        hint="settled, the mean obeys mean = 0.85 mean + 0.2 / 2; the variance is that of (8.3).",
    ),
    # 8b.2: what sigma a noise of 0.1 in scaled units has where the bounds are -0.4 and 0.4.
    "8b.2": Numbers(
        "give one number, a standard deviation.",
        right=0.04,
        within=1e-6,
        mistakes=[
            (0.1, "that would be a quarter of the way to the bound."),
            (0.25, "the other way round: multiply by half the range."),
            (0.08, "half the range is 0.4, not 0.8."),
        ],
        hint="scaled by (8.5), it must be 0.1.",
    ),
}
