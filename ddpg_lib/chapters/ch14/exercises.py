"""Checks for the exercises of chapter 14."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers, number
from ddpg_lib.chapters.ch14.lander import (
    END,
    FUEL,
    REST_STEPS,
    hover_throttle,
    potential,
    reward,
    still,
)

HOVER_COST = FUEL[0] * hover_throttle()


def _steps() -> tuple[Any, Any, Any]:
    """Made-up steps in the range of real ones; all kinds of throttles and contacts."""
    rng = np.random.default_rng(14)
    obs, after = rng.uniform(-0.9, 0.9, (2, 60, 8))
    obs[:, 6:], after[:, 6:] = rng.integers(0, 2, (2, 60, 2))
    return obs, rng.uniform(-1, 1, (60, 2)), after


def _step_by_step(function: Callable[..., Any], *steps: Any) -> list[float]:
    return [float(function(*step)) for step in zip(*steps, strict=True)]


def _change(obs: Any, action: Any, after: Any) -> Any:
    return potential(after) - potential(obs)


def _legs(obs: Any, after: Any) -> Any:
    return 10 * (after - obs)[:, 6:].sum(axis=1)


def loudest_rest(answer: Any) -> str:
    """14.3: the sigma at which half a second of stillness has probability 1/2 at (-1, 0)."""
    value = number(answer)
    if value is None or value <= 0:
        return "give one positive number, the noise's standard deviation."
    chance = still(-1.0, 0.0, value) ** REST_STEPS
    if abs(chance - 0.5) <= 0.01:
        return ""
    once = still(-1.0, 0.0, value)
    if abs(once - 0.5) <= 0.01:
        return "in one step, yes; all 25 must be still."
    one_sided = (0.5 * math.erfc(-0.5 / (value * math.sqrt(2)))) ** REST_STEPS
    if abs(one_sided - 0.5) <= 0.01:
        return "nearly: the side engines fire on both sides, above 1/2 and below -1/2."
    return f"not yet: at {value:g} the probability is {chance:.3g}. Search where it crosses 1/2."


CHECKS: dict[int, Check] = {
    # 14.1: after how many steps of hovering the fuel has cost as much as coming to rest gains.
    1: Numbers(
        "give one number of steps.",
        right=END / HOVER_COST,
        within=2,
        near=0.01,
        mistakes=[
            (END / FUEL[0], "that is at full throttle; to hover, the engine needs less."),
            (2 * END / FUEL[0], "that is at half throttle, too little to hover; see (14.5)."),
            (END / (FUEL[1] * hover_throttle()), "0.03 is the price of the side engines."),
            (END / hover_throttle(), "a step at full throttle costs 0.3 points, not 1."),
            (HOVER_COST, "that is the cost of one step."),
            (
                2 * END / HOVER_COST,
                "coming to rest gains 100. Not crashing is not counted here.",
            ),
        ],
        hint="not yet. What does one step of hovering cost?",
    ),
    # 14.2: a function of s, a and s' that gives the reward of a step within an episode.
    2: Function(
        "give the function itself: reward(obs, action, next_obs), for one step.",
        cases=[_steps()],
        right=reward,
        run=_step_by_step,
        mistakes=[
            (-1, "the sign is the wrong way round: nearer, slower and upright is better."),
            (_change, "the fuel is missing."),
            (lambda s, a, s2: 2 * _change(s, a, s2) - reward(s, a, s2), "fuel is a cost."),
            (
                lambda s, a, s2: (
                    _change(s, a, s2) - np.maximum(a[:, 0], 0) * FUEL[0] - np.abs(a[:, 1]) * FUEL[1]
                ),
                "the fuel is paid by throttle, not by action: see (14.1).",
            ),
            (
                lambda s, a, s2: reward(s, a, s2) + potential(s),
                "only the change of the potential is paid, not the potential.",
            ),
            (lambda s, a, s2: reward(s, a, s2) - _legs(s, s2), "the legs are missing."),
            (lambda s, a, s2: reward(s, a, s2) - _legs(s, s2) / 2, "both legs count."),
        ],
        hint="not yet. Take the parts of (14.2) one at a time, each as s' less s, then (14.3)'s "
        "fuel.",
    ),
    3: loudest_rest,
}
