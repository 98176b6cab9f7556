r"""Turn the notebooks' plain Markdown into cross-references and styled boxes.

The chapters hold no MyST directives and no roles, so that they read the same in Colab, on GitHub
and in JupyterLab. While the book is built, this extension finds in every page, the reference that
comes from docstrings included,

* displayed equations that carry ``\tag{9.1}`` (they get the id ``eq-9-1``) and the plain text
  ``(9.1)``, which becomes a link to the equation, on whichever page it stands;
* citations written as ``Lillicrap et al. (2016)``, or in parentheses as ``(Lillicrap et al. 2016,
  section 7)``, which become links to the entry in the bibliography;
* block quotes that begin with a bold ``**Theorem 3.1**`` (or Proposition, Lemma, Corollary,
  Definition, Assumption, Algorithm, Remark), which get a CSS class by kind;
* cells tagged ``hide-cell``, which are the exercises' solutions: their fold says so.

A reference to an equation or to a work that does not exist is a warning of the category
``plain_notebooks``, and so is an equation number that is used twice.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import desc_signature, pending_xref
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.ext.autosummary import autosummary_table
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)

TAG = re.compile(r"\\tag\{([^{}]+)\}")
# Of chapters 0, 9 and 12, and of the deeper page 2a. Chapter 0 has few: (0.25) is a number.
EQUATION = re.compile(r"\((?P<tag>0\.[1-9]|[1-9]\d?[a-z]?\.\d{1,2}[a-z]?)\)")
# A family name may have several parts and a small particle: "van Hasselt", "Ben-David", "O'Neill".
_NAME = r"(?:(?:[Vv]an|[Vv]on|[Dd]e|[Dd]er|[Dd]en|[Ll]a|[Ll]e)\s+)*[^\W\d_a-z][\w’'\-]+"
_WHO = rf"(?:Hugging\s+Face|{_NAME}\s+et\s+al\.|{_NAME}\s+and\s+{_NAME}|{_NAME})"
CITATION = re.compile(rf"(?P<cite>(?<!\w){_WHO}\s+\((?P<year>\d{{4}}[a-z]?)\))")
# "(Kingma and Ba 2015, Algorithm 1; Silver et al. 2014)": in parentheses the year has none.
ASIDE = re.compile(rf"(?:(?<=\()|(?<=;\s))(?P<who>{_WHO})\s+(?P<when>\d{{4}}[a-z]?)(?=[,;:)])")
PROSE = re.compile(f"{EQUATION.pattern}|{CITATION.pattern}|{ASIDE.pattern}")
STATEMENT = re.compile(
    r"(?P<kind>Theorem|Proposition|Lemma|Corollary|Definition|Assumption|Algorithm|Remark)\b"
    r"\s*(?P<number>[A-Z]?[\d.]*\d)?"
)
# No links inside code, signatures, formulas, other links, headings (they feed the menus) or the
# bibliography.
OPAQUE = (
    desc_signature,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.reference,
    pending_xref,
    nodes.title,
    nodes.raw,
    nodes.citation,
    nodes.comment,
)
LUCID = autosummary_table  # a comment by its class, but shown


def citation_text(entry: Any) -> str:
    """Return how the text cites a bibliography entry: ``Sutton and Barto (2018)``.

    Parameters
    ----------
    entry : pybtex.database.Entry
        One entry; its authors (or editors) and its year are used. A year may carry a letter,
        ``2018a``, to tell two works of the same authors apart.
    """
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join([*person.prelast_names, *person.last_names]) for person in people]
    names = [re.sub(r"[{}]", "", name) for name in names]
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{who} ({entry.fields.get('year', 'n.d.')})"


class PlainNotebooks(Domain):
    """What the pages define and refer to, kept between builds and merged from parallel readers.

    ``equations`` and ``references`` map a page's name to the equations it shows and to the
    ``(kind, target)`` pairs it links to; ``resolved`` is where each target was at the last build.
    """

    name = "plain"
    label = "Plain notebooks"
    data_version = 1
    initial_data = {"equations": {}, "references": {}, "resolved": {}}  # noqa: RUF012
    dangling_warnings = {  # noqa: RUF012
        "equation": "no displayed equation carries \\tag{%(target)s}",
        "citation": "no entry of the bibliography is cited as %(target)r",
    }

    def clear_doc(self, docname: str) -> None:
        """Forget a page that is about to be read again or was removed."""
        self.data["equations"].pop(docname, None)
        self.data["references"].pop(docname, None)

    def merge_domaindata(self, docnames: Any, otherdata: dict[str, Any]) -> None:
        """Take over what a parallel reader found in its share of the pages."""
        for part in ("equations", "references"):
            self.data[part].update(
                (name, found) for name, found in otherdata[part].items() if name in docnames
            )

    def targets(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Return ``(kind, target) -> (page, id)`` for everything that can be linked to."""
        found = {
            ("equation", tag): (docname, equation_id(tag))
            for docname, tags in sorted(self.data["equations"].items())
            for tag in tags
        }
        for citation in self.env.get_domain("cite").citations:  # type: ignore[attr-defined]
            place = (citation.bibliography_key.docname, citation.citation_id)
            found["citation", citation_text(citation.entry)] = place
        return found

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """Link to the target if it exists; Sphinx warns if it does not."""
        place = self.data["resolved"].get((typ, target))
        if place is None:
            return None
        return make_refnode(builder, fromdocname, place[0], place[1], contnode)

    def check_consistency(self) -> None:
        """Warn of equation numbers and citation texts that mean two things."""
        seen: dict[str, str] = {}
        for docname, tags in sorted(self.data["equations"].items()):
            for tag in tags:
                if tag in seen:
                    message = "the equation number (%s) is already used in %s"
                    where = docname
                    logger.warning(message, tag, seen[tag], location=where, type="plain_notebooks")
                seen[tag] = docname
        cited: dict[str, str] = {}
        for citation in self.env.get_domain("cite").citations:  # type: ignore[attr-defined]
            text = citation_text(citation.entry)
            if cited.setdefault(text, citation.key) != citation.key:
                message = "%s and %s are both cited as %r; give their years letters (2018a, 2018b)"
                logger.warning(message, cited[text], citation.key, text, type="plain_notebooks")


