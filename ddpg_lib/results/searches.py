"""How each recipe was found: what was tried, on which seeds, and what of it is on record."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.results.experiments import SEARCH
from ddpg_lib.results.recorded import DATA
from ddpg_lib.results.sweeps import sweep, sweeps

Array = NDArray[np.float64]
FOLDER = DATA / "searches"
SUFFIX = ".csv"


@dataclasses.dataclass(frozen=True)
class Account:
    """How a recipe was found.

    Attributes
    ----------
    tried : str
        Settings that were compared, as far as it is known.
    seeds : str
        On which.
    learnt : str
        What came of it, in sentences.
    records : tuple of str
        Keys of :func:`records` that hold its results; none where none were kept.
    """

    tried: str
    seeds: str
    learnt: str
    records: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Record:
    """The results of a search, as they ship.

    Attributes
    ----------
    seeds : list of int
        One an agent, the same for all settings.
    final : dict of array, shape (n,)
        By setting, the mean final return of each agent.
    """

    seeds: list[int]
    final: dict[str, Array]

    def best(self) -> str:
        """The setting with the highest mean."""
        return max(self.final, key=lambda name: float(self.final[name].mean()))


NOT_KEPT = "not kept"
ACCOUNTS: dict[str, Account] = {
    "default": Account(
        "none",
        "none",
        "Not searched: values that public implementations share, as a place to start from.",
    ),
    "pendulum": Account(
        "11: the recipe, and 10 changes of it after it had been recorded",
        "100 to 107",
        "It took the place of a recipe with ReLU, a discount of 0.98, noise of 0.1, 500 random "
        "steps and constant step sizes. The commit that did so (e338f1f) says that it failed on "
        "none of 24 seeds and does not name them; in part they were seeds 0 to 7 of chapter 9's "
        "experiment. What was tried between the two is not on record. Its run is recorded on seeds "
        "300 to 309, which no search has seen, and the sweep pendulum_choices of chapter 9, in "
        "which each choice is undone alone, on eight of these. Afterwards ten changes were "
        "compared with it on eight seeds for searching. Targets that follow twice as fast did "
        "best, −145.0 on average against the recipe's −146.3; with halved step sizes "
        "three agents of eight ended below −160, with two-step targets one did. None of the "
        "others came out more than a quarter of a point ahead. The recipe stands as it was.",
        ("pendulum_search",),
    ),
    "pendulum_memory": Account(
        "3 pairs of step sizes, after a first try that was given up and 2 pairs compared before",
        "100 to 103",
        "The first try had tanh units, gates that began near one half and constant step sizes; "
        "none of its four agents was near the goal after 8,000 steps, and all three were changed "
        "at once. The pendulum's own step sizes left one agent of four behind, and twice as large "
        "ones became the recipe (data/searches/hidden_velocity.csv). Then multiples of 2, 4 and 8 "
        "were compared, for the recipes beside it had been searched as widely; four does best. "
        "Chapter 18 has the table.",
        ("memory_search",),
    ),
    "cue": Account(
        NOT_KEPT,
        "100 to 107",
        "Two changes are remembered beside the recipe. With tanh at the actor's end one agent of "
        "eight went to a bound and stayed, so gradients are inverted instead; with tanh in its "
        "head the critic took three times as long. The curves were not kept.",
    ),
    "inverted_pendulum": Account(
        "7: the recipe, and 6 changes of it after it had been recorded",
        "100 to 103",
        "It came into the library as it is (commit 1ddc330), and how it was found was not kept. It "
        "is the pendulum's with layer normalization in the critic, against a failure that the run "
        "inverted_pendulum_no_norm keeps: without it two agents of ten end far below the others. "
        "Afterwards six changes were compared with it. All their agents balance the pole at the "
        "end, and two of the recipe's own four fall. On seeds 300 to 309 none of its ten does. Two "
        "of 14 is what is known of how often it fails, and that the changes did not, with four "
        "agents each, may be chance. The recipe stands as it was recorded; chapter 16 undoes its "
        "choices on fresh seeds (pole_choices).",
        ("pole_search",),
    ),
    "crane": Account(
        "5, each the one before it and one change",
        "100 to 103",
        "Page 13b is the diary of this search.",
        ("crane_search",),
    ),
    "inverted_double_pendulum": Account(
        "1",
        "100 to 103",
        "The inverted pendulum's recipe in fewer steps. With it all four agents were balancing "
        "after 12,000 steps and went on to do so until 30,000, near the most that can be earned, "
        "so nothing else was tried. An earlier trial with twice the steps had solved the task as "
        "well. The curves of both were not kept.",
    ),
    "mountain_car": Account(
        "3 discounts",
        "100 to 103",
        "The settings of chapter 8, whose noise finds the flag, with more steps and step sizes "
        "that fall. A discount nearer to 1 should let an agent take its time and save fuel. The "
        "three means are hardly apart, so chapter 8's was kept, whose four agents lie closest "
        "together. Other noises, targets and networks were not tried here.",
        ("mountain_car_search",),
    ),
    "half_cheetah": Account(
        "6: the recipe, and 5 changes of it after it had been recorded",
        "100 to 103",
        'Committed as "a first recipe, not yet proven" (e8cd8df) and recorded as it was. Layer '
        "normalization is taken over from the inverted pendulum. Afterwards three changes were "
        "compared with it in a third of the steps: layer normalization in the actor too and "
        "targets of three steps each did a little better, twice the noise a little worse, all "
        "within what the four agents of an arm differ by. So were the first two together; with "
        "five steps they did far worse. In all of the steps and on seeds 300 to 307, the eight "
        "agents with layer normalization in both networks came to 6,516 on average "
        "(half_cheetah_choices), those of the recipe to 8,075. The recipe stands as it was.",
        ("half_cheetah_search", "half_cheetah_together_search"),
    ),
    "lunar_lander": Account(
        NOT_KEPT,
        "not noted",
        "It came into the library as it is, with its ablations (commit feca49c). Of its fourteen "
        "settings two were varied on record, the length of the targets and the noise, both on the "
        "seeds of the recipe's own run. All three were recorded anew on seeds 300 to 309, which no "
        "search has seen, and beside them six more changes (the sweep lander_choices, eight agents "
        "each): constant step sizes, no layer normalization, both kinds of noise weaker and "
        "stronger. None did better; with so few agents most of the differences may be chance. "
        "Chapter 14 shows "
        "them.",
    ),
    "bipedal_walker": Account(
        "1, as far as the history shows",
        "not noted",
        "The lander's recipe with wider networks and weaker noise, committed as \"a first recipe, "
        'not yet proven" (4138e4a) and recorded as it was. The length of the targets was varied '
        "afterwards. Both runs were recorded anew on seeds 300 to 307, which no search has seen; "
        "chapter 15 shows them.",
    ),
    "reacher": Account(
        "17 on record: the first recipe, 10 changes of it, and 6 of what came out",
        "100 to 103",
        "Its first version (commit b614c35) had 64-64 networks, batches of 64, noise of 0.2 and "
        "200,000 steps; the one recorded first 128-128, batches of 128, noise of 0.1 and 120,000. "
        "What was seen in between is not on record. Ten changes were then compared with that one "
        "in half of the steps. Networks of 256-256 with batches of 256 did best, −3.64 on average "
        "against −3.78, with each of the four agents better than all of the recipe's. Of four "
        "changes of these (reacher_wide_search) targets that follow twice as fast were ahead with "
        "−3.62, and were taken, though it may be chance. Around them neither doubled step sizes "
        "nor still faster targets made a difference (reacher_further_search). In all of the steps, "
        "on seeds 300 to 307, the eight agents reach −3.52.",
        ("reacher_search", "reacher_wide_search", "reacher_further_search"),
    ),
    "pendulum_pixels": Account(
        "1",
        "100 and 101",
        "A first guess, which learned the task in 8,000 actions; it was given more of them and "
        "recorded. Nothing else was tried.",
    ),
    "car_racing_pixels": Account(
        "4, two agents each, the worst broken off",
        "100 to 101",
        "Ornstein-Uhlenbeck noise of 0.3 seems to throw cars off the road whatever they do, so "
        "that the fastest do best; white noise of 0.15 did better. A discount of 0.96 and "
        "actions of two steps did worse. Two agents are few, and the best setting was recorded "
        "with more than twice the actions. Chapter 17 shows the curves.",
        ("car_racing",),
    ),
    "lillicrap": Account(
        "none",
        "none",
        "Not searched: the published values of Lillicrap et al. (2016) where observations are "
        "numbers. Page 11a searches step sizes for its parts.",
    ),
    "lillicrap_pixels": Account(
        "none",
        "none",
        "Not searched: the published values of Lillicrap et al. (2016) for pixels, where the paper "
        "gives them.",
    ),
}
"""By recipe. What is not on record is said to be so."""

CHAPTERS = {
    "replay_search": "chapter 6: what a buffer keeps, each with three step sizes",
    "targets_search": "chapter 7: how fast targets follow, each with four step sizes",
    "units": "chapter 11 and page 11a: normalizations and the published recipe's parts, in two "
    "systems of units, each with six step sizes",
    "hidden_velocity": "chapter 18: the memory's first two pairs of step sizes",
    "stacked_angles_search": "chapter 18: step sizes for agents that see three angles",
    "full_state_search": "chapter 18: step sizes for agents that see the velocity",
    "after_search": "chapter 22: step sizes for each of five agents",
    "eyes_search": "chapter 22: step sizes for DDPG with one encoder and for DrQ-v2, from pixels",
    "after_hopper_search": "page 22a: step sizes for each of six agents on the hopper",
}
"""Searches that chose settings for a chapter's comparison and not for a recipe."""

