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
from built import HTML

import ddpg_lib

docscrape = pytest.importorskip("numpydoc.docscrape")

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "book/api"
OVERVIEW = (PAGES / "library.md").read_text(encoding="utf-8")
# The chapters' answers, which a reader should not come across here.
ANSWERS = re.compile(r"ddpg_lib\.chapters\.ch\d+\.exercises")
# The issue holds this room to 250 lines, docstrings included: they are there, but have no sections.
BRIEF = {"ddpg_lib.numpy_ddpg"}


def modules() -> dict[str, bool]:
    """Return every public module but the answers, and whether it is a package."""
    found = {}
    for module in pkgutil.walk_packages(ddpg_lib.__path__, "ddpg_lib."):
        private = any(part.startswith("_") for part in module.name.split("."))
        if not private and not ANSWERS.fullmatch(module.name):
            found[module.name] = module.ispkg
    return found


ROOMS = [name for name, is_package in modules().items() if not is_package]
PACKAGES = [name for name, is_package in modules().items() if is_package]


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


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_defines_nothing_of_its_own(package):
    """So the reference misses nothing: it shows modules, and a package only gathers from them."""
    kinds = {type(item) for item in parsed(package).body}
    assert ast.get_docstring(parsed(package))
    assert kinds <= {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign}
    names = {ast.unparse(i.targets[0]) for i in parsed(package).body if isinstance(i, ast.Assign)}
    assert names <= {"__all__"}


def test_the_tree_of_the_overview_names_every_module():
    (tree,) = re.findall(r"^```text\nddpg_lib/\n(.*?)^```", OVERVIEW, re.MULTILINE | re.DOTALL)
    shown = {(name,) for name in re.findall(r"^  (\w+)\.py ", tree, re.MULTILINE)}
    for folder, names in re.findall(r"^ +(\w+)/ +([^:]*):", tree, re.MULTILINE):
        shown |= {(folder, name) for name in names.split()}
    rooms = [name.split(".") for name in ROOMS]
    there = {tuple(room[-2:]) if len(room) > 2 else (room[-1],) for room in rooms}
    assert {room for room in there if not re.match(r"ch\d", room[0])} == shown


# ---- Every public name has a docstring that says enough ----
#
# One line is enough where the signature, which shows the types, says the rest. Some types leave
# something open: what shape an array has, which keys a dictionary, what a function is called with.
# What is of such a type is described in a section, or named ``so`` in the text, or has its shape
# ``(n, batch)``, its keys, or a link to where it is described there.

OPEN = {"ArrayLike", "NDArray", "ndarray", "Tensor", "Callable", "Mapping", "dict", "Any"}
CONTAINERS = {"Sequence", "Iterable", "Iterator", "Generator", "list", "tuple", "set", "Annotated"}


def words(annotation: ast.AST | None) -> set[str]:
    """Return the types that an annotation is made of; what is in an Env[Any, Any] is no matter."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return words(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp):
        return words(annotation.left) | words(annotation.right)
    if isinstance(annotation, ast.Tuple):
        return set().union(*map(words, annotation.elts))
    if isinstance(annotation, ast.Subscript):
        outer = words(annotation.value)
        return outer | (words(annotation.slice) if outer & CONTAINERS else set())
    return {ast.unparse(annotation).rsplit(".", 1)[-1]} if annotation else set()


@cache
def open_types() -> frozenset[str]:
    """Return ``OPEN`` with the library's own names of such types that have no docstring."""
    found = set(OPEN)
    for room in ROOMS:
        body = parsed(room).body
        for item, after in zip(body, [*body[1:], None], strict=True):
            alias = isinstance(item, ast.AnnAssign) and words(item.annotation) == {"TypeAlias"}
            if alias or (isinstance(item, ast.Assign) and isinstance(item.value, ast.Subscript)):
                documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                target = item.target if isinstance(item, ast.AnnAssign) else item.targets[0]
                if words(item.value) & OPEN and not documented:
                    found.add(ast.unparse(target))
    return frozenset(found)


