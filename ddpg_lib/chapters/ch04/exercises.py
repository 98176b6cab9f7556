"""Checks for the exercises of chapter 4."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import number


def _known(value: float, mistakes: Iterable[tuple[float, str]]) -> str | None:
    """Return what is known about a wrong answer, if it is one of the common ones."""
    for wrong, message in mistakes:
        if math.isclose(value, wrong, rel_tol=1e-3, abs_tol=1e-3):
            return message
    return None


def slope(answer: Any) -> str:
    """4.1: dL/dQ for r = -1, gamma = 0.9, Q' = -6, Q = -4 in the middle of an episode."""
    value = number(answer)
    if value is None:
        return "give one number, the derivative of the loss with respect to Q(s, a)."
    delta = -1 + 0.9 * -6 + 4
    right = -2 * delta
    if math.isclose(value, right, abs_tol=1e-6):
        return ""
    mistakes = [
        (-right, "the sign: y - Q falls when Q rises, which gives a minus."),
        (delta, "that is the TD error; differentiate its square."),
        (-delta, "the square brings a factor of 2."),
        (delta**2, "that is the loss; differentiate it with respect to Q."),
        (-2 * (-1 + 4), "this transition does not end the world: the next value counts."),
        (-2 * (-1 - 6 + 4), "the next value is one step away: discount it."),
        (-2 * (0.9 * (-1 - 6) + 4), "only the next value is discounted, not the reward."),
        (2 * delta * (0.9 - 1), "that differentiates the target as well; it is held fixed."),
    ]
    return _known(value, mistakes) or "not yet. First y, then delta = y - Q, then (4.6) for Q."


def gradient(answer: Any) -> str:
    """4.2: the gradient of the mean squared TD error, from the errors and the gradients of Q."""
    if not callable(answer):
        return "give a function of delta, shape (N,), and grad_q, shape (N, k)."
    rng = np.random.default_rng(42)
    features, y, w = rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=3)

    def loss(w: Any) -> Any:
        return np.mean((y - features @ w) ** 2)

    h = 1e-6
    right = np.array([(loss(w + h * e) - loss(w - h * e)) / (2 * h) for e in np.eye(3)])
    delta = y - features @ w
    try:
        value = np.asarray(answer(delta.copy(), features.copy()), float)
    except Exception as error:
        return f"your function fails: {type(error).__name__}: {error}"
    if value.shape != (3,):
        return f"the gradient has one number a weight, shape (3,); yours has shape {value.shape}."
    if np.allclose(value, right, atol=1e-6):
        return ""
    factors = [
        (-0.5, "that is the formula as printed; difference quotients say otherwise, twice."),
        (0.5, "the sign is right now. What does the derivative of a square bring?"),
        (-1.0, "the factor is right now. Which way does y - Q move when Q rises?"),
        (6.0, "the mean over the batch, not the sum."),
        (-3.0, "the mean over the batch, not the sum; and compare with difference quotients."),
        (3.0, "the mean over the batch, not the sum; and what does a square bring?"),
    ]
    for factor, message in factors:
        if np.allclose(value, factor * right, atol=1e-6):
            return message
    return "not proportional to the gradient. It is a mean over j of delta[j] * grad_q[j], times c."


def believed(answer: Any) -> str:
    """4.3: what the residual gradient makes of C when the coin shows heads nine times of ten."""
    value = number(answer)
    if value is None:
        return "give one number, the value of C."
    if math.isclose(value, 0.45, abs_tol=1e-3):
        return ""
    mistakes = [
        (0.0, "that is the true value; which one does the residual gradient find?"),
        (0.9, "that is the value of A. C is pulled towards it, but its own reward pulls as well."),
        (0.95, "that is the value of B."),
        (0.25, "that is the value for the fair coin; here heads come with 0.9."),
        (0.05, "C is pulled towards A, and A is worth 0.9, not 0.1."),
    ]
    return _known(value, mistakes) or "use (4.11) with h = 0.9, or residual_fixed_point."


def harmless_limit(answer: Any) -> str:
    """4.4: the time limit at which storing it as an end costs 5% of the value at gamma = 0.99."""
    value = number(answer)
    if value is None:
        return "give one number of steps."
    right = 0.99 / (0.01 * (1 / 0.95 - 1))
    if abs(value - right) <= 1.5:
        return ""
    mistakes = [
        (0.99 / (0.01 * 0.05), "nearly: the value is 1/(1 + x) of the right one, not 1 - x."),
        (0.99 / (0.01 * (1 / 0.05 - 1)), "that limit keeps 5%; you want to lose 5%."),
        (100.0, "that is the horizon; a limit as long as the horizon loses half of the value."),
        (20.0, "compare the limit with the horizon 1/(1 - gamma), which is 100 steps."),
    ]
    return _known(value, mistakes) or "solve (4.13) = 0.95 for T."


CHECKS: dict[int, Callable[[Any], str]] = {
    1: slope,
    2: gradient,
    3: believed,
    4: harmless_limit,
}
