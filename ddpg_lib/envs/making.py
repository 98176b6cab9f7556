"""Environments made by name, with errors that say what to install or to change."""

from __future__ import annotations

import importlib
import sys
import warnings
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import DependencyNotInstalled

from ddpg_lib.envs.border import (
    FirstLook,
    InterfaceError,
    UnsupportedSpaceError,
    check_spaces,
    check_wrappers,
    is_frames,
    looks_like_image,
    name_of,
)
from ddpg_lib.errors import did_you_mean

TABLE = 1_000  # numbers of an observation that is made a vector; more of them are a picture
EnvLike = str | Callable[[], "gym.Env[Any, Any]"]
"""A Gymnasium id, or a function without arguments that returns an environment."""

_open: dict[int, weakref.ref[Any]] = {}  # environments that are in use, by identity


class UnavailableEnvironmentError(ValueError):
    """There is no such environment, it cannot be made, or what it needs is not installed."""


def make(env: EnvLike, **kwargs: Any) -> gym.Env[Any, Any]:
    """Build an environment and check that DDPG can act in it.

    Where an id names it, tables and dictionaries of observations are made vectors, and tables of
    actions; ``kwargs`` are for ``gymnasium.make``. Bytes (``uint8``) are scaled to [0, 1].
    ``module:Name`` is an id that the module registers, or a class or function in it.

    Raises
    ------
    UnavailableEnvironmentError
        If it is unknown, naming near ones; if an extra is missing, naming the command; if it
        cannot be made; or if it is no function, or one that does not make a new one.
    UnsupportedSpaceError
        If observations are not a flat box, or actions not a flat, bounded box; says what to change.
    InterfaceError
        If what is made is no Gymnasium environment; at its first reset and step, if they return
        anything else than Gymnasium's interface says.
    """
    made = _flat(by_id(env, **kwargs)) if isinstance(env, str) else by_function(env, kwargs)
    try:
        check_spaces(made)
        check_wrappers(made)
    except UnsupportedSpaceError:
        made.close()
        raise
    return _Bordered(_in_own_type(_scaled(made)))


def make_many(env: EnvLike, number: int, **kwargs: Any) -> list[gym.Env[Any, Any]]:
    """As many environments as asked for, or none: if one cannot be made the others are closed.

    ``kwargs`` are for ``gymnasium.make``.
    """
    made: list[gym.Env[Any, Any]] = []
    try:
        while len(made) < number:
            made.append(make(env, **kwargs))
    except BaseException:
        close_all(made)
        raise
    return made


def close_all(envs: Iterable[gym.Env[Any, Any]]) -> None:
    """Close environments; an exception of one does not keep the others open."""
    for env in envs:
        try:
            env.close()
        except Exception as error:
            warnings.warn(f"{name_of(env)} could not be closed: {error}", stacklevel=2)


