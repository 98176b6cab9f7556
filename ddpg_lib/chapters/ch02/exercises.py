"""Checks for the exercises of chapter 2."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers

SCORES = np.array([-2.0, 4.0, -2.0])


def _play(seed: int) -> tuple[Any, ...]:
    """Return one made-up episode, a table of scores, and a baseline."""
    rng = np.random.default_rng(seed)
    states, actions = rng.integers(4, size=7), rng.integers(2, size=7)
    return (
        states,
        actions,
        rng.normal(size=7) - 1,
        0.8,
        rng.normal(size=(4, 2, 3)),
        rng.normal(size=4),
    )


def _estimate(
    states: Any, actions: Any, rewards: Any, gamma: float, score: Any, baseline: Any,
    *, discounted: bool = True, whole: bool = False, sign: float = 1.0, used: float = 1.0,
    future_gamma: float | None = None,
) -> Any:  # fmt: skip
    """One episode's estimate, or that of somebody who made a mistake."""
    g = gamma if future_gamma is None else future_gamma
    total = np.zeros(score.shape[-1])
    for t in range(len(states)):
        begin = 0 if whole else t
        future = sum(g ** (k - begin) * rewards[k] for k in range(begin, len(rewards)))
        weight = gamma**t if discounted and not whole else 1.0
        judged = weight * future - used * (gamma**t if discounted else 1.0) * baseline[states[t]]
        total = total + sign * judged * score[states[t], actions[t]]
    return total


def _episodes(squared: float) -> float:
    """Return how many episodes 2.3 needs, by the squared ratio of offset and spread in (2.12)."""
    h = 100
    return 4 * (squared * (h + 1) * (2 * h + 1) / 6 + (h - 1) / 2)


WITHOUT, WITH_VALUE = _episodes(25), _episodes(0)

# 2.4: components, luck, and the draws that one estimate may cost.
COMPONENTS, LUCK, DRAWS = 2, 0.3, 100
NARROWEST = math.sqrt(COMPONENTS * LUCK**2 / (DRAWS - COMPONENTS - 1))

# 2b.1: squared distance to the goal, dimensions, noise, and the mean reward that follow.
SQUARED, M, SIGMA = 9.0, 3, 0.5
MEAN = -SQUARED - M * SIGMA**2

