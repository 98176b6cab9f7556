"""The project's files agree with each other: pins, environments, address, wheel."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import set_address
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def pins(python: str) -> dict[str, str]:
    """Return name -> version of constraints.txt for one Python."""
    found: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is not None and not pin.marker.evaluate({"python_version": python}):
            continue
        (exact,) = pin.specifier
        assert exact.operator == "==", line
        name = canonicalize_name(pin.name)
        assert name not in found, f"{name} is pinned twice for Python {python}"
        found[name] = exact.version
    return found


# ---- Pins ----


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_bounds(python):
    pinned = pins(python)
    for text in [*PROJECT["dependencies"], *(r for extra in EXTRAS.values() for r in extra)]:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} has no pin for Python {python}"
        assert requirement.specifier.contains(version), f"{text} against {version}"


def test_every_pin_has_a_known_marker_and_torch_is_the_one_of_the_plan():
    assert all(pins(python)["torch"] == "2.13.0" for python in PYTHONS)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if ";" in line and not line.startswith("#"):
            marker = Marker(line.split(";", 1)[1].strip())
            assert any(marker.evaluate({"python_version": python}) for python in PYTHONS), line


def test_classifiers_and_workflow_name_the_same_pythons():
    stated = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert tuple(stated) == PYTHONS
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    assert tuple(workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]) == PYTHONS


def test_conda_users_get_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == "ddpg"
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    assert "--constraint constraints.txt" in pip
    (editable,) = [line for line in pip if line.startswith("--editable")]
    named = re.fullmatch(r"--editable \.\[([\w,]+)\]", editable)
    assert named is not None
    assert set(named[1].split(",")) <= set(EXTRAS)
    assert {"book", "dev", "lab"} <= set(named[1].split(","))
    assert len(pip) == 2, "everything else must come from pyproject.toml"
    (python,) = [d for d in environment["dependencies"] if str(d).startswith("python=")]
    assert python.removeprefix("python=") in PYTHONS


def test_the_workflow_tests_the_lower_bounds_that_pyproject_states():
    workflow = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    floors = dict(re.findall(r"^\s+([\w-]+)==([\d.]+)\.\*$", workflow, re.MULTILINE))
    stated = {}
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"python_version": "3.12"}):
            continue  # not for the Python of that job
        (bound,) = requirement.specifier
        assert bound.operator == ">=", text
        stated[requirement.name] = bound.version
    assert floors == stated


# ---- The repository's address ----


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return set_address.text_files(ROOT)


def test_the_address_is_the_same_wherever_it_is_needed():
    url = set_address.address(ROOT)
    _, name = set_address.names(url)
    assert PROJECT["urls"]["Repository"] == url
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cff["repository-code"] == url
    for path in ("README.md", "CONTRIBUTING.md", "book/preface.md"):
        assert url in (ROOT / path).read_text(encoding="utf-8"), path
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert url in notebook.read_text(encoding="utf-8"), notebook.name
    # No other owner's copy of this repository is named anywhere.
    spellings = rf"(?:github\.com[/:]|github/)([\w-]+/{re.escape(name)})\b"
    for path in tracked():
        for owner_and_name in re.findall(spellings, path.read_text(encoding="utf-8")):
            assert url.endswith("/" + owner_and_name), path


def test_one_command_changes_the_address_everywhere(tmp_path):
    files = tracked()
    for path in files:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    old, new = set_address.address(ROOT), "/".join(["https://github.com", "somebody", "other"])
    set_address.change(tmp_path, new)
    assert set_address.address(tmp_path) == new
    for path in set_address.text_files(tmp_path):
        text = path.read_text(encoding="utf-8")
        for spelling in set_address.spellings(old):
            assert spelling not in text, path
    set_address.change(tmp_path, old)
    for path in files:
        assert (tmp_path / path.relative_to(ROOT)).read_bytes() == path.read_bytes(), path


@pytest.mark.slow
def test_a_push_to_another_repository_sets_its_address(tmp_path):
    """The workflow's own step, in a clone of a bare repository that stands in for GitHub's."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"]["contents"] == "write"
    steps = workflow["jobs"]["publish"]["steps"]
    (step,) = [step["run"] for step in steps if "make address" in step.get("run", "")]
    uses = [step.get("uses", step.get("run", "")).split("@")[0].strip() for step in steps]
    assert uses.index("actions/checkout") < steps.index({"name": "Set the address", "run": step})
    assert steps.index({"name": "Set the address", "run": step}) < uses.index("make book")

    bare, clone, later = (tmp_path / name for name in ("bare.git", "clone", "later"))
    git = ["git", "-c", "safe.directory=*"]
    subprocess.run([*git, "clone", "-q", "--bare", "--no-tags", ROOT, bare], check=True)
    branch = [*git, "-C", bare, "symbolic-ref", "--short", "HEAD"]
    name = subprocess.run(branch, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([*git, "clone", "-q", "--depth", "1", f"file://{bare}", clone], check=True)
    env = {**os.environ, "GITHUB_SERVER_URL": "https://github.com"}
    env["GITHUB_REPOSITORY"] = "/".join(["Some-Body", "my.book"])
    for _ in range(2):  # the second time there is nothing to change
        subprocess.run(["bash", "-e", "-c", step], cwd=clone, env=env, check=True)
    subprocess.run([*git, "clone", "-q", "--depth", "2", f"file://{bare}", later], check=True)
    log = [*git, "-C", later, "log", "--format=%an: %s", "-2", name]
    said = subprocess.run(log, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0] == "github-actions[bot]: Set the repository's address"
    assert said[1] != said[0]
    new = f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}"
    assert set_address.address(later) == new
    citation = yaml.safe_load((later / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == new
    for notebook in (later / "notebooks").glob("*.ipynb"):
        assert f"git+{new}" in notebook.read_text(encoding="utf-8"), notebook.name


@pytest.mark.parametrize(
    "wrong",
    [
        "github.com/a/b",
        "https://github.com/a",
        "https://gitlab.com/a/b",
        "https://github.com/a/b/",
        "https://github.com/a/b.git",
    ],
)
def test_an_address_that_cannot_work_is_refused(wrong):
    with pytest.raises(SystemExit, match="OWNER/NAME"):
        set_address.names(wrong)


# ---- The wheel ----


@pytest.mark.slow
def test_the_wheel_holds_the_library_and_its_data_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    for path in tracked():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (source / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
    info = {name for name in held if name.split("/")[0].endswith(".dist-info")}
    library = {
        path.relative_to(source).as_posix()
        for path in (source / "ddpg_lib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held - info == library
    assert any(name.endswith("licenses/LICENSE") for name in info)
    assert wheel.name.endswith("-py3-none-any.whl")


# ---- What no file may say ----


def test_no_file_names_a_machines_own_path_or_a_registrys_host():
    forbidden = re.compile(
        r"(?<![\w.])/(?:work|root|home/\w+)/|pypi\.org/simple|files\.pythonhosted|registry\.npmjs"
    )
    here = Path(__file__).resolve()
    for path in tracked():
        if path.resolve() == here:
            continue
        found = forbidden.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path}: {found and found[0]}"


def test_make_help_names_every_command():
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    for target in set(phony[1].split()):
        assert re.search(rf"make {target}\b", shown), target
