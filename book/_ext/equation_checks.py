r"""The contract between equations and code: every numbered equation names the test that checks it.

Tests in ``tests/chapters/test_equations_NN.py`` carry ``@pytest.mark.equation("9.1", by="...")``;
an equation that only defines something stands in that file's ``DEFINITIONS`` instead. This
extension reads those files, without importing them. It

* puts a mark beside every equation that carries ``\tag{9.1}``, which links to its check;
* fills the page that holds the directive ``equation-checks`` with all checks and their source;
* warns, which fails the build, of an equation without check, of a check without equation, of an
  equation that is both defined and checked, and of a mark that it cannot read.
"""

from __future__ import annotations

import ast
import json
import textwrap
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docutils import nodes
from plain_notebooks import TAG, equation_id
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)
FOLDER = "tests/chapters"
FILES = "test_equations_*.py"


@dataclass(frozen=True)
class Check:
    """One test of the contract."""

    numbers: tuple[str, ...]
    by: str
    says: str
    name: str
    file: str
    line: int
    source: str


@dataclass
class Contract:
    """What the test files promise.

    ``checks`` in the order of the files, ``definitions`` by equation number, ``complaints`` as
    ``(place, message)``.
    """

    checks: list[Check] = field(default_factory=list)
    definitions: dict[str, str] = field(default_factory=dict)
    complaints: list[tuple[str, str]] = field(default_factory=list)

    def by_equation(self) -> dict[str, list[Check]]:
        """Return each equation's checks."""
        found: dict[str, list[Check]] = {}
        for check in self.checks:
            for number in check.numbers:
                found.setdefault(number, []).append(check)
        return found

    def gaps(self, numbers: Iterable[str]) -> list[str]:
        """Say what is wrong between the promises and the equations that there are."""
        equations, chapters = list(numbers), {n.partition(".")[0] for n in numbers}
        checked = self.by_equation()
        messages = [
            f"the equation ({n}) has no check: mark a test in {FOLDER}/{FILES} with "
            f'@pytest.mark.equation("{n}", by="...")'
            for n in equations
            if n not in checked and n not in self.definitions
        ]
        promised = [*checked, *self.definitions]
        messages += [
            f"a check names the equation ({n}), but no page shows it"
            for n in promised
            if n.partition(".")[0] in chapters and n not in equations
        ]
        both = [n for n in checked if n in self.definitions]
        return messages + [f"the equation ({n}) is both defined and checked" for n in both]


def read_tests(folder: Path) -> Contract:
    """Read the marks of all test files.

    Parameters
    ----------
    folder : pathlib.Path
        Where ``test_equations_NN.py`` lie.
    """
    contract = Contract()
    for path in sorted(folder.glob(FILES)):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(t, ast.Name) and t.id == "DEFINITIONS" for t in targets):
                    contract.definitions |= ast.literal_eval(node.value or ast.Dict([], []))
            elif isinstance(node, ast.FunctionDef):
                _read_function(contract, path, text, node)
    return contract


