"""What the chapters need to show the library inside a notebook."""

from __future__ import annotations

import ast
import difflib
import inspect
import io
import re
import textwrap
import tokenize
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


def show_difference(
    agent: type, base: type, *methods: str, start: str = "", stop: str | None = None
) -> None:
    """Display how a class differs from another, as both are installed, as a diff.

    Parameters
    ----------
    agent, base : type
        What has changed, and from what. Lines of ``agent`` have a plus, those of ``base`` a minus.
    *methods : str
        Which; by default all that :func:`changed` names.
    start, stop : str, optional
        To compare a part of both, as for :func:`show_source`.

    Raises
    ------
    ValueError
        As :func:`difference` does.
    """
    from IPython.display import Markdown, display

    for method in methods or changed(agent, base):
        found = difference(agent, base, method, start, stop)
        display(Markdown(f"```diff\n{found}\n```"))


def changed(agent: type, base: type) -> list[str]:
    """The methods of ``agent`` that ``base`` has otherwise or lacks, in the order of the source.

    What both inherit alike does not count, nor does an attribute that is no method.
    """
    own = [k for k in reversed(agent.__mro__) if k not in base.__mro__]
    names = dict.fromkeys(n for k in own for n, x in vars(k).items() if inspect.isfunction(x))
    return list(names)


def difference(
    agent: type, base: type, method: str, start: str = "", stop: str | None = None
) -> str:
    """A unified diff of a method, from ``base``'s to ``agent``'s.

    Docstrings, comments and types in signatures are left out. Of lines that are the same only
    those next to a change are kept, and an ellipsis stands for others in between. Where a method
    calls the one that it replaces, all but that call is new. ``start`` and ``stop`` are as for
    :func:`show_source`, and are looked for in both.

    Raises
    ------
    ValueError
        If ``agent`` has no such method, if a line is not found, or if nothing differs.
    """
    if not hasattr(agent, method):
        raise ValueError(f"{agent.__name__} has no method {method!r}")
    after = _code(getattr(agent, method), start, stop)
    before = _code(getattr(base, method), start, stop) if hasattr(base, method) else []
    if before == after:
        raise ValueError(f"{method} is the same in {agent.__name__} and in {base.__name__}")
    lines = [f"--- {base.__name__}.{method}", f"+++ {agent.__name__}.{method}"]
    calls = [re.search(rf"super\(.*\)\.{method}\(", line) is not None for line in after]
    if any(calls):
        kept = [called or i == 0 for i, called in enumerate(calls)]
        return "\n".join(lines + [" +"[not k] + x for k, x in zip(kept, after, strict=True)])
    for line in list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]:
        if not line.startswith("@@"):
            lines.append(line)
        elif len(lines) > 2:
            lines.append("     ...")
    return "\n".join(lines)


def _code(method: Any, start: str, stop: str | None) -> list[str]:
    """A method's lines of code: no docstring, no comments, and no types in its head."""
    method = inspect.unwrap(method)
    lines = without_docstrings(textwrap.dedent(inspect.getsource(method))).splitlines()
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    lines = [line for line in lines if line.strip()]
    node = ast.parse("\n".join(lines)).body[0]
    assert isinstance(node, ast.FunctionDef)
    names = ", ".join(str(x.replace(annotation=x.empty)) for x in _parameters(method))
    code = [f"def {node.name}({names}):", *lines[node.body[0].lineno - 1 :]]
    return _part("\n".join(code), start, stop).splitlines()


def _parameters(method: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())


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
