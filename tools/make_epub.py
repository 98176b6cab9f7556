"""Make one EPUB of the built book, for phones and e-readers: ``make epub``.

The same pages as in the PDF, in the same order, prepared in the same way (see ``printed.py``), then
turned into what readers of EPUBs show (see ``reflow.py``). Links between pages lead inside the
book, those to pages that stay on the site to the published page. No scripts, nothing remote; the
letters of formulas come along, since few devices have a font for mathematics.

Writes ``_epub/ddpg-book.epub`` beside the built pages, with a link in the preface. The same pages
make the same bytes. Needs Chromium and less than a minute.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import io
import posixpath
import subprocess
import sys
import uuid
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urlsplit
from xml.etree.ElementTree import Element, SubElement

from browser import ADVICE, find_chromium, launch_options, serve
from fontTools import subset
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright
from printed import ROOT, Book, offer, open_page, settings, title_of
from reflow import (
    RULE,
    drawing,
    formulas,
    narrow,
    parse,
    plain_page,
    serialize,
    slanted,
    text_of,
)

SOURCE = ROOT / "tools/epub"
LINK = (
    '<p class="whole-book"><a href="../_epub/ddpg-book.epub">The whole book as an EPUB</a>, '
    "for phones and e-readers.</p>"
)
LICENSE = "https://creativecommons.org/licenses/by/4.0/"
WIDEST = 1400  # pixels of a picture: more than a page of an e-reader has
FONT = "book-math.otf"
PHONE = 16.0  # the width of a phone's page in em, at the least

# What stands only on the site goes; of a formula its MathML stays; letters that drawings share, and
# the styles and colors by which these refer to them, come along.
TAKE = """() => {
  const article = document.querySelector('article.bd-article');
  const letters = article.querySelector('.ddpg-letters');
  const drop = '.ddpg-letters, .headerlink, .equation-check, .page-foot, script,'
    + ' link, .toctree-wrapper, .collapsed, .citation > .label, .backrefs, mjx-math, .copybtn';
  article.querySelectorAll('mjx-container').forEach(e => e.replaceWith(e.querySelector('math')));
  article.querySelectorAll(drop).forEach(e => e.remove());
  const comments = document.createNodeIterator(article, NodeFilter.SHOW_COMMENT);
  for (let c; (c = comments.nextNode());) c.remove();
  const write = node => new XMLSerializer().serializeToString(node);
  const sheet = [...document.head.querySelectorAll('style')].map(s => s.textContent).join('');
  const computed = getComputedStyle(document.documentElement);
  const names = new Set(article.innerHTML.concat(sheet).match(/--[a-z][\\w-]*/g));
  const colors = {};
  for (const name of names) colors[name] = computed.getPropertyValue(name).trim();
  return {article: write(article), letters: letters ? write(letters) : '', sheet, colors};
}"""
MEASURE = """async () => {
  await document.fonts.ready;
  return [...document.querySelectorAll('body > div > span > :first-child')]
    .map(e => e.getBoundingClientRect().width / 16);
}"""


@dataclass
class Chapter:
    """One page of the book.

    Attributes
    ----------
    name, title, level, caption :
        Its name on the site, its title, its depth below a part, the caption of the part that
        begins with it.
    body : Element
        Its article.
    formulas : list of Element
        Its formulas.
    sections : list of tuple
        Anchor and title of its sections.
    anchors : set of str
        All places in it that a link can lead to.
    """

    name: str
    title: str
    level: int
    caption: str
    body: Element
    formulas: list[Element] = field(default_factory=list)
    sections: list[tuple[str, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    @property
    def file(self) -> str:
        """Its name in the EPUB."""
        return Path(self.name).name + ".xhtml"


class Pictures:
    """The pictures of the book, each in a file."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.files: dict[str, bytes] = {}

    def add(self, stem: str, suffix: str, data: bytes) -> str:
        """Store a picture, once if it is shown twice; return its address from a page."""
        digest = hashlib.sha256(data).hexdigest()[:8]
        known = next((x for x in self.files if digest in x), None)
        name = known or f"{stem}-{digest}{suffix}"
        self.files[name] = data
        return f"../pictures/{name}"

    def shrunk(self, path: Path) -> bytes:
        """Return a picture's bytes, with no more pixels than a page needs."""
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width <= WIDEST:
                return data
            smaller = picture.resize((WIDEST, round(picture.height * WIDEST / picture.width)))
            buffer = io.BytesIO()
            smaller.save(buffer, picture.format, quality=85, optimize=True)
        return buffer.getvalue()


