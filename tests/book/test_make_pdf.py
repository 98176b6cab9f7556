"""Parts of the printed book are joined so that links between pages lead to sheets."""

import os

import pytest
from built import HTML
from make_pdf import WIDTH, Part, alone, join, prepare, print_page
from printed import listed
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link

SERVED, PUBLISHED = "http://127.0.0.1:1", "https://o.github.io/b"


def printed(path, sheets, links):
    """A PDF of empty sheets whose first holds links to addresses."""
    writer = PdfWriter()
    for _ in range(sheets):
        writer.add_blank_page(600, 800)
    for uri in links:
        writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url=uri))
    with path.open("wb") as file:
        writer.write(file)
    return path


@pytest.fixture
def parts(tmp_path):
    first = Part("notebooks/00_a", "0. A", 0, tmp_path / "a.pdf", "The whole", first=1, sheets=2)
    first.places = {"eq-0-1": (1, 321.0)}
    second = Part("notebooks/01_b", "1. B", 0, tmp_path / "b.pdf", first=3, sheets=1)
    printed(first.file, 2, [f"{SERVED}/notebooks/01_b.html", "https://elsewhere.org/x"])
    uris = [f"{SERVED}/notebooks/00_a.html#eq-0-1", f"{SERVED}/book/checks.html#check-0-1"]
    printed(second.file, 1, uris)
    return [first, second]


def leads(reader, sheet):
    """Where the links of a sheet lead: the number of a sheet and a height, or an address."""
    numbers = {page.indirect_reference.idnum: i for i, page in enumerate(reader.pages)}
    found = []
    for reference in reader.pages[sheet]["/Annots"]:
        link = reference.get_object()
        if "/Dest" in link:
            place = link["/Dest"]
            sheet, top = numbers[list.__getitem__(place, 0).idnum], place[3]
            found.append((sheet, float(top) if isinstance(top, (int, float)) else None))
        else:
            found.append(str(link["/A"]["/URI"]))
    return found


def test_links_between_parts_lead_to_sheets(parts, tmp_path):
    front = printed(tmp_path / "front.pdf", 1, ["http://book/notebooks/00_a.html"])
    out = tmp_path / "book.pdf"
    assert join(front, parts, SERVED, PUBLISHED, "T", "A", out) == 3
    reader = PdfReader(out)
    assert leads(reader, 0) == [(1, None)]
    assert leads(reader, 1) == [(3, None), "https://elsewhere.org/x"]
    assert leads(reader, 3) == [(2, 321.0), f"{PUBLISHED}/book/checks.html#check-0-1"]
    assert reader.page_labels == ["i", "1", "2", "3"]
    titles = [x.title if not isinstance(x, list) else [y.title for y in x] for x in reader.outline]
    assert titles == ["The whole", ["0. A", "1. B"]]


def test_a_chapter_alone_leads_to_the_site(parts, tmp_path):
    alone(parts[1], SERVED, PUBLISHED, "A", tmp_path / "b_alone.pdf")
    reader = PdfReader(tmp_path / "b_alone.pdf")
    assert leads(reader, 0)[0] == f"{PUBLISHED}/notebooks/00_a.html#eq-0-1"
    assert reader.page_labels == ["3"]


def test_the_reference_is_not_printed():
    deeper = {"file": "notebooks/00_a", "sections": [{"file": "notebooks/00a_c"}]}
    toc = {"root": "book/preface", "parts": [{"caption": "I", "chapters": [deeper]}]}
    toc["parts"].append({"caption": "R", "chapters": [{"file": "book/api/x"}]})
    expected = [("book/preface", 0, ""), ("notebooks/00_a", 0, "I"), ("notebooks/00a_c", 1, "")]
    assert list(listed(toc)) == expected


ON_PAPER = """() => ({
  moving: document.getAnimations().length,
  closed: document.querySelectorAll('article details:not([open])').length,
  labels: [...document.querySelectorAll('details.hide > summary .expanded')]
    .map(e => e.textContent),
  right: Math.max(...[...document.querySelectorAll('article :is(table, pre, mjx-math)')]
    .map(e => e.getBoundingClientRect().right)),
  stills: document.querySelectorAll('video').length,
})"""
# As wide as four sheets.
WIDE = """() => document.querySelector('article table').rows[0].insertAdjacentHTML(
  'beforeend', `<td><div style="width: ${4 * innerWidth}px">wide</div></td>`)"""


@pytest.mark.browser
def test_a_page_is_printed_whole(tmp_path):
    """Folds are open and seen at once, nothing is wider than the sheet, equations have places."""
    import browser
    from playwright.sync_api import sync_playwright

    executable, name = browser.find_chromium(), "notebooks/10a_gradient_checks"
    if executable is None or not (HTML / f"{name}.html").exists():
        reason = browser.ADVICE if executable is None else f"no book in {HTML}: run `make book`"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    part = Part(name, "", 1, tmp_path / "part.pdf")
    with browser.serve(HTML) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**browser.launch_options(executable))
        tab = chromium.new_context(java_script_enabled=False).new_page()
        print_page(tab, address, PUBLISHED, part, first=7)
        found = tab.evaluate(ON_PAPER)
        tab.evaluate(WIDE)
        assert tab.evaluate(ON_PAPER)["right"] > 3 * WIDTH
        prepare(tab, PUBLISHED)
        again = tab.evaluate(ON_PAPER)
        chromium.close()
    assert found["moving"] == found["closed"] == found["stills"] == 0
    assert set(found["labels"]) == {"Solution"}
    assert 0.5 * WIDTH < found["right"] <= WIDTH + 1
    assert again["right"] <= WIDTH + 1
    assert part.title == "10a. How exact is a gradient check?"
    assert (part.first, part.sheets) == (7, len(PdfReader(part.file).pages))
    assert {"eq-10a-1", "proposition-10", "sources"} <= part.places.keys()
