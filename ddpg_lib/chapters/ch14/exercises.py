"""Checks for the exercises of chapter 14."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import known, number
from ddpg_lib.chapters.ch14.lander import (
    END,
    FUEL,
    REST_STEPS,
    hover_throttle,
    potential,
    reward,
    still,
)


def hover_cost(answer: Any) -> str:
    """14.1: after how many steps of hovering the fuel has cost as much as coming to rest gains."""
    value = number(answer)
    if value is None:
        return "give one number of steps."
    cost = FUEL[0] * hover_throttle()
    if abs(value - END / cost) <= 2:
        return ""
    mistakes = [
        (END / FUEL[0], "that is at full throttle; to hover, the engine needs less."),
        (END / (FUEL[0] / 2), "that is at half throttle, too little to hover; see (14.5)."),
        (END / (FUEL[1] * hover_throttle()), "0.03 is the price of the side engines."),
        (END / hover_throttle(), "a step at full throttle costs 0.3 points, not 1."),
        (cost, "that is the cost of one step."),
        (2 * END / cost, "coming to rest gains 100. Not crashing is not counted here."),
    ]
    return known(value, mistakes, 0.01) or "not yet. What does one step of hovering cost?"


def _steps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Made-up steps in the range of real ones; all kinds of throttles and contacts."""
    rng = np.random.default_rng(14)
    obs, after = rng.uniform(-0.9, 0.9, (2, 60, 8))
    obs[:, 6:], after[:, 6:] = rng.integers(0, 2, (2, 60, 2))
    return obs, rng.uniform(-1, 1, (60, 2)), after


def own_reward(answer: Any) -> str:
    """14.2: a function of s, a and s' that gives the reward of a step within an episode."""
    if not callable(answer):
        return "give the function itself: reward(obs, action, next_obs), for one step."
    obs, action, after = _steps()
    try:
        got = np.array(
            [float(answer(*step)) for step in zip(obs, action, after, strict=True)], float
        )
    except Exception as error:
        return f"it fails: {type(error).__name__}: {error}"
    right = reward(obs, action, after)

    def same(other: np.ndarray) -> bool:
        return bool(np.allclose(got, other, atol=1e-6))

    if same(right):
        return ""
    change = potential(after) - potential(obs)
    fuel = change - right
    linear = np.maximum(action[:, 0], 0) * FUEL[0] + np.abs(action[:, 1]) * FUEL[1]
    legs = 10 * (after - obs)[:, 6:].sum(axis=1)
    mistakes = [
        (-right, "the sign is the wrong way round: nearer, slower and upright is better."),
        (change, "the fuel is missing."),
        (change + fuel, "fuel is a cost."),
        (change - linear, "the fuel is paid by throttle, not by action: see (14.1)."),
        (potential(after) - fuel, "only the change of the potential is paid, not the potential."),
        (right - legs, "the legs are missing."),
        (right - legs / 2, "both legs count."),
    ]
    return next(
        (text for wrong, text in mistakes if same(wrong)),
        "not yet. Take the parts of (14.2) one at a time, each as s' less s, then (14.3)'s fuel.",
    )


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


CHECKS: dict[int, Callable[[Any], str]] = {1: hover_cost, 2: own_reward, 3: loudest_rest}
