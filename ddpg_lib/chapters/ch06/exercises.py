"""Checks for the exercises of chapter 6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import known, number


def neighbors(answer: Any) -> str:
    """6.1: effective size of 64 consecutive samples with correlation 0.9 at one step."""
    value = number(answer)
    if value is None:
        return "give one number."
    size, phi = 64, 0.9
    k = np.arange(1, size)
    inflation = 1 + 2 * np.sum((1 - k / size) * phi**k)
    if abs(value - size / inflation) <= 0.02:
        return ""
    mistakes = [
        (
            size * (1 - phi) / (1 + phi),
            "nearly. That is the limit for many samples; use (6.6) with N = 64.",
        ),
        (
            size / (1 + 2 * np.sum(phi**k)),
            "nearly. In 64 samples there are only 64 - k pairs at lag k: the factor 1 - k/N is "
            "missing.",
        ),
        (
            size / (1 + np.sum((1 - k / size) * phi**k)),
            "each pair counts twice, as (i, j) and (j, i).",
        ),
        (inflation, "that is the factor by which the variance grows; divide 64 by it."),
        (size * (1 - phi), "that is a rule of thumb for something else; sum (6.4), or use (6.6)."),
    ]
    return known(value, mistakes, 5e-4) or "put phi = 0.9 and N = 64 into (6.6)."


def humanoid(answer: Any) -> str:
    """6.2: gigabytes for a million transitions with 348 observations and 17 actions."""
    value = number(answer)
    if value is None:
        return "give one number, in gigabytes."
    row = 2 * 348 + 17 + 2
    right = 4 * row * 1e6 / 1e9
    if abs(value - right) <= 1e-3:
        return ""
    mistakes = [
        (right * 1e9, "that is in bytes; a gigabyte is 10**9 of them."),
        (right * 1e3, "that is in megabytes."),
        (2 * right, "that is with float64; the buffer keeps float32, 4 bytes a number."),
        (right / 4, "that counts numbers; each takes 4 bytes."),
        (4 * (348 + 17 + 2) / 1e3, "s and s' are both stored."),
        (4 * (2 * 348 + 17) / 1e3, "nearly. The reward and d take a number each."),
        (4 * (2 * 348 + 17 + 1) / 1e3, "nearly. Both the reward and d are stored."),
    ]
    return known(value, mistakes, 5e-4) or "put 348 and 17 into (6.8), times a million."


def new_motor(answer: Any) -> str:
    """6.3: steps until half of a minibatch comes from after step 50,000; capacity a million."""
    value = number(answer)
    if value is None:
        return "give one number of steps."
    if abs(value - 50_000) <= 5:
        return ""
    mistakes = [
        (500_000, "the ring is not full yet: it holds what was stored, not its capacity."),
        (950_000, "the ring is not full yet, so nothing has to be overwritten first."),
        (1_000_000, "half of the minibatch, not all of it; and the ring is not full yet."),
        (25_000, "25,000 new ones among 75,000 are a third."),
        (100_000, "100,000 is the step number; how many steps after the change is that?"),
    ]
    return known(value, mistakes, 1e-3) or (
        "after k steps the ring holds 50,000 old and k new transitions, each as likely as another."
    )


def rows_of_ages(answer: Callable[[Any, int, Any], Any]) -> str:
    """6.4: the rows of given ages in a ring, before and after it has been filled."""
    if not callable(answer):
        return "give a function of (rows, count, ages)."
    for count in (3, 7, 8, 11, 26):  # still empty in part, just full, begun again
        rows = np.full((7, 2), np.nan)
        for t in range(count):
            rows[t % 7] = t, -t
        ages = np.array([0, 2, min(count, 7) - 1, 1])
        try:
            found = np.asarray(answer(rows.copy(), count, ages.copy()), float)
        except Exception as error:
            return f"it fails for {count} transitions in 7 rows: {type(error).__name__}: {error}"
        if found.shape != (4, 2):
            return (
                f"for 4 ages and rows of 2 numbers the shape should be (4, 2), not {found.shape}."
            )
        right = count - 1 - ages
        if np.array_equal(found[:, 0], right) and np.array_equal(found[:, 1], -right):
            continue
        where = f"with {count} transitions stored in 7 rows, "
        if np.array_equal(found, rows[(count - ages) % 7], equal_nan=True):
            return where + "it is off by one: count % 7 is where the next one goes, not the latest."
        if np.isnan(found).any():
            return where + "it reads a row that was never written."
        if np.array_equal(found, rows[6 - ages]):
            return where + "the last row is not the latest; the ring begins again at row 0."
        if np.array_equal(found, rows[ages]):
            return where + "age 0 is the latest transition, not row 0."
        return where + f"ages {ages} should be the transitions {right}, not {found[:, 0]}."
    return ""


def without_replacement(answer: Callable[[int, int, float], Any]) -> str:
    """6.5: effective size of a minibatch drawn without replacement."""
    if not callable(answer):
        return "give a function of (batch_size, held, n_held)."

    def right(n: int, c: int, worth: float) -> float:
        pair = (c / worth - 1) / (c - 1)
        return 1 / (1 / n + (1 - 1 / n) * pair)

    for n, c, worth in ((10, 10, 2.5), (64, 500, 7.0), (2, 100, 100.0), (1, 30, 4.0)):
        try:
            value = number(answer(n, c, worth))
        except Exception as error:
            return f"it fails for ({n}, {c}, {worth}): {type(error).__name__}: {error}"
        if value is None:
            return "it should return one finite number."
        if abs(value - right(n, c, worth)) <= 1e-6 * right(n, c, worth):
            continue
        if abs(value - 1 / (1 / n + (1 - 1 / n) / worth)) <= 1e-6 * value:
            return (
                "that is (6.7), with replacement. Without it, the two of a pair are never the "
                "same transition: which average correlation do different ones have?"
            )
        if abs(value - 1 / (1 / n + (1 - 1 / n) * (c / worth - 1) / c)) <= 1e-6 * value:
            return "nearly. A transition has C - 1 others, not C."
        if n == c:
            return (
                f"a minibatch of all {c} transitions is the buffer itself, so it is worth n_C = "
                f"{worth}, not {value:.4g}."
            )
        expected = f"{right(n, c, worth):.4g}"
        return f"for N = {n}, C = {c}, n_C = {worth} it gives {value:.4g}, not {expected}."
    return ""


CHECKS: dict[int, Callable[[Any], str]] = {
    1: neighbors,
    2: humanoid,
    3: new_motor,
    4: rows_of_ages,
    5: without_replacement,
}
