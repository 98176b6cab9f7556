"""The pictures of the notebooks become drawings that follow the page's theme."""

import re
from pathlib import Path

import nbformat
import pytest
from matplotlib import pyplot as plt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ddpg_lib import figures

pytest.importorskip("sphinx")
pytest.importorskip("myst_nb")

from test_plain_notebooks import build

CONF = """
import sys
sys.path.insert(0, {extension!r})
extensions = ["myst_nb", "notebook_figures"]
nb_execution_mode = "off"
html_theme = "basic"
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A built page with two figures and a picture that is none of ours."""
    bundles = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
        for slope in (1, 2):
            figure, ax = plt.subplots()
            ax.plot([0, 1], [0, slope], color=figures.COLORS["actor"])
            figures.show(figure, f"Slope {slope} & more", f"Caption {slope}.")
        figures.show(plt.figure(), "Two lines", "Exact (black); black is 3. Black: the rest.")
    bundles.append({"text/html": '<img src="data:image/png;base64,AA" alt="not ours">'})
    cells = [new_markdown_cell("# A page\n\nThe black line is exact, in a black box.")]
    for bundle in bundles:
        cell = new_code_cell("1", execution_count=1)
        cell.outputs = [new_output("display_data", data=bundle)]
        cells.append(cell)
    folder = tmp_path_factory.mktemp("book")
    language = {"language_info": {"name": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=language), folder / "index.ipynb")
    extension = str(Path(__file__).resolve().parents[2] / "book/_ext")
    (folder / "conf.py").write_text(CONF.format(extension=extension), encoding="utf-8")
    assert build(folder) == ""
    return (folder / "out/index.html").read_text(encoding="utf-8")


def test_figures_are_drawn_with_the_colors_of_the_page(page):
    drawings = re.findall(r'<svg role="img" aria-label="([^"]*)"', page)
    assert drawings == ["Slope 1 &amp; more", "Slope 2 &amp; more", "Two lines"]
    assert page.count("var(--ddpg-actor, #0072b2)") >= 2
    assert "data:image/svg" not in page
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions[:2] == ["Caption 1.", "Caption 2."]


def test_black_is_white_in_the_dark(page):
    def both(light, dark):
        span = f'<span class="ddpg-ink">{light}</span>'
        return f'{span}<span class="ddpg-ink-dark" hidden>{dark}</span>'

    word, first = both("black", "white"), both("Black", "White")
    assert f"Exact ({word}); black is 3. {first}: the rest." in page
    assert f"The {word} line is exact, in a black box." in page


def test_the_figures_of_a_page_share_no_id(page):
    ids = re.findall(r'\bid="(f[^"]+)"', page)
    assert len(ids) > 4
    assert len(ids) == len(set(ids))


def test_other_pictures_stay(page):
    assert 'alt="not ours"' in page
