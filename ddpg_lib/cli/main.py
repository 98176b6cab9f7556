"""The command line: ``ddpg``, or ``python -m ddpg_lib``."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import tyro
from tyro.conf import subcommand

from ddpg_lib.cli.commands import COMMANDS, Train
from ddpg_lib.config import Config
from ddpg_lib.errors import did_you_mean
from ddpg_lib.recipes import recipe
from ddpg_lib.runs.interrupts import Interrupted

DESCRIPTION = "Deep deterministic policy gradient for stacks of agents."


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line, by default the one that the program was called with.

    Returned is the exit code: 0, 2 after an error, 130 after Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    warnings.showwarning = lambda message, *_: print(f"ddpg: note: {message}", file=sys.stderr)
    try:
        parse(given).run()
    except Interrupted:  # it has said what to do
        return 130
    except KeyboardInterrupt:
        print("ddpg: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("DDPG_DEBUG"):
            raise
        known = isinstance(error, ValueError | RuntimeError | ArithmeticError | OSError)
        hint = "" if known else f" ({type(error).__name__}; DDPG_DEBUG=1 shows where)"
        text = " ".join(str(error).split()) or "it failed without a message"
        print(f"ddpg: {text}{hint}", file=sys.stderr)
        return 2
    return 0


def parse(given: list[str]) -> Any:
    """The one of ``COMMANDS`` that a line's words after ``ddpg`` name.

    Raises
    ------
    ValueError
        For a line that makes no sense, in one line.
    """
    _refuse_unknown_words(given)
    chosen = re.search(r"(?:^|\0)--recipe[\0=]([^\0]*)", "\0".join(given))
    default = Train(tyro.MISSING, recipe(chosen[1] if chosen else "default"))
    kinds: Any = Annotated[Train, subcommand("train", default=default)]
    for kind in COMMANDS[1:]:
        kinds |= Annotated[kind, subcommand(kind.__name__.lower())]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kinds, prog="ddpg", description=DESCRIPTION, args=given)
    except SystemExit as stop:
        if not stop.code:
            raise
        raise ValueError(_in_one_line(said.getvalue())) from None


def _refuse_unknown_words(given: list[str]) -> None:
    """Name the near command or option, which a parser takes for a value where it can."""
    commands = {kind.__name__.lower(): kind for kind in COMMANDS}
    if not given or given[0] in ("-h", "--help"):
        return
    if given[0] not in commands:
        raise ValueError(f"there is no command {given[0]!r}{_near(given[0], commands)}")
    kind = commands[given[0]]
    fields = [*dataclasses.fields(kind), *(dataclasses.fields(Config) if kind is Train else ())]
    names = {field.name.replace("_", "-"): field for field in fields}
    options = {f"--{name}" for name in names} | {"--help"}
    options |= {f"--no-{name}" for name, field in names.items() if field.type in ("bool", bool)}
    for word in given[1:]:
        option = word.split("=")[0].replace("_", "-")
        if option.startswith("--") and option not in options:
            raise ValueError(f"{given[0]} has no option {option}{_near(option, options)}")


def _near(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or f"; there are: {', '.join(sorted(known))}"


def _in_one_line(box: str) -> str:
    """What tyro's framed message says: its first paragraph."""
    rows = [row.strip("│ ") for row in box.splitlines()]
    rows = [row for row in rows if row and row[0] not in "╭╰"]
    rules = [i for i, row in enumerate(rows) if not row.strip("─")] or [len(rows)]
    return re.sub(r"Error parsing \S*config: ", "", " ".join(rows[: rules[0]]))