# ---- Pages ----


def take(tab: Tab, address: str, book: Book, entry: tuple[str, int, str], to: Pictures) -> Chapter:
    """Take one page of the site, its pictures into ``to``."""
    name, level, caption = entry
    tab.goto(f"{address}/{name}.html", wait_until="load")
    title = "Preface" if name == book.root else title_of(tab)
    open_page(tab, f"{book.published}/{name}.html")
    found: dict[str, Any] = tab.evaluate(TAKE)
    body = parse(found["article"])
    shared = parse(found["letters"]).iter() if found["letters"] else iter(())
    letters = {e.get("id", ""): e for e in shared}
    styles = dict(RULE.findall(found["sheet"]))
    stem = Path(name).name

    def store(e: Element) -> str:
        if e.tag == "svg":
            text = drawing(e, letters, styles, found["colors"])
            return to.add(stem, ".svg", text.encode())
        path = to.site / posixpath.normpath(
            posixpath.join(posixpath.dirname(name), e.get("src", ""))
        )
        return to.add(stem, path.suffix.lower(), to.shrunk(path))

    body.tag, body.attrib = "main", {}
    plain_page(body, store)
    return finished(Chapter(name, title, level, caption, body))


def finished(chapter: Chapter) -> Chapter:
    """Set a page's formulas, make its addresses links, and note its sections and places."""
    chapter.formulas = list(formulas(chapter.body))
    for e in chapter.body.iter():
        if e.tag == "span" and e.get("class") == "address":
            before, scheme, address = (e.text or "").partition("https://")
            e.text = before
            SubElement(e, "a", {"href": scheme + address}).text = scheme + address
        if "id" in e.attrib:
            chapter.anchors.add(e.attrib["id"])
        if e.tag == "section" and (head := e.find("h2")) is not None and "id" in e.attrib:
            chapter.sections.append((e.attrib["id"], text_of(head)))
    return chapter


def lead(chapters: list[Chapter], published: str) -> tuple[int, list[str]]:
    """Make links between pages lead inside the book, all others to the site.

    Returns
    -------
    inside : int
        How many lead inside.
    lost : list of str
        Those to places that a page of the book does not have here, such as a state of a living
        figure. They lead to the site.
    """
    by_name, inside, lost = {x.name: x for x in chapters}, 0, []
    for chapter in chapters:
        for a in chapter.body.iter("a"):
            address, anchor = urldefrag(a.get("href", ""))
            if urlsplit(address).scheme:
                continue
            here = posixpath.dirname(chapter.name)
            path = posixpath.normpath(posixpath.join(here, address)) if address else chapter.name
            name, anchor = unquote(path).removesuffix(".html"), unquote(anchor)
            target = by_name.get(name)
            if target and (not anchor or anchor in target.anchors):
                file = "" if target is chapter and anchor else target.file
                a.set("href", file + (f"#{quote(anchor)}" if anchor else ""))
                inside += 1
                continue
            if target:
                lost.append(f"{chapter.name}: {a.get('href')}")
            page = path if address else path + ".html"
            a.set(
                "href", f"{published}/{page}" + (f"#{quote(anchor, safe='?=&')}" if anchor else "")
            )
    return inside, lost


