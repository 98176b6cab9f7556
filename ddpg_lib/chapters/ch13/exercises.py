"""Checks for the exercises of chapter 13 and its deeper page."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from ddpg_lib.chapters.answers import Check, Function, Numbers, numbers
from ddpg_lib.ddpg import DDPG
from ddpg_lib.evaluation import evaluate, evaluate_policy
from ddpg_lib.maths.stats import probability_of_improvement
from ddpg_lib.runs.run import Run
from ddpg_lib.worlds.crane import COST, DEAD
from ddpg_lib.worlds.furnace import FURNACE

BLIND = float(stats.binom.cdf(2, 8, 1 / 8))
ZOO_SPREAD, ZOO_EPISODES = 94.282, 750  # of Pendulum-v1 in the RL Zoo's table
PAIRS = [
    (np.array([3.0, 1.0, 2.0]), np.array([2.0, 0.0])),  # with a tie
    (np.array([-150.0, -900.0, -146.0, -148.0]), np.array([-147.0, -149.0, -151.0])),
    (np.array([1.0]), np.array([1.0])),
]


def zoo(answer: Any) -> str:
    """13.3: the standard error of the zoo's mean, and the episodes that bring it to 1."""
    values = numbers(answer, (2,))
    if values is None:
        return "give two numbers: a standard error, and a number of episodes."
    error, episodes = values
    right = ZOO_SPREAD / ZOO_EPISODES**0.5
    if abs(error - ZOO_SPREAD) < 1:
        return "that is the spread over episodes; their mean varies less, by the root of 750."
    if abs(error - ZOO_SPREAD / ZOO_EPISODES) < 0.05:
        return "divide by the root of the number of episodes."
    if abs(error - right) > 0.05:
        return "not yet. The mean of k episodes has the standard error spread / sqrt(k)."
    if abs(episodes - ZOO_SPREAD**2) > 60:
        return "the standard error is right. Which k makes spread / sqrt(k) equal to 1?"
    return ""


HOT_ENOUGH, UNSEEN = -12.0, 6_000_000  # what is asked on the furnace, and the starts
LAZY = {-72.0: "of a furnace that stays cold", -59.0: "of full power until the piece burns",
        -40.0: "of a constant quarter of the power"}  # fmt: skip


def furnace(answer: Any) -> str:
    """13b.3: every agent of a trained stack, or one policy, on twenty starts of the furnace."""
    agent = answer.agent if isinstance(answer, Run) else answer
    if isinstance(agent, DDPG):
        means = evaluate(agent, FURNACE, 20, seed=UNSEEN).mean(axis=1)
    elif callable(agent):
        means = evaluate_policy(agent, FURNACE, 20, seed=UNSEEN).mean(keepdims=True)
    else:
        return "give what train returns, its agent, or a function of an observation."
    worst = float(means.min())
    if worst >= HOT_ENOUGH:
        return ""
    said = f"the lowest of {len(means)} reaches {worst:.1f}; {HOT_ENOUGH:g} is asked of all."
    near = [words for value, words in LAZY.items() if abs(worst - value) < 6]
    return f"{said} That is about the return {near[0]}." if near else said


