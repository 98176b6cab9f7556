"""Show notebooks in a real JupyterLab as a fresh clone does: untrusted, before any cell is run.

``python tools/lab.py notebooks/01_actions.ipynb`` writes pictures to ``_build/shots``, as
``NOTEBOOK.lab-light.00.png`` and ``.lab-dark.00.png``; the tests look at the same pages.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser import ADVICE, find_chromium, launch_options

ROOT = Path(__file__).resolve().parents[1]
MISSING = "no JupyterLab here: install it with `.venv/bin/pip install -e '.[lab]'`"
PLUGINS = {
    # JupyterLab draws cells when they scroll into view; here all are wanted at once.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
DARK = {"apputils-extension/themes": {"theme": "JupyterLab Dark"}}
# All cells stand, all Markdown is set, every picture is decoded, every film knows its size.
READY = """([cells, texts]) => {
  document.querySelector('.jp-Dialog .jp-mod-reject')?.click();  // which kernel? none
  const shown = window.opened?.node;
  const all = selector => [...shown.querySelectorAll(`.jp-Notebook ${selector}`)];
  return shown && all('.jp-Cell').length === cells
    && all('.jp-MarkdownCell .jp-RenderedMarkdown')
      .filter(e => e.textContent.trim()).length >= texts
    && all('img').every(e => e.complete)
    && all('video').every(e => e.error || e.readyState > 0);
}"""


HEIGHT = """() => {
  const panel = window.opened.node.querySelector('.jp-WindowedPanel-outer');
  return innerHeight + panel.scrollHeight - panel.clientHeight;
}"""
PATIENCE = 240_000  # milliseconds that one notebook may take where many share a processor


def installed() -> bool:
    """Return whether JupyterLab is here."""
    return importlib.util.find_spec("jupyterlab") is not None


@contextmanager
def serve_lab(notebooks: Sequence[Path], *, dark: bool = False) -> Iterator[str]:
    """Serve copies of notebooks from a new home without trust, settings or kernels of the reader's.

    Yields the address for :func:`open_lab`; :func:`reading` opens a notebook there.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name)
        for folder in ("root", "config", "data", "run", "ipython", "settings", "workspaces"):
            (home / folder).mkdir()
        for notebook in notebooks:
            shutil.copy(notebook, home / "root")
        for plugin, values in {**PLUGINS, **(DARK if dark else {})}.items():
            path = home / "settings/@jupyterlab" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        places = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "run",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        command += ["--LabApp.expose_app_in_browser=True"]
        command += ["--IdentityProvider.token=", "--ServerApp.password="]
        # Without a kernel's description none is started: looking needs none.
        command += ["--KernelSpecManager.allowed_kernelspecs=none", "--ServerApp.log_level=ERROR"]
        command += [f"--ServerApp.root_dir={home / 'root'}"]
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                command,
                cwd=home,
                env={**os.environ, **{name: str(home / to) for name, to in places.items()}},
                stdout=log,
                stderr=log,
                start_new_session=True,  # when it ends it may end its group of processes
            )
            address = f"http://127.0.0.1:{port}"
            try:
                wait_for(server, address, home / "log")
                yield f"{address}/lab?reset"
            finally:
                server.terminate()
                try:
                    server.wait(60)
                except subprocess.TimeoutExpired:
                    server.kill()


def wait_for(
    server: subprocess.Popen[bytes], address: str, log: Path, seconds: float = 240
) -> None:
    """Wait until the server answers; say what it wrote if it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


def open_lab(browser: Any, address: str) -> Any:
    """Return a page that shows the JupyterLab there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('docmanager:open')")
    return page


@contextmanager
def reading(page: Any, notebook: Path) -> Iterator[None]:
    """Open a notebook in the JupyterLab that the page shows, drawn to its end; close it after."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    texts = [text for text in texts if re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()]
    page.evaluate(
        """async path => {
          window.opened = await window.jupyterapp.commands.execute('docmanager:open', {path});
        }""",
        notebook.name,
    )
    page.wait_for_function(READY, arg=[len(cells), len(texts)], polling=200)
    yield
    page.evaluate("() => { window.opened.dispose() }")


def main() -> int:
    """Run the command line."""
    from playwright.sync_api import sync_playwright
    from shots import picture

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "_build/shots")
    parser.add_argument("--slice", type=int, default=2000, help="height of one picture")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None or not installed():
        print(ADVICE if installed() else MISSING, file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    made = 0
    for theme in ("light", "dark"):
        with (
            serve_lab(options.notebooks, dark=theme == "dark") as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(**launch_options(chromium))
            page = open_lab(browser, address)
            for notebook in options.notebooks:
                with reading(page, notebook):
                    height = page.evaluate(HEIGHT)
                    page.set_viewport_size({"width": 1280, "height": height})
                    page.wait_for_timeout(500)
                    out = options.out / f"{notebook.stem}.lab-{theme}.png"
                    made += picture(page, out, 1280, options.slice)
                page.set_viewport_size({"width": 1280, "height": 900})
            browser.close()
    print(f"{made} pictures in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
