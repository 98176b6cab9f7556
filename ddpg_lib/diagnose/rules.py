"""The rules of ``ddpg diagnose``: a table from quantities to findings, in the order of trust.

A rule holds of a stack if all of its conditions hold of the median agent. Quantities are those of
:data:`~ddpg_lib.diagnose.vitals.VITALS`, or of
:data:`~ddpg_lib.diagnose.reading.CURVE_SIGNS` where only curves are known. Thresholds lie in the
gap between what right agents show and those with the bugs of chapter 12's museum.
"""

from __future__ import annotations

import dataclasses
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping

from ddpg_lib.diagnose.reading import FLAT

ATLAS = ("page 12a", "notebooks/12a_atlas.html")
PAGES: dict[str, tuple[str, str]] = {
    "the loop": ("chapter 12, room 1", "notebooks/12_museum.html#room-1-the-loop"),
    "units and scales": ("chapter 12, room 2", "notebooks/12_museum.html#room-2-units-and-scales"),
    "the target": ("chapter 12, room 3", "notebooks/12_museum.html#room-3-the-target"),
    "the actor's step": ("chapter 12, room 4", "notebooks/12_museum.html#room-4-the-actor-s-step"),
    "evaluation and seeds": (
        "chapter 12, room 5",
        "notebooks/12_museum.html#room-5-evaluation-and-seeds",
    ),
    "exploration": ("chapter 8", "notebooks/08_exploration.html"),
    "step sizes": ATLAS,
}
"""Where the book speaks of a family: in words, and a name relative to the built book."""

EXHIBITED: dict[str, str] = {
    "stale_state": "The state that never moves on",
    "one_array": "Two names for one array",
    "after_reset": "Stored after the reset",
    "limit_as_end": "The time limit as an end",
    "half_range": "tanh, never scaled",
    "mangled_action": "The action that came back changed",
    "sign_of_reward": "The sign of the reward",
    "normalized_before_stored": "Normalized, then stored",
    "reward_forgotten": "A target without the reward",
    "end_ignored": "Nothing ever ends",
    "mixed_rows": "Every target against every value",
    "live_target": "The gradient through the target",
    "no_target": "No target network",
    "target_forgotten": "A target that never moves",
    "wrong_sign": "Downhill",
    "cut_gradient": "The actor's gradient is None",
    "leak": "The critic moves in the actor's step",
    "noise_swapped": "Noise in the test, none in training",
    "other_statistics": "Evaluated on other statistics",
    "one_seed": "One seed for all",
}
"""The titles of the museum's exhibits, by the names of the rules that find them."""


