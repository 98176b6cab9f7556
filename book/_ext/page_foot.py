"""What stands below every chapter: the forms in which it can be taken away, and how to cite it.

The notebook is the theme's own copy of the source; the script is made from it when the page is
written. Author, book and year come from ``CITATION.cff``, the address of the pages from the
repository's.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from docutils import nodes
from nbconvert import PythonExporter
from sphinx.application import Sphinx

NUMBERED = re.compile(r"(?P<number>\d+[a-z]?)\. +(?P<title>.+)")


@cache
def citation(path: Path) -> dict[str, Any]:
    """Return what ``CITATION.cff`` says of the whole book."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def published(repository: str) -> str:
    """Return where GitHub publishes the pages of a repository."""
    owner, name = urlsplit(repository).path.strip("/").split("/")
    return f"https://{owner}.github.io/{name}"


def bibtex(cff: dict[str, Any], title: str, address: str, key: str) -> str:
    """Return the BibTeX entry of one page of the book.

    Parameters
    ----------
    cff : dict
        The content of ``CITATION.cff``: ``title``, ``authors`` and ``date-released`` are used.
    title : str
        The page's title. A number before it becomes the chapter's.
    address : str
        The published page.
    key : str
        What the entry is cited by.
    """
    numbered = NUMBERED.fullmatch(title)
    where = f"Chapter {numbered['number']} of" if numbered else "In"
    # In braces of its own the name of a group is not taken apart.
    people = [
        f"{{{a['name']}}}" if "name" in a else f"{a['family-names']}, {a['given-names']}"
        for a in cff["authors"]
    ]
    fields = {
        "title": numbered["title"] if numbered else title,
        "author": " and ".join(people),
        "year": str(cff["date-released"])[:4],
        "note": f"{where} \\emph{{{cff['title']}}}",
        "url": address,
    }
    width = max(map(len, fields))
    lines = [f"  {name:<{width}} = {{{text}}}," for name, text in fields.items()]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def foot(docname: str, title: str, repository: str, branch: str, cff: dict[str, Any]) -> str:
    """Return the HTML below the text of a notebook's page."""
    name = docname.rsplit("/", 1)[-1]
    sources = "../" * docname.count("/") + f"_sources/{docname}"
    owner_and_name = urlsplit(repository).path.strip("/")
    entry = bibtex(cff, title, f"{published(repository)}/{docname}.html", f"ddpgbook-{name}")
    ways = {
        "notebook": f'href="{sources}.ipynb" download="{name}.ipynb"',
        "Python script": f'href="{sources}.py" download="{name}.py"',
        "in Colab": "href="
        f'"https://colab.research.google.com/github/{owner_and_name}/blob/{branch}/{docname}.ipynb"',
        "on Binder": "href="
        f'"https://mybinder.org/v2/gh/{owner_and_name}/{branch}?urlpath=lab/tree/{docname}.ipynb"',
    }
    links = " · ".join(f"<a {where}>{way}</a>" for way, where in ways.items())
    return (
        f'<section class="page-foot" aria-label="This chapter elsewhere">'
        f"<p>Take this chapter with you: {links} <!-- pdf --></p>"
        "<details><summary>Cite this chapter</summary>"
        '<div class="highlight-none notranslate"><div class="highlight">'
        f"<pre>{html.escape(entry)}\n</pre></div></div></details></section>"
    )


def add(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the foot below a notebook's text and its script beside its source."""
    if not pagename.startswith("notebooks/") or not isinstance(doctree, nodes.document):
        return
    config, root = app.config, Path(app.srcdir)
    theme = config.html_theme_options
    title = app.env.titles[pagename].astext()
    context["body"] += foot(
        pagename,
        title,
        theme["repository_url"],
        theme["repository_branch"],
        citation(root / "CITATION.cff"),
    )
    script = Path(app.outdir) / "_sources" / f"{pagename}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    text, _ = PythonExporter(exclude_input_prompt=True).from_filename(
        str(root / f"{pagename}.ipynb")
    )
    script.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("html-page-context", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
