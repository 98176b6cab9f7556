"""How hard a push the inverted pendulum stands under a controller."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ddpg_lib.chapters.ch16.linearization import Array, Transition

FALLEN = 0.2  # rad, where InvertedPendulum-v5 ends
BOUND = 3.0  # of the action
STEP = 0.1  # rad/s, between two pushes that are tried


def survives(
    f: Transition,
    act: Callable[[Array], ArrayLike],
    start: ArrayLike,
    push: float,
    steps: int = 100,
) -> bool:
    """Whether the pole is still up some steps after its angular velocity was changed.

    Parameters
    ----------
    f
        The pole's transition.
    act
        From a state, shape (4,), to an action, shape (1,).
    start
        The state before the push, shape (4,).
    push
        Added to the pole's angular velocity, in rad/s.
    steps
        Of 0.04 s.
    """
    s = np.add(start, (0, 0, 0, push))
    for _ in range(steps):
        s = f(s, np.clip(act(s), -BOUND, BOUND))
        if abs(s[1]) > FALLEN:
            return False
    return True


def hardest_push(f: Transition, act: Callable[[Array], ArrayLike], start: ArrayLike) -> float:
    """The hardest push, in rad/s, below the first that fells the pole to one side or the other.

    Pushes are tried in steps of 0.1 rad/s, up to 3; ``f``, ``act`` and ``start`` are as for
    :func:`survives`.
    """
    held = 0.0
    for push in STEP * np.arange(1, 31):
        if not (survives(f, act, start, push) and survives(f, act, start, -push)):
            break
        held = float(push)
    return held
