"""The EPUB is whole and in order, and what its readers cannot show is said in what they can."""

import io
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

import pytest
from built import HTML
from fontTools.ttLib import TTFont
from make_epub import Chapter, finished, font, lead, navigation, write
from reflow import by_lines, drawing, formulas, parse, plain_page, serialize, text_of

PUBLISHED = "https://o.github.io/b"
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML"'
NUMBERED = f"""<div xmlns="http://www.w3.org/1999/xhtml"><div class="math" id="eq-1-1">{MATH}
 display="block"><mtable displaystyle="true"><mlabeledtr><mtd><mtext>(1.1)</mtext></mtd><mtd>
<mi data-mjx-variant="-tex-calligraphic" mathvariant="script">B</mi><mo>=</mo>
<mi mathvariant="double-struck">E</mi><mover><mi>J</mi><mo stretchy="false">^</mo></mover><mtable
 columnalign="right left" columnspacing="0em" rowspacing="3pt"><mtr><mtd><mi>a</mi></mtd><mtd>
<mi mathvariant="normal">Δ</mi></mtd></mtr><mtr><mtd><mi>b</mi></mtd><mtd><mi>c</mi></mtd></mtr>
</mtable></mtd></mlabeledtr></mtable></math></div></div>"""


def test_a_numbered_formula_is_one_of_mathml_core():
    """Its number stands beside it; letters, accents and columns do without what Core lacks."""
    root = parse(NUMBERED)
    (math,) = formulas(root)
    holder, number = root.find("div")
    assert (holder.get("class"), holder[0]) == ("formula", math)
    assert (number.get("class"), number.text) == ("number", "(1.1)")
    assert re.sub(r"\s", "", text_of(math)) == "ℬ=𝔼JˆaΔbc"
    assert math.find(".//mover").get("accent") == "true"
    (table,) = math.iter("mtable")
    sides = [re.findall("right|left", cell.get("style"))[0] for row in table for cell in row]
    assert sides == ["right", "left"] * 2
    names = {name for e in math.iter() for name in e.attrib}
    assert not [x for x in names if x.startswith("data-")]
    assert {e.get("mathvariant") for e in math.iter()} == {None, "normal"}


def test_a_formula_has_one_number():
    twice = NUMBERED.replace(
        "</mlabeledtr>",
        "</mlabeledtr><mlabeledtr><mtd><mtext>(1.2)</mtext></mtd><mtd/></mlabeledtr>",
    )
    with pytest.raises(ValueError, match="two numbers"):
        list(formulas(parse(twice)))


def test_marks_stay_with_their_formula():
    text = f'<p>let (<span class="math">{MATH}><mi>x</mi></math></span>), then</p>'
    root = parse(text)
    list(formulas(root))
    assert root.text == "let "
    assert "".join(root[0].itertext()) == "(x),"
    assert root[0].tail == " then"


CODE = (
    '<pre><span></span><span class="k">def</span> <span class="nf">f</span>(x):\n'
    '    <span class="sd">"""One\n\n    two."""</span>\n'
    '    <span class="k">return</span> x <span class="c1"># so</span>\n</pre>'
)


def test_code_keeps_every_character_in_lines():
    source = "".join(parse(CODE).itertext())
    new = by_lines(parse(CODE), "code")
    assert "".join(new.itertext()) == source
    assert [x.get("class") for x in new[0]] == [
        "line i4",
        "line i8",
        "line i4",
        "line i8",
        "line i8",
    ]
    assert [(x.get("class"), x.text) for x in new[0][4]] == [("k", "return"), ("c", "# so")]
    assert [(x.get("class"), x.text) for x in new[0][3]] == [("c", '    two."""')]


def test_a_drawing_stands_alone():
    """Its letters come along, its colors are values, its styles are attributes."""
    svg = parse(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="A" viewBox="0 0 9 9">'
        '<path class="d0" d="m0 0"/><use href="#g7" style="fill: var(--ddpg-actor, #123)"/></svg>'
    )
    letters = {name: parse(f'<path id="{name}" d="m1 1"/>') for name in ("g7", "g8")}
    styles = {"d0": "fill: none; stroke: var(--ddpg-ink)"}
    text = drawing(svg, letters, styles, {"--ddpg-ink": "#000", "--ddpg-actor": ""})
    found = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    path, use = found.find(f"{space}path"), found.find(f"{space}use")
    assert (path.get("fill"), path.get("stroke"), use.get("fill")) == ("none", "#000", "#123")
    assert use.get("{http://www.w3.org/1999/xlink}href") == "#g7"
    assert [e.get("id") for e in found.iter(f"{space}path") if "id" in e.attrib] == ["g7"]
    assert "var(" not in text
    assert "class=" not in text


