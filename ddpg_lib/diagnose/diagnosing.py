"""Findings about a run, from its folder, a live stack, or a table of logs."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from ddpg_lib.ddpg import DDPG
from ddpg_lib.diagnose.reading import CURVE_SIGNS, log_of, of_history, signs
from ddpg_lib.diagnose.rules import CURVE_RULES, RULES, Rule, holding
from ddpg_lib.diagnose.vitals import VITALS, vitals
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.runs.folder import curves_of
from ddpg_lib.runs.session import load

LEAST_UPDATES = 20  # before which an agent says nothing


@dataclasses.dataclass(frozen=True)
class Finding:
    """A rule that holds.

    Attributes
    ----------
    rule : Rule
        The rule.
    evidence : dict of float
        The numbers by which it holds.
    """

    rule: Rule
    evidence: dict[str, float]

    def __str__(self) -> str:
        """The finding in three lines."""
        known = {**VITALS, **CURVE_SIGNS, "updates": "updates made"}
        numbers = "; ".join(
            f"{name} {value:.3g} ({known[name]})" for name, value in self.evidence.items()
        )
        return (
            f"{self.rule.says} [{self.rule.family}, confidence {self.rule.confidence}]\n"
            f"  evidence: {numbers}\n"
            f"  next:     {self.rule.next}\n"
            f"  see:      the book, {self.rule.link}"
        )


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What :func:`diagnose` found.

    Attributes
    ----------
    findings : list of Finding
        The most trusted first; empty if nothing is wrong.
    quantities : dict of float
        Medians over agents of all that was measured.
    """

    findings: list[Finding]
    quantities: dict[str, float]

    @property
    def names(self) -> list[str]:
        """The rules' names."""
        return [finding.rule.name for finding in self.findings]

    def __str__(self) -> str:
        """All findings, or that there are none."""
        measured = sum(not math.isnan(x) for x in self.quantities.values())
        if not self.findings:
            return (
                f"Nothing wrong was found in {measured} quantities. That proves little: judge the "
                "return on new starts, and compare it with recorded runs."
            )
        return "\n".join(map(str, self.findings))


def diagnose(source: DDPG | str | Path, env: EnvLike | None = None, **env_kwargs: Any) -> Diagnosis:
    """Look for what may be wrong with a stack, a run folder, or a ``.csv`` of logs.

    Parameters
    ----------
    source
        A live stack, whose buffer, networks and behavior are looked at; a run folder, of which the
        same and the curves are; or a table with columns step and return, and perhaps loss, q,
        actions and seed, as :func:`ddpg_lib.diagnose.reading.log_of` reads it.
    env
        What the stack was trained on, for the environment's bounds; a run folder names its own.
    **env_kwargs
        For ``gymnasium.make``.

    Raises
    ------
    ValueError
        If there is nothing to look at: an empty table or one without the needed columns, a stack
        that has not learned yet.
    CheckpointError
        If a folder holds no run, or one that is damaged, broken off before its first checkpoint,
        or of a newer version.
    """
    if isinstance(source, DDPG):
        return _of_stack(source, env, env_kwargs)
    path = Path(source)
    if path.suffix.lower() == ".csv":
        return _by(CURVE_RULES, signs(log_of(path)))
    log = of_history(curves_of(path))
    run = load(path)
    if run.config.kind != "ddpg":  # whose buffers hold sequences or images
        return _by(CURVE_RULES, signs(log))
    inside = _of_stack(run.agent, run.env if env is None else env, {**run.env_kwargs, **env_kwargs})
    if log["return"].shape[1] < 4:
        return inside
    outside = _by(CURVE_RULES, signs(log))
    return Diagnosis(inside.findings + outside.findings, inside.quantities | outside.quantities)


def _of_stack(agent: DDPG, env: EnvLike | None, env_kwargs: dict[str, Any]) -> Diagnosis:
    if agent.updates < LEAST_UPDATES:
        raise ValueError(
            f"the agent has made {agent.updates} updates: train it beyond its warm-up first, a few "
            "hundred updates are enough"
        )
    found = {
        name: float(np.nanmedian(x)) if not np.isnan(x).all() else math.nan
        for name, x in vitals(agent, env, **env_kwargs).items()
    }
    found["updates"] = float(agent.updates)
    return _by(RULES, found)


def _by(rules: tuple[Rule, ...], quantities: dict[str, float]) -> Diagnosis:
    findings = [
        Finding(rule, {name: quantities[name] for name, *_ in rule.when})
        for rule in holding(rules, quantities)
    ]
    return Diagnosis(findings, quantities)
