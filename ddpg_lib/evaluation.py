"""Noise-free play: the policies as they are, on environments of their own."""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import fail, name_of, require_finite
from ddpg_lib.envs.making import EnvLike, UnavailableEnvironmentError, close_all, make, make_many
from ddpg_lib.envs.pixels import seen, without_screen

Array = NDArray[Any]
Envs = Sequence[Sequence[gym.Env[Any, Any]]]
"""A grid of environments, a row for each agent."""
Policy = Callable[[Array], Any]
"""From observations to actions, in the environment's units."""
EVALUATION_SEED = 1_000_000  # far from the seeds that people train with
LONGEST_EPISODE = 20_000  # steps; an environment without a time limit would never end


@dataclasses.dataclass
class Step:
    """One step of a grid of n x k episodes that run side by side.

    Attributes
    ----------
    obs, next_obs : array, shape (n, k, obs_dim), or of frames (n, k) + obs_shape
        Before and after the step; where an episode is over, its last observation.
    action : array, shape (n, k, action_dim)
        In the environment's units, also where none was taken.
    reward : array, shape (n, k)
        0 where an episode is over.
    running : array of bool, shape (n, k)
        Where the step was taken.
    terminated, truncated : array of bool, shape (n, k)
        Where an episode ended with this step.
    """

    obs: Array
    action: Array
    reward: NDArray[np.float64]
    next_obs: Array
    running: NDArray[np.bool_]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]


def rollout(policy: Policy, envs: Envs, seeds: Sequence[int]) -> Iterator[Step]:
    """Play one episode in each environment of a grid, side by side, until the last has ended.

    Arrays of a yielded :class:`Step` are not changed by the next one.

    Parameters
    ----------
    policy
        Of all observations, shape (n, k, obs_dim); returns the actions, shape (n, k, action_dim).
        :meth:`DDPG.act <ddpg_lib.ddpg.DDPG.act>` is one.
    envs
        n rows, one for each agent, of k environments.
    seeds
        k seeds: column j of every row begins with ``reset(seed=seeds[j])``.

    Raises
    ------
    ValueError
        If an episode does not end within ``LONGEST_EPISODE`` steps.
    DivergenceError
        If an action, a reward or an observation is NaN or infinite.
    EnvironmentFailedError
        If an environment raises an exception.
    """

    def who(number: int) -> str:
        row, column = divmod(number, len(seeds))
        return f"agent {row} in the episode of reset(seed={seeds[column]})"

    def check(what: str, values: Array) -> None:
        with np.errstate(over="ignore"):  # the networks compute in float32
            small = values.astype(np.float32).reshape(-1, *values.shape[2:])
        require_finite(what, small, steps, who)

    steps = 0
    obs = _begin(envs, seeds, who)
    check("observation", obs)
    running = np.ones(obs.shape[:2], bool)
    while running.any():
        if steps == LONGEST_EPISODE:
            raise ValueError(
                f"an episode did not end within {steps:,} steps: give the environment a time "
                "limit, such as env_kwargs max_episode_steps=1000"
            )
        steps += 1
        # Everyone is asked, as the policies are batched; over episodes' actions are not taken.
        action, next_obs, reward = policy(obs), obs.copy(), np.zeros(running.shape)
        terminated, truncated = np.zeros(running.shape, bool), np.zeros(running.shape, bool)
        check("action", np.asarray(action))
        given = np.array(action)  # an environment may change what it is given
        for i, j in np.argwhere(running):
            at = i, j
            try:
                result = envs[i][j].step(given[at])
            except Exception as error:
                where = f"at step {steps:,} of {who(i * len(seeds) + j)}"
                fail(envs[i][j], where, error)
            next_obs[at], reward[at], terminated[at], truncated[at], _ = result
        check("reward", reward)
        check("observation", next_obs)
        yield Step(obs, action, reward, next_obs, running, terminated, truncated)
        obs, running = next_obs, running & ~(terminated | truncated)


def _begin(envs: Envs, seeds: Sequence[int], who: Callable[[int], str]) -> Array:
    """Reset a grid; the observations are copied, as environments may share one array."""
    number, starts = 0, []
    for row in envs:
        for env, seed in zip(row, seeds, strict=True):
            try:
                starts.append(np.array(env.reset(seed=seed)[0]))
            except Exception as error:
                fail(env, f"at the reset of {who(number)}", error)
            number += 1
    return np.stack(starts).reshape(len(envs), len(seeds), *starts[0].shape)


