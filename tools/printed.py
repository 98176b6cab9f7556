"""The built book without scripts, as make_pdf.py prints it and make_epub.py takes it along.

Both go through the same pages in the order of ``_toc.yml``, open what a reader would open, and show
films and living figures as stills with their addresses. The reference of the library and the pages
of checks stay on the site.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
NOT_PRINTED = ("book/api/", "book/checks")

# Scripts are off on the page: figures that one plays with are their stills. What a reader would
# open is open, except for the code of figures, and a film is its still with its address. The book
# does not offer itself.
OPEN = """address => {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.mode = 'light';
  document.querySelectorAll('.tag_hide-input details.above-input').forEach(e => e.remove());
  document.querySelectorAll('.whole-book, .front-buttons, .on-screen')
    .forEach(e => e.remove());
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  document.querySelectorAll('details.hide > summary .expanded').forEach(label => {
    const name = label.textContent.trim().replace(/^Hide the /, '');
    label.textContent = name[0].toUpperCase() + name.slice(1);
  });
  document.querySelectorAll('video').forEach(film => {
    const still = document.createElement('img');
    still.src = film.getAttribute('poster');
    still.alt = film.getAttribute('aria-label');
    still.style.width = film.getAttribute('width') + 'px';
    film.replaceWith(still);
    const where = document.createElement('span');
    where.className = 'printed-address';
    const figure = still.closest('figure');
    where.textContent = ' Film: ' + address + (figure.id ? '#' + figure.id : '');
    (figure.querySelector('figcaption')
      || figure.appendChild(document.createElement('figcaption'))).append(where);
  });
  document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; });
}"""


@dataclass(frozen=True)
class Book:
    """What the book's settings say of it.

    Attributes
    ----------
    title, author : str
    published : str
        The address of its pages.
    root : str
        The name of its first page.
    pages : tuple
        What :func:`listed` gives.
    """

    title: str
    author: str
    published: str
    root: str
    pages: tuple[tuple[str, int, str], ...]


def settings() -> Book:
    """Read ``_config.yml`` and ``_toc.yml``."""
    sys.path.insert(0, str(ROOT / "book/_ext"))
    from page_foot import published

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    address = published(config["repository"]["url"])
    return Book(config["title"], config["author"], address, toc["root"], tuple(listed(toc)))


def listed(toc: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Give the pages that are printed, in order: name, depth below a part, the part's caption."""
    yield toc["root"], 0, ""
    for part in toc["parts"]:
        caption = part["caption"]
        for chapter in part["chapters"]:
            for level, page in enumerate([chapter, *chapter.get("sections", [])]):
                if not page["file"].startswith(NOT_PRINTED):
                    yield page["file"], min(level, 1), caption
                    caption = ""


def open_page(tab: Page, address: str) -> None:
    """Open what is folded on the page that a tab shows, and put stills in place of films.

    Parameters
    ----------
    tab : Page
    address : str
        Where the page is published, for what does not move on paper.
    """
    tab.emulate_media(media="print", color_scheme="light", reduced_motion="reduce")
    tab.evaluate(OPEN, address)


def title_of(tab: Page) -> str:
    """Return the title of the page that a tab shows."""
    return tab.title().rsplit(" — ", 1)[0]


def offer(folder: Path, name: str, kind: str, link: str) -> None:
    """Put a link where the page ``name`` has a mark such as ``<!-- pdf -->`` for its kind."""
    path = folder / f"{name}.html"
    page = path.read_text(encoding="utf-8")
    path.write_text(page.replace(f"<!-- {kind} -->", link, 1), encoding="utf-8")
