"""How errors are worded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], n: int = 1) -> str:
    """The end of a sentence that names the known words that may be meant; empty where none is near.

    Of words with parts, such as ``actor_lr``, those that end with the given one are named, or else
    those that contain it; where there are none, the ``n`` nearest spellings.
    """
    spelled = {name.lower(): name for name in known}
    given = _in_parts(word)
    ends = [name for name in spelled if _in_parts(name).endswith(given)]
    near = ends or [name for name in spelled if given in _in_parts(name)]
    near = near or difflib.get_close_matches(word.lower(), spelled, n=n)
    return f"; did you mean {', '.join(spelled[name] for name in near)}?" if near else ""


def _in_parts(word: str) -> str:
    """The parts of a word, each between two spaces, so that none is found within another."""
    return f" {' '.join(re.findall(r'[^-_ ]+', word.lower()))} "