def font(chapters: list[Chapter]) -> bytes:
    """Return the font of formulas with those of its letters alone that the book's formulas use.

    Raises
    ------
    ValueError
        If it lacks one.
    """
    options = subset.Options(notdef_outline=True, layout_features=["*"], name_IDs=["*"])
    letters = subset.load_font(str(SOURCE / FONT), options)
    used = {ord(c) for x in chapters for e in x.formulas for text in e.itertext() for c in text}
    known = set(letters.getBestCmap())
    if missing := used - known - {0x20, 0xA0, 0x2061}:
        raise ValueError(
            f"{FONT} has no {', '.join(sorted(map(chr, missing)))}: see tools/math_font.py"
        )
    cut = subset.Subsetter(options)
    # A single letter is a variable, which readers draw slanted.
    cut.populate(unicodes=used | set(map(ord, map(slanted, map(chr, used)))))
    cut.subset(letters)
    buffer = io.BytesIO()
    subset.save_font(letters, buffer, options)
    return buffer.getvalue()


def fit(tab: Tab, chapters: list[Chapter], letters: bytes) -> None:
    """Measure every formula and table; what is wider than a phone becomes smaller there."""
    data = base64.b64encode(letters).decode()
    style = (
        (SOURCE / "book.css")
        .read_text(encoding="utf-8")
        .replace(FONT, f"data:font/otf;base64,{data}")
    )
    style += "body { font-size: 16px; } table { font-size: 16px; width: min-content; }"
    style += "math { display: inline math; }"
    found = [e for x in chapters for e in x.body.iter() if e.tag in ("math", "table")]
    rows = "".join(f"<div><span>{serialize(e)}</span></div>" for e in found)
    tab.set_viewport_size({"width": 2000, "height": 1000})
    tab.emulate_media(media="screen")
    tab.set_content(f"<!DOCTYPE html><style>{style}</style>{rows}")
    widths = tab.evaluate(MEASURE)
    for e, width in zip(found, widths, strict=True):
        if width > PHONE:
            narrow(e, width)


def document(title: str, body: str, kind: str = "bodymatter", up: str = "../") -> str:
    """Return an XHTML page."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'lang="en" xml:lang="en">\n<head><meta charset="utf-8"/>'
        f"<title>{html.escape(title)}</title>"
        f'<link rel="stylesheet" href="{up}book.css"/></head>\n<body epub:type="{kind}">\n'
        f"{body}\n</body>\n</html>\n"
    )


# ---- Front ----


def cover(tab: Tab, address: str, book: Book, about: dict[str, Any]) -> bytes:
    """Draw the cover: the title over the preface's picture."""
    tab.set_viewport_size({"width": 600, "height": 800})
    tab.emulate_media(media="screen", color_scheme="light")
    tab.goto(f"{address}/{book.root}.html", wait_until="load")
    picture = tab.evaluate("document.querySelector('.living-still svg').outerHTML")
    letters = tab.evaluate("document.querySelector('.ddpg-letters')?.outerHTML || ''")
    sheet = tab.evaluate(
        "[...document.head.querySelectorAll('style')].map(s => s.textContent).join('')"
    )
    style = (SOURCE / "cover.css").read_text(encoding="utf-8")
    title, _, subtitle = about["title"].partition(": ")
    tab.set_content(
        f'<!DOCTYPE html><html lang="en"><style>{sheet}{style}</style>{letters}'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(subtitle)}</p>{picture}"
        f"<footer>{html.escape(book.author)}</footer></html>"
    )
    tab.evaluate("document.fonts.ready")
    return tab.screenshot(type="jpeg", quality=88)


def title_page(book: Book, about: dict[str, Any], date: datetime) -> str:
    """Return the XHTML of the title page."""
    title, _, subtitle = about["title"].partition(": ")
    day = f"{date.day} {date:%B %Y}"
    return document(
        about["title"],
        f'<section class="front"><h1>{html.escape(title)}</h1>'
        f'<p class="subtitle">{html.escape(subtitle)}</p><p>{html.escape(book.author)}</p>'
        f"<p>Version {about['version']}, {day}</p>"
        f'<p><a href="{book.published}/">{book.published}</a></p>'
        f'<p class="small">Text and figures are licensed under <a href="{LICENSE}">CC BY 4.0</a>, '
        "the code under the MIT license, the letters of the formulas under the SIL Open Font "
        "License.</p>"
        '<p class="small">The figures and films of the site are stills here, each with its '
        "address; the reference of the library and the tests of the equations are on the site "
        "alone. What is folded there is open here, solutions too: they stand below their "
        "exercises.</p></section>",
        "titlepage",
    )


