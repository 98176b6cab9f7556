"""Checks for the exercises of chapter 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import known, number


def hanging(answer: Any) -> str:
    """Exercise 1.1: the rewards of hanging at rest, summed over 200 steps and discounted."""
    try:
        values = [float(x) for x in np.asarray(answer, float).reshape(-1)]
    except (TypeError, ValueError):
        values = []
    if len(values) != 2:
        return "give two numbers, (sum of 200 rewards, discounted return)."
    total, discounted = values
    reward, gamma = -(math.pi**2), 0.99
    right = (200 * reward, reward / (1 - gamma))
    if np.allclose(values, right, rtol=1e-3):
        return ""
    if np.allclose(values, right[::-1], rtol=1e-3):
        return "the right numbers in the other order."
    if total > 0 or discounted > 0:
        return "rewards are negative costs; both numbers are below zero."
    if np.isclose(total, -200 * 180**2, rtol=1e-3):
        return "the angle is in radians: hanging is pi, not 180."
    if not np.isclose(total, right[0], rtol=1e-3):
        return "the first number is off. What is one reward by (1.2), at theta = -pi and rest?"
    partial = right[1] * (1 - gamma**200)
    common = known(
        discounted,
        [
            (partial, "the discounted return does not stop at step 200: nothing terminates there."),
            (gamma * right[1], "the first reward is not discounted: gamma**0 is 1."),
            (right[0] * gamma, "each reward has its own power of gamma; sum a geometric series."),
        ],
        1e-3,
    )
    return common or "the second number is off. Sum gamma**k from k = 0 to infinity."


def arm(answer: Any) -> str:
    """Exercise 1.2: evaluations for the maxima of one update."""
    value = number(answer)
    if value is None:
        return "give one number."
    right = 5**7 * 256
    if value == right:
        return ""
    mistakes = [
        (5 * 7 * 256, "torques combine: the best of one motor depends on the others' torques."),
        (5 * 7, "torques combine, and every next state of the batch needs its own maximum."),
        (7**5 * 256, "7 motors with 5 choices each are 5**7 combinations, not 7**5."),
        (7**5, "7 motors with 5 choices each are 5**7 combinations, for each of 256 states."),
        (5**7, "that is one maximum; an update needs one for every next state of the batch."),
        (2 * right, "only the next states need a maximum; Q(s, a) uses the action that was taken."),
    ]
    common = known(value, mistakes, 0.0)
    return common or "count the combinations of 7 torques, then the states that need a maximum."


def better_than_nothing(answer: Any) -> str:
    """Exercise 1.3: mean return of the policy that is greedy on the Q of zero torque."""
    value = number(answer)
    if value is None:
        return "give one number, the mean return over the seeds 0 to 199."
    if abs(value - -271.968) <= 0.3:
        return ""
    if value > 0:
        return "a return of Pendulum-v1 is never above zero."
    if value > -140:
        return "better than the optimum cannot be. Are there 200 steps, and the seeds 0 to 199?"
    mistakes = [
        (-271.35, "nearly. Does the total include the reward of the tried torque itself?"),
        (-315.43, "the lookahead must end at step 200, however late it starts."),
        (
            -1229.34,
            "that is zero torque. The next reward alone does not tell torques apart; add "
            "up the rewards to the end.",
        ),
        (-1820.27, "take the torque with the greatest total: returns are negative."),
        (-175.21, "that looks discounted; the total is the plain sum."),
        (-158.48, "that is energy shaping itself; here the base policy is zero torque."),
        (-146.66, "that is greedy on the Q of energy shaping; here the base is zero torque."),
    ]
    common = known(value, mistakes, 1e-3)
    return common or (
        "not quite. In each state: five torques, one step with each, zero torque to step 200, the "
        "best total."
    )


def alive(answer: Any) -> str:
    """Exercise 1.4: the value that a critic learns with the time limit stored as termination."""
    value = number(answer)
    if value is None:
        return "give one number, the learned value."
    gamma, limit = 0.99, 200
    if abs(value - 1 / (1 - gamma * (1 - 1 / limit))) <= 0.1:
        return ""
    mistakes = [
        (1 / (1 - gamma), "that is the right value; which one is learned with the mistake?"),
        (
            (1 - gamma**limit) / (1 - gamma),
            "that is the value with 200 steps to go. The critic sees no clock and averages over "
            "transitions from all times.",
        ),
        (
            float(np.mean([(1 - gamma**k) / (1 - gamma) for k in range(1, limit + 1)])),
            "nearly, but you averaged the values of all times. The critic bootstraps from its own "
            "value, so average the targets: use (1.17).",
        ),
        (float(limit), "that is the sum without the discount."),
        (1 / (1 - (1 - 1 / limit)), "that leaves out gamma."),
        (gamma * (1 - 1 / limit), "that is the discount; what do rewards of 1 sum to with it?"),
    ]
    return known(value, mistakes, 1e-3) or "use (1.17), then sum the rewards with that discount."


CHECKS: dict[int, Callable[[Any], str]] = {1: hanging, 2: arm, 3: better_than_nothing, 4: alive}
