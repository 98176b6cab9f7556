"""Mend in the finished pages what the theme leaves unsaid to readers who hear them, or unsound.

The page tests run axe-core on every page, and `tests/book/test_valid.py` Tidy; each rule here
answers one of their findings.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

# A fold of the table of contents is an arrow; its name says of what.
ARROW = re.compile(
    r'(<a class="(?:current )?reference internal" href="[^"]*">'
    r"(?P<title>(?:(?!</a>).)*)</a><details[^>]*>)"
    r'<summary>(?=<span class="toctree-toggle")'
)
# A name that leaves out the words on the button cannot be spoken by who sees these.
FOLD = re.compile(r'<summary aria-label="Toggle hidden content">')
# Paragraphs inside the words of a fold are not valid HTML.
WORDS = re.compile(r'<p class="(?P<when>collapsed|expanded) admonition-title">(?P<says>[^<]*)</p>')
SEARCH = re.compile(r'(<button class="btn search-button-field [^>]*?) aria-label="[^"]*"')
MODE = re.compile(r'(<i class="theme-switch [^>]*?) title="[^"]*"')
CORNER = re.compile(r"<th\b(?P<attributes>[^>]*)>\s*(?:<p>\s*</p>\s*)?</th>")
# Roles of a bibliography's entries that ARIA has given up.
ENTRY = re.compile(
    r'(<div(?: role="list")? class="citation(?:-list)?"[^>]*?) role="doc-biblioentry"'
)
LIST = '<div role="list" class="citation-list">'
# A signature's parameters are marked as a list of definitions in which nothing is defined.
PARAMETERS = re.compile(
    r"<dl>\n(?P<items>(?:<dd><em class=\"sig-param\">.*?</dd>\n)+)</dl>", re.DOTALL
)
# Notebooks align the columns of tables as GitHub and JupyterLab ask; HTML has a style for it.
ALIGN = re.compile(r'(<t[dh]\b(?![^>]*style=)[^>]*?) align="(left|right|center)"')
LISTING = re.compile(r"<pre>(?:(?!</pre>).)*viewcode-block.*?</pre>", re.DOTALL)
# pandas puts the style of each of its tables beside it.
SCOPED = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)


def mend(page: str) -> str:
    """Return the HTML of a page with what it left unsaid."""

    def arrow(found: re.Match[str]) -> str:
        title = re.sub(r"<[^>]*>", "", found["title"]).replace('"', "&quot;")
        return f'{found[1]}<summary aria-label="Pages below {title}">'

    def corner(found: re.Match[str]) -> str:
        return f"<td{re.sub(' scope=.[a-z]+.', '', found['attributes'])}></td>"

    def parameters(found: re.Match[str]) -> str:
        items = found["items"].replace("<dd>", "<div>").replace("</dd>", "</div>")
        return f'<div class="sig-list">\n{items}</div>'

    page = ARROW.sub(arrow, page)
    page = FOLD.sub("<summary>", page)
    page = WORDS.sub(r'<span class="\g<when> admonition-title">\g<says></span>', page)
    page = SEARCH.sub(r"\1", page)
    page = MODE.sub(r'\1 aria-hidden="true"', page)
    page = CORNER.sub(corner, page)
    page = ENTRY.sub(r"\1", page).replace(LIST, '<div class="citation-list">')
    page = SCOPED.sub("", page)
    page = ALIGN.sub(r'\1 style="text-align: \2"', page)
    page = LISTING.sub(lambda x: re.sub(r"(</?)div\b", r"\1span", x[0]), page)
    return PARAMETERS.sub(parameters, page)


def finished(app: Sphinx, exception: Exception | None) -> None:
    """Mend every page that has been written."""
    if exception is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        before = path.read_text(encoding="utf-8")
        if (after := mend(before)) != before:
            path.write_text(after, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.connect("build-finished", finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
