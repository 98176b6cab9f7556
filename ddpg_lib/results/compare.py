"""Is my run normal? A reader's learning curves among those of the recorded agents."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.errors import did_you_mean
from ddpg_lib.recipes import RECIPES
from ddpg_lib.results.experiments import EXPERIMENTS, Experiment
from ddpg_lib.results.recorded import names, recorded
from ddpg_lib.results.sweeps import sweep
from ddpg_lib.runs.folder import curves_of, read
from ddpg_lib.runs.logs import read_log

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


def references(experiments: Mapping[str, Experiment], there: Collection[str]) -> dict[str, str]:
    """The recorded runs beside which others are put.

    These are the ``experiments`` whose names are ``there`` and that are no ablation of another.
    Of several in one environment it is the one that sees vectors and is judged where it trained.

    Returns
    -------
    dict of str
        Names of recorded runs by the ids of their environments.
    """
    principal = [
        name
        for name in experiments
        if name in there and not any(name.startswith(f"{other}_") for other in there)
    ]

    def apart(name: str) -> tuple[bool, bool]:
        asked = experiments[name]
        c = RECIPES[asked.recipe].replace(**asked.changes)
        return c.encoder != "none", asked.judged not in ("", asked.env)

    found = dict[str, str]()
    for name in principal:
        env = experiments[name].env
        if env not in found or apart(name) < apart(found[env]):
            found[env] = name
    return found


REFERENCES = references(EXPERIMENTS, names())
"""Those of the recordings that ship with the library."""
MANY = {"pendulum": ("pendulum_many", "recipe")}
"""Sweeps, and their arms, that have more agents of the same recipe."""
MOMENTS = (0.25, 0.5, 0.75, 1.0)  # of the steps that both have
ONE_IN = 50  # recorded agents may fail
LATE = 0.75  # from where on the end is judged
CAUSES = {
    "flat": (
        "it never did better than the recorded agents do at the start: look at exploration "
        "(chapter 8), at the units of actions (chapter 11), at the target networks (chapter 7) and "
        "at a saturated actor (chapter 5)"
    ),
    "lost": (
        "it was as good as the recorded agents and lost it again: look at the step sizes "
        "(chapter 9), the targets (chapter 7) and what the buffer still holds (chapter 6)"
    ),
    "late": (
        "it still rises: train longer, and look at the length of the warm-up, the step sizes and "
        "the scale of rewards (chapters 9 and 11)"
    ),
    "low": (
        "it rose and stayed below them: look at ends of episodes in the targets (chapter 4), the "
        "actor's gradient (chapter 5) and normalization (chapter 11)"
    ),
    "above": (
        "it is better than all of them: make sure that reward, time limit and starts are the "
        "recorded ones, and then report it with several seeds (chapter 13)"
    ),
    "normal": "in the recorded range",
}
"""What a run is called, and what to look at first."""


@dataclasses.dataclass(frozen=True)
class Reference:
    """Recorded agents of one environment.

    Attributes
    ----------
    env : str
        A Gymnasium id.
    name : str
        What ``ddpg reproduce`` repeats.
    steps : array, shape (evaluations,)
        Environment steps of each agent.
    curves : array, shape (n, evaluations)
        Mean evaluation return of each agent.
    episodes : int
        Of each evaluation.
    over_starts : float
        Standard deviation of a final policy's return over starts of the world in which it was
        judged, on average over agents.
    """

    env: str
    name: str
    steps: Array
    curves: Array
    episodes: int
    over_starts: float

    @classmethod
    def of(cls, env: str) -> Reference:
        """The recorded agents of an environment.

        Raises
        ------
        ValueError
            If there are none.
        """
        if env not in REFERENCES:
            hint = did_you_mean(env, REFERENCES) or f", only of {', '.join(REFERENCES)}"
            raise ValueError(f"there are no recorded agents of {env}{hint}")
        name = REFERENCES[env]
        run = recorded(name)
        over_starts = float(run.final.std(axis=1, ddof=1).mean())
        steps, curves = run.steps, run.curves
        if name in MANY:
            name, arm = MANY[name]
            steps, curves = sweep(name).arms[arm].steps, sweep(name).arms[arm].curves
        return cls(env, name, steps.astype(float), curves, run.config.eval_episodes, over_starts)

    @property
    def n(self) -> int:
        """How many agents there are."""
        return len(self.curves)

    @property
    def spare(self) -> int:
        """How many of the recorded agents may be failures, below which nothing is normal."""
        return self.n // ONE_IN

    def at(self, steps: ArrayLike) -> Array:
        """The recorded curves at other ``steps``, ``(k,)``, as ``(n, k)``: on straight lines."""
        where = np.asarray(steps, float)
        return np.stack([np.interp(where, self.steps, curve) for curve in self.curves])


@dataclasses.dataclass(frozen=True)
class Placed:
    """One agent of the reader's, among the recorded ones.

    Attributes
    ----------
    steps, returns : array, shape (k,)
        Its evaluations, as far as there are recorded ones.
    percentiles : array, shape (k,)
        Share of the recorded agents that are worse at each, ties counted one half, in percent.
    end : float
        Its mean return over the last quarter of these steps.
    lowest, highest : float
        The same of the worst recorded agent (but for one in 50, which may have failed) and of the
        best, less and more what other starts allow.
    verdict : str
        A key of ``CAUSES``.
    """

    steps: Array
    returns: Array
    percentiles: Array
    end: float
    lowest: float
    highest: float
    verdict: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Agents of the reader's among the recorded ones; :func:`compare` makes it.

    Attributes
    ----------
    reference : Reference
        The recorded agents.
    agents : dict of Placed
        By ``"seed 3"`` or ``"the run"``.
    allowance : float
        By how much two means over different starts may differ with 95% probability; 0 if the
        starts are the recorded ones.
    """

    reference: Reference
    agents: Mapping[str, Placed]
    allowance: float

    def summary(self) -> str:
        """What came out, in lines: each agent's percentiles, its end, and what to look at."""
        ref, n = self.reference, self.reference.n
        some = next(iter(self.agents.values()))
        last = max(agent.steps[-1] for agent in self.agents.values())
        lines = [
            f"{ref.env}: beside {n} recorded agents (ddpg reproduce {ref.name}), up to step "
            f"{last:,.0f} of {ref.steps[-1]:,.0f}",
            f"the range at the end (last quarter) is {some.lowest + self.allowance:.1f} to "
            f"{some.highest - self.allowance:.1f}",
        ]
        if self.allowance:
            lines.append(
                f"other starts than the recorded ones may account for {self.allowance:.1f}"
            )
        for name, agent in self.agents.items():
            span = agent.steps[-1] - agent.steps[0]
            places = [
                agent.percentiles[np.abs(agent.steps - agent.steps[0] - m * span).argmin()]
                for m in MOMENTS
            ]
            parts = ", ".join(
                f"{100 * m:.0f}%: {p:.0f}" for m, p in zip(MOMENTS, places, strict=True)
            )
            lines.append(f"  {name}: end {agent.end:.1f}; percentile at {parts}")
            lines.append(f"    {CAUSES[agent.verdict]}")
        lines.append(f"of {n + 1} agents of one kind {ref.spare + 1} would be called too low")
        return "\n".join(lines)

    def plot(self) -> Figure:
        """The agents among the recorded ones, and their percentile over training."""
        from matplotlib import pyplot as plt

        from ddpg_lib.figures.style import COLORS, use_house_style

        use_house_style()
        ref = self.reference
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.3))
        left.plot(ref.steps, ref.curves.T, color=COLORS["muted"], linewidth=0.6, alpha=0.5)
        left.plot(ref.steps, np.median(ref.curves, axis=0), color=COLORS["ink"], label="median")
        left.plot([], [], color=COLORS["muted"], linewidth=0.8, label=f"{ref.n} recorded agents")
        for number, (name, agent) in enumerate(self.agents.items()):
            color = f"C{number % 6}" if len(self.agents) > 1 else COLORS["actor"]
            label = name if len(self.agents) <= 4 else "yours" if number == 0 else None
            color = COLORS["actor"] if len(self.agents) > 4 else color
            left.plot(agent.steps, agent.returns, color=color, linewidth=1.6, label=label)
            right.plot(agent.steps, agent.percentiles, color=color, linewidth=1.6)
        left.set_ylabel("return of an episode")
        right.set_ylabel("percentile among recorded agents")
        right.set_ylim(-3, 103)
        for ax in (left, right):
            ax.set_xlabel("environment steps")
            ax.set_xlim(left=0)
            ax.locator_params(axis="x", nbins=5)
            ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k")
        left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=9)
        return figure