class Evaluator:
    """The same starts for every evaluation, on environments made once.

    The parameters, ``kwargs`` included, are those of :func:`evaluate`.
    """

    def __init__(
        self, env: EnvLike, episodes: int, seed: int = EVALUATION_SEED, **kwargs: Any
    ) -> None:
        self.env, self.kwargs = env, kwargs
        self.seeds: Sequence[int] = range(seed, seed + episodes)
        self._envs: list[list[gym.Env[Any, Any]]] = []
        self._starts: Array | None = None
        self._warned = False

    def __call__(self, agent: DDPG) -> NDArray[np.float64]:
        """Undiscounted returns of the noise-free policies, ``(n, episodes)``."""
        while len(self._envs) < agent.n:
            # Made once and kept: a reset costs less than making an environment.
            self._envs.append(make_many(self.env, len(self.seeds), **self.kwargs))
        returns = np.zeros((agent.n, len(self.seeds)))
        for number, step in enumerate(
            rollout(agent.player().act, self._envs[: agent.n], self.seeds)
        ):
            if number == 0:
                self._compare(step.obs)
            returns += step.reward
        return returns

    def reset_again(self) -> None:
        """Reset an environment twice with one seed, and warn if it begins differently."""
        if not self._envs:
            self._envs.append(make_many(self.env, len(self.seeds), **self.kwargs))
        env, seed = self._envs[0][0], self.seeds[0]
        first, again = (np.array(env.reset(seed=seed)[0]) for _ in range(2))
        self._warn_if(not np.array_equal(first, again))

    def close(self) -> None:
        """Close the environments; the next evaluation makes new ones."""
        close_all(itertools.chain(*self._envs))
        self._envs.clear()

    def _compare(self, starts: Array) -> None:
        """Warn once if episodes of one seed begin differently: agents' now, or now and before."""
        self._starts = starts[0] if self._starts is None else self._starts
        self._warn_if(not np.array_equal(starts, np.broadcast_to(self._starts, starts.shape)))

    def _warn_if(self, differs: bool) -> None:
        if differs and not self._warned:
            self._warned = True
            warnings.warn(
                f"two resets of {name_of(self._envs[0][0])} with one seed begin differently: it "
                "draws random numbers that reset(seed=...) does not set, such as those of "
                "np.random. Its runs cannot be repeated or resumed to the bit, nor are agents "
                "compared on the same starts. Draw from self.np_random instead.",
                stacklevel=3,
            )


def evaluate(
    agent: DDPG,
    env: EnvLike,
    episodes: int = 10,
    seed: int = EVALUATION_SEED,
    **kwargs: Any,
) -> NDArray[np.float64]:
    """Undiscounted returns of the noise-free policies, ``(n, episodes)``.

    Episode k starts from ``reset(seed=seed + k)`` for every agent, so agents, and runs, are
    compared on the same starts. Training environments are not touched. An agent with an encoder
    sees the environment as its configuration says. ``kwargs`` are for ``gymnasium.make``.
    """
    env, kwargs = seen(env, getattr(agent, "config", None), **kwargs)
    evaluator = Evaluator(env, episodes, seed, **kwargs)
    try:
        return evaluator(agent)
    finally:
        evaluator.close()


def evaluate_policy(
    policy: Policy,
    env: EnvLike,
    episodes: int = 10,
    seed: int = EVALUATION_SEED,
    **kwargs: Any,
) -> NDArray[np.float64]:
    """Undiscounted returns ``(episodes,)`` of any policy, on the starts of :func:`evaluate`.

    ``policy`` maps an observation ``(obs_dim,)`` to an action in the environment's units. The
    episodes follow each other, so that it may keep a memory of its own. ``kwargs`` are for
    ``gymnasium.make``.
    """
    made = make(env, **kwargs)
    returns = np.zeros(episodes)

    def one(obs: Array) -> Array:
        return np.asarray(policy(obs[0, 0]))[None, None]

    try:
        for k in range(episodes):
            for step in rollout(one, [[made]], [seed + k]):
                returns[k] += step.reward[0, 0]
    finally:
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
    agent
        A stack of n agents.
    number
        Which of them, from 0.
    env
        As for :func:`ddpg_lib.envs.making.make`; a function must return one that renders RGB
        arrays.
    episodes
        How many, with the starts of :func:`evaluate`.
    seed
        Of the first episode.
    **kwargs
        For ``gymnasium.make``.

    Raises
    ------
    ValueError
        If the environment gives no pictures, or there is no episode to play.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be at least 1, got {episodes}")
    without_screen()
    rendered = {"render_mode": "rgb_array", **kwargs} if isinstance(env, str) else kwargs
    env, rendered = seen(env, getattr(agent, "config", None), **rendered)
    no_pictures = f"{name_of(env)} gives no pictures: it has no render mode rgb_array"
    try:
        made = make(env, **rendered)
    except UnavailableEnvironmentError as error:
        raise (ValueError(no_pictures) if "'render_mode'" in str(error) else error) from None
    if made.render_mode != "rgb_array":
        made.close()
        raise ValueError(no_pictures)
    filmed: gym.Env[Any, Any] = gym.wrappers.RenderCollection(made)
    returns: list[float] = []
    player = agent.player()

    def act(obs: Array) -> Array:
        everyone = np.repeat(obs[0], agent.n, axis=0)
        return player.act(everyone)[None, number, None]

    def frames() -> Iterator[NDArray[np.uint8]]:
        nonlocal player
        for k in range(episodes):
            player = agent.player()
            returns.append(0.0)
            for step in rollout(act, [[filmed]], [seed + k]):
                returns[-1] += float(step.reward[0, 0])
                yield from map(_even, filmed.render())  # type: ignore[arg-type]
        filmed.close()

    return Scene(frames(), float(made.metadata.get("render_fps") or 30), returns)


def _even(frame: Any) -> NDArray[np.uint8]:
    """Without the last row or column where their number is odd, as films need it."""
    height, width = frame.shape[:2]
    return np.asarray(frame[: height // 2 * 2, : width // 2 * 2, :3], np.uint8)