def equation_id(tag: str) -> str:
    """Return the HTML id of an equation: ``eq-9-1`` for the tag ``9.1``."""
    return "eq-" + re.sub(r"[^0-9A-Za-z]+", "-", tag)


def mark_equations(doctree: nodes.document) -> list[str]:
    """Give every tagged equation its id and return the tags in order."""
    tags: list[str] = []
    for block in doctree.findall(nodes.math_block):
        text = block.astext()
        found = TAG.findall(text)
        block["ids"] = [equation_id(tag) for tag in found] + block["ids"]
        if not block.get("nowrap"):
            # Sphinx would wrap several lines in `split`, where \tag is an error; Colab does not.
            block["nowrap"] = True
            block.children = []
            block += nodes.Text(f"\\[{text}\\]")
        tags += found
    return tags


def mark_statements(doctree: nodes.document) -> None:
    """Turn block quotes that begin with a bold ``Theorem 3.1`` into boxes with classes."""
    for quote in list(doctree.findall(nodes.block_quote)):
        if not quote.children or not isinstance(quote.children[0], nodes.paragraph):
            continue
        # Markdown's reader may put an empty text before the bold words.
        head = next((child for child in quote.children[0].children if child.astext()), None)
        match = STATEMENT.match(head.astext()) if isinstance(head, nodes.strong) else None
        if match is None:
            continue
        kind = match["kind"].lower()
        # Not a quotation any more; Sphinx would also write a block quote without its classes.
        box = nodes.compound("", *quote.children, classes=["statement", f"statement-{kind}"])
        box.source, box.line = quote.source, quote.line
        if match["number"]:
            ident = f"{kind}-{match['number'].replace('.', '-').lower()}"
            if ident not in doctree.ids:
                box["ids"].append(ident)
                doctree.ids[ident] = box
        quote.replace_self(box)


