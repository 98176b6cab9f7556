"""The exercises of chapter 5: solutions are right, and common mistakes get their hint."""

import math

import pytest
import torch

from ddpg_lib.exercises.chapter05 import CHECKS
from ddpg_lib.losses import actor_loss

A = math.tanh(0.5)
SLOPE, RESPONSE = -2 * (A - 0.8), 0.5 * (1 - A * A)


def test_one_weight_by_autograd():
    theta = torch.tensor(1.0, requires_grad=True)
    a = torch.tanh(theta * 0.5)
    (-((a - 0.8) ** 2) + 1.5).backward()
    assert CHECKS[1](theta.grad.item()) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, -SLOPE * RESPONSE, "wrong sign"),
        (1, SLOPE * 0.5, "tanh is missing"),
        (1, SLOPE * (1 - A * A), "factor s"),
        (1, SLOPE, "alone"),
        (1, RESPONSE, "alone"),
        (1, SLOPE * RESPONSE / 2, "factor 2"),
        (1, SLOPE * RESPONSE + 3, "does not depend"),
        (1, -1.6 * RESPONSE, "not at a = 0"),
        (1, 9.0, "not yet"),
        (2, None, "one number"),
        (2, 4, "straight road"),
        (2, math.sinh(8) / math.sinh(2), "2 p besides"),
        (2, math.cosh(4) ** 2 / math.cosh(1) ** 2, "first steps"),
        (2, 1 / 266.3, "other way round"),
        (2, 17.0, "divide"),
        (3, 1.0, "a function"),
        (4, 1.0, "a function"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_the_ratio_of_times_by_summing_steps():
    def steps(p, rate=1e-4):
        count = 0
        while p < 0:
            p += rate * (1 - math.tanh(p) ** 2)
            count += 1
        return count

    # A hundred times coarser where the road is a hundred times longer.
    assert CHECKS[2](100 * steps(-4.0, 1e-2) / steps(-1.0)) == ""


def gradient(actor, critic, obs, sign=1.0, reduce=lambda q: q.mean(-1).sum(), detach=False):
    action = actor(obs)
    q = critic(obs, action.detach() if detach else action)
    return [sign * g for g in torch.autograd.grad(reduce(q), list(actor.parameters()))]


def by_backward(actor, critic, obs):
    (-actor_loss(critic(obs, actor(obs)))).backward()
    return [p.grad for p in actor.parameters()]


def takes_a_step(actor, critic, obs):
    found = gradient(actor, critic, obs)
    with torch.no_grad():
        for p in critic.parameters():
            p += 0.1
    return found


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (gradient, ""),
        (lambda *x: gradient(*x, sign=-1.0), "other sign"),
        (lambda *x: gradient(*x, reduce=lambda q: q.sum()), "not the sum"),
        (lambda *x: gradient(*x, reduce=lambda q: q.mean()), "not averaged"),
        (lambda *x: gradient(*x, detach=True), "stopped with RuntimeError"),
        (lambda *x: [0 * g for g in gradient(*x)], "all zero"),
        (lambda *x: [2 * g for g in gradient(*x)], "not yet"),
        (lambda *x: gradient(*x)[:1], "one gradient for each"),
        (by_backward, "left behind"),
        (takes_a_step, "weights have changed"),
    ],
)
def test_own_gradients(function, hint):
    verdict = CHECKS[3](function)
    assert hint in verdict
    assert bool(verdict) == bool(hint)


def invert(slope, action):
    return slope * torch.where(slope > 0, 1 - action, action + 1) / 2


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (invert, ""),
        (lambda s, a: 2 * invert(s, a), "divided by the width"),
        (lambda s, a: -invert(-s, a), "exchanged"),
        (lambda s, a: s * (1 - a * a), "slope of a tanh"),
        (lambda s, a: torch.where(a.abs() > 1, torch.zeros_like(s), invert(s, a)), "turns round"),
        (lambda s, a: -invert(s, a), "sign"),
        (lambda s, a: s, "not yet"),
        (lambda s, a: s[0], "shape"),
        (lambda s, a: 1 / 0, "stopped with ZeroDivisionError"),
    ],
)
def test_own_inversions(function, hint):
    verdict = CHECKS[4](function)
    assert hint in verdict
    assert bool(verdict) == bool(hint)
