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
from collections.abc import Callable, Mapping

BOOK = "notebooks/12_museum.html"

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
        """Where the book shows it."""
        return BOOK


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
        "cut_gradient",
        "the actor's step",
        "the actor's last layer is still within its initial bounds: it has never moved",
        (("actor moved", "<", 1.001), ("updates", ">", 100.0)),
        "high",
        "after one update compare the actor's weights with those before",
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
        "end_ignored",
        "the target",
        "the critic misses its target where an episode ended, and nowhere else",
        (("TD error at ends", ">", 20.0), ("ends", ">", 0.0), ("even ends", "=", 0.0)),
        "medium",
        "set d = 1 in a whole minibatch: the target must be the reward",
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

CURVE_RULES: tuple[Rule, ...] = (
    Rule(
        "pinned",
        "the target",
        "q stands still far from the returns, and the return has not risen",
        (("q drift", "<", 0.05), ("q rise", "<", 0.03), ("gain", "<", 0.2)),
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
        (("held", ">", 0.9), ("gain", "<", 0.2)),
        "medium",
        "measure the ages of what the buffer hands out, and the critic's slope at the actions",
    ),
    Rule(
        "worse",
        "the loop",
        "the return has become worse than it was at the start, and stays so",
        (("gain", "<", -0.2),),
        "low",
        "look at ten stored rows: do they follow each other, are actions within their bounds?",
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
        (("left behind", ">", 0.1), ("agents", ">", 3.0)),
        "low",
        "look at the failed agents' actions; train more agents before you blame the program",
    ),
)
"""What is looked for in curves alone."""