class _Bordered(FirstLook):
    """An environment that is in use until it is closed."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        bare = env.unwrapped
        key = id(bare)
        _open[key] = weakref.ref(bare, lambda _: _open.pop(key, None))

    def close(self) -> None:
        _open.pop(id(self.env.unwrapped), None)
        super().close()


def by_function(env: Any, kwargs: dict[str, Any]) -> gym.Env[Any, Any]:
    """What a function makes, as it is.

    Raises
    ------
    UnavailableEnvironmentError
        If ``env`` is no function, makes nothing new, or is given ``kwargs``, which are for ids.
    """
    if isinstance(env, gym.Env):
        name = name_of(env)
        raise UnavailableEnvironmentError(
            f"give a function that makes {name}, such as lambda: {type(env.unwrapped).__name__}(), "
            "not an environment that is made already: every agent and every evaluation episode "
            "needs one of its own"
        )
    if not callable(env):
        raise UnavailableEnvironmentError(
            f"an environment is a Gymnasium id or a function that makes one, not {env!r}"
        )
    if kwargs:
        raise UnavailableEnvironmentError(
            f"env_kwargs are for ids, which gymnasium.make takes; {name_of(env)} is a function: "
            f"give {', '.join(kwargs)} inside it, as in lambda: Drone(wind=2)"
        )
    in_use = set(_open)  # a function may call make itself
    made = _made(name_of(env), env)
    if id(made.unwrapped) in in_use:
        raise UnavailableEnvironmentError(
            f"{name_of(env)} returned the same {name_of(made)} again, which is in use: make a new "
            "one in each call, or evaluations would reset the training environment"
        )
    return made


def _made(name: str, function: Callable[..., Any], **kwargs: Any) -> gym.Env[Any, Any]:
    try:
        made = function(**kwargs)
    except (InterfaceError, UnavailableEnvironmentError, UnsupportedSpaceError):
        raise  # of an environment that a function wraps, and says what to do
    except Exception as error:
        others = (
            f". Open already: {len(_open)}; an agent trains in one and is evaluated in as many "
            "more as there are eval_episodes"
        )
        others = others if _open else ""
        raise UnavailableEnvironmentError(
            f"{name} cannot be made: {type(error).__name__}: {' '.join(str(error).split())}{others}"
        ) from error
    if isinstance(made, gym.vector.VectorEnv):
        raise InterfaceError(
            f"{name} is a vector of environments: give one that is single, for every agent of the "
            "stack gets its own"
        )
    if not isinstance(made, gym.Env):
        kind = f"{type(made).__module__}.{type(made).__name__}"
        raise InterfaceError(
            f"{name} returned a {kind}, which is no gymnasium.Env: derive it from that class; the "
            "package shimmy converts environments of Gym"
        )
    return made


def by_id(name: str, **kwargs: Any) -> gym.Env[Any, Any]:
    """What is registered by a name, as it is; ``kwargs`` are for ``gymnasium.make``.

    Raises
    ------
    UnavailableEnvironmentError
        If there is no such environment, or it cannot be made.
    """
    module, _, bare = name.rpartition(":")
    own = _from_module(module, bare) if module else None
    if own and bare not in gym.registry:
        return _made(name, own, **kwargs)
    if str(getattr(gym.registry.get(bare), "entry_point", "")).startswith("gymnasium.envs.mujoco"):
        _without_warning()
    try:
        # The checker only warns of malformed environments, and costs time at every step.
        return gym.make(name, disable_env_checker=True, **kwargs)
    except DependencyNotInstalled as error:
        spec = gym.spec(bare)
        for extra in ("box2d", "mujoco"):
            if str(spec.entry_point).startswith(f"gymnasium.envs.{extra}"):
                message = f'{name} needs an extra: pip install "ddpg-lib[{extra}]"'
                raise UnavailableEnvironmentError(message) from None
        raise UnavailableEnvironmentError(f"{name} cannot be made: {error}") from None
    except (gym.error.UnregisteredEnv, gym.error.Error) as error:
        hint = did_you_mean(bare, gym.registry, n=3) or f" ({' '.join(str(error).split())})"
        raise UnavailableEnvironmentError(f"there is no environment {name!r}{hint}") from None
    except Exception as error:
        cause = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise UnavailableEnvironmentError(f"{name} cannot be made: {cause}") from error


def _from_module(module: str, bare: str) -> Callable[..., Any] | None:
    """Import a module, which may register environments; its class or function of that name."""
    try:
        found = getattr(importlib.import_module(module), bare, None)
    except ModuleNotFoundError as error:
        if error.name and module.split(".")[0] == error.name.split(".")[0]:
            message = (
                f"there is no module {module!r}: install the package that brings {bare}, or run "
                f"where {module.replace('.', '/')}.py lies"
            )
            raise UnavailableEnvironmentError(message) from None
        raise UnavailableEnvironmentError(f"{module}:{bare} cannot be made: {error}") from None
    return found if callable(found) else None


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
    """Make vectors of tables and dictionaries; pictures stay, and are refused."""
    obs, action = env.observation_space, env.action_space
    if not ((isinstance(obs, gym.spaces.Box) and len(obs.shape) == 1) or looks_like_image(obs)):
        flat = gym.spaces.flatten_space(obs)
        if isinstance(flat, gym.spaces.Box) and np.prod(flat.shape) <= TABLE:
            env = gym.wrappers.FlattenObservation(env)
    if isinstance(action, gym.spaces.Box) and len(action.shape) != 1:
        shape = action.shape
        box = gym.spaces.Box(action.low.ravel(), action.high.ravel(), dtype=action.dtype.type)
        env = gym.wrappers.TransformAction(env, lambda a: np.reshape(a, shape), box)
    return env


class ScaledBytes(gym.ObservationWrapper[Any, Any, Any]):
    """Observations of ``uint8`` from their bounds ``low`` and ``high`` to [0, 1]."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        space = env.observation_space
        assert isinstance(space, gym.spaces.Box)
        self.low, self.high = np.float32(space.low), np.float32(space.high)
        self.observation_space = gym.spaces.Box(0.0, 1.0, space.shape)

    def observation(self, observation: Any) -> Any:
        """Return an ``observation``, ``(obs_dim,)``, scaled."""
        return (np.asarray(observation, np.float32) - self.low) / (self.high - self.low)


def _scaled(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    space = env.observation_space
    assert isinstance(space, gym.spaces.Box)
    if is_frames(space) or space.dtype != np.uint8:  # frames stay bytes, to be kept as such
        return env
    return ScaledBytes(env) if (space.low < space.high).all() else env


class _InOwnType(gym.ActionWrapper[Any, Any, Any]):
    """Actions in the precision of the environment's bounds, and within them.

    A bound of 0.1 is 0.10000000149 in float32, which a float64 environment may refuse.
    """

    def action(self, action: Any) -> Any:
        space = self.action_space
        assert isinstance(space, gym.spaces.Box)
        return np.minimum(np.maximum(np.asarray(action, space.dtype), space.low), space.high)


def _in_own_type(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    return env if env.action_space.dtype == np.float32 else _InOwnType(env)
