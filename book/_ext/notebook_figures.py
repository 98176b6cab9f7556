"""Draw the chapters' figures inline, so that they follow the page between light and dark.

In the notebooks a figure is a picture, which everyone sees but which knows only light colors. What
is black in it is white on a dark page, so the words of captions and text change as well.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ddpg_lib.figures import page

# Not of a picture's own pixels, "black is 12 or more below", which are the same on every page.
IN_CAPTION = re.compile(r"\b([Bb])lack\b(?! is\b)")
IN_TEXT = re.compile(r"\b([Bb])lack\b(?= (?:curve|follows|lines?|parabola|path)\b)")


def both(found: re.Match[str]) -> str:
    """Write the color's word for a light page and, hidden where no style is known, for a dark."""
    word, other = ("black", "white") if found[1] == "b" else ("Black", "White")
    return f'<span class="ddpg-ink">{word}</span><span class="ddpg-ink-dark" hidden>{other}</span>'


def captioned(drawn: str) -> str:
    """Return a figure's HTML with the words of its caption."""
    caption = re.compile(r"<figcaption>.*?</figcaption>", re.DOTALL)
    return caption.sub(lambda found: IN_CAPTION.sub(both, found[0]), drawn)


def read(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the pictures of one page that has just been read."""
    for raw in list(doctree.findall(nodes.raw)):
        text = raw.astext()
        drawn = page.inline(text) if raw.get("format") == "html" else text
        if drawn != text:
            raw.replace_self(nodes.raw(raw.rawsource, captioned(drawn), **raw.attributes))
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, nodes.paragraph) and IN_TEXT.search(text):
            text.parent.replace(text, worded(text))


def worded(text: nodes.Text) -> list[nodes.Node]:
    """Return a text in pieces, of which each color's word is HTML."""
    pieces: list[nodes.Node] = []
    end = 0
    for found in IN_TEXT.finditer(text):
        pieces += [nodes.Text(text[end : found.start()])]
        pieces += [nodes.raw("", both(found), format="html")]
        end = found.end()
    return [*pieces, nodes.Text(text[end:])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("doctree-read", read)
    # A changed drawing makes Sphinx read every page again.
    sources = (Path(__file__), Path(page.__file__))
    version = zlib.crc32(b"".join(source.read_bytes() for source in sources))
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
