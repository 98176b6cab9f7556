"""Checks for the exercises of chapter 12 and of page 12a."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.chapters.ch06.faults import LatestOnly
from ddpg_lib.ddpg import DDPG


def _verdict(test: Callable[[Any], Any], agent: Any) -> bool:
    """Whether a reader's test lets an agent pass, by its result or by an assertion."""
    try:
        result = test(agent)
    except AssertionError:
        return False
    return result is None or bool(result)


def a_test_of_your_own(answer: Callable[[Any], Any]) -> str:
    """12.2: a test that a right buffer passes, and one that hands out the newest only does not."""
    if not callable(answer):
        return "give the function itself, without calling it."
    try:
        right, wrong = (_verdict(answer, agent) for agent in (DDPG, LatestOnly))
    except Exception as error:
        return f"it fails with a {type(error).__name__}: {error}"
    if right and wrong:
        return "it lets the bug pass: compare what is drawn with what is held."
    if not right:
        return "a right agent does not pass it" + (", and the bug does." if wrong else ".")
    return ""


CHECKS: dict[int | str, Check] = {
    1: Numbers(
        "give two numbers: the value with the sign of the reward, and without the reward.",
        right=[-100.0, 0.0],
        within=0.5,
        mistakes=[
            (lambda x: abs(x[0] + 10) < 0.5, "that is in units of the scaled reward, -0.1 a step."),
            (lambda x: abs(x[0] + 1) < 0.01, "that is one reward; add up all that follow."),
            (lambda x: abs(x[0] - 100) < 0.5, "every reward of the pendulum is negative or 0."),
            (lambda x: abs(x[1]) > 0.5, "with r = 0 equation (12.3) has one solution."),
        ],
        hint="not yet. Put r = -1, and then r = 0, into (12.3).",
    ),
    2: a_test_of_your_own,
    3: Numbers(
        "give one number, the TD error by (12.1).",
        right=-1.0,
        within=0.02,
        mistakes=[
            (0.0, "the y of (12.1) has the reward in it, although that program's own has not."),
            (1.0, "the rewards of the pendulum are negative: mind the sign."),
        ],
        hint="not yet. Q is 0 in every state, so y is r.",
    ),
    "12a.1": Numbers(
        "give one number, in units of the reward.",
        right=-6.0,
        within=0.3,
        mistakes=[
            (-600.0, "that would be the end of learning, with a target that follows."),
            (0.0, "the reward is there; what is missing is all that follows it."),
            (-100.0, "that is a reward of -1 for ever."),
        ],
        hint="not yet. y = r + gamma Q'(s', mu'(s')), and Q' is near 0 all the time.",
    ),
}
"""What is wrong with an answer, or nothing, by the exercise's number."""
