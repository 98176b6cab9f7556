"""What the chapters need to show the library inside a notebook."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]  # where ddpg_lib lies


def show_source(
    *objects: Any, docstrings: bool = False, start: str = "", stop: str | None = None
) -> None:
    """Display the library's own source of functions or classes, as it is installed.

    Parameters
    ----------
    *objects
        Functions, methods, classes or modules.
    docstrings : bool
        Whether to keep docstrings, which the API reference prints in full.
    start, stop : str, optional
        To show a part: from the first line that contains ``start`` to before the next one that
        contains ``stop``, such as two comments.

    Raises
    ------
    ValueError
        If no line contains ``start``, or none after it ``stop``.
    """
    from IPython.display import Markdown, display

    for item in objects:
        source = textwrap.dedent(inspect.getsource(item)).rstrip()
        if not docstrings:
            source = without_docstrings(source)
        source = _part(source, start, stop)
        # A decorator such as torch.no_grad() has a file of its own.
        path = Path(inspect.getsourcefile(inspect.unwrap(item)) or "")
        place = path.relative_to(HOME).as_posix()
        display(Markdown(f"```python\n# {place}\n{source}\n```"))


def _part(source: str, start: str, stop: str | None) -> str:
    """The lines from the first with ``start`` to before the next with ``stop``, dedented."""
    lines = source.splitlines()
    ends = [len(lines)]
    begins = [i for i, line in enumerate(lines) if start in line]
    if begins and stop is not None:
        ends = [i for i in range(begins[0] + 1, len(lines)) if stop in lines[i]]
    if not (begins and ends):
        missing = stop if begins else start
        raise ValueError(f"no line contains {missing!r}: has the source changed?")
    return textwrap.dedent("\n".join(lines[begins[0] : ends[0]])).rstrip()


def without_docstrings(source: str) -> str:
    """Return the source text without the docstrings of its functions, classes and module."""
    lines = source.splitlines()
    drop: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            first = node.body[0]
            assert first.end_lineno is not None
            drop.update(range(first.lineno - 1, first.end_lineno))
            # The blank line that sets a class's docstring off goes with it.
            if first.end_lineno < len(lines) and not lines[first.end_lineno].strip():
                drop.add(first.end_lineno)
    return "\n".join(line for i, line in enumerate(lines) if i not in drop)
