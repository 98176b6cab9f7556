"""The built book, for tests of its pages; empty where it is not built."""

import os
from pathlib import Path

HTML = Path(os.environ.get("BOOK_HTML", Path(__file__).parents[1] / "_build/html"))
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.relative_to(HTML).parts
)
