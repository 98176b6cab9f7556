"""What a trick can bring at most, when compiling pays, what a stack costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def times_as_fast(share: float, factor: float) -> float:
    """Of a whole of which a ``share`` becomes ``factor`` times as fast, (20.2) (Amdahl 1967)."""
    return 1 / (1 - share + share / factor)


def paid_after(seconds: float, eager: float, compiled: float) -> float:
    """Steps after which ``seconds`` of compiling have paid, (20.3); steps take seconds as well."""
    return seconds / (eager - compiled) if eager > compiled else math.inf


def shared_and_own(times: Mapping[int, float]) -> tuple[float, float]:
    """``(a, b)`` of (20.4), by least squares, from the time of one agent by agents in the stack."""
    n, t = np.array(list(times)), np.array(list(times.values()))
    a, b = np.polyfit(1 / n, t, 1)
    return float(a), float(b)


def in_a_stack(n: ArrayLike, a: float, b: float) -> Any:
    """Time of one agent in a stack of ``n``, (20.4), by size: ``(k,)`` to ``(k,)``."""
    return a / np.asarray(n) + b
