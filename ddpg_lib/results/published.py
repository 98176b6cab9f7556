"""What others have published for DDPG, to stand beside the recorded runs, like beside like."""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.maths.stats import bootstrap_interval, iqm, t_interval
from ddpg_lib.results.experiments import EXPERIMENTS
from ddpg_lib.results.recorded import RecordedRun, names, recorded
from ddpg_lib.runs.tables import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LATE = 0.05  # of a run's steps: the last ten of two hundred evaluations
STATISTICS = {
    "final": "mean of the final policies",
    "late": f"mean of the evaluations in the last {LATE:.0%} of training",
    "best": "mean of each agent's best evaluation",
    "peak": "highest mean that any evaluation of all agents reached",
    "training": "mean return of episodes of training, with noise",
}
"""What a number may be; all are means over agents, and all but the last without noise."""


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
    statistic : str
        One of ``STATISTICS``.
    score : float
        Return.
    spread : float or None
        As the source gives it, in units of the return.
    spread_of : str
        Over what the spread is one standard deviation.
    agents : int
        Agents trained.
    steps : int or None
        Environment steps of each; None where the source does not say.
    remark : str
        What else the source says of how it was measured.
    source : str
        Key of the bibliography.
    """

    run: str
    library: str
    env: str
    statistic: str
    score: float
    spread: float | None
    spread_of: str
    agents: int
    steps: int | None
    remark: str
    source: str


def _zoo(
    run: str, env: str, score: float, spread: float, steps: int, episodes: int
) -> tuple[Published, ...]:
    """A row of the RL Zoo's benchmark.md: one trained agent, without noise."""
    over = ("episodes", 1, steps, f"one agent, {episodes} episodes", "raffin2020")
    return (Published(run, "RL Zoo", env, "final", score, spread, *over),)


def _older_zoo(
    run: str, env: str, score: float, spread: float, steps: int, episodes: int
) -> tuple[Published, ...]:
    """A row of the older zoo's benchmark.md; its steps are those of hyperparams/ddpg.yml."""
    over = ("episodes", 1, steps, f"one agent, {episodes} episodes", "raffin2018")
    return (Published(run, "RL Baselines Zoo", env, "final", score, spread, *over),)


def _hub(
    run: str, env: str, model: str, score: float, spread: float, steps: int | None
) -> tuple[Published, ...]:
    """The card of one agent on the Hugging Face Hub, trained and measured by whoever put it up."""
    over = ("episodes", 1, steps, f"one agent, {model}", "hub2024")
    by = f"SB3 ({model.partition('/')[0]})"
    return (Published(run, by, env, "final", score, spread, *over),)


def _td3(run: str, env: str, baselines: float, authors: float) -> tuple[Published, ...]:
    """Table 1 of the paper; what its maximum is, its author says in issue 34 of sfujim/TD3."""
    return tuple(
        Published(
            run, library, env, "peak", score, None, "", 10, 1_000_000,
            "200 evaluations of 10 episodes", "fujimoto2018",
        )
        for library, score in (("OpenAI Baselines", baselines), ("Fujimoto et al.", authors))
    )  # fmt: skip


def _td3_late(run: str, env: str, baselines: float, authors: float) -> tuple[Published, ...]:
    """Table 2 of the paper: its row AHE is DDPG with the authors' settings."""
    return tuple(
        Published(
            run, library, env, "late", score, None, "", 10, 1_000_000,
            "last 10 evaluations of 10 episodes", "fujimoto2018",
        )
        for library, score in (("OpenAI Baselines", baselines), ("Fujimoto et al.", authors))
    )  # fmt: skip


def _pfrl(run: str, env: str, best: float, late: float) -> tuple[Published, ...]:
    """Both tables of examples/mujoco/reproduction/ddpg/README.md."""
    return tuple(
        Published(
            run, "PFRL", env, statistic, score, None, "", 10, 1_000_000, remark, "fujita2021",
        )
        for statistic, score, remark in (
            ("best", best, "200 evaluations of 10 episodes"),
            ("late", late, "last 10 evaluations of 10 episodes"),
        )
    )  # fmt: skip


def _tianshou(run: str, env: str, score: float, spread: float) -> tuple[Published, ...]:
    """The table of examples/mujoco/README.md, by its note 6 as in the paper of TD3."""
    over = ("seeds", 10, 1_000_000, "evaluations of 10 episodes", "weng2022")
    return (Published(run, "Tianshou", env, "peak", score, spread, *over),)


