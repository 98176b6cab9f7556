"""Chapter 16's checks: the right answer passes, each common wrong one gets its own hint."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch16.exercises import CHECKS
from ddpg_lib.chapters.ch16.reaching import LINKS, postures
from ddpg_lib.chapters.check import check
from ddpg_lib.maths.spectra import spectral_radius


def solution(target):
    upper, lower = LINKS
    cosine = (target @ target - upper**2 - lower**2) / (2 * upper * lower)
    bend = np.arccos(np.clip(cosine, -1, 1))
    aim = np.arctan2(target[1], target[0])
    return aim - np.arctan2(lower * np.sin(bend), upper + lower * np.cos(bend)), bend


def test_right_answers():
    assert CHECKS[1](8.0) == ""
    assert CHECKS[2]([-2, -12, -2, -2]) == ""
    assert CHECKS["16a.1"](solution) == ""
    assert CHECKS["16a.1"](lambda g: postures(g)[1]) == ""
    assert CHECKS["16b.1"]((9_000 + 400) * 0.05) == ""


def test_the_loudest_gain_is_where_the_radius_is_one():
    assert spectral_radius([[1 - 0.25 * 8]]) == pytest.approx(1)
    assert spectral_radius([[1 - 0.25 * 7.9]]) < 1 < spectral_radius([[1 - 0.25 * 8.1]])


def bare_aim(g):
    return np.arctan2(g[1], g[0]), solution(g)[1]


def one_sided(g):
    q0, q1 = solution(g)
    return q0 - np.arctan2(g[1], g[0]) + np.arctan(g[1] / g[0]), q1


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        ("16b.1", "far", "one number"),
        ("16b.1", 450, "taken off already"),
        ("16b.1", 430, "twice"),
        ("16b.1", 9_400, "0.05 s"),
        ("16b.1", 9.4, "50 s"),
        ("16b.1", 94, "five of them"),
        ("16b.1", 1, "not yet"),
        (1, [1, 2], "one number"),
        (1, 4, "overshoots"),
        (1, -8, "sign"),
        (1, 0, "other end"),
        (1, 0.25, "that is b"),
        (1, 2, "divide by b"),
        (1, 7, "not yet"),
        (2, [1, 2], "four numbers"),
        (2, [6, 18, 4, 3], "mind the signs"),
        (2, [0, -18, 0, -3], "end of the rail"),
        (2, [-24, -72, -18, -12], "shakes"),
        (2, [0, -18, -4, -3], "not at 0"),
        ("16a.1", 4, "function itself"),
        ("16a.1", lambda g: g[5], "IndexError"),
        ("16a.1", lambda g: (np.nan, 0), "not finite"),
        ("16a.1", lambda g: np.rad2deg(solution(g)), "degrees"),
        ("16a.1", lambda g: np.array(solution(g)) * [1, -1], "flip one sign"),
        ("16a.1", lambda g: (solution(g)[0], sum(solution(g))), "first link"),
        ("16a.1", bare_aim, "shoulder is not"),
        ("16a.1", one_sided, "shoulder is not"),
        ("16a.1", lambda g: solution(g) if g[0] > 0 else (0.0, 0.0), "arctan2"),
        ("16a.1", lambda g: (0.0, 0.0), "law of cosines"),
        ("16a.1", lambda g: np.add(solution(g), [0, 2 * np.pi]), "limit of 3"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("16.1")
    check("16b.1", 470)
    out = capsys.readouterr().out.splitlines()
    assert "put your answer" in out[0]
    assert out[1] == "Exercise 16b.1: right."
