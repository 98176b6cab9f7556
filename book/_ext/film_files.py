"""The notebooks' films as files beside the pages, a gallery of them all, and one on another page.

A notebook holds a film inside itself, so that it plays wherever the notebook is opened. In a page
that would be megabytes to load before the first word; the page names a file instead, and each film
has an address, ``#film-`` and the beginning of its checksum. Two directives show films elsewhere:
``film-gallery`` all of the book, ``film`` the first of the chapter that it names.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
FOLDER = "_films"
FIGURE = re.compile(r'<figure class="ddpg-film">(?P<inside>.*?)</figure>', re.DOTALL)
DATA = re.compile(r"data:(?P<kind>video/mp4|image/jpeg);base64,(?P<data>[A-Za-z0-9+/=\s]+)")
SUFFIX = {"video/mp4": ".mp4", "image/jpeg": ".jpg"}
# Films move only for readers whose system does not ask for stillness.
PLAY = """<script>
if (matchMedia("(prefers-reduced-motion: no-preference)").matches)
  document.currentScript.parentElement.querySelector("video").play().catch(() => {});
</script>"""


@dataclass(frozen=True)
class Film:
    """One film of a notebook: its page, its names on disk, and the words that go with it."""

    docname: str
    ident: str
    video: str
    still: str
    width: str
    label: str
    caption: str


class gallery(nodes.General, nodes.Element):  # type: ignore[misc]
    """The place of the gallery, until all pages are read."""


class one_film(nodes.General, nodes.Element):  # type: ignore[misc]
    """The place of the first film of the page ``chapter``."""


class Gallery(SphinxDirective):
    """All films of the book, in its order."""

    def run(self) -> list[nodes.Node]:
        """Mark the place."""
        self.env.films_shown.add(self.env.docname)  # type: ignore[attr-defined]
        return [gallery("")]


class OneFilm(SphinxDirective):
    """The first film of the chapter that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Mark the place."""
        self.env.films_shown.add(self.env.docname)  # type: ignore[attr-defined]
        node = one_film("", chapter=self.arguments[0])
        self.set_source_info(node)
        return [node]


def name_of(part: re.Match[str]) -> str:
    """Return the name of the file that a ``data:`` address of a film becomes."""
    digest = hashlib.sha256(base64.b64decode(part["data"])).hexdigest()[:16]
    return digest + SUFFIX[part["kind"]]


def films_in(text: str, docname: str) -> list[Film]:
    """Return the films that a notebook's HTML holds.

    Raises
    ------
    ValueError
        If a film lacks its data, its still or its label.
    """
    found = []
    for figure in FIGURE.finditer(text):
        inside = figure["inside"]
        files = {part["kind"]: name_of(part) for part in DATA.finditer(inside)}
        words = dict(re.findall(r'\b(aria-label|width)="([^"]*)"', inside))
        if files.keys() != SUFFIX.keys() or words.keys() != {"aria-label", "width"}:
            raise ValueError(f"a film of {docname} has no data, still, label or width")
        caption = re.search(r"<figcaption>(.*?)</figcaption>", inside, re.DOTALL)
        video, still = files["video/mp4"], files["image/jpeg"]
        ident = "film-" + video[:8]
        label, width = html.unescape(words["aria-label"]), words["width"]
        said = html.unescape(caption[1]) if caption else ""
        found.append(Film(docname, ident, video, still, width, label, said))
    return found


def on_page(text: str, docname: str, folder: Path | None) -> str:
    """Return a notebook's HTML with each film in a file of its own, written into ``folder``."""

    def save(part: re.Match[str]) -> str:
        name = name_of(part)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(base64.b64decode(part["data"]))
        return "../" * docname.count("/") + f"{FOLDER}/{name}"

    def mend(figure: re.Match[str]) -> str:
        (film,) = films_in(figure[0], docname)
        inside = DATA.sub(save, figure["inside"])
        return f'<figure class="ddpg-film" id="{film.ident}">{inside}</figure>'

    return FIGURE.sub(mend, text)


