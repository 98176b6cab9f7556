"""Long lines of what a program prints, broken to the width of a page."""

from __future__ import annotations

import textwrap


def wrapped(text: str, width: int = 84) -> str:
    """Break each line of a ``text`` at ``width`` letters; what goes on is indented by six."""
    return "\n".join(
        textwrap.fill(line, width, subsequent_indent=" " * 6, break_on_hyphens=False)
        for line in text.splitlines()
    )
