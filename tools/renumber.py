"""Number equations and statements anew, page by page in order: ``python tools/renumber.py``.

A chapter's numbers begin with its own, 3.1, and a deeper page's with the page's, 3a.1. Whatever
names an equation or a statement is changed with it: pages, docstrings, comments and the marks of
tests. Theorems, propositions and their like share one count.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
KINDS = "theorem|proposition|lemma|corollary|definition|assumption|remark"
NUMBER = r"\d{1,2}[a-z]?\.\d{1,3}[a-z]?"
TAG = re.compile(rf"\\tag\{{({NUMBER})\}}")
HEAD = re.compile(rf"^> \*\*({KINDS}) ({NUMBER})", re.IGNORECASE | re.MULTILINE)
REFERENCE = re.compile(rf"\(({NUMBER})\)")
MARK = re.compile(rf'"({NUMBER})"')
STATEMENTS = re.compile(
    rf"\b({KINDS})(s?\s+)({NUMBER}(?:(?:,\s+(?:and\s+)?|\s+and\s+|\s+to\s+){NUMBER})*)",
    re.IGNORECASE,
)
TESTS = "tests/chapters/test_equations_"


def page_number(path: Path) -> str:
    """Return ``3`` for ``03_name.ipynb`` and ``3a`` for ``03a_name.ipynb``."""
    return path.name.partition("_")[0].lstrip("0") or "0"


def new_numbers(pages: list[Path]) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return the new number of each equation, and of each statement by its kind.

    Raises
    ------
    ValueError
        If a number is used twice.
    """
    equations: dict[str, str] = {}
    statements: dict[tuple[str, str], str] = {}
    for path in pages:
        page = page_number(path)
        cells = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
        text = "\n".join(cells)
        for k, tag in enumerate(TAG.findall(text), start=1):
            if tag in equations:
                raise ValueError(f"the equation ({tag}) of {path.name} is numbered twice")
            equations[tag] = f"{page}.{k}"
        for k, head in enumerate(HEAD.finditer(text), start=1):
            key = (head[1].lower(), head[2])
            if key in statements:
                raise ValueError(f"{head[1]} {head[2]} of {path.name} is numbered twice")
            statements[key] = f"{page}.{k}"
    return equations, statements


class Renumber:
    """Replaces old numbers by new ones, all at once."""

    def __init__(self, pages: list[Path]) -> None:
        self.equations, self.statements = new_numbers(pages)

    def prose(self, text: str) -> str:
        """Change tags, references and statements in a text."""
        text = TAG.sub(lambda m: rf"\tag{{{self.equations[m[1]]}}}", text)
        text = REFERENCE.sub(lambda m: f"({self.equations.get(m[1], m[1])})", text)

        def renamed(match: re.Match[str]) -> str:
            kind = match[1].lower()
            number = re.compile(NUMBER)
            new = number.sub(lambda m: self.statements.get((kind, m[0]), m[0]), match[3])
            return match[1] + match[2] + new

        return STATEMENTS.sub(renamed, text)

    def marks(self, text: str) -> str:
        """Change quoted numbers too: a test's marks."""
        return MARK.sub(lambda m: f'"{self.equations.get(m[1], m[1])}"', self.prose(text))

    def code(self, text: str) -> str:
        """Change the comments and the strings of Python code."""
        magic = text.replace("%pip", "#pip", 1)  # of one length
        return _in_tokens(magic, self.prose) if magic == text else text

    def notebook(self, path: Path) -> None:
        """Change a notebook's cells, and the library's printed source below them."""
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            change = self.prose if cell.cell_type == "markdown" else self.code
            cell.source = change(cell.source)
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "text/markdown" in data:
                    data["text/markdown"] = self.prose(data["text/markdown"])
        nbformat.write(notebook, path)


def _in_tokens(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to the comments and strings of Python code."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return text
    lines = text.splitlines(keepends=True)
    kinds = {tokenize.COMMENT, tokenize.STRING}
    for token in reversed([t for t in tokens if t.type in kinds]):
        (top, left), (bottom, right) = token.start, token.end
        new = change(token.string)
        if new != token.string:
            first, last = lines[top - 1][:left], lines[bottom - 1][right:]
            lines[top - 1 : bottom] = [first + new + last]
    return "".join(lines)


def main() -> None:
    """Renumber the whole book in place."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    pages = [path for path in notebooks if path.name[0].isdigit()]
    renumber = Renumber(pages)
    for path in notebooks:
        renumber.notebook(path)
    for folder in ("ddpg_lib", "tests/chapters"):  # other tests make up numbers of their own
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            marked = str(path.relative_to(ROOT)).startswith(TESTS)
            new = _in_tokens(text, renumber.marks if marked else renumber.prose)
            if new != text:
                path.write_text(new, encoding="utf-8")
    for path in sorted((ROOT / "book").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (new := renumber.prose(text)) != text:
            path.write_text(new, encoding="utf-8")
    changed = {old: new for old, new in renumber.equations.items() if old != new}
    print(f"{len(changed)} of {len(renumber.equations)} equations have new numbers", changed)


if __name__ == "__main__":
    main()
