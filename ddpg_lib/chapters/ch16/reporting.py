"""A recorded run on a page: its recipe beside the default, its rivals, three moments as a film."""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import Any

from ddpg_lib.config import Config
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import play
from ddpg_lib.figures.film import film, side_by_side
from ddpg_lib.figures.tables import table
from ddpg_lib.results.published import OURS, STATISTICS, ablations, of_agents, rows, threshold
from ddpg_lib.results.recorded import MOMENTS, RecordedRun, recorded
from ddpg_lib.results.sweeps import sweep

LOOKING = ("eval_every", "eval_episodes")  # when a run is looked at changes nothing in it
RESTING = ("n_step", "tau", "noise", "sigma", "activation", "critic_lr", "layer_norm")


def differences(run: str, choices: str = "") -> dict[str, tuple[str, str, str]]:
    """Where a recorded run's recipe differs from the default, and what each difference is worth.

    Parameters
    ----------
    run
        A recorded run.
    choices
        A recorded sweep whose arms each undo one choice of that run's recipe.

    Returns
    -------
    dict
        By hyperparameter, its default, its value in the recipe, and what agents with the default
        in its place returned; "not measured" where none were recorded.
    """
    kept, usual = recorded(run), dataclasses.asdict(Config())
    here, (bar, _) = dataclasses.asdict(kept.config), threshold(kept.judged)
    undone = {change: recorded(name).final.mean(axis=1) for name, change in ablations(run).items()}
    for arm in sweep(choices).arms.values() if choices else ():
        own = dataclasses.asdict(arm.config)
        changed = [key for key in own if own[key] != here[key]]
        if len(changed) == 1:
            undone[f"{changed[0]} {own[changed[0]]}"] = arm.final
    found = {}
    for key, value in here.items():
        if value != usual[key] and key not in LOOKING:
            means, price = undone.get(f"{key} {usual[key]}"), "not measured"
            if means is not None:
                fallen = f"{(means < bar).sum()} of {len(means)} below {bar:,.0f}"
                price = f"{means.mean():,.0f}; {fallen}"
            found[key] = (_plain(usual[key]), _plain(value), price)
    return found


def _plain(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def recipe_table(run: str, choices: str = "") -> None:
    """Show :func:`differences`, and name what was left at its default."""
    found, usual = differences(run, choices), dataclasses.asdict(Config())
    heads = dict.fromkeys(("default", "here", "mean return without it"), "")
    table(found, heads, "setting")
    left = [f"{key} {_plain(usual[key])}" for key in RESTING if key not in found]
    half = (len(left) + 1) // 2
    print("as by default:", ", ".join(left[:half]))
    print("              ", ", ".join(left[half:]))


def rivals_table(run: str) -> None:
    """Show what is published beside a recorded run, each by the statistic that its source reports.

    Beside it stands the same statistic of our own agents, where it is known.
    """
    recording, words = recorded(run), {text: name for name, text in STATISTICS.items()}
    spec = ",.0f" if abs(recording.final.mean()) > 100 else ".2f"
    own = {name: of_agents(recording, name) for name in STATISTICS}
    n, mean = len(recording.seeds), recording.final.mean()
    steps = f"{recording.config.steps / 1e6:g}M"
    shown = {"this book, final": (recording.env, n, steps, None, mean)}
    used = []
    for row in rows(run):
        if not str(row["by"]).startswith(OURS):
            word = words[row["statistic"]]
            ours = own[word]
            value = None if ours is None else float(ours.mean())
            taken = f"{row['steps'] / 1e6:g}M" if row["steps"] else "not said"
            counts = (row["agents"], taken)
            shown[f"{row['by']}, {word}"] = (row["env"], *counts, row["return"], value)
            used += [word] * (word not in used)
    heads = {"world": "", "agents": "", "steps": "", "published": spec}
    table(shown, heads | {"ours": spec}, "by")
    for word in used:
        print(f"{word}: {STATISTICS[word]}")


def strip(
    recording: RecordedRun,
    length: int,
    every: int,
    alt: str,
    caption: str,
    rounds: int = 1,
    final_of: tuple[int, ...] = (),
    camera: str | None = None,
) -> None:
    """Film a recorded run: its typical agent untrained, midway and final, from the same start.

    Where nothing can be drawn, it says so and goes on.

    Parameters
    ----------
    recording
        The run.
    length
        Steps that are played.
    every
        Which of them are shown: every one, every second...
    alt, caption
        As for :func:`~ddpg_lib.figures.film.film`.
    rounds
        Episodes, one after the other.
    final_of
        The final policies of these places in the stack, instead of one agent's three moments.
    camera
        A camera that the model file names; without one Gymnasium's stands still.
    """
    typical = recording.middle_agent()
    scenes = [("final", i) for i in final_of] or [(moment, typical) for moment in MOMENTS]
    try:
        fps = 1 / (make(recording.env).unwrapped.dt * every)  # type: ignore[attr-defined]
        look: dict[str, Any] = {"width": 240, "height": 240, "camera_name": camera}
        frames = []
        for moment, i in scenes:
            agent = recording.agent(moment, [i])
            scene = play(agent, 0, recording.env, rounds, **look)
            # One after the other: renderers do not like to take turns.
            frames.append(list(islice(scene.frames, length)))
        film(side_by_side(frames, shrink=1, every=every), fps, alt, caption)
    except Exception as error:  # a machine that cannot draw can still read on
        print(f"no film here: {type(error).__name__}: {error}")
