"""Chapter 8's exercises: right answers pass, common mistakes get their hint, solutions work."""

import math

import numpy as np
import pytest

from ddpg_lib.chapters.ch08.car import LIMIT, drive
from ddpg_lib.chapters.ch08.exercises import CHECKS
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.chapters.check import check
from ddpg_lib.worlds.pendulum.model import PendulumModel

PHI = 1 - 0.15 * 0.01
YOUNG = math.sqrt(0.2**2 * 0.01 * (1 - PHI**400) / (1 - PHI**2))


def estimate(x):
    """Give the notebook's solution of exercise 8.3."""
    x = x - x.mean()
    return (x[1:] @ x[:-1]) / (x @ x), x.std()


@pytest.mark.parametrize(
    ("number", "right"),
    [
        (1, YOUNG),
        (1, 0.245),
        (2, 0.1 * math.sqrt(1 - 0.85**2)),
        (2, np.float32(0.05268)),
        (3, estimate),
        (3, lambda x: (np.corrcoef(x[1:], x[:-1])[0, 1], np.std(x))),
        (4, {"A": "units", "B": "actor", "C": "memory", "D": "critic"}),
        (4, {"A": " Units", "B": "ACTOR", "C": "memory", "D": "critic"}),
        ("8a.1", 1 - Resonator.of_pendulum(PendulumModel(time_step=0.02)).best_m),
        ("8a.1", 0.0746),
        ("8a.2", 1.2027),
        ("8b.1", (2 / 3, 0.2 / math.sqrt(12 * (1 - 0.85**2)))),
        ("8b.1", [0.6667, 0.1096]),
        ("8b.2", 0.04),
    ],
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, YOUNG**2, "variance"),
        (1, 0.2 * 0.1 / math.sqrt(1 - PHI**2), "where it settles"),
        (1, 0.2 / math.sqrt(0.3), "where it settles"),
        (1, 0.2 / math.sqrt(1 - 0.85**2), "step of 1"),
        (1, 10 * YOUNG, "sqrt(dt)"),
        (1, 7, "(8.2)"),
        (2, None, "one number"),
        (2, 0.1 * math.sqrt(0.3), "continuous"),
        (2, 0.1, "piles"),
        (2, 0.1 / math.sqrt(1 - 0.85**2), "other way"),
        (2, 3, "(8.3)"),
        (3, 0.85, "function"),
        (3, lambda x: 1 / 0, "failed"),
        (3, lambda x: x.std(), "two numbers"),
        (3, lambda x: (estimate(x)[0], x.var()), "variance"),
        (3, lambda x: (1.0, x.std()), "one step later"),
        (3, lambda x: (np.mean(x[1:] * x[:-1]) / np.mean(x * x), x.std()), "subtract the mean"),
        (3, lambda x: (estimate(x)[0], np.sqrt(np.mean(x**2))), "measured from the mean"),
        (3, lambda x: (estimate(x)[0], np.std(x[1:] - estimate(x)[0] * x[:-1])), "blow"),
        (3, lambda x: (0.5, x.std()), "x[1:]"),
        (4, 3, "keys A, B, C and D"),
        (4, {"A": "units"}, "keys A, B, C and D"),
        (4, dict.fromkeys("ABCD", "luck"), "none of"),
        (4, dict.fromkeys("ABCD", "actor"), "no reward was ever stored"),
        (4, dict.fromkeys("ABCD", "noise"), "compare that with the standard deviation"),
        (4, dict.fromkeys("ABCD", "units"), "noise has done its part"),
        (4, {"A": "units", "B": "actor", "C": "units", "D": "critic"}, "with the memory"),
        (4, {"A": "units", "B": "critic", "C": "memory", "D": "critic"}, "100%"),
        ("8a.1", "fast", "one number"),
        ("8a.1", 0.9254, "that is m"),
        ("8a.1", 1 - Resonator.of_pendulum().best_m, "20 steps a second"),
        ("8a.1", math.acos(1 - 15 * 0.02**2 / 2), "omega"),
        ("8a.1", 0.15, "Lillicrap"),
        ("8a.1", 2, "(8a.7)"),
        ("8a.2", 1 / 1.2027, "other way"),
        ("8a.2", 11.558, "white noise"),
        ("8a.2", 2.0956, "blows b differ"),
        ("8a.2", 5, "(8a.6) twice"),
        ("8b.1", 0.6, "two numbers"),
        ("8b.1", (0, 0.11), "never negative"),
        ("8b.1", (0.1, 0.11), "pile up"),
        ("8b.1", (2 / 3, 0.3797), "1/12"),
        ("8b.1", (2 / 3, 0.012), "variance"),
        ("8b.1", (0.5, 0.5), "0.85 mean"),
        ("8b.2", 0.1, "quarter"),
        ("8b.2", 0.25, "other way"),
        ("8b.2", 0.08, "0.8"),
        ("8b.2", 3, "(8.5)"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_finds_the_chapter(capsys):
    check("8.2", 0.0527)
    assert capsys.readouterr().out == "Exercise 8.2: right.\n"


def test_a_push_that_lasts_half_a_swing_carries_the_car():
    """8.5: draws that are held for some twenty steps arrive more often than fresh ones."""
    rng = np.random.default_rng(1)
    share = {}
    for k in (1, 20):
        held = np.repeat(rng.normal(0, 0.95, (200, -(-LIMIT // k))), k, axis=1)[:, :LIMIT]
        share[k] = np.mean(drive(held)[1] <= LIMIT)
    assert share[1] < 0.1 < 0.8 < share[20]