def navigation(chapters: list[Chapter]) -> str:
    """Return the XHTML of the contents: parts, chapters with their deeper pages, sections."""
    top: list[Any] = []  # of (title, address, entries)
    part: list[Any] = top
    chapter: list[Any] = top
    for x in chapters:
        address = f"text/{x.file}"
        entry: Any = (x.title, address, [(t, f"{address}#{quote(a)}", []) for a, t in x.sections])
        if x.caption:
            part = []
            top.append((x.caption, address, part))
        if x.level:
            chapter.append(entry)
        else:
            part.append(entry)
            chapter = entry[2]

    def ordered(entries: list[Any]) -> str:
        rows = (
            f'<li><a href="{address}">{html.escape(title)}</a>'
            f"{ordered(below) if below else ''}</li>"
            for title, address, below in entries
        )
        return f"<ol>{''.join(rows)}</ol>"

    first = f"text/{chapters[0].file}"
    body = (
        f'<nav epub:type="toc" role="doc-toc" id="toc"><h1>Contents</h1>{ordered(top)}</nav>'
        '<nav epub:type="landmarks" hidden="hidden"><h2>Landmarks</h2><ol>'
        '<li><a epub:type="cover" href="text/cover.xhtml">Cover</a></li>'
        '<li><a epub:type="titlepage" href="text/title.xhtml">Title</a></li>'
        '<li><a epub:type="toc" href="#toc">Contents</a></li>'
        f'<li><a epub:type="bodymatter" href="{first}">Text</a></li></ol></nav>'
    )
    return document("Contents", body, "frontmatter", "")


# ---- The container ----

KINDS = {
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".otf": "application/vnd.ms-opentype",
}
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
ACCESS = (
    ("schema:accessMode", "textual"),
    ("schema:accessMode", "visual"),
    ("schema:accessModeSufficient", "textual,visual"),
    ("schema:accessModeSufficient", "textual"),
    *(
        ("schema:accessibilityFeature", x)
        for x in (
            "alternativeText",
            "displayTransformability",
            "MathML",
            "readingOrder",
            "structuralNavigation",
            "tableOfContents",
        )
    ),
    ("schema:accessibilityHazard", "none"),
    (
        "schema:accessibilitySummary",
        "Every figure has a description, every formula is MathML, every page has headings.",
    ),
)


def package(
    book: Book, about: dict[str, Any], date: datetime, files: dict[str, bytes], order: list[str]
) -> str:
    """Return the package document.

    Parameters
    ----------
    book : Book
    about : dict
        ``CITATION.cff``.
    date : datetime
    files : dict
        The content of every file by its name.
    order : list of str
        The names of the pages, as one reads them.
    """
    ids = {name: f"f{i}" for i, name in enumerate(files)}
    special = {"nav.xhtml": "nav", "pictures/cover.jpg": "cover-image"}
    items = []
    for name, ident in ids.items():
        properties = [special[name]] if name in special else []
        if name.endswith(".xhtml") and b"<math" in files[name]:
            properties.append("mathml")
        said = f' properties="{" ".join(properties)}"' if properties else ""
        kind = KINDS[Path(name).suffix]
        items.append(f'<item id="{ident}" href="{name}" media-type="{kind}"{said}/>')
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, book.published)
    words = {
        "dc:title": about["title"],
        "dc:creator": book.author,
        "dc:language": "en",
        "dc:date": f"{date:%Y-%m-%d}",
        "dc:publisher": book.author,
        "dc:source": book.published,
        "dc:rights": f"Text and figures: CC BY 4.0, {LICENSE}. Code: MIT.",
    }
    lines = [f"<{k}>{html.escape(v)}</{k}>" for k, v in words.items()]
    lines += [f"<dc:subject>{html.escape(x)}</dc:subject>" for x in about["keywords"]]
    lines.append(f'<meta property="dcterms:modified">{date:%Y-%m-%dT%H:%M:%SZ}</meta>')
    lines += [f'<meta property="{k}">{html.escape(v)}</meta>' for k, v in ACCESS]
    lines.append(f'<meta name="cover" content="{ids["pictures/cover.jpg"]}"/>')
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" xml:lang="en" '
        'unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>\n'
        + "\n".join(lines)
        + "\n</metadata>\n<manifest>\n"
        + "\n".join(items)
        + "\n</manifest>\n<spine>\n"
        + "\n".join(f'<itemref idref="{ids[name]}"/>' for name in order)
        + "\n</spine>\n</package>\n"
    )