CHECKS: dict[int | str, Check] = {
    # 2.1: one estimate by hand, three actions with preferences 0, reward 6.
    1: Numbers(
        "give three numbers, one for each preference.",
        right=SCORES,
        within=1e-5,
        mistakes=[
            ([0, 6, 0], "the preferences of the other actions have scores too: minus their pi."),
            (-SCORES, "that is downhill: a positive reward makes the action more likely."),
            (SCORES / 6, "that is the score; multiply it by the reward."),
            ([2, 2, 2], "that is pi times the reward; the score is 1 - pi for the action taken."),
            ([2, 4, 2], "the preferences of the other actions go down: their score is -pi."),
            (
                [0, 4, 0],
                "right for the action taken; the others' preferences have a score as well.",
            ),
            ([0, 18, 0], "no division by pi: the sample was drawn from pi already."),
            (SCORES / 3, "no further factor pi: drawing from pi has put it in."),
        ],
        hint="use (2.2), then multiply by the reward.",
    ),
    # 2.2: REINFORCE with a baseline, from one episode.
    2: Function(
        "give a function my_reinforce(states, actions, rewards, gamma, score, baseline).",
        cases=[_play(seed) for seed in range(3)],
        right=_estimate,
        fails="your function fails on an episode of 7 steps: ",
        shape="the estimate must have the shape (3,) of one score, got {}.",
        mistakes=[
            (-1, "the sign is turned: this is the gradient of the loss, not of J."),
            (
                partial(_estimate, discounted=False),
                "nearly. The factor gamma**t of (2.9) is missing: see What goes wrong.",
            ),
            (partial(_estimate, used=0), "unbiased, but the baseline is not subtracted."),
            (
                partial(_estimate, used=-1),
                "unbiased, but the baseline is added instead of subtracted.",
            ),
            (
                partial(_estimate, whole=True),
                "unbiased, but each action is judged by the whole return, not the future.",
            ),
            (
                partial(_estimate, future_gamma=1.0),
                "the rewards within G_t are discounted as well.",
            ),
            (
                partial(_estimate, discounted=False, used=0),
                "the baseline and the factor gamma**t are missing.",
            ),
            (
                1 / 7,
                "sum over the steps of the episode, do not average: long episodes count more.",
            ),
        ],
        hint="not the estimate of (2.9) with G - b(s). Go through one episode of two steps by "
        "hand.",
    ),
    # 2.3: episodes for an error of half the gradient's length on a chain.
    3: Numbers(
        "give two numbers, (without baseline, with the value as baseline).",
        right=(WITHOUT, WITH_VALUE),
        within=1,
        mistakes=[
            ((WITH_VALUE, WITHOUT), "the right numbers in the other order."),
            (
                (WITHOUT / 4, WITH_VALUE / 4),
                "that makes error and gradient equally long; half of it needs four times as many.",
            ),
            (
                (WITHOUT / 2, WITH_VALUE / 2),
                "errors shrink with the square root of N: half the error, four times as many.",
            ),
            (
                (4 * (25 * 100**2 + 99), WITH_VALUE),
                "the first number is for the whole return; use the rewards to go.",
            ),
            (
                (_episodes(5), WITH_VALUE),
                "the ratio of offset and spread enters (2.12) squared.",
            ),
        ],
        hint="use (2.12) for the ratio and (2.11) for N.",
    ),
    # 2.4: the narrowest Gaussian policy that 100 draws can afford.
    4: Numbers(
        "give one number.",
        right=NARROWEST,
        within=5e-4,
        mistakes=[
            (NARROWEST**2, "that is sigma squared."),
            (
                math.sqrt(COMPONENTS * LUCK**2 / DRAWS),
                "nearly. The part m + 1 of (2.14) is there without any luck: subtract it.",
            ),
            (
                math.sqrt(LUCK**2 / (DRAWS - COMPONENTS - 1)),
                "the second part of (2.14) is in proportion to m.",
            ),
            (
                math.sqrt(COMPONENTS * LUCK / (DRAWS - COMPONENTS - 1)),
                "the luck enters (2.14) by its variance.",
            ),
            (
                math.sqrt(COMPONENTS * LUCK**2 / (DRAWS**2 - COMPONENTS - 1)),
                "the ratio compares squares: after N = nu draws the error is as long as the "
                "gradient.",
            ),
        ],
        hint="by (2.11) the ratio nu may be 100; solve (2.14) for sigma.",
        near=5e-4,
    ),
    # 2.5: powers of the horizon when all cells share a parameter.
    5: Numbers(
        "give two numbers, (power without a baseline, power with the value as baseline).",
        right=(1, 0),
        within=0.1,
        mistakes=[
            ((2, 1), "those are the powers of (2.12), with a parameter for each cell."),
            ((0, 1), "the right numbers in the other order."),
            ((3, 2), "they fall: an episode shows the one choice H times."),
            (lambda v: 0.1 < abs(v[0] - 1) < 0.5, "measure at larger H; the power is whole."),
        ],
        hint="measure the ratio at H = 16 and at H = 128: eight times the length.",
    ),
    # 2a.1: the natural gradient of one softmax choice.
    "2a.1": Numbers(
        "give three numbers, one for each preference.",
        right=(-1, 0, 1),
        within=1e-3,
        mistakes=[
            ([-0.3, 0.15, 0.15], "that is the gradient; solve F w = gradient."),
            (
                [-0.5, 0.5, 1.5],
                "that is the advantage, a solution; the one asked for sums to zero.",
            ),
            ([1, 2, 3], "a solution, but its components must sum to zero: subtract their mean."),
            ([1, 0, -1], "that is downhill."),
            ([-0.5, 0.5, 0.5], "F is no diagonal matrix."),
        ],
        hint="which w makes w'psi(a) equal to the advantage of each action?",
    ),
    # 2a.2: the natural gradient of a Gaussian's mean.
    "2a.2": Numbers(
        "give two numbers, one for each component of the mean.",
        right=(0.25, -0.5),
        within=1e-3,
        mistakes=[
            ([1, -2], "that is the gradient, which is also the critic's slope; F is not 1."),
            ([4, -8], "F is the mean of (a - mu)(a - mu)' divided by sigma to the fourth power."),
            ([0.5, -1], "F is 1 over sigma squared."),
            ([-0.25, 0.5], "that is downhill."),
        ],
        hint="compute F = E[psi psi'] from (2.13), then solve (2a.3).",
    ),
    # 2b.2: two baselines from the batch, in units of the gradient.
    "2b.2": Numbers(
        "give two numbers, (mean of all as baseline, mean of the others as baseline).",
        right=(0.75, 1.0),
        within=0.02,
        mistakes=[
            ((1.0, 0.75), "the right numbers in the other order."),
            ((0.25, 1.0), "that is what is lost: one part in N."),
            ((1.0, 1.0), "the mean of all N contains the return that it is subtracted from."),
            (lambda v: max(abs(v - np.array([0.75, 1.0]))) < 0.1, "draw more batches."),
        ],
        hint="divide the mean estimate by the exact gradient; (2b.5) gives the first number.",
    ),
    # 2b.1: the best baseline of a Gaussian policy on a quadratic reward.
    "2b.1": Numbers(
        "give one number.",
        right=MEAN - 2 * SIGMA**2,
        within=1e-3,
        mistakes=[
            (
                MEAN,
                "that is the mean reward, a good baseline. The best one weights rewards by "
                "|score|².",
            ),
            (
                -SQUARED,
                "that is the reward of the mean action. Exploring costs something on average.",
            ),
            (
                MEAN + 2 * SIGMA**2,
                "the sign of the last term: far actions have larger scores, worse rewards.",
            ),
            (2 * SIGMA**2 - MEAN, "rewards are negative here."),
            (MEAN - 2 * SIGMA, "the last term is 2 sigma squared."),
            (
                MEAN - 2 * M * SIGMA**2,
                "divide by E|z|² = m: the weights in (2b.1) must sum to one.",
            ),
        ],
        hint="E|z|² = m and E|z|⁴ = m(m + 2); put a = mean + sigma z into (2b.1).",
    ),
}
