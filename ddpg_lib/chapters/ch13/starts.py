"""Policies on given starts, with the exploration noise of training and without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.worlds.pendulum.model import HORIZON, PendulumModel
from ddpg_lib.worlds.pendulum.simulation import start_states

Array = NDArray[np.float64]


def pendulum_returns(
    agent: DDPG, starts: Sequence[int], sigma: float = 0.0, seed: int = 0
) -> Array:
    """Returns ``(n, starts)`` of a stack on Pendulum-v1, with Gaussian noise on scaled actions.

    Episode j begins as after ``reset(seed=starts[j])`` for every agent. ``sigma`` is in scaled
    units, and the noise is drawn from ``seed``.
    """
    model, rng = PendulumModel(), np.random.default_rng(seed)
    theta, theta_dot = (np.tile(x, (agent.n, 1)) for x in start_states(starts))
    total = np.zeros_like(theta)
    for _ in range(HORIZON):
        torque = agent.act(model.observation(theta, theta_dot))[..., 0]
        noise = sigma * model.max_torque * rng.standard_normal(torque.shape)
        torque = np.clip(torque + noise, -model.max_torque, model.max_torque)
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        total += reward
    return total


def error_of_starts(returns: Array) -> tuple[float, float]:
    """Standard errors of the difference of two agents' means (13.1), averaged over all pairs.

    ``returns`` is ``(n, starts)`` on starts that all agents share. First as if each agent had
    drawn starts of its own, then with the shared starts taken into account, start by start.
    """
    n, k = returns.shape
    pairs = [(i, j) for i in range(n) for j in range(i)]
    apart = [np.sqrt((returns[i].var(ddof=1) + returns[j].var(ddof=1)) / k) for i, j in pairs]
    shared = [(returns[i] - returns[j]).std(ddof=1) / np.sqrt(k) for i, j in pairs]
    return float(np.mean(apart)), float(np.mean(shared))