def _read_function(contract: Contract, path: Path, text: str, node: ast.FunctionDef) -> None:
    place = f"{FOLDER}/{path.name}:{node.lineno}"
    for mark in node.decorator_list:
        if not (isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.equation"):
            continue
        try:
            numbers = tuple(ast.literal_eval(argument) for argument in mark.args)
            (by,) = (ast.literal_eval(k.value) for k in mark.keywords if k.arg == "by")
        except ValueError:
            message = 'the mark must read equation("1.2", "1.3", by="how"), with plain strings'
            contract.complaints.append((place, message))
            continue
        says = ast.get_docstring(node) or ""
        if not node.name.startswith("test_") or not says:
            message = f"{node.name} must be a test with a docstring that says what it compares"
            contract.complaints.append((place, message))
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        lines = text.splitlines()[first - 1 : node.end_lineno]
        source = textwrap.dedent("\n".join(lines))
        check = Check(numbers, by, says, node.name, path.name, node.lineno, source)
        contract.checks.append(check)


def equations_of(notebook: Path) -> list[str]:
    """Return the numbers of a notebook's equations, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    markdown = ("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return [tag for text in markdown for tag in TAG.findall(text)]


def check_id(number: str) -> str:
    """Return the HTML id of an equation's check: ``check-9-1`` for ``9.1``."""
    return equation_id(number).replace("eq-", "check-", 1)


def prepare(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read the tests and the equations before any page is read, and compare them."""
    contract = read_tests(Path(app.srcdir) / FOLDER)
    pages = {name: Path(env.doc2path(name)) for name in sorted(env.found_docs)}
    equations = {
        name: tags
        for name, path in pages.items()
        if path.suffix == ".ipynb" and (tags := equations_of(path))
    }
    app.equation_contract = (contract, equations)  # type: ignore[attr-defined]
    numbers = [n for tags in equations.values() for n in tags]
    for place, message in contract.complaints:
        logger.warning("%s: %s", place, message, type="equation_checks")
    for message in contract.gaps(numbers):
        logger.warning(message, type="equation_checks")


def mark(app: Sphinx, doctree: nodes.document) -> None:
    """Put a mark beside each equation of a page."""
    contract, equations = app.equation_contract  # type: ignore[attr-defined]
    if app.env.docname not in equations:
        return
    checked = contract.by_equation()
    for block in list(doctree.findall(nodes.math_block)):
        links = nodes.paragraph("", "", classes=["equation-check"])
        for number in TAG.findall(block.astext()):
            if number in checked:
                kind, sign, how = "checked", "✓", "; ".join(c.by for c in checked[number])
            elif number in contract.definitions:
                kind, sign, how = "defined", "≔", contract.definitions[number]
            else:
                continue
            link = pending_xref(
                "",
                nodes.inline("", sign, classes=[f"equation-{kind}"]),
                refdomain="",
                refdoc=app.env.docname,
                refwarn=True,
                reftype="equation-check",
                reftarget=check_id(number),
                reftitle=f"({number}) {kind}: {how}",
            )
            links += link
        if links.children:
            box = nodes.container("", classes=["equation"])
            block.parent.replace(block, box)  # replace_self would give the box its ids, too
            box += [block, links]


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Lead a mark to its check."""
    if node.get("reftype") != "equation-check":
        return None
    page = getattr(env, "equation_checks_page", None)
    if page is None:
        return None
    return make_refnode(
        app.builder, node["refdoc"], page, node["reftarget"], content, node["reftitle"]
    )


class EquationChecks(SphinxDirective):
    """All checks, by chapter."""

    def run(self) -> list[nodes.Node]:
        """Make the page's sections."""
        contract, equations = self.env.app.equation_contract  # type: ignore[attr-defined]
        self.env.equation_checks_page = self.env.docname  # type: ignore[attr-defined]
        self.env.note_dependency(str(Path(self.env.app.srcdir) / FOLDER))
        named: set[str] = set()
        sections: list[nodes.Node] = []
        for numbers in equations.values():
            chapter = numbers[0].partition(".")[0]
            section = nodes.section(ids=[f"checks-of-chapter-{chapter}"])
            defined = [n for n in numbers if n in contract.definitions]
            checks = [c for c in contract.checks if any(n in numbers for n in c.numbers)]
            section += nodes.title("", f"Chapter {chapter}")
            count = f"{len(numbers) - len(defined)} of {len(numbers)} equations are checked"
            section += nodes.paragraph("", f"{count}.")
            section += [self.check(c, named) for c in checks]
            if defined:
                section += nodes.paragraph("", "Definitions, with nothing to check:")
                items = nodes.bullet_list()
                for n in defined:
                    text = nodes.paragraph("", f"({n}) {contract.definitions[n]}.")
                    items += nodes.list_item("", text, ids=[check_id(n)])
                section += items
            sections.append(section)
        return sections

    def check(self, check: Check, named: set[str]) -> nodes.Node:
        """Show one check: which equations, by what, and the test itself."""
        box = nodes.container(classes=["check"])
        box["ids"] = [check_id(n) for n in check.numbers if n not in named]
        named.update(check.numbers)
        which = ", ".join(f"({n})" for n in check.numbers)
        box += nodes.paragraph("", "", nodes.strong("", f"{which} by {check.by}."))
        says = " ".join(check.says.split("\n\n")[0].split())
        box += nodes.paragraph("", says)
        where = f"{check.name} in {FOLDER}/{check.file}"
        box += nodes.raw("", f"<details><summary>{where}</summary>", format="html")
        box += nodes.literal_block(check.source, check.source, language="python")
        box += nodes.raw("", "</details>", format="html")
        return box


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_directive("equation-checks", EquationChecks)
    app.connect("env-before-read-docs", prepare)
    app.connect("doctree-read", mark, priority=600)  # after the equations have their ids
    app.connect("missing-reference", resolve)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"env_version": version, "parallel_read_safe": False, "parallel_write_safe": True}
