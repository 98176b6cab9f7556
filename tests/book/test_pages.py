"""The built pages in a headless Chromium without network, and their links.

The book must have been built (`make book`; `make test` sees to it). Each page is visited once, and
the tests below look at what the visit found.
"""

import asyncio
import json
import os
import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from built import HTML, PAGES

ROOT = Path(__file__).resolve().parents[2]
TABS = 4
HEAVIEST = 1_500_000  # bytes that a page may load, unpacked and without films


def unavailable(reason: str) -> None:
    """Skip on a reader's machine; fail where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module", autouse=True)
def built():
    if not (HTML / "index.html").exists():
        unavailable(f"the book is not built in {HTML}: run `make book`")


LOADING = ("src", "href", "action", "formaction", "poster", "data")


class Static(HTMLParser):
    """What one HTML file holds before any script runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.twice: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.formulas = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        for name in ("id", "name"):
            if name in values and (name == "id" or tag == "a"):
                if name == "id" and values[name] in self.ids:
                    self.twice.append(values[name])
                self.ids.add(values[name])
        if tag in ("a", "link", "img", "script", "source", "video", "iframe"):
            self.links += [values[name] for name in ("href", "src") if values.get(name)]
        # What a browser fetches by itself, or sends a form to; a link waits to be clicked.
        if tag not in ("a", "area") and values.get("rel") != "canonical":
            self.loads += [values[name] for name in LOADING if values.get(name)]
            self.loads += [one.split()[0] for one in values.get("srcset", "").split(",") if one]
        if "math" in values.get("class", "").split() and tag in ("div", "span"):
            self.formulas += 1


@cache
def static(page: str) -> Static:
    return Static((HTML / page).read_text(encoding="utf-8"))


# ---- Links ----


@pytest.mark.parametrize("page", PAGES)
def test_internal_links_lead_somewhere(page):
    dead = []
    for link in static(page).links:
        address, anchor = urldefrag(link)
        if urlsplit(address).scheme or address.startswith("//"):
            continue
        path = urlsplit(unquote(address)).path
        target = (HTML / page).parent / path if path else HTML / page
        target = target / "index.html" if target.is_dir() else target
        if not target.exists():
            dead.append(link)
        elif anchor and target.suffix == ".html":
            name = target.resolve().relative_to(HTML.resolve()).as_posix()
            if unquote(anchor) not in static(name).ids:
                dead.append(link)
    assert not dead


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("notebooks/")])
def test_the_launch_button_opens_the_right_notebook(page):
    import yaml

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    owner_and_name = urlsplit(config["repository"]["url"]).path.strip("/")
    notebook = Path(page).with_suffix(".ipynb").as_posix()
    branch = config["repository"]["branch"]
    expected = f"https://colab.research.google.com/github/{owner_and_name}/blob/{branch}/{notebook}"
    launches = {link for link in static(page).links if "colab.research" in link}
    assert launches == {expected}
    assert (ROOT / notebook).exists()


def test_only_the_table_of_contents_the_search_and_the_library_are_built():
    import yaml

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    sections = [section for chapter in chapters for section in chapter.get("sections", [])]
    listed = {toc["root"]} | {page["file"] for page in chapters + sections}
    rooms = set()  # their source, to which [source] leads
    for page in (ROOT / "book/api").glob("*.md"):
        found = re.findall(r"automodule:: (\S+)", page.read_text(encoding="utf-8"))
        rooms |= {"_modules/" + room.replace(".", "/") for room in found}
    pages = {page.removesuffix(".html") for page in PAGES}
    assert pages == listed | rooms | {"index", "search", "genindex", "_modules/index"}


@pytest.mark.parametrize("page", PAGES)
def test_equations_checks_and_terms_have_one_place(page):
    twice = static(page).twice
    assert [name for name in twice if name.startswith(("eq-", "check-", "term-"))] == []


# ---- Other hosts ----


def elsewhere(addresses):
    """Those of the addresses that name a host."""
    return [address for address in addresses if urlsplit(address).netloc]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_no_other_host_to_load_from(page):
    """On all pages, those too that the browser below does not visit."""
    assert elsewhere(static(page).loads) == []


