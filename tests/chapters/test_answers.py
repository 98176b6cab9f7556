"""The kinds of answers that chapters' checks are made of."""

import math

import numpy as np
import pytest

from ddpg_lib.chapters.answers import Function, Numbers

HALF = Numbers(
    "a number.",
    right=0.5,
    within=0.01,
    mistakes=[(2, "twice."), (lambda v: v < 0, "positive."), (2.001, "never reached.")],
    hint="no.",
)
PAIR = Numbers("two.", (1, 2), 0, [((2, 1), "the other order.")], "no.", near=0)


@pytest.mark.parametrize(
    ("check", "answer", "verdict"),
    [
        (HALF, 0.509, ""),
        (HALF, np.float32(0.5), ""),
        (HALF, [[0.5]], ""),
        (HALF, 0.52, "no."),
        (HALF, 2.0019, "twice."),
        (HALF, 2.1, "no."),
        (HALF, -2, "positive."),
        (HALF, math.inf, "a number."),
        (HALF, [0.5, 0.5], "a number."),
        (HALF, "half", "a number."),
        (PAIR, [[1], [2]], ""),
        (PAIR, (2, 1), "the other order."),
        (PAIR, (1, 1), "no."),
        (PAIR, 1, "two."),
        (Numbers("a square.", np.eye(2), 0, [], "no."), [1, 0, 0, 1], "a square."),
        (Numbers("a square.", np.eye(2), 0, [], "no."), [[1, 0], [0, 1]], ""),
    ],
)
def test_numbers(check, answer, verdict):
    assert check(answer) == verdict


DOUBLE = Function(
    "a function.",
    cases=[(np.zeros(3), "zero"), (np.arange(3.0), "one")],
    right=lambda x, name: 2 * x,
    shape="shape {}.",
    fails="fails on {1}: ",
    mistakes=[
        (math.nan, "not finite."),
        (-1, "the sign, on {1}."),
        (lambda x, name: x**2, "squared."),
    ],
    hint=lambda given, right, x, name: f"{given[1]:g} is not {right[1]:g} on {name}.",
)


def spoils_its_input(x, name):
    x *= 2
    return x


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (lambda x, name: x + x, ""),
        (spoils_its_input, ""),
        (2, "a function."),
        (lambda x, name: x[:2], "shape (2,)."),
        (lambda x, name: x / 0, "not finite."),
        (lambda x, name: -2 * x, "the sign, on one."),
        (lambda x, name: x * x, "squared."),
        (lambda x, name: 3 * x, "3 is not 2 on one."),
        (lambda x, name: {}[name], "fails on zero: KeyError: 'zero'"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_functions(answer, verdict):
    assert DOUBLE(answer) == verdict


def test_what_is_run_need_not_be_a_plain_call():
    twice = Function("f.", [(3,)], lambda x: x + 2, [], "no.", run=lambda f, x: f(f(x)))
    assert twice(lambda x: x + 1) == ""
    assert twice(lambda x: x + 2) == "no."