@dataclass
class Entry:
    """One public function, class or method, and what its docstring must say.

    ``open`` are the parameters of open types, and ``returns`` says whether the result is of one.
    """

    name: str
    doc: str
    parameters: list[str]
    open: list[str]
    fields: list[str] = field(default_factory=list)
    returns: bool = False
    raises: set[str] = field(default_factory=set)
    brief: bool = False


Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(function: Function, of: frozenset[str] | None = None) -> list[str]:
    """Return the names of a function's parameters, or of those of certain types."""
    spec = function.args
    every = [*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg]
    found = [x for x in every if x and x.arg not in ("self", "cls") and x.arg[0] != "_"]
    return [x.arg for x in found if of is None or words(x.annotation) & of]


def decorators(item: Function | ast.ClassDef) -> set[str]:
    return {ast.unparse(d).split("(")[0].rsplit(".", 1)[-1] for d in item.decorator_list}


def raised(function: ast.AST) -> set[str]:
    """Return the exceptions raised in the function itself; functions within it are their own."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(function):
        if isinstance(node, Function | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.With) and "as_checkpoint_error(" in ast.unparse(node.items[0]):
            continue  # turns every error into a CheckpointError
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(ast.unparse(node.exc.func).rsplit(".", 1)[-1])
        found |= raised(node)
    return found - {"NotImplementedError"}  # of a base class: a mistake of the programmer


def function_entry(function: Function, prefix: str, brief: bool) -> Entry:
    return Entry(
        prefix + function.name,
        ast.get_docstring(function) or "",
        parameters(function),
        parameters(function, open_types()),
        returns=bool(words(function.returns) & open_types()),
        raises=raised(function),
        brief=brief,
    )


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
    maker = methods.get("__init__")
    taken, left_open = (parameters(maker, x) if maker else [] for x in (None, open_types()))
    fields: list[str] = []
    bases = {ast.unparse(base).rsplit(".", 1)[-1] for base in item.bases}
    if "dataclass" in decorators(item) or "NamedTuple" in bases:
        names = [f.target.id for f in item.body if isinstance(f, ast.AnnAssign)]
        fields = [name for name in names if not name.startswith("_")]
    refused = set()
    for made in ("__init__", "__post_init__", "__new__"):
        refused |= raised(methods[made]) if made in methods else set()
    doc = ast.get_docstring(item) or ""
    yield Entry(name, doc, taken + fields, left_open, fields, raises=refused, brief=brief)
    for method in methods.values():
        if not method.name.startswith("_") or method.name == "__call__":
            entry = function_entry(method, f"{name}.", brief)
            if method.name in overrides:  # what goes in and out is said by the base class
                entry.open, entry.returns = [], False
            yield entry


@cache
def public_classes() -> dict[str, ast.ClassDef]:
    """Return the library's classes by their bare names, which bases are given by."""
    bodies = [item for room in ROOMS for item in parsed(room).body]
    return {item.name: item for item in bodies if isinstance(item, ast.ClassDef)}


def entries(module: str) -> list[Entry]:
    """Return what is public in a module: not private names, and not what it only imports."""
    found: list[Entry] = []
    brief, prefix = module in BRIEF, f"{module}."
    own = {item.name: item for item in parsed(module).body if isinstance(item, ast.ClassDef)}
    for item in parsed(module).body:
        if isinstance(item, Function) and not item.name.startswith("_"):
            found.append(function_entry(item, prefix, brief))
        elif isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
            found += class_entries(item, prefix, brief, public_classes() | own)
    return found


def complaints(entry: Entry) -> list[str]:
    """Return what the docstring leaves out."""
    if not entry.doc:
        return ["has no docstring"]
    if entry.brief:
        return []
    doc = docscrape.NumpyDocString(entry.doc)
    described = {
        section: {word.strip(" *") for p in doc[section] for word in p.name.split(",")}
        for section in ("Parameters", "Other Parameters", "Attributes")
    }
    listed = set().union(*described.values())
    found = [f"lacks the attribute {name}" for name in entry.fields if name not in listed]
    quoted = re.findall(r"``([^`]+)``", entry.doc)
    named = listed | set(re.findall(r"\w+", " ".join(quoted)))
    needed = [name for name in entry.open if name not in named]
    needed += ["what is returned"] * (entry.returns and not (doc["Returns"] or doc["Yields"]))
    said = [x for x in quoted if x not in entry.parameters] + re.findall(r":\w+:`", entry.doc)
    if len(said) < len(needed):
        found += [f"says nothing of {what}" for what in needed]
    unknown = described["Parameters"] - set(entry.parameters)
    found += [f"describes {name}, which is no parameter" for name in sorted(unknown)]
    refused = {p.type for p in doc["Raises"]}
    found += [f"lacks {error} under Raises" for error in sorted(entry.raises - refused)]
    return found


