"""Formulas of one line as plain text, for search and for descriptions of pages."""

from __future__ import annotations

import re
import unicodedata

SMALL = {
    unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda"): letter
    for letter in "αβγδεζηθικλμνξοπρστυφχψω"
}
# What stands for a command of TeX, by the command's name.
LETTERS = (
    SMALL
    | {name.capitalize(): letter.upper() for name, letter in SMALL.items()}
    | {f"var{name}": letter for name, letter in SMALL.items()}
    | {"nabla": "∇"}
)
SIGNS = {"mid": "|", "cdot": "·", "times": "×", "le": "≤", "ge": "≥", "approx": "≈", "ldots": "…"}
COMMAND = re.compile(r"\\([A-Za-z]+)")


def plain(tex: str) -> str | None:
    """Return a formula in letters, such as ``a = μ_θ(s)``; None if it needs more than letters."""
    known = LETTERS | SIGNS
    text = COMMAND.sub(lambda x: known.get(x[1], x[0]), tex.replace("\\,", ""))
    return None if re.search(r"[\\{}]", text) else text.replace("-", "−")
