"""The committed notebooks in a real JupyterLab: untrusted, before any cell is run.

Each is opened once; the tests look at what was drawn. `tools/lab.py` takes pictures of the same.
"""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(Path(os.environ.get("NOTEBOOKS", ROOT / "notebooks")).glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What one notebook shows, cell by cell. "Seen" is what has a place on the page.
SEEN = """() => [...window.opened.node.querySelectorAll('.jp-Notebook .jp-Cell')].map(cell => {
  const all = selector => [...cell.querySelectorAll(selector)];
  const seen = e => e.checkVisibility() && e.getBoundingClientRect().height > 1;
  return {
    code: all('.jp-InputArea-editor').some(seen),
    output: all('.jp-OutputArea-output').some(seen),
    figures: all('figure').map(e => ({
      seen: seen(e),
      caption: e.querySelector('figcaption')?.innerText.trim() ?? '',
      pictures: [...e.querySelectorAll('img')].filter(seen).map(
        i => ({alt: i.alt.trim(), width: i.naturalWidth, ground: ground(i)})),
      films: [...e.querySelectorAll('video')].filter(seen).map(
        v => ({name: v.title.trim(), width: v.videoWidth, controls: v.controls})),
    })),
    folds: all('details').map(e => ({
      summary: e.querySelector('summary').innerText.trim(), open: e.open,
      seen: [...e.children].slice(1).some(seen),
    })),
  };
  function ground(image) {  // the color of the picture's corner, as the page shows it
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const context = canvas.getContext('2d');
    context.drawImage(image, 1, 1, 1, 1, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  }
})"""
TRUSTED = """() => [...window.opened.content.model.cells].filter(
  cell => cell.type === 'code' && cell.outputs.length && cell.trusted).length"""
UNFOLD = """() => [...window.opened.node.querySelectorAll('details')].map(e => {
  e.querySelector('summary').click();
  return e.open && [...e.children].slice(1).some(c => c.getBoundingClientRect().height > 1);
})"""


def unavailable(reason):
    """Skip on a reader's machine; fail where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def look(notebooks):
    """Return, for each notebook, what its cells show, and whether its folds open."""
    lab = pytest.importorskip("lab") if not os.environ.get("CI") else __import__("lab")
    if not lab.installed():
        unavailable(lab.MISSING)
    chromium = lab.find_chromium()
    if chromium is None:
        unavailable(lab.ADVICE)
    from playwright.sync_api import sync_playwright

    found = {}
    with lab.serve_lab(notebooks) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**lab.launch_options(chromium))
        page = lab.open_lab(browser, address)
        for notebook in notebooks:
            with lab.reading(page, notebook):
                found[notebook.stem] = {
                    "cells": page.evaluate(SEEN),
                    "unfolded": page.evaluate(UNFOLD),
                    "trusted": page.evaluate(TRUSTED),
                }
        browser.close()
    return found


@pytest.fixture(scope="module")
def shown():
    return look(NOTEBOOKS)


def cells(name):
    path = next(path for path in NOTEBOOKS if path.stem == name)
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def tags(cell):
    return set(cell["metadata"].get("tags", []))


class Figures(HTMLParser):
    """The figures of an output as it is written: kind, alternative text, caption."""

    def __init__(self, text):
        super().__init__()
        self.found, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "figure":
            self.found.append({"kind": values.get("class", ""), "alt": "", "caption": ""})
        elif self.found and (tag == "img" or "aria-label" in values):
            self.found[-1]["alt"] = values.get("alt") or values.get("aria-label") or ""
        self.inside = tag == "figcaption"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1]["caption"] += data


def figures(cell):
    """The figures that a cell's outputs hold."""
    texts = ["".join(o.get("data", {}).get("text/html", "")) for o in cell.get("outputs", [])]
    return [figure for text in texts for figure in Figures(text).found]


@pytest.mark.parametrize("name", NAMES)
class TestAsCloned:
    def test_no_output_is_trusted(self, shown, name):
        assert shown[name]["trusted"] == 0

    def test_every_figure_is_seen_with_its_text_and_caption(self, shown, name):
        count = 0
        for written, drawn in zip(cells(name), shown[name]["cells"], strict=True):
            expected = [f for f in figures(written) if f["kind"] == "ddpg-figure"]
            if "hide-cell" in tags(written):  # a solution's figure is in its fold
                expected = []
            found = [f for f in drawn["figures"] if f["pictures"]]
            assert len(found) == len(expected)
            for figure, seen in zip(expected, found, strict=True):
                (picture,) = seen["pictures"]
                assert picture["width"] > 0
                assert picture["alt"] == figure["alt"] != ""
                assert picture["ground"] == [255, 255, 255, 255]
                assert " ".join(seen["caption"].split()) == " ".join(figure["caption"].split())
                assert seen["caption"]
            count += len(found)
        assert count > 0 or name.startswith("howto_")

    def test_every_film_plays_or_has_a_picture(self, shown, name):
        for written, drawn in zip(cells(name), shown[name]["cells"], strict=True):
            expected = [f for f in figures(written) if f["kind"] == "ddpg-film"]
            found = [f for f in drawn["figures"] if f["films"]]
            assert len(found) == len(expected)
            for figure, seen in zip(expected, found, strict=True):
                (film,) = seen["films"]
                assert film["width"] > 0
                assert film["controls"]
                assert film["name"] == figure["alt"] != ""
                assert seen["caption"]

    def test_cells_fold_as_in_the_book(self, shown, name):
        folded = {"hide-input", "hide-cell", "remove-cell"}
        for written, drawn in zip(cells(name), shown[name]["cells"], strict=True):
            if written["cell_type"] != "code":
                continue
            assert drawn["code"] == (not folded & tags(written)), written["source"]
            if written["outputs"]:
                assert drawn["output"] == ("hide-cell" not in tags(written)), written["source"]

    def test_the_set_up_cell_is_folded(self, shown, name):
        pairs = zip(cells(name), shown[name]["cells"], strict=True)
        (set_up,) = [d for w, d in pairs if "%pip install" in "".join(w["source"])]
        assert not set_up["code"]

    def test_folds_in_the_text_are_closed_and_open(self, shown, name):
        shown = shown[name]
        texts = ["".join(c["source"]) for c in cells(name) if c["cell_type"] == "markdown"]
        outputs = [o for c in cells(name) for o in c.get("outputs", [])]
        texts += ["".join(o.get("data", {}).get("text/html", "")) for o in outputs]
        text = "\n".join(texts)
        summaries = re.findall(r"<summary>(.*?)</summary>", text, re.DOTALL)
        folds = [fold for drawn in shown["cells"] for fold in drawn["folds"]]
        assert len(folds) == len(summaries)
        assert [fold["summary"] for fold in folds if fold["open"] or fold["seen"]] == []
        assert shown["unfolded"] == [True] * len(folds)
