"""What may be drawn from a buffer, and what a critic that learned from it knows of slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch06.keeping import Reservoir
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.replay import ReplayBuffer
from ddpg_lib.worlds.pendulum import PendulumModel, pendulum_action_value

if TYPE_CHECKING:
    from ddpg_lib.runs.run import Run

Array: TypeAlias = NDArray[Any]
MODEL = PendulumModel()
CELLS = 12  # along each side of the phase plane


def numbers_held(replay: ReplayBuffer) -> Array:
    """Numbers, from 1, of the transitions that may be drawn: ``(n, transitions)``."""
    if isinstance(replay, Reservoir):
        return replay.kept[:, : min(replay.count, replay.kept.shape[1])]
    first = replay.count - len(replay) + 1
    return np.tile(np.arange(first, replay.count + 1), (replay.n, 1))


def coverage(replay: ReplayBuffer) -> tuple[Array, Array]:
    """Where a pendulum's transitions lie, and how widely the torque varies there.

    The phase plane is divided into 12 by 12 cells.

    Returns
    -------
    cells : array, shape (n,)
        Cells with a transition that may be drawn.
    spread : array, shape (n,)
        Standard deviation of the scaled actions within a cell, pooled over cells.
    """
    slots = (numbers_held(replay) - 1) % replay.capacity
    rows = np.take_along_axis(replay.rows.numpy(), slots[..., None], axis=1)
    angle, speed = MODEL.state(rows[..., :3])
    action = rows[..., 3]
    column = np.floor((angle + np.pi) / (2 * np.pi) * CELLS).clip(0, CELLS - 1)
    row = np.floor((speed / MODEL.max_speed + 1) / 2 * CELLS).clip(0, CELLS - 1)
    cell = (CELLS * row + column).astype(int)
    cells, spread = np.empty((2, replay.n))
    for i in range(replay.n):
        count = np.bincount(cell[i], minlength=CELLS**2)
        total = np.bincount(cell[i], action[i], minlength=CELLS**2)
        square = np.bincount(cell[i], action[i] ** 2, minlength=CELLS**2)
        inner = (square - total**2 / np.maximum(count, 1)).sum()
        cells[i] = (count > 0).sum()
        spread[i] = np.sqrt(max(inner, 0) / max((count - 1).clip(0).sum(), 1))
    return cells, spread


def right_slopes(agent: DDPG, states: int = 100, width: float = 0.3, seed: int = 0) -> Array:
    r"""Share of states in which the critic's slope in the action has the sign of :math:`Q^\mu`'s.

    Both are differences over ``width`` of torque to either side of the policy's own, in states
    drawn uniformly from the phase plane; :math:`Q^\mu` is exact, by playing on from there.

    Returns
    -------
    array, shape (n,)
    """
    rng = np.random.default_rng(seed)
    # One row of states with the torque a little lower, and one with it a little higher.
    angle = np.tile(rng.uniform(-np.pi, np.pi, states), (agent.n, 2, 1))
    speed = np.tile(rng.uniform(-6, 6, states), (agent.n, 2, 1))
    obs = MODEL.observation(angle, speed)
    own = agent.act(obs)[..., 0].clip(width - 2, 2 - width)
    torque = own + width * np.array([[-1.0], [1.0]])

    def policy(t: int, observations: Array) -> Array:
        return np.asarray(agent.act(observations)[..., 0])

    gamma = agent.config.gamma
    true = pendulum_action_value(policy, angle, speed, torque, gamma=gamma, tolerance=1.0)
    learned = agent.q(obs, torque[..., None])
    return np.asarray(
        np.mean(np.sign(np.diff(true, axis=1)) == np.sign(np.diff(learned, axis=1)), axis=(1, 2))
    )


class Contents:
    """Call it at every evaluation: it notes what may be drawn, and what critics know of slopes.

    Parameters
    ----------
    slopes_at
        Steps of the evaluations at which slopes are measured, which takes a while.

    Attributes
    ----------
    cells, spread : list of array, shape (n,)
        Of :func:`coverage`, one for each evaluation since the warm-up's end.
    slopes : dict of int to array, shape (n,)
        Of :func:`right_slopes`, by step.
    steps : list of int
        When that was.
    """

    def __init__(self, slopes_at: Sequence[int] = ()) -> None:
        self.slopes_at = tuple(slopes_at)
        self.slopes: dict[int, Array] = {}
        self.steps: list[int] = []
        self.cells: list[Array] = []
        self.spread: list[Array] = []

    def __call__(self, run: Run) -> None:
        """Note what ``run`` holds now."""
        replay = run.agent.replay
        if replay.count >= run.config.warmup_steps:
            cells, spread = coverage(replay)
            self.steps.append(replay.count)
            self.cells.append(cells)
            self.spread.append(spread)
            if replay.count in self.slopes_at:
                self.slopes[replay.count] = right_slopes(run.agent)
