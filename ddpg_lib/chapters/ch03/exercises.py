"""Checks for the exercises of chapter 3."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch03.ring import RingWorld


def _gradient(
    world: RingWorld,
    theta: Any,
    weigh: Callable[[Any], Any] = np.asarray,
    ahead: float = 1.0,
    at: float = 1.0,
) -> Any:
    """Return the theorem's sum, or that of somebody who made a mistake."""
    values, rho = world.solve(theta)
    slope = world.slope(at * (world.features @ theta), ahead * values)
    return (weigh(rho) * slope) @ world.features


def _without_features(world: RingWorld, theta: Any) -> Any:
    values, rho = world.solve(theta)
    return np.full(3, rho @ world.slope(world.features @ theta, values))


CHECKS: dict[int | str, Check] = {
    # 3.1: actions that a Gaussian policy must draw for a slope within 10 percent.
    1: Numbers(
        "give one number.",
        right=5100,
        within=0,
        near=0,
        mistakes=[
            (510, "an error of 0.1 is a squared error of 0.01."),
            (51, "that many give an error as long as the slope itself; 10 percent was asked."),
            (200, "that is the answer for one component; there are 50."),
            (100, "the error has 50 components, and each adds to it."),
            (5000, "nearly: the mean of xi_i^2 g_i has an error too, twice that of the others."),
            (
                5200,
                "nearly: (3.13) is the variance, the second moment less the square of the mean.",
            ),
        ],
        hint="solve (m + 1) / N = 0.1**2 for N; see (3.13).",
    ),
    # 3.2: gradient of J in the gain of a scalar linear-quadratic regulator, 5/16.
    2: Numbers(
        "give one number, dJ/dK.",
        right=0.3125,
        within=5e-4,
        mistakes=[
            (-0.3125, "the sign is off. mu(s) = -K s, so the derivative of mu in K is -s."),
            (0.15625, "half of it: the derivative of a square has a factor 2."),
            (
                0.0625,
                "the discounted distribution has the mass 1 / (1 - gamma); do not divide by it.",
            ),
            (0.25, "you counted the first state only; all later states add to the gradient."),
            (-1.25, "that is the slope of the reward. The slope of Q includes what follows."),
            (1.25, "that is M, the discounted sum of squares. Multiply by -G."),
            (-0.25, "that is G, the slope of Q per unit of s. Weigh it with the states: -G M."),
            (0.0, "zero belongs to the optimal gain; K = 0.5 is another."),
        ],
        hint="not quite. F = A - B K, then P = (Q + R K^2) / (1 - gamma F^2), then G, then M.",
    ),
    # 3.3: the deterministic policy gradient on the ring, as a function.
    3: Function(
        "give a function of (world, theta) that returns three numbers.",
        cases=[
            (RingWorld(), np.array(theta))
            for theta in ([0.3, 0.2, -0.4], [-0.5, 0.1, 0.6], [0.0, 0.4, -0.2])
        ],
        right=RingWorld.gradient,
        shape="return an array of shape (3,), one number for each theta; got {}.",
        mistakes=[
            (math.nan, "the result is not finite."),
            (-1, "the sign: this is the gradient of the cost; J is to be maximized."),
            (1 - RingWorld().gamma, "rho sums to 1 / (1 - gamma); do not divide by its sum."),
            (
                partial(_gradient, weigh=lambda rho: np.full(len(rho), 1 / len(rho))),
                "weigh the states by rho, not equally.",
            ),
            (partial(_gradient, weigh=np.ones_like), "the states must be weighed by rho."),
            (_without_features, "the factor grad mu is missing: world.features."),
            (partial(_gradient, ahead=0), "that is the reward's slope; Q includes what follows."),
            (partial(_gradient, at=0), "take the slope at the policy's own action, not at 0."),
        ],
        hint="not the gradient. rho times slope times features, summed over the states.",
    ),
    # 3.4: (1.25**3 - 0.75**3) / 0.5.
    4: Numbers(
        "give one number.",
        right=3.0625,
        within=2e-3,
        mistakes=[
            (3.0, "that is the slope in the middle; the mean of the slopes differs."),
            (3.1875, "that is for a Gaussian of standard deviation 0.25."),
            (1.53125, "that is the difference of the two heights; divide by the width, 2 sigma."),
            (6.125, "the density is 1 / (2 sigma), not 1 / sigma."),
        ],
        hint="integrate f' from mu - sigma to mu + sigma, and divide by the width.",
    ),
    # 3a.1: two weights that do the same; state 2 with mass 10, slope -3.
    "3a.1": Numbers(
        "give one number, the sum of the two weights of the critic.",
        right=-1.5,
        within=1e-6,
        mistakes=[
            (-60.0, "that is each component of the gradient; now solve for the critic's weights."),
            (-3.0, "that is the slope; the critic's slope is the feature, 2, times the sum."),
            (-0.75, "the sum of both weights is asked."),
            (-30.0, "weigh both sides with the same mass: it cancels."),
            (1.5, "the sign: the slope is -3."),
        ],
        hint="the critic's slope in the state is 2 (w_1 + w_2), and must equal -3.",
    ),
    # 3b.1: the step size with which SAC-B's natural step is COPDAC-B's.
    "3b.1": Numbers(
        "give one number, the step size.",
        right=30.0,
        within=1e-6,
        mistakes=[
            (3.0, "the features differ by sigma squared, not by sigma."),
            (0.003, "the other way round: the weights of SAC-B are sigma squared as large."),
            (0.3, "the weights differ: one learner's features are the other's over sigma squared."),
        ],
        hint="the score is (a - theta) / sigma**2: how does its weight compare with a - theta's?",
    ),
    # 3c.1: of J, lost by following the undiscounted states to the end; 4.3 percent.
    "3c.1": Numbers(
        "give one number, the lost share of J.",
        right=0.0435,
        within=0.004,
        mistakes=[
            (4.35, "as a share, not in percent."),
            (lambda x: abs(float(x)) < 1e-3, "rho is still the discounted one."),
        ],
        hint="follow the flow to its end, and compare ring.objective there with the best.",
    ),
}
