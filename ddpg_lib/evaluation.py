"""Deterministic evaluation: the policy without noise, on environments of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs import EnvLike, make

EVALUATION_SEED = 1_000_000  # far from the seeds that people train with


def evaluate(
    agent: DDPG,
    env: EnvLike,
    episodes: int = 10,
    seed: int = EVALUATION_SEED,
    **kwargs: Any,
) -> NDArray[np.float64]:
    """Undiscounted returns of the noise-free policies.

    Episode k starts from ``reset(seed=seed + k)`` for every agent, so agents, and runs, are
    compared on the same starts. Training environments are not touched.

    Parameters
    ----------
    agent : DDPG
        A stack of n agents.
    env : str or callable
        As for :func:`ddpg_lib.envs.make`.
    episodes : int
        Episodes for each agent.
    seed : int
        Seed of the first episode.
    **kwargs
        For ``gymnasium.make``.

    Returns
    -------
    array, shape (n, episodes)
    """
    return Evaluator(env, len(agent.replay.rngs), episodes, seed, **kwargs)(agent)


class Evaluator:
    """Environments kept for repeated evaluation.

    Parameters
    ----------
    env, episodes, seed, **kwargs
        As for :func:`evaluate`.
    agents : int
        Number of agents in the stack.
    """

    def __init__(
        self, env: EnvLike, agents: int, episodes: int, seed: int = EVALUATION_SEED, **kwargs: Any
    ) -> None:
        self.envs = [[make(env, **kwargs) for _ in range(episodes)] for _ in range(agents)]
        self.seeds: Sequence[int] = range(seed, seed + episodes)

    def __call__(self, agent: DDPG) -> NDArray[np.float64]:
        """Play every episode once, all of them side by side.

        Parameters
        ----------
        agent : DDPG
            The stack.

        Returns
        -------
        array, shape (n, episodes)
            Undiscounted returns.
        """
        obs = np.stack(
            [
                [env.reset(seed=seed)[0] for env, seed in zip(row, self.seeds, strict=True)]
                for row in self.envs
            ]
        ).astype(np.float32)
        returns = np.zeros(obs.shape[:2])
        running = np.ones(obs.shape[:2], bool)
        while running.any():
            actions = agent.act(obs)
            for i, k in np.argwhere(running):
                obs[i, k], reward, terminated, truncated, _ = self.envs[i][k].step(actions[i, k])
                returns[i, k] += reward
                running[i, k] = not (terminated or truncated)
        return returns
