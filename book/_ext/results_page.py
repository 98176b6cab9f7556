"""Fill the results page from the recorded runs, and put all of it beside the book as CSV.

A page that holds the line ``<!-- results -->`` gets a section for each recorded run: a figure and
tables, made from what ships in ``ddpg_lib/data`` when the book is built. The line
``<!-- shared -->`` gives way to a table of one recipe in all worlds, and ``<!-- searches -->`` to
the account of how each recipe was found.
"""

from __future__ import annotations

import functools
import json
import re
import zlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from ddpg_lib.figures.page import to_html
from ddpg_lib.figures.style import use_house_style
from ddpg_lib.maths.stats import iqm
from ddpg_lib.results.experiments import EXPERIMENTS, SHARED, STARTS
from ddpg_lib.results.published import (
    FEW,
    OURS,
    STATISTICS,
    Estimate,
    ablations,
    alternative,
    beside_published,
    caption,
    mean,
    middle,
    named,
    other_recipe,
    principal,
    results_csv,
    rows,
    threshold,
)
from ddpg_lib.results.recorded import recorded
from ddpg_lib.results.reproduce import FINAL_SEED
from ddpg_lib.results.searches import ACCOUNTS, CHAPTERS, FRUITLESS, Account, record
from ddpg_lib.results.sweeps import sweep
from ddpg_lib.worlds.pendulum import PendulumOptimum, simulate

MARK, ONE, SEARCHES = "<!-- results -->", "<!-- shared -->", "<!-- searches -->"
CSV = "results.csv"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
POLE = "16_inverted_pendulum.ipynb"
KINDS = {sentence: kind for kind, sentence in STATISTICS.items()}


def number(x: Any) -> str:
    """Write a return as the tables show it: two digits where it is small, none where large."""
    digits = 2 if abs(x) < 20 else 1 if abs(x) < 2000 else 0
    return f"{x:,.{digits}f}".replace("-", "−")


def bounded(x: Estimate) -> str:
    """Return an estimate with the ends of its interval."""
    return f"{number(x.value)} ({number(x.low)} to {number(x.high)})"


def interval(row: dict[str, Any], value: str, low: str, high: str) -> str:
    """Return a value with the ends of its interval."""
    return bounded(Estimate(row[value], row[low], row[high]))