CHECKS: dict[int | str, Check] = {
    # 13.1: how often the interquartile mean of eight contains no failed agent.
    1: Numbers(
        "give one number, a probability.",
        right=BLIND,
        within=0.005,
        mistakes=[
            ((7 / 8) ** 8, "that is no failure at all; the two lowest of eight are cut as well."),
            (
                float(stats.binom.pmf(2, 8, 1 / 8)),
                "that is exactly two failures; none and one are cut too.",
            ),
            (
                float(stats.binom.cdf(1, 8, 1 / 8)),
                "8 // 4 is two: two agents are cut at each end.",
            ),
            (1 - BLIND, "that is how often a failure remains."),
            (
                lambda x: x > 1,
                "a probability lies between 0 and 1.",
            ),
        ],
        hint="not yet. Add the binomial probabilities of no, one and two failures of eight.",
    ),
    # 13.2: the probability of improvement as a function.
    2: Function(
        "write a function of two arrays, the results of the agents of each algorithm.",
        cases=PAIRS,
        right=probability_of_improvement,
        mistakes=[
            (
                lambda x, y: np.mean(x[:, None] > y[None, :]),
                "a tie counts one half: {0} against {1}.",
            ),
            (
                lambda x, y: np.mean(x[:, None] >= y[None, :]),
                "a tie counts one half, not one: {0} against {1}.",
            ),
            (
                lambda x, y: probability_of_improvement(y, x),
                "that is the probability that the second one is better.",
            ),
            (lambda x, y: np.mean(x) > np.mean(y), "that compares the means; compare all pairs."),
        ],
        hint="not yet. Of all pairs of one agent of each, in how many is the first one better?",
    ),
    # 13.3: standard error of the zoo's row, and the episodes that bring it to 1.
    3: zoo,
    # 13.4: one of four healthy agents below all of 64.
    4: Numbers(
        "give one number, a probability.",
        right=4 / 68,
        within=2e-4,
        near=2e-4,
        mistakes=[
            (1 / 65, "that is one agent of yours; there are four chances."),
            (4 / 65, "the four are not alone with the 64: the worst of all 68 may be any of them."),
            (
                1 - (64 / 65) ** 4,
                "close, but the four comparisons share the 64 recorded agents and are not "
                "independent.",
            ),
            (1 / 68, "that is for one certain agent of the four."),
        ],
        hint="not yet. Some agent is the worst of all 68, each with the same probability.",
    ),
    # 13a.1: agents of each algorithm to see half a standard deviation.
    "13a.1": Numbers(
        "give one number, the agents of each algorithm.",
        right=63,
        within=0,
        mistakes=[
            (126, "that is both algorithms together."),
            (lambda x: 62 < x < 63, "agents are whole: take the next number."),
            (16, "that sees a whole standard deviation; half of it takes four times as many."),
            (32, "twice the agents see a difference that is smaller by the root of two only."),
        ],
        hint="not yet. Put the standard deviation 1 and the difference 0.5 into the formula.",
    ),
    # 13a.2: chance of a false alarm in eleven comparisons, and the level for each that mends it.
    "13a.2": Numbers(
        "give two numbers with four digits: a probability, and a significance level.",
        right=[1 - 0.95**11, 1 - 0.95 ** (1 / 11)],
        within=5e-5,
        mistakes=[
            (
                lambda x: abs(x[0] - 0.55) < 1e-3,
                "probabilities of events that may coincide do not add up: use that of no alarm.",
            ),
            (
                lambda x: abs(x[0] - (1 - 0.95**11)) < 1e-3 and abs(x[1] - 0.05 / 11) < 5e-5,
                "the probability is right, and 0.05/11 is Bonferroni's level, a little stricter; "
                "solve 1 - (1 - level)^11 = 0.05 for the level.",
            ),
            (lambda x: abs(x[0] - 0.95**11) < 1e-3, "that is no alarm at all."),
        ],
        hint="not yet. No alarm has the probability (1 - level)^11.",
    ),
    # 13b.1: what swinging about the mark costs in 200 steps.
    "13b.1": Numbers(
        "give one number, a return.",
        right=-COST * 200 * 0.5 * 2 / float(np.pi),
        within=0.05,
        mistakes=[
            (-10.0, "it is half a meter away only at the ends of its swing."),
            (
                lambda x: abs(x + 10 / 2**0.5) < 0.05,
                "that is the root of the mean square; the reward counts the distance itself.",
            ),
            (-5.0, "the mean of |sin| is not one half: its integral over a period is 4, of 2 pi."),
            (lambda x: x > 0, "each step costs something."),
        ],
        hint="not yet. The mean distance, times a tenth, times 200 steps.",
    ),
    # 13b.2: the spread with which the motor turns in half of the steps.
    "13b.2": Numbers(
        "give one number, a standard deviation.",
        right=float(DEAD / stats.norm.ppf(0.75)),
        within=0.002,
        mistakes=[
            (DEAD, "then it turns in a third of the steps only."),
            (lambda x: abs(2 * stats.norm.cdf(-DEAD / x) - 0.25) < 0.01, "that is a quarter."),
            (lambda x: x > 1, "so loud it need not be: solve (13b.2) for the spread."),
        ],
        hint="not yet. Set (13b.2) to one half and solve it for the spread.",
    ),
    # 13b.3: the reader's own world.
    "13b.3": furnace,
}
