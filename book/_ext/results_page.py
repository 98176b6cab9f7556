"""Fill the results page from the recorded runs, and put all of it beside the book as CSV.

A page that holds the line ``<!-- results -->`` gets a section for each recorded run: a figure and
a table, made from what ships in ``ddpg_lib/data`` when the book is built.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from ddpg_lib.figures.page import to_html
from ddpg_lib.figures.style import use_house_style
from ddpg_lib.results.experiments import EXPERIMENTS
from ddpg_lib.results.published import (
    OURS,
    UNPUBLISHED,
    ablations,
    beside_published,
    principal,
    results_csv,
    rows,
)
from ddpg_lib.results.recorded import recorded

MARK = "<!-- results -->"
CSV = "results.csv"


def number(x: Any) -> str:
    """Write a return as the tables show it: with two digits where it is small, else without."""
    digits = 2 if abs(x) < 20 else 0
    return f"{x:,.{digits}f}".replace("-", "−")


def table(run: str) -> str:
    """Return a run's table as Markdown."""
    lines = [
        "| by | environment | agents | steps | return | interval | judged |",
        "|---|---|--:|--:|--:|---|---|",
    ]
    for row in rows(run):
        mine = str(row["by"]).startswith(OURS)
        by = f"{row['by']} {{cite}}`{row['source']}`"
        if mine:
            by = str(row["by"]).replace(f"{OURS}, ", "with ").replace(OURS, f"**{OURS}**")
        interval = ""
        if row["low"] != "":
            what = "95%" if mine else f"±1 sd, {str(row['interval']).split()[-1]}"
            interval = f"{number(row['low'])} to {number(row['high'])} ({what})"
        cells = [
            by,
            str(row["env"]).rpartition(":")[2],
            row["agents"],
            f"{row['steps']:,}",
            number(row["return"]),
        ]
        lines.append("| " + " | ".join(map(str, [*cells, interval, row["evaluated"]])) + " |")
    return "\n".join(lines)


def section(run: str) -> str:
    """Return a run's section as Markdown."""
    recording = recorded(run)
    made = recording.manifest
    means = sorted(recording.final.mean(axis=1), reverse=True)
    worst, best = number(means[-1]), number(means[0])
    changed = ablations(run)
    env = recording.judged.rpartition(":")[2]
    beside = "" if run in UNPUBLISHED else ", above the published figures of the table"
    alt = f"Final returns on {env}: the agents of this book from {worst} to {best}{beside}"
    figure = to_html(
        beside_published(run, ablated=True),
        alt,
        f"{len(means)} agents of this book on "
        f"{env}: strokes; their interquartile mean with its 95% interval: diamond."
        + " Orange: the same with one choice changed."
        * bool(changed),
    )
    hours = made["wall time in seconds"] / 3600
    took = f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"
    one = len(set(map(number, means))) == 1
    reach = f"All reach {best}." if one else f"They reach {', '.join(map(number, means))}."
    how = (
        f"Repeat it with `ddpg reproduce {run}`: {took} on {made['hardware']['cores']} cores "
        f"({made['hardware']['processor']}), with torch {made['versions']['torch']} and gymnasium "
        f"{made['versions']['gymnasium']}, at commit `{str(made['commit'])[:10]}`. "
        f"{len(means)} agents were trained. {reach}"
    )
    if changed:
        again = ", ".join(f"`ddpg reproduce {name}`" for name in changed)
        how += f" With one choice changed: {again}."
    return f"## {env}\n\n{figure}\n\n{table(run)}\n\n{how}\n"


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the sections where the mark is."""
    if MARK in source[0]:
        use_house_style()
        source[0] = source[0].replace(
            MARK, "\n".join(section(run) for run in EXPERIMENTS if run in principal())
        )
        for path in Path(__file__).parents[2].glob("ddpg_lib/data/*/manifest.json"):
            app.env.note_dependency(str(path))


def write_csv(app: Sphinx, error: Exception | None) -> None:
    """Put the table of all results beside the pages."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "_static" / CSV).write_text(results_csv(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("source-read", fill)
    app.connect("build-finished", write_csv)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
