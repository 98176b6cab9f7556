"""Environments for a stack of agents, and the checks that refuse what DDPG cannot act in."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ddpg_lib.episodes import Episodes

Array = NDArray[np.float32]
TABLE = 1_000  # numbers of an observation that is made a vector; more of them are a picture
EnvLike = str | Callable[[], "gym.Env[Any, Any]"]


class UnavailableEnvironmentError(ValueError):
    """There is no such environment, or what it needs is not installed."""


class UnsupportedSpaceError(ValueError):
    """The environment's observations or actions are of a kind that DDPG cannot use."""


def make(env: EnvLike, **kwargs: Any) -> gym.Env[Any, Any]:
    """Build an environment and check that DDPG can act in it.

    Parameters
    ----------
    env : str or callable
        A Gymnasium id, or a function without arguments that returns an environment. Where an id
        names it, small tables of observations or actions are made vectors.
    **kwargs
        For ``gymnasium.make``, with an id only.

    Returns
    -------
    gymnasium.Env

    Raises
    ------
    UnavailableEnvironmentError
        If it is unknown, naming near ones, or if an extra is missing, naming the command.
    UnsupportedSpaceError
        If observations are not a flat box, or actions not a flat, bounded box; says what to change.
    """
    made = _flat(_by_id(env, **kwargs)) if isinstance(env, str) else env()
    try:
        check_spaces(made)
    except UnsupportedSpaceError:
        made.close()
        raise
    return made


def _by_id(name: str, **kwargs: Any) -> gym.Env[Any, Any]:
    module, _, bare = name.rpartition(":")
    if str(getattr(gym.registry.get(bare), "entry_point", "")).startswith("gymnasium.envs.mujoco"):
        _without_warning()
    try:
        # The checker only warns of malformed environments, and costs time at every step.
        return gym.make(name, disable_env_checker=True, **kwargs)
    except ModuleNotFoundError as error:
        if module and error.name in (None, module.split(".")[0]):  # Gymnasium leaves out the name
            message = f"there is no module {module!r}: install the package that brings {bare}"
            raise UnavailableEnvironmentError(message) from None
        raise UnavailableEnvironmentError(f"{name} cannot be made: {error}") from None
    except DependencyNotInstalled as error:
        spec = gym.spec(bare)
        for extra in ("box2d", "mujoco"):
            if str(spec.entry_point).startswith(f"gymnasium.envs.{extra}"):
                message = f'{name} needs an extra: pip install "ddpg-lib[{extra}]"'
                raise UnavailableEnvironmentError(message) from None
        raise UnavailableEnvironmentError(f"{name} cannot be made: {error}") from None
    except gym.error.Error as error:
        known = {key.lower(): key for key in gym.registry}
        near = difflib.get_close_matches(bare.lower(), known, n=3)
        hint = f"; did you mean {', '.join(known[key] for key in near)}?" if near else ""
        hint = hint or f" ({' '.join(str(error).split())})"
        raise UnavailableEnvironmentError(f"there is no environment {name!r}{hint}") from None


def _without_warning() -> None:
    """Keep MuJoCo from warning, at each HalfCheetah made, of a word in Gymnasium's model file."""
    try:
        import mujoco
    except ImportError:
        return
    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(_warn)


def _warn(text: str) -> None:
    if "settotalmass" not in text:
        print(f"MuJoCo: {text}", file=sys.stderr)