def chapter(name, inside, level=0, caption=""):
    return finished(
        Chapter(name, name[-1].upper(), level, caption, parse(f"<main>{inside}</main>"))
    )


def test_links_lead_inside_the_book_or_to_the_site():
    first = chapter(
        "notebooks/00_a",
        '<a href="01_b.html#eq-1-1"/><a href="#here"/><a href="../book/checks.html#check-0-1"/>'
        '<a href="https://elsewhere.org/x"/><a href="01_b.html#train?noise=1"/><p id="here"/>',
    )
    second = chapter("notebooks/01_b", '<div id="eq-1-1"/><a href="00_a.html"/>')
    inside, lost = lead([first, second], PUBLISHED)
    assert [a.get("href") for a in first.body.iter("a")] == [
        "01_b.xhtml#eq-1-1",
        "#here",
        f"{PUBLISHED}/book/checks.html#check-0-1",
        "https://elsewhere.org/x",
        f"{PUBLISHED}/notebooks/01_b.html#train?noise=1",
    ]
    assert second.body.find("a").get("href") == "00_a.xhtml"
    assert inside == 3
    assert lost == ["notebooks/00_a: 01_b.html#train?noise=1"]


def test_the_contents_have_parts_chapters_and_sections():
    pages = [
        chapter("book/p", ""),
        chapter("notebooks/a", '<section id="s"><h2>S &amp; T</h2></section>', 0, "Part I"),
        chapter("notebooks/b", "", 1),
        chapter("notebooks/c", ""),
    ]
    links = re.findall(r'<a href="([^"]*)">([^<]*)|(</?ol>)', navigation(pages).split("</nav>")[0])
    assert [a or b for a, _, b in links] == [
        *("<ol>", "text/p.xhtml", "text/a.xhtml", "<ol>", "text/a.xhtml", "<ol>"),
        *("text/a.xhtml#s", "text/b.xhtml", "</ol>", "text/c.xhtml", "</ol>", "</ol>"),
    ]


def test_a_fold_is_open_and_a_table_has_a_frame():
    root = parse(
        '<main><details class="admonition hide"><summary><span>Solution</span></summary><table>'
        '<tr><td style="text-align: right">1</td></tr></table></details></main>'
    )
    plain_page(root, lambda e: "x")
    assert serialize(root[0]) == (
        '<div class="fold" xmlns="http://www.w3.org/1999/xhtml"><div class="fold-title">'
        '<span>Solution</span></div><div class="table"><table><tr><td class="right">1</td></tr>'
        "</table></div></div>"
    )


def test_the_font_has_the_letters_of_formulas_and_no_others():
    page = chapter("a", f"<p>{MATH}><mi>x</mi><mo>′</mo></math></p>")
    kept = TTFont(io.BytesIO(font([page]))).getBestCmap()
    assert set(map(ord, "x′𝑥")) <= kept.keys()
    assert ord("y") not in kept
    with pytest.raises(ValueError, match=r"has no 字: see tools/math_font\.py"):
        font([chapter("a", f"<p>{MATH}><mi>字</mi></math></p>")])


