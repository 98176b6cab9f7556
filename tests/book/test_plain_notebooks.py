"""The Sphinx extension that upgrades plain notebooks: small books are built and looked at."""

import io
import re
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("sphinx")
pytest.importorskip("myst_nb")

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).resolve().parents[2]
CONF = """
import sys
sys.path.insert(0, {extension!r})
extensions = ["myst_nb", "plain_notebooks"]
myst_enable_extensions = ["dollarmath"]
bibtex_bibfiles = ["refs.bib"]
bibtex_cite_id = "cite-{{key}}"
nb_execution_mode = "off"
html_theme = "basic"
nitpicky = True
"""
BIB = """
@article{one, author = {Efron, Bradley}, title = {One}, journal = {J}, year = {1979}}
@article{two, author = {Tsitsiklis, J. and Van Roy, B.}, title = {T}, journal = {J}, year = {1997}}
@article{many, author = {Åström, K. and B, C. and D}, title = {M}, journal = {K}, year = {2000a}}
"""
INDEX = """# Index

```{{bibliography}}
:all:
```

```{{toctree}}
{pages}
```
"""


def build(folder: Path, processes: int = 0) -> str:
    """Build a folder as ``sphinx-build`` does, in this process, and return the warnings."""
    warnings, out = io.StringIO(), folder / "out"
    with pytest.MonkeyPatch.context() as patch, patch_docutils(), docutils_namespace():
        patch.setattr(sys, "path", [*sys.path])  # conf.py adds to it
        app = Sphinx(
            folder, folder, out, out / ".doctrees", "html", status=None, warning=warnings,
            parallel=processes,
        )  # fmt: skip
        app.build()
    assert app.statuscode == 0
    return re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue())


class Book:
    """A small book in a folder."""

    def __init__(self, folder: Path, **pages: str) -> None:
        self.folder = folder
        extension = str(ROOT / "book/_ext")
        (folder / "conf.py").write_text(CONF.format(extension=extension), encoding="utf-8")
        (folder / "refs.bib").write_text(BIB, encoding="utf-8")
        (folder / "index.md").write_text(INDEX.format(pages="\n".join(pages)), encoding="utf-8")
        for name, text in pages.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.md").write_text(text, encoding="utf-8")

    def build(self, processes: int = 0) -> str:
        return build(self.folder, processes)

    def html(self, name: str) -> str:
        return (self.folder / "out" / f"{name}.html").read_text(encoding="utf-8")


def links(html: str) -> dict[str, str]:
    """Return the address of each link by its text."""
    found = re.findall(r'<a class="reference internal" href="([^"]+)"[^>]*>(.*?)</a>', html, re.S)
    return {" ".join(re.sub(r"<[^>]+>", "", text).split()): href for href, text in found}


def test_equations_are_linked_within_and_across_pages(tmp_path):
    book = Book(
        tmp_path,
        first=(
            "# First\n\n$$ x = 1 \\tag{1.1} $$\n\n"
            "Here (1.1), there (2.10); not (0.95), not `(1.1)`.\n"
        ),
        second=(
            "# Second\n\nBack to (1.1).\n\n$$\n\\begin{aligned} a &= b \\\\ &= c"
            " \\end{aligned} \\tag{2.10}\n$$\n"
        ),
    )
    assert book.build() == ""
    first, second = book.html("first"), book.html("second")
    assert 'id="eq-1-1"' in first
    assert links(first)["(1.1)"] == "#eq-1-1"
    assert links(first)["(2.10)"] == "second.html#eq-2-10"
    assert links(second)["(1.1)"] == "first.html#eq-1-1"
    assert "(0.95)" in first
    assert "(0.95)" not in links(first)
    assert first.count('<span class="equation-link">(1.1)</span>') == 1
    # \tag is an error inside Sphinx's own `split`; the formula must reach MathJax as written.
    assert r"\begin{split}" not in second
    assert r"\tag{2.10}" in second


def test_a_reference_to_no_equation_and_a_number_used_twice_are_warnings(tmp_path):
    book = Book(
        tmp_path,
        first="# First\n\n$$ x \\tag{1.1} $$\n\nSee (1.7).\n",
        second="# Second\n\n$$ y \\tag{1.1} $$\n",
    )
    warnings = book.build()
    assert r"no displayed equation carries \tag{1.7}" in warnings
    assert "the equation number (1.1) is already used in first" in warnings
    assert len(warnings.strip().splitlines()) == 2


def test_citations_are_linked_also_over_a_line_break_and_with_particles(tmp_path):
    book = Book(
        tmp_path,
        page=(
            "# Page\n\nBy Efron (1979), by Tsitsiklis and\nVan Roy (1997), and *as\n"
            "Åström et al. (2000a)* say; (1979) is a year.\n"
        ),
    )
    assert book.build() == ""
    found = links(book.html("page"))
    assert found["Efron (1979)"] == "index.html#cite-one"
    assert found["Tsitsiklis and Van Roy (1997)"] == "index.html#cite-two"
    assert found["Åström et al. (2000a)"] == "index.html#cite-many"
    assert 'id="cite-two"' in book.html("index")
    assert "(1979) is a year" in book.html("page")


def test_citations_in_parentheses_have_a_bare_year(tmp_path):
    book = Book(
        tmp_path,
        page=(
            "# Page\n\nA bootstrap (Efron 1979, section 2; Tsitsiklis and Van Roy 1997;\n"
            "Åström et al. 2000a: page 3). Not Efron 1979 outside, nor (since 1979) or (1979).\n"
        ),
    )
    assert book.build() == ""
    found = links(book.html("page"))
    assert found == {
        "Efron 1979": "index.html#cite-one",
        "Tsitsiklis and Van Roy 1997": "index.html#cite-two",
        "Åström et al. 2000a": "index.html#cite-many",
    }
    book.write("page", "# Page\n\nA bootstrap (Efron 1980).\n")
    assert "no entry of the bibliography is cited as 'Efron (1980)'" in book.build()


