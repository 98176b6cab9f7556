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


CAUSES = {"i": "b", "ii": "d", "iii": "a", "iv": "c"}  # of 4.6: which mistake made which values


def _causes(answer: Any) -> str:
    """Compare the letters given to the four critics of exercise 4.6, as one word."""
    if not isinstance(answer, str) or sorted(answer.strip().lower()) != ["a", "b", "c", "d"]:
        return "give four letters in the order i, ii, iii, iv, each of a to d once: a string."
    given = answer.strip().lower()
    wrong = [name for name, letter in zip(CAUSES, given, strict=True) if CAUSES[name] != letter]
    if not wrong:
        return ""
    hints = {
        "i": "(i) has the right value before the toss, and heads and tails are halfway to it",
        "ii": "(ii) is right where a game ends, and too low one step before",
        "iii": "(iii) has nothing where a game pays, and the right value before the toss",
        "iv": "(iv) has one value for all states",
    }
    return f"{len(wrong)} of four are wrong; {hints[wrong[0]]}."


CHECKS: dict[int | str, Check] = {
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
        hint="not yet. First y, then delta = y - Q, then (4.5) for Q.",
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
    # 4.3: what the residual gradient makes of tails when the coin shows heads nine times of ten.
    3: Numbers(
        "give one number, the value of tails.",
        right=0.45,
        within=1e-3,
        mistakes=[
            (0.0, "that is the true value; which one does the residual gradient find?"),
            (
                0.9,
                "that is the value of toss. Tails is also pulled to its own reward.",
            ),
            (0.95, "that is the value of heads."),
            (0.25, "that is the value for the fair coin; here heads come with 0.9."),
            (0.05, "tails is pulled towards toss, which is worth 0.9, not 0.1."),
        ],
        hint="use (4.8) with p = 0.9, or residual_fixed_point.",
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
        hint="solve (4.11) = 0.95 for T.",
    ),
    # 4.5: where the loss of all pairs comes to rest, for the targets -8, -6, -4, -2, 0.
    5: Numbers(
        "give one number, the loss at the end.",
        right=8.0,
        within=1e-6,
        mistakes=[
            (0.0, "that is where the right loss comes to rest; here each value meets all targets."),
            (-4.0, "that is the value to which all are pulled; which loss is left there?"),
            (16.0, "that would be the loss if both terms of (4.12) were the variance."),
            (10.0, "that variance divides by N - 1; the loss is a mean over N."),
            (np.sqrt(8), "that is the standard deviation."),
        ],
        hint="minimize (4.12): which term can be made zero, and what is the other?",
    ),
    # 4.6: which mistake made which critic.
    6: _causes,
    # 4a.1: TD errors of a critic that is 16 too high everywhere, at gamma = 0.99.
    "4a.1": Numbers(
        "give one number.",
        right=0.16,
        within=1e-6,
        mistakes=[
            (16.0, "that is the error of the values; the target is too high as well."),
            (15.84, "that is the error of the target; subtract the value's."),
            (0.0, "nearly: gamma is not quite 1."),
            (1600.0, "that is what (4.3) would allow for TD errors of 16."),
        ],
        hint="by how much is the target off, and by how much the value? Subtract.",
    ),
    # 4b.1: Baird's remedy for the coin.
    "4b.1": Numbers(
        "give three numbers, the values of toss, heads and tails.",
        right=[0.5, 1.0, 0.0],
        within=0.1,
        mistakes=[
            (
                lambda v: bool(abs(v[1] - 0.75) < 0.1 and abs(v[2] - 0.25) < 0.1),
                "that is where one draw leads: the target's gradient needs a draw of its own.",
            ),
        ],
        hint="draw two next states; use one for delta, move the value of the other.",
    ),
}
