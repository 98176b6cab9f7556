"""The exercises of chapter 5: solutions are right, and common mistakes get their hint."""

import math

import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch05.actor_gradient import cosine, gradient_through, slope_by_differences
from ddpg_lib.chapters.ch05.exercises import CHECKS
from ddpg_lib.parts.losses import actor_loss
from ddpg_lib.parts.networks import Actor
from ddpg_lib.worlds.lqr import LQR

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
        (4, "x", "a share"),
        (4, 0.63, "low hill"),
        (4, 37, "not percent"),
        (4, -0.27, "where the valley lies"),
        (4, 0.5, "not at 0"),
        (4, 0.2, "high hill's top"),
        (4, 0.9, "lowest point"),
        ("5a.1", "x", "a cosine"),
        ("5a.1", 1, "not parallel"),
        ("5a.1", 326 / 128, "mean product"),
        ("5a.1", 326 / 20126, "roots of sums"),
        ("5a.1", 326 / 20126**0.5, "one length only"),
        ("5a.1", 0.0413, "square of the cosine"),
        ("5a.1", 0.7, "not yet"),
        ("5b.1", 1.0, "a function"),
        ("5c.1", "x", "one number"),
        ("5c.1", 0.75, "as much less"),
        ("5c.1", 3.0, "square of the standard deviation"),
        ("5c.1", 0.25, "six"),
        ("5c.1", -1.5, "positive"),
        ("5c.1", 9.0, "(5c.3)"),
        ("5c.2", 1.0, "two numbers"),
        ("5c.2", (1 / 3, 0.0), "chooser itself"),
        ("5c.2", (0.0, -1 / 3), "fresh errors"),
        ("5c.2", (0.0, 0.3), "below 0"),
        ("5c.2", (0.5, 0.5), "not yet"),
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
    verdict = CHECKS["5b.1"](function)
    assert hint in verdict
    assert bool(verdict) == bool(hint)


def test_all_signs_right_and_a_small_cosine():
    exact, said = np.ones(128), np.ones(128)
    exact[[5, 90]] = 100
    assert CHECKS["5a.1"](exact @ said / np.linalg.norm(exact) / np.linalg.norm(said)) == ""


def test_the_climbers_surplus_by_simulation():
    e = np.random.default_rng(0).choice([-0.5, 0.5], (1000, 6))
    promised, worth = (e**2).sum(1) / 2, -(e**2).sum(1) / 2  # curvature 1
    assert CHECKS["5c.1"]((promised - worth).mean()) == ""


def test_two_critics_by_simulation():
    one, two = np.random.default_rng(1).uniform(-1, 1, (2, 200_000, 2))
    chosen = one.argmax(axis=1)[:, None]
    mine, other = (np.take_along_axis(x, chosen, axis=1) for x in (one, two))
    assert CHECKS["5c.2"]((other.mean(), np.minimum(mine, other).mean())) == ""


BUMPS = ((1.0, -0.6, 0.15), (0.6, 0.45, 0.4))  # height, center and width of the two hills


def blurred(a, sigma):
    """Return exercise 5.4's solution: each bump becomes wider, and lower by as much."""
    total = 0
    for height, center, width in BUMPS:
        wider = np.sqrt(width**2 + 2 * sigma**2)
        total = total + height * width / wider * np.exp(-(((a - center) / wider) ** 2))
    return total


def test_blurred_hills_by_quadrature():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    a = np.linspace(-1, 1, 41)
    for sigma in (0.1, 0.3, 0.5):
        noisy = blurred(a[:, None] + sigma * nodes, 0.0)
        mean = noisy @ weights / weights.sum()
        np.testing.assert_allclose(blurred(a, sigma), mean, atol=1e-3)


def test_which_hill_a_climb_reaches():
    a = np.linspace(-1, 1, 2001)
    ends = a.copy()
    for _ in range(4000):
        slope = (blurred(ends + 1e-5, 0.0) - blurred(ends - 1e-5, 0.0)) / 2e-5
        ends = np.clip(ends + 0.005 * slope, -1, 1)
    assert np.mean(ends < 0) == pytest.approx(0.37, abs=0.01)
    assert CHECKS[4](np.mean(ends < 0)) == ""
    tops = [np.sum(np.diff(np.sign(np.diff(blurred(a, s)))) < 0) for s in (0.0, 0.4, 0.5)]
    assert tops == [2, 2, 1]
    assert a[blurred(a, 0.5).argmax()] > 0  # the broad one is left


def test_a_ripple_spoils_slopes_and_not_values():
    spring = LQR([[0.95, 0.2], [-0.2, 0.9]], [[0.0], [0.4]], np.diag([1.0, 0.1]), [[0.1]], 0.9)
    actor = Actor([np.random.default_rng(i) for i in range(4)], 2, 1, (16,), "tanh", 0.5)
    obs = np.random.default_rng(0).uniform(-1, 1, (4, 128, 2))
    states = torch.tensor(obs, dtype=torch.float32)
    action = actor(states).detach()

    def q_star(a):
        return spring.action_value(obs, 2 * a)

    epsilon = 0.01 * q_star(action.numpy()).std()
    clean = gradient_through(actor, states, slope_by_differences(q_star, action))
    worst = {}
    for omega in (1, 1000):

        def rippled(a, omega=omega):
            return q_star(a) + epsilon * np.sin(omega * a[..., 0])

        slope = slope_by_differences(rippled, action, 1e-4)
        worst[omega] = cosine(clean, gradient_through(actor, states, slope)).min().item()
        assert np.abs(rippled(action.numpy()) - q_star(action.numpy())).max() <= epsilon
    assert worst[1] > 0.99
    assert worst[1000] < 0.7
