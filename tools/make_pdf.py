"""Print the built book: one PDF of the whole, and one of every chapter: ``make pdf``.

Chromium prints each page by the style sheet's rules for paper, in the order of ``_toc.yml``, and
numbers its sheets on from those before. Then the parts are joined, links between pages are made to
lead to sheets, and a title and a table of contents go before. The reference of the library and the
pages of checks stay on the site: links to them, and in the PDF of a single chapter to other
chapters, lead to the published page.

Writes ``_pdf/ddpg-book.pdf`` and ``_pdf/CHAPTER.pdf`` beside the built pages, with links in the
preface and in the foot of each chapter. Needs Chromium and some minutes.
"""

from __future__ import annotations

import argparse
import html
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from browser import ADVICE, find_chromium, launch_options, serve
from playwright.sync_api import Page, sync_playwright
from printed import ROOT, offer, open_page, settings, title_of
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
    TextStringObject,
)

BOOK = '<p class="whole-book"><a href="../_pdf/ddpg-book.pdf">The whole book as a PDF</a>.</p>'
FOOT = '· <a href="{root}_pdf/{name}.pdf" download="{name}.pdf">PDF</a>'

# Chromium keeps the place of an element only if something on the same page links to it.
PREPARE = """first => {
  const links = document.createElement('div');
  links.hidden = true;
  document.querySelectorAll('article [id]').forEach(e => {
    if (e.closest('svg')) return;
    const a = document.createElement('a');
    a.href = '#' + e.id;
    links.append(a);
  });
  document.body.append(links);
  const style = document.createElement('style');
  style.textContent = `html { counter-reset: page ${first - 1}; }`;
  document.head.append(style);
  return Promise.all([document.fonts.ready,
    ...[...document.images].map(i => i.decode().catch(() => {}))]);
}"""
# What is wider than the paper is printed smaller.
FIT = """() => {
  document.querySelectorAll('article :is(table, mjx-container[display="true"])').forEach(e => {
    const room = e.parentElement.clientWidth, width = Math.max(e.scrollWidth, e.offsetWidth);
    if (room && width > room + 1) e.style.zoom = room / width;
  });
}"""
# An A4 sheet between the margins of `book.css`, in pixels of 1/96 inch.
WIDTH = round((210 - 2 * 22) / 25.4 * 96)


@dataclass
class Part:
    """One printed page of the book."""

    name: str
    title: str
    level: int
    file: Path
    caption: str = ""
    first: int = 0
    sheets: int = 0
    places: dict[str, tuple[int, float]] = field(default_factory=dict)


def prepare(tab: Page, address: str, first: int = 1) -> None:
    """Make the page that a tab shows ready for paper.

    Parameters
    ----------
    tab : Page
    address : str
        Where the page is published, for what does not move on paper.
    first : int
        The number of its first sheet.
    """
    tab.set_viewport_size({"width": WIDTH, "height": 1000})
    open_page(tab, address)
    tab.evaluate(PREPARE, first)
    tab.evaluate(FIT)


def print_page(tab: Page, address: str, published: str, part: Part, first: int) -> None:
    """Print one page of the site into ``part.file``, its sheets numbered from ``first``."""
    tab.goto(f"{address}/{part.name}.html", wait_until="load")
    part.title = title_of(tab)
    prepare(tab, f"{published}/{part.name}.html", first)
    tab.pdf(path=part.file, prefer_css_page_size=True, print_background=True, tagged=True)
    reader = PdfReader(part.file)
    part.first, part.sheets = first, len(reader.pages)
    for anchor, place in reader.named_destinations.items():
        sheet = reader.get_destination_page_number(place)
        if sheet is not None and place.top is not None:
            part.places[unquote(anchor.lstrip("/"))] = (sheet, float(place.top))


def contents(parts: list[Part], title: str, author: str, published: str) -> str:
    """Return the HTML of the title and the table of contents, to be printed before the parts."""
    rows = []
    for part in parts:
        if part.caption:
            rows.append(f"<h2>{html.escape(part.caption)}</h2>")
        rows.append(
            f'<p class="level{part.level}"><a href="http://book/{part.name}.html">'
            f"<span>{html.escape(part.title)}</span><i></i><b>{part.first}</b></a></p>"
        )
    style = (ROOT / "tools/pdf_contents.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style><header><h1>{title}</h1><p>{author}</p>"
        f'<p><a href="{published}/">{published}</a></p>'
        "<p>The figures and films of the site are stills here, each with its address; the "
        "reference of the library and the tests of the equations are on the site alone.</p>"
        f"</header><main><h1>Contents</h1>{''.join(rows)}</main></html>"
    )


def go_to(page: Any, top: float | None) -> ArrayObject:
    """A place in a document: a sheet and the height on it."""
    height = NullObject() if top is None else FloatObject(top)
    return ArrayObject([page, NameObject("/XYZ"), NullObject(), height, NullObject()])