def _nnabla(run: str, env: str, score: float, spread: float) -> tuple[Published, ...]:
    """The "best mean score" of reproductions/mujoco/ddpg/README.md."""
    over = ("seeds", 3, 1_000_000, "its best mean score", "nnablarl")
    return (Published(run, "nnabla-rl", env, "peak", score, spread, *over),)


def _cleanrl(run: str, env: str, score: float, spread: float) -> tuple[Published, ...]:
    """The table of docs/rl-algorithms/ddpg.md at commit 023eaea; other commits differ."""
    remark = "the actor moves every second step; documentation at commit 023eaea"
    over = ("seeds", 3, 1_000_000, remark, "huang2022")
    return (Published(run, "CleanRL", env, "training", score, spread, *over),)


PUBLISHED = (
    *_zoo("pendulum", "Pendulum-v1", -152.10, 94.28, 20_000, 750),
    *_older_zoo("pendulum", "Pendulum-v0", -169.83, 93.30, 200_000, 750),
    *_zoo("mountain_car", "MountainCarContinuous-v0", 93.51, 0.05, 300_000, 2260),
    *_older_zoo("mountain_car", "MountainCarContinuous-v0", 91.86, 1.35, 300_000, 1818),
    *_zoo("lunar_lander", "LunarLanderContinuous-v2", 230.22, 92.37, 300_000, 556),
    *_older_zoo("lunar_lander", "LunarLanderContinuous-v2", 244.57, 75.62, 600_000, 660),
    *_hub(
        "bipedal_walker",
        "BipedalWalker-v3",
        "RayanRen/ddpg-BipeadlWalker-v3",
        223.18,
        101.52,
        1_000_000,
    ),
    *_zoo("bipedal_walker", "BipedalWalker-v3", 197.49, 141.58, 1_000_000, 227),
    *_hub(
        "bipedal_walker",
        "BipedalWalker-v3",
        "sb3/ddpg-BipedalWalker-v3",
        153.32,
        164.43,
        1_000_000,
    ),
    *_pfrl("inverted_pendulum", "InvertedPendulum-v2", 1000, 844.17),
    *_td3("inverted_pendulum", "InvertedPendulum-v1", 1000, 1000),
    *_tianshou("inverted_pendulum", "InvertedPendulum-v2", 1000, 0),
    *_nnabla("inverted_pendulum", "InvertedPendulum-v2", 1000, 0),
    *_cleanrl("inverted_pendulum", "InvertedPendulum-v2", 684.61, 94.41),
    *_pfrl("inverted_double_pendulum", "InvertedDoublePendulum-v2", 6558.32, 6464.58),
    *_td3("inverted_double_pendulum", "InvertedDoublePendulum-v1", 9355.52, 8369.95),
    *_tianshou("inverted_double_pendulum", "InvertedDoublePendulum-v2", 8364.3, 2778.9),
    *_nnabla("inverted_double_pendulum", "InvertedDoublePendulum-v2", 6238.10, 4391.49),
    *_pfrl("reacher", "Reacher-v2", -2.97, -5.64),
    *_td3("reacher", "Reacher-v1", -6.51, -4.01),
    *_tianshou("reacher", "Reacher-v2", -3.3, 0.3),
    *_nnabla("reacher", "Reacher-v2", -3.66, 1.62),
    *_pfrl("half_cheetah", "HalfCheetah-v2", 10262.97, 9750.57),
    *_hub(
        "half_cheetah", "HalfCheetah-v4", "Amankankriya/DDPG-HalfCheetah-v4", 9140.96, 218.23, None
    ),
    *_td3_late("half_cheetah", "HalfCheetah-v1", 3162.50, 8401.02),
    *_td3("half_cheetah", "HalfCheetah-v1", 3305.60, 8577.29),
    *_tianshou("half_cheetah", "HalfCheetah-v3", 11718.7, 465.6),
    *_nnabla("half_cheetah", "HalfCheetah-v2", 10547.68, 1243.37),
    *_cleanrl("half_cheetah", "HalfCheetah-v2", 10210.57, 196.22),
)
"""As read at each source, which the functions above name; the fairest first."""

UNPUBLISHED = ("car_racing", "crane", "hidden_velocity")
"""Recorded runs beside which we found nothing published that can be compared."""

