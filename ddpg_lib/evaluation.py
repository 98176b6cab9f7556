"""Deterministic evaluation: the policy without noise, on environments of its own."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from ctypes.util import find_library
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs import EnvLike, make

Policy = Callable[[NDArray[Any]], Any]
EVALUATION_SEED = 1_000_000  # far from the seeds that people train with
LONGEST_EPISODE = 20_000  # steps; an environment without a time limit would never end


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


def evaluate_policy(
    policy: Policy,
    env: EnvLike,
    episodes: int = 10,
    seed: int = EVALUATION_SEED,
    **kwargs: Any,
) -> NDArray[np.float64]:
    """Undiscounted returns of any policy, on the starts of :func:`evaluate`.

    Parameters
    ----------
    policy : callable
        Of the observation, shape (obs_dim,); returns the action in the environment's units.
    env : str or callable
        As for :func:`ddpg_lib.envs.make`.
    episodes : int
        How many.
    seed : int
        Seed of the first episode.
    **kwargs
        For ``gymnasium.make``.

    Returns
    -------
    array, shape (episodes,)
    """
    made = make(env, **kwargs)
    returns = np.zeros(episodes)
    for k in range(episodes):
        obs, _ = made.reset(seed=seed + k)
        over = False
        while not over:
            obs, reward, terminated, truncated, _ = made.step(policy(obs))
            returns[k] += float(reward)
            over = terminated or truncated
    made.close()
    return returns


@dataclasses.dataclass
class Scene:
    """Episodes being played, to be filmed.

    Attributes
    ----------
    frames : iterator of array, shape (height, width, 3)
        RGB, with even sides. Each frame plays a step.
    fps : float
        Frames a second at which the environment wants to be seen.
    returns : list of float
        Of each episode, once its frames are taken.
    """

    frames: Iterator[NDArray[np.uint8]]
    fps: float
    returns: list[float]


def play(
    agent: DDPG,
    number: int,
    env: EnvLike,
    episodes: int = 1,
    seed: int = EVALUATION_SEED,
    **kwargs: Any,
) -> Scene:
    """Play episodes with the noise-free policy of one agent, and picture every step.

    Parameters
    ----------
    agent : DDPG
        A stack of n agents.
    number : int
        Which of them, from 0.
    env : str or callable
        As for :func:`ddpg_lib.envs.make`; a function must return one that renders RGB arrays.
    episodes : int
        How many, with the starts of :func:`evaluate`.
    seed : int
        Of the first episode.
    **kwargs
        For ``gymnasium.make``.

    Returns
    -------
    Scene

    Raises
    ------
    ValueError
        If the environment gives no pictures, or there is no episode to play.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be at least 1, got {episodes}")
    without_screen()
    made = make(env, **({"render_mode": "rgb_array", **kwargs} if isinstance(env, str) else kwargs))
    if made.render_mode != "rgb_array":
        raise ValueError("this environment gives no pictures: it has no render mode rgb_array")
    returns: list[float] = []

    def frames() -> Iterator[NDArray[np.uint8]]:
        for k in range(episodes):
            obs, _ = made.reset(seed=seed + k)
            returns.append(0.0)
            over = False
            yield _even(made.render())
            while not over:
                everyone = np.repeat(
                    np.asarray(obs, np.float32)[None], len(agent.replay.rngs), axis=0
                )
                obs, reward, terminated, truncated, _ = made.step(agent.act(everyone)[number])
                returns[-1] += float(reward)
                over = terminated or truncated
                yield _even(made.render())
        made.close()

    return Scene(frames(), float(made.metadata.get("render_fps") or 30), returns)


def without_screen() -> None:
    """Tell the environments' renderers to draw without a screen, where nobody has said otherwise.

    Sets ``SDL_VIDEODRIVER`` and, on Linux without a display, ``MUJOCO_GL``: to EGL, else OSMesa,
    else off, for MuJoCo cannot even be imported with a library that is missing.
    """
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    if sys.platform == "linux" and "DISPLAY" not in os.environ:
        found = (name for name in ("EGL", "OSMesa") if find_library(name))
        os.environ.setdefault("MUJOCO_GL", next(found, "off").lower())


def _even(frame: Any) -> NDArray[np.uint8]:
    """Without the last row or column where their number is odd, as films need it."""
    height, width = frame.shape[:2]
    return np.asarray(frame[: height // 2 * 2, : width // 2 * 2, :3], np.uint8)


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

        Raises
        ------
        ValueError
            If an episode does not end within ``LONGEST_EPISODE`` steps.
        """
        obs = np.stack(
            [
                [env.reset(seed=seed)[0] for env, seed in zip(row, self.seeds, strict=True)]
                for row in self.envs
            ]
        ).astype(np.float32)
        returns = np.zeros(obs.shape[:2])
        running = np.ones(obs.shape[:2], bool)
        steps = 0
        while running.any():
            if steps == LONGEST_EPISODE:
                raise ValueError(
                    f"an evaluation episode did not end within {steps:,} steps: give the "
                    "environment a time limit, such as env_kwargs max_episode_steps=1000"
                )
            steps += 1
            actions = agent.act(obs)
            for i, k in np.argwhere(running):
                obs[i, k], reward, terminated, truncated, _ = self.envs[i][k].step(actions[i, k])
                returns[i, k] += reward
                running[i, k] = not (terminated or truncated)
        return returns