def prose(doctree: nodes.document) -> Iterator[nodes.Text]:
    """Yield the text nodes that are prose, each merged with the text nodes that follow it."""
    for parent in list(doctree.findall(nodes.TextElement)):
        node: nodes.Node | None = parent
        while node is not None and (isinstance(node, LUCID) or not isinstance(node, OPAQUE)):
            node = node.parent
        if node is not None:
            continue
        merged: list[nodes.Node] = []
        for child in parent.children:
            if merged and isinstance(child, nodes.Text) and isinstance(merged[-1], nodes.Text):
                merged[-1] = nodes.Text(merged[-1].astext() + child.astext())
            else:
                merged.append(child)
        parent.children = []
        parent += merged
        yield from [child for child in parent.children if isinstance(child, nodes.Text)]


def link_prose(doctree: nodes.document, docname: str) -> set[tuple[str, str]]:
    """Replace ``(9.1)`` and ``Silver et al. (2014)`` by pending links; return what they name."""
    targets: set[tuple[str, str]] = set()
    for text in list(prose(doctree)):
        pieces: list[nodes.Node] = []
        end = 0
        for match in PROSE.finditer(text):
            if match["tag"]:
                kind, target = "equation", match["tag"]
            else:
                cite = match["cite"] or f"{match['who']} ({match['when']})"
                kind, target = "citation", " ".join(cite.split())
            targets.add((kind, target))
            link = pending_xref(
                "", refdomain="plain", reftype=kind, reftarget=target, refdoc=docname, refwarn=True
            )
            link.source, link.line = text.parent.source, text.parent.line
            link += nodes.inline("", match[0], classes=[f"{kind}-link"])
            pieces += [nodes.Text(text[end : match.start()]), link]
            end = match.end()
        if pieces:
            pieces.append(nodes.Text(text[end:]))
            text.parent.replace(text, [piece for piece in pieces if piece.astext()])
    return targets


def name_solutions(doctree: nodes.document) -> None:
    """Say on the folds of cells tagged ``hide-cell``, which are solutions, that they are."""
    for cell in doctree.findall(nodes.container):
        if cell.get("hide_mode") == "all":
            for prompt in ("prompt_show", "prompt_hide"):
                cell[prompt] = cell[prompt].replace("{type}", "solution")


def read(app: Sphinx, doctree: nodes.document) -> None:
    """Mark up one page that has just been read."""
    domain = app.env.get_domain("plain")
    docname = app.env.docname
    mark_statements(doctree)
    name_solutions(doctree)
    tags = mark_equations(doctree)
    if tags:
        domain.data["equations"][docname] = tags
    references = link_prose(doctree, docname)
    if references:
        domain.data["references"][docname] = references


def updated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Name the pages whose links point elsewhere than at the last build, to be written again."""
    domain = env.get_domain("plain")
    assert isinstance(domain, PlainNotebooks)
    before, now = domain.data["resolved"], domain.targets()
    domain.data["resolved"] = now
    return [
        docname
        for docname, references in domain.data["references"].items()
        if any(before.get(name) != now.get(name) for name in references)
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.setup_extension("sphinxcontrib.bibtex")
    app.add_domain(PlainNotebooks)
    app.connect("doctree-read", read)
    app.connect("env-updated", updated, priority=900)  # after the bibliography's own handler
    # A changed extension makes Sphinx read every page again.
    env_version = zlib.crc32(Path(__file__).read_bytes())
    return {"env_version": env_version, "parallel_read_safe": True, "parallel_write_safe": True}