def _flat(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """Make vectors of tables of observations and actions; pictures stay, and are refused."""
    obs, action = env.observation_space, env.action_space
    if isinstance(obs, gym.spaces.Box) and len(obs.shape) != 1 and np.prod(obs.shape) <= TABLE:
        env = gym.wrappers.FlattenObservation(env)
    if isinstance(action, gym.spaces.Box) and len(action.shape) != 1:
        shape = action.shape
        flat = gym.spaces.Box(action.low.ravel(), action.high.ravel(), dtype=action.dtype.type)
        env = gym.wrappers.TransformAction(env, lambda a: np.reshape(a, shape), flat)
    return env


def check_spaces(env: gym.Env[Any, Any]) -> None:
    """Refuse an environment that DDPG cannot act in, saying what to change.

    Parameters
    ----------
    env : gymnasium.Env

    Raises
    ------
    UnsupportedSpaceError
        If observations are not a flat box, or actions not a flat, bounded box.
    """
    name = env.spec.id if env.spec else type(env.unwrapped).__name__
    obs, action = env.observation_space, env.action_space
    if not isinstance(obs, gym.spaces.Box):
        raise UnsupportedSpaceError(
            f"{name} has {type(obs).__name__} observations, but DDPG's networks take one vector "
            "of numbers: wrap the environment in gymnasium.wrappers.FlattenObservation"
        )
    if len(obs.shape) != 1:
        raise UnsupportedSpaceError(
            f"{name} has observations of shape {obs.shape}, but a vector is needed: wrap the "
            "environment in gymnasium.wrappers.FlattenObservation"
        )
    if not isinstance(action, gym.spaces.Box):
        raise UnsupportedSpaceError(
            f"{name} has {type(action).__name__} actions, but DDPG needs a continuum (a Box): "
            "choose a continuous version of the environment, or DQN for discrete actions"
        )
    if len(action.shape) != 1:
        raise UnsupportedSpaceError(
            f"{name} has actions of shape {action.shape}, but a vector is needed: flatten them "
            "with gymnasium.wrappers.TransformAction"
        )
    if not action.is_bounded() or not np.all(action.low < action.high):
        raise UnsupportedSpaceError(
            f"{name} has actions between {action.low} and {action.high}, but tanh needs finite "
            "bounds with low < high: wrap the environment in gymnasium.wrappers.RescaleAction or "
            "ClipAction, or give its action_space bounds"
        )


class StackedEnvs:
    """One environment an agent, stepped together; each begins again when its episode ends.

    Parameters
    ----------
    env : str or callable
        As for :func:`make`.
    seeds : sequence of int
        One an agent, given to its environment's first ``reset``.
    **kwargs
        For ``gymnasium.make``.
    """

    def __init__(self, env: EnvLike, seeds: Sequence[int], **kwargs: Any) -> None:
        self.seeds = [int(seed) for seed in seeds]
        self.envs = [make(env, **kwargs) for _ in self.seeds]
        space = self.envs[0].action_space
        assert isinstance(space, gym.spaces.Box)
        assert self.envs[0].observation_space.shape is not None
        self.obs_dim: int = self.envs[0].observation_space.shape[0]
        self.action_low, self.action_high = space.low, space.high
        self.episodes = Episodes(self.envs, self.seeds)

    def reset(self) -> Array:
        """Begin every agent's first episode.

        Returns
        -------
        array, shape (n, obs_dim)
            The first observations.
        """
        resets = [env.reset(seed=seed) for env, seed in zip(self.envs, self.seeds, strict=True)]
        return np.stack([obs for obs, _ in resets]).astype(np.float32)

    def step(
        self, actions: Array
    ) -> tuple[Array, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Array]:
        """Take one action in each environment.

        Parameters
        ----------
        actions : array, shape (n, action_dim)
            In the environment's units.

        Returns
        -------
        next_obs : array, shape (n, obs_dim)
            The state s' that followed, also where an episode ended.
        reward, terminated, truncated : arrays, shape (n,)
            As Gymnasium gives them, kept apart.
        obs : array, shape (n, obs_dim)
            Where to act next: the first state of a new episode where one ended, s' elsewhere.
        """
        n = len(self.envs)
        next_obs = np.empty((n, self.obs_dim), np.float32)
        reward = np.empty(n)
        terminated, truncated = np.zeros(n, bool), np.zeros(n, bool)
        for i, env in enumerate(self.envs):
            next_obs[i], reward[i], terminated[i], truncated[i], _ = env.step(actions[i])
        self.episodes.note(actions, reward)
        ended = terminated | truncated
        obs = next_obs
        if ended.any():
            obs = next_obs.copy()
            self.episodes.begin(ended)
            for i in np.flatnonzero(ended).tolist():
                obs[i], _ = self.envs[i].reset()
        return next_obs, reward, terminated, truncated, obs

    def close(self) -> None:
        """Close every environment."""
        for env in self.envs:
            env.close()