def test_style_sheets_and_scripts_ask_no_other_host_and_set_no_cookie():
    sheets = [path.read_text(encoding="utf-8") for path in HTML.rglob("*.css")]
    scripts = [path.read_text(encoding="utf-8") for path in HTML.rglob("*.js")]
    assert len(sheets) > 3
    assert len(scripts) > 10
    named = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")
    assert elsewhere(address for sheet in sheets for address in named.findall(sheet)) == []
    assert [script[:80] for script in scripts if re.search(r"\bcookie", script)] == []


def test_what_a_page_loads_is_seen():
    page = Static(
        '<script src="//a.b/x.js"></script><link rel="stylesheet" href="https://a.b/x.css">'
        '<img src="x.png" srcset="http://a.b/1.png 1x, /2.png 2x"><form action="https://a.b/">'
        '<link rel="canonical" href="https://a.b/"><a href="https://a.b/">x</a>'
        '<video poster="data:image/png;base64,A//B"></video><iframe src="https://a.b"></iframe>'
    )
    assert elsewhere(page.loads) == [
        "//a.b/x.js", "https://a.b/x.css", "http://a.b/1.png", "https://a.b/", "https://a.b",
    ]  # fmt: skip


# ---- In the browser ----


# index.html only sends the reader on to the preface. Of the listings of source, which differ in
# their text alone, one stands for all.
LISTINGS = [page for page in PAGES if page.startswith("_modules/ddpg_lib/")]
IN_BROWSER = [p for p in PAGES if p != "index.html" and p not in LISTINGS[1:]]


@dataclass
class Visit:
    """What one visit to one page found."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cookies: list[dict] = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    phone_width: int = 0
    wide: list[str] = field(default_factory=list)
    weight: int = 0
    first_stop: str = ""
    barriers: list[str] = field(default_factory=list)


FACTS = r"""() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const name = e => e.outerHTML.slice(0, 160);
  const label = e => (e.getAttribute('aria-label') || '').trim() || e.querySelector('title');
  const shown = e => e.checkVisibility && e.checkVisibility();
  return {
    formulas: all('.math').length,
    unrendered: all('.math').filter(
      e => e.querySelectorAll('mjx-container').length !== 1).map(name),
    containers: all('mjx-container').length,
    cut: all('article div.math mjx-container')
      .filter(e => e.scrollWidth > e.clientWidth + 2).map(e => e.closest('div.math').id || name(e)),
    wideCode: all('article pre').filter(e => shown(e) && e.scrollWidth > e.clientWidth + 2
      && (e.closest('.cell_input') || e.textContent.startsWith('# ddpg_lib/'))).map(name),
    dollars: all('article :is(p, li, dd, figcaption)').filter(e => [...e.childNodes].some(
      n => n.nodeType === 3 && /\$[^\s\d]/.test(n.data))).map(e => e.textContent.slice(0, 160)),
    mathErrors: all('mjx-merror, [data-mjx-error]').map(name),
    brokenImages: all('img').filter(e => shown(e) && !(e.complete && e.naturalWidth)).map(name),
    imagesWithoutText: all('img').filter(e => !e.hasAttribute('alt')
      || (e.closest('article') && !e.alt.trim())).map(name),
    drawingsWithoutText: all('article svg').filter(
      e => !(e.getAttribute('role') === 'img' && label(e))
        && !e.closest('[aria-hidden="true"], button, a')).map(name),
    filmsWithoutText: all('video').filter(e => !label(e)).map(name),
    brokenFilms: all('video').filter(e => e.error || e.readyState < 1).map(name),
    headings: all('h1').filter(shown).length,
  };
}"""
WIDE = """() => [...document.querySelectorAll('article *')].filter(e => {
  if (e.getBoundingClientRect().right <= innerWidth + 1) return false;
  for (let p = e.parentElement; p; p = p.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) return false;
  return true;
}).slice(0, 5).map(e => e.outerHTML.slice(0, 160))"""


# Formulas and figures are looked at above, and the colors of code in test_look.py; axe-core would
# take minutes for their thousands of elements. The list of pages, the same on all, is looked at on
# the first and on one that has pages below it.
LIGHTEN = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  document.head.insertAdjacentHTML('beforeend', '<style>* { transition: none !important }</style>');
  all('mjx-container').forEach(e => e.replaceWith('formula'));
  all('.ddpg-figure svg > *').forEach(e => e.remove());
  all('article :is(dt.sig, code) span').forEach(e => e.replaceWith(...e.childNodes));
  all('article :is(pre, .sig-list)').forEach(e => { e.textContent = e.textContent; });
  if (!/(preface|01_actions)[.]html$/.test(location.pathname))
    all('nav.bd-links .toctree-l1').slice(3).forEach(e => e.remove());
  dispatchEvent(new Event('resize'));  // what scrolls may do so no longer, or only now
}"""
TWO_FRAMES = (
    "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
)
AXE = """async ([theme, options]) => {
  document.documentElement.dataset.theme = theme;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = await axe.run(document, {resultTypes: ['violations'], preload: false, ...options});
  return found.violations.map(
    v => `${theme}: ${v.id}: ${v.help}: ` + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)
      + (n.any[0]?.message || '').slice(0, 160)));
}"""
# The first rule is off by default; in the dark only the colors differ.
RULES = {
    "light": {"rules": {"label-content-name-mismatch": {"enabled": True}}},
    "dark": {"runOnly": ["color-contrast"]},
}
FIRST_STOP = """async () => {
  const stop = document.activeElement;
  for (let i = 0; i < 400; i++) {  // it slides in
    const box = stop.getBoundingClientRect(), look = getComputedStyle(stop);
    if (box.top >= 0 && box.right > 0 && look.outlineStyle !== 'none')
      return stop.getAttribute('href');
    await new Promise(done => setTimeout(done, 50));
  }
  return 'unseen: ' + stop.outerHTML.slice(0, 160);
}"""


