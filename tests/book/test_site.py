"""What the book's extensions add to the pages for readers: films, the foot of a chapter, names."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path

import accessible
import film_files
import page_foot
import pytest
import sharing
import yaml
from built import HTML, PAGES
from docutils import nodes
from letters import plain

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
VIDEO = b"\x00\x00moving"
STILL = b"\xff\xd8still"


def figure(caption="<figcaption>Two, &amp; one</figcaption>", width=' width="480"'):
    """A film as ddpg_lib.figures.film writes it into a notebook, with two short files."""
    movie, still = (base64.b64encode(data).decode() for data in (VIDEO, STILL))
    return (
        f'<figure class="ddpg-film"><video controls loop muted playsinline{width} '
        f'aria-label="A &quot;film&quot;" poster="data:image/jpeg;base64,{still}" '
        f'src="data:video/mp4;base64,{movie}"><img src="data:image/jpeg;base64,{still}" '
        f'alt="A &quot;film&quot;"></video>{caption}</figure>'
    )


def unavailable(reason):
    """Skip on a reader's machine; fail where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


# ---- Films ----


def test_a_film_is_read_with_its_words():
    (film,) = film_files.films_in(f"<p>before</p>{figure()}<p>after</p>", "notebooks/00_x")
    digest = hashlib.sha256(VIDEO).hexdigest()
    assert film.video == digest[:16] + ".mp4"
    assert film.still == hashlib.sha256(STILL).hexdigest()[:16] + ".jpg"
    assert film.ident == "film-" + digest[:8]
    assert (film.label, film.caption, film.width) == ('A "film"', "Two, & one", "480")
    assert film_files.films_in(figure(caption=""), "x")[0].caption == ""
    assert film_files.films_in("<figure class='ddpg-figure'></figure>", "x") == []


def test_a_film_that_lacks_something_is_refused():
    with pytest.raises(ValueError, match=r"a film of notebooks/00_x has no data"):
        film_files.films_in(figure(width=""), "notebooks/00_x")


def test_on_a_page_the_films_are_files(tmp_path):
    text = film_files.on_page(figure(), "notebooks/00_x", tmp_path / "films")
    assert "base64" not in text
    written = {path.read_bytes() for path in (tmp_path / "films").iterdir()}
    assert written == {VIDEO, STILL}
    named = set(re.findall(r'(?:src|poster)="\.\./_films/([\w.]+)"', text))
    assert named == {path.name for path in (tmp_path / "films").iterdir()}
    assert text.startswith(
        f'<figure class="ddpg-film" id="film-{hashlib.sha256(VIDEO).hexdigest()[:8]}">'
    )
    assert "<figcaption>Two, &amp; one</figcaption>" in text


def test_words_are_escaped_in_the_gallery():
    film = film_files.Film(
        "notebooks/00_x", "film-1", "v.mp4", "s.jpg", "480", 'a "b" <c>', "d & e"
    )
    text = film_files.entry(film, "book/gallery", "../notebooks/00_x.html", "1 < 2")
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in text
    assert '<a href="../notebooks/00_x.html#film-1">1 &lt; 2</a>. d &amp; e' in text
    assert 'preload="none"' in text
    assert "autoplay" not in text


def listed():
    chapters = [chapter for part in TOC["parts"] for chapter in part["chapters"]]
    for chapter in chapters:
        yield from [chapter["file"], *(page["file"] for page in chapter.get("sections", []))]


def test_the_gallery_shows_every_film_of_the_notebooks_in_order():
    page = HTML / "book/gallery.html"
    if not page.exists():
        unavailable("the book is not built: run `make book`")
    expected = []
    for name in listed():
        path = ROOT / f"{name}.ipynb"
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []:
            for output in cell.get("outputs", []):
                text = "".join(output.get("data", {}).get("text/html", []))
                for data in re.findall(r'src="data:video/mp4;base64,([^"]+)"', text):
                    film = base64.b64decode(data)
                    if film not in expected:
                        expected.append(film)
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r'<video [^>]*src="\.\./_films/([\w.]+)"', text)
    assert len(expected) > 5
    assert [(HTML / "_films" / name).read_bytes() for name in shown] == expected


# ---- The foot of a chapter ----

CFF = {"title": "The Book", "authors": [{"name": "Its authors"}], "date-released": "2031-02-03"}


