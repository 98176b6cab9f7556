"""Take from the finished pages what the theme loads and they do not use.

The theme brings every icon of FontAwesome as a program of 1.5 MB, Bootstrap's style of components
that no page has, and the search's index on pages that do not search. A page keeps the icons, rules
and scripts that it can use; drawings keep the digits that a screen can show.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import tinycss2
from fontTools import subset
from PIL import Image
from sphinx.application import Sphinx

# ---- Style sheets ----

NAME = re.compile(r"[A-Za-z_][\w-]*")
CLASSES = re.compile(r'\b(?:class|id)="([^"]*)"')
# Rules of these sheets depend on the theme alone; the book's own are few and all used.
OURS = {"book.css", "formulas.css", "living.css"}
# Bootstrap's and the theme's programs name the parts of these even where no page has any.
COMPONENTS = (
    "accordion", "alert", "carousel", "list-group", "modal", "offcanvas", "popover", "toast",
    "version-switcher", "version-warning",
)  # fmt: skip
GROUPS = ("media", "supports", "layer")


def names_in(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return the classes and ids of all pages, and whatever the scripts could name."""
    names: set[str] = set()
    for page in pages:
        for value in set(CLASSES.findall(page)):
            names.update(value.split())
    absent = tuple(name for name in COMPONENTS if name not in names)
    for script in scripts:
        names.update(x for x in NAME.findall(script) if not x.startswith(absent))
    return names


def selectors(prelude: list[tinycss2.ast.Node]) -> Iterator[list[tinycss2.ast.Node]]:
    """Split the head of a rule at its commas."""
    one: list[tinycss2.ast.Node] = []
    for token in prelude:
        if token == ",":
            yield one
            one = []
        else:
            one.append(token)
    yield one


def can_match(selector: list[tinycss2.ast.Node], names: set[str]) -> bool:
    """Whether all classes and ids that a selector asks for exist; functions are not looked into."""
    for before, token in zip([None, *selector], selector, strict=False):
        if token.type == "hash" and token.value not in names:
            return False
        if token.type == "ident" and before == "." and token.value not in names:
            return False
    return True


def lean_css(text: str, names: set[str]) -> str:
    """Return a style sheet without comments and without rules that match nothing."""
    kept = []
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    for rule in rules:
        if rule.type == "qualified-rule":
            heads = [s for s in selectors(rule.prelude) if can_match(s, names)]
            if not heads:
                continue
            head = ",".join(tinycss2.serialize(s).strip() for s in heads)
            body = tinycss2.serialize(rule.content).strip()
            kept.append(f"{head}{{{body}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in GROUPS and rule.content:
            inside = lean_css(tinycss2.serialize(rule.content), names)
            if inside:
                condition = tinycss2.serialize(rule.prelude).strip()
                kept.append(f"@{rule.at_keyword} {condition}{{{inside}}}")
        elif rule.type != "error":
            kept.append(rule.serialize())
    return re.sub(r"/\*.*?\*/", "", "\n".join(kept), flags=re.DOTALL)


# ---- Icons ----

ICON = re.compile('\\.fa-[\\w-]+:before{content:"([\ue000-\uf8ff])"}')
FONT = re.compile(
    r'url\((?P<path>[^)]*/fa-[\w-]+\.woff2)\) format\("woff2"\),'
    r'url\([^)]*\) format\("truetype"\)'
)


def few_icons(css: str, fonts: Path) -> str:
    """Cut FontAwesome's fonts to the icons that a lean sheet still names, and ask for the result.

    Parameters
    ----------
    css : str
        The theme's sheet after :func:`lean_css`.
    fonts : Path
        The folder of FontAwesome's fonts. Files of other icons are removed.

    Raises
    ------
    ValueError
        If the sheet names fonts in another way than this function knows.
    """
    characters = [ord(icon) for icon in ICON.findall(css)]
    if not characters or not FONT.search(css):
        raise ValueError("FontAwesome's rules have changed: see few_icons in book/_ext/lighter.py")
    for path in fonts.glob("*.ttf"):
        options = subset.Options(flavor="woff", layout_features=[], desubroutinize=True)
        font = subset.load_font(str(path), options)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=characters)
        cut.subset(font)
        subset.save_font(font, str(path.with_suffix(".woff")), options)
    for path in [*fonts.glob("*.ttf"), *fonts.glob("*.woff2")]:
        path.unlink()
    return FONT.sub(lambda x: f'url({x["path"].removesuffix("2")}) format("woff")', css)


# ---- Drawings ----

