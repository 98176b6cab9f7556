"""How figures get onto the book's pages: the extension, and what the built book holds."""

import logging
import re
from pathlib import Path
from types import SimpleNamespace

import living_figures
import nbformat
import pytest
from docutils import nodes
from docutils.utils import new_document

ROOT = Path(__file__).resolve().parents[2]
SCRUB = "scrub-through-training"
ADDRESS = f"https://example.org/notebooks/page.html#{SCRUB}"


def page(*parts):
    document = new_document("page")
    document += parts
    living_figures.read(SimpleNamespace(env=SimpleNamespace(docname="notebooks/page")), document)
    return document


def mark(name):
    text = f"<!-- living figure: {name} -->"
    return nodes.raw(text, text, format="html")


def stand_in(address):
    link = nodes.reference("", "on the book's page", refuri=address)
    return nodes.paragraph("", "", nodes.Text("Scrub "), link)


@pytest.fixture
def complaints():
    """What Sphinx would warn of, which fails the book's build."""
    heard = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())
    logger = living_figures.logger.logger
    logger.addHandler(handler)
    yield heard
    logger.removeHandler(handler)


def test_mark_and_stand_in_become_a_figure(complaints):
    after = nodes.paragraph("", "What follows stays.")
    document = page(mark(SCRUB), stand_in(ADDRESS), after)
    drawn, rest = document.children
    assert rest is after
    text = drawn.astext()
    for needed in (
        f'id="{SCRUB}"',
        'src="../_living/core.js"',
        'src="../_living/data-actors.js"',
        'role="img"',
        f'<span class="living-address">{ADDRESS}</span>',
    ):
        assert text.count(needed) == 1, needed
    assert complaints == []


def test_two_figures_of_a_page_load_the_core_once():
    other = "q-landscape-and-arrow"
    link = stand_in(ADDRESS.replace(SCRUB, other))
    document = page(mark(SCRUB), stand_in(ADDRESS), mark(other), link)
    text = document.astext()
    for script in ("core.js", "landscape.js", "scrub.js", "data-actors.js", "data-critics.js"):
        assert text.count(f'src="../_living/{script}"') == 1


def test_a_mark_without_its_stand_in_is_complained_of(complaints):
    page(mark(SCRUB), nodes.paragraph("", "Something else."))
    assert len(complaints) == 1
    assert f"notebooks/page.html#{SCRUB}" in complaints[0]


def test_an_unknown_figure_is_complained_of(complaints):
    document = page(mark("no-such-figure"))
    assert len(complaints) == 1
    assert "no-such-figure" in complaints[0]
    assert document.astext() == mark("no-such-figure").astext()


def test_a_figure_without_a_still_folds_the_sections_after_it(complaints):
    quiz = "spot-the-bug"
    first, second = (nodes.section(ids=[x]) for x in ("run-1", "run-2"))
    document = page(mark(quiz), stand_in(ADDRESS.replace(SCRUB, quiz)), first, second)
    drawn, begin, *inside, end = document.children
    assert f'id="{quiz}"' in drawn.astext()
    assert begin.astext().startswith('<details class="living-list" open><summary>')
    assert inside == [first, second]
    assert end.astext() == "</details>"
    assert complaints == []
    page(mark(quiz), stand_in(ADDRESS.replace(SCRUB, quiz)))
    assert complaints == ["no sections follow 'The same runs below each other'"]


def test_every_figure_stands_on_one_page():
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                found += living_figures.MARK.findall(cell.source)
    for path in (ROOT / "book").glob("*.md"):
        found += living_figures.MARK.findall(path.read_text(encoding="utf-8"))
    assert sorted(found) == sorted(living_figures.FIGURES)


@pytest.mark.browser
def test_only_pages_with_a_figure_load_scripts_of_figures(built):
    shown = []
    for path in built.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<!-- living figure" not in text, path
        figures = re.findall(r'data-living="([\w-]+)"', text)
        assert bool(figures) == ('src="../_living/' in text), path
        shown += figures
        for file in re.findall(r'(?:src|href)="([^"]*_living/[^"]*)"', text):
            assert (path.parent / file).is_file(), file
    assert sorted(shown) == sorted(living_figures.FIGURES)


@pytest.mark.browser
@pytest.mark.parametrize("name", sorted(living_figures.FIGURES))
def test_the_built_page_lives_when_read_from_disk(chromium, built, name):
    (path,) = [
        p for p in (*(built / "notebooks").glob("*.html"), built / "book/preface.html")
        if f'data-living="{name}"' in p.read_text(encoding="utf-8")
    ]  # fmt: skip
    tab = chromium.new_page()
    errors = []
    tab.on("pageerror", lambda e: errors.append(str(e)))
    tab.goto(f"{path.as_uri()}#{name}", wait_until="domcontentloaded")
    figure = tab.locator(f"#{name}.living-on")
    figure.wait_for()
    assert figure.locator("canvas").first.is_visible()
    for still in figure.locator(".living-still").all():
        assert still.is_hidden()
    assert errors == []
    tab.close()
