"""Link the terms of the chapters to the glossary.

``book/glossary.md`` is a plain definition list; each entry ends with a link to the chapter that
introduces the term. A chapter that sets a term in emphasis, where it explains it, gets a link from
there to the entry, whose text is also the link's tooltip. Upper and lower case and a plural's
last s do not matter. A chapter that is not yet in the book is named in the glossary without a link.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

PAGE = "book/glossary"
ENTRY = re.compile(r"^(?P<term>\S.*)\n: (?P<text>.+)$", re.MULTILINE)
CHAPTER = re.compile(r"\[(?P<label>[^\]]+)\]\(\.\./(?P<page>notebooks/[\w]+)\.ipynb\)")


def key(term: str) -> str:
    """Return the form in which terms are compared."""
    bare = " ".join(term.lower().replace("-", " ").split())
    return bare[:-1] if bare.endswith("s") and not bare.endswith("ss") else bare


def term_id(term: str) -> str:
    """Return the HTML id of a term's entry."""
    return "term-" + re.sub(r"[^0-9a-z]+", "-", key(term)).strip("-")


def entries(text: str) -> dict[str, str]:
    """Return each term's definition, as plain text, by the key of the term.

    Raises
    ------
    ValueError
        If a term has two entries.
    """
    found: dict[str, str] = {}
    for match in ENTRY.finditer(text):
        name = key(match["term"])
        if name in found:
            raise ValueError(f"the glossary has two entries for {match['term']!r}")
        found[name] = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", match["text"]).replace("*", "")
    return found


def prepare(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read the glossary before any page."""
    path = Path(app.srcdir) / f"{PAGE}.md"
    listed = PAGE in env.found_docs
    terms = entries(path.read_text(encoding="utf-8")) if listed else {}
    app.glossary_terms = terms  # type: ignore[attr-defined]


def unlink(app: Sphinx, docname: str, source: list[str]) -> None:
    """Leave out the glossary's links to chapters that are not in the book."""
    if docname == PAGE:
        found = app.env.found_docs
        source[0] = CHAPTER.sub(lambda m: m[0] if m["page"] in found else m["label"], source[0])


def read(app: Sphinx, doctree: nodes.document) -> None:
    """Name the glossary's entries, and make links of emphasized terms elsewhere."""
    terms = app.glossary_terms  # type: ignore[attr-defined]
    if app.env.docname == PAGE:
        for node in doctree.findall(nodes.term):
            node["ids"].append(term_id(node.astext()))
        return
    if not app.env.docname.startswith("notebooks/"):
        return
    for emphasis in list(doctree.findall(nodes.emphasis)):
        name = key(emphasis.astext())
        inside = emphasis.parent
        if name not in terms or isinstance(inside, nodes.reference | nodes.title | pending_xref):
            continue
        link = pending_xref(
            "",
            refdomain="",
            reftype="glossary-term",
            reftarget=term_id(name),
            refdoc=app.env.docname,
            reftitle=terms[name],
            refwarn=True,
        )
        emphasis.replace_self(link)
        emphasis["classes"].append("glossary-link")
        link += emphasis


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Lead a term to its entry."""
    if node.get("reftype") != "glossary-term":
        return None
    return make_refnode(
        app.builder, node["refdoc"], PAGE, node["reftarget"], content, node["reftitle"]
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("env-before-read-docs", prepare)
    app.connect("source-read", unlink)
    app.connect("doctree-read", read, priority=700)
    app.connect("missing-reference", resolve)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
