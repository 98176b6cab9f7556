"""Checks for the exercises of chapter 5."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch05.actor_gradient import action_slope, gradient_through
from ddpg_lib.chapters.ch05.hills import hills
from ddpg_lib.parts.gradients import invert_gradient
from ddpg_lib.parts.networks import Actor, Critic

# 5.1: the action, the slope of Q in it, and how it responds to theta.
ACTION = math.tanh(0.5)
SLOPE, RESPONSE = -2 * (ACTION - 0.8), 0.5 * (1 - ACTION**2)
PRODUCT = SLOPE * RESPONSE
RATIO = (8 + math.sinh(8)) / (2 + math.sinh(2))  # 5.2
# 5.4: the lowest point between the tops of the two hills divides the starts.
_BETWEEN = np.linspace(-0.6, 0.45, 10_501)
VALLEY = float(_BETWEEN[hills(_BETWEEN).argmin()])
SHARE = (VALLEY + 1) / 2
COSINE = (2 * 100 + 126) / math.sqrt(2 * 100**2 + 126) / math.sqrt(128)  # 5a.1

# 5c.2: mean of min(X, U), X the greater of two and U one, uniform in [-1, 1]. Given X = x it is
# x - (x + 1)**2 / 4, and (X + 1)/2 is beta distributed with moments 2/3 and 2/4.
SMALLER = (2 * 2 / 3 - 1) - 2 / 4


def own_gradient(answer: Callable[[Actor, Critic, Tensor], Any]) -> str:
    """5.3: the reader's ascent direction against the library's, and what it leaves behind."""
    if not callable(answer):
        return "give a function of (actor, critic, obs)."
    rngs = [np.random.default_rng(i) for i in range(3)]
    actor = Actor(rngs, 3, 2, (8,), "tanh", 0.5).double()
    critic = Critic(rngs, 3, 2, (8,), "tanh", 0.5).double()
    obs = torch.tensor(np.random.default_rng(5).normal(size=(3, 10, 3)))
    before = [p.detach().clone() for net in (actor, critic) for p in net.parameters()]
    right = gradient_through(actor, obs, action_slope(critic, obs, actor(obs)))
    try:
        found = [torch.as_tensor(g).double() for g in answer(actor, critic, obs)]
    except Exception as error:
        return f"your function stopped with {type(error).__name__}: {error}"
    if [g.shape for g in found] != [g.shape for g in right]:
        return "return one gradient for each of actor.parameters(), of the same shape."

    def equal(factor: float) -> bool:
        return all(
            torch.allclose(f, factor * r, atol=1e-9) for f, r in zip(found, right, strict=True)
        )

    after = [p.detach() for net in (actor, critic) for p in net.parameters()]
    if any(not torch.equal(x, y) for x, y in zip(before, after, strict=True)):
        return "weights have changed: return the gradient, and take no step."
    if equal(-1.0):
        return (
            "that is the gradient of the loss; the direction in which J grows has the other sign."
        )
    if equal(10.0):
        return "each agent's J is the mean over its states, not the sum."
    if equal(1 / 3):
        return "the agents are summed, not averaged: each agent's gradient is its own."
    if all(float(f.abs().max()) == 0 for f in found):
        return "all zero: does the action still carry a gradient when the critic sees it?"
    if not equal(1.0):
        return "not yet. Compare with (5.2): the critic's slope in a, then the actor's response."
    if any(p.grad is not None for p in critic.parameters()):
        return (
            "right numbers, but gradients were left behind in the critic's .grad. Ask "
            "torch.autograd.grad for the actor's parameters only."
        )
    return ""


def _pushes() -> tuple[Tensor, Tensor]:
    """Return made-up slopes and actions, some of them beyond a bound."""
    rng = np.random.default_rng(0)
    return torch.tensor(rng.normal(size=(2, 50, 3))), torch.tensor(
        rng.uniform(-1.3, 1.3, (2, 50, 3))
    )


CHECKS: dict[int | str, Check] = {
    # 5.1: dJ/dtheta for a = tanh(theta s), Q = -(a - 0.8)^2 + 3 s, at s = 0.5, theta = 1.
    1: Numbers(
        "give one number.",
        right=PRODUCT,
        within=5e-4,
        near=5e-4,
        mistakes=[
            (-PRODUCT, "the right size, the wrong sign: J is to grow, and Q grows with a."),
            (SLOPE * 0.5, "the tanh is missing: its slope at the output a is 1 - a**2."),
            (SLOPE * (1 - ACTION**2), "the response to theta also has the factor s."),
            (SLOPE, "that is dQ/da alone; multiply by how a responds to theta."),
            (RESPONSE, "that is da/dtheta alone; multiply by the slope of Q in a."),
            (PRODUCT / 2, "the derivative of the square has a factor 2."),
            (PRODUCT + 3, "3 s does not depend on the action, so the actor does not see it."),
            (PRODUCT + 1.5, "3 s does not depend on the action: the actor does not see it."),
            (-1.6 * RESPONSE, "take the slope at a = tanh(0.5), not at a = 0."),
        ],
        hint="not yet. Multiply dQ/da at a = tanh(0.5) by da/dtheta = s (1 - a**2).",
    ),
    # 5.2: time from p = -4 over the time from p = -1, by (5.10).
    2: Numbers(
        "give one number, the ratio of the two times.",
        right=RATIO,
        within=1,
        near=5e-3,
        mistakes=[
            (
                1 / RATIO,
                "the other way round: how many times longer is the way from the deeper start?",
            ),
            (4, "that would be a straight road; the tanh is flatter the farther out it starts."),
            (
                (1 - math.tanh(1) ** 2) / (1 - math.tanh(4) ** 2),
                "that is the ratio of the first steps; the steps grow on the way. Use (5.10).",
            ),
            (
                math.sinh(8) / math.sinh(2),
                "nearly: the formula has the term 2 p besides the sinh.",
            ),
            (
                (4 + math.sinh(4)) / (1 + math.sinh(1)),
                "(5.10) has the double depth, 2 p, in both.",
            ),
        ],
        hint="put p = 4 and p = 1 into (5.10) and divide.",
    ),
    3: own_gradient,
    # 5.4: the share of starts left of the valley between the two hills.
    4: Numbers(
        "give one number, a share between 0 and 1.",
        right=SHARE,
        within=0.01,
        near=0.01,
        mistakes=[
            (1 - SHARE, "that is the share that climbs the low hill."),
            (100 * SHARE, "give a share between 0 and 1, not percent."),
            (VALLEY, "that is where the valley lies; which share of [-1, 1] lies left of it?"),
            (0.5, "the valley between the hills is not at 0: where does the reward rise again?"),
            (0.2, "that divides at the high hill's top; starts to its right climb it as well."),
        ],
        hint="not yet. Find the lowest point between the hills; starts left of it go left.",
    ),
    # 5a.1: two slopes of 100 and 126 of 1, against 128 of 1.
    "5a.1": Numbers(
        "give one number, a cosine.",
        right=COSINE,
        within=5e-3,
        near=5e-3,
        mistakes=[
            (1, "all signs are right, but the arrows are not parallel: use (5a.2)."),
            (326 / 128, "that is the mean product; divide by both lengths."),
            (326 / 20126, "divide by the lengths, which are roots of sums of squares."),
            (326 / math.sqrt(20126), "that divides by one length only; the other is root 128."),
            (COSINE**2, "that is the square of the cosine."),
        ],
        hint="not yet. (2 * 100 + 126) over the root of (2 * 100**2 + 126) and the root of 128.",
    ),
    # 5b.1: the reader's inverted gradient against the library's.
    "5b.1": Function(
        "give a function of (slope, action).",
        cases=[_pushes()],
        right=invert_gradient,
        fails="your function stopped with ",
        shape="return a tensor of the slope's shape (2, 50, 3).",
        mistakes=[
            (2, "the room is divided by the width of the range, which is 2."),
            (
                lambda slope, action: -invert_gradient(-slope, action),
                "the two cases are exchanged: room lies ahead.",
            ),
            (
                lambda slope, action: slope * (1 - action**2),
                "that is the slope of a tanh; (5b.4) is linear in the room.",
            ),
            (
                lambda slope, action: invert_gradient(slope, action) * (action.abs() <= 1),
                "beyond a bound the push is not cut to zero, it turns round.",
            ),
            (-1, "the sign is turned everywhere."),
        ],
        hint="not yet. Where the slope is positive the factor is (1 - a)/2, elsewhere (a + 1)/2.",
    ),
    # 5c.1: m sigma**2 / k for six components.
    "5c.1": Numbers(
        "give one number.",
        right=1.5,
        within=1e-3,
        mistakes=[
            (0.75, "that is the promise above the best value; the action is worth as much less."),
            (3.0, "the variance is the square of the standard deviation."),
            (0.25, "that is for one component; the arm has six."),
            (-1.5, "the promise is above the worth: the difference is positive."),
        ],
        hint="not yet. Take the difference of the two means in (5c.3).",
    ),
    # 5c.2: the second critic's opinion of the first one's choice, and the smaller of the two.
    "5c.2": Numbers(
        "give two numbers: the second critic's mean, and the mean of the smaller value.",
        right=(0.0, SMALLER),
        within=0.02,
        mistakes=[
            (lambda v: abs(v[0] - 1 / 3) < 0.02, "that is what the chooser itself says."),
            (
                lambda v: abs(v[0]) <= 0.02 and abs(v[1] + 1 / 3) < 0.02,
                "that is the smaller of two fresh errors; the first is the greater of two.",
            ),
            (
                lambda v: abs(v[0]) <= 0.02 and v[1] > 0.02,
                "the smaller of the two is at most the second's value, so its mean is below 0.",
            ),
        ],
        hint="not yet. Draw errors (draws, 2) for each; choose by the first; look up both.",
    ),
}
