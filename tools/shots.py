"""Picture every built page in light, dark and phone width, for review: ``make shots``.

Writes ``_build/shots/PAGE.light.png``, ``.dark.png`` and ``.phone.png``. With ``--slice 1600`` long
pages come as several pictures of that height; with ``--open`` every fold is open.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from browser import ADVICE, find_chromium, launch_options, serve
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
VIEWS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (375, "light")}


def picture(page: Page, out: Path, width: int, slice_height: int) -> int:
    """Write the page that is loaded, whole or in slices; return how many pictures that made."""
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(150)
    step = slice_height or height
    tops = range(0, height, step)
    for number, top in enumerate(tops):
        name = out if len(tops) == 1 else out.with_suffix(f".{number:02d}.png")
        area = {"x": 0, "y": top, "width": width, "height": min(step, height - top)}
        page.screenshot(path=name, clip=area)  # type: ignore[arg-type]
    return len(tops)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--html", type=Path, default=ROOT / "_build/html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build/shots")
    parser.add_argument("--slice", type=int, default=0, help="height of one picture; 0: whole page")
    parser.add_argument("--open", action="store_true", help="open every fold first")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(ADVICE, file=sys.stderr)
        return 1
    pages = sorted(p for p in options.html.rglob("*.html") if "_static" not in p.parts)
    options.out.mkdir(parents=True, exist_ok=True)
    for old in options.out.glob("*.png"):
        old.unlink()
    made = 0
    with serve(options.html) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(chromium))
        for view, (width, theme) in VIEWS.items():
            context = browser.new_context(
                viewport={"width": width, "height": 900}, reduced_motion="reduce"
            )
            for key in ("mode", "theme"):
                context.add_init_script(f"localStorage.setItem('{key}', '{theme}')")
            page = context.new_page()
            for path in pages:
                if path.name == "index.html":  # a redirect to the preface
                    continue
                relative = path.relative_to(options.html)
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(f"{address}/{relative.as_posix()}", wait_until="load")
                page.evaluate("async () => { await window.MathJax?.startup?.promise }")
                page.evaluate("async () => { await document.fonts.ready }")
                if options.open:
                    page.evaluate("document.querySelectorAll('details').forEach(d => d.open=true)")
                name = "-".join(relative.with_suffix("").parts)
                made += picture(page, options.out / f"{name}.{view}.png", width, options.slice)
            context.close()
        browser.close()
    print(f"{made} pictures in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