SVG = re.compile(r"<svg\b[^>]*role=\"img\".*?</svg>", re.DOTALL)
IDENT = re.compile(r' id="([^"]*)"')
USED = re.compile(r'(?:url\(#|href="#)([^")]*)')
OUTLINE = re.compile(r' d="([^"]*)"')
STEP = re.compile(r"([A-Za-z])|(-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)")
PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
MOVED = re.compile(r"(?<=translate\()[^)]*")
LETTER = re.compile(r'<use href="([^"]*)" transform="translate\(([\d.-]+) 0(?:\.0)?\)"/>')
STYLE = re.compile(r' style="([^"]*)"')
NUMBER = re.compile(r"-?\d+\.\d{2,}")
GLYPH = re.compile(
    r'<path id="(?P<id>[^"]*)" (?P<drawn>d="[^"]*" transform="scale\(0\.015625\)")/>'
)
# What Matplotlib says in every drawing, for the whole page; `book.css` says it once.
JOINTS = '<style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>'
ARTICLE = '<article class="bd-article">'
PAIRS = {"M": 1, "L": 1, "Q": 2, "C": 3}


def lean_path(outline: str, digits: int) -> str:
    """Return the outline of a path in steps from point to point, rounded to ``digits``.

    Each point is rounded, not each step, so that no error adds up. An outline with other commands
    than M, L, Q, C and Z is returned as it is.
    """
    tokens = STEP.findall(outline)
    scale, at, out, start = 10**digits, (0, 0), [], (0, 0)
    command, place = "", 0
    while place < len(tokens):
        letter, _ = tokens[place]
        if letter:
            command, place = letter, place + 1
            if command in "zZ":
                out.append("z")
                at = start
                continue
        if command not in PAIRS:
            return outline
        count = 2 * PAIRS[command]
        numbers = [number for _, number in tokens[place : place + count]]
        if len(numbers) < count or not all(numbers):
            return outline
        place += count
        ends = [round(float(number) * scale) for number in numbers]
        points = list(zip(ends[::2], ends[1::2], strict=True))
        steps = "".join(_short(c - c0, digits) for p in points for c, c0 in zip(p, at, strict=True))
        out.append(command.lower() + steps)
        at = points[-1]
        if command == "M":
            start, command = at, "L"
    return _repeated("".join(out))