def anchor(title: str) -> str:
    """The name in the page at which an exhibit begins, from its ``title``."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@dataclasses.dataclass(frozen=True)
class Rule:
    """What to conclude from which numbers.

    Attributes
    ----------
    name : str
        Of the finding: an exhibit of the museum where there is one.
    family : str
        Which part of the program is at fault.
    says : str
        The finding.
    when : tuple of (str, str, float)
        Conditions: a quantity, one of ``<``, ``>`` and ``=``, a threshold. All must hold.
    confidence : str
        "high" where nothing else makes these numbers, "medium" where little does, "low" where a
        healthy run may.
    next : str
        The experiment that settles it.
    """

    name: str
    family: str
    says: str
    when: tuple[tuple[str, str, float], ...]
    confidence: str
    next: str

    def holds(self, quantities: Mapping[str, float]) -> bool:
        """Whether all conditions hold of ``quantities`` by name; of an unknown one none does."""
        return all(
            not math.isnan(quantities.get(name, math.nan)) and _OPERATORS[sign](quantities[name], x)
            for name, sign, x in self.when
        )

    @property
    def link(self) -> str:
        """Where the book shows it: an exhibit and its room, or what is nearest.

        The address is relative to the built book, ``_build/html`` or wherever it is served.
        """
        if self in CURVE_RULES:  # a curve says too little for one exhibit
            return "{}: {}".format(*ATLAS)
        where, address = PAGES[self.family]
        if (title := EXHIBITED.get(self.name)) is not None:
            where += f', "{title}"'
            address = f"{address.partition('#')[0]}#{anchor(title)}"
        return f"{where}: {address}"


def holding(rules: Iterable[Rule], quantities: Mapping[str, float]) -> list[Rule]:
    """The rules that hold of ``quantities``, in their order; of those with one name the first."""
    by_name = dict[str, Rule]()
    for rule in rules:
        if rule.holds(quantities):
            by_name.setdefault(rule.name, rule)
    return list(by_name.values())


RULES: tuple[Rule, ...] = (
    Rule(
        "one_array",
        "the loop",
        "s and s' are the same in the stored rows",
        (("still", ">", 0.5),),
        "high",
        "copy every observation where it is received, and look at one stored row",
    ),
    Rule(
        "stale_state",
        "the loop",
        "rows do not follow each other: s' of one is not the s of the next",
        (("gaps", ">", 0.5), ("gap size", ">", 0.3), ("still", "<", 0.5)),
        "high",
        "print s and s' of three steps in a row; the loop should make s' the next s",
    ),
    Rule(
        "normalized_before_stored",
        "units and scales",
        "every stored s' differs a little from the next s: observations are changed before storing",
        (("gaps", ">", 0.5), ("gap size", "<", 0.3), ("still", "<", 0.5)),
        "medium",
        "store one observation twice, a thousand steps apart, and compare the rows",
    ),
    Rule(
        "after_reset",
        "the loop",
        "the rows never break, and some step farther than any other: a reset is stored as a step",
        (("gaps", "=", 0.0), ("long jump", ">", 2.0)),
        "high",
        "look at the row in which an episode ended: its s' should be how it ended",
    ),
    Rule(
        "limit_as_end",
        "the loop",
        "all rows with d = 1 are equally far apart: a time limit is stored as an end",
        (("even ends", "=", 1.0),),
        "high",
        "store terminated, not terminated or truncated, and compare the critic's values",
    ),
    Rule(
        "limit_as_end",
        "the loop",
        "d = 1 is stored where an episode was only cut off",
        (
            ("d at limits", ">", 0.5),
            ("keeps s", "=", 1.0),
        ),
        "high",
        "store terminated, not terminated or truncated, and compare the critic's values",
    ),
    Rule(
        "half_range",
        "units and scales",
        "the largest action that can be sent falls short of the environment's bound",
        (("sent", "<", 0.95),),
        "high",
        "print the largest action that env.step receives in a thousand random ones",
    ),
    Rule(
        "mangled_action",
        "units and scales",
        "stored actions are larger than the actor's own can be",
        (("stored", ">", 1.01),),
        "high",
        "store a copy of the scaled action, made before env.step",
    ),
    Rule(
        "sign_of_reward",
        "units and scales",
        "every stored reward is the same, and nothing ends: no policy is better than another",
        (("reward spread", "<", 0.01), ("ends", "=", 0.0)),
        "high",
        "compare ten stored rewards with those that the environment gave",
    ),
    Rule(
        "late_reward",
        "the loop",
        "each transition is stored with the reward of the one before",
        (
            ("late r", ">", 0.9),
            ("keeps r", "<", 0.5),
            ("keeps s", "=", 1.0),
            ("keeps a", "=", 1.0),
        ),
        "high",
        "store three transitions with rewards 1, 2 and 3, and read the rows",
    ),
    Rule(
        "reward_changed",
        "units and scales",
        "rewards are stored otherwise than they were earned",
        (
            ("keeps r", "<", 0.99),
            ("keeps s", "=", 1.0),
        ),
        "high",
        "store a transition whose reward is 0.37, and read the row",
    ),
    Rule(
        "action_changed",
        "units and scales",
        "actions are stored otherwise than they were taken",
        (
            ("keeps a", "<", 0.99),
            ("keeps s", "=", 1.0),
        ),
        "high",
        "store a transition with an action of 0.37, and read the row",
    ),
    Rule(
        "next_state_changed",
        "the loop",
        "s' is stored otherwise than it was observed",
        (
            ("keeps s'", "<", 0.99),
            ("keeps s", "=", 1.0),
        ),
        "high",
        "print s' as the environment gave it, and as it is in the buffer",
    ),
    Rule(
        "end_changed",
        "the loop",
        "d is stored otherwise than episodes ended",
        (
            ("keeps d", "<", 0.99),
            ("keeps s", "=", 1.0),
        ),
        "high",
        "store a transition that ends and one that does not, and read the rows",
    ),
    Rule(
        "state_changed",
        "the loop",
        "s is stored otherwise than it was observed",
        (
            ("keeps s", "<", 0.99),
            ("keeps s'", ">", 0.99),
        ),
        "high",
        "print s as the environment gave it, and as it is in the buffer",
    ),
    Rule(
        "rows_shifted",
        "the loop",
        "stored rows are not those that were given",
        (
            ("keeps s", "<", 0.99),
            ("keeps s'", "<", 0.99),
        ),
        "medium",
        "store ten transitions with different numbers, and read the rows",
    ),
    Rule(
        "one_seed",
        "evaluation and seeds",
        "agents explore alike: they share a seed",
        (("twins", ">", 0.9),),
        "high",
        "give each agent a seed of its own, and compare their first actions",
    ),
    Rule(
        "noise_swapped",
        "evaluation and seeds",
        "a policy in one state acts differently twice where it is evaluated",
        (("unsteady", ">", 0.01), ("noise", "<", 0.1)),
        "high",
        "evaluate one policy twice from one start; then look at the noise in training",
    ),
    Rule(
        "scaled_twice",
        "units and scales",
        "actions are larger than the actor says: they are scaled more than once",
        (
            ("act gain", ">", 1.05),
            ("unsteady", "<", 0.01),
        ),
        "high",
        "print what the actor says in one state, and what env.step receives",
    ),
    Rule(
        "scaled_down",
        "units and scales",
        "actions are smaller than the actor says",
        (
            ("act gain", "<", 0.95),
            ("unsteady", "<", 0.01),
        ),
        "high",
        "print what the actor says in one state, and what env.step receives",
    ),
    Rule(
        "other_statistics",
        "evaluation and seeds",
        "in evaluations a policy acts otherwise than in training for the same observation",
        (("seen otherwise", ">", 0.02),),
        "high",
        "evaluate with training's own statistics and mode, frozen",
    ),
    Rule(
        "no_noise",
        "exploration",
        "nothing is added to the actions in training",
        (("noise", "<", 0.05),),
        "high",
        "print explore(s) - act(s) for one state, a hundred times",
    ),
    Rule(
        "loud_noise",
        "exploration",
        "exploration adds far more noise than the configuration says",
        (("noise", ">", 2.5),),
        "medium",
        "print explore(s) - act(s) for one state, a hundred times",
    ),
    Rule(
        "explores_otherwise",
        "exploration",
        "without its noise exploring acts otherwise than the actor says",
        (
            ("explores otherwise", ">", 0.01),
            ("seen otherwise", "<", 0.02),
        ),
        "medium",
        "set sigma to 0 and compare explore(s) with act(s)",
    ),
    Rule(
        "mixed_columns",
        "the loop",
        "updates learn from rows that the buffer does not hold",
        (("foreign rows", ">", 0.01),),
        "high",
        "look up a row of a minibatch in the buffer",
    ),
    Rule(
        "not_uniform",
        "the loop",
        "updates draw old and new rows unequally",
        (("age drawn", "<", 0.8),),
        "medium",
        "measure the ages of what the buffer hands out",
    ),
    Rule(
        "not_uniform",
        "the loop",
        "updates draw old and new rows unequally",
        (("age drawn", ">", 1.2),),
        "medium",
        "measure the ages of what the buffer hands out",
    ),
    Rule(
        "minibatch_size",
        "the loop",
        "an update learns from another number of rows than batch_size",
        (("rows drawn", "<", 0.99),),
        "high",
        "print the shape of a minibatch, and how often learn is called",
    ),
    Rule(
        "minibatch_size",
        "the loop",
        "an update learns from another number of rows than batch_size",
        (("rows drawn", ">", 1.01),),
        "high",
        "print the shape of a minibatch, and how often learn is called",
    ),
    Rule(
        "cut_gradient",
        "the actor's step",
        "the actor's last layer is still within its initial bounds: it has never moved",
        (("actor moved", "<", 1.001), ("updates", ">", 100.0)),
        "high",
        "after one update compare the actor's weights with those before",
    ),
    Rule(
        "critic_rests",
        "the target",
        "the critic does not move",
        (("critic step", "<", 0.01),),
        "high",
        "after one update compare the critic's weights with those before",
    ),
    Rule(
        "no_target",
        "the target",
        "the target critic equals the critic",
        (("critic lag", "<", 1e-6), ("updates", ">", 1.0)),
        "high",
        "make the target by copy.deepcopy, and measure the distance after an update",
    ),
    Rule(
        "target_forgotten",
        "the target",
        "the actor has moved and its target has not",
        (("target moved", "<", 1.001), ("actor moved", ">", 1.5), ("updates", ">", 100.0)),
        "high",
        "look for the call of the soft update; measure the target's weights before and after",
    ),
    Rule(
        "target_forgotten",
        "the target",
        "the target critic does not follow",
        (("critic follows", "<", 0.01),),
        "high",
        "measure the target's weights before and after an update",
    ),
    Rule(
        "target_forgotten",
        "the target",
        "the target actor does not follow",
        (("actor follows", "<", 0.01),),
        "high",
        "measure the target's weights before and after an update",
    ),
    Rule(
        "tau_swapped",
        "the target",
        "the target critic follows far faster than tau says",
        (("critic follows", ">", 1.5),),
        "high",
        "set tau to 0.1 and measure how far a target goes in an update",
    ),
    Rule(
        "tau_swapped",
        "the target",
        "the target actor follows far faster than tau says",
        (("actor follows", ">", 1.5),),
        "high",
        "set tau to 0.1 and measure how far a target goes in an update",
    ),
    Rule(
        "slow_target",
        "the target",
        "the target critic follows more slowly than tau says",
        (("critic follows", "<", 0.7),),
        "high",
        "set tau to 0.1 and measure how far a target goes in an update",
    ),
    Rule(
        "slow_target",
        "the target",
        "the target actor follows more slowly than tau says",
        (("actor follows", "<", 0.7),),
        "high",
        "set tau to 0.1 and measure how far a target goes in an update",
    ),
    Rule(
        "reward_forgotten",
        "the target",
        "the reward does not count in the target",
        (("own reward", "<", 0.5),),
        "high",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "end_ignored",
        "the target",
        "the target goes on past an episode's end",
        (("own ends", ">", 0.5),),
        "high",
        "set d = 1 in a whole minibatch: the target must be the reward",
    ),
    Rule(
        "target_by_s",
        "the target",
        "the target is computed with s in the place of s'",
        (
            ("misses", ">", 0.003),
            ("misses, by s", "<", 0.003),
        ),
        "high",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "live_target",
        "the target",
        "the target is computed by the critic itself, and its gradient is another",
        (
            ("misses", ">", 0.003),
            ("misses, by Q", "<", 0.003),
            ("critic descends", "<", 0.99),
        ),
        "high",
        "print y.requires_grad; compare the critic's gradient with that for a fixed y",
    ),
    Rule(
        "no_target",
        "the target",
        "the target is computed by the critic itself, not by its slow copy",
        (
            ("misses", ">", 0.003),
            ("misses, by Q", "<", 0.003),
        ),
        "high",
        "print which networks the line of the target names",
    ),
    Rule(
        "target_by_actor",
        "the target",
        "the target takes the action of the actor, not of its slow copy",
        (
            ("misses", ">", 0.003),
            ("misses, by mu", "<", 0.003),
        ),
        "high",
        "print which networks the line of the target names",
    ),
    Rule(
        "target_by_action",
        "the target",
        "the target takes the stored action in s', not the target actor's",
        (
            ("misses", ">", 0.003),
            ("misses, by a", "<", 0.003),
        ),
        "high",
        "print which action the line of the target hands to the critic",
    ),
    Rule(
        "discount",
        "the target",
        "the next value counts more than gamma says: nothing is discounted",
        (
            ("misses", ">", 0.003),
            ("own discount", ">", 1.003),
        ),
        "high",
        "compute y of ten rows by hand; print the discount of a minibatch",
    ),
    Rule(
        "discount",
        "the target",
        "the next value counts less than gamma says",
        (
            ("misses", ">", 0.003),
            ("own discount", "<", 0.997),
        ),
        "high",
        "compute y of ten rows by hand; print the discount of a minibatch",
    ),
    Rule(
        "reward_scale",
        "the target",
        "the reward counts in the target with another weight than 1",
        (("own reward", "<", 0.99),),
        "high",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "reward_scale",
        "the target",
        "the reward counts in the target with another weight than 1",
        (("own reward", ">", 1.01),),
        "high",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "other_target",
        "the target",
        "the target is not r + gamma (1 - d) Q'(s', mu'(s'))",
        (("misses", ">", 0.003),),
        "medium",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "leak",
        "the actor's step",
        "the actor's step leaves something in the critic that moves it",
        (("critic moved twice", ">", 0.01),),
        "high",
        "compare the critic's weights before and after the actor's step and the next one",
    ),
    Rule(
        "critic_climbs",
        "the target",
        "the critic ascends its loss",
        (("critic descends", "<", -0.5),),
        "high",
        "repeat one minibatch: the critic's loss must fall",
    ),
    Rule(
        "mixed_rows",
        "the target",
        "the loss of a minibatch is not the mean of the losses of its rows",
        (
            ("misses", "<", 0.003),
            ("loss", ">", 1.05),
        ),
        "high",
        "print the shapes of y and q",
    ),
    Rule(
        "mixed_rows",
        "the target",
        "the loss of a minibatch is not the mean of the losses of its rows",
        (
            ("misses", "<", 0.003),
            ("loss", "<", 0.95),
        ),
        "high",
        "print the shapes of y and q",
    ),
    Rule(
        "live_target",
        "the target",
        "the target is right, and the critic's step is not down its loss",
        (
            ("misses", "<", 0.003),
            ("critic descends", "<", 0.97),
        ),
        "medium",
        "print y.requires_grad; compare the critic's gradient with that for a fixed y",
    ),
    Rule(
        "cut_gradient",
        "the actor's step",
        "the actor does not move",
        (("actor step", "<", 0.01),),
        "high",
        "after one update compare the actor's weights with those before",
    ),
    Rule(
        "wrong_sign",
        "the actor's step",
        "the actor goes down its critic's values",
        (("actor ascends", "<", -0.5),),
        "high",
        "let the critic stand still for twenty updates: its value of the actor's actions must rise",
    ),
    Rule(
        "actor_elsewhere",
        "the actor's step",
        "the actor's step is not up dQ/da dmu/dtheta",
        (("actor ascends", "<", 0.9),),
        "medium",
        "compute the gradient of mean Q(s, mu(s)) by hand, and compare",
    ),
    Rule(
        "critic_step_size",
        "step sizes",
        "the first step of the critic is not as long as its step size",
        (("critic step", ">", 1.2),),
        "medium",
        "print the step size of each optimizer, and how often it steps in an update",
    ),
    Rule(
        "critic_step_size",
        "step sizes",
        "the first step of the critic is not as long as its step size",
        (("critic step", "<", 0.8),),
        "medium",
        "print the step size of each optimizer, and how often it steps in an update",
    ),
    Rule(
        "actor_step_size",
        "step sizes",
        "the first step of the actor is not as long as its step size",
        (("actor step", ">", 1.2),),
        "medium",
        "print the step size of each optimizer, and how often it steps in an update",
    ),
    Rule(
        "actor_step_size",
        "step sizes",
        "the first step of the actor is not as long as its step size",
        (("actor step", "<", 0.8),),
        "medium",
        "print the step size of each optimizer, and how often it steps in an update",
    ),
    Rule(
        "reward_forgotten",
        "the target",
        "the critic misses its target by a reward in every row, and is a constant",
        (("TD error", "<", -0.8), ("value spread", "<", 0.2), ("updates", ">", 100.0)),
        "high",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "reward_forgotten",
        "the target",
        "the critic misses its target by a reward in every row, and is a constant",
        (("TD error", ">", 0.8), ("value spread", "<", 0.2), ("updates", ">", 100.0)),
        "high",
        "compute y of ten rows by hand, by other code",
    ),
    Rule(
        "mixed_rows",
        "the target",
        "values hardly differ between rows while their targets do: the critic is a constant",
        (
            ("value spread", "<", 0.2),
            ("updates", ">", 100.0),
            ("reward spread", ">", 0.01),
            ("TD error", "<", 0.8),
            ("TD error", ">", -0.8),
        ),
        "high",
        "print the shapes of y and q; then the ranges of the observation's components",
    ),
    Rule(
        "leak",
        "the actor's step",
        "the critic lies above its own targets, and the actor does what it likes best",
        (
            ("TD error", "<", -0.2),
            ("value spread", ">", 0.8),
            ("rank", ">", 0.95),
            ("critic lag", ">", 1e-6),
        ),
        "medium",
        "update the critic alone for a while: if the values settle, the actor's step moves them",
    ),
    Rule(
        "impossible",
        "the target",
        "values lie beyond any sum of the stored rewards",
        (("impossible", ">", 0.3),),
        "medium",
        "update the critic alone for a while; measure the distance of its target",
    ),
    Rule(
        "live_target",
        "the target",
        "the critic lies below its targets by rewards, with values that spread too far",
        (("TD error", ">", 1.0), ("value spread", ">", 1.1)),
        "medium",
        "print y.requires_grad; compare the critic's gradient with that for a fixed y",
    ),
    Rule(
        "wrong_sign",
        "the actor's step",
        "the actor does what its critic likes less than most random actions",
        (("rank", "<", 0.3), ("actor moved", ">", 1.5), ("updates", ">", 100.0)),
        "medium",
        "let the critic stand still for twenty updates: its value of the actor's actions must rise",
    ),
    Rule(
        "saturated",
        "the actor's step",
        "the actor is at a bound although its critic's slope points back inside",
        (("against", ">", 0.6), ("at bound", ">", 0.8), ("updates", ">", 1_000.0)),
        "low",
        "repeat with a smaller step size of the actor, or with inverted gradients (chapter 5b)",
    ),
)
"""What is looked for in a stack."""

_PINNED: tuple[tuple[str, str, float], ...] = (
    ("q drift", "<", 0.05),
    ("q rise", "<", 0.03),
    ("gain", "<", 0.2),
)
CURVE_RULES: tuple[Rule, ...] = (
    Rule(
        "pinned",
        "the target",
        "q stands still far from the returns, and the loss is small: the critic is content with a "
        "wrong target",
        (*_PINNED, ("loss", "<", 1e-3)),
        "medium",
        "multiply the reward by ten: values that stay know no reward, or have a target that rests; "
        "then compute the target of ten rows by hand",
    ),
    Rule(
        "pinned",
        "the target",
        "q stands still far from the returns, and the return has not risen",
        _PINNED,
        "medium",
        "multiply the reward by ten: values that stay know no reward, or have a target that rests",
    ),
    Rule(
        "impossible",
        "the target",
        "q ends above 0 although nothing but costs was ever had, and the return has not risen",
        (("q above", "=", 1.0), ("gain", "<", 0.3)),
        "medium",
        "update the critic alone for a while; measure the distance of its target",
    ),
    Rule(
        "exploding",
        "the target",
        "q has grown far beyond every return",
        (("q rise", ">", 5.0),),
        "medium",
        "measure the distance of the target networks; then halve the critic's step size",
    ),
    Rule(
        "at_bound",
        "the actor's step",
        "nearly all actions are at a bound, and the return has not risen",
        (("held", ">", 0.9), ("largest", ">", 0.95), ("gain", "<", 0.2)),
        "medium",
        "measure the ages of what the buffer hands out, and the critic's slope at the actions",
    ),
    Rule(
        "worse",
        "the loop",
        "the return has become worse than it was at the start, and stays so",
        (("gain", "<", -0.2),),
        "low",
        "ddpg compare: do recorded agents dip at this step, too? If not, look at ten stored rows: "
        "do they follow each other, are actions within their bounds?",
    ),
    Rule(
        "flat",
        "exploration",
        "the return has not risen: it ends as it began",
        (("rise", "<", FLAT), ("gain", ">", -0.2)),
        "low",
        "ddpg compare: did recorded agents rise by now? If so, did any episode of training earn "
        "more than no action and random ones do?",
    ),
    Rule(
        "collapse",
        "step sizes",
        "what was gained is lost again",
        (("fall", ">", 0.5),),
        "low",
        "repeat with half of both step sizes, and with twice the buffer",
    ),
    Rule(
        "left_behind",
        "the actor's step",
        "some agents end far below the others",
        (("left behind", ">", 0.09), ("agents", ">", 3.0)),  # one of ten
        "low",
        "look at the failed agents' actions; train more agents before you blame the program",
    ),
)
"""What is looked for in curves alone."""
