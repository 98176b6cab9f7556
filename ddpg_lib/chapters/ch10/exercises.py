"""Checks for the exercises of chapter 10."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.numpy_ddpg import Network, Settings

# 10.1: inputs, weights, biases, and the gradient that arrives from above.
X = np.array([[1.0, 2.0], [3.0, -1.0]])
W = np.array([[1.0, -1.0], [0.5, 2.0]])
B = np.array([[0.0, -1.0]])
G = np.array([[1.0, 2.0], [-1.0, 4.0]])
Z = X @ W + B
DELTA = G * (Z > 0)

RATIO = 0.1 / math.sqrt(0.001)  # 10.2


def backward(answer: Callable[..., Any]) -> str:
    """10.3: the reader's backward pass of a critic with two tanh layers."""
    if not callable(answer):
        return "give the function itself, without calling it."
    rng = np.random.default_rng(0)
    c = Settings(hidden=(5, 4), final_init=0.7, dtype="float64")
    critic = Network(rng, [3, 5, 4, 1], c, action_dim=2)
    s, a, grad = (rng.normal(size=(6, k)) for k in (3, 2, 1))
    critic.forward(s, a)
    action = critic.backward(grad)
    ends = np.cumsum([w.size for w in critic.weights])[:-1]
    names = ("W1", "b1", "W2", "b2", "W3", "b3")
    right = dict(zip(names, np.split(critic.gradient(), ends), strict=True))
    result = answer([w.copy() for w in critic.weights], s.copy(), a.copy(), grad.copy())
    try:
        gradients, action_given = result
        given = dict(zip(right, gradients, strict=True))
    except (TypeError, ValueError):
        return "return a pair: the six gradients (W1, b1, W2, b2, W3, b3), and dQ/da."
    hints = {
        "W3": "the last layer is linear, so its delta is what is handed in.",
        "b3": "a bias enters every transition: sum its delta over the rows.",
        "W2": "its delta is delta3 W3^T times the slope 1 - h^2 of its own output.",
        "b2": "a bias enters every transition: sum its delta over the rows.",
        "W1": "its delta is delta2 W2^T times the slope 1 - h^2; its input is s and a together.",
        "b1": "a bias enters every transition: sum its delta over the rows.",
    }
    for name, hint in hints.items():  # from the top down, the way the error travels
        value = np.asarray(given[name], float)
        if value.size != right[name].size:
            return f"the gradient of {name} has {value.size} numbers, not {right[name].size}."
        if not np.allclose(value.ravel(), right[name], atol=1e-9):
            if np.allclose(value.ravel(), right[name] / len(s), atol=1e-9):
                return f"the gradient of {name} is too small by N; the 1/N is in what is handed in."
            return f"the gradient of {name} is wrong: {hint}"
    if np.shape(action_given) != action.shape:
        return f"dQ/da must have the shape of a, {action.shape}; got {np.shape(action_given)}."
    if not np.allclose(action_given, action, atol=1e-9):
        return "dQ/da is wrong: it is delta1 times the *action's* rows of W1, the last ones."
    return ""


CHECKS: dict[int | str, Check] = {
    # 10.1: dL/dW of a relu layer with two inputs, two units and two transitions.
    1: Numbers(
        "give a matrix of two rows and two columns, like W.",
        right=X.T @ DELTA,
        within=1e-5,
        near=1e-5,
        mistakes=[
            (
                DELTA.T @ X,
                "that is the transpose: an entry's row is its input, its column its unit.",
            ),
            (
                X.T @ G,
                "one unit is shut for the second transition, and its slope is 0: use (10.2).",
            ),
            (X.T @ (DELTA * Z), "the slope of an open relu is 1, not its output."),
            (
                X.T @ DELTA / 2,
                "the sum over transitions is already the whole; divide by nothing.",
            ),
            (
                X @ DELTA,
                "sum over transitions, not over inputs: the first factor is transposed.",
            ),
            (DELTA @ W.T, "that is dL/dX, for the layer below."),
            (-X.T @ DELTA, "that is the way down; the gradient points up."),
        ],
        hint="not yet. First Z, then which units are open, then (10.2), then (10.3).",
    ),
    # 10.2: the length of Adam's first step without bias correction, relative to that with it.
    2: Numbers(
        "give one number.",
        right=RATIO,
        within=2e-3 * RATIO,
        near=2e-3,
        mistakes=[
            (
                1 / RATIO,
                "that is the other way round: which of the two steps is the longer?",
            ),
            (0.1, "m is too small by the factor 0.1, but v is too small as well."),
            (0.1 / 0.001, "the step divides by the *root* of v."),
            (
                math.sqrt(1000),
                "v is too small by the factor 0.001, but m is too small as well.",
            ),
            (
                1,
                "m is too small by 1 - beta1 and the root of v by another factor: not the same.",
            ),
        ],
        hint="not yet. At t = 1, what are m and v in terms of g?",
    ),
    3: backward,
    # 10.4: the slope of softplus, written in its output.
    4: Function(
        "give a function of h.",
        cases=[(np.log1p(np.exp(np.linspace(-4, 4, 41))),)],
        right=lambda h: 1 / (1 + 1 / np.expm1(h)),  # 1 / (1 + e^-z), for e^z = e^h - 1
        shape="the function must return an array of the shape of h.",
        mistakes=[
            (
                lambda h: 1 / (1 + np.exp(-h)),
                "that is the slope if h were z; the backward pass has only h.",
            ),
            (lambda h: np.exp(-h), "nearly: that is 1 minus the slope."),
            (lambda h: 1 - np.exp(h), "check the sign in the exponent."),
            (lambda h: 1 - h * h, "that is tanh's."),
        ],
        hint="not yet. Differentiate log(1 + e^z), then replace e^z by what h says of it.",
    ),
    # 10a.1: the least bound on the error of a one-sided difference.
    "10a.1": Numbers(
        "give one number, the smallest value of the bound.",
        right=2e-8,
        within=1e-10,
        near=1e-3,
        mistakes=[],
        hint="not yet. Where does the derivative of M h/2 + 2 e F/h in h vanish?",
    ),
    # 10b.1: steps in which 1e-7 grows to 0.1 at 1.21 a step.
    "10b.1": Numbers(
        "give one number of steps.",
        right=math.log(1e6) / math.log(1.2136),
        within=3,
        mistakes=[
            (6, "that is the number of tenfoldings; each takes a dozen steps."),
            (12, "a dozen steps are one tenfolding; from 1e-7 to 0.1 there are six."),
        ],
        hint="not yet. By which factor must it grow, and by which does it in each step?",
    ),
    # 10c.1: millions of multiplications of an update, by (10c.1).
    "10c.1": Numbers(
        "give one number, in millions.",
        right=64 * (6 * 4416 + 4 * 4352) / 1e6,
        within=0.01,
        mistakes=[
            (64 * 10 * 4416 / 1e6, "the actor's first layer has three inputs."),
            ((6 * 4416 + 4 * 4352) / 1e6, "that is for one transition; a minibatch has 64."),
        ],
        hint="not yet. Count the entries of the weight matrices, without biases.",
    ),
}
