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
        toss, end = np.full(agents, TOSS), np.full(agents, END)
        for t, (before, reward, after) in enumerate(((toss, 0 * paid, fell), (fell, paid, end))):
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


MISTAKES = (
    "none",
    "time limit stored as an end",
    "reward of the step before",
    "gradient through the target",
    "every value against every target",
)
"""What :func:`learn` can do wrong."""


def learn(
    mistake: str = "none",
    *,
    updates: int = 80,
    games: int = 128,
    heads: float = 0.5,
    agents: int = 8,
    seed: int = 0,
) -> Array:
    """Learn the coin game from minibatches of games, with one of the ``MISTAKES``.

    With the time limit, a quarter of the tosses is cut off before the coin is looked at. With the
    reward of the step before, a toss is paid what the game before paid at its end.

    Returns
    -------
    array, shape (agents, 3, updates + 1)
        Values of toss, heads and tails.

    Raises
    ------
    ValueError
        For an unknown mistake.
    """
    if mistake not in MISTAKES:
        raise ValueError(f"mistake must be one of {MISTAKES}, got {mistake!r}")
    rng, row = np.random.default_rng(seed), np.arange(agents)[:, None]
    shape, zero, one = (agents, games), np.zeros((agents, games)), np.ones((agents, games))
    value, values = np.zeros((agents, 4)), np.zeros((agents, 3, updates + 1))
    toss, end = np.full(shape, TOSS), np.full(shape, END)
    for k in range(updates):
        fell = np.where(rng.random(shape) < heads, HEADS, TAILS)
        paid = (fell == HEADS).astype(float)
        cut = zero
        rewards = (zero, paid)
        if mistake == "time limit stored as an end":
            cut = (rng.random(shape) < 0.25).astype(float)
        elif mistake == "reward of the step before":
            rewards = (np.roll(paid, 1, axis=1), zero)
        s, r, after, d, seen = (
            np.concatenate(pair, axis=1)
            for pair in ((toss, fell), rewards, (fell, end), (cut, one), (one, 1 - cut))
        )
        y, q = r + (1 - d) * value[row, after], value[row, s]
        if mistake == "every value against every target":
            y = y.mean(axis=1, keepdims=True)  # all that is left of the targets
        share = seen * (y - q) / seen.sum(axis=1, keepdims=True)
        np.add.at(value, (row, s), share)
        if mistake == "gradient through the target":
            np.add.at(value, (row, after), -(1 - d) * share)
        values[..., k + 1] = value[:, :3]
    return values


def level_and_spread(values: Array, heads: float = 0.5) -> tuple[Array, Array]:
    """Level and spread of values ``(agents, 3, ...)``, each ``(agents, ...)``.

    The ratios of the mean and of the standard deviation, over the states as often as they occur,
    to those of the true values.
    """
    often = np.array([1, heads, 1 - heads]) / 2
    truth = np.array([heads, 1, 0])
    mean = np.tensordot(values, often, (1, 0))
    variance = np.tensordot(values**2, often, (1, 0)) - mean**2
    true_mean = often @ truth
    true_variance = often @ (truth - true_mean) ** 2
    return mean / true_mean, np.sqrt(np.maximum(variance, 0) / true_variance)
