"""Checks for the exercises of chapter 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import known, number
from ddpg_lib.chapters.ch03.ring import RingWorld


def draws(answer: Any) -> str:
    """Exercise 3.1: actions that a Gaussian policy must draw for a slope within 10 percent."""
    value = number(answer)
    if value is None:
        return "give one number."
    if value == 5100:
        return ""
    mistakes = [
        (510, "an error of 0.1 is a squared error of 0.01."),
        (51, "that many give an error as long as the slope itself; 10 percent was asked."),
        (200, "that is the answer for one component; there are 50."),
        (100, "the error has 50 components, and each adds to it."),
        (5000, "nearly: the mean of xi_i^2 g_i has an error too, twice that of the others."),
        (5200, "nearly: (3.10) is the variance, the second moment less the square of the mean."),
    ]
    return known(value, mistakes, 0.0) or "solve (m + 1) / N = 0.1**2 for N; see (3.10)."


def gain(answer: Any) -> str:
    """Exercise 3.2: gradient of J in the gain of a scalar linear-quadratic regulator, 5/16."""
    value = number(answer)
    if value is None:
        return "give one number, dJ/dK."
    if abs(value - 0.3125) <= 5e-4:
        return ""
    mistakes = [
        (-0.3125, "the sign is off. mu(s) = -K s, so the derivative of mu in K is -s."),
        (0.15625, "half of it: the derivative of a square has a factor 2."),
        (0.0625, "the discounted distribution has the mass 1 / (1 - gamma); do not divide by it."),
        (0.25, "you counted the first state only; all later states add to the gradient."),
        (-1.25, "that is the slope of the reward. The slope of Q includes what follows."),
        (1.25, "that is M, the discounted sum of squares. Multiply by -G."),
        (-0.25, "that is G, the slope of Q per unit of s. Weigh it with the states: -G M."),
        (0.0, "zero belongs to the optimal gain; K = 0.5 is another."),
    ]
    return known(value, mistakes, 1e-3) or (
        "not quite. F = A - B K, then P = (Q + R K^2) / (1 - gamma F^2), then G, then M."
    )


def theorem(answer: Any) -> str:
    """Exercise 3.3: the deterministic policy gradient on the ring, as a function."""
    if not callable(answer):
        return "give a function of (world, theta) that returns three numbers."
    world = RingWorld()
    for theta in ([0.3, 0.2, -0.4], [-0.5, 0.1, 0.6], [0.0, 0.4, -0.2]):
        given = np.asarray(answer(world, np.array(theta)), float)
        if given.shape != (3,):
            return f"return an array of shape (3,), one number for each theta; got {given.shape}."
        right = world.gradient(theta)
        if not np.isfinite(given).all():
            return "the result is not finite."
        if np.allclose(given, right, rtol=1e-6, atol=1e-9):
            continue
        V, rho = world.solve(theta)
        a = world.features @ np.asarray(theta)
        slope, uniform = world.slope(a, V), np.full(world.size, 1 / world.size)
        myopic = world.slope(a, np.zeros(world.size))
        elsewhere = world.slope(np.zeros(world.size), V)
        for wrong, message in (
            (-right, "the sign: this is the gradient of the cost; J is to be maximized."),
            (right * (1 - world.gamma), "rho sums to 1 / (1 - gamma); do not divide by its sum."),
            (uniform @ (slope[:, None] * world.features), "weigh the states by rho, not equally."),
            (slope @ world.features, "the states must be weighed by rho."),
            ((rho * slope).sum() * np.ones(3), "the factor grad mu is missing: world.features."),
            (rho * myopic @ world.features, "that is the reward's slope; Q includes what follows."),
            (
                rho * elsewhere @ world.features,
                "take the slope at the policy's own action, not at 0.",
            ),
        ):
            if np.allclose(given, wrong, rtol=1e-6, atol=1e-9):
                return message
        return "not the gradient. rho times slope times features, summed over the states."
    return ""


CHECKS: dict[int, Callable[[Any], str]] = {1: draws, 2: gain, 3: theorem}
