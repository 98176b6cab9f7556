"""REINFORCE as a learner: agents on a finite world, with a baseline or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch02.finite import FiniteMDP, Trajectories
from ddpg_lib.chapters.ch02.policy_gradient import SoftmaxPolicy, policy_gradient
from ddpg_lib.chapters.ch02.reinforce import reinforce, returns_to_go

Array: TypeAlias = NDArray[Any]


def learn(
    mdp: FiniteMDP,
    policy: SoftmaxPolicy,
    rate: ArrayLike,
    seeds: Sequence[int],
    with_baseline: bool = True,
    updates: int = 150,
    batch: int = 10,
) -> tuple[Array, Array]:
    """Train agents, each with its own seed, from preferences 0.

    The baseline is a table of the mean returns seen from each state in earlier batches.

    Parameters
    ----------
    rate : array_like
        Step size, one for all agents or one for each.
    batch : int
        Episodes whose estimates an update averages.

    Returns
    -------
    curves : ndarray, shape (agents, updates + 1)
        Each agent's expected return J before the first update and after each, exact.
    policies : ndarray, shape (agents, S, A)
        What the agents have become.
    """
    rates = np.broadcast_to(np.asarray(rate, float), len(seeds))
    rngs = [np.random.default_rng(seed) for seed in seeds]
    thetas = np.zeros((len(rngs), policy.features.shape[-1]))
    tables = np.zeros((len(rngs), len(mdp.start)))
    history = []
    for _ in range(updates):
        policies = policy.probabilities(thetas)
        history.append([mdp.objective(p) for p in policies])
        stack = mdp.episodes(policies, batch, rngs)
        future = returns_to_go(stack.rewards, mdp.gamma)
        for i, theta in enumerate(thetas):
            b = tables[i] if with_baseline else 0.0
            theta += rates[i] * reinforce(mdp, policy, theta, stack[i], b).mean(0)
            tables[i] = updated_means(tables[i], stack[i], future[i])
    policies = policy.probabilities(thetas)
    history.append([mdp.objective(p) for p in policies])
    return np.array(history).T, policies


def updated_means(table: Array, episodes: Trajectories, future: Array, rate: float = 0.2) -> Array:
    """Move a ``table (S,)`` towards the mean of the returns seen from each state, ``(S,)``.

    ``future (count, T)`` holds the return from each step of the episodes.
    """
    where = episodes.states[episodes.alive]
    count = np.bincount(where, minlength=len(table))
    mean = np.bincount(where, future[episodes.alive], len(table)) / np.maximum(count, 1)
    return np.where(count > 0, table + rate * (mean - table), table)


def ascend(mdp: FiniteMDP, policy: SoftmaxPolicy, rate: float, updates: int = 150) -> Array:
    """Expected return ``(updates + 1,)`` of an agent that follows the exact gradient instead."""
    theta, curve = np.zeros(policy.features.shape[-1]), []
    for _ in range(updates + 1):
        curve.append(mdp.objective(policy.probabilities(theta)))
        theta = theta + rate * policy_gradient(mdp, policy, theta)
    return np.array(curve)
