"""What the checks of all chapters share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def number(answer: Any) -> float | None:
    """Return one finite real number, or None for anything else."""
    try:
        value = np.asarray(answer, float)
    except (TypeError, ValueError):
        return None
    return float(value.reshape(())) if value.size == 1 and np.isfinite(value).all() else None


def known(value: float, mistakes: Iterable[tuple[float, str]], within: float) -> str | None:
    """Return what is known about a wrong answer, if it is one of the common ones."""
    for wrong, message in mistakes:
        if abs(value - wrong) <= within * max(1.0, abs(wrong)):
            return message
    return None
