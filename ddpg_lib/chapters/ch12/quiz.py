"""Chapter 12a's quiz: recorded runs without their names."""

from __future__ import annotations

import dataclasses

from ddpg_lib.chapters.ch12.drawing import draw_run
from ddpg_lib.figures.page import show
from ddpg_lib.results.recorded import RecordedRun, recorded
from ddpg_lib.results.sweeps import Arm, sweep


@dataclasses.dataclass(frozen=True)
class Unnamed:
    """A recorded run of the quiz.

    Attributes
    ----------
    name : tuple of str
        A recorded sweep and its arm, or a recorded run alone.
    columns : tuple of str
        What is shown beside the returns: keys of the record's ``inside``.
    alt : str
        What is to be seen.
    bug : bool
        Whether anything is wrong with the program or its settings.
    until : int, optional
        The last step that is shown, if not all are.
    """

    name: tuple[str, ...]
    columns: tuple[str, ...]
    alt: str
    bug: bool = True
    until: int | None = None

    @property
    def record(self) -> Arm | RecordedRun:
        """Its curves."""
        name, *arm = self.name
        return sweep(name).arms[arm[0]] if arm else recorded(name)


RUNS = (
    Unnamed(
        ("pendulum_choices", "recipe"),
        ("critic", "monte_carlo"),
        "Returns rise to the top by step 6,000; the belief ends above zero, the earnings just "
        "below.",
        bug=False,
    ),
    Unnamed(
        ("targets_mistakes", "newest_64"),
        ("saturated", "q"),
        "Returns fall below those of untrained policies and stay there; nearly all actions are "
        "at a bound; q drifts downward.",
    ),
    Unnamed(
        ("targets_mistakes", "forgotten"),
        ("q", "critic_loss"),
        "Returns fall and stay low; q is level at minus 7; the loss is nearly 0.",
    ),
    Unnamed(
        ("reward_scales", "scale_10_lr_0.0003"),
        ("critic", "critic_loss"),
        "Returns are low; the belief falls slowly and evenly; the loss is at 5,000 and rises a "
        "little.",
    ),
    Unnamed(
        ("targets", "tau_1_lr_1"),
        ("critic", "monte_carlo"),
        "Returns fall to minus 1600; about half of the agents rise late; beliefs fall to minus "
        "650 and return.",
    ),
    Unnamed(
        ("targets", "tau_1_layer_norm_lr_1"),
        ("critic", "monte_carlo"),
        "Most agents reach the top late; beliefs rise above plus 200 while earnings end near zero.",
    ),
    Unnamed(
        ("pendulum_choices", "warmup_500"),
        ("saturated",),
        "Seven agents reach the top, one stays at minus 1600; its share at a bound is near 1.",
        bug=False,
    ),
    Unnamed(
        ("action_units", "half_range"),
        ("saturated", "critic"),
        "Returns rise from minus 1600 to about minus 950 on average; less than half of the "
        "actions are at a bound; beliefs fall evenly.",
    ),
    Unnamed(
        ("action_units", "stored_torque"),
        ("saturated", "critic"),
        "Returns stay between minus 1670 and minus 1170 for all but one agent; more than half "
        "of the actions are at a bound.",
    ),
    Unnamed(
        ("targets", "tau_0.0001_lr_1"),
        ("q", "critic_loss"),
        "Returns are low and level; q falls slowly from minus 7 to minus 13; the loss is nearly 0.",
    ),
    Unnamed(
        ("targets", "tau_0.001_lr_1"),
        ("saturated", "critic"),
        "Returns fall, then rise slowly and reach about minus 190; the share at a bound rises "
        "to two thirds and falls again.",
        bug=False,
    ),
    Unnamed(
        ("action_units", "right"),
        ("critic", "monte_carlo"),
        "Returns rise in about half of the agents; others stay low or fall back; beliefs spread "
        "as well.",
        bug=False,
    ),
    Unnamed(
        ("normalizations", "plain_other"),
        ("q", "saturated"),
        "Returns change once and then stay level to the digit; q falls evenly to minus 145; no "
        "action is at a bound.",
    ),
    Unnamed(
        ("published_items", "large_last_layer"),
        ("q", "critic_loss"),
        "Returns reach the top for all agents; q falls to minus 66 and levels; the loss grows "
        "steadily.",
        bug=False,
    ),
    Unnamed(
        ("inverted_pendulum",),
        (),
        "Mean returns between 20 and 100 throughout, without a trend.",
        bug=False,
        until=12_500,
    ),
)
"""The runs in the order in which they are asked for; questions and answers are the notebook's."""


def show_run(number: int) -> None:
    """Display a run of the quiz, from 1, without its name."""
    run = RUNS[number - 1]
    show(
        draw_run(run.record, run.columns, run.until),
        alt=f"Run {number}: {run.alt[0].lower()}{run.alt[1:]}",
        caption="Eight agents (thin), interquartile mean, 95% bootstrap interval.",
    )
