"""Checks for the reader's own answers: what is right, and what a common wrong answer misses."""

from __future__ import annotations

from importlib import import_module
from string import ascii_lowercase
from typing import Any


def check(exercise: str, answer: Any = None) -> None:
    """Check an answer and print what is right or wrong about it.

    Parameters
    ----------
    exercise : str
        Its number, such as ``"1.2"``, or ``"2a.1"`` on a deeper page.
    answer : object
        What the exercise asks for: a number, an array or a function. ``None`` while it is open.

    Raises
    ------
    ValueError
        If that exercise has no check.
    """
    page, _, number = exercise.partition(".")
    try:
        chapter = int(page.rstrip(ascii_lowercase))
        module = import_module(f"ddpg_lib.chapters.ch{chapter:02d}.exercises")
        verdict = module.CHECKS[int(number) if page.isdigit() else exercise]
    except (ImportError, KeyError, ValueError):
        raise ValueError(f"exercise {exercise} has no check") from None
    if answer is None:
        print(f"Exercise {exercise}: put your answer in place of None and run the cell again.")
        return
    complaint = verdict(answer)
    print(f"Exercise {exercise}: " + (complaint or "right."))
