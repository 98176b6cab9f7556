"""Chapter 4's exercises: their solutions pass, and each common wrong answer gets its own hint."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch04.bellman import residual_fixed_point, td_fixed_point
from ddpg_lib.chapters.ch04.coin import transitions
from ddpg_lib.chapters.ch04.exercises import CHECKS
from ddpg_lib.chapters.check import check

DELTA = -1 + 0.9 * -6 + 4


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        (1, -2 * DELTA, "right"),
        (1, np.array([4.8]), "right"),
        (1, 2 * DELTA, "sign"),
        (1, DELTA, "TD error"),
        (1, -DELTA, "factor of 2"),
        (1, DELTA**2, "that is the loss"),
        (1, -6.0, "does not end"),
        (1, 6.0, "discount it"),
        (1, -2 * (0.9 * -7 + 4), "only the next value"),
        (1, 2 * DELTA * (0.9 - 1), "held fixed"),
        (1, 1234, "not yet"),
        (1, "no", "one number"),
        (1, None, "put your answer"),
        (3, 0.45, "right"),
        (3, 0, "true value"),
        (3, 0.9, "value of toss"),
        (3, 0.95, "value of heads"),
        (3, 0.25, "fair coin"),
        (3, 0.05, "not 0.1"),
        (3, 7, "(4.8)"),
        (3, (1, 2), "one number"),
        (4, 1881, "right"),
        (4, 1881.4, "right"),
        (4, 1980, "nearly"),
        (4, 5.21, "keeps 5%"),
        (4, 100, "horizon"),
        (4, 20, "horizon"),
        (4, 500, "(4.11)"),
        (4, [], "one number"),
        (5, 8, "right"),
        (5, 0, "right loss"),
        (5, -4, "which loss"),
        (5, 16, "both terms"),
        (5, 10, "N - 1"),
        (5, 8**0.5, "standard deviation"),
        (5, 3, "minimize"),
        (6, "bdac", "right"),
        (6, " BDAC", "right"),
        (6, "dbac", "2 of four are wrong; (i)"),
        (6, "badc", "2 of four are wrong; (ii)"),
        (6, "bdca", "2 of four are wrong; (iii)"),
        (6, "bbac", "each of a to d once"),
        (6, 7, "four letters"),
        ("4a.1", 0.16, "right"),
        ("4a.1", 16, "error of the values"),
        ("4a.1", 15.84, "error of the target"),
        ("4a.1", 0, "nearly"),
        ("4a.1", 1600, "(4.3)"),
        ("4a.1", 1, "Subtract"),
        ("4b.1", [0.5, 0.98, 0.03], "right"),
        ("4b.1", [0.5, 0.74, 0.26], "one draw"),
        ("4b.1", [0.5, 0.2, 0.3], "two next states"),
        ("4b.1", 0.5, "three numbers"),
    ],
)
def test_numbers(number, answer, hint, capsys):
    check(number if isinstance(number, str) else f"4.{number}", answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda delta, grad_q: delta @ grad_q / len(delta), "as printed"),
        (lambda delta, grad_q: -delta @ grad_q / len(delta), "sign is right"),
        (lambda delta, grad_q: 2 * delta @ grad_q / len(delta), "factor is right"),
        (lambda delta, grad_q: -2 * delta @ grad_q, "not the sum"),
        (lambda delta, grad_q: delta @ grad_q, "not the sum"),
        (lambda delta, grad_q: -delta @ grad_q, "not the sum"),
        (lambda delta, grad_q: delta[:, None] * grad_q, "shape (3,)"),
        (lambda delta, grad_q: grad_q @ delta, "fails"),
        (lambda delta, grad_q: grad_q.mean(axis=0), "not proportional"),
        (-2, "function"),
    ],
)
def test_wrong_gradients_are_told_apart(answer, hint):
    assert hint in CHECKS[2](answer)


def test_the_right_gradient_passes():
    assert CHECKS[2](lambda delta, grad_q: -2 * np.mean(delta[:, None] * grad_q, axis=0)) == ""


def test_descending_the_printed_gradient_multiplies_the_error():
    """Exercise 4.2's second half: with the sign lost, each step makes the error larger."""
    value, target, step = 0.0, 1.0, 0.1
    errors = []
    for _ in range(20):
        value -= step * (target - value)
        errors.append(target - value)
    assert np.allclose(np.divide(errors[1:], errors[:-1]), 1 + step)


def test_the_unfair_coin_by_the_library():
    states, heads = np.eye(3), 0.9
    values = residual_fixed_point(
        states[[0, 0, 1, 2]],
        states[[1, 2, 0, 0]],
        [0, 0, 1, 0],
        1.0,
        terminated=[0, 0, 1, 1],
        weight=[heads, 1 - heads, heads, 1 - heads],
    )
    assert CHECKS[3](values[2]) == ""


def test_the_four_critics_come_from_their_mistakes():
    """Exercise 4.6: each mistake, made with a coin of 0.8, gives the values that the page shows."""
    p = 0.8
    x, next_x, reward, d, often = transitions(p)
    data = {"terminated": d, "weight": often}
    flows = residual_fixed_point(x, next_x, reward, 1.0, **data)
    assert np.allclose(flows, [0.8, 0.9, 0.4])
    # A quarter of the tosses is cut off, and stored as an end.
    weight = np.concatenate([[0.75 * w for w in often[:2]], often[2:], [often[:2].sum() / 4]])
    rows = [np.vstack([z, more]) for z, more in ((x, x[:1]), (next_x, 0 * x[:1]))]
    cut = td_fixed_point(*rows, np.append(reward, 0), 1.0, weight=weight)
    assert np.allclose(cut, [0.6, 1, 0])
    # The toss is paid what the game before paid at its end, and the end nothing.
    before = td_fixed_point(x, next_x, [p, p, 0, 0], 1.0, **data)
    assert np.allclose(before, [0.8, 0, 0])
    # All pairs: one value v for all, the mean target. Half of the transitions end.
    v = 0.0
    for _ in range(100):
        v = often @ (reward + (1 - d) * v)
    assert v == pytest.approx(0.8)


def test_two_independent_next_states_find_the_right_values():
    """Exercise 4b.1: Baird's remedy, in expectation, on the coin game."""
    v = np.zeros(3)
    for _ in range(4000):
        # E[delta] of one draw and the gradient of another: for A both successors have weight 1/2.
        delta_a = 0.5 * (v[1] + v[2]) - v[0]
        gradient = 2 * delta_a * np.array([-1, 0.5, 0.5])
        gradient += 0.5 * 2 * (1 - v[1]) * np.array([0, -1, 0])
        gradient += 0.5 * 2 * (0 - v[2]) * np.array([0, 0, -1])
        v -= 0.1 * gradient
    assert np.allclose(v, [0.5, 1, 0], atol=1e-6)