def test_the_container_begins_with_its_type(tmp_path):
    for name in "ab":
        write(tmp_path / name, {"META-INF/x": b"1", "y": b"2"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes()[30:58] == b"mimetypeapplication/epub+zip"


# ---- Some pages of the book ----

# A living figure; long tables; a film, an algorithm and an exercise; formulas and folds.
SOME = ["book/preface", "book/notation", "00_one_sitting", "10a_gradient_checks"]
OPF = "{http://www.idpf.org/2007/opf}"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def epub(tmp_path_factory):
    import browser
    from make_epub import make

    executable = browser.find_chromium()
    if executable is None or not (HTML / "book/preface.html").exists():
        reason = browser.ADVICE if executable is None else f"no book in {HTML}: run `make book`"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    out = tmp_path_factory.mktemp("epub") / "book.epub"
    make(HTML, out, executable, SOME)
    return out


@pytest.fixture(scope="module")
def files(epub):
    with zipfile.ZipFile(epub) as archive:
        assert archive.infolist()[0].filename == "mimetype"
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def pages(files):
    """Every page of XHTML, which parses."""
    return {
        name.removeprefix("EPUB/"): ElementTree.fromstring(data)
        for name, data in files.items()
        if name.endswith(".xhtml")
    }


@pytest.mark.browser
def test_the_package_lists_what_is_there(files, pages):
    package = ElementTree.fromstring(files["EPUB/package.opf"])
    items = {e.get("id"): e for e in package.iter(f"{OPF}item")}
    listed = {f"EPUB/{e.get('href')}" for e in items.values()}
    assert listed == {x for x in files if x.startswith("EPUB/")} - {"EPUB/package.opf"}
    spine = [items[e.get("idref")].get("href") for e in package.iter(f"{OPF}itemref")]
    assert spine[:3] == ["text/cover.xhtml", "text/title.xhtml", "nav.xhtml"]
    assert set(spine) == pages.keys()
    links = [
        unquote(a.get("href")) for a in pages["nav.xhtml"].find(f".//{XHTML}nav").iter(f"{XHTML}a")
    ]
    assert list(dict.fromkeys(x.partition("#")[0] for x in links)) == spine[3:]


@pytest.mark.browser
def test_links_and_pictures_lead_somewhere(files, pages):
    places = {name: {e.get("id") for e in page.iter()} for name, page in pages.items()}
    seen = 0
    for name, page in pages.items():
        assert len(ids := [e.get("id") for e in page.iter() if e.get("id")]) == len(set(ids)), name
        for e in page.iter():
            link = e.get("href") or e.get("src")
            if link is None or (e.tag == f"{XHTML}a" and re.match("https?://", link)):
                continue
            file, anchor = urldefrag(link)
            target = os.path.normpath(Path(name).parent / unquote(file)) if file else name
            assert f"EPUB/{target}" in files, (name, link)
            assert not anchor or unquote(anchor) in places[target], (name, link)
            seen += bool(anchor)
            assert e.tag != f"{XHTML}img" or e.get("alt"), (name, link)
    assert seen > 20


@pytest.mark.browser
def test_pages_have_their_formulas_and_nothing_that_runs(files, pages):
    for name in ("notebooks/10a_gradient_checks", "notebooks/00_one_sitting"):
        site = (HTML / f"{name}.html").read_text(encoding="utf-8")
        page = files[f"EPUB/text/{Path(name).name}.xhtml"].decode()
        assert page.count("<math") == site.count("<mjx-container") > 20
        numbered = r'id="(eq-[\w-]+)"[^>]*>(?:(?!<div).)*?class="number">\(([^<]*)\)<'
        numbers = dict(re.findall(numbered, page, re.DOTALL))
        assert numbers.keys() == set(re.findall(r'id="(eq-[\w-]+)"', site))
        assert all(ident == f"eq-{number.replace('.', '-')}" for ident, number in numbers.items())
    for name, data in files.items():
        if name.endswith((".xhtml", ".svg", ".css")):
            text = data.decode()
            found = re.search(r"<script|<video|<iframe|mjx-|mlabeledtr|var\(--|\son\w+=", text)
            assert found is None, (name, found)
            assert not re.search(r"""(?:src=["']|url\(["']?)(?:https?:)?//""", text), name


# As readers do that turn pages: columns as wide and as high as a phone.
COLUMNS = (
    "html { width: 350px; height: 600px; columns: 350px; column-gap: 30px; column-fill: auto; }"
)
CUT = """() => [...document.querySelectorAll('tr, math, img, p, li, .line, .number, figcaption')]
  .filter(e => [...e.getClientRects()].some(r =>
    r.bottom > 602 || (r.left % 380 + 380) % 380 + r.width > 352))
  .map(e => e.textContent || e.alt)"""


@pytest.mark.browser
def test_no_page_of_a_phone_cuts_anything_off(epub, tmp_path):
    """Tables break between rows; what is wider than the column has become smaller."""
    import browser
    from playwright.sync_api import sync_playwright

    with zipfile.ZipFile(epub) as archive:
        archive.extractall(tmp_path)
    sheet = tmp_path / "EPUB/book.css"
    sheet.write_text(sheet.read_text(encoding="utf-8") + COLUMNS, encoding="utf-8")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**browser.launch_options(browser.find_chromium()))
        tab = chromium.new_page(viewport={"width": 380, "height": 640})
        for path in sorted(tmp_path.glob("EPUB/text/*.xhtml")):
            tab.goto(path.as_uri())
            assert tab.evaluate("document.fonts.ready.then(() => 1)")
            assert tab.evaluate(CUT) == [], path.name
            if path.stem == "notation":
                assert tab.evaluate("document.documentElement.scrollWidth") > 10 * 380
        chromium.close()


@pytest.mark.browser
def test_epubcheck_finds_nothing(epub):
    """Where Debian's package ``epubcheck`` is installed: it needs Java."""
    path = shutil.which("epubcheck")
    if path is None:
        pytest.skip("epubcheck is not installed: Debian's package of that name")
    program = Path(path).resolve()
    command = ["java", "-jar", str(program)] if program.suffix == ".jar" else [str(program)]
    done = subprocess.run([*command, str(epub)], capture_output=True, text=True)
    assert "0 errors / 0 warnings" in done.stdout + done.stderr or (
        "No errors or warnings detected" in done.stdout + done.stderr
    ), done.stdout + done.stderr
