"""What search engines, and sites on which a page is shared, show of it: title and description.

``sphinxext.opengraph`` writes the tags; it would take the description from all that stands at the
head of a page, tables and the source of formulas included. Here it is what the first paragraphs
say.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from letters import plain
from sphinx.application import Sphinx

LONGEST = 200  # characters of a description; more is cut by those who show it
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z“])")
# The page at the root that sends the reader on: Jupyter Book's, or ours of an earlier build.
ONWARD = re.compile(r'<meta http-equiv="refresh" content="0; url=(?P<url>[^"]*)"', re.IGNORECASE)
SHARED = re.compile(r'<title>.*?</title>|<meta (?:property="og:|name="description")[^>]*>')


def words(node: nodes.Node) -> str:
    """Return the text of a node; backslashes where a formula needs more than letters."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.math):
        return plain(node.astext()) or "\\"
    if isinstance(node, (nodes.raw, nodes.Invisible, nodes.footnote_reference)):
        return ""
    return "".join(words(child) for child in node.children)


def sentences(doctree: nodes.document) -> Iterator[str]:
    """Yield the sentences of the plain paragraphs between a page's title and its first section.

    A paragraph wholly in emphasis says how long the page takes, or stands in for a figure, and is
    left out.
    """
    page = next(iter(doctree.findall(nodes.section)), doctree)
    for child in page.children:
        if isinstance(child, nodes.paragraph) and not all(
            isinstance(part, nodes.emphasis) for part in child.children
        ):
            yield from SENTENCE.split(" ".join(words(child).split()))


def description(doctree: nodes.document) -> str:
    """Return the first sentences of a page, cut after a word if they are long.

    They end before a sentence with a formula that is no plain text, and before one that goes on in
    what is none, such as a displayed equation.
    """
    text = ""
    for sentence in sentences(doctree):
        if "\\" in sentence or not sentence.endswith((".", "?", "!", ":", ".)")):
            if text:
                break
            continue
        if sentence.endswith(":"):  # what it announces is not shown
            sentence = sentence[:-1] + "."
        text = f"{text} {sentence}".lstrip()
        if len(text) > LONGEST:
            return text[:LONGEST].rsplit(" ", 1)[0].rstrip(",;:.") + " …"
    return text


def describe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give a page its description, and the book's first page its title once."""
    if context.get("title") == context.get("docstitle"):
        context["docstitle"] = ""
    if isinstance(doctree, nodes.document) and (text := description(doctree)):
        said = html.escape(text)
        context["meta"] = {**(context.get("meta") or {}), "og:description": said}
        context["metatags"] += f'<meta name="description" content="{said}" />\n'


def front_door(page: str, first: str) -> str:
    """Return the page at the site's root with the title and the tags of the page it leads to.

    Parameters
    ----------
    page : str
        The HTML that Jupyter Book writes.
    first : str
        The HTML of the book's first page.
    """
    onward = ONWARD.search(page)
    if onward is None:
        return page
    to, tags = onward["url"], "\n".join(SHARED.findall(first))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'{tags}\n<meta http-equiv="refresh" content="0; url={to}"></head>'
        f'<body><p><a href="{to}">To the book</a></p></body></html>\n'
    )


def finished(app: Sphinx, exception: Exception | None) -> None:
    """Furnish the page at the root."""
    if exception is None and app.builder.format == "html":
        root = Path(app.outdir) / "index.html"
        first = Path(app.outdir) / f"{app.config.root_doc}.html"
        if root != first:
            page = front_door(root.read_text(encoding="utf-8"), first.read_text(encoding="utf-8"))
            root.write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.connect("html-page-context", describe, priority=400)  # before sphinxext.opengraph
    app.connect("build-finished", finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
