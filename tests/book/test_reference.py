"""The API reference: nothing is missing from it, and docstrings say all that they must."""

import ast
import os
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import yaml

import ddpg_lib

docscrape = pytest.importorskip("numpydoc.docscrape")

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "book/api"
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build/html"))
OVERVIEW = (PAGES / "library.md").read_text(encoding="utf-8")
# The chapters' answers, which a reader should not come across here.
ANSWERS = re.compile(r"ddpg_lib\.exercises\.chapter\d+")
# The issue holds this room to 250 lines, docstrings included: they are there, but have no sections.
BRIEF = {"ddpg_lib.numpy_ddpg"}


def modules() -> list[str]:
    """Return every public module of the library but the answers and the program's entry."""
    found = ["ddpg_lib"]
    for module in pkgutil.walk_packages(ddpg_lib.__path__, "ddpg_lib."):
        private = any(part.startswith("_") for part in module.name.split("."))
        if not private and not ANSWERS.fullmatch(module.name):
            found.append(module.name)
    return found


ROOMS = [name for name in modules() if name != "ddpg_lib"]


def source(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(source(module).read_text(encoding="utf-8"))


# ---- Every room is in the book ----


def listed(text: str, directive: str) -> list[str]:
    """Return what the directives of one kind name, in order."""
    if directive == "automodule":
        return re.findall(r"^\.\. automodule:: (\S+)", text, re.MULTILINE)
    blocks = re.findall(r"^\.\. autosummary::\n((?:(?: +\S.*)?\n)+)", text, re.MULTILINE)
    return [name for block in blocks for name in re.findall(r"^ +~(\S+)", block, re.MULTILINE)]


def test_every_room_has_its_place_in_the_reference():
    places: dict[str, list[str]] = {}
    for page in sorted(PAGES.glob("*.md")):
        for name in listed(page.read_text(encoding="utf-8"), "automodule"):
            places.setdefault(name, []).append(page.name)
    forgotten = sorted(set(ROOMS) - set(places))
    assert not forgotten, (
        f"{', '.join(forgotten)} is in no page of book/api: add `## name` and its automodule to "
        "the page where it fits, and a line to its floor in book/api/library.md"
    )
    assert {name: pages for name, pages in places.items() if len(pages) > 1} == {}
    assert sorted(places) == sorted(ROOMS)


def test_every_page_of_the_reference_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    (part,) = [part for part in toc["parts"] if part["caption"] == "Reference"]
    chapters = [chapter["file"] for chapter in part["chapters"]]
    assert chapters[0] == "book/api/library"
    assert sorted(chapters) == sorted(f"book/api/{page.stem}" for page in PAGES.glob("*.md"))


def test_the_overview_lists_what_the_package_exports():
    _, _, rest = OVERVIEW.partition("## What one imports")
    part, _, _ = rest.partition("\n## ")
    names = listed(part, "autosummary")
    assert sorted(name.rsplit(".", 1)[1] for name in names) == sorted(ddpg_lib.__all__)


def floors() -> dict[str, int]:
    """Return each room's floor as the overview gives it."""
    found: dict[str, int] = {}
    for number, text in re.findall(r"### Floor (\d):.*?\n(.*?)(?=\n### |\Z)", OVERVIEW, re.DOTALL):
        for name in listed(text + "\n", "autosummary"):
            assert name not in found, f"{name} stands on two floors"
            found[name] = int(number)
    return found


def test_every_room_stands_on_one_floor():
    missing = sorted(set(ROOMS) - set(floors()))
    assert not missing, f"{', '.join(missing)} stands on no floor of book/api/library.md"
    assert sorted(floors()) == sorted(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_looks_up(room):
    """Imports when the module is loaded; a function may reach up when it is called."""
    place = floors()
    above = set()
    for node in parsed(room).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "") in place:
            above |= {node.module} if place[node.module] > place.get(room, 99) else set()
    assert not above, f"{room} on floor {place[room]} imports from above: {', '.join(above)}"


# ---- Every public name has a docstring that says enough ----


@dataclass
class Entry:
    """One public function, class or method, and what its docstring must say."""

    name: str
    doc: str
    parameters: list[str]
    returns: bool = False
    raises: set[str] = field(default_factory=set)
    brief: bool = False


Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(function: Function) -> list[str]:
    spec = function.args
    every = [*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg]
    names = [argument.arg for argument in every if argument is not None]
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def decorators(item: Function | ast.ClassDef) -> set[str]:
    return {ast.unparse(d).split("(")[0].rsplit(".", 1)[-1] for d in item.decorator_list}


def raised(function: ast.AST) -> set[str]:
    """Return the exceptions raised in the function itself; functions within it are their own."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(function):
        if isinstance(node, Function | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.With) and "fitting(" in ast.unparse(node.items[0]):
            continue  # turns every error into a CheckpointError
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(ast.unparse(node.exc.func).rsplit(".", 1)[-1])
        found |= raised(node)
    return found - {"NotImplementedError"}  # of a base class: a mistake of the programmer


def function_entry(function: Function, prefix: str, brief: bool) -> Entry:
    kinds = decorators(function)
    value = ast.unparse(function.returns) if function.returns else "None"
    attribute = bool(kinds & {"property", "cached_property"})
    yields = value.startswith(("Iterator", "Generator"))
    plain = value in ("bool", "int", "float", "str") and not parameters(function)
    returns = value not in ("None", "NoReturn") and not (attribute or yields or plain)
    name, doc = prefix + function.name, ast.get_docstring(function) or ""
    return Entry(name, doc, parameters(function), returns, raised(function), brief)


def class_entries(
    item: ast.ClassDef, prefix: str, brief: bool, classes: dict[str, ast.ClassDef]
) -> Iterator[Entry]:
    """Yield the class and its methods; those of a private base count as its own."""
    name = prefix + item.name
    methods = {f.name: f for f in item.body if isinstance(f, Function)}
    overrides: set[str] = set()
    for base in (classes[b.id] for b in item.bases if isinstance(b, ast.Name) and b.id in classes):
        above = {f.name: f for f in base.body if isinstance(f, Function)}
        if base.name.startswith("_"):
            methods = above | methods
        else:
            overrides |= set(above)
    taken = parameters(methods["__init__"]) if "__init__" in methods else []
    bases = {ast.unparse(base).rsplit(".", 1)[-1] for base in item.bases}
    if "dataclass" in decorators(item) or "NamedTuple" in bases:
        fields = [f.target.id for f in item.body if isinstance(f, ast.AnnAssign)]
        taken += [name for name in fields if not name.startswith("_")]
    refused = set()
    for maker in ("__init__", "__post_init__", "__new__"):
        refused |= raised(methods[maker]) if maker in methods else set()
    yield Entry(name, ast.get_docstring(item) or "", taken, False, refused, brief)
    for method in methods.values():
        if not method.name.startswith("_") or method.name == "__call__":
            entry = function_entry(method, f"{name}.", brief)
            if method.name in overrides:  # what goes in and out is said by the base class
                entry = Entry(entry.name, entry.doc, [], False, entry.raises, brief)
            yield entry


def entries(module: str) -> list[Entry]:
    """Return what is public in a module: not private names, and not what it only imports."""
    found: list[Entry] = []
    brief, prefix = module in BRIEF, f"{module}."
    classes = {item.name: item for item in parsed(module).body if isinstance(item, ast.ClassDef)}
    for item in parsed(module).body:
        if isinstance(item, Function) and not item.name.startswith("_"):
            found.append(function_entry(item, prefix, brief))
        elif isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
            found += class_entries(item, prefix, brief, classes)
    return found


def complaints(entry: Entry) -> list[str]:
    """Return what the docstring leaves out."""
    if not entry.doc:
        return ["has no docstring"]
    if entry.brief:
        return []
    doc = docscrape.NumpyDocString(entry.doc)
    given = [*doc["Parameters"], *doc["Other Parameters"], *doc["Attributes"]]
    described = {name.strip(" *"): p for p in given for name in p.name.split(",")}
    found = [f"lacks the parameter {name}" for name in entry.parameters if name not in described]
    for name in entry.parameters:
        if name in described and not (described[name].type or "As for" in described[name].desc[0]):
            star = described[name].name.startswith("*")
            found += [] if star else [f"gives no type for {name}"]
    unknown = {p.name for p in doc["Parameters"]} if not entry.parameters else set()
    unknown |= {name.strip(" *") for p in doc["Parameters"] for name in p.name.split(",")} - set(
        entry.parameters
    )
    found += [f"describes {name}, which is no parameter" for name in sorted(unknown)]
    if entry.returns and not doc["Returns"]:
        found.append("lacks Returns")
    named = {p.type for p in doc["Raises"]}
    found += [f"lacks {error} under Raises" for error in sorted(entry.raises - named)]
    return found


@pytest.mark.parametrize("module", ROOMS)
def test_docstrings_say_enough(module):
    assert ast.get_docstring(parsed(module)), f"{module} has no docstring"
    found = {entry.name: complaints(entry) for entry in entries(module)}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_the_check_finds_what_is_left_out():
    text = '''
def bare(x): ...
def half(x, y, *rest, **more) -> int:
    """Sum.

    Parameters
    ----------
    x : int
        One.
    y
        Two.
    z : int
        None.
    *rest, **more
        Others.
    """
    def inner():
        raise KeyError("not mine")
    if x:
        raise ValueError("x")
    raise
class Thing:
    """A thing.

    Parameters
    ----------
    size : int
        Its size.

    Raises
    ------
    ValueError
        If there is none.
    """
    def __init__(self, size):
        raise ValueError(size)
    @property
    def twice(self) -> int:
        """Twice the size."""
    def grown(self, by) -> "Thing":
        """A larger one."""
class Other(Thing):
    """Another thing."""
    def grown(self, by) -> "Thing":
        """A smaller one."""
'''
    tree = ast.parse(text)
    bare, half, thing, other = tree.body
    assert complaints(function_entry(bare, "", False)) == ["has no docstring"]
    assert complaints(function_entry(half, "", False)) == [
        "gives no type for y",
        "describes z, which is no parameter",
        "lacks Returns",
        "lacks ValueError under Raises",
    ]
    own, twice, grown = class_entries(thing, "", False, {})
    assert complaints(own) == complaints(twice) == []
    assert complaints(grown) == ["lacks the parameter by", "lacks Returns"]
    (_, again) = class_entries(other, "", False, {"Thing": thing})
    assert again.name == "Other.grown"
    assert complaints(again) == []
    assert complaints(function_entry(bare, "", True)) == ["has no docstring"]


# ---- Every public name is on its page ----


@pytest.mark.parametrize("module", ROOMS)
def test_every_public_name_is_on_a_built_page(module):
    if not (HTML / "index.html").exists():
        if os.environ.get("CI"):
            pytest.fail(f"the book is not built in {HTML}: run `make book`")
        pytest.skip(f"the book is not built in {HTML}: run `make book`")
    anchors: set[str] = set()
    for page in (HTML / "book/api").glob("*.html"):
        anchors |= set(re.findall(r'id="(ddpg_lib\.[^"]+)"', page.read_text(encoding="utf-8")))
    names = {entry.name for entry in entries(module)}
    assert names - anchors == set()
    assigned = {
        ast.unparse(target)
        for item in parsed(module).body
        if isinstance(item, ast.Assign | ast.AnnAssign)
        for target in (item.targets if isinstance(item, ast.Assign) else [item.target])
    }
    exported = {f"{module}.{name}" for name in assigned & set(ddpg_lib.__all__)}
    assert exported - anchors == set()
