"""Draw the chapters' figures inline, so that they follow the page between light and dark.

In the notebooks a figure is a picture, which everyone sees but which knows only light colors.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ddpg_lib.figures import page


def read(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the pictures of one page that has just been read."""
    for raw in list(doctree.findall(nodes.raw)):
        text = raw.astext()
        drawn = page.inline(text) if raw.get("format") == "html" else text
        if drawn != text:
            raw.replace_self(nodes.raw(raw.rawsource, drawn, **raw.attributes))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("doctree-read", read)
    # A changed drawing makes Sphinx read every page again.
    sources = (Path(__file__), Path(page.__file__))
    version = zlib.crc32(b"".join(source.read_bytes() for source in sources))
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
