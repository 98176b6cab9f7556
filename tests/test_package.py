"""The package itself: what it exports, imported only when it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ddpg_lib

ROOT = Path(__file__).resolve().parents[1]


def test_what_type_checkers_see_is_what_there_is():
    stub = ast.parse(Path(ddpg_lib.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imported = [
        x.name for node in stub.body if isinstance(node, ast.ImportFrom) for x in node.names
    ]
    (stated,) = [ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign)]
    assert sorted(imported) == sorted(stated) == sorted(ddpg_lib.__all__)
    for name in ddpg_lib.__all__:
        assert getattr(ddpg_lib, name) is not None
    assert set(ddpg_lib.__all__) <= set(dir(ddpg_lib))


def test_an_unknown_name_is_an_error():
    with pytest.raises(ImportError, match="trian"):
        from ddpg_lib import trian  # noqa: F401


def test_importing_it_costs_nothing_and_hyperparameters_need_no_torch():
    program = """
import sys
import ddpg_lib
assert not {"numpy", "torch"} & set(sys.modules)
ddpg_lib.recipe("pendulum")
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_agents_that_are_not_compiled_do_without_the_compiler():
    """It takes as long to import as PyTorch itself."""
    program = """
import sys
import ddpg_lib.ddpg
assert "torch" in sys.modules
assert not {"torch._dynamo", "torch._inductor"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
