"""Checks for the exercises of chapter 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.maths.differences import central_difference

# 4.1: the TD error, y - Q.
DELTA = -1 + 0.9 * -6 + 4


def _batch() -> tuple[Any, Any]:
    """Return made-up TD errors, shape (6,), and gradients of Q, shape (6, 3)."""
    rng = np.random.default_rng(42)
    grad_q, y, w = rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=3)
    return y - grad_q @ w, grad_q


def _by_differences(delta: Any, grad_q: Any) -> Any:
    """Return the slope of the loss in the weights; a change w of them lowers delta by grad_q w."""
    return central_difference(lambda w: np.mean((delta - grad_q @ w) ** 2), np.zeros(3))


CHECKS: dict[int, Check] = {
    # 4.1: dL/dQ for r = -1, gamma = 0.9, Q' = -6, Q = -4 in the middle of an episode.
    1: Numbers(
        "give one number, the derivative of the loss with respect to Q(s, a).",
        right=-2 * DELTA,
        within=1e-6,
        mistakes=[
            (2 * DELTA, "the sign: y - Q falls when Q rises, which gives a minus."),
            (DELTA, "that is the TD error; differentiate its square."),
            (-DELTA, "the square brings a factor of 2."),
            (DELTA**2, "that is the loss; differentiate it with respect to Q."),
            (-2 * (-1 + 4), "this transition does not end the world: the next value counts."),
            (-2 * (-1 - 6 + 4), "the next value is one step away: discount it."),
            (-2 * (0.9 * (-1 - 6) + 4), "only the next value is discounted, not the reward."),
            (2 * DELTA * (0.9 - 1), "that differentiates the target as well; it is held fixed."),
        ],
        hint="not yet. First y, then delta = y - Q, then (4.6) for Q.",
    ),
    # 4.2: the gradient of the mean squared TD error, from the errors and the gradients of Q.
    2: Function(
        "give a function of delta, shape (N,), and grad_q, shape (N, k).",
        cases=[_batch()],
        right=_by_differences,
        fails="your function fails: ",
        shape="the gradient has one number a weight, shape (3,); yours has shape {}.",
        mistakes=[
            (-0.5, "that is the formula as printed; difference quotients say otherwise, twice."),
            (0.5, "the sign is right now. What does the derivative of a square bring?"),
            (-1, "the factor is right now. Which way does y - Q move when Q rises?"),
            (6, "the mean over the batch, not the sum."),
            (-3, "the mean over the batch, not the sum; and compare with difference quotients."),
            (3, "the mean over the batch, not the sum; and what does a square bring?"),
        ],
        hint="not proportional to the gradient. It is a mean over j of delta[j] * grad_q[j], "
        "times c.",
    ),
    # 4.3: what the residual gradient makes of C when the coin shows heads nine times of ten.
    3: Numbers(
        "give one number, the value of C.",
        right=0.45,
        within=1e-3,
        mistakes=[
            (0.0, "that is the true value; which one does the residual gradient find?"),
            (
                0.9,
                "that is the value of A. C is pulled towards it, but its own reward pulls as well.",
            ),
            (0.95, "that is the value of B."),
            (0.25, "that is the value for the fair coin; here heads come with 0.9."),
            (0.05, "C is pulled towards A, and A is worth 0.9, not 0.1."),
        ],
        hint="use (4.11) with h = 0.9, or residual_fixed_point.",
    ),
    # 4.4: the time limit at which storing it as an end costs 5% of the value at gamma = 0.99.
    4: Numbers(
        "give one number of steps.",
        right=0.99 / (0.01 * (1 / 0.95 - 1)),
        within=1.5,
        mistakes=[
            (
                0.99 / (0.01 * 0.05),
                "nearly: the value is 1/(1 + x) of the right one, not 1 - x.",
            ),
            (0.99 / (0.01 * (1 / 0.05 - 1)), "that limit keeps 5%; you want to lose 5%."),
            (100, "that is the horizon; a limit as long as the horizon loses half of the value."),
            (20, "compare the limit with the horizon 1/(1 - gamma), which is 100 steps."),
        ],
        hint="solve (4.13) = 0.95 for T.",
    ),
}