FRUITLESS: dict[str, Account] = {
    "pendulum_best_search": Account(
        "5",
        "100 to 103",
        "Chapter 9 finds that the pendulum's agents lose most of what they lack in the swing-up. "
        "Do they see too little of it? Here they were trained with the same number of steps in "
        "episodes of a quarter of the length, which begin four times as often, and judged in "
        "Pendulum-v1. On top of it four changes were tried: larger batches, larger step sizes with "
        "faster targets, a shorter horizon, and targets of five steps with noise that lasts, which "
        "was much worse. The goal was to come within 3% of the optimum. Short episodes alone came "
        "nearest and lose about a fifth less than the recipe. That is far from the goal, and "
        "nothing was recorded on fresh seeds. That the swing is seldom seen explains at most a "
        "part of the loss.",
        ("pendulum_best_search",),
    ),
}
"""Searches after which no recipe was changed, by the name of their record."""


def records() -> list[str]:
    """The searches whose results ship, for :func:`record`."""
    tables = [path.stem for path in FOLDER.glob(f"*{SUFFIX}")]
    return sorted([*tables, *(name for name in sweeps() if name.endswith(SEARCH))])


def record(name: str) -> Record:
    """The results of a search, one of :func:`records`.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if name not in records():
        raise ValueError(f"there is no search {name!r} on record, only {', '.join(records())}")
    path = FOLDER / f"{name}{SUFFIX}"
    if not path.exists():
        kept = sweep(name)
        return Record(kept.seeds, {label: arm.final for label, arm in kept.arms.items()})
    return _table(path)


def _table(path: Path) -> Record:
    """A CSV with a column for each seed, behind those that name the setting and perhaps a step."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *lines = list(csv.reader(file))
    seeds = [int(column) for column in head if column.isdigit()]
    named = [k for k, column in enumerate(head) if not column.isdigit() and column != "step"]
    final = {}
    for line in lines:  # a later step of the same setting takes the place of an earlier one
        label = ", ".join(f"{head[k]} {line[k]}" for k in named)
        final[label] = np.array([float(x) for x in line[-len(seeds) :]])
    return Record(seeds, final)
