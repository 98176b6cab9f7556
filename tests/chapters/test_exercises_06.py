"""Chapter 6's checks: the right answer passes, each common wrong one gets its own hint."""

import json
from pathlib import Path

import numpy as np
import pytest

from ddpg_lib import recipe
from ddpg_lib.chapters.ch06.correlation import effective_size, replayed_size
from ddpg_lib.chapters.ch06.exercises import CHECKS
from ddpg_lib.chapters.ch06.faults import fault_of
from ddpg_lib.chapters.ch06.recency import RecentReplay
from ddpg_lib.chapters.check import check

PHI = 0.9 ** np.arange(64.0)


def ring(rows, count, ages):
    return rows[(count - 1 - ages) % len(rows)]


def pairs(n, c, worth):
    return 1 / (1 / n + (1 - 1 / n) * (c / worth - 1) / (c - 1))


@pytest.mark.parametrize(
    ("number", "right"),
    [
        (1, 2500 / 3),
        (1, 833),
        (2, ring),
        (3, 50_000),
        (4, {letter: fault_of(letter) for letter in "ABCDE"}),
        ("6a.1", effective_size(64, PHI)),
        ("6a.1", 3.95),
        ("6a.2", pairs),
        ("6b.1", 312.5),
        ("6c.1", 2.86),
        ("6c.1", 4 * (2 * 348 + 17 + 2) / 1e3),
    ],
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


def test_the_library_s_own_ring_passes():
    def by_library(rows, count, ages):
        replay = RecentReplay([7], 7, 1, 1, [np.random.default_rng(0)])
        for t in range(count):
            replay.add([[t]], [[-t]], [0], [[0]], [0])
        batch = replay.at(ages)
        return np.stack([batch.obs[0, :, 0], batch.action[0, :, 0]], axis=1)

    assert CHECKS[2](by_library) == ""


def test_the_first_use_simulated():
    """The mean wait of 20,000 transitions in smaller rings, by the check's formula."""
    rng = np.random.default_rng(0)
    hit = (rng.integers(50, size=(20_000, 200, 8)) == 0).any(axis=2)
    wait = 1 + hit.argmax(axis=1)
    assert np.isclose(wait.mean(), 1 / (1 - (1 - 1 / 50) ** 8), rtol=0.03)
    assert CHECKS["6b.1"](1 / (1 - (1 - 1 / 20_000) ** 64)) == ""


def test_drawing_without_replacement_enumerated():
    """All subsets of two of five, against the formula that the check holds for right."""
    rho = 0.7 ** np.arange(5)
    covariance = rho[np.abs(np.subtract.outer(np.arange(5), np.arange(5)))]
    draws = [[i, j] for i in range(5) for j in range(5) if i != j]
    variance = np.mean([covariance[np.ix_(d, d)].sum() / 4 for d in draws])
    assert pairs(2, 5, effective_size(5, rho)) == pytest.approx(1 / variance)


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "many", "one number"),
        (1, 500 / 3, "the variance counts"),
        (1, 2500, "the variance 1/3"),
        (1, 2500 / 12, "interval of length 1"),
        (1, 12, "turn it around"),
        (1, 100 * np.sqrt(1 / 3) / 0.2, "square it"),
        (1, 7, "(6.3)"),
        (4, "A is right", "a dictionary"),
        (4, dict.fromkeys("ABCD", "none"), "a dictionary"),
        (4, dict.fromkeys("ABCDE", "broken"), "'broken' is none of none, newest only"),
        (4, dict.fromkeys("ABCDE", "none"), "look at A again"),
        ("6a.1", "four", "one number"),
        ("6a.1", 64 * 0.1 / 1.9, "limit for many"),
        ("6a.1", 64 / (1 + 2 * PHI[1:].sum()), "64 - k pairs"),
        ("6a.1", 64 / effective_size(64, PHI), "divide 64"),
        ("6a.1", 6.4, "rule of thumb"),
        ("6a.1", 30, "(6a.6)"),
        ("6c.1", None, "gigabytes"),
        ("6c.1", 2.86e9, "in bytes"),
        ("6c.1", 2860, "megabytes"),
        ("6c.1", 5.72, "float64"),
        ("6c.1", 0.715, "4 bytes"),
        ("6c.1", 1.468, "both stored"),
        ("6c.1", 2.852, "reward and d"),
        ("6c.1", 2.856, "Both the reward"),
        ("6c.1", 17, "(6c.1)"),
        (3, "soon", "one number"),
        (3, 500_000, "not full"),
        (3, 950_000, "overwritten"),
        (3, 1_000_000, "half"),
        (3, 25_000, "a third"),
        (3, 100_000, "step number"),
        (3, 7, "as likely"),
        (2, 3, "a function"),
        (2, lambda rows, count, ages: rows[99], "it fails"),
        (2, lambda rows, count, ages: rows[0], "shape"),
        (2, lambda rows, count, ages: rows[(count - ages) % 7], "off by one"),
        (2, lambda rows, count, ages: rows[np.minimum(count, 7) - 1 - ages], "not the latest"),
        (2, lambda rows, count, ages: rows[-1 - ages], "never written"),
        (2, lambda rows, count, ages: rows[ages], "age 0 is the latest"),
        (2, lambda rows, count, ages: -ring(rows, count, ages), "should be the transitions"),
        ("6a.2", 3, "a function"),
        ("6a.2", lambda n, c, worth: 1 / 0, "it fails"),
        ("6a.2", lambda n, c, worth: None, "one finite number"),
        ("6a.2", lambda n, c, worth: replayed_size(n, worth), "with replacement"),
        (
            "6a.2",
            lambda n, c, worth: 1 / (1 / n + (1 - 1 / n) * (c / worth - 1) / c),
            "C - 1 others",
        ),
        ("6a.2", lambda n, c, worth: n, "the buffer itself"),
        ("6b.1", 20_000, "64 draws"),
        ("6b.1", 64, "how often"),
        ("6b.1", 216.6, "median"),
        ("6b.1", 10_000, "mean age"),
        ("6b.1", 1_000, "geometric"),
        ("6a.2", lambda n, c, worth: worth if n == c else n, "it gives"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("6.3")
    check("6.3", 500_000)
    check("6.3", 50_000)
    out = capsys.readouterr().out.splitlines()
    assert "put your answer" in out[0]
    assert "not full" in out[1]
    assert out[2] == "Exercise 6.3: right."


def solution_cell(page, mark):
    """Return the names that a page's cell with this line in it defines."""
    path = Path(__file__).resolve().parents[2] / "notebooks" / page
    cells = [c["source"] for c in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    (source,) = ["".join(cell) for cell in cells if mark in "".join(cell)]
    source = source[source.index(mark) :].split("\n\n\n")[0]
    names = {"np": np, "RecentReplay": RecentReplay, "config": recipe("pendulum")}
    exec(source, names)
    return names


def test_the_latest_is_in_every_combined_minibatch():
    names = solution_cell("06b_ages.ipynb", "class Combined")
    combined = names["Combined"]([9, 9], 9, 1, 1, [np.random.default_rng(i) for i in range(2)])
    combined.count = 30
    ages = combined.ages(1000)
    assert (ages[:, 0] == 0).all()
    # The others are drawn as before: nine ages, chi-squared with 8 degrees of freedom, at 99.9%.
    counts = np.bincount(ages[:, 1:].ravel(), minlength=9)
    assert ((counts - 222) ** 2 / 222).sum() < 26.1
