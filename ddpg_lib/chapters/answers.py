"""The kinds of answers that exercises ask for; a chapter's checks are a table of them.

A check takes an answer and returns what is wrong with it, or nothing if it is right.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Check = Callable[[Any], str]


def numbers(answer: Any, shape: tuple[int, ...] = ()) -> np.ndarray | None:
    """Return the finite real numbers that an ``answer`` holds, of ``shape``, else ``None``.

    For one number or a list, anything with as many numbers will do: a row, a column, a tensor.
    """
    try:
        values = np.asarray(answer, float)
    except (TypeError, ValueError):
        return None
    if len(shape) < 2 and values.size == math.prod(shape):
        values = values.reshape(shape)
    return values if values.shape == shape and np.isfinite(values).all() else None


def number(answer: Any) -> float | None:
    """Return one finite real number, or None if the ``answer`` is anything else."""
    value = numbers(answer)
    return None if value is None else float(value)


@dataclass(frozen=True)
class Numbers:
    """An exercise that asks for one number, or for an array of them.

    Parameters
    ----------
    ask : str
        Said to whatever is not so many numbers.
    right : float or array_like
        The right answer.
    within : float
        How far each number of a right answer may be off.
    mistakes : sequence of pairs
        A common wrong answer, or a condition on the answer, and what it misses. The first counts.
    hint : str
        Said to all other wrong answers.
    near : float
        How far an answer may be from a mistake, relative to its size, or to 1 where that is more.
    """

    ask: str
    right: Any
    within: float
    mistakes: Iterable[tuple[Any, str]]
    hint: str
    near: float = 1e-3

    def __call__(self, answer: Any) -> str:
        """Return what is wrong with an ``answer``, or nothing."""
        values = numbers(answer, np.shape(self.right))
        if values is None:
            return self.ask
        if (np.abs(values - self.right) <= self.within).all():
            return ""
        return next((text for wrong, text in self.mistakes if self._is(values, wrong)), self.hint)

    def _is(self, values: np.ndarray, wrong: Any) -> bool:
        if callable(wrong):
            return bool(wrong(values))
        margin = self.near * np.maximum(1, np.abs(wrong))
        return bool((np.abs(values - wrong) <= margin).all())


def call(function: Callable[..., Any], *inputs: Any) -> Any:
    """Call a reader's ``function(*inputs)`` and return ``what it returns``."""
    return function(*inputs)


@dataclass(frozen=True)
class Function:
    """An exercise that asks for a function of numbers or arrays.

    It is called with one case after another; the first wrong result is compared with the mistakes.

    Parameters
    ----------
    ask : str
        Said to whatever cannot be called.
    cases : sequence of tuples
        The inputs of each call. The reader's function gets copies, which it may change.
    right : callable
        Inputs to the right result.
    mistakes : sequence of pairs
        Inputs to a common wrong result, or a factor of the right one (``nan`` stands for any
        result that is not finite), and what it misses. The first counts.
    hint : str or callable
        Said to all other wrong results. A callable gets the result, the right one, and the inputs.
    shape : str
        Said to a result of another shape, which stands for ``{}``.
    fails : str
        Said before an error of the function; the inputs stand for ``{0}``, ``{1}``, ...
    within : float
        How far numbers may be apart, absolute and relative, and still be the same.
    run : callable
        What is done with the function and its inputs, if not simply a call.
    """

    ask: str
    cases: Sequence[tuple[Any, ...]]
    right: Callable[..., Any]
    mistakes: Sequence[tuple[Callable[..., Any] | float, str]]
    hint: str | Callable[..., str]
    shape: str = "it should return one number."
    fails: str = "it fails: "
    within: float = 1e-6
    run: Callable[..., Any] = call

    def __call__(self, answer: Any) -> str:
        """Return what is wrong with an ``answer``, or nothing."""
        if not callable(answer):
            return self.ask
        return next(filter(None, (self._complaint(answer, case) for case in self.cases)), "")

    def _complaint(self, answer: Callable[..., Any], case: tuple[Any, ...]) -> str:
        right = np.asarray(self.right(*case), float)
        try:
            given = np.asarray(self.run(answer, *copy.deepcopy(case)), float)
        except Exception as error:
            return f"{self.fails.format(*case)}{type(error).__name__}: {error}"
        if given.shape != right.shape:
            return self.shape.format(given.shape)
        if self._same(given, right):
            return ""
        for wrong, text in self.mistakes:
            if callable(wrong):
                made = self._same(given, np.asarray(wrong(*case), float))
            elif math.isnan(wrong):
                made = not np.isfinite(given).all()
            else:
                made = self._same(given, wrong * right)
            if made:
                return text.format(*case)
        return self.hint if isinstance(self.hint, str) else self.hint(given, right, *case)

    def _same(self, a: np.ndarray, b: np.ndarray) -> bool:
        return np.allclose(a, b, rtol=self.within, atol=self.within, equal_nan=True)
