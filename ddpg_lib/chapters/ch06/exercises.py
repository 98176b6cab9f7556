"""Checks for the exercises of chapter 6."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers, number
from ddpg_lib.chapters.ch06.faults import FAULTS, fault_of

# 6a.1: how much the correlation of 64 samples inflates the variance of their mean.
SIZE, PHI = 64, 0.9
LAGS = np.arange(1, SIZE)
PAIRS = np.sum((1 - LAGS / SIZE) * PHI**LAGS)
INFLATION = 1 + 2 * PAIRS

TRANSITIONS = 100 * (1 / 3) / 0.2**2  # 6.1

FIRST_USE = 1 / (1 - (1 - 1 / 20_000) ** 64)  # 6b.1

GIGABYTES = 4 * (2 * 348 + 17 + 2) * 1e6 / 1e9  # 6c.1


def _ring(count: int) -> tuple[Any, int, Any]:
    """Return a ring of 7 rows after so many transitions, which hold t and -t, and ages to find."""
    rows = np.full((7, 2), np.nan)
    for t in range(count):
        rows[t % 7] = t, -t
    return rows, count, np.array([0, 2, min(count, 7) - 1, 1])


def _by_age(rows: Any, count: int, ages: Any) -> Any:
    latest = count - 1
    return np.stack([latest - ages, ages - latest], axis=1)


def _worth(n: int, among_others: float) -> float:
    """Return the effective size of n draws by the mean correlation of two different ones."""
    return 1 / (1 / n + (1 - 1 / n) * among_others)


def _wrong_size(given: Any, right: Any, n: int, c: int, worth: float) -> str:
    if n == c:
        return (
            f"a minibatch of all {c} transitions is the buffer itself, so it is worth n_C = "
            f"{worth}, not {given:.4g}."
        )
    return f"for N = {n}, C = {c}, n_C = {worth} it gives {given:.4g}, not {right:.4g}."


WHERE = "with {1} transitions stored in 7 rows, "


def _diagnosis(answer: Any) -> str:
    """Compare what a reader says of the five mystery buffers, and say where to look again."""
    if not isinstance(answer, dict) or set(answer) != set("ABCDE"):
        return "give a dictionary with one of FAULTS for each of the letters A to E."
    if odd := [fault for fault in answer.values() if fault not in FAULTS]:
        return f"{odd[0]!r} is none of {', '.join(FAULTS)}."
    wrong = [letter for letter in "ABCDE" if answer[letter] != fault_of(letter)]
    if not wrong:
        return ""
    look = {
        "none": "its ages reach back to the first, each episode's end has a gap, no jump is long",
        "newest only": "compare the oldest age that is drawn with the minibatch's size",
        "stored after the reset": "after 200 steps there is no gap, and one jump is too long",
        "tiny ring": "compare the oldest age that is drawn with what was ever stored",
        "no copy": "how far is it from s to s' of one row?",
    }
    return f"look at {wrong[0]} again: {look[fault_of(wrong[0])]}."


CHECKS: dict[int | str, Check] = {
    # 6.1: transitions with noise of 0.2 that tell as much of a slope as 100 random actions.
    1: Numbers(
        "give one number.",
        right=TRANSITIONS,
        within=1,
        mistakes=[
            (100 * (1 / 3) / 0.2, "the variance counts, not the standard deviation."),
            (100 / 0.2**2, "uniform actions on [-1, 1] have the variance 1/3, not 1."),
            (100 * (1 / 12) / 0.2**2, "1/12 is the variance on an interval of length 1; it is 2."),
            (100 * 0.2**2 / (1 / 3), "turn it around: the narrow noise needs more, not fewer."),
            (100 * np.sqrt(1 / 3) / 0.2, "that is for equal standard deviations; square it."),
        ],
        hint="in (6.3) put N times S squared equal for both.",
    ),
    # 6.2: the rows of given ages in a ring, still empty in part, just full, and begun again.
    2: Function(
        "give a function of (rows, count, ages).",
        cases=[_ring(count) for count in (3, 7, 8, 11, 26)],
        right=_by_age,
        fails="it fails for {1} transitions in 7 rows: ",
        shape="for 4 ages and rows of 2 numbers the shape should be (4, 2), not {}.",
        mistakes=[
            (
                lambda rows, count, ages: rows[(count - ages) % 7],
                WHERE + "it is off by one: count % 7 is where the next one goes, not the latest.",
            ),
            (math.nan, WHERE + "it reads a row that was never written."),
            (
                lambda rows, count, ages: rows[6 - ages],
                WHERE + "the last row is not the latest; the ring begins again at row 0.",
            ),
            (
                lambda rows, count, ages: rows[ages],
                WHERE + "age 0 is the latest transition, not row 0.",
            ),
        ],
        hint=lambda given, right, rows, count, ages: (
            WHERE.format(rows, count)
            + f"ages {ages} should be the transitions {count - 1 - ages}, not {given[:, 0]}."
        ),
    ),
    # 6.3: steps until half of a minibatch comes from after step 50,000; capacity a million.
    3: Numbers(
        "give one number of steps.",
        right=50_000,
        within=5,
        mistakes=[
            (
                500_000,
                "the ring is not full yet: it holds what was stored, not its capacity.",
            ),
            (950_000, "the ring is not full yet, so nothing has to be overwritten first."),
            (
                1_000_000,
                "half of the minibatch, not all of it; and the ring is not full yet.",
            ),
            (25_000, "25,000 new ones among 75,000 are a third."),
            (100_000, "100,000 is the step number; how many steps after the change is that?"),
        ],
        hint="after k steps the ring holds 50,000 old and k new transitions, each as likely as "
        "another.",
    ),
    # 6.4: what is wrong with five buffers.
    4: _diagnosis,
    # 6a.1: effective size of 64 consecutive samples with correlation 0.9 at one step.
    "6a.1": Numbers(
        "give one number.",
        right=SIZE / INFLATION,
        within=0.02,
        near=5e-4,
        mistakes=[
            (
                SIZE * (1 - PHI) / (1 + PHI),
                "nearly. That is the limit for many samples; use (6a.6) with N = 64.",
            ),
            (
                SIZE / (1 + 2 * np.sum(PHI**LAGS)),
                "nearly. In 64 samples there are only 64 - k pairs at lag k: the factor 1 - k/N "
                "is missing.",
            ),
            (SIZE / (1 + PAIRS), "each pair counts twice, as (i, j) and (j, i)."),
            (INFLATION, "that is the factor by which the variance grows; divide 64 by it."),
            (
                SIZE * (1 - PHI),
                "that is a rule of thumb for something else; sum (6a.4), or use (6a.6).",
            ),
        ],
        hint="the fraction that a sample keeps is 0.9: put it and N = 64 into (6a.6).",
    ),
    # 6a.2: effective size of a minibatch of n, drawn without replacement from c held transitions.
    "6a.2": Function(
        "give a function of (batch_size, held, n_held).",
        cases=[(10, 10, 2.5), (64, 500, 7.0), (2, 100, 100.0), (1, 30, 4.0)],
        right=lambda n, c, worth: _worth(n, (c / worth - 1) / (c - 1)),
        fails="it fails for ({0}, {1}, {2}): ",
        run=lambda function, *sizes: number(function(*sizes)),
        mistakes=[
            (math.nan, "it should return one finite number."),
            (
                lambda n, c, worth: _worth(n, 1 / worth),
                "that is (6a.7), with replacement. Without it, the two of a pair are never the "
                "same transition: which average correlation do different ones have?",
            ),
            (
                lambda n, c, worth: _worth(n, (c / worth - 1) / c),
                "nearly. A transition has C - 1 others, not C.",
            ),
        ],
        hint=_wrong_size,
    ),
    # 6b.1: updates until a new transition of a full ring of 20,000 is first used.
    "6b.1": Numbers(
        "give one number of updates.",
        right=FIRST_USE,
        within=1,
        mistakes=[
            (20_000, "an update makes 64 draws, not one."),
            (64, "that is how often it is used, (6.2), not how long it waits."),
            (
                math.log(0.5) / math.log(1 - 1 / FIRST_USE),
                "that is the median; the mean of a geometric wait is 1/p.",
            ),
            (10_000, "half of the ring is the mean age of what is drawn."),
        ],
        hint="one update draws it at least once with which probability? The wait is geometric.",
    ),
    # 6c.1: gigabytes for a million transitions with 348 observations and 17 actions.
    "6c.1": Numbers(
        "give one number, in gigabytes.",
        right=GIGABYTES,
        within=1e-3,
        near=5e-4,
        mistakes=[
            (GIGABYTES * 1e9, "that is in bytes; a gigabyte is 10**9 of them."),
            (GIGABYTES * 1e3, "that is in megabytes."),
            (
                2 * GIGABYTES,
                "that is with float64; the buffer keeps float32, 4 bytes a number.",
            ),
            (GIGABYTES / 4, "that counts numbers; each takes 4 bytes."),
            (4 * (348 + 17 + 2) / 1e3, "s and s' are both stored."),
            (4 * (2 * 348 + 17) / 1e3, "nearly. The reward and d take a number each."),
            (4 * (2 * 348 + 17 + 1) / 1e3, "nearly. Both the reward and d are stored."),
        ],
        hint="put 348 and 17 into (6c.1), times a million.",
    ),
}
