"""Parts of the printed book are joined so that links between pages lead to sheets."""

import pytest
from make_pdf import Part, alone, join, listed
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