async def barriers(tab) -> list[str]:
    """Return what axe-core finds wrong with the wide page, in both themes; it spoils the page."""
    from axe_playwright_python.async_playwright import Axe

    await tab.evaluate(LIGHTEN)  # while it is narrow: to lay all of it out again takes seconds
    await tab.set_viewport_size({"width": 1280, "height": 900})
    await tab.evaluate(TWO_FRAMES)
    await tab.evaluate(Axe().axe_script)
    found = []
    for theme, options in RULES.items():
        found += await tab.evaluate(AXE, [theme, options])
    return found


def stopped(request) -> bool:
    """Whether the browser itself stopped to load a film, of which it has seen enough."""
    return request.url.endswith(".mp4") and request.failure == "net::ERR_ABORTED"


async def visit(tab, address: str, page: str) -> Visit:
    found, loaded = Visit(), set()

    def requested(request):
        loaded.add(unquote(urlsplit(request.url).path).lstrip("/"))
        if not request.url.startswith((address, "data:", "blob:")):
            found.foreign.append(request.url)

    heard = {
        "request": requested,
        "websocket": lambda s: found.foreign.append(s.url),
        "console": lambda m: m.type == "error" and found.errors.append(m.text),
        "pageerror": lambda e: found.errors.append(str(e)),
        "requestfailed": lambda r: stopped(r) or found.failed.append(r.url),
        "response": lambda r: r.status >= 400 and found.failed.append(f"{r.status} {r.url}"),
    }
    for event, note in heard.items():
        tab.on(event, note)
    await tab.set_viewport_size({"width": 1280, "height": 900})
    await tab.goto(f"{address}/{page}", wait_until="load")
    await tab.wait_for_load_state("networkidle")
    await tab.evaluate("async () => { await document.fonts.ready }")
    found.weight = sum(
        (HTML / name).stat().st_size
        for name in loaded
        if (HTML / name).is_file() and not name.endswith(".mp4")
    )
    await tab.keyboard.press("Tab")
    found.first_stop = await tab.evaluate(FIRST_STOP)
    # Lazy images and films in folds must load, too.
    await tab.evaluate(
        """async () => {
          document.querySelectorAll('article details').forEach(d => { d.open = true; });
          const films = [...document.querySelectorAll('video')];
          films.forEach(v => { v.preload = 'metadata'; v.load(); });
          await Promise.all(films.map(v => new Promise(done => {
            if (v.readyState >= 1 || v.error) return done();
            v.onloadedmetadata = v.onerror = done;
            setTimeout(done, 5000);
          })));
          // Every face, not only those that the first layout asked for: what was in folds would be
          // measured in a stand-in's widths.
          await Promise.all([...document.fonts].map(face => face.load().catch(() => {})));
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        }"""
    )
    found.facts = await tab.evaluate(FACTS)
    await tab.set_viewport_size({"width": 375, "height": 800})
    await tab.wait_for_timeout(200)
    # A page is laid out again more than once after the turn (387 pixels on the way to 375); one
    # that is really too wide stays so.
    for _ in range(20):
        found.phone_width = await tab.evaluate("document.scrollingElement.scrollWidth")
        if found.phone_width <= 375:
            break
        await tab.wait_for_timeout(250)
    found.wide = await tab.evaluate(WIDE)
    found.cookies = await tab.context.cookies()
    found.barriers = await barriers(tab)
    for event, note in heard.items():
        tab.remove_listener(event, note)
    await tab.goto("about:blank")  # what still loads belongs to no other page
    return found


