"""Finite worlds of the book: a grid with water in it, and a chain of independent choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ddpg_lib.chapters.ch02.finite import FiniteMDP

COURTYARD = ("...G", ".~.~", "S...")
"""The map of the courtyard, the world of chapter 2."""

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""The grid world's actions as (row, column): up, right, down, left."""


def grid_world(
    rows: Sequence[str],
    step: float = -1.0,
    water: float = -20.0,
    slip: float = 0.2,
    gamma: float = 0.95,
) -> FiniteMDP:
    """A grid with wet ground: a move goes sideways now and then, and water ends the episode.

    Parameters
    ----------
    rows : sequence of str
        The map, one character a cell: ``S`` start, ``.`` ground, ``~`` water, ``G`` goal.
    step, water : float
        Reward of each step, and what is added to it when the step ends in water.
    slip : float
        Probability of going sideways, half of it to either side. A move off the map stays.

    Returns
    -------
    FiniteMDP
        State ``row * width + column``; water and goal are terminal. Actions as in :data:`MOVES`.

    Raises
    ------
    ValueError
        If rows differ in length, or another character occurs.
    """
    cells = np.array([list(row) for row in rows]) if len({len(row) for row in rows}) == 1 else None
    if cells is None or not np.isin(cells, list("S.~G")).all():
        raise ValueError("rows must be of one length and contain only the characters S . ~ G")
    height, width = cells.shape
    P = np.zeros((cells.size, 4, cells.size))
    for s in range(cells.size):
        for action in range(4):
            for turn, chance in ((0, 1 - slip), (1, slip / 2), (-1, slip / 2)):
                row, column = np.add(divmod(s, width), MOVES[(action + turn) % 4])
                inside = 0 <= row < height and 0 <= column < width
                P[s, action, row * width + column if inside else s] += chance
    flat = cells.reshape(-1)
    R = np.broadcast_to(step + water * (flat == "~"), P.shape)
    begin = (flat == "S") / max(1, (flat == "S").sum())
    return FiniteMDP(P, R, begin, np.isin(flat, ["~", "G"]), gamma)


def courtyard() -> FiniteMDP:
    """The grid world of chapter 2, three rows of four cells; its discount is 0.95."""
    return grid_world(COURTYARD)


def chain(horizon: int, offset: float = 0.0, spread: float = 1.0) -> FiniteMDP:
    """Cells in a row, each passed once: action 0 earns offset - spread, action 1 offset + spread.

    There are ``horizon + 1`` states, the last one terminal; gamma is 1. ``offset`` is a step's
    reward on average over the actions.
    """
    P, R = np.zeros((horizon + 1, 2, horizon + 1)), np.zeros((horizon + 1, 2, horizon + 1))
    P[np.arange(horizon), :, np.arange(1, horizon + 1)] = 1
    R[:, 0], R[:, 1] = offset - spread, offset + spread
    last = np.arange(horizon + 1) == horizon
    return FiniteMDP(P, R, np.arange(horizon + 1) == 0, last, 1.0)
