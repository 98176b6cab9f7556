"""The built pages are valid HTML, as Tidy sees it: nothing is unclosed, misplaced or obsolete.

The book must have been built (`make book`; `make test` sees to it). Tidy is Debian's package.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build/html"))
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.relative_to(HTML).parts
)
pytestmark = pytest.mark.browser  # not where the book is not built
OPTIONS = ["-errors", "-quiet", "--new-blocklevel-tags", "dialog", "--show-info", "no"]
# What Tidy of 2021 does not know to be right today, or says of what it would make shorter.
OUTDATED = re.compile(
    r"trimming empty <"
    r"|<input> proprietary attribute \"auto(correct|capitalize)\""
    r"|<video> proprietary attribute \"(muted|playsinline)\""
    r"|<svg> attribute \"(width|height)\" has invalid value \"[\d.]+pt\""
    r"|unescaped & or unknown entity \"&body\""  # in an address, as HTML allows
    r"|missing <dd>|discarding unexpected </dt>"  # a term may hold a block
)
# MathJax's elements are its own, and drawings are SVG: Tidy knows neither.
FOREIGN = re.compile(r"<mjx-container.*?</mjx-container>", re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def ready():
    reason = ""
    if not (HTML / "index.html").exists():
        reason = f"the book is not built in {HTML}: run `make book`"
    elif shutil.which("tidy") is None:
        reason = "no Tidy found: install Debian's package `tidy`"
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    elif reason:
        pytest.skip(reason)


def complaints(text: str) -> list[str]:
    """What Tidy finds wrong with a page."""
    done = subprocess.run(
        ["tidy", *OPTIONS],
        input=FOREIGN.sub("x", text),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return [line for line in done.stderr.splitlines() if line and not OUTDATED.search(line)]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_valid(page):
    assert complaints((HTML / page).read_text(encoding="utf-8")) == []


def test_what_is_wrong_is_found():
    start = '<!DOCTYPE html><html lang="en"><title>T</title>'
    assert len(complaints(start + '<p>a<div>b</p><table><tr><td align="left">c</table></html>')) > 1
    assert complaints(start + "<body><p>a</p></body></html>") == []
