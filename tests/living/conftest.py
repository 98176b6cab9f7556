"""A page with living figures, made by the book's own extension, in a Chromium without network."""

import os
import shutil

import living_figures
import numpy as np
import pytest
from built import HTML

PAGE = """<!DOCTYPE html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Living figures</title>
<link rel="stylesheet" href="../book.css"></head>
<body style="margin: 0"><main class="bd-article" style="padding: 0 16px; max-width: 700px">
<h1>Page</h1>{figures}</main></body></html>"""


def unavailable(reason: str) -> None:
    """Skip on a reader's machine; fail where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def built():
    """Where the built book lies."""
    if not (HTML / "index.html").exists():
        unavailable(f"the book is not built in {HTML}: run `make book`")
    return HTML


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder with a page for each figure, ``notebooks/NAME.html``."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(living_figures.LIVING.parent / "_static", folder, dirs_exist_ok=True)
    (folder / "notebooks").mkdir()
    living_figures.write(folder)
    for name in living_figures.FIGURES:
        for theme in ("light", "dark"):
            inside = living_figures.figure_html(name, f"notebooks/{name}", set())
            page = PAGE.format(theme=theme, figures=inside)
            end = "" if theme == "light" else "-dark"
            (folder / f"notebooks/{name}{end}.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chromium():
    browser = pytest.importorskip("browser") if not os.environ.get("CI") else __import__("browser")
    executable = browser.find_chromium()
    if executable is None:
        unavailable(browser.ADVICE)
    from playwright.sync_api import sync_playwright

    options = browser.launch_options(executable)
    options["args"] += ["--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**options)
        yield running
        running.close()


@pytest.fixture
def visit(chromium, site):
    """Open a figure's page from disk; what it complains of fails the test."""
    contexts, complaints = [], []

    def opened(name, *, query="", theme="light", **options):
        context = chromium.new_context(**{"viewport": {"width": 900, "height": 800}, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        tab.on("pageerror", lambda e: complaints.append(str(e)))
        tab.on(
            "request",
            lambda r: r.url.startswith(("file:", "data:", "blob:")) or complaints.append(r.url),
        )
        tab.on("requestfailed", lambda r: complaints.append(f"failed: {r.url}"))
        end = "" if theme == "light" else "-dark"
        page = (site / f"notebooks/{name}{end}.html").as_uri()
        tab.goto(page + (f"#{name}?{query}" if query else ""))
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


FRAMES = """() => new Promise(done => {
  const times = [];
  const tick = now => {
    times.push(now);
    if (times.length < 41) requestAnimationFrame(tick);
    else done(times.slice(1).map((t, i) => t - times[i]));
  };
  requestAnimationFrame(tick);
})"""


@pytest.fixture
def frames_a_second(record_property):
    """A function of a tab whose figure plays: the frames a second while it plays, and paused.

    They are measured by turns, so that whatever else the machine does slows both, and of each the
    quarter counts that it slowed least.
    """

    def measure(tab):
        between = {"Pause": [], "Play": []}
        for button in [*between] * 3:
            tab.get_by_role("button", name=button, exact=True).click()
            between[button] += tab.evaluate(FRAMES)
        paused, playing = (float(1_000 / np.quantile(x, 0.25)) for x in between.values())
        record_property("frames a second", playing)
        return playing, paused

    return measure
