"""Formulas set when the book is built, by the MathJax that the pages would otherwise load and run.

A page then holds its formulas as they look, with MathML for those who hear them, and needs of
MathJax only a style sheet and the fonts: it shows them at once, on paper, and without scripts. What
MathJax calls an error is a warning of the build.
"""

from __future__ import annotations

import html
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fontTools import subset
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
FOLDER = "_static/formulas"
PARTS = (
    "startup.js",
    "core.js",
    "adaptors/liteDOM.js",
    "input/tex.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "a11y/assistive-mml.js",
)
# MathJax looks for a browser's window; it finds one without a document and takes its own.
BEFORE = """
var window = globalThis, console = {log() {}, warn() {}, error() {}};
var MathJax = {
  loader: {load: [], ready() {}},
  startup: {input: ['tex'], output: 'chtml', adaptor: 'liteAdaptor', handler: 'HTMLHandler',
    typeset: false, ready() {}},
  tex: {tags: 'none', packages: {'[-]': ['noundefined']}},
  chtml: {fontURL: 'fonts', adaptiveCSS: true},
};"""
AFTER = """
MathJax.startup.getComponents();
MathJax.startup.makeMethods();
const adaptor = MathJax.startup.adaptor;
function typeset(tex, display) {
  const box = {display, em: 16, ex: 8, containerWidth: 1280};
  return adaptor.outerHTML(MathJax.tex2chtml(tex, box));
}
function style() { return adaptor.textContent(MathJax.chtmlStylesheet()); }"""
# Beside Source Serif, letters of MathJax's font look as large as those around them at this size.
# The spoken formula stands out of sight in a corner of the drawn one.
SIZE = 'mjx-container[jax="CHTML"] { font-size: 107.5%; position: relative; }\n'
FORMULA = re.compile(
    r'(?P<open><(?P<tag>span|div) class="math notranslate nohighlight"[^>]*>)\s*'
    r"\\(?P<kind>[(\[])(?P<tex>.*?)\\[)\]]\s*(?P<close></(?P=tag)>)",
    re.DOTALL,
)
ERROR = re.compile(r'data-mjx-error="([^"]*)"')
SCRIPTS = re.compile(
    r"\s*<script>window\.MathJax = .*?</script>"
    r"|\s*<script[^>]*/mathjax/tex-chtml\.js[^>]*></script>"
)
CONTENT = re.compile(r'content: "((?:[^"\\]|\\.)*)"')
FAMILY = re.compile(r"(\.(TEX-\w+) \{\s*font-family: [^}]*\}\s*)")
FACE = re.compile(r"(@font-face[^{]*\{\s*font-family: ([\w-]+);[^}]*\}\s*)")
LEADING = re.compile(r"\n+")


class Typesetter:
    """MathJax in an engine of its own."""

    def __init__(self, mathjax: Path) -> None:
        from py_mini_racer import MiniRacer

        self.engine = MiniRacer()
        for script in (BEFORE, *((mathjax / x).read_text(encoding="utf-8") for x in PARTS), AFTER):
            self.engine.eval(script)
        self.known: dict[tuple[str, bool], str] = {}

    def formula(self, tex: str, display: bool) -> str:
        """Return the HTML of one formula.

        Raises
        ------
        ValueError
            If MathJax does not understand it.
        """
        if (tex, display) not in self.known:
            drawn = str(self.engine.call("typeset", tex, display))
            if wrong := ERROR.search(drawn):
                raise ValueError(f"{html.unescape(wrong[1])}: {tex.strip()}")
            # An inline style that says what the style sheet says of all formulas.
            self.known[tex, display] = drawn.replace(' style="position: relative;"', "", 1)
        return self.known[tex, display]

    def style(self) -> str:
        """Return the style sheet of all formulas that have been set."""
        return SIZE + LEADING.sub("\n", str(self.engine.call("style")))


def set_page(page: str, typesetter: Typesetter, root: str) -> tuple[str, list[str]]:
    """Return the HTML of a page with its formulas set, and what is wrong with some of them.

    Parameters
    ----------
    page : str
    typesetter : Typesetter
    root : str
        The way from the page to the book's folder, such as ``"../"``.
    """
    wrong: list[str] = []

    def draw(found: re.Match[str]) -> str:
        try:
            drawn = typesetter.formula(html.unescape(found["tex"]), found["kind"] == "[")
        except ValueError as error:
            wrong.append(str(error))
            return found[0]
        return found["open"] + drawn + found["close"]

    drawn = FORMULA.sub(draw, page)
    link = f'\n    <link rel="stylesheet" href="{root}{FOLDER}/formulas.css" />\n  </head>'
    with_formulas = drawn != page
    drawn = SCRIPTS.sub("", drawn)
    return drawn.replace("</head>", link.strip(), 1) if with_formulas else drawn, wrong


def run(folder: Path) -> list[str]:
    """Set the formulas of all pages in ``folder``; return what is wrong, each with its page.

    The style sheet and the fonts come into ``_static/formulas``.
    """
    found = find_spec("sphinx-mathjax-offline")
    assert found is not None
    assert found.origin is not None
    mathjax = Path(found.origin).parent / "static" / "mathjax"
    typesetter, wrong = Typesetter(mathjax), []
    for path in sorted(folder.rglob("*.html")):
        before = path.read_text(encoding="utf-8")
        root = "../" * (len(path.relative_to(folder).parts) - 1)
        after, errors = set_page(before, typesetter, root)
        wrong += [f"{path.relative_to(folder)}: {error}" for error in errors]
        if after != before:
            path.write_text(after, encoding="utf-8")
    style = used_fonts(typesetter.style(), "".join(typesetter.known.values()))
    (folder / FOLDER / "fonts").mkdir(parents=True, exist_ok=True)
    (folder / FOLDER / "formulas.css").write_text(style, encoding="utf-8")
    used = {ord(character) for text in CONTENT.findall(style) for character in unescaped(text)}
    for name in sorted(set(re.findall(r"fonts/([\w-]+\.woff)", style))):
        source = mathjax / "output/chtml/fonts/woff-v2" / name
        few_letters(source, folder / FOLDER / "fonts" / name, used)
    return wrong


def used_fonts(style: str, formulas: str) -> str:
    """Return MathJax's style sheet without the fonts that no formula asks for."""
    classes = {name for value in re.findall(r'class="([^"]*)"', formulas) for name in value.split()}
    for rule, name in FAMILY.findall(style):
        if name not in classes:
            style = style.replace(rule, "")
    for face, family in FACE.findall(style):
        if not re.search(rf"{family}\b", style.replace(face, "")):
            style = style.replace(face, "")
    return style


def unescaped(text: str) -> str:
    """Return what a string of a style sheet means."""
    return re.sub(r"\\([0-9A-Fa-f]+) ?", lambda code: chr(int(code[1], 16)), text)


def few_letters(source: Path, target: Path, used: set[int]) -> None:
    """Copy a font with those of its letters alone that are used anywhere in the book."""
    options = subset.Options(flavor="woff", notdef_outline=True)
    options.drop_tables = [*options.drop_tables, "FFTM"]  # when a font was made
    font = subset.load_font(str(source), options)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=used)
    cut.subset(font)
    subset.save_font(font, str(target), options)


def finished(app: Sphinx, exception: Exception | None) -> None:
    """Set the formulas of every page."""
    if exception is not None or app.builder.format != "html":
        return
    for error in run(Path(app.outdir)):
        logger.warning("a formula that MathJax does not understand, %s", error, type="formulas")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("build-finished", finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
