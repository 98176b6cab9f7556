"""How figures get onto the book's pages: the extension, and what the built book holds."""

import ast
import logging
import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import living_figures
import nbformat
import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from matplotlib import pyplot as plt

from ddpg_lib.chapters import show_still
from ddpg_lib.chapters.stills import STILLS
from ddpg_lib.figures.page import to_picture
from ddpg_lib.figures.style import use_house_style

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


# ---- The stills of notebooks ----

NOTEBOOKS = [nbformat.read(path, 4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
# The cell with the mark of each figure that has a still, and the cell after it.
MARKED = {
    name: (cell, after)
    for notebook in NOTEBOOKS
    for cell, after in zip(notebook.cells, notebook.cells[1:], strict=False)
    if cell.cell_type == "markdown"
    for name in living_figures.MARK.findall(cell.source)
    if living_figures.FIGURES[name].still
}


@pytest.mark.parametrize("name", MARKED)
def test_the_still_follows_its_mark_in_the_notebook(name, monkeypatch):
    marked, still = MARKED[name]
    # The mark and the paragraph with the link end their cell, so that nothing stands in between.
    link = marked.source.partition(f"<!-- living figure: {name} -->")[2].strip()
    assert f".html#{name})" in link
    assert "\n\n" not in link
    assert still.cell_type == "code"
    last = ast.parse(still.source).body[-1]
    assert ast.unparse(last) == f"show_still({name!r})"
    # The book, where the figure lives, drops the cell, and its output is compared to the letter.
    assert still.metadata.tags == ["remove-cell"]
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    show_still(name)
    (output,) = still.outputs
    assert [output.data] == bundles
    assert output.data["text/plain"] == living_figures.FIGURES[name].alt


def test_every_still_that_ships_stands_in_a_notebook():
    assert {path.stem for path in STILLS.iterdir()} == set(MARKED)
    assert all(path.suffix == ".svg" for path in STILLS.iterdir())


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
# A clip path is named after its own numbers.
CLIP = re.compile(r"\bp[0-9a-f]{10}\b")


def parts(svg):
    """An SVG without its numbers, what Matplotlib wrote as text, and the numbers."""
    svg = CLIP.sub("clip", svg)
    words = re.findall(r"<!-- (.*?) -->", svg)
    numbers = np.array(NUMBER.findall(svg), dtype=float)
    return NUMBER.sub("#", svg).split("\n"), words, numbers


@pytest.mark.parametrize("name", MARKED)
def test_the_still_that_ships_is_the_one_that_is_drawn_now(name):
    living = living_figures.FIGURES[name]
    shipped = (STILLS / f"{name}.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(shipped)[1].text == living.alt
    shipped = re.sub(r"\n<title>.*?</title>", "", shipped).strip()
    use_house_style()
    figure = living.still()
    drawn = to_picture(figure)
    plt.close(figure)
    (kind, words, numbers), (now, words_now, numbers_now) = parts(shipped), parts(drawn)
    advice = "run python tools/record_living.py stills, then make notebooks NB=..."
    assert words == words_now, advice
    assert kind == now, advice
    assert numbers == pytest.approx(numbers_now, abs=0.05), advice  # hundredths of a point


def test_another_picture_is_told_from_the_one_that_ships():
    name = "lander-flights"
    shipped = (STILLS / f"{name}.svg").read_text(encoding="utf-8")
    kind, words, numbers = parts(shipped)
    assert "before training: crash" in words
    assert len(numbers) > 500
    moved = parts(shipped.replace("L 64.08 207.64", "L 65.08 207.64"))
    assert moved[:2] == (kind, words)
    assert np.abs(moved[2] - numbers).max() == pytest.approx(1)


# ---- The built book ----


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


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "word"), [("light", "black"), ("dark", "white")])
def test_captions_name_the_color_that_a_reader_sees(chromium, built, theme, word):
    tab = chromium.new_page()
    tab.add_init_script(
        f"for (const key of ['mode', 'theme']) localStorage.setItem(key, '{theme}')"
    )
    page = built / "notebooks/05_actor_gradient.html"
    tab.goto(page.as_uri(), wait_until="domcontentloaded")
    caption = tab.locator("figcaption").first.inner_text()
    assert caption.startswith(f"Reward of each action ({word}), the values")
    assert f"is the {word} curve below" in tab.locator(".bd-article").inner_text()
    tab.close()
