"""Environments made by name, with errors that say what to install or to change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import DependencyNotInstalled

from ddpg_lib.envs.border import UnsupportedSpaceError, check_spaces
from ddpg_lib.errors import did_you_mean

TABLE = 1_000  # numbers of an observation that is made a vector; more of them are a picture
EnvLike = str | Callable[[], "gym.Env[Any, Any]"]
"""A Gymnasium id, or a function without arguments that returns an environment."""


class UnavailableEnvironmentError(ValueError):
    """There is no such environment, or what it needs is not installed."""


def make(env: EnvLike, **kwargs: Any) -> gym.Env[Any, Any]:
    """Build an environment and check that DDPG can act in it.

    Where an id names it, small tables of observations or actions are made vectors, and ``kwargs``
    are for ``gymnasium.make``.

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
        hint = did_you_mean(bare, gym.registry, n=3) or f" ({' '.join(str(error).split())})"
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
