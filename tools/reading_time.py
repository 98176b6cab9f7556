"""Count what a page of the book asks of its reader: ``python tools/reading_time.py [notebooks]``.

200 words of prose a minute, half a minute for a displayed equation, a quarter for a figure, and
twenty lines of visible code a minute, the library's printed source included. Folds and exercises
do not count.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

FOLDED = {"hide-input", "hide-cell", "remove-cell", "remove-input"}
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
EQUATION = re.compile(r"\$\$.*?\$\$", re.DOTALL)
HEADING = re.compile(r"^(#+) +(.*)$", re.MULTILINE)
EXERCISE = re.compile(r"Exercises?\b")


@dataclass(frozen=True)
class Count:
    """What one page holds, in the order in which it weighs."""

    words: int = 0
    equations: int = 0
    figures: int = 0
    lines: int = 0  # of visible code
    longest: int = 0  # visible lines of the longest cell

    @property
    def minutes(self) -> float:
        """The counted reading time."""
        return self.words / 200 + self.equations / 2 + self.figures / 4 + self.lines / 20


def prose(markdown: str) -> str:
    """Return the words of Markdown that are read: no folds, equations, code, links or marks."""
    text = re.sub(r"<details>.*?</details>", " ", markdown, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
    text = EQUATION.sub(" ", FENCE.sub(" ", text))
    text = re.sub(r"\$[^$]+\$", "x", text)  # a formula in the line reads like a word
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"<[^>]+>", " ", text)


def words(markdown: str) -> int:
    """Count what :func:`prose` leaves; a mark without a letter or digit is no word."""
    return sum(1 for word in prose(markdown).split() if re.search(r"\w", word))


def code_lines(source: str) -> int:
    """Count the lines that are not empty."""
    return sum(1 for line in source.splitlines() if line.strip())


def sections(notebook: Any) -> Iterator[tuple[Any, str]]:
    """Yield each cell that counts, with the Markdown of it that lies outside exercises."""
    level = 0  # of the exercises' heading that we are below; 0 outside
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            if not level:
                yield cell, ""
            continue
        kept, start = [], 0
        text = FENCE.sub("", cell.source)  # a comment in code is no heading
        for heading in HEADING.finditer(text):
            if not level:
                kept.append(text[start : heading.start()])
            start = heading.start()
            if level and len(heading[1]) <= level:
                level = 0
            if not level and EXERCISE.match(heading[2]):
                level = len(heading[1])
        if not level:
            kept.append(text[start:])
        yield cell, "".join(kept)


def figures(cell: Any) -> int:
    """Count the figures and films below a cell."""
    html = [str(o.get("data", {}).get("text/html", "")) for o in cell.get("outputs", [])]
    return sum(text.count("<figure") for text in html)


def printed_source(cell: Any) -> str:
    """Return the library's code below a cell."""
    texts = [str(o.get("data", {}).get("text/markdown", "")) for o in cell.get("outputs", [])]
    blocks = [block for text in texts for block in FENCE.findall(text)]
    return "\n".join(line for b in blocks for line in b.splitlines()[1:-1] if line[:2] != "# ")


def count(path: Path) -> Count:
    """Count a notebook as committed."""
    read, equations, drawn, lines, longest = 0, 0, 0, 0, 0
    for cell, text in sections(nbformat.read(path, 4)):
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            shown = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
            read += words(text)
            equations += len(EQUATION.findall(shown))
        elif not tags & {"hide-cell", "remove-cell"}:
            drawn += figures(cell)
            lines += code_lines(printed_source(cell))
            if not tags & FOLDED:
                lines += code_lines(cell.source)
                longest = max(longest, code_lines(cell.source))
    return Count(read, equations, drawn, lines, longest)


def promised(path: Path) -> float | None:
    """Return the minutes that a page's first lines promise, or None."""
    pattern = re.compile(r"Reading time:? (?:about )?(\d+) minutes?")
    for cell in nbformat.read(path, 4).cells:
        if match := pattern.search(" ".join(cell.source.split())):
            return float(match[1])
    return None


if __name__ == "__main__":
    pages = [Path(name) for name in sys.argv[1:]] or sorted(Path("notebooks").glob("*.ipynb"))
    print(
        f"{'page':40}{'words':>7}{'equations':>11}{'figures':>9}{'lines':>7}{'longest':>9}"
        f"{'minutes':>9}{'promised':>10}"
    )
    for page in pages:
        c = count(page)
        print(
            f"{page.stem:40}{c.words:7}{c.equations:11}{c.figures:9}{c.lines:7}{c.longest:9}"
            f"{c.minutes:9.1f}{promised(page) or 0:10.0f}"
        )
