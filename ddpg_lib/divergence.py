"""Numbers that are NaN or infinite end a run at once, with the step, the agent and the cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CAUSES = {
    "observation": "the environment returned it: look at its dynamics, or bound its states",
    "reward": "the environment returned it: look at its reward function",
    "action": "the actor's weights are no longer numbers: lower actor_lr and critic_lr",
    "evaluation return": "the environment or the policy broke in an evaluation: lower actor_lr",
    "critic_loss": "the critic diverged: lower critic_lr, reward_scale or gamma",
    "q": "the critic diverged: lower critic_lr, reward_scale or gamma",
}


class DivergenceError(ArithmeticError):
    """An observation, a reward, an action or a loss is NaN or infinite."""


def require_finite(what: str, values: NDArray[Any], step: int, seeds: Sequence[int]) -> None:
    """Stop the run if any value is NaN or infinite.

    Parameters
    ----------
    what : str
        What the values are: a key of ``CAUSES``, or any other word.
    values : array, shape (n, ...)
        One row an agent.
    step : int
        Now.
    seeds : sequence of int
        The agents' names.

    Raises
    ------
    DivergenceError
        Naming the step, the agent, the value and its cause.
    """
    finite = np.isfinite(values)
    if b"\0" not in finite.tobytes():  # every step pays for this; all() takes twice as long
        return
    where = tuple(int(i) for i in np.argwhere(~finite)[0])
    component = f", component {where[1]}," if len(where) == 2 else ""
    name = "critic's value" if what == "q" else what.replace("_", " ")
    raise DivergenceError(
        f"at step {step:,} the {name} of the agent with seed {seeds[where[0]]}"
        f"{component} is {values[where]}; {CAUSES.get(what, 'the run diverged')}"
    )