THRESHOLDS = {
    "Pendulum-v1": -300.0,
    "PendulumWithoutVelocity-v0": -300.0,
    "PendulumStacked-v0": -300.0,
    "Crane-v0": 10.0,
}
"""Below which an agent has failed, where Gymnasium names no ``reward_threshold``.

Below -300 a pendulum hangs in some episodes; of the crane's 20 points, less than half are left
where loads are not set down.
"""

COLUMNS = (
    "run", "by", "env", "seeds", "agents", "steps", "statistic", "return", "low", "high",
    "interval", "interquartile mean", "iqm low", "iqm high", "threshold", "failures", "worst",
    "ours", "ours low", "ours high", "remark", "source",
)  # fmt: skip
"""Of the table of all results; ``ours`` is this book's value of a rival's statistic."""

OURS = "this book"
FEW = 5
"""Agents, below which the bootstrap says little."""


class Estimate(NamedTuple):
    """A statistic of the agents.

    Attributes
    ----------
    value : float
        As estimated.
    low, high : float
        Ends of its 95% interval.
    """

    value: float
    low: float
    high: float


def threshold(env: str) -> tuple[float, str]:
    """The return below which an agent has failed in an environment, and whose threshold it is.

    Raises
    ------
    ValueError
        If Gymnasium has none for it and ``THRESHOLDS`` neither.
    """
    module, _, bare = env.rpartition(":")
    if bare in THRESHOLDS:
        return THRESHOLDS[bare], OURS
    if module:
        importlib.import_module(module)  # registers it
    value = gym.spec(bare).reward_threshold
    if value is None:
        raise ValueError(f"state in THRESHOLDS below which return an agent has failed on {bare}")
    return float(value), "Gymnasium"


def of_agents(recording: RecordedRun, statistic: str) -> NDArray[np.float64] | None:
    """What each agent of a recorded run contributes to a statistic, ``(n,)``; None if unknown.

    ``statistic`` is a key of ``STATISTICS``. All but "final" are of the evaluations that make the
    learning curves, on the same few starts each time. Returns of training are not kept.
    """
    curves, steps = recording.curves, recording.steps
    if statistic == "final":
        return recording.final.mean(axis=1)
    if statistic == "late":
        late = steps >= (1 - LATE) * steps[-1]
        return np.asarray(curves[:, late].mean(axis=1))
    if statistic == "best":
        return np.asarray(curves.max(axis=1))
    if statistic == "peak":
        return np.asarray(curves[:, curves.mean(axis=0).argmax()])
    return None


def mean(x: NDArray[np.float64]) -> Estimate:
    """The mean of agents ``(n,)`` with Student's interval (13a.2)."""
    low, high = t_interval(x)
    return Estimate(float(x.mean()), float(low), float(high))


def middle(x: NDArray[np.float64]) -> Estimate:
    """The interquartile mean (13.2) of agents ``(n,)`` with its bootstrap interval."""
    low, high = bootstrap_interval(x)
    return Estimate(float(iqm(x)), float(low), float(high))


def summary(x: ArrayLike, bar: float, digits: int = 1) -> dict[str, str]:
    """What a table says of the final policies of a stack, as text, by the head of its column.

    Parameters
    ----------
    x
        The agents' mean returns, ``(n,)``, or the returns of their episodes, ``(n, episodes)``.
    bar
        The return below which an agent has failed, in the units of ``x``.
    digits
        Decimals of the returns.

    Returns
    -------
    dict of str to str
        The mean with Student's 95% interval (13a.2), the interquartile mean (13.2) with its
        bootstrap interval, the number of agents below the bar, and the worst agent. With fewer
        than ``FEW`` agents a bootstrap interval is little but their range, and is left out.

    Raises
    ------
    ValueError
        If there are fewer than two agents, or if a return is not finite.
    """
    means = np.asarray(x, dtype=np.float64)
    means = means.reshape(len(means), -1).mean(axis=1) if means.ndim else means
    if means.ndim != 1 or len(means) < 2:
        raise ValueError("a summary needs the final returns of two agents or more")
    center, few = middle(means), len(means) < FEW
    iqm_text = f"{center.value:,.{digits}f}" if few else _bounded(center, digits)
    return {
        "mean (95%)": _bounded(mean(means), digits),
        "IQM" if few else "IQM (95%)": iqm_text,
        f"below {bar:,g}": f"{(means < bar).sum()} of {len(means)}",
        "worst": f"{means.min():,.{digits}f}",
    }


