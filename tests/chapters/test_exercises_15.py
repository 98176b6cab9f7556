"""Chapter 15's checks: the right answer passes, each common wrong one gets its own hint."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq

from ddpg_lib.chapters.ch15.exercises import CHECKS
from ddpg_lib.chapters.ch15.gait import mean_phase, phases
from ddpg_lib.chapters.ch15.values import break_even
from ddpg_lib.chapters.check import check

METERS = 100 / (13 / 3 - 50 * 0.028 / 2.4)
GAMMA = brentq(lambda g: break_even(0.15, g) - 500, 0.9, 0.99999)


def by_hand(first, second):
    angles = []
    for start, stop in pairwise(first):
        inside = [t for t in second if start <= t < stop]
        angles += [2 * np.pi * (t - start) / (stop - start) for t in inside]
    return np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()) / (2 * np.pi) % 1


@pytest.mark.parametrize(
    ("number", "right"), [(1, METERS), (1, 26.7), ("15a.1", by_hand), (2, GAMMA), (2, 0.998)]
)
def test_right_answers(number, right):
    if right == 0.998:
        assert "not yet" in CHECKS[number](right), "it must be sharper than this"
    else:
        assert CHECKS[number](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, 100 / (13 / 3), "torque on the way"),
        (1, METERS / 2.4 * 50, "steps"),
        (1, METERS / 2.4, "seconds"),
        (1, 100 / (13 / 3 - 0.028), "in each step"),
        (1, 100 / (13 / 3 + 50 * 0.028 / 2.4), "is a cost"),
        (1, 1_000, "not yet"),
        ("15a.1", 0.5, "the function"),
        ("15a.1", lambda a: 0, "TypeError"),
        ("15a.1", lambda a, b: -by_hand(a, b), "first leg's phase"),
        ("15a.1", lambda a, b: phases(a, b).mean(), "on a circle"),
        ("15a.1", lambda a, b: 2 * np.pi * by_hand(a, b), "radians"),
        ("15a.1", lambda a, b: 0.25, "not yet"),
        (2, 2, "between 0 and 1"),
        (2, brentq(lambda g: break_even(0.15, g) - 10, 0.001, 0.9), "10 steps"),
        (2, 0.9, "not yet"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("15.1", METERS)
    assert capsys.readouterr().out == "Exercise 15.1: right.\n"


def test_the_library_agrees_with_the_hand():
    rng = np.random.default_rng(0)
    first, second = np.cumsum(rng.integers(40, 60, (2, 30)), axis=1)
    assert mean_phase(phases(first, second))[0] == pytest.approx(by_hand(first, second))