def video(film: Film, here: str, preload: str) -> str:
    """HTML of a film on the page ``here``; whoever preloads nothing sees its still."""
    up = "../" * here.count("/")
    label = html.escape(film.label)
    return (
        f'<video controls loop muted playsinline preload="{preload}" width="{film.width}" '
        f'aria-label="{label}" poster="{up}{FOLDER}/{film.still}" src="{up}{FOLDER}/{film.video}">'
        "</video>"
    )


def entry(film: Film, here: str, address: str, title: str) -> str:
    """HTML of a film in the gallery, with a link to its place in the chapter."""
    return (
        f'<figure class="ddpg-film" id="{film.ident}">{video(film, here, "none")}<figcaption>'
        f'<a href="{address}#{film.ident}">{html.escape(title)}</a>. '
        f"{html.escape(film.caption)}</figcaption></figure>"
    )


def all_films(env: BuildEnvironment) -> list[Film]:
    """Return the films of the book in its order, each once."""
    films: dict[str, list[Film]] = env.films  # type: ignore[attr-defined]
    in_order = [film for docname in env.collect_relations() for film in films.get(docname, [])]
    return list({film.video: film for film in reversed(in_order)}.values())[::-1]


def begin(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Make room for what the pages hold."""
    for name, empty in (("films", {}), ("films_shown", set())):
        if not hasattr(env, name):
            setattr(env, name, empty)


def purge(app: Sphinx, env: Any, docname: str) -> None:
    """Forget a page that is about to be read again or was removed."""
    begin(app, env, [])
    env.films.pop(docname, None)
    env.films_shown.discard(docname)


def merge(app: Sphinx, env: Any, docnames: Iterable[str], other: Any) -> None:
    """Take over what a parallel reader found in its share of the pages."""
    names = set(docnames)
    env.films.update((n, films) for n, films in other.films.items() if n in names)
    env.films_shown |= other.films_shown & names


def read(app: Sphinx, doctree: nodes.document) -> None:
    """Note the films of one page that has just been read."""
    env: Any = app.env
    texts = [raw.astext() for raw in doctree.findall(nodes.raw) if raw.get("format") == "html"]
    if found := [film for text in texts for film in films_in(text, env.docname)]:
        env.films[env.docname] = found


def updated(app: Sphinx, env: Any) -> list[str]:
    """Write the pages that show other pages' films again."""
    return sorted(env.films_shown)


def resolved(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the films of one page into files, and into the places that the directives marked."""
    if app.builder.format != "html":
        return
    env: Any = app.env
    folder = Path(app.outdir) / FOLDER
    for raw in list(doctree.findall(nodes.raw)):
        if raw.get("format") == "html" and FIGURE.search(raw.astext()):
            text = on_page(raw.astext(), docname, folder)
            raw.replace_self(nodes.raw(raw.rawsource, text, **raw.attributes))
    for place in list(doctree.findall(gallery)):
        entries = [
            entry(
                film,
                docname,
                app.builder.get_relative_uri(docname, film.docname),
                env.titles[film.docname].astext(),
            )
            for film in all_films(env)
        ]
        text = f'<div class="film-gallery">{"".join(entries)}</div>'
        place.replace_self(nodes.raw("", text, format="html"))
    for place in list(doctree.findall(one_film)):
        found = env.films.get(place["chapter"])
        if not found:
            message = "the page %s has no film: name a notebook that shows one"
            logger.warning(message, place["chapter"], location=place, type="film_files")
            place.replace_self(nodes.paragraph())
            continue
        text = f'<figure class="ddpg-film">{video(found[0], docname, "metadata")}{PLAY}</figure>'
        place.replace_self(nodes.raw("", text, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_node(gallery)
    app.add_node(one_film)
    app.add_directive("film-gallery", Gallery)
    app.add_directive("film", OneFilm)
    app.connect("env-before-read-docs", begin)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("doctree-read", read)
    app.connect("env-updated", updated)
    app.connect("doctree-resolved", resolved)
    env_version = zlib.crc32(Path(__file__).read_bytes())
    return {"env_version": env_version, "parallel_read_safe": True, "parallel_write_safe": True}
