"""The committed notebooks as GitHub, Colab and VS Code show them, by the rules these apply.

GitHub cleans the HTML of outputs: it keeps an allow-list of tags and attributes (below, that of
its HTML pipeline), no style, no script, no SVG among the tags, and data only as pictures. Its page
for notebooks moreover forbids all media, so that a film shows its poster or what stands inside it.
Colab folds the code of cells with ``cellView: form``. VS Code takes HTML as it is, plays H.264, and
keeps no folds of code in the file (github.com/microsoft/vscode/issues/158716).
"""

import base64
import io
import json
import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from execute_notebooks import fold
from nbformat import from_dict
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(Path(os.environ.get("NOTEBOOKS", ROOT / "notebooks")).glob("*.ipynb"))
IDS = [path.stem for path in NOTEBOOKS]
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
# A how-to page need not have a figure, and has no exercises.
CHAPTERS = [path for path in NOTEBOOKS if not path.stem.startswith("howto_")]
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])

ALLOWED = """a b blockquote br code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
    hr i img ins kbd li ol p pre q s samp span strike strong sub summary sup table tbody td tfoot th
    thead tr tt ul var"""
TAGS = set(ALLOWED.split())
ATTRIBUTES = {"alt", "height", "href", "src", "title", "width", "align", "colspan", "rowspan"}
DROPPED_WHOLE = {"script", "style", "svg", "math", "iframe", "object"}


class GitHub(HTMLParser):
    """What is left of an output's HTML, as ``(tag, attributes, text inside it)``."""

    def __init__(self, text, *, films):
        super().__init__()
        self.films = films  # whether <video> survives (its media never do)
        self.kept, self.lost = [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in DROPPED_WHOLE:
            self.lost += 1
        if self.lost or not (tag in TAGS or (tag == "video" and self.films)):
            return
        allowed = ATTRIBUTES | ({"poster"} if tag == "video" else set())
        kept = {name: value or "" for name, value in attrs if name in allowed}
        data = kept.get("src", "").startswith("data:")
        if data and not (tag == "img" and kept["src"].startswith("data:image/")):
            del kept["src"]
        self.kept.append([tag, kept, ""])

    def handle_endtag(self, tag):
        if tag in DROPPED_WHOLE:
            self.lost -= 1

    def handle_data(self, data):
        if self.kept and not self.lost:
            self.kept[-1][2] += data


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def outputs(path):
    """The HTML of every figure and film, with the whole bundle."""
    found = []
    for cell in cells(path):
        for output in cell.get("outputs", []):
            data = {name: "".join(text) for name, text in output.get("data", {}).items()}
            if "<figure" in data.get("text/html", ""):
                found.append(data)
    return found


def check_picture(address):
    """A picture that can be drawn, with a light ground of its own."""
    kind, data = re.fullmatch(r"data:image/([\w+]+);base64,(.*)", address).groups()
    raw = base64.b64decode(data, validate=True)
    if kind == "svg+xml":
        root = ET.fromstring(raw)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root[0].attrib == {"width": "100%", "height": "100%", "fill": "#ffffff"}
        assert b"var(" not in raw
        assert b"<script" not in raw
        assert b"<text" not in raw  # letters are paths: no font is missing anywhere
    else:
        assert Image.open(io.BytesIO(raw)).width > 100


@each
def test_github_shows_every_figure_with_its_text_and_caption(path):
    figures = [d for d in outputs(path) if 'class="ddpg-figure"' in d["text/html"]]
    assert figures or path not in CHAPTERS
    for data in figures:
        kept = GitHub(data["text/html"], films=False).kept
        (picture,) = [attributes for tag, attributes, _ in kept if tag == "img"]
        assert picture["alt"].strip() == data["text/plain"].strip() != ""
        check_picture(picture["src"])
        assert [text for tag, _, text in kept if tag == "figcaption" and text.strip()]
        assert "image/png" not in data  # one picture, not two


@each
@pytest.mark.parametrize("films", [True, False], ids=["media are blocked", "films are dropped"])
def test_github_shows_a_picture_of_every_film(path, films):
    for data in outputs(path):
        if 'class="ddpg-film"' not in data["text/html"]:
            continue
        kept = GitHub(data["text/html"], films=films).kept
        assert [text for tag, _, text in kept if tag == "figcaption" and text.strip()]
        if films:
            (film,) = [attributes for tag, attributes, _ in kept if tag == "video"]
            assert "src" not in film
            assert film["title"].strip()
            check_picture(film["poster"])
        else:
            (picture,) = [attributes for tag, attributes, _ in kept if tag == "img"]
            assert picture["alt"].strip()
            check_picture(picture["src"])


def test_the_rules_of_github_drop_what_github_drops():
    text = (
        '<figure class="x"><svg><path d="M0"/></svg><script>1</script>'
        '<img src="data:text/html;base64,AA" alt="a" onload="x" style="y">'
        '<video src="data:video/mp4;base64,AA"><img src="data:image/png;base64,AA"></video>'
        "<figcaption>c</figcaption></figure>"
    )
    assert GitHub(text, films=False).kept == [
        ["figure", {}, ""],
        ["img", {"alt": "a"}, ""],
        ["img", {"src": "data:image/png;base64,AA"}, ""],
        ["figcaption", {}, "c"],
    ]


@each
def test_every_cell_has_the_folds_of_its_tags(path):
    """Those of JupyterLab, and ``cellView: form`` for Colab."""
    for cell in map(from_dict, cells(path)):
        before = dict(cell.metadata)
        fold(cell)
        assert dict(cell.metadata) == before, cell.source


@each
def test_colab_folds_the_set_up_and_every_hidden_cell_and_no_other(path):
    hidden = {"hide-input", "hide-cell", "remove-cell"}
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    for cell in code:
        form = cell["metadata"].get("cellView") == "form"
        assert form == bool(hidden & set(cell["metadata"].get("tags", [])))
    (set_up,) = [cell for cell in code if "%pip install" in "".join(cell["source"])]
    assert set_up["metadata"]["cellView"] == "form"


@each_chapter
def test_exercises_are_open_and_solutions_folded(path):
    """An exercise's answer is the reader's to write; its solution waits in a fold."""
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    solutions = [cell for cell in code if "hide-cell" in cell["metadata"].get("tags", [])]
    assert solutions
    for cell in solutions:
        assert cell["metadata"]["jupyter"] == {"source_hidden": True, "outputs_hidden": True}
    answers = [cell for cell in code if re.search(r"^\w+ = None\b", "".join(cell["source"]), re.M)]
    assert answers
    for cell in answers:
        assert "jupyter" not in cell["metadata"]


# JupyterLab and Colab cut formulas out before they read a quotation's marks.
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(?!\$)((?:\\\$|[^$])+)\$", re.DOTALL)


def quoted_marks(text):
    """Formulas that hold the mark of a quoted line."""
    return [found[0] for found in FORMULA.finditer(text) if re.search(r"\n\s*>", found[0])]


def test_a_mark_within_a_formula_is_found():
    assert quoted_marks("> Let $a$ be\n> a $b$ and $$ c\n> = d $$") == ["$$ c\n> = d $$"]
    assert quoted_marks("> $a,\n> b$ and $c$") == ["$a,\n> b$"]


@each
def test_formulas_in_quotations_are_of_one_line(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            assert not quoted_marks("".join(cell["source"])), cell.get("id")
