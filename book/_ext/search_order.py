"""The order in which the book's search shows what it finds: see ``search_order.js``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    # A name in _config.yml would be looked for in whatever folder the build is begun from.
    app.config.html_search_scorer = str(Path(__file__).with_suffix(".js"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