def test_a_chapter_is_cited_with_its_number():
    assert page_foot.bibtex(CFF, "5a. The cosine", "https://x.github.io/y/z.html", "key") == (
        "@misc{key,\n"
        "  title  = {The cosine},\n"
        "  author = {{Its authors}},\n"
        "  year   = {2031},\n"
        "  note   = {Chapter 5a of \\emph{The Book}},\n"
        "  url    = {https://x.github.io/y/z.html},\n"
        "}"
    )


def test_a_person_is_cited_by_family_name():
    people = CFF | {"authors": [{"family-names": "Doe", "given-names": "J."}, {"name": "Co"}]}
    entry = page_foot.bibtex(people, "How to", "address", "key")
    assert "author = {Doe, J. and {Co}}" in entry
    assert "{In \\emph{The Book}}" in entry


def test_the_foot_leads_to_every_form():
    text = page_foot.foot("notebooks/00_x", "0. X", "https://github.com/a/b", "main", CFF)
    assert 'href="../_sources/notebooks/00_x.ipynb" download="00_x.ipynb"' in text
    assert 'href="../_sources/notebooks/00_x.py" download="00_x.py"' in text
    assert '"https://colab.research.google.com/github/a/b/blob/main/notebooks/00_x.ipynb"' in text
    assert "mybinder.org/v2/gh/a/b/main?urlpath=lab/tree/notebooks/00_x.ipynb" in text
    assert "https://a.github.io/b/notebooks/00_x.html" in text


# ---- Names for readers who hear the page ----


def test_a_fold_of_the_contents_says_what_it_holds():
    before = (
        '<a class="reference internal" href="1.html">1. <em>One</em></a><details>'
        '<summary><span class="toctree-toggle" role="presentation"></span></summary></details>'
    )
    assert '<summary aria-label="Pages below 1. One"><span' in accessible.mend(before)
    here = before.replace('"reference', '"current reference')
    assert '<summary aria-label="Pages below 1. One"><span' in accessible.mend(here)


def test_names_contain_what_is_seen():
    assert accessible.mend('<summary aria-label="Toggle hidden content">Show') == "<summary>Show"
    words = '<p class="collapsed admonition-title">Show</p>'
    assert accessible.mend(words) == '<span class="collapsed admonition-title">Show</span>'
    button = '<button class="btn search-button-field x" title="S" aria-label="S" data-x="1">'
    assert "aria-label" not in accessible.mend(button)
    assert "aria-label" in accessible.mend(button.replace("-field", ""))


def test_an_empty_corner_is_no_heading():
    assert accessible.mend('<th scope="col" align="left"></th>') == (
        '<td style="text-align: left"></td>'
    )
    assert accessible.mend("<th>a</th><thead></thead>") == "<th>a</th><thead></thead>"


def test_parameters_of_a_signature_are_no_definitions():
    one = '<dd><em class="sig-param">a</em>, </dd>\n'
    assert accessible.mend(f"<dl>\n{one}{one}</dl>").count("<div>") == 2
    described = "<dl>\n<dt>a</dt>\n<dd>b</dd>\n</dl>"
    assert accessible.mend(described) == described


# ---- What other sites show of a page ----


def a_page(*children):
    later = nodes.section("", nodes.title("", "Later"), nodes.paragraph("", "Not this."))
    page = nodes.section("", nodes.title("", "Title"), *children, later)
    return nodes.document(None, None, "", page)


def test_a_description_is_plain_sentences():
    first = nodes.paragraph("", "", nodes.Text("The slope of\n"), nodes.math("", r"Q_\phi"))
    first += nodes.Text(" is an opinion. One ")
    first += [nodes.strong("", "may"), nodes.Text(" copy this:")]
    time = nodes.paragraph("", "", nodes.emphasis("", "Reading time 3 minutes."))
    cells = nodes.table("", nodes.paragraph("", "A cell."))
    hard = nodes.paragraph("", "", nodes.Text("So "), nodes.math("", r"\frac{a}{b}"))
    hard += nodes.Text(" is small. Lost.")
    page = a_page(time, first, cells, hard)
    assert sharing.description(page) == "The slope of Q_φ is an opinion. One may copy this."
    assert sharing.description(a_page(hard.deepcopy())) == "Lost."
    assert sharing.description(a_page(cells.deepcopy())) == ""


def test_a_long_description_ends_after_a_word():
    text = sharing.description(a_page(nodes.paragraph("", "Seven times, " * 40 + "done.")))
    assert len(text) <= sharing.LONGEST + 2
    assert text.endswith(("times …", "Seven …"))