async def visit_all(address: str, executable: str) -> dict[str, Visit]:
    from browser import launch_options
    from playwright.async_api import async_playwright

    options = launch_options(executable)
    # Cutting the network here, and not by intercepting requests, leaves Chromium its cache; with
    # tabs that stay open, a page of source costs a third of the time.
    options["args"] += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        context = await browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(180_000)  # two busy cores are slow, and slow is not broken
        waiting = iter(IN_BROWSER)
        done = {}

        async def visit_some() -> None:
            tab = await context.new_page()
            for page in waiting:  # the tabs share it: each takes the next page
                done[page] = await visit(tab, address, page)

        await asyncio.gather(*(visit_some() for _ in range(TABS)))
        await browser.close()
    return done


@pytest.fixture(scope="module")
def visits(built) -> dict[str, Visit]:
    browser = pytest.importorskip("browser") if not os.environ.get("CI") else __import__("browser")
    executable = browser.find_chromium()
    if executable is None:
        unavailable(browser.ADVICE)
    with browser.serve(HTML) as address:
        return asyncio.run(visit_all(address, executable))


@pytest.mark.browser
@pytest.mark.parametrize("page", IN_BROWSER)
class TestInTheBrowser:
    def test_nothing_is_asked_of_another_host(self, visits, page):
        assert visits[page].foreign == []

    def test_no_cookie_is_set(self, visits, page):
        assert visits[page].cookies == []

    def test_no_error_and_no_failed_request(self, visits, page):
        assert visits[page].errors == []
        assert visits[page].failed == []

    def test_every_formula_is_rendered(self, visits, page):
        facts = visits[page].facts
        assert facts["mathErrors"] == []
        assert facts["unrendered"] == []
        assert facts["formulas"] == facts["containers"] == static(page).formulas

    def test_no_formula_is_cut_off_or_left_as_typed(self, visits, page):
        assert visits[page].facts["cut"] == []
        assert visits[page].facts["dollars"] == []

    def test_code_fits_the_page(self, visits, page):
        assert visits[page].facts["wideCode"] == []

    def test_images_are_loaded_and_have_alternative_text(self, visits, page):
        facts = visits[page].facts
        assert facts["brokenImages"] == []
        assert facts["imagesWithoutText"] == []
        assert facts["drawingsWithoutText"] == []

    def test_films_play_and_have_a_label(self, visits, page):
        assert visits[page].facts["filmsWithoutText"] == []
        assert visits[page].facts["brokenFilms"] == []

    def test_a_page_is_light(self, visits, page):
        assert 20_000 < visits[page].weight < HEAVIEST

    def test_a_phone_does_not_scroll_sideways(self, visits, page):
        assert visits[page].wide == []
        assert visits[page].phone_width <= 375

    def test_nothing_bars_the_way(self, visits, page):
        assert visits[page].barriers == []

    def test_the_keyboard_skips_to_the_text(self, visits, page):
        assert visits[page].first_stop == "#main-content"

    def test_a_page_has_one_title(self, visits, page):
        assert visits[page].facts["headings"] == 1


def test_notebooks_are_plain():
    """No directive, role or target of MyST: the chapters read the same in Colab and on GitHub."""
    raw = re.compile(r"^(:::|```\{|\([\w-]+\)=$)|\{[a-z:]+\}`", re.MULTILINE)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                assert not raw.search("".join(cell["source"])), path.name
