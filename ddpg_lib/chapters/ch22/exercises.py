"""Checks for the exercises of chapter 22 and page 22a."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch22.comparing import fall_pays_after, smaller_of_two

# 22.1: deviation and correlation of two critics' errors.
SIGMA, RHO = 10, 0.9
# 22.3: steps, warm-up, the last and the asked deviation.
STEPS, WARMUP, LAST, ASKED = 24_000, 2_000, 0.2, 0.5
# 22a.1: the hopper's speed in m/s, and the discount.
SPEED, GAMMA = 2, 0.99


def _gaussian(u: Any, m: Any, log_std: Any) -> Any:
    z = (u - m) / np.exp(log_std)
    return -0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi)


def log_density(u: Any, m: Any, log_std: Any) -> Any:
    """Logarithm of the density of tanh(u), where u is normal; arrays of one shape."""
    return _gaussian(u, m, log_std) - 2 * (math.log(2) - u - np.logaddexp(0, -2 * u))


def _cases() -> list[tuple[Any, Any, Any]]:
    rng = np.random.default_rng(22)
    return [(rng.normal(size=5), rng.normal(size=5), rng.uniform(-2, 0, 5)) for _ in range(3)]


_SHARE = (1 - ASKED) / (1 - LAST)  # of the fall

CHECKS: dict[int | str, Check] = {
    # 22.1: (22.2), as a positive number.
    1: Numbers(
        "give one number.",
        right=-smaller_of_two(SIGMA, RHO),
        within=0.05,
        mistakes=[
            (smaller_of_two(SIGMA, RHO), "right in size: say by how much it is too low."),
            (-smaller_of_two(SIGMA, 0), "that is for independent errors."),
            (-smaller_of_two(SIGMA, RHO) * math.sqrt(2), "nearly: half of the distance counts."),
            (SIGMA * (1 - RHO) / math.sqrt(math.pi), "nearly: there is a root over 1 - rho too."),
        ],
        hint="not yet: (22.2).",
    ),
    # 22.2: (22.4) for one component.
    2: Function(
        "write a function log_density(u, m, log_std).",
        cases=_cases(),
        right=log_density,
        mistakes=[
            (_gaussian, "that is the density of u: what does tanh do to it?"),
            (
                lambda u, m, s: _gaussian(u, m, s) + np.log(1 - np.tanh(u) ** 2),
                "nearly: where tanh is flat, actions lie closer together, not further apart.",
            ),
            (
                lambda u, m, s: _gaussian(u, m, np.exp(s)) - np.log(1 - np.tanh(u) ** 2),
                "nearly: log_std is a logarithm already.",
            ),
        ],
        shape="it should return an array of the inputs' shape.",
        hint="not yet: the Gaussian's logarithm, less that of the slope of tanh.",
    ),
    # 22.3: the step in which the noise has fallen so far.
    3: Numbers(
        "give one number of steps.",
        right=WARMUP + _SHARE / 2 * (STEPS - WARMUP),
        within=2,
        near=1e-4,
        mistakes=[
            (_SHARE / 2 * (STEPS - WARMUP), "that counts updates: the warm-up comes before."),
            (WARMUP + _SHARE * (STEPS - WARMUP), "the noise falls over half of the updates."),
            (_SHARE / 2 * STEPS, "the warm-up has no updates."),
        ],
        hint="not yet: solve (22.9) for u, and add the warm-up.",
    ),
    # 22a.1: (22a.1).
    "22a.1": Numbers(
        "give one number of steps.",
        right=fall_pays_after(SPEED, GAMMA),
        within=1,
        mistakes=[
            (
                math.log(1 / (1 + SPEED)) / math.log(GAMMA),
                "that is when only a third of all is left: how much does standing leave?",
            ),
            (1 / (1 - GAMMA) / (1 + SPEED), "that is without the discount."),
            (fall_pays_after(SPEED, GAMMA) * 0.008, "in steps, not in seconds."),
        ],
        hint="not yet: (22a.1).",
    ),
}
