"""What others have published for DDPG, to stand beside the recorded runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ddpg_lib.results.experiments import EXPERIMENTS
from ddpg_lib.results.recorded import names, recorded
from ddpg_lib.runs.tables import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Published:
    """A published result of DDPG.

    Attributes
    ----------
    run : str
        The recorded run beside which it stands.
    library : str
        Whose implementation it is.
    env : str
        The Gymnasium id, with the version that was used.
    score : float
        Return.
    spread : float or None
        As the source gives it, in units of the return.
    spread_of : str
        Over what the spread is one standard deviation.
    agents, steps : int
        Agents trained, and environment steps of each.
    evaluated : str
        Which policy is judged, and how.
    source : str
        Key of the bibliography.
    """

    run: str
    library: str
    env: str
    score: float
    spread: float | None
    spread_of: str
    agents: int
    steps: int
    evaluated: str
    source: str


_ZOO = ("one saved agent, without noise", "raffin2020")
_TD3 = ("best evaluation of training, without noise", "fujimoto2018")
_TIANSHOU = ("best evaluation of training, without noise", "weng2022")
_NNABLA = ("best evaluation of training, without noise", "nnablarl")

PUBLISHED = (
    Published("pendulum", "RL Zoo", "Pendulum-v1", -152, 94, "episodes", 1, 20_000, *_ZOO),
    Published(
        "lunar_lander",
        "RL Zoo",
        "LunarLanderContinuous-v2",
        230,
        92,
        "episodes",
        1,
        300_000,
        *_ZOO,
    ),
    Published(
        "bipedal_walker", "RL Zoo", "BipedalWalker-v3", 197, 142, "episodes", 1, 1_000_000, *_ZOO
    ),
    *(
        Published(run, library, env, score, None, "", 10, 1_000_000, *_TD3)
        for run, env, baselines, authors in (
            ("inverted_pendulum", "InvertedPendulum-v1", 1000, 1000),
            ("reacher", "Reacher-v1", -6.51, -4.01),
            ("half_cheetah", "HalfCheetah-v1", 3306, 8577),
        )
        for library, score in (("OpenAI Baselines", baselines), ("Fujimoto et al.", authors))
    ),
    Published("reacher", "Tianshou", "Reacher-v2", -3.3, 0.3, "seeds", 10, 1_000_000, *_TIANSHOU),
    Published("reacher", "nnabla-rl", "Reacher-v2", -3.7, 1.6, "seeds", 3, 1_000_000, *_NNABLA),
    Published(
        "half_cheetah",
        "Tianshou",
        "HalfCheetah-v3",
        11719,
        466,
        "seeds",
        10,
        1_000_000,
        *_TIANSHOU,
    ),
    Published(
        "half_cheetah",
        "nnabla-rl",
        "HalfCheetah-v2",
        10548,
        1243,
        "seeds",
        3,
        1_000_000,
        *_NNABLA,
    ),
    Published(
        "half_cheetah",
        "CleanRL",
        "HalfCheetah-v2",
        10374,
        157,
        "seeds",
        3,
        1_000_000,
        "returns of training, with noise; the actor moves every second step",
        "huang2022",
    ),
    Published(
        "half_cheetah",
        "Spinning Up",
        "HalfCheetah-v3",
        10110,
        None,
        "",
        10,
        1_000_000,
        "read from its published data; updates in blocks of 50 steps",
        "achiam2018",
    ),
)
"""Sources and differences are those that each entry names."""

COLUMNS = (
    "run", "by", "env", "agents", "steps", "return", "low", "high", "interval", "evaluated",
    "source",
)  # fmt: skip
"""Of the table of all results."""

UNPUBLISHED = ("car_racing", "hidden_velocity")
"""Recorded runs beside which we found nothing published that can be compared."""
OURS = "this book"


def ablations(run: str) -> dict[str, str]:
    """The recorded runs that repeat one with a change, each with what differs: ``"n_step 1"``.

    Their names begin with that run's and an underscore. Where the recipe is another, its name and
    the environment's say it.
    """
    asked, base = dataclasses.asdict(recorded(run).config), EXPERIMENTS[run]
    found = {}
    for name in names():
        if name.startswith(f"{run}_"):
            other, own = dataclasses.asdict(recorded(name).config), EXPERIMENTS[name]
            differing = [f"{k} {v}" for k, v in other.items() if v != asked[k]]
            if own.recipe != base.recipe:
                differing = [f"recipe {own.recipe}"]
                differing += [own.env.rpartition(":")[2]] * (own.env != base.env)
            found[name] = ", ".join(differing)
    return found


def principal() -> list[str]:
    """The sorted names of the recorded runs that are no ablation of another."""
    changed = {name for run in names() for name in ablations(run)}
    return [run for run in names() if run not in changed]


def rows(run: str) -> list[dict[str, str | float | int]]:
    """A recorded run, what is published beside it, and its ablations; keys are ``COLUMNS``."""
    theirs = (_theirs(p) for p in PUBLISHED if p.run == run)
    changed = (_ours(name, f"{OURS}, {change}") for name, change in ablations(run).items())
    return [_ours(run, OURS), *theirs, *changed]


def _ours(run: str, by: str) -> dict[str, str | float | int]:
    recording = recorded(run)
    value, low, high = recording.interval()
    return {
        "run": run,
        "by": by,
        "env": recording.judged,
        "agents": len(recording.seeds),
        "steps": recording.config.steps,
        "return": round(value, 2),
        "low": round(low, 2),
        "high": round(high, 2),
        "interval": "95% of the interquartile mean, bootstrap over agents",
        "evaluated": (f"final policies without noise, {recording.final.shape[1]} episodes each"),
        "source": f"ddpg reproduce {run}",
    }


def _theirs(p: Published) -> dict[str, str | float | int]:
    return {
        "run": p.run,
        "by": p.library,
        "env": p.env,
        "agents": p.agents,
        "steps": p.steps,
        "return": p.score,
        "low": "" if p.spread is None else p.score - p.spread,
        "high": "" if p.spread is None else p.score + p.spread,
        "interval": "" if p.spread is None else f"one standard deviation over {p.spread_of}",
        "evaluated": p.evaluated,
        "source": p.source,
    }


def results_csv() -> str:
    """Every recorded run, what is published beside it, and its ablations, as CSV."""
    found = [row for run in principal() for row in rows(run)]
    return csv_text([COLUMNS, *([row[name] for name in COLUMNS] for row in found)])


def beside_published(run: str, ablated: bool = False) -> Figure:
    """Draw a recorded run, every agent, above what is published and, if asked, its ablations."""
    from matplotlib import pyplot as plt

    from ddpg_lib.figures.style import COLORS

    table = [row for row in rows(run) if ablated or row["run"] == run]
    figure, ax = plt.subplots(figsize=(5.6, 0.7 + 0.36 * len(table)))
    labels = []
    for y, row in enumerate(table):
        ours = str(row["by"]).startswith(OURS)
        color = COLORS["actor" if row["by"] == OURS else "critic" if ours else "muted"]
        if row["low"] != "":
            ax.plot([row["low"], row["high"]], [y, y], color=color, linewidth=2.5 if ours else 1.2)
        ax.plot(row["return"], y, "D" if ours else "o", color=color, markersize=6)
        if ours:
            means = recorded(str(row["run"])).final.mean(axis=1)
            ax.plot(means, [float(y)] * len(means), "|", color=color, markersize=13, alpha=0.6)
        label = f"{row['by']}, {row['steps']:,} steps"
        labels.append(label if row["run"] == run else str(row["by"]).replace(f"{OURS},", "with"))
    ax.set_yticks(range(len(table)), labels)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xlabel("return of an episode")
    return figure
