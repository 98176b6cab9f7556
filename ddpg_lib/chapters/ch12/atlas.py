"""From symptom to cause: a tree of questions, and recorded runs that show each symptom."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypeAlias


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A cause, or a family of causes.

    Attributes
    ----------
    text : str
        The cause in words.
    exhibits : tuple of str
        Those of :data:`~ddpg_lib.chapters.ch12.exhibits.EXHIBITS` that show it.
    """

    text: str
    exhibits: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Question:
    """A quantity to look at, and where each of its answers leads.

    Attributes
    ----------
    text : str
        What is asked.
    answers : dict
        What comes next, by the answer.
    """

    text: str
    answers: Mapping[str, Node]


Node: TypeAlias = "Question | Leaf"

_VALUES = Question(
    "Do the critic's values differ between states as their targets do? (value spread)",
    {
        "hardly, below 0.2": Leaf(
            "every target meets every value; or units of observation that the networks cannot "
            "see (chapter 11)",
            ("mixed_rows",),
        ),
        "yes": Question(
            "Which values? (q; the rewards stored)",
            {
                "all near one constant": Leaf(
                    "the reward is missing, or is the same in every row",
                    ("reward_forgotten", "sign_of_reward"),
                ),
                "beyond any sum of rewards": Leaf(
                    "the critic moves in the actor's step; targets that run away (chapter 7)",
                    ("leak", "no_target"),
                ),
                "possible ones": Question(
                    "How many random actions does the critic put below the actor's? (rank)",
                    {
                        "hardly any": Leaf("the actor descends", ("wrong_sign",)),
                        "about half, and the actor is at a bound against the slope": Leaf(
                            "a saturated actor (chapters 5 and 5b), or gradients of its own that "
                            "add up"
                        ),
                        "most": Leaf(
                            "actor and critic agree, and the data mislead them: look at the rows "
                            "(gaps, still, stored), then at the targets, then at exploration "
                            "(chapter 8)",
                            ("stale_state", "one_array", "mangled_action"),
                        ),
                    },
                ),
            },
        ),
    },
)

TREE = Question(
    "What does the return without noise do?",
    {
        "it stays low": Question(
            "Did any episode of training earn more than one without actions does?",
            {
                "no": Leaf(
                    "nothing was ever found: noise that is weak or gone too soon, or a rare reward "
                    "(chapter 8)"
                ),
                "yes": Question(
                    "Has the actor moved since the start? (actor moved)",
                    {
                        "no": Leaf("its gradient never arrives", ("cut_gradient",)),
                        "yes": _VALUES,
                    },
                ),
            },
        ),
        "it ends too low, for all agents": Question(
            "The largest action stored and sent, over the bound",
            {
                "not 1": Leaf(
                    "actions cross the border in the wrong units", ("half_range", "mangled_action")
                ),
                "1": Question(
                    "Distance of each network from its target (lag)",
                    {
                        "0, or as far as the network has come": Leaf(
                            "no target, or one that never moves",
                            ("no_target", "target_forgotten"),
                        ),
                        "in between": Leaf(
                            "the gradient flows through the target; a discount that is too small; "
                            "too little exploration",
                            ("live_target",),
                        ),
                    },
                ),
            },
        ),
        "it rises and is lost again": Question(
            "How old are the rows that updates draw, over the mean of all? (age drawn)",
            {
                "younger, or all of them young": Leaf(
                    "a buffer that hands out its newest rows, or a small one (chapter 6)"
                ),
                "as old": Leaf(
                    "step sizes that do not fall (chapter 9), targets that follow too fast "
                    "(chapter 7)"
                ),
            },
        ),
        "it is right for most agents": Leaf(
            "a saturated actor in the one that fails (chapter 5), or a warm-up that is too short; "
            "train more agents before blaming either"
        ),
        "it is worse than in training": Question(
            "One state, twice (unsteady); the same state in training (seen otherwise)",
            {
                "differs from itself": Leaf("noise in the evaluation", ("noise_swapped",)),
                "differs from training": Leaf(
                    "other statistics, or another mode of the networks", ("other_statistics",)
                ),
                "agree": Question(
                    "One policy from one start in both environments: do states part?",
                    {
                        "yes": Leaf("one is built otherwise: a wrapper, a time limit, a version"),
                        "no": Leaf("luck of ten starts: play a hundred (chapter 1)"),
                    },
                ),
            },
        ),
        "it is right": Question(
            "The critic's belief less what is earned",
            {
                "off by a part of it": Leaf(
                    "ends: a limit stored as an end, a next start for the last state, d ignored; a "
                    "discount other than the one that is judged",
                    ("limit_as_end", "after_reset", "end_ignored"),
                ),
                "small": Leaf(
                    "nothing that shows here; ask whether the agents are different ones",
                    ("one_seed", "normalized_before_stored"),
                ),
            },
        ),
        "whatever it does, steps are slow": Question(
            "What takes the time: an update alone, or a step of the environment alone?",
            {
                "the environment": Leaf(
                    "a slow simulator, or pictures that are drawn and not looked at"
                ),
                "the update": Question(
                    "The same with one thread",
                    {
                        "faster": Leaf("threads that wait for each other (chapter 20)"),
                        "as slow": Leaf(
                            "data that move between devices, numbers that are read in every step, "
                            "networks wider than needed (chapter 20)"
                        ),
                    },
                ),
                "neither": Leaf(
                    "what lies between: a buffer of Python lists (page 10c), evaluations, logging"
                ),
            },
        ),
    },
)
"""The atlas as a tree; in brackets the names of :data:`ddpg_lib.diagnose.vitals.VITALS`."""


def leaves(node: Node = TREE) -> Iterator[Leaf]:
    """All leaves below a ``node``, in the order in which they are drawn."""
    if isinstance(node, Leaf):
        yield node
        return
    for child in node.answers.values():
        yield from leaves(child)


SYMPTOMS: dict[str, tuple[str, str, str]] = {
    "a flat return": ("targets_mistakes", "forgotten", "return"),
    "collapse after success": ("targets", "tau_1_lr_2", "return"),
    "exploding values": ("targets", "tau_1_layer_norm_lr_1", "critic"),
    "values pinned": ("targets_mistakes", "forgotten", "q"),
    "a saturated actor": ("targets_mistakes", "newest_64", "saturated"),
    "one agent in eight fails": ("pendulum_choices", "warmup_500", "return"),
    "worse than in training": ("museum_statistics", "other_statistics", "return"),
    "content and wrong": ("museum", "reward_forgotten", "critic_loss"),
}
"""By name, a recorded sweep, arm and column that show a symptom; slow steps are none of a run."""
