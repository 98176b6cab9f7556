"""Critics of whole agents on the pendulum, taken apart: how wrong, where, and in which respect."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.runs.run import Run
from ddpg_lib.worlds.pendulum.grid import PendulumGrid
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum
from ddpg_lib.worlds.pendulum.simulation import start_states
from ddpg_lib.worlds.pendulum.values import pendulum_action_value

Array: TypeAlias = NDArray[Any]

MODEL = PendulumModel()
SMALL = 0.1  # of the torque, N m, in difference quotients


def policies_of(agent: DDPG) -> Callable[[int, Array], Array]:
    """Return ``policy(t, obs)``: the agents' noise-free torques, as simulations ask for them."""
    return lambda t, obs: np.asarray(agent.act(obs)[..., 0])


class Dissection:
    """Measures critics during training, to pass as ``on_evaluation`` to ``train``.

    Parameters
    ----------
    gamma : float
        The agents' discount.
    agents : int
    pairs : int
        Starts of Pendulum-v1, each with a torque drawn at random, on which values are compared.

    Attributes
    ----------
    steps : list of int
    believed, earned : list of arrays, each (agents, pairs)
        What the critics say of the pairs, and the exact values of the policies of that moment.
    best : array, shape (pairs,)
        The exact values of the optimal policy.
    learned_slope, true_slope : list of arrays, each (agents, pairs)
        Of critics and of exact values, at the actors' own torques in the starts, for each N m.
    """

    def __init__(self, gamma: float, agents: int = 8, pairs: int = 100) -> None:
        self.gamma = gamma
        starts = start_states(range(pairs))
        torque = np.random.default_rng(3).uniform(-2, 2, pairs)
        self.best = DiscountedPendulumOptimum(gamma).action_value(0, *starts, torque)
        self.theta, self.theta_dot, self.torque = (
            np.tile(z, (agents, 1)) for z in (*starts, torque)
        )
        self.steps: list[int] = []
        self.believed: list[Array] = []
        self.earned: list[Array] = []
        self.learned_slope: list[Array] = []
        self.true_slope: list[Array] = []

    def __call__(self, run: Run) -> None:
        """Measure an agent as it is now."""
        agent, obs = run.agent, MODEL.observation(self.theta, self.theta_dot)
        self.steps.append(run.step)
        if self.believed and agent.updates == 0:  # still the networks that were measured before
            for measured in (self.believed, self.earned, self.learned_slope, self.true_slope):
                measured.append(measured[-1])
            return
        own = policies_of(agent)(0, obs)
        up, down = np.minimum(own + SMALL, 2), np.maximum(own - SMALL, -2)
        learned = [agent.q(obs, torque[..., None]) for torque in (self.torque, up, down)]
        # One simulation for all three torques: a stack plays any number of states.
        played = np.split(self._play(agent, [self.torque, up, down]), 3, axis=1)
        self.believed.append(learned[0])
        self.earned.append(played[0])
        self.learned_slope.append((learned[1] - learned[2]) / (up - down))
        self.true_slope.append((played[1] - played[2]) / (up - down))

    def _play(self, agent: DDPG, torques: list[Array]) -> Array:
        theta, theta_dot = (np.tile(z, (1, len(torques))) for z in (self.theta, self.theta_dot))
        return pendulum_action_value(
            policies_of(agent),
            theta,
            theta_dot,
            np.concatenate(torques, axis=1),
            gamma=self.gamma,
            tolerance=8.0,
        )


class ErrorMaps:
    """Where critics err after training: at every state, with the actors' own torques.

    Parameters
    ----------
    agent : DDPG
    angles : int
        Cells of the angle; the angular velocity has as many as fit.

    Attributes
    ----------
    cells : PendulumGrid
    critic, shortfall : array, shape (agents, angles, velocities)
        Critic less exact value of the policy, and that less the optimum.
    visits : array, shape (agents, angles, velocities)
        Stored transitions that began in the cell.
    steepness : array, shape (agents, angles, velocities)
        Range of the policy's exact value over a cell and its eight neighbors.
    """

    def __init__(self, agent: DDPG, angles: int = 40) -> None:
        gamma = agent.config.gamma
        self.cells = PendulumGrid(angles=angles, impulse_cells=1)
        mesh = np.meshgrid(self.cells.theta, self.cells.theta_dot, indexing="ij")
        every = [np.broadcast_to(z, (agent.n, *self.cells.shape)) for z in mesh]
        theta, theta_dot = every
        earned = pendulum_action_value(
            policies_of(agent), theta, theta_dot, gamma=gamma, tolerance=10.0
        )
        self.critic = agent.q(MODEL.observation(*every)) - earned
        self.shortfall = earned - DiscountedPendulumOptimum(gamma).value(0, *mesh)
        self.visits = self._visits(agent)
        self.steepness = _range_of_neighbors(earned)

    def _visits(self, agent: DDPG) -> Array:
        stored = agent.replay.rows[:, : len(agent.replay), :3].numpy()
        theta, theta_dot = MODEL.state(stored)
        spacing = self.cells.theta_dot[1] - self.cells.theta_dot[0]
        row = np.round(theta / (2 * np.pi) * self.cells.angles).astype(int) % self.cells.angles
        column = np.round(theta_dot / spacing).astype(int) + self.cells.shape[1] // 2
        visits = np.zeros((agent.n, *self.cells.shape))
        for i in range(agent.n):
            np.add.at(visits[i], (row[i], column[i]), 1)
        return visits

    def size_by(self, quantity: Array, bounds: Iterable[float]) -> dict[str, tuple[float, Array]]:
        """Share of cells, and mean size of the critics' errors there, by a quantity's value.

        The error's constant part is taken off first. Returns, for each pair of neighboring bounds,
        the share and ``(agents,)`` sizes, ``nan`` for an agent that has no such cell.
        """
        rest = np.abs(self.critic - self.critic.mean(axis=(1, 2), keepdims=True))
        edges, groups = [*bounds, np.inf], {}
        for low, high in itertools.pairwise(edges):
            inside = (quantity >= low) & (quantity < high)
            sizes = np.array(
                [r[i].mean() if i.any() else np.nan for r, i in zip(rest, inside, strict=True)]
            )
            name = f"{low:g} and more" if high == np.inf else f"{low:g} to {high:g}"
            groups[name] = (float(inside.mean()), sizes)
        return groups


def _range_of_neighbors(values: Array) -> Array:
    """Largest less smallest value over each cell and its neighbors; angles close to a circle."""
    padded = np.pad(
        np.pad(values, ((0, 0), (1, 1), (0, 0)), "wrap"), ((0, 0), (0, 0), (1, 1)), "edge"
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.asarray(windows.max(axis=(-1, -2)) - windows.min(axis=(-1, -2)))
