"""Run notebooks as Colab would: an empty folder, the notebook alone, Colab's own packages.

``python tools/as_colab.py PIP_FREEZE [NOTEBOOK ...]`` makes an environment of those packages in
Colab's list (``pip-freeze.txt`` of github.com/googlecolab/backend-info) that the library needs, in
Colab's versions, and without the library. Each notebook is run in it from a folder of
its own; its first cell installs the library, from this clone, for git is told to read the book's
address so. Prints a table: seconds of the first cell and of all, errors, and the packages that the
first cell changed. Without notebooks, the chapters. Ends with 1 if a notebook fails, a first cell
takes a minute or more, or a package that was there changes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("lightning", "pixels", "scale")  # that chapters ask for
LONGEST = 60  # seconds that a first cell may take
LIST = (
    "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
)
RUN = """
import json, sys, time, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
client = NotebookClient(notebook, timeout=1200, kernel_name="python3")
first, start = None, time.time()
error = ""
with client.setup_kernel():
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or "skip-execution" in cell.metadata.get("tags", []):
            continue
        try:
            client.execute_cell(cell, i)
        except Exception as e:
            error = f"cell {i}: {str(e).strip().splitlines()[-1]}"
            break
        if first is None:
            first = time.time() - start
print(json.dumps({"first": first, "all": time.time() - start, "error": error}))
"""


def plain(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(roots: dict[str, set[str]]) -> set[str]:
    """What these packages need, directly or not, as far as it is installed here."""
    found: set[str] = set()
    todo = [*roots.items()]
    while todo:
        name, extras = todo.pop()
        for line in requires_of(name):
            one = Requirement(line)
            holds = [not one.marker or one.marker.evaluate({"extra": x}) for x in ("", *extras)]
            if any(holds) and plain(one.name) not in found:
                found.add(plain(one.name))
                todo.append((one.name, one.extras))
    return found | {*roots} - {"ddpg-lib"}


def requires_of(name: str) -> list[str]:
    """Requirements of an installed package; none of one that is not."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def environment(folder: Path, freeze: Path, also: Sequence[str]) -> Path:
    """Make the environment, or take that of an earlier run; returns its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        ours = needed({"ddpg-lib": set(EXTRAS), "nbclient": set(), "ipykernel": set()})
        lines = [line.split("#")[0].strip() for line in freeze.read_text().splitlines()]
        wanted = [line for line in lines if "==" in line and plain(line.split("==")[0]) in ours]
        venv.create(folder, with_pip=True)
        listed = folder / "colab.txt"
        listed.write_text("\n".join(line for line in lines if "==" in line))
        install = [str(python), "-m", "pip", "install", "-q", "-c", str(listed), *wanted, *also]
        subprocess.run(install, check=True)
    return python


def packages(python: Path) -> set[str]:
    """What is installed, as ``name==version``."""
    out = subprocess.run([python, "-c", LIST], capture_output=True, text=True, check=True).stdout
    return set(out.split())


def run(python: Path, notebook: Path, env: dict[str, str]) -> dict[str, Any]:
    """One notebook's row."""
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "ddpg-lib"], check=True)
    before = packages(python)
    with tempfile.TemporaryDirectory() as folder:
        alone = str(shutil.copy(notebook, folder))
        command = [str(python), "-c", RUN, alone]
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
    if done.returncode:
        return {"first": 0.0, "all": 0.0, "error": done.stderr[-300:], "changed": [], "new": []}
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    after = packages(python)
    return row | {"changed": sorted(before - after), "new": sorted(after - before)}


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("freeze", type=Path, help="Colab's packages, name==version lines")
    parser.add_argument("notebooks", type=Path, nargs="*")
    parser.add_argument("--also", nargs="*", default=(), help="what is there and not in the list")
    parser.add_argument("--env", type=Path, help="keep the environment here, and use it again")
    options = parser.parse_args()
    chapters = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        python = environment(options.env or home / "env", options.freeze, options.also)
        bare = home / "bare.git"
        subprocess.run(["git", "clone", "-q", "--bare", ROOT, bare], check=True)
        subprocess.run(["git", "-C", bare, "config", "uploadpack.allowFilter", "true"], check=True)
        config = home / "gitconfig"
        config.write_text(
            f'[url "file://{bare}"]\n\tinsteadOf = {address}\n[safe]\n\tdirectory = *\n'
        )
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        env |= {"GIT_CONFIG_GLOBAL": str(config), "PATH": f"{python.parent}:{os.environ['PATH']}"}
        failed = False
        print("| notebook | first cell, s | all, s | new packages | changed | error |")
        print("|---|--:|--:|---|---|---|", flush=True)
        start = time.time()
        for notebook in options.notebooks or chapters:
            row = run(python, notebook.resolve(), env)
            wrong = bool(row["error"] or row["changed"] or float(row["first"] or 0) >= LONGEST)
            failed |= wrong
            new, changed = (", ".join(row[key]) for key in ("new", "changed"))
            print(
                f"| {notebook.stem} | {row['first'] or 0:.0f} | {row['all']:.0f} | {new} | "
                f"{changed} | {row['error']} |",
                flush=True,
            )
        print(f"{time.time() - start:.0f} s in all")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
