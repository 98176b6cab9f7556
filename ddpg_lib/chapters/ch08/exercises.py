"""Checks for the exercises of chapter 8."""

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
# 8.4: a pendulum simulated at 50 and at 20 steps a second.
AT_50, AT_20 = Resonator.of_pendulum(PendulumModel(time_step=0.02)), Resonator.of_pendulum()


def estimate(answer: Callable[[Any], Any]) -> str:
    """8.3: (phi, std) from a record of actions less the policy's, a bias among them."""
    if not callable(answer):
        return "give a function of one array."
    rng = np.random.default_rng(8)
    for phi, bias in ((0.0, 0.0), (0.85, 0.0), (0.85, 0.5), (-0.5, 0.0)):
        process, n = AR1.with_std(0.3, phi), 40_000
        x = np.empty(n)
        x[0] = process.std * rng.standard_normal()
        for t, xi in enumerate(rng.standard_normal(n - 1)):
            x[t + 1] = phi * x[t] + process.scale * xi
        try:
            found = np.asarray(answer(x + bias), float).reshape(-1)
        except Exception as error:
            return f"it failed on an array of shape ({n},): {error}"
        if found.size != 2 or not np.isfinite(found).all():
            return "return two numbers, (phi, std)."
        where = f"for phi = {phi:g}, std = 0.3" + (f" and a bias of {bias:g}" if bias else "")
        got = f"{where} you got ({found[0]:.3f}, {found[1]:.3f})"
        if abs(found[1] - 0.3) < 0.03 and abs(found[0] - phi) < 0.03:
            continue
        if abs(found[1] - 0.09) < 0.01:
            return f"{got}: the second is a variance."
        if bias and abs(found[0] - phi) >= 0.03:
            return f"{got}: subtract the mean before you correlate."
        if bias:
            return f"{got}: the standard deviation is measured from the mean."
        if phi and abs(found[1] - process.scale) < 0.02:
            return f"{got}: the second is the kick s; the standard deviation is of x itself."
        if abs(found[0] - 1) < 1e-6:
            return f"{got}: correlate with the value one step later, not with itself."
        return f"{got}: correlate x[1:] with x[:-1]."
    return ""


CHECKS: dict[int, Check] = {
    # 8.1: standard deviation 200 steps after a reset, theta = 0.15, sigma = 0.2, dt = 0.01.
    1: Numbers(
        "give one number, a standard deviation.",
        right=math.sqrt(VARIANCE),
        within=1e-3,
        mistakes=[
            (VARIANCE, "that is the variance."),
            (
                SLOW.std,
                "that is where it settles; the reset was only 200 steps ago: use (8.4).",
            ),
            (FAST.std, "that is for a step of 1; here it is 0.01."),
            (
                math.sqrt(FAST.variance(2)),
                "200 steps of 0.01 are not 2 steps of 1; use (8.4).",
            ),
            (
                SIGMA * math.sqrt(1 - SLOW.phi**400) / math.sqrt(1 - SLOW.phi**2),
                "the kick is s = sigma sqrt(dt), not sigma.",
            ),
            (math.sqrt(SLOW.variance(100)), "the exponent in (8.4) is 2t, not t."),
        ],
        hint="not yet. Find phi and s by (8.3), then use (8.4).",
    ),
    # 8.2: sigma of an OU noise with dt = 1, theta = 0.15 that settles at 0.1.
    2: Numbers(
        "give one number, sigma.",
        right=AR1.with_std(0.1, 1 - THETA).scale,
        within=1e-4,
        near=1e-4,
        mistakes=[
            (
                0.1 * math.sqrt(2 * THETA),
                "nearly: that is for the continuous process. Use (8.5).",
            ),
            (0.1, "a noise with memory piles its kicks up: sigma 0.1 would settle at 0.19."),
            (
                0.1 / math.sqrt(1 - (1 - THETA) ** 2),
                "the other way round: the kick is the smaller one.",
            ),
            (0.1 * (1 - (1 - THETA) ** 2), "(8.5) is a variance: take the root."),
            (0.1 * THETA, "kicks add up as squares, not as numbers; use (8.5)."),
        ],
        hint="not yet. Solve (8.5) for sigma, with the left side 0.1**2.",
    ),
    3: estimate,
    # 8.4: the best theta, with dt = 1, for a pendulum that is simulated at 50 steps a second.
    4: Numbers(
        "give one number, theta.",
        right=1 - AT_50.best_phi,
        within=5e-4,
        mistakes=[
            (AT_50.best_phi, "that is phi; theta is what is forgotten, 1 - phi."),
            (1 - AT_20.best_phi, "that is for 20 steps a second, a time step of 0.05."),
            (AT_50.omega, "that is the angle of a step, omega; put it into (8.11)."),
            (0.15, "that is Lillicrap's; at 50 steps a second a swing has more steps."),
        ],
        hint="find omega from cos(omega) = 1 - 15 h**2 / 2 with h = 0.02, then use (8.11).",
    ),
}
