"""How errors are worded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], n: int = 1) -> str:
    """The end of a sentence that names the nearest known words; empty where none is near."""
    spelled = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), spelled, n=n)
    return f"; did you mean {', '.join(spelled[name] for name in near)}?" if near else ""