def _bounded(x: Estimate, digits: int) -> str:
    value, low, high = (f"{end:,.{digits}f}" for end in x)
    return f"{value} ({low} to {high})"


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


def other_recipe(row: dict[str, Any]) -> bool:
    """Whether ``row`` is ours with another recipe: other observations, networks or budget."""
    return str(row["by"]).startswith(f"{OURS}, recipe ")


def named(row: dict[str, Any]) -> str:
    """The name of one of our rows, ``row``: what was changed, or which other recipe it is."""
    by = str(row["by"])
    return by.replace(f"{OURS}, ", "" if other_recipe(row) else "with ")


def principal() -> list[str]:
    """The sorted names of the recorded runs that are no ablation of another."""
    changed = {name for run in names() for name in ablations(run)}
    return [run for run in names() if run not in changed]


def rows(run: str) -> list[dict[str, Any]]:
    """A recorded run, its ablations, and what is published beside it; keys are ``COLUMNS``."""
    changed = (_ours(name, f"{OURS}, {change}") for name, change in ablations(run).items())
    theirs = (_theirs(p) for p in PUBLISHED if p.run == run)
    return [_ours(run, OURS), *changed, *theirs]


def _ours(run: str, by: str) -> dict[str, Any]:
    recording = recorded(run)
    x = recording.final.mean(axis=1)
    average, center, (bar, _) = mean(x), middle(x), threshold(recording.judged)
    seeds = recording.seeds
    row = {
        "run": run,
        "by": by,
        "env": recording.judged,
        "seeds": f"{seeds[0]} to {seeds[-1]}",
        "agents": len(seeds),
        "steps": recording.config.steps,
        "statistic": STATISTICS["final"],
        "return": round(average.value, 2),
        "low": round(average.low, 2),
        "high": round(average.high, 2),
        "interval": "95%, Student, over agents; of the interquartile mean: bootstrap",
        "interquartile mean": round(center.value, 2),
        "iqm low": round(center.low, 2),
        "iqm high": round(center.high, 2),
        "threshold": bar,
        "failures": int((x < bar).sum()),
        "worst": round(float(x.min()), 2),
        "remark": f"no agent left out, {recording.final.shape[1]} episodes of each",
        "source": f"ddpg reproduce {run}",
    }
    return {name: row.get(name, "") for name in COLUMNS}


def _theirs(p: Published) -> dict[str, Any]:
    x = of_agents(recorded(p.run), p.statistic)
    own = None if x is None else mean(x)
    spread = p.spread
    row = {
        "run": p.run,
        "by": p.library,
        "env": p.env,
        "agents": p.agents,
        "steps": "" if p.steps is None else p.steps,
        "statistic": STATISTICS[p.statistic],
        "return": p.score,
        "low": "" if spread is None else round(p.score - spread, 2),
        "high": "" if spread is None else round(p.score + spread, 2),
        "interval": "" if spread is None else f"one standard deviation over {p.spread_of}",
        "ours": "" if own is None else round(own.value, 2),
        "ours low": "" if own is None else round(own.low, 2),
        "ours high": "" if own is None else round(own.high, 2),
        "remark": p.remark,
        "source": p.source,
    }
    return {name: row.get(name, "") for name in COLUMNS}


def results_csv() -> str:
    """Every recorded run, its ablations, and what is published beside it, as CSV."""
    found = [row for run in principal() for row in rows(run)]
    return csv_text([COLUMNS, *([row[name] for name in COLUMNS] for row in found)])


def _drawn(run: str, ablated: bool) -> list[dict[str, Any]]:
    """The rows that a figure shows: ablations if asked for."""
    return [row for row in rows(run) if ablated or row["run"] == run]


def _is_ours(row: dict[str, Any]) -> bool:
    return str(row["by"]).startswith(OURS)


def _steps(steps: int | str) -> str:
    if isinstance(steps, str):
        return "steps not said"
    return f"{steps / 1e6:g}M steps" if steps >= 1_000_000 else f"{steps / 1e3:g}k steps"