def ours(run: str, others: bool = False) -> str:
    """Return a run and its ablations as Markdown, or the runs beside it with another recipe."""
    own = [row for row in rows(run) if row["by"].startswith(OURS)]
    own = [row for row in own if other_recipe(row) == others]
    if not own:
        return ""
    bar = bar_of(run)
    lines = [
        f"| {'another recipe' * others} | agents | steps | mean (95%) | interquartile mean (95%) "
        f"| below {bar} | worst |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in own:
        by = f"**{OURS}**" if row["by"] == OURS else named(row)
        cells = [
            by,
            row["agents"],
            f"{row['steps']:,}",
            interval(row, "return", "low", "high"),
            interval(row, "interquartile mean", "iqm low", "iqm high"),
            f"{row['failures']} of {row['agents']}",
            number(row["worst"]),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def bar_of(run: str) -> str:
    """Return the threshold of failure as text, with no digit that says nothing."""
    return f"{threshold(recorded(run).judged)[0]:g}".replace("-", "−")


def theirs(run: str) -> str:
    """Return the table of what is published beside a run as Markdown; empty without any."""
    lines = [
        "| published by | environment | agents | steps | what is reported | theirs | ours |",
        "|---|---|--:|--:|---|--:|--:|",
    ]
    for row in rows(run):
        if row["by"].startswith(OURS):
            continue
        score = number(row["return"])
        if row["low"] != "":
            over = row["interval"].split()[-1]
            score += f" ± {number(row['high'] - row['return'])} over {over}"
        same = "not kept" if row["ours"] == "" else interval(row, "ours", "ours low", "ours high")
        cells = [
            f"{row['by']} {{cite}}`{row['source']}`",
            row["env"],
            row["agents"],
            f"{row['steps']:,}" if row["steps"] else "not said",
            f"*{KINDS[row['statistic']]}*: {row['remark']}",
            score,
            same,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) if len(lines) > 2 else ""


def section(run: str) -> str:
    """Return a run's section as Markdown."""
    recording = recorded(run)
    made = recording.manifest
    env = recording.judged.rpartition(":")[2]
    figure = to_html(
        beside_published(run, ablated=True),
        alternative(run, ablated=True),
        caption(run, ablated=True),
    )
    means = sorted(recording.final.mean(axis=1), reverse=True)
    hours = made["wall time in seconds"] / 3600
    took = f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"
    one = len(set(map(number, means))) == 1
    reach = f"All reach {number(means[0])}." if one else f"They reach {_list(means)}."
    named = f"{threshold(recording.judged)[1]}'s threshold"
    changed = {row["run"]: other_recipe(row) for row in rows(run) if row["run"] in ablations(run)}
    how = [
        f"An agent has failed whose mean lies below {bar_of(run)}, {named}.",
        f"Trained were {len(means)} agents, on seeds {made['seeds'][0]} to {made['seeds'][-1]}. "
        + reach,
        f"Repeat it with `ddpg reproduce {run}`: {took} on {made['hardware']['cores']} cores "
        f"({made['hardware']['processor']}), with torch {made['versions']['torch']} and gymnasium "
        f"{made['versions']['gymnasium']}, {_commits(made)}.",
    ]
    if len(means) < FEW:
        how.insert(1, f"With {len(means)} agents the bootstrap interval is little but their range.")
    for kind, other in (("With those settings changed", False), ("With another recipe", True)):
        again = [
            f"`ddpg reproduce {name}`" for name, is_other in changed.items() if is_other == other
        ]
        if again:
            how.append(f"{kind}: {', '.join(again)}.")
    tables = [ours(run), ours(run, others=True), theirs(run)]
    parts = [f"## {env}", figure, *tables, unseen(run), " ".join(how)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _commits(made: dict[str, Any]) -> str:
    """Say at which commit a run was recorded, or at which each of its stacks."""
    stacks = made.get("stacks")
    if stacks is None:
        return f"at commit `{made['commit'][:10]}`"
    each = (
        f"seeds {x['seeds'][0]} to {x['seeds'][-1]} at commit `{x['commit'][:10]}`" for x in stacks
    )
    return "in stacks one after the other, " + " and ".join(each)


@functools.cache
def optimum() -> float:
    """Return the optimum's mean on the starts on which final policies of Pendulum-v1 are judged."""
    starts = range(FINAL_SEED, FINAL_SEED + STARTS)
    return float(simulate(PendulumOptimum(), starts).returns.mean())


def unseen(run: str) -> str:
    """Return what the tables cannot show of a run: how far it is from the best, what is hidden."""
    if run == "pendulum":
        best = optimum()
        parts = []
        for name in (run, *ablations(run)):
            x = recorded(name).final.mean(axis=1)
            who = "the agents" if name == run else f"those of `{name}`"
            lost, worst = x.mean() / best - 1, x.min() / best - 1
            parts.append(f"{who} are {lost:.1%} short of it on average, the worst {worst:.1%}")
        return (
            f"From the same starts the optimum, computed on a grid, returns {number(best)}: "
            f"{'; '.join(parts)}. [Chapter 9](../notebooks/09_ddpg_complete.ipynb) looks for what "
            "is missing."
        )
    if run == "inverted_pendulum":
        shaking, agents = told(POLE, r"agents whose action still jumps: (\d+) of (\d+)")
        return (
            f"The return does not see everything: of the {agents} agents {shaking} shake, their "
            f"action jumps at every step ([chapter 16](../notebooks/{POLE}))."
        )
    return ""


def told(notebook: str, pattern: str) -> tuple[str, ...]:
    """Return what a pattern finds in the printed output of an executed notebook, once.

    Raises
    ------
    ValueError
        If no cell, or more than one, printed it.
    """
    cells = json.loads((NOTEBOOKS / notebook).read_text(encoding="utf-8"))["cells"]
    printed = ["".join(o.get("text", "")) for c in cells for o in c.get("outputs", [])]
    found = [match for text in printed for match in re.finditer(pattern, text)]
    if len(found) != 1:
        raise ValueError(f"{notebook} prints {pattern!r} {len(found)} times, not once")
    return found[0].groups()


def shared() -> str:
    """Return the table of the lander's recipe in every world, beside each world's own."""
    lines = [
        "| world | steps | recipe | mean (95%) | interquartile mean (95%) "
        "| below the bar | worst |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    for world in ("lunar_lander", *SHARED):
        own, arms = recorded(world), {}
        if world in SHARED:
            arms["the lander's"] = sweep(f"shared_{world}").arms["shared"].final
        arms["its own"] = own.final.mean(axis=1)
        env, bar = own.judged.rpartition(":")[2], threshold(own.judged)[0]
        for recipe, x in arms.items():
            cells = [
                env,
                f"{own.config.steps:,}",
                recipe,
                bounded(mean(x)),
                bounded(middle(x)),
                f"{(x < bar).sum()} of {len(x)} ({bar_of(world)})",
                number(x.min()),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _list(means: list[Any]) -> str:
    return ", ".join(map(number, means))


def found(name: str) -> str:
    """Return the settings of a search on record and what they came to, as Markdown."""
    kept = record(name)
    best = kept.best()
    lines = ["| setting | mean | interquartile mean | worst |", "|---|--:|--:|--:|"]
    for label, x in kept.final.items():
        numbers = " | ".join(map(number, (x.mean(), iqm(x), x.min())))
        lines.append(f"| {f'**{label}**' if label == best else label} | {numbers} |")
    return "\n".join(lines)


def account(name: str, told: Account, heading: str = "##") -> list[str]:
    """Return the paragraphs that tell of one search, with its results where they are kept."""
    facts = f"*Settings tried*: {told.tried}. *Seeds*: {told.seeds}."
    parts = [f"{heading} {name}", facts, told.learnt]
    for kept in told.records:
        n = len(record(kept).seeds)
        parts += [
            f"On record as `{kept}`: final returns of {n} agents for each setting, the "
            "highest mean in bold.",
            found(kept),
        ]
    return parts


def accounts() -> str:
    """Return how each recipe was found, and the searches of single chapters, as Markdown."""
    parts = []
    for name, told in ACCOUNTS.items():
        parts += account(name, told)
    lines = [
        "| search | settings | agents each | seeds | best | its mean | median of all settings |",
        "|---|--:|--:|---|---|--:|--:|",
    ]
    for name, subject in CHAPTERS.items():
        kept = record(name)
        means = {label: float(x.mean()) for label, x in kept.final.items()}
        median = sorted(means.values())[len(means) // 2]
        seeds = f"{kept.seeds[0]} to {kept.seeds[-1]}"
        cells = [
            subject,
            len(means),
            len(kept.seeds),
            seeds,
            kept.best(),
            number(max(means.values())),
        ]
        lines.append("| " + " | ".join(map(str, [*cells, number(median)])) + " |")
    parts += [
        "## Searches for single chapters",
        "These chose step sizes for the arms of a comparison, so that none is judged with those of "
        "another. Each chapter shows its arms on other seeds.",
        "\n".join(lines),
        "## Searches that changed no recipe",
    ]
    for name, told in FRUITLESS.items():
        parts += account(name, told, "###")
    return "\n\n".join(parts) + "\n"


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the sections where the marks are."""
    before = source[0]
    if MARK in source[0]:
        use_house_style()
        source[0] = source[0].replace(
            MARK, "\n".join(section(run) for run in EXPERIMENTS if run in principal())
        )
    if ONE in source[0]:
        source[0] = source[0].replace(ONE, shared())
    if SEARCHES in source[0]:
        source[0] = source[0].replace(SEARCHES, accounts())
    if source[0] != before:
        for path in Path(__file__).parents[2].glob("ddpg_lib/data/**/manifest.json"):
            app.env.note_dependency(str(path))
        app.env.note_dependency(str(NOTEBOOKS / POLE))


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