@pytest.mark.parametrize("module", ROOMS)
def test_docstrings_say_enough(module):
    assert ast.get_docstring(parsed(module)), f"{module} has no docstring"
    found = {entry.name: complaints(entry) for entry in entries(module)}
    assert {name: faults for name, faults in found.items() if faults} == {}


LINES = {
    "def f(x): ...": ["has no docstring"],
    "def f(x: int) -> int: 'One line.'": [],
    "def f(x: Tensor): 'A line.'": ["says nothing of x"],
    "def f(x: float | Tensor): 'A line.'": ["says nothing of x"],
    "def f(x: tuple[Tensor, int]): 'A line.'": ["says nothing of x"],
    "def f(x: Tensor): 'A line on ``x``.'": [],
    "def f(x: Tensor): 'A line on those numbers, ``(n, batch)``.'": [],
    "def f(x: Tensor, y: Tensor): 'A line on ``x``.'": ["says nothing of y"],
    "def f(x: Tensor, y: Tensor): 'A line on ``x + y``.'": [],
    "def f(state: Mapping[str, Any]): 'A line, as from :meth:`g`.'": [],
    "def f(env: gym.Env[Any, Any]): 'A line.'": [],
    "def f(*x: Any, **y: Any): 'A line.'": ["says nothing of x", "says nothing of y"],
    "def f(x: Tensor) -> Tensor: 'A line on ``x``.'": ["says nothing of what is returned"],
    "def f(x: Tensor) -> Tensor: 'A line on ``x`` and ``(n, batch)``.'": [],
    "def f() -> dict[str, int]: 'A line.'": ["says nothing of what is returned"],
    "def f() -> Callable[[int], int]: 'A line.'": ["says nothing of what is returned"],
    "def f() -> Array: 'A line.'": ["says nothing of what is returned"],  # the library's name
    "def f():\n 'A line.'\n raise ValueError('x')": ["lacks ValueError under Raises"],
    "def f():\n 'A line.'\n def inner(): raise KeyError('not mine')\n raise": [],
}


@pytest.mark.parametrize("source", LINES)
def test_the_check_finds_what_one_line_leaves_out(source):
    (function,) = ast.parse(source).body
    assert complaints(function_entry(function, "", False)) == LINES[source]
    short = function_entry(function, "", True)
    assert complaints(short) == (LINES[source] if not short.doc else [])


def test_the_check_reads_sections_and_classes():
    text = '''
def half(x: Tensor, y: Tensor, *rest: Any, **more: Any) -> Tensor:
    """Sum.

    Parameters
    ----------
    x : shape (n,)
        One.
    z
        None.
    *rest, **more
        Others.

    Returns
    -------
    Tensor
    """
class Thing:
    """A thing.

    Parameters
    ----------
    size : shape (2,)
        Its size.

    Raises
    ------
    ValueError
        If there is none.
    """
    def __init__(self, size: Tensor, count: int):
        raise ValueError(size)
    def grown(self, by: Tensor) -> "Tensor":
        """A larger one."""
class Other(Thing):
    """Another thing."""
    def __init__(self, size: Tensor): ...
    def grown(self, by: Tensor) -> Tensor:
        """A smaller one."""
@dataclass
class Fields:
    """A thing.

    Attributes
    ----------
    a : int
        One.
    """
    a: int
    b: int
'''
    half, thing, other, fields = ast.parse(text).body
    assert complaints(function_entry(half, "", False)) == [
        "says nothing of y",
        "describes z, which is no parameter",
    ]
    own, grown = class_entries(thing, "", False, {})
    assert complaints(own) == []
    assert complaints(grown) == ["says nothing of by", "says nothing of what is returned"]
    made, again = class_entries(other, "", False, {"Thing": thing})
    assert complaints(made) == ["says nothing of size"]
    assert again.name == "Other.grown"
    assert complaints(again) == []
    (record,) = class_entries(fields, "", False, {})
    assert complaints(record) == ["lacks the attribute b"]


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