def beside_published(run: str, ablated: bool = False) -> Figure:
    """Draw a recorded run, every agent, above what is published and, if asked, its ablations.

    In a published row, the open diamond is the same statistic of the recorded run's own agents.
    What the marks mean stands in :func:`caption`.
    """
    from matplotlib import pyplot as plt

    from ddpg_lib.figures.style import COLORS

    table = _drawn(run, ablated)
    words = {"final": "", "late": "late", "best": "best", "peak": "peak", "training": "training"}
    short = {STATISTICS[name]: word for name, word in words.items()}
    figure, ax = plt.subplots(figsize=(5.6, 0.8 + 0.4 * len(table)))
    labels = []
    for y, row in enumerate(table):
        if _is_ours(row):
            color = COLORS["actor" if row["by"] == OURS else "critic"]
            x = recorded(str(row["run"])).final.mean(axis=1)
            ax.plot(x, [float(y)] * len(x), "|", color=color, markersize=15, alpha=0.6)
            # One a little above the strokes' middle, one below: they may be equal.
            _mark(ax, y - 0.14, middle(x), color, filled=True)
            _mark(ax, y + 0.14, mean(x), color, filled=False)
        else:
            color = COLORS["muted"]
            if row["low"] != "":
                ax.plot([row["low"], row["high"]], [y - 0.14] * 2, color=color, linewidth=1.2)
            ax.plot(row["return"], y - 0.14, "o", color=color, markersize=6)
            if row["ours"] != "":
                own = Estimate(row["ours"], row["ours low"], row["ours high"])
                _mark(ax, y + 0.14, own, COLORS["actor"], filled=False)
        label = f"{row['by']}, {_steps(row['steps'])}"
        if word := short[str(row["statistic"])]:
            label = f"{row['by']}, {word}, {_steps(row['steps'])}"
        labels.append(label if row["run"] == run else named(row))
    ax.set_yticks(range(len(table)), labels)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("return of an episode")
    ax.locator_params(axis="x", nbins=5)
    return figure


def _mark(ax: Any, y: float, x: Estimate, color: str, filled: bool) -> None:
    # Open means open: the page behind may be light or dark.
    ax.plot([x.low, x.high], [y, y], color=color, linewidth=1.8 if filled else 1.2)
    face = color if filled else "none"
    ax.plot(x.value, y, "D", color=color, markersize=6, markeredgewidth=1.4, markerfacecolor=face)


def caption(run: str, ablated: bool = False) -> str:
    """What the marks of :func:`beside_published` mean."""
    table, recording = _drawn(run, ablated), recorded(run)
    n, episodes = recording.final.shape
    theirs = [row for row in table if not _is_ours(row)]
    found = (
        f"Strokes: the final policies of {n} agents, {episodes} episodes each. Filled diamond: "
        "their interquartile mean with its 95% bootstrap interval; open diamond: their mean with "
        "Student's."
    )
    orange = [row for row in table[1:] if _is_ours(row)]
    kinds = ["the same recipe with what the label names changed"] * any(
        not other_recipe(row) for row in orange
    ) + ["another recipe"] * any(map(other_recipe, orange))
    if kinds:
        found += f" Orange: ours with {', or with '.join(kinds)}."
    if theirs:
        found += " Circles: published"
        over = {str(row["interval"]).rpartition(" ")[2] for row in theirs if row["interval"]}
        if over:
            found += f", where given with one standard deviation over {' or '.join(sorted(over))}"
        found += "; the open diamond below each is the same statistic of our agents."
        words = {str(row["statistic"]) for row in theirs}
        for name in ("late", "best", "peak", "training"):
            if STATISTICS[name] in words:
                found += f" {name.capitalize()}: {STATISTICS[name]}."
    return found


def alternative(run: str, ablated: bool = False) -> str:
    """What :func:`beside_published` shows, in words."""
    recording = recorded(run)
    x = recording.final.mean(axis=1)
    bare = recording.judged.rpartition(":")[2]
    found = (
        f"Final returns on {bare}: {len(x)} agents from {x.min():,.2f} "
        f"to {x.max():,.2f}, mean {mean(x).value:,.2f}, interquartile mean {middle(x).value:,.2f}."
    )
    for row in _drawn(run, ablated)[1:]:
        by = named(row)
        found += f" {by[0].upper()}{by[1:]}: {row['return']:,.2f}"
        found += f" against our {row['ours']:,.2f}." if row["ours"] != "" else "."
    return re.sub(r"(?<=[ (])-(?=\d)", "−", found)