def compare(run: Path, env: str = "", episodes: int | None = None) -> Comparison:
    """Place the agents of a run among the recorded agents of its environment.

    An agent is called out of range if its mean return over the last quarter of the steps that
    both have lies below that of every recorded agent, but for one in 50, or above all: of n + 1
    equal agents that befalls so many as (13.5) says. Of a curve whose evaluations used
    other starts it must be by more than the starts explain.

    Parameters
    ----------
    run
        A run folder, or a CSV file as for :func:`ddpg_lib.runs.logs.read_log`.
    env
        Whose recorded agents; of a run folder its own by default, of a CSV file needed.
    episodes
        How many episodes each return of a CSV file averages; as many as the recorded evaluations
        by default.

    Raises
    ------
    ValueError
        For a table that cannot be used, an environment without recorded agents, or a run that
        has no two evaluations within the recorded steps.
    CheckpointError
        For a run folder that holds no run, or a damaged, unfinished or newer one.
    """
    if episodes is not None and episodes < 1:
        raise ValueError(f"episodes must be at least 1, got {episodes}")
    if run.is_dir():
        about, _ = read(run)
        reference = Reference.of(env or str(about["env"]))
        history = curves_of(run)
        steps = np.asarray(history.steps, float)
        curves = dict(zip((f"seed {s}" for s in about["seeds"]), history.curves, strict=True))
        found = {name: (steps, np.asarray(curve)) for name, curve in curves.items()}
        played = history.returns[0].shape[-1]
        allowance = 0.0 if played == reference.episodes else _by_starts(reference, played)
    else:
        found = {name: (x["step"], x["return"]) for name, x in read_log(run).items()}
        if not env:
            raise ValueError(
                f"{run} does not say which environment it is from: add --env, one of "
                f"{', '.join(REFERENCES)}"
            )
        reference = Reference.of(env)
        allowance = _by_starts(reference, episodes or reference.episodes)
    agents = {
        name: place(steps, returns, reference, allowance, f"{name} of {run}")
        for name, (steps, returns) in found.items()
    }
    return Comparison(reference, agents, allowance)