def _short(value: int, digits: int) -> str:
    """A number of ``value`` units of the last digit, with a space or a sign before it."""
    text = f"{value / 10**digits:.{digits}f}" if digits else str(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        text = "0"
    text = re.sub(r"^(-?)0\.", r"\1.", text)
    return text if text.startswith("-") else " " + text


def _repeated(text: str) -> str:
    """Leave out letters that repeat the one before (after an m an l is meant)."""
    out, last = [], ""
    for letter, numbers in re.findall(r"([a-z])([^a-z]*)", text):
        understood = (letter == last and letter in "lqc") or (last == "m" and letter == "l")
        out.append(numbers if understood else letter + numbers.lstrip())
        last = letter
    return "".join(out)


def lean_picture(found: re.Match[str]) -> str:
    """A PNG of few colors as a palette, where that is smaller and looks the same."""
    text = re.sub(r"\s", "", found[1])
    before = base64.b64decode(text)
    image = Image.open(io.BytesIO(before))
    if image.mode in ("RGB", "RGBA"):
        octree, median = Image.Quantize.FASTOCTREE, Image.Quantize.MEDIANCUT
        method = octree if image.mode == "RGBA" else median
        few, buffer = image.quantize(256, method=method, dither=Image.Dither.NONE), io.BytesIO()
        few.save(buffer, "png", optimize=True)
        if buffer.tell() < len(before):
            text = base64.b64encode(buffer.getvalue()).decode()
    return "data:image/png;base64," + text


def lean_svg(svg: str) -> str:
    """Return a drawing with a tenth of a point, without names that nothing refers to."""
    used = set(USED.findall(svg))
    svg = IDENT.sub(lambda x: x[0] if x[1] in used else "", svg)
    parts = re.split(r"(<defs>.*?</defs>)", svg, flags=re.DOTALL)
    for i, part in enumerate(parts):
        # Letters and marks are drawn once, then scaled: they keep a digit more.
        digits = 2 if i % 2 else 1
        parts[i] = OUTLINE.sub(lambda x, d=digits: f' d="{lean_path(x[1], d)}"', part)
    svg = PICTURE.sub(lean_picture, "".join(parts))
    svg = MOVED.sub(lambda x: NUMBER.sub(lambda y: f"{float(y[0]):.1f}", x[0]), svg)
    svg = svg.replace("xlink:href=", "href=").replace(JOINTS, "")
    svg = LETTER.sub(r'<use href="\1" x="\2"/>', svg)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    return re.sub(r">\s+<", "><", svg)


def share_letters(page: str) -> str:
    """Return the HTML of a page whose drawings share the outlines of their letters."""
    ids: dict[str, str] = {}  # of an outline, the name on this page
    names: dict[str, str] = {}  # of a letter in a drawing, the same

    def take(found: re.Match[str]) -> str:
        names[found["id"]] = ids.setdefault(found["drawn"], f"g{len(ids)}")
        return ""

    page = SVG.sub(lambda svg: GLYPH.sub(take, svg[0]), page)
    if not ids or ARTICLE not in page:
        return page
    page = re.sub(r'(?<=href="#)[^"]*', lambda x: names.get(x[0], x[0]), page)
    page, styles = share_styles(page.replace("<defs></defs>", ""))
    if styles:
        page = page.replace("</head>", f"<style>{styles}</style>\n</head>", 1)
    letters = "".join(f'<path id="{name}" {drawn}/>' for drawn, name in ids.items())
    # Not "display: none", with which browsers differ in what others may use of it.
    store = '<svg class="ddpg-letters" aria-hidden="true" width="0" height="0">'
    return page.replace(ARTICLE, f"{ARTICLE}{store}<defs>{letters}</defs></svg>", 1)


def share_styles(page: str) -> tuple[str, str]:
    """Return the HTML of a page with names for the styles that its drawings repeat, and a sheet."""
    often = Counter(style for svg in SVG.findall(page) for style in STYLE.findall(svg))
    names = {style: f"d{i}" for i, (style, n) in enumerate(often.items()) if n > 2}

    def name(found: re.Match[str]) -> str:
        return f' class="{names[found[1]]}"' if found[1] in names else found[0]

    page = SVG.sub(lambda svg: STYLE.sub(name, svg[0]), page)
    return page, "".join(f".{name}{{{style}}}" for style, name in names.items())


# ---- Pages ----

ICON_PROGRAM = re.compile(
    r"\s*<!-- So that users can add custom icons -->\s*<script[^>]*/fontawesome\.js[^>]*></script>"
)
SEARCHING = re.compile(
    r"\s*<script src=\"[^\"]*(?:searchtools|language_data|searchindex)\.js[^\"]*\"></script>"
)
BLOCKING = re.compile(
    r"<script (?=(?:data-[\w-]+=\"[^\"]*\" )?src=\"[^\"]*/_static/(?!documentation))"
)
# These have the color of the code around them (punctuation was bold in light pages).
PLAIN = re.compile(r'<span class="(?:n|nn|nv|p|w)">([^<]*)</span>')
# The theme keeps words of code on one line; these would not be broken anyway.
WORD = re.compile(r'<span class="pre">([\w.]*)</span>')


def lean_page(page: str, searches: bool = False) -> str:
    """Return the HTML of a page that loads what it uses, and shows before its scripts have run."""
    page = ICON_PROGRAM.sub("", page)
    if not searches:
        page = SEARCHING.sub("", page)
        page = BLOCKING.sub("<script defer ", page)
    page = PLAIN.sub(r"\1", WORD.sub(r"\1", page))
    return share_letters(SVG.sub(lambda x: lean_svg(x[0]), page))


def run(folder: Path) -> None:
    """Make all pages in ``folder`` lighter, then the theme's files that they load."""
    pages = []
    for path in folder.rglob("*.html"):
        if "_static" in path.relative_to(folder).parts:
            continue
        before = path.read_text(encoding="utf-8")
        after = lean_page(before, searches=path.name == "search.html")
        if after != before:
            path.write_text(after, encoding="utf-8")
        pages.append(after)
    static = folder / "_static"
    (static / "scripts/fontawesome.js").unlink(missing_ok=True)
    shutil.rmtree(static / "mathjax", ignore_errors=True)
    scripts = [*static.glob("*.js"), *static.glob("scripts/*.js"), *folder.glob("_living/*.js")]
    programs = [x.read_text(encoding="utf-8") for x in scripts if not x.name.startswith("data-")]
    names = names_in(pages, programs)
    sheets = [*static.glob("*.css"), *static.glob("styles/*.css")]
    for path in sheets:
        if path.name in OURS:
            continue
        css = lean_css(path.read_text(encoding="utf-8"), names)
        if path.name == "pydata-sphinx-theme.css":
            css = few_icons(css, static / "vendor/fontawesome/webfonts")
        path.write_text(css, encoding="utf-8")
    for path in folder.rglob("*.map"):
        path.unlink()


def finished(app: Sphinx, exception: Exception | None) -> None:
    """Make the book lighter."""
    if exception is None and app.builder.format == "html":
        run(Path(app.outdir))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.connect("build-finished", finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
