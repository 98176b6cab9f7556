"""The still pictures of the book's living figures, for notebooks, where none of them lives."""

from __future__ import annotations

import html
import re
from pathlib import Path

from ddpg_lib.errors import did_you_mean

STILLS = Path(__file__).resolve().parents[1] / "data/stills"
CAPTION = "A still of the figure on the book's page, to which the link above leads."


def show_still(name: str) -> None:
    """Display the still picture of a living figure, with its alternative text.

    In a notebook it stands below the link to the book's page, where alone the figure lives. The
    pictures ship with the library, as ``tools/record_living.py`` drew them.

    Parameters
    ----------
    name : str
        The figure's name in the page's address, such as ``"lander-flights"``.

    Raises
    ------
    ValueError
        If no picture of that name ships.
    """
    from ddpg_lib.figures.page import show_picture

    known = sorted(path.stem for path in STILLS.glob("*.svg"))
    if name not in known:
        near = did_you_mean(name, known) or f": only {', '.join(known)}"
        raise ValueError(f"there is no still picture {name!r}{near}")
    svg = (STILLS / f"{name}.svg").read_text(encoding="utf-8")
    title = re.search(r"<title>(.*?)</title>", svg)
    assert title is not None
    show_picture(svg, html.unescape(title[1]), CAPTION)