def lead(
    writer: PdfWriter, parts: list[Part], starts: dict[str, int], served: str, published: str
) -> int:
    """Make links between the pages of ``writer`` lead to its sheets; return how many do.

    Parameters
    ----------
    writer : PdfWriter
    parts : list of Part
        The parts of which it holds the sheets.
    starts : dict
        The index of each part's first sheet.
    served, published : str
        The address at which the pages were printed, and the public one.
    """
    by_name, done = {part.name: part for part in parts}, 0
    owner = {
        starts[part.name] + i: part
        for part in parts
        if part.name in starts
        for i in range(part.sheets)
    }
    for index, page in enumerate(writer.pages):
        for reference in page.get("/Annots", []):
            link = reference.get_object()
            if link.get("/Subtype") != "/Link":
                continue
            action = link.get("/A", {}).get_object() if "/A" in link else {}
            uri, inside = str(action.get("/URI", "")), link.get("/Dest", action.get("/D"))
            name, anchor = "", ""
            if inside is not None and not isinstance(inside, ArrayObject) and index in owner:
                name, anchor = owner[index].name, unquote(str(inside).lstrip("/"))
            elif uri.startswith((served, "http://book/")):
                address, anchor = urldefrag(uri)
                name = unquote(urlsplit(address).path).strip("/").removesuffix(".html")
                anchor = unquote(anchor)
            else:
                continue
            if name in by_name and name in starts:
                sheet, top = by_name[name].places.get(anchor, (0, None))
                target = writer.pages[starts[name] + sheet].indirect_reference
                link.pop("/A", None)
                link[NameObject("/Dest")] = go_to(target, top)
                done += 1
            elif uri:
                rest = urlsplit(uri)
                public = published + rest.path + (f"#{rest.fragment}" if rest.fragment else "")
                link[NameObject("/A")] = DictionaryObject(
                    {
                        NameObject("/S"): NameObject("/URI"),
                        NameObject("/URI"): TextStringObject(public),
                    }
                )
    return done


def write(writer: PdfWriter, path: Path, title: str, author: str) -> None:
    """Write a PDF with its title, opened with the list of its parts beside it."""
    writer.add_metadata({"/Title": title, "/Author": author})
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    with path.open("wb") as file:
        writer.write(file)


def join(
    front: Path, parts: list[Part], served: str, published: str, title: str, author: str, out: Path
) -> int:
    """Join the front and the parts into ``out``; return how many links lead to sheets of it."""
    writer, starts = PdfWriter(), dict[str, int]()
    writer.append(str(front), import_outline=False)
    before = len(writer.pages)
    for part in parts:
        starts[part.name] = len(writer.pages)
        writer.append(str(part.file), import_outline=False)
    parents: dict[int, Any] = {}
    group = None
    for part in parts:
        at = starts[part.name]
        if part.caption:
            group = writer.add_outline_item(title=part.caption, page_number=at)
        above = parents.get(0) if part.level and 0 in parents else group
        item = writer.add_outline_item(title=part.title, page_number=at, parent=above)
        if not part.level:
            parents[0] = item
    writer.set_page_label(0, before - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(before, len(writer.pages) - 1, style=PageLabelStyle.DECIMAL)
    done = lead(writer, parts, starts, served, published)
    writer.page_mode = "/UseOutlines"
    write(writer, out, title, author)
    return done


def alone(part: Part, served: str, published: str, author: str, out: Path) -> None:
    """Write the PDF of one part, whose links to others lead to the site."""
    writer = PdfWriter()
    writer.append(str(part.file))
    writer.set_page_label(0, part.sheets - 1, style=PageLabelStyle.DECIMAL, start=part.first)
    lead(writer, [part], {part.name: 0}, served, published)
    write(writer, out, part.title, author)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--html", type=Path, default=ROOT / "_build/html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build/pdf")
    parser.add_argument("--only", nargs="*", help="print only pages whose name holds one of these")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(ADVICE, file=sys.stderr)
        return 1
    book = settings()
    published, title, author = book.published, book.title, book.author
    (options.out / "parts").mkdir(parents=True, exist_ok=True)
    parts, first = [], 1
    with serve(options.html) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        context = browser.new_context(java_script_enabled=False, color_scheme="light")
        context.set_default_timeout(300_000)
        tab = context.new_page()
        for name, level, caption in book.pages:
            if options.only and not any(word in name for word in options.only):
                continue
            part = Part(name, "", level, options.out / "parts" / f"{name.replace('/', '-')}.pdf")
            part.caption = caption
            print_page(tab, served, published, part, first)
            first += part.sheets
            parts.append(part)
        front = options.out / "parts" / "front.pdf"
        tab.goto(f"{served}/{book.root}.html")  # whose fonts the front may use
        tab.set_content(contents(parts, title, author, published))
        tab.pdf(path=front, prefer_css_page_size=True, print_background=True)
        browser.close()
    # A part of the book, for a look, is not offered to readers.
    folder = options.out if options.only else options.html / "_pdf"
    whole = folder / "ddpg-book.pdf"
    links = join(front, parts, served, published, title, author, whole)
    for part in parts:
        if part.name.startswith("notebooks/"):
            name = Path(part.name).name
            alone(part, served, published, author, folder / f"{name}.pdf")
            if not options.only:
                offer(options.html, part.name, "pdf", FOOT.format(root="../", name=name))
    if not options.only:
        offer(options.html, book.root, "pdf", BOOK)
    size = whole.stat().st_size / 1e6
    print(f"{first - 1} pages, {links} links between them, {size:.1f} MB: {whole}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