def test_docstrings_are_read_like_pages(tmp_path):
    """Citations in what autodoc writes become links, also in its tables; signatures do not."""
    (tmp_path / "thing.py").write_text(
        '"""Things of Efron (1979)."""\ndef f(x=(2.5)):\n    """See (Efron 1979) and (1.1)."""\n',
        encoding="utf-8",
    )
    directives = ".. autosummary::\n\n   thing\n\n.. automodule:: thing\n   :members:\n"
    book = Book(
        tmp_path,
        page=f"# Page\n\n$$ x \\tag{{1.1}} $$\n\n```{{eval-rst}}\n{directives}```\n",
    )
    extra = "sphinx.ext.autodoc,sphinx.ext.autosummary"
    conf = (tmp_path / "conf.py").read_text(encoding="utf-8")
    conf += (
        f"\nimport sys\nsys.path.insert(0, {str(tmp_path)!r})\nextensions += {extra.split(',')}\n"
    )
    (tmp_path / "conf.py").write_text(conf, encoding="utf-8")
    assert book.build() == ""
    html = book.html("page")
    assert html.count('<span class="citation-link">Efron (1979)</span>') == 2
    assert links(html)["Efron 1979"] == "index.html#cite-one"
    assert links(html)["(1.1)"] == "#eq-1-1"
    assert "2.5" in html


def test_a_citation_without_an_entry_is_a_warning(tmp_path):
    book = Book(tmp_path, page="# Page\n\nBy Efron (1980) and by Nobody et al. (1979).\n")
    warnings = book.build()
    assert "no entry of the bibliography is cited as 'Efron (1980)'" in warnings
    assert "no entry of the bibliography is cited as 'Nobody et al. (1979)'" in warnings


def test_two_entries_with_one_citation_text_are_a_warning(tmp_path):
    book = Book(tmp_path, page="# Page\n\nText.\n")
    with (tmp_path / "refs.bib").open("a", encoding="utf-8") as bib:
        bib.write("@misc{twin, author = {Efron, B.}, title = {Twin}, year = {1979}}\n")
    assert "are both cited as 'Efron (1979)'" in book.build()


def test_statements_become_boxes_and_other_quotations_stay(tmp_path):
    book = Book(
        tmp_path,
        page=(
            "# Page\n\n> **Theorem 3.1** (name). *It holds.*\n>\n> $$ a \\tag{3.1} $$\n\n"
            "Text.\n\n> **Algorithm 1.** Steps.\n\nText.\n\n> **Bold** but no theorem.\n"
        ),
    )
    assert book.build() == ""
    html = book.html("page")
    theorem = re.search(r'<div class="([^"]*statement-theorem[^"]*)" id="theorem-3-1">', html)
    assert theorem is not None
    assert "statement" in theorem[1].split()
    assert "statement-algorithm" in html
    assert html.count("<blockquote>") == 1
    assert 'id="eq-3-1"' in html


def test_a_page_is_written_again_when_what_it_links_to_moves(tmp_path):
    book = Book(
        tmp_path,
        first="# First\n\nSee (2.1).\n",
        second="# Second\n\n$$ x \\tag{2.1} $$\n",
        third="# Third\n\nText.\n",
    )
    assert book.build() == ""
    assert links(book.html("first"))["(2.1)"] == "second.html#eq-2-1"
    time.sleep(0.01)
    book.write("second", "# Second\n\nText.\n")
    book.write("third", "# Third\n\n$$ x \\tag{2.1} $$\n")
    assert book.build() == ""
    assert links(book.html("first"))["(2.1)"] == "third.html#eq-2-1"
    time.sleep(0.01)
    book.write("third", "# Third\n\nText.\n")
    assert r"no displayed equation carries \tag{2.1}" in book.build()


def test_parallel_reading_finds_the_same(tmp_path):
    pages = {
        f"page{i}": f"# P\n\n$$ x \\tag{{{i}.1}} $$\n\nSee ({(i + 1) % 9 + 1}.1) of Efron (1979).\n"
        for i in range(1, 10)
    }
    book = Book(tmp_path, **pages)
    assert book.build(processes=3) == ""
    for i in range(1, 10):
        target = (i + 1) % 9 + 1
        found = links(book.html(f"page{i}"))[f"({target}.1)"]
        assert found.endswith(f"#eq-{target}-1")


def test_every_entry_of_the_bibliography_has_its_own_citation_text():
    from plain_notebooks import CITATION, citation_text
    from pybtex.database import parse_file

    entries = parse_file(str(ROOT / "book/references.bib")).entries
    texts = [citation_text(entry) for entry in entries.values()]
    assert len(set(texts)) == len(texts) > 30
    for text in texts:  # what the text must say is what the extension recognizes
        match = CITATION.fullmatch(text)
        assert match is not None, text


def test_the_fold_of_a_solution_says_so(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    book = Book(tmp_path, chapter="")
    (tmp_path / "chapter.md").unlink()
    cells = [nbformat.v4.new_markdown_cell("# Chapter")]
    for tag in ("hide-cell", "hide-input"):
        cells.append(nbformat.v4.new_code_cell("1 + 1", metadata={"tags": [tag]}))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    book.build()
    folds = re.findall(r"Show code cell (\w+)", book.html("chapter"))
    assert folds == ["solution", "source"]
