"""The coin game: a state before the toss, one after heads, one after tails, and the end."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

TOSS, HEADS, TAILS, END = range(4)
"""The states. From heads one gets 1, from tails 0, and then the game is over."""


def play(
    complete: bool,
    *,
    games: int = 3000,
    heads: float = 0.5,
    agents: int = 8,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Let learners watch the coin game, each with a table of values that begins at 0.

    Parameters
    ----------
    complete : bool
        Whether they follow the complete gradient of the squared TD error, or the semi-gradient,
        which leaves out that the target moves as well.
    games : int
    heads : float
        Probability of heads.
    agents : int
    seed : int

    Returns
    -------
    values : array, shape (agents, 3, games)
        Of toss, heads and tails after each game.
    squares : array, shape (agents, 2, games)
        Squared TD errors of each game's two transitions.
    """
    rng, row = np.random.default_rng(seed), np.arange(agents)
    value = np.zeros((agents, 4))
    values, squares = np.empty((agents, 3, games)), np.empty((agents, 2, games))
    for k in range(games):
        step_size = 0.25 / (1 + k / 150)
        fell = np.where(rng.random(agents) < heads, HEADS, TAILS)
        paid = (fell == HEADS).astype(float)
        for t, (before, reward, after) in enumerate(((TOSS, 0.0, fell), (fell, paid, END))):
            delta = reward + value[row, after] - value[row, before]
            value[row, before] += step_size * delta
            if complete:
                value[row, after] -= step_size * delta  # the target's share of the gradient
            value[:, END] = 0  # nothing follows
            squares[:, t, k] = delta**2
        values[..., k] = value[:, :3]
    return values, squares


def transitions(heads: float = 0.5) -> tuple[Array, Array, Array, Array, Array]:
    """The game's four transitions, as rows of a table with one feature a state.

    Returns
    -------
    x, next_x : array, shape (4, 3)
        Features of a state and of the next one. Of toss to heads, toss to tails, and the ends.
    reward, terminated, often : array, shape (4,)
        How often each transition occurs among all, beside its reward and its end.
    """
    states = np.vstack([np.eye(3), np.zeros(3)])  # the end has no features
    x, next_x = states[[TOSS, TOSS, HEADS, TAILS]], states[[HEADS, TAILS, END, END]]
    often = np.array([heads, 1 - heads, heads, 1 - heads]) / 2
    return x, next_x, np.array([0.0, 0, 1, 0]), np.array([0.0, 0, 1, 1]), often
