"""Chapter 17's checks: the right answer passes, each common wrong one gets its own hint."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch17.exercises import CHECKS
from ddpg_lib.chapters.check import check


def by_hand(frame, dy, dx):
    moved = np.empty_like(frame)
    height, width = frame.shape
    for y, x in np.ndindex(*frame.shape):
        moved[y, x] = frame[min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)]
    return moved


def places(side, kernel, stride):
    return sum(1 for left in range(0, side, stride) if left + kernel <= side)


@pytest.mark.parametrize(
    ("number", "right"),
    [(1, 6), (2, places), (3, 1.375), (3, 2 * 2.2 / 32 / 0.1), (4, by_hand)],
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, 3, "s alone"),
        (1, 2, "three frames"),
        (1, 4, "six frames"),
        (1, 9, "not yet"),
        (2, 3, "a function"),
        (2, lambda n, k, s: n // s, "must fit in"),
        (2, lambda n, k, s: (n - k) // s, "first place"),
        (2, lambda n, k, s: (n - k) / s + 1, "round down"),
        (2, lambda n, k, s: (n + 2 * (k // 2) - k) // s + 1, "with padding"),
        (2, lambda n, k, s: 0, "not yet"),
        (3, "x", "rad/s"),
        (3, 1.375 / 2, "half of the picture"),
        (3, 1.375 / 2.2, "does not reach"),
        (3, 2.75, "two steps"),
        (3, 0.1375, "that is the angle"),
        (3, 5, "not yet"),
        (4, 3, "a function"),
        (4, lambda f, dy, dx: np.roll(f, (-dy, -dx), (0, 1)), "must not come back"),
        (4, lambda f, dy, dx: np.pad(f, 5)[5 + dy : 11 + dy, 5 + dx : 12 + dx], "not black"),
        (4, lambda f, dy, dx: by_hand(f, -dy, -dx), "the other way"),
        (4, lambda f, dy, dx: by_hand(f, dx, dy), "rows first"),
        (4, lambda f, dy, dx: f[1:], "another shape"),
        (4, lambda f, dy, dx: f * 0, "not yet"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("17.1", 6)
    assert capsys.readouterr().out == "Exercise 17.1: right.\n"