def test_a_formula_of_one_line_is_plain_text():
    assert plain(r"a = \mu_\theta(s)") == "a = μ_θ(s)"
    assert plain(r"-\varepsilon \le 0.1\,a^2") == "−ε ≤ 0.1a^2"
    assert plain(r"10^{-6}") is None
    assert plain(r"\bar x") is None


def test_the_root_takes_its_tags_from_the_first_page_anew():
    first = '<title>A</title><meta property="og:title" content="A" /><meta charset="utf-8">'
    onward = '\n<meta http-equiv="Refresh" content="0; url=a/b.html" />\n'
    page = sharing.front_door(onward, first)
    assert '<title>A</title>\n<meta property="og:title" content="A" />\n<meta http' in page
    assert '<a href="a/b.html">' in page
    assert sharing.front_door(page, first.replace("A", "B")) == page.replace("A", "B")
    assert sharing.front_door("<p>text</p>", first) == "<p>text</p>"


def told(page):
    """The title of a built page, and what its tags say."""
    text = (HTML / page).read_text(encoding="utf-8")
    tags = dict(
        re.findall(r'<meta (?:property|name)="(og:\w+|description)" content="([^"]*)"', text)
    )
    return re.findall(r"<title>(.*?)</title>", text), tags


MADE = ("search.html", "genindex.html", "_modules/")  # by Sphinx, without text of their own


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(MADE)])
def test_a_page_says_what_it_is(page):
    (title,), tags = told(page)
    text = tags["description"]
    assert text == tags["og:description"]
    assert len(text) >= 40
    assert not re.search(r",,|\\|\$|&(?!amp;|quot;|lt;|gt;|#x27;)", text)
    assert text.endswith((".", "?", "!", "…", ".)"))
    assert tags["og:title"]
    assert tags["og:image"].endswith("/_static/share.png")
    assert len(set(title.split(" &#8212; "))) == len(title.split(" &#8212; "))


def test_the_root_says_what_the_first_page_says():
    if not (HTML / "index.html").exists():
        unavailable("the book is not built: run `make book`")
    assert told("index.html") == told("book/preface.html")
    assert told("index.html")[0] == ["Deep Deterministic Policy Gradient"]


# ---- A phone ----


@pytest.mark.browser
@pytest.mark.parametrize("height", [800, 667])
def test_the_first_screen_of_a_phone_shows_what_the_book_is(height):
    import browser
    from playwright.sync_api import sync_playwright

    executable = browser.find_chromium()
    if executable is None or not (HTML / "book/preface.html").exists():
        unavailable(f"the book is not built, or {browser.ADVICE}")
    with browser.serve(HTML) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**browser.launch_options(executable))
        page = chromium.new_page(viewport={"width": 375, "height": height})
        page.set_default_timeout(120_000)
        page.goto(f"{address}/book/preface.html", wait_until="load")
        page.locator(".front canvas").first.wait_for()
        for part in (".front-words > p", ".front-buttons a", ".front canvas"):
            box = page.locator(part).first.bounding_box()
            assert box["y"] >= 0, part
            assert box["y"] + box["height"] <= height, part
        chromium.close()


@pytest.mark.browser
def test_a_figure_fits_a_phone_and_is_enlarged_by_keyboard():
    import browser
    from playwright.sync_api import sync_playwright

    executable = browser.find_chromium()
    if executable is None or not (HTML / "notebooks/05_actor_gradient.html").exists():
        unavailable(f"the book is not built, or {browser.ADVICE}")
    widths = """figure => {
      const region = figure.querySelector('.ddpg-figure-scroll');
      return [region.scrollWidth - region.clientWidth, region.tabIndex];
    }"""
    with browser.serve(HTML) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**browser.launch_options(executable))
        page = chromium.new_page(viewport={"width": 375, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(f"{address}/notebooks/05_actor_gradient.html", wait_until="load")
        figure = page.locator("figure.ddpg-figure").first
        button = figure.get_by_role("button", name="Enlarge")
        assert figure.evaluate(widths) == [0, -1]
        button.focus()
        page.keyboard.press("Enter")
        beyond, stop = figure.evaluate(widths)
        assert beyond > 100
        assert stop == 0  # the arrow keys scroll it
        assert button.get_attribute("aria-pressed") == "true"
        page.keyboard.press("Enter")
        assert figure.evaluate(widths) == [0, -1]
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_function("document.querySelector('.ddpg-enlarge').hidden")
        chromium.close()
