"""The book's search: the order in which it shows what it finds, and the letters that it knows.

Sphinx's search looks for words. A formula holds none, so the page of the notation is given index
entries here: each letter of its tables, as typed and by name (``τ``, ``tau``, ``Q_φ``, ``Q_phi``),
leads to the letter's row. The order is that of ``search_order.js``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from letters import COMMAND, LETTERS, plain
from sphinx import addnodes
from sphinx.application import Sphinx

NOTATION = "book/notation"
ARGUMENTS = re.compile(r"\(.*\)|\\mathcal ?")  # of no use to whoever looks for the letter
SYMBOL = re.compile(r"\w([_^][\w*]+)*")


def spellings(tex: str) -> list[str]:
    """Return what people may type for a formula: with its letters, and with their names."""
    bare = ARGUMENTS.sub("", tex)
    lettered = plain(bare)
    if lettered is None or not SYMBOL.fullmatch(lettered):
        return []
    named = COMMAND.sub(lambda x: x[1].removeprefix("var"), bare)
    return list(dict.fromkeys([lettered, named]))


def letters(tex: str) -> list[str]:
    """Return the letter that a formula begins with, and its Greek ones and ∇ with their names."""
    found = [name for name in COMMAND.findall(tex) if name in LETTERS]
    greek = [word for name in found for word in (LETTERS[name], name.removeprefix("var"))]
    return greek + re.findall(r"^[A-Za-z]", tex)


def symbols(doctree: nodes.document) -> Iterator[tuple[str, nodes.row]]:
    """Yield what may be looked for, with the row of the tables that explains it best.

    That is a row of the whole book's tables rather than of a chapter's, and one that has the
    letter alone rather than within a formula; then the first. Of a chapter's formulas only the
    letters are looked for.
    """
    found = []
    for row in doctree.findall(nodes.row):
        ancestors, node = 0, row.parent
        while node is not None:
            ancestors += isinstance(node, nodes.section)
            node = node.parent
        of_a_chapter = ancestors > 2
        for formula in row.children[0].findall(nodes.math):
            tex = formula.astext()
            whole = spellings(tex)
            if of_a_chapter:
                whole = [word for word in whole if "_" not in word and "^" not in word]
            found += [((of_a_chapter, False), word, row) for word in whole]
            found += [((of_a_chapter, True), word, row) for word in letters(tex)]
    best: dict[str, nodes.row] = {}
    for _, word, row in sorted(found, key=lambda x: x[0]):
        best.setdefault(word, row)
    yield from best.items()


def add_letters(app: Sphinx, doctree: nodes.document) -> None:
    """Put the letters of the notation's tables into the search."""
    if app.env.docname != NOTATION:
        return
    for number, (word, row) in enumerate(symbols(doctree)):
        if not row["ids"]:
            row["ids"].append(f"symbol-{number}")
        entry = ("single", word, row["ids"][0], "main", None)
        row.children[0].children[0] += addnodes.index(entries=[entry])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    # A name in _config.yml would be looked for in whatever folder the build is begun from.
    app.config.html_search_scorer = str(Path(__file__).with_suffix(".js"))
    app.connect("doctree-read", add_letters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
