"""The house: no import climbs to a higher floor or crosses one, and none goes in a circle.

Every import statement counts, wherever it stands: in a function, where it runs late, and under
``TYPE_CHECKING``, where it never runs. A reader follows those as well. The floors are those that
the overview, book/api/library.md, shows.
"""

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OVERVIEW = (ROOT / "book/api/library.md").read_text(encoding="utf-8")
Graph = dict[str, set[str]]


def floors(text: str) -> dict[str, int]:
    """Read a drawing of the house: the top floor first, each line the units of one floor."""
    lines = reversed(text.strip().splitlines())
    return {unit: floor for floor, line in enumerate(lines) for unit in line.split()}


def modules(package: Path) -> dict[str, Path]:
    """Return every module below a package's folder, and the package, by full name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of the same package that a module names in its import statements.

    ``from a.b import c`` names the module a.b.c, and a.b where there is no such module: if that is
    a package, what its ``__init__`` says.
    """
    package = name.split(".")[0]
    here = name.split(".") + ["__init__"] * (path.stem == "__init__")
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            named = [(base, alias.name) for alias in node.names]
        else:
            continue
        for module, item in named:
            if module.split(".")[0] == package:
                target = f"{module}.{item}" if f"{module}.{item}" in known else module
                assert target in known, f"{name} imports {target}, which does not exist"
                found.add(target)
    return found


def graph_of(package: Path) -> Graph:
    """Return each module with those that it imports."""
    known = modules(package)
    return {name: imported(name, path, known) for name, path in known.items()}


def unit(module: str) -> str:
    """Return what stands on a floor: a folder, or a module beside the folders."""
    return (module.split(".")[1:] or ["the package itself"])[0]


def climbs(graph: Graph, floor: dict[str, int]) -> list[str]:
    """Name the imports that do not lead down, or stay within their folder.

    The package itself, whose ``__init__`` gathers what others import, is the roof, and
    ``__main__`` stands on it.
    """
    roof = max(floor.values()) + 1
    place = {**floor, "the package itself": roof, "__main__": roof}
    return [
        f"{module} imports {other}"
        for module, others in sorted(graph.items())
        for other in sorted(others)
        if unit(other) != unit(module) and place[unit(other)] >= place[unit(module)]
    ]


def circles(graph: Graph) -> list[str]:
    """Name the modules of each circle; one import of every circle found is cut to find the next."""
    graph = {module: set(others) for module, others in graph.items()}
    found = []
    while True:
        try:
            graphlib.TopologicalSorter(graph).prepare()
            return sorted(found)
        except graphlib.CycleError as error:
            ring = error.args[1][-2::-1]  # each module imports the next
            first = ring.index(min(ring))
            ring = [*ring[first:], *ring[: first + 1]]
            found.append(" imports ".join(ring))
            graph[ring[-2]].remove(ring[-1])


# ---- The library ----

(DRAWING,) = re.findall(r"^```text\n(cli .*?)^```", OVERVIEW, re.MULTILINE | re.DOTALL)
GRAPH = graph_of(ROOT / "ddpg_lib")


def test_every_folder_and_every_module_beside_them_has_a_floor():
    assert len(DRAWING.split()) == len(floors(DRAWING))
    units = {unit(module) for module in GRAPH} - {"the package itself", "__main__"}
    assert units == set(floors(DRAWING)), "mend the drawing of the floors in book/api/library.md"


def test_no_import_climbs():
    assert climbs(GRAPH, floors(DRAWING)) == []


def test_no_import_goes_in_a_circle():
    assert circles(GRAPH) == []


# ---- What the check finds: first the three faults that the library once had ----

OLD = "plotting commands\nrecords training runfolder\nexact pendulum pendulum_policies state"


def house(folder: Path, sources: dict[str, str]) -> Graph:
    """Write a package called old, and read its imports."""
    for name, text in {"__init__": "", **sources}.items():
        path = folder / "old" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return graph_of(folder / "old")


def test_a_circle_over_a_re_export_and_a_late_import_is_found(tmp_path):
    graph = house(
        tmp_path,
        {
            "exact": "from old.pendulum import EnergyShaping, PendulumModel\nclass LQR: ...",
            "pendulum": "from old.pendulum_policies import EnergyShaping\nclass PendulumModel: ...",
            "pendulum_policies": "def gain():\n    from old.exact import LQR  # late",
        },
    )
    assert circles(graph) == [
        "old.exact imports old.pendulum imports old.pendulum_policies imports old.exact"
    ]


def test_a_circle_over_an_import_for_types_is_found(tmp_path):
    graph = house(
        tmp_path,
        {
            "training": "from old.runfolder import RunFolder",
            "runfolder": (
                "from typing import TYPE_CHECKING\n"
                "if TYPE_CHECKING:\n    from old.training import Training"
            ),
        },
    )
    assert circles(graph) == ["old.runfolder imports old.training imports old.runfolder"]


def test_a_late_climb_is_found(tmp_path):
    late = "class Run:\n    def plot(self):\n        from old.plotting import learning_curves"
    graph = house(tmp_path, {"records": late, "plotting": "import math"})
    assert circles(graph) == []
    assert climbs(graph, floors(OLD)) == ["old.records imports old.plotting"]


@pytest.mark.parametrize(
    "statement",
    [
        "import old.plotting",
        "import math, old.plotting as p",
        "from old import plotting",
        "from . import plotting",
        "from .plotting import show",
        "from old.plotting import *",
        "try:\n    from old.plotting import show\nexcept ImportError:\n    pass",
    ],
)
def test_every_kind_of_import_counts(tmp_path, statement):
    graph = house(tmp_path, {"state": statement, "plotting": "def show(): ..."})
    assert climbs(graph, floors(OLD)) == ["old.state imports old.plotting"]


def test_neighbours_on_a_floor_do_not_import_each_other(tmp_path):
    graph = house(tmp_path, {"commands": "from old.plotting import show", "plotting": ""})
    assert climbs(graph, floors(OLD)) == ["old.commands imports old.plotting"]


def test_the_roof_is_above_everyone(tmp_path):
    graph = house(tmp_path, {"__init__": "x = 1", "commands": "from old import x"})
    assert climbs(graph, floors(OLD)) == ["old.commands imports old"]
    assert circles(graph) == []


def test_a_module_and_the_package_that_gathers_it_may_not_import_each_other(tmp_path):
    sources = {
        "figures/__init__": "from old.figures.page import show",
        "figures/page": "from old.figures import COLORS",
    }
    graph = house(tmp_path, sources)
    assert circles(graph) == ["old.figures imports old.figures.page imports old.figures"]
    assert climbs(graph, {"figures": 0}) == []
    graph = house(tmp_path, {"figures/page": "from .style import COLORS", "figures/style": ""})
    assert graph["old.figures.page"] == {"old.figures.style"}
    graph = house(tmp_path, {"figures/__init__": "from .page import show"})
    assert graph["old.figures"] == {"old.figures.page"}
    assert circles(graph) == []


def test_a_module_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AssertionError, match=r"old\.state imports old\.gone, which does not exist"):
        house(tmp_path, {"state": "from old.gone import x"})
