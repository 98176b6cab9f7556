"""The first cell of every chapter, as Colab runs it: an empty folder, the notebook, no library.

The packages that Colab preinstalls are stood in for by those of this environment; the repository's
address is turned into this clone by git's own URL rewriting, so no network is needed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def first_cell(path):
    return next(c for c in nbformat.read(path, 4).cells if c.cell_type == "code")


# Most chapters begin with the same cell: each different one is run once.
DIFFERENT = {
    re.sub(r" *# noqa.*", "", first_cell(path).source): path.stem for path in reversed(NOTEBOOKS)
}

CHECK = """
import json, sys
from importlib.metadata import distributions
print(json.dumps([f"{d.metadata['Name']}=={d.version}" for d in distributions()]))
"""


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """All that this environment has, except the library; and git's rewritten address."""
    home = tmp_path_factory.mktemp("colab")
    venv.create(home / "env", with_pip=True)
    python = home / "env" / "bin" / "python"
    # Before Python 3.12 a new environment has an old setuptools, which would hide this one's.
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "setuptools"], check=True)
    site = next((home / "env" / "lib").glob("python*/site-packages"))
    # Packages found through a path file are visible; the library's own editable link is not.
    packages = next(Path(p) for p in sys.path if p.endswith("site-packages"))
    shelf = home / "shelf"
    shelf.mkdir()
    for item in packages.iterdir():
        if "ddpg" not in item.name.lower() and item.name not in ("pip", "__pycache__"):
            (shelf / item.name).symlink_to(item)
    (site / "colab.pth").write_text(f"{shelf}\n")
    bare = home / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", ROOT, bare], check=True)
    # As GitHub does: pip asks for the newest files only, and not for all that ever were.
    subprocess.run(["git", "-C", bare, "config", "uploadpack.allowFilter", "true"], check=True)
    config = home / "gitconfig"
    config.write_text(f'[url "file://{bare}"]\n\tinsteadOf = {ADDRESS}\n[safe]\n\tdirectory = *\n')
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env |= {"GIT_CONFIG_GLOBAL": str(config), "PIP_COMPILE": "0"}  # bytecode for one use
    return python, env, home


def packages_of(python, env):
    command = [python, "-c", CHECK]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    return set(json.loads(out))


def run_cells(python, env, folder, sources):
    """Run cells as IPython does, magics included, and print where the library came from."""
    code = "from IPython.core.interactiveshell import InteractiveShell\n"
    code += "shell = InteractiveShell.instance()\n"
    for source in sources:
        code += f"result = shell.run_cell({source!r})\nresult.raise_error()\n"
    code += "import ddpg_lib; print('LIBRARY', ddpg_lib.__file__)\n"
    return subprocess.run(
        [python, "-c", code], env=env, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_first_cell_installs_and_is_not_on_the_page(path):
    cell = first_cell(path)
    assert f"git+{ADDRESS}" in cell.source
    assert "remove-cell" in cell.metadata.tags
    said = cell.source.replace('"\n            "', "")
    assert "Put the address of your copy of the book there" in said


@pytest.mark.slow
@pytest.mark.parametrize("install", DIFFERENT, ids=DIFFERENT.values())
def test_the_first_cell_installs_the_library_and_disturbs_nothing(install, colab, tmp_path):
    python, env, home = colab
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "ddpg-lib"], env=env, check=True)
    before = packages_of(python, env)
    assert not [name for name in before if name.startswith("ddpg")]
    done = run_cells(python, env, tmp_path, [install])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"LIBRARY {home}" in done.stdout
    after = packages_of(python, env)
    assert before <= after
    assert [name.split("==")[0] for name in after - before] == ["ddpg-lib"]
    # A second run finds the library and installs nothing.
    again = run_cells(
        python, {**env, "PIP_NO_INDEX": "1", "GIT_CONFIG_GLOBAL": ""}, tmp_path, [install]
    )
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.slow
def test_the_first_cell_says_what_to_do_if_the_address_leads_nowhere(colab, tmp_path):
    python, env, _ = colab
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "ddpg-lib"], env=env, check=True)
    nowhere = tmp_path / "gitconfig"
    nowhere.write_text(f'[url "file://{tmp_path}/nothing"]\n\tinsteadOf = {ADDRESS}\n')
    env = {**env, "GIT_CONFIG_GLOBAL": str(nowhere)}
    done = run_cells(python, env, tmp_path, [first_cell(NOTEBOOKS[0]).source])
    assert done.returncode != 0
    assert "Put the address of your copy of the book there" in done.stderr