def write(path: Path, files: dict[str, bytes]) -> None:
    """Write the container: its type first and as it is, no dates, all else compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {"mimetype": b"application/epub+zip", **files}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def edition(about: dict[str, Any]) -> datetime:
    """Return when the commit was made from which the book is built; without Git, the release."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        day = datetime.fromisoformat(str(about["date-released"]))
        return day.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(int(done.stdout), timezone.utc)


def make(site: Path, out: Path, chromium: str, only: list[str] | None = None) -> str:
    """Make the EPUB of the built pages in ``site``; return what is to be said of it.

    Parameters
    ----------
    site, out : Path
    chromium : str
    only : list of str, optional
        Take only pages whose name holds one of these.
    """
    book = settings()
    from page_foot import citation

    about = citation(ROOT / "CITATION.cff")
    date = edition(about)
    pictures = Pictures(site)
    with serve(site) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        context = browser.new_context(java_script_enabled=False, device_scale_factor=2)
        context.set_default_timeout(300_000)
        tab = context.new_page()
        chapters = [
            take(tab, served, book, entry, pictures)
            for entry in book.pages
            if not only or any(word in entry[0] for word in only)
        ]
        letters = font(chapters)
        fit(tab, chapters, letters)
        front = cover(tab, served, book, about)
        browser.close()
    inside, lost = lead(chapters, book.published)
    image = f'<img class="cover" src="../pictures/cover.jpg" alt="{html.escape(about["title"])}"/>'
    pages = {
        "text/cover.xhtml": document("Cover", image, "cover"),
        "text/title.xhtml": title_page(book, about, date),
        "nav.xhtml": navigation(chapters),
        **{f"text/{x.file}": document(x.title, serialize(x.body)) for x in chapters},
    }
    files = {
        **{name: text.encode() for name, text in pages.items()},
        "book.css": (SOURCE / "book.css").read_bytes(),
        FONT: letters,
        "pictures/cover.jpg": front,
        **{f"pictures/{name}": data for name, data in pictures.files.items()},
    }
    opf = package(book, about, date, files, list(pages)).encode()
    inner = {f"EPUB/{name}": data for name, data in {"package.opf": opf, **files}.items()}
    write(out, {"META-INF/container.xml": CONTAINER.encode(), **inner})
    for link in lost:
        print(f"leads to the site, not to a place in the book: {link}")
    size = out.stat().st_size / 1e6
    count = sum(len(x.formulas) for x in chapters)
    return (
        f"{len(chapters)} pages, {count} formulas, {len(pictures.files)} pictures, "
        f"{inside} links inside the book, {size:.1f} MB: {out}"
    )


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--html", type=Path, default=ROOT / "_build/html")
    parser.add_argument("--out", type=Path, help="default: _epub/ddpg-book.epub in the pages")
    parser.add_argument("--only", nargs="*", help="take only pages whose name holds one of these")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(ADVICE, file=sys.stderr)
        return 1
    # A part of the book, for a look, is not offered to readers.
    folder = ROOT / "_build/epub" if options.only else options.html / "_epub"
    print(make(options.html, options.out or folder / "ddpg-book.epub", chromium, options.only))
    if not options.only and not options.out:
        offer(options.html, settings().root, "epub", LINK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
