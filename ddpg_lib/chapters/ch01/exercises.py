"""Checks for the exercises of chapter 1."""

from __future__ import annotations

import math

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers

GAMMA, LIMIT = 0.99, 200
# What hanging at rest gets a step, in 200 steps, and discounted for ever.
REWARD = -(math.pi**2)
TOTAL, DISCOUNTED = LIMIT * REWARD, REWARD / (1 - GAMMA)
# Values of a reward of 1 a step, with 1, 2, ..., 200 steps to go.
TO_GO = (1 - GAMMA ** np.arange(1, LIMIT + 1)) / (1 - GAMMA)

CHECKS: dict[int | str, Check] = {
    # 1.1: Q(cell 1, left) after one update, three walks to the right having been made.
    1: Numbers(
        "give one number, the new entry.",
        right=0.5 * 0.9 * 0.10125,
        within=1e-4,
        near=1e-5,
        mistakes=[
            (0.9 * 0.10125, "alpha is one half: the entry moves half of the way."),
            (0.0, "the reward is 0, but the best action of the next cell has a value by now."),
            (0.5 * 0.9 * 0.875, "the next cell is cell 0, to the left, and not the last one."),
            (0.5 * 0.9 * 0.45, "the next cell is cell 0; you used cell 1's own best value."),
            (0.5 * 0.10125, "the next value is one step away: discount it."),
        ],
        hint="not yet. Which cell is s', and which of its two entries is the larger?",
    ),
    # 1.2: the rewards of hanging at rest, summed over 200 steps and discounted.
    2: Numbers(
        "give two numbers, (sum of 200 rewards, discounted return).",
        right=(TOTAL, DISCOUNTED),
        within=1,
        mistakes=[
            ((DISCOUNTED, TOTAL), "the right numbers in the other order."),
            (lambda v: v.max() > 0, "rewards are negative costs; both numbers are below zero."),
            (
                lambda v: math.isclose(v[0], -LIMIT * 180**2, rel_tol=1e-3),
                "the angle is in radians: hanging is pi, not 180.",
            ),
            (
                lambda v: not math.isclose(v[0], TOTAL, rel_tol=1e-3),
                "the first number is off. What is one reward by (1.2), at theta = -pi and rest?",
            ),
            (
                (TOTAL, DISCOUNTED * (1 - GAMMA**LIMIT)),
                "the discounted return does not stop at step 200: nothing terminates there.",
            ),
            ((TOTAL, GAMMA * DISCOUNTED), "the first reward is not discounted: gamma**0 is 1."),
            (
                (TOTAL, GAMMA * TOTAL),
                "each reward has its own power of gamma; sum a geometric series.",
            ),
        ],
        hint="the second number is off. Sum gamma**k from k = 0 to infinity.",
    ),
    # 1.3: evaluations for the maxima of one update.
    3: Numbers(
        "give one number.",
        right=5**7 * 256,
        within=0,
        near=0,
        mistakes=[
            (
                5 * 7 * 256,
                "torques combine: the best of one motor depends on the others' torques.",
            ),
            (5 * 7, "torques combine, and every next state of the batch needs its own maximum."),
            (7**5 * 256, "7 motors with 5 choices each are 5**7 combinations, not 7**5."),
            (7**5, "7 motors with 5 choices each are 5**7 combinations, for each of 256 states."),
            (5**7, "that is one maximum; an update needs one for every next state of the batch."),
            (
                2 * 5**7 * 256,
                "only the next states need a maximum; Q(s, a) uses the action that was taken.",
            ),
        ],
        hint="count the combinations of 7 torques, then the states that need a maximum.",
    ),
    # 1.4: mean return of the policy that is greedy on the Q of zero torque.
    4: Numbers(
        "give one number, the mean return over the seeds 0 to 199.",
        right=-271.968,
        within=0.3,
        mistakes=[
            (lambda v: v > 0, "a return of Pendulum-v1 is never above zero."),
            (
                lambda v: v > -140,
                "better than the optimum cannot be. Are there 200 steps, and the seeds 0 to 199?",
            ),
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
        ],
        hint="not quite. In each state: five torques, one step with each, zero torque to step "
        "200, the best total.",
    ),
    # 1a.1: the value that a critic learns with the time limit stored as termination.
    "1a.1": Numbers(
        "give one number, the learned value.",
        right=1 / (1 - GAMMA * (1 - 1 / LIMIT)),
        within=0.1,
        mistakes=[
            (1 / (1 - GAMMA), "that is the right value; which one is learned with the mistake?"),
            (
                TO_GO[-1],
                "that is the value with 200 steps to go. The critic sees no clock and averages "
                "over transitions from all times.",
            ),
            (
                TO_GO.mean(),
                "nearly, but you averaged the values of all times. The critic bootstraps from its "
                "own value, so average the targets: use (1a.3).",
            ),
            (LIMIT, "that is the sum without the discount."),
            (1 / (1 - (1 - 1 / LIMIT)), "that leaves out gamma."),
            (
                GAMMA * (1 - 1 / LIMIT),
                "that is the discount; what do rewards of 1 sum to with it?",
            ),
        ],
        hint="use (1a.3), then sum the rewards with that discount.",
    ),
    # 1b.1: values per axis for a loss of at most 0.01, with M = 8 and m = 2.
    "1b.1": Numbers(
        "give one whole number, k.",
        right=30,
        within=0,
        near=0,
        mistakes=[
            (29, "k - 1 = 28.28... must be rounded up, and then there is one value more."),
            (21, "there are two components: m = 2."),
            (58, "the spacing is 2/(k - 1): the range has the length 2, not 4."),
        ],
        hint="not yet. Put M = 8 and m = 2 into (1b.1) and solve for k.",
    ),
}
