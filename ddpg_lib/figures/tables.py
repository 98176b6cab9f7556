"""Small tables of numbers, as HTML for pages and as aligned text for terminals and tests."""

from __future__ import annotations

import html
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Table:
    """A table that notebooks display; see :func:`table`.

    Parameters
    ----------
    rows, columns, corner
        As for :func:`table`.

    Raises
    ------
    ValueError
        If a row has not one value a column.
    """

    def __init__(
        self, rows: Mapping[Any, Sequence[Any]], columns: Mapping[str, str], corner: str = ""
    ) -> None:
        for name, values in rows.items():
            if len(values) != len(columns):
                raise ValueError(
                    f"row {name!r} has {len(values)} values for {len(columns)} columns"
                )
        self.header = [corner, *columns]
        self.cells = [
            [str(name), *map(_text, values, columns.values())] for name, values in rows.items()
        ]
        # Numbers stand below each other's units; words begin at the left.
        self.right = [False] + [
            bool(spec) or all(_is_number(values[k]) for values in rows.values())
            for k, spec in enumerate(columns.values())
        ]

    def __repr__(self) -> str:
        lines = [self.header, *self.cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, self.right, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        # Attributes, not styles: those are what GitHub and JupyterLab leave in.
        def row(cells: Sequence[str], first: str, others: str) -> str:
            marked = []
            for k, (cell, right) in enumerate(zip(cells, self.right, strict=True)):
                kind, side = others if k else first, "right" if right else "left"
                end = kind.split()[0]
                marked.append(f'<{kind} align="{side}">{html.escape(cell)}</{end}>')
            return f"<tr>{''.join(marked)}</tr>"

        head = row(self.header, 'th scope="col"', 'th scope="col"')
        body = "\n".join(row(cells, 'th scope="row"', "td") for cells in self.cells)
        return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def table(rows: Mapping[Any, Sequence[Any]], columns: Mapping[str, str], corner: str = "") -> None:
    """Display a small table in a notebook.

    Parameters
    ----------
    rows : mapping
        From the name of each row, in order, to its values, one a column.
    columns : mapping of str to str
        From the head of each column to the format of its numbers, such as ``".1f"`` or ``".0%"``.
        Strings are shown as they are, and nothing for ``None``.
    corner : str
        What the rows' names are.

    Raises
    ------
    ValueError
        If a row has not one value a column.
    """
    from IPython.display import display

    display(Table(rows, columns, corner))


def _text(value: Any, spec: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else format(value, spec) if spec else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Number | np.number) and not isinstance(value, bool | np.bool_)