def place(
    steps: Array, returns: Array, reference: Reference, allowance: float = 0.0, who: str = "it"
) -> Placed:
    """Place one curve among the recorded ones.

    ``steps`` and ``returns`` are ``(k,)``; ``allowance`` is what other starts may explain, and
    ``who`` names the curve in an error.

    Raises
    ------
    ValueError
        If fewer than two of its points lie within the recorded steps.
    """
    within = (steps >= reference.steps[0]) & (steps <= reference.steps[-1])
    if within.sum() < 2:
        raise ValueError(
            f"{who} has {within.sum()} evaluations within the recorded steps, "
            f"{reference.steps[0]:,.0f} to {reference.steps[-1]:,.0f}, and two are needed"
        )
    steps, returns = steps[within], returns[within]
    others = reference.at(steps)
    percentiles = 100 * ((others < returns) + 0.5 * (others == returns)).mean(axis=0)
    late = steps >= steps[0] + LATE * (steps[-1] - steps[0])
    ends = others[:, late].mean(axis=1)
    end = float(returns[late].mean())
    lowest, highest = np.sort(ends)[reference.spare] - allowance, ends.max() + allowance
    verdict = "normal"
    if end > highest:
        verdict = "above"
    elif end < lowest:
        verdict = _shape(returns, others, late, allowance)
    return Placed(steps, returns, percentiles, end, float(lowest), float(highest), verdict)


def _shape(returns: Array, others: Array, late: NDArray[np.bool_], allowance: float) -> str:
    """What a curve below all others looks like."""
    before = returns[~late]
    start, goal = np.median(others[:, 0]), np.median(others[:, late])
    as_good = (returns >= others.min(axis=0) - allowance) & (returns > (start + goal) / 2)
    if returns.max() < start + 0.25 * (goal - start):
        return "flat"
    if as_good.any():
        return "lost"
    half = len(before) // 2
    rising = len(before) > 1 and returns[late].mean() > before[half:].mean() > before[:half].mean()
    return "late" if rising else "low"


def _by_starts(reference: Reference, episodes: int) -> float:
    """The 95% limit of what two means over different starts differ by."""
    one, other = 1 / episodes, 1 / reference.episodes
    return 1.96 * reference.over_starts * float(np.sqrt(one + other))
