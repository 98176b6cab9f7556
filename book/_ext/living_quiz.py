"""What the living figure of chapter 12a shows: the notebook's questions, the recorded curves.

The words are read from the notebook, so that they stand in one place. A run is asked for in this
form, and anything else is an error::

    ### Run 3

    What is wrong?
    (a cell that shows the run)
    - **a** The first choice. (and so on, to d)
    <details> … </details>    (with the fold's lines below)
    **b.** Why b is right.
    - *a*, *c*: Why these are not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from markdown_it import MarkdownIt

from ddpg_lib.chapters.ch12.drawing import panels
from ddpg_lib.chapters.ch12.quiz import RUNS
from ddpg_lib.maths.stats import bootstrap_interval, iqm

PAGE = Path(__file__).resolve().parents[2] / "notebooks/12a_atlas.ipynb"
ASKED = re.compile(r"### Run (\d+)\n\n(.+)", re.DOTALL)
CHOICE = re.compile(r"^- \*\*([a-d])\*\* (.+)$", re.MULTILINE)
RIGHT = re.compile(r"^\*\*([a-d])\.\*\* (.+)$", re.MULTILINE)
WRONG = re.compile(r"^- ((?:\*[a-d]\*(?:, )?)+): (.+)$", re.MULTILINE)
LETTERS = "abcd"
SYMBOLS = {r"\gamma": "γ", r"\tau": "τ", r"\cdot": "·", "-": "−"}
MARKDOWN = MarkdownIt("commonmark", {"typographer": True}).enable("smartquotes")


def formula(tex: str) -> str:
    """HTML of a short formula: numbers, letters, and ``SYMBOLS``."""
    for name, symbol in SYMBOLS.items():
        tex = tex.replace(name, symbol)
    if re.search(r"[\\{}^_]", tex):
        raise ValueError(f"the quiz cannot show the formula ${tex}$: write it simpler, in words")
    return re.sub(r"[a-zγτ]", r"<em>\g<0></em>", tex)


def in_html(text: str) -> str:
    """Words of the notebook as HTML, with links to the book's pages."""
    parts = re.split(r"\$(.+?)\$", text.strip())
    parts[1::2] = [formula(tex) for tex in parts[1::2]]
    return MARKDOWN.renderInline("".join(parts)).replace('.ipynb">', '.html">')


def questions(cells: list[Any]) -> list[dict[str, Any]]:
    """The quiz's questions, choices and explanations, in the order of the notebook.

    Raises
    ------
    ValueError
        If a run is not asked or answered in the form above.
    """
    found: list[dict[str, Any]] = []
    for k, cell in enumerate(cells):
        asked = ASKED.fullmatch(cell.source.strip())
        if not asked:
            continue
        number = len(found) + 1
        below = cells[k + 2].source if k + 2 < len(cells) else ""
        choices = dict(CHOICE.findall(below))
        right = RIGHT.findall(below)
        why = {letter: text for some, text in WRONG.findall(below) for letter in some[1::5]}
        why |= dict(right)
        told = "".join(sorted(choices)), len(right), "".join(sorted(why))
        if int(asked[1]) != number or told != (LETTERS, 1, LETTERS):
            raise ValueError(
                f"run {asked[1]} of the quiz must be run {number} and have four choices, one right "
                f"answer, and a sentence for each other choice; it has choices {told[0]!r}, "
                f"{told[1]} right, explained {told[2]!r}"
            )
        found.append(
            {
                "question": in_html(asked[2]),
                "choices": [[in_html(choices[x]), in_html(why[x])] for x in LETTERS],
                "right": right[0][0],
            }
        )
    return found


def rounded(x: Any) -> list[Any]:
    """Numbers to four digits, which is more than a screen shows."""
    return [float(f"{v:.4g}") if np.ndim(v) == 0 else rounded(v) for v in x]


def quiz() -> dict[str, Any]:
    """The words and the curves of all runs."""
    asked = questions(nbformat.read(PAGE, 4).cells)
    if len(asked) != len(RUNS):
        raise ValueError(f"{PAGE.name} asks for {len(asked)} runs, the quiz has {len(RUNS)}")
    for words, run in zip(asked, RUNS, strict=True):
        words |= {"name": ", ".join(run.name), "bug": run.bug, "alt": run.alt}
        words["panels"] = [
            {
                "label": panel.label,
                "color": panel.color,
                "steps": panel.steps.tolist(),
                "agents": rounded(panel.curves),
                "typical": rounded(iqm(panel.curves, axis=0)),
                "band": [rounded(x) for x in bootstrap_interval(panel.curves)],
            }
            for panel in panels(run.record, run.columns, run.until)
        ]
    return {"runs": asked}
