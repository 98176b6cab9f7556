"""What a page asks of its reader: minutes, lines of a cell, exercises that can be answered."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from reading_time import Count, count, promised, words
from renumber import new_numbers

ROOT = Path(__file__).resolve().parents[2]
PATH, DEEPER = 25, 20  # minutes
LONGEST = 25  # visible lines of a cell


def pages(deeper):
    """The chapters of the path, or the pages below them."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    found = []
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            name = Path(chapter["file"]).name
            if chapter["file"].startswith("notebooks/"):
                below = [Path(s["file"]).name for s in chapter.get("sections", [])]
                found += below if deeper else [name]
    return found


CHAPTERS, BELOW = pages(deeper=False), pages(deeper=True)
HOWTO = [path.stem for path in sorted((ROOT / "notebooks").glob("howto_*.ipynb"))]


def notebook(name):
    return ROOT / f"notebooks/{name}.ipynb"


@pytest.mark.parametrize(
    ("name", "budget"), [(n, PATH) for n in CHAPTERS] + [(n, DEEPER) for n in BELOW + HOWTO]
)
def test_minutes_are_within_the_budget_and_as_promised(name, budget):
    counted = count(notebook(name))
    assert counted.minutes <= budget, counted
    said = promised(notebook(name))
    assert said is not None, "the page says nowhere 'Reading time N minutes'"
    assert abs(said - counted.minutes) <= 0.2 * counted.minutes, (said, counted.minutes)


@pytest.mark.parametrize("name", CHAPTERS + BELOW)
def test_no_visible_cell_is_long(name):
    assert count(notebook(name)).longest <= LONGEST


@pytest.mark.parametrize("name", CHAPTERS + BELOW)
def test_every_exercise_has_a_cell_to_answer_in_and_a_folded_solution(name):
    cells = nbformat.read(notebook(name), 4).cells
    kinds = [
        "text" if c.cell_type == "markdown"
        else "folded" if "hide-cell" in c.metadata.get("tags", [])
        else "code"
        for c in cells
    ]  # fmt: skip
    for i, cell in enumerate(cells):
        titles = re.findall(r"^### (Exercise [\w.]+)", cell.source, re.MULTILINE)
        if not titles or kinds[i] != "text":
            continue
        assert len(titles) == 1, f"{titles}: each in a cell of its own"
        assert kinds[i + 1] == "code", f"{titles[0]} has no cell to answer in"
        solved = kinds[i + 2] == "folded" or "<details>" in cells[i + 2].source
        assert solved, f"{titles[0]} has no folded solution"


def test_numbers_follow_the_pages():
    """If this fails, run ``python tools/renumber.py``."""
    equations, statements = new_numbers(sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")))
    assert {old: new for old, new in equations.items() if old != new} == {}
    assert {old: new for (_, old), new in statements.items() if old != new} == {}


def test_what_is_counted():
    """Against a page counted by hand."""
    text = "One two $x + y$ three — [four five](a.md).\n\n$$ a = b \\tag{1.1} $$\n\n"
    assert words(text + "<details><summary>six</summary>\n\nseven\n\n</details>") == 6
    assert words("```python\nx = 1  # not read\n```\n\nread this") == 2


def test_a_page_counted_by_hand(tmp_path):
    page = nbformat.v4.new_notebook()
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    figure = nbformat.v4.new_output(
        "display_data", {"text/html": "<figure><img></figure>", "text/plain": "x"}
    )
    printed = nbformat.v4.new_output(
        "display_data", {"text/markdown": "```python\n# ddpg_lib/x.py\ndef f():\n    pass\n```"}
    )
    page.cells = [
        text("# Title of four words\n\n*Reading time 3 minutes.*\n\n$$ a \\tag{1.1} $$"),
        code("a = 1\n\nb = 2", outputs=[figure]),
        code("hidden = 1", metadata={"tags": ["hide-input"]}, outputs=[figure, printed]),
        code("solved = 1", metadata={"tags": ["hide-cell"]}, outputs=[figure]),
        text("### Exercise 1.1. In the middle\n\nNot counted."),
        code("answer = None"),
        text("## Summary\n\nTwo words."),
        text("## Exercises\n\nNot counted.\n\n### Exercise 1.2. Neither\n\nNor this."),
        code("answer = None"),
        text("## Sources\n\nCounted again."),
    ]
    path = tmp_path / "01_page.ipynb"
    nbformat.write(page, path)
    # Words: 4 + 4 of the first cell, 3 of the summary, 3 of the sources.
    assert count(path) == Count(words=14, equations=1, figures=2, lines=4, longest=2)
    assert count(path).minutes == pytest.approx(14 / 200 + 1 / 2 + 2 / 4 + 4 / 20)
    assert promised(path) == 3
