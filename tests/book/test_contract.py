"""The contract: each numbered equation has a check, and the check runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("sphinx")

from equation_checks import FILES, FOLDER, Contract, equations_of, read_tests
from glossary_links import entries, key

ROOT = Path(__file__).resolve().parents[2]
# Plugins take seconds to load.
BARE = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def chapters():
    """The notebooks of the book, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    files = [p["file"] for page in pages for p in (page, *page.get("sections", []))]
    return [ROOT / f"{name}.ipynb" for name in files if name.startswith("notebooks/")]


@pytest.fixture(scope="module")
def contract():
    return read_tests(ROOT / FOLDER)


@pytest.fixture(scope="module")
def numbers():
    return [number for notebook in chapters() for number in equations_of(notebook)]


def test_every_equation_has_its_check(contract, numbers):
    assert len(numbers) == len(set(numbers)) > 20
    assert contract.complaints == []
    assert contract.gaps(numbers) == []


def test_definitions_are_few(contract, numbers):
    defined = [n for n in numbers if n in contract.definitions]
    assert len(defined) <= 0.2 * len(numbers), defined


def test_outputs_name_the_equations_that_their_cells_name(numbers):
    """After equations were renumbered an output may still show an old number: execute again."""
    old = []
    for notebook in chapters():
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        for k, cell in enumerate(cells):
            if cell["cell_type"] != "code" or "show_source(" in "".join(cell["source"]):
                continue
            shown = re.sub(
                r"<svg.*?</svg>|base64,[^\"]*", "", " ".join(texts(cell)), flags=re.DOTALL
            )
            named = re.findall(r"\((\d{1,2}[a-z]?\.\d{1,2})\)", shown)
            old += [f"{notebook.name}, cell {k}: ({n})" for n in named if n not in code]
    assert old == []


def texts(cell):
    """All that a cell has put out, as text."""
    for output in cell["outputs"]:
        yield "".join(output.get("text", ""))
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield "".join(content)


@pytest.mark.slow
def test_every_check_is_collected(contract):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "equation"]
    command += ["-p", "no:cacheprovider", "-o", "addopts="]
    command += [*map(str, sorted((ROOT / FOLDER).glob(FILES)))]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=BARE, check=False)
    collected = set(re.findall(r"(\w+\.py)::(\w+)", done.stdout))
    assert {(c.file, c.name) for c in contract.checks} == collected, done.stdout[-2000:]


NOT_RUN = """
import pytest

@pytest.mark.skip
@pytest.mark.equation("1.1", by="x")
def test_skipped():
    pass

@pytest.mark.xfail
@pytest.mark.equation("1.1", by="x")
def test_expected_to_fail():
    assert False

@pytest.mark.equation("1.1", by="x")
def test_skipping_itself():
    pytest.importorskip("no_such")
"""


def test_a_check_that_does_not_run_fails(tmp_path):
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = equation: of the book\n")
    (tmp_path / "test_it.py").write_text(NOT_RUN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    env = {**BARE, "COLUMNS": "200"}  # the summary's lines are cut there
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False
    )
    assert done.returncode == 1
    for name in ("skipped", "expected_to_fail", "skipping_itself"):
        assert re.search(rf"(FAILED|ERROR) test_it.py::test_{name} - .* must run", done.stdout), (
            name
        )


GOOD = '''
import pytest

DEFINITIONS = {"2.1": "defines x"}


@pytest.mark.equation("2.2", "2.3", by="hand")
def test_this():
    """It holds."""
    assert True
'''


def read(tmp_path, text):
    (tmp_path / "test_equations_02.py").write_text(text, encoding="utf-8")
    return read_tests(tmp_path)


def test_marks_and_definitions_are_read(tmp_path):
    found = read(tmp_path, GOOD)
    (check,) = found.checks
    assert (check.numbers, check.by, check.says) == (("2.2", "2.3"), "hand", "It holds.")
    assert check.source.startswith("@pytest.mark.equation")
    assert check.source.endswith("assert True")
    assert found.definitions == {"2.1": "defines x"}
    assert found.gaps(["2.1", "2.2", "2.3"]) == []


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        (["2.1", "2.2", "2.3", "2.4"], "(2.4) has no check"),
        (["2.1", "2.2"], "a check names the equation (2.3), but no page shows it"),
        (["2.2", "2.3"], "a check names the equation (2.1)"),
    ],
)
def test_gaps(tmp_path, numbers, complaint):
    (message,) = read(tmp_path, GOOD).gaps(numbers)
    assert complaint in message


def test_equation_both_defined_and_checked(tmp_path):
    found = read(tmp_path, GOOD.replace('"2.1": "defines x"', '"2.2": "defines x"'))
    assert found.gaps(["2.2", "2.3"]) == ["the equation (2.2) is both defined and checked"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('by="hand"', "by=hand"),
        (', by="hand"', ""),
        ('    """It holds."""\n', ""),
        ("def test_this", "def this"),
    ],
)
def test_marks_that_cannot_be_used_are_complained_of(tmp_path, old, new):
    assert old in GOOD
    assert len(read(tmp_path, GOOD.replace(old, new)).complaints) == 1


def test_an_unlisted_chapter_may_be_under_way():
    assert Contract(definitions={"7.1": "x"}).gaps(["1.1"]) == [
        Contract().gaps(["1.1"])[0],
    ]


def emphasized(notebook):
    """The terms that a notebook sets in emphasis."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    spans = re.findall(r"(?<![*\w])\*([^*\n][^*]*?)\*(?![*\w])", text)
    return {key(" ".join(span.split())) for span in spans}


def test_each_glossary_term_is_introduced_by_the_chapter_it_names():
    glossary = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
    names = re.findall(r"^(\S.*)\n: .*?\(\.\./(notebooks/\w+\.ipynb)\)\.?$", glossary, re.MULTILINE)
    assert len(names) == len(entries(glossary)) > 10, "each entry ends with its chapter"
    assert [n.lower() for n, _ in names] == sorted(n.lower() for n, _ in names)
    listed = {path: emphasized(path) for path in chapters()}
    missing = [
        (term, page)
        for term, page in names
        if ROOT / page in listed and key(term) not in listed[ROOT / page]
    ]
    assert missing == []
