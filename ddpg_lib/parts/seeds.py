"""Seeds, and the random generators that each agent owns."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Generators = Mapping[str, Sequence[np.random.Generator]]
"""For each purpose, one an agent."""
PURPOSES = ("actor", "critic", "replay", "noise", "warmup", "learning")


def checked(seeds: Iterable[int]) -> tuple[int, ...]:
    """Seeds as a tuple of plain numbers, one an agent.

    Raises
    ------
    ValueError
        If they are no whole numbers, there is none, or one is negative or appears twice.
    """
    try:
        numbers = tuple(map(operator.index, seeds))
    except TypeError:
        raise ValueError(
            "seeds must be a list of whole numbers, one an agent, such as [0, 1, 2] or range(8); "
            f"got {seeds!r}"
        ) from None
    if not numbers or len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise ValueError(
            f"seeds must be one or more different numbers, none negative, got {list(numbers)}"
        )
    return numbers


def generators(seeds: Iterable[int]) -> Generators:
    """For each of ``PURPOSES`` one generator an agent, which depends on its own seed alone."""
    numbers = list(seeds)
    # NumPy makes of [seed, i] a stream that shares nothing with that of any other pair.
    return {
        purpose: [np.random.default_rng([seed, i]) for seed in numbers]
        for i, purpose in enumerate(PURPOSES)
    }


def parse_seeds(words: Sequence[str]) -> list[int]:
    """Seeds from words: numbers such as ``3`` and ranges such as ``0-7``.

    Raises
    ------
    ValueError
        For other words.
    """
    seeds: list[int] = []
    for word in words:
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", word)
        if not found or (found[2] and int(found[2]) < int(found[1])):
            raise ValueError(f"seeds are numbers such as 3 or ranges such as 0-7, not {word!r}")
        seeds += range(int(found[1]), int(found[2] or found[1]) + 1)
    return seeds
