"""Pages made lighter say and show what they did; formulas set beforehand are MathJax's own."""

import base64
import io
import math
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from formulas import Typesetter, set_page, used_fonts
from lighter import lean_css, lean_page, lean_path, lean_svg
from PIL import Image


def points(outline: str) -> list[tuple[float, float]]:
    """The points of an outline in steps of m, l, q, c and z, read by SVG's rules."""
    number = r"-?(?:\d+\.?\d*|\.\d+)"
    found, at, start, size = [], (0.0, 0.0), (0.0, 0.0), {"m": 2, "l": 2, "q": 4, "c": 6}
    for letter, text in re.findall(r"([mlqcz])([^mlqcz]*)", outline):
        if letter == "z":
            at = start
            continue
        values = [float(x) for x in re.findall(number, text)]
        if letter == "m":
            start = at[0] + values[0], at[1] + values[1]
        while values:
            part, values = values[: size[letter]], values[size[letter] :]
            steps = list(zip(part[::2], part[1::2], strict=True))
            found += [(at[0] + x, at[1] + y) for x, y in steps]
            at = found[-1]
            letter = "l" if letter == "m" else letter
    return found


def test_an_outline_keeps_every_point_to_half_a_digit():
    """Thousands of rounded steps do not drift, and curves and closed parts stay where they are."""
    wave = [(0.137 * i, 50 * math.sin(0.01 * i) + 0.049) for i in range(3000)]
    outline = "M " + " \nL ".join(f"{x:.6f} {y:.6f}" for x, y in wave)
    lean = lean_path(outline, 1)
    assert len(lean) < len(outline) / 3
    assert points(lean) == [
        (pytest.approx(x, abs=0.051), pytest.approx(y, abs=0.051)) for x, y in wave
    ]
    letter = (
        "M 1574 -1434 \nQ 1197 -1434 905 -1334 \nC 1 2 3 4 0.5 -0.25 \nz\nM 2 0.07 \nL 2 0 \nL 3 0"
    )
    expected = [(1574, -1434), (1197, -1434), (905, -1334), (1, 2), (3, 4), (0.5, -0.25)]
    expected += [(2, 0.07), (2, 0), (3, 0)]
    assert points(lean_path(letter, 2)) == [pytest.approx(p) for p in expected]
    assert lean_path("M 0 0 H 5 A 1 1 0 0 0 2 2", 1) == "M 0 0 H 5 A 1 1 0 0 0 2 2"


def test_a_style_sheet_loses_what_matches_nothing():
    css = """/* old */ .used, .never { color: red } .used .never{a:b} #gone{a:b}
    p:not(.never) > a[href="x,y"] { c: d } @media print { .never {a:b} .used{e:f} }
    @media print { .never{a:b} } @font-face { font-family: X }"""
    lean = re.sub(r"\s+", "", lean_css(css, {"used"}))
    assert lean == (
        '.used{color:red}p:not(.never)>a[href="x,y"]{c:d}@mediaprint{.used{e:f}}'
        "@font-face{font-family:X}"
    )


def test_drawings_share_letters_and_drop_unused_names():
    def drawing(mark: str) -> str:
        return (
            f'<svg role="img" aria-label="A"><g id="{mark}-figure"><defs>'
            f'<path id="{mark}-a" d="M 0 0 \nL 5 5" transform="scale(0.015625)"/></defs>'
            f'<use xlink:href="#{mark}-a" transform="translate(63.623047 0)"/>'
            f'<g clip-path="url(#{mark}-c)"/></g><clipPath id="{mark}-c"></clipPath></svg>'
        )

    page = lean_page('<article class="bd-article">' + drawing("f1") + drawing("f2") + "</article>")
    assert page.count('<path id="g0" d="m0 0 5 5"') == 1
    assert page.count('<use href="#g0" x="63.6"/>') == 2
    assert "-figure" not in page
    assert re.findall(r'id="(f\d-c)"', page) == ["f1-c", "f2-c"]


@pytest.fixture(scope="module")
def typesetter():
    found = find_spec("sphinx-mathjax-offline")
    return Typesetter(Path(found.origin).parent / "static/mathjax")


def test_a_formula_is_drawn_and_said(typesetter):
    drawn = typesetter.formula(r"\hat J = \frac1N \sum_j Q_\phi \tag{5.1}", display=True)
    assert drawn.startswith("<mjx-container")
    for part in ("mjx-mfrac", "<mfrac>", "<mi>N</mi>", "(5.1)", "<mo"):
        assert part in drawn, part
    assert ".mjx-c2211" in typesetter.style()  # the sum


def test_a_formula_that_mathjax_does_not_know_is_named(typesetter):
    with pytest.raises(ValueError, match=r"Undefined control sequence \\nowhere: \\nowhere"):
        typesetter.formula(r"\nowhere", display=False)


def test_a_page_without_formulas_asks_for_no_style_of_theirs(typesetter):
    head = '<head><script>window.MathJax = {"a": 1}</script>\n'
    head += '<script defer="defer" src="../_static/mathjax/tex-chtml.js?v=1"></script></head>'
    plain, wrong = set_page(head + "<p>1 &lt; 2</p>", typesetter, "../")
    assert (plain, wrong) == ("<head></head><p>1 &lt; 2</p>", [])
    formula = r'<span class="math notranslate nohighlight">\(1 &lt; 2\)</span>'
    page, wrong = set_page(head + formula, typesetter, "../")
    assert wrong == []
    assert 'href="../_static/formulas/formulas.css"' in page
    assert "<mo>&lt;</mo>" in page
    assert "MathJax =" not in page


def test_fonts_that_no_formula_uses_are_not_asked_for(typesetter):
    drawn = typesetter.formula(r"\mathcal{S} + x", display=False)
    style = used_fonts(typesetter.style(), drawn)
    faces = re.findall(r"font-family: (MJXTEX-?\w*|MJXZERO);", style)
    assert {"MJXTEX", "MJXTEX-I", "MJXTEX-C", "MJXZERO"} <= set(faces)
    assert not {"MJXTEX-FR", "MJXTEX-T", "MJXTEX-SS"} & set(faces)


def test_styles_that_drawings_repeat_are_said_once():
    line = '<path d="m0 0" style="fill: none; stroke: red"/>'
    letter = '<defs><path id="f-a" d="M 0 0 \nL 5 5" transform="scale(0.015625)"/></defs>'
    drawing = (
        f'<svg role="img">{letter}<use href="#f-a"/>{line * 3}<path style="fill: blue"/></svg>'
    )
    page = lean_page(f'<head></head><article class="bd-article">{drawing}</article>')
    assert page.count("<style>.d0{fill: none; stroke: red}</style>") == 1
    assert page.count('class="d0"') == 3
    assert page.count('style="fill: blue"') == 1


@pytest.mark.parametrize("colors", [4, 4000])
def test_a_picture_in_a_drawing_keeps_its_colors(colors):
    """Few colors become a palette and stay to the bit; of many, none moves far."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (colors, 3), dtype=np.uint8)[rng.integers(0, colors, (64, 64))]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    text = base64.encodebytes(buffer.getvalue()).decode()  # with line breaks, as Matplotlib's
    lean = lean_svg(f'<svg role="img"><image xlink:href="data:image/png;base64,{text}"/></svg>')
    (kept,) = re.findall(r'href="data:image/png;base64,([A-Za-z0-9+/=]+)"', lean)
    assert len(kept) < len(text)
    shown = np.array(Image.open(io.BytesIO(base64.b64decode(kept))).convert("RGB"))
    far = np.abs(shown.astype(int) - pixels).max()
    assert far == 0 if colors == 4 else far < 64
