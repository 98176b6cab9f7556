"""The command line: ``ddpg``, or ``python -m ddpg_lib``."""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import io
import os
import re
import select
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

    Returned is the exit code: 0, 2 after an error, 130 after Ctrl-C, 1 if nobody reads on.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    warnings.showwarning = lambda message, *_: print(f"ddpg: note: {message}", file=sys.stderr)
    _write_what_the_terminal_can()
    _find_modules_here()
    try:
        try:
            return _carry_out(given)
        finally:
            sys.stdout.flush()  # while it can still be noticed that nobody reads
    except BrokenPipeError:
        # Python writes what is left when it ends: give it a place, as its manual has it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return 1


def _carry_out(given: list[str]) -> int:
    try:
        parse(given).run()
    except Interrupted:  # it has said what to do
        return 130
    except KeyboardInterrupt:
        print("ddpg: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        # A pipe that broke elsewhere, such as to a simulator, is an error like others.
        if os.environ.get("DDPG_DEBUG") or (isinstance(error, BrokenPipeError) and _is_unread()):
            raise
        known = isinstance(error, ValueError | RuntimeError | ArithmeticError | OSError)
        hint = "" if known else f" ({type(error).__name__}; DDPG_DEBUG=1 shows where)"
        text = " ".join(str(error).split()) or "it failed without a message"
        print(f"ddpg: {text}{hint}", file=sys.stderr)
        return 2
    return 0


def _is_unread() -> bool:
    """Whether whoever read our output has gone."""
    if not hasattr(select, "poll"):  # on Windows
        return True
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        poll.register(stream.fileno(), 0)  # a broken pipe is reported unasked
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _write_what_the_terminal_can() -> None:
    """Keep a character that an output's encoding lacks from ending the program."""
    codecs.register_error("ddpg", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ddpg")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].replace("•", "-")
    return text.encode("ascii", "backslashreplace").decode(), error.end


def _find_modules_here() -> None:
    """Let modules of the current folder be imported, as ``python -m`` does.

    At the end of the path, where they hide no other module.
    """
    with contextlib.suppress(FileNotFoundError):  # the folder is gone
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())


def parse(given: list[str]) -> Any:
    """The one of ``COMMANDS`` that a line's words after ``ddpg`` name.

    Raises
    ------
    ValueError
        For a line that makes no sense, in one line.
    """
    options = _options(given)
    _refuse_unknown_words(given, options)
    config = recipe(options.get("--recipe", "default"))
    if "--steps" in options and "--eval-every" not in options:
        with contextlib.suppress(ValueError):  # no number: tyro says so
            within = config.eval_every_within(int(options["--steps"]))
            config = config.replace(eval_every=within)
    default = Train(tyro.MISSING, config)
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


def _options(given: list[str]) -> dict[str, str]:
    """Every option of a line, and the word that follows it."""
    found = {}
    for word, after in zip(given, [*given, ""][1:], strict=True):
        option, equals, value = word.partition("=")
        if option.startswith("--"):
            found[option.replace("_", "-")] = value if equals else after
    return found


def _refuse_unknown_words(given: list[str], options: Iterable[str]) -> None:
    """Name the near command or option, which a parser takes for a value where it can."""
    commands = {kind.__name__.lower(): kind for kind in COMMANDS}
    if not given or given[0] in ("-h", "--help"):
        return
    if given[0] not in commands:
        raise ValueError(f"there is no command {given[0]!r}{_near(given[0], commands)}")
    kind = commands[given[0]]
    fields = [*dataclasses.fields(kind), *(dataclasses.fields(Config) if kind is Train else ())]
    types = {field.name.replace("_", "-"): str(field.type) for field in fields}
    alone = [f"--{name}" for name, type in types.items() if type.startswith("Positional")]
    known = [f"--{name}" for name in types if f"--{name}" not in (*alone, "--config")]
    negated = [f"--no-{name}" for name, type in types.items() if type == "bool"]
    for option in options:
        if option in alone:
            raise ValueError(
                f"{given[0]} has no option {option}: give its value alone, as "
                f"`ddpg {given[0]} --help` shows"
            )
        if option not in (*known, *negated, "--help"):
            near = _near(option, negated if option.startswith("--no-") else known)
            raise ValueError(f"{given[0]} has no option {option}{near}")


def _near(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or f"; there are: {', '.join(sorted(known))}"


def _in_one_line(box: str) -> str:
    """What tyro's framed message says: its first paragraph, and what an option takes."""
    rows = [row.strip("│╰╯ ") for row in box.splitlines()[1:]]  # without the title
    marks = [bool(row.strip("─-")) for row in rows]  # where there is more than a rule
    first = marks.index(True)
    last = marks.index(False, first)
    text = re.sub(r"Error parsing (\S*config: )?", "", " ".join(rows[first:last]))
    option, _, reason = text.partition(": ")
    usage = [row for row in rows[last:] if option and row.startswith(f"{option} ")]
    return f"{option} takes {usage[0].removeprefix(option).strip()}: {reason}" if usage else text
