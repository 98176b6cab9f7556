"""What environments may not do: another interface, spaces DDPG cannot act in, no numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

CAUSES = {
    "observation": "the environment returned it: look at its dynamics, or bound its states",
    "reward": "the environment returned it: look at its reward function",
    "action": "the actor's weights are no longer numbers: lower actor_lr and critic_lr",
    "critic_loss": "the critic diverged: lower critic_lr, reward_scale or gamma",
    "q": "the critic diverged: lower critic_lr, reward_scale or gamma",
}
LEARNABLE = 100.0  # typical size of an observation's component beyond which networks hardly learn
SMALLEST_IMAGE = 16  # pixels of the shorter side; what is smaller is a table
DECADES = 1_000.0  # and ratio of the largest to the smallest


class DivergenceError(ArithmeticError):
    """An observation, a reward, an action or a loss is NaN or infinite.

    ``by_environment`` is whether the environment returned it; if not, the agent broke.
    """

    by_environment = False


class EnvironmentFailedError(RuntimeError):
    """An environment raised an exception, its ``__cause__``, in the middle of a run."""


class InterfaceError(ValueError):
    """An environment does not keep to Gymnasium's interface."""


def name_of(env: Any) -> str:
    """What to call ``env``, an environment, its id, or a function that makes it."""
    if isinstance(env, str):
        return env
    if isinstance(env, gym.Env):
        return env.spec.id if env.spec else type(env.unwrapped).__name__
    return getattr(env, "__name__", type(env).__name__)


def fail(env: gym.Env[Any, Any], where: str, error: Exception) -> NoReturn:
    """End a run for an exception of an environment; ``where`` says at which step of whom.

    Raises
    ------
    EnvironmentFailedError
        From that exception.
    InterfaceError
        If the exception is one already.
    """
    if isinstance(error, InterfaceError):
        raise error
    message = f"{name_of(env)} failed {where}: {type(error).__name__}: {error}"
    raise EnvironmentFailedError(message) from error


def require_finite(
    what: str, values: NDArray[Any], step: int, seeds: Sequence[int] | Callable[[int], str]
) -> None:
    """Stop the run if any value is NaN or infinite.

    ``what`` says what the ``values``, ``(n, ...)``, are: a key of ``CAUSES``, or any other word.
    The agents are named by their ``seeds``, or by a function of their number.

    Raises
    ------
    DivergenceError
        Naming the step, the agent, the value and its cause.
    """
    finite = np.isfinite(values)
    if b"\0" not in finite.tobytes():  # every step pays for this; all() takes twice as long
        return
    at = tuple(int(i) for i in np.argwhere(~finite)[0])
    component = f", component {at[-1]}," if what in ("observation", "action") else ""
    name = "critic's value" if what == "q" else what.replace("_", " ")
    cause = CAUSES.get(what, "the run diverged")
    if what in ("observation", "reward") and np.isinf(values[at]):
        cause += " (numbers beyond 3.4e38 count as infinite)"
    who = seeds(at[0]) if callable(seeds) else f"the agent with seed {seeds[at[0]]}"
    error = DivergenceError(
        f"at step {step:,} the {name} of {who}{component} is {values[at]}; {cause}"
    )
    error.by_environment = what in ("observation", "reward")
    raise error


class FirstLook(gym.Wrapper[Any, Any, Any, Any]):
    """Holds an environment's first reset and first step against Gymnasium's interface.

    After that, ``reset`` and ``step`` are the environment's own methods, so that looking costs
    nothing more.

    Raises
    ------
    InterfaceError
        From ``reset`` or ``step``, with what was returned and what should have been.
    """

    def reset(self, **kwargs: Any) -> Any:
        """Reset with ``kwargs``, seed and options, and return ``obs, info``, checked."""
        self._check_signature(kwargs)
        result = self.env.reset(**kwargs)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
            self._refuse("reset", _described(result), "return obs, info, with a dictionary info")
        self._check_observation("reset", result[0])
        self.reset = self.env.reset  # type: ignore[assignment,method-assign]
        return result

    def step(self, action: Any) -> Any:
        """Take an ``action``, ``(action_dim,)``, and return what comes out, checked."""
        result = self.env.step(action)
        if not (isinstance(result, tuple) and len(result) == 5):
            wanted = "return obs, reward, terminated, truncated, info"
            if isinstance(result, tuple) and len(result) == 4:
                wanted += "; obs, reward, done, info is Gym's, before 0.26"
            self._refuse("step", _described(result), wanted)
        reward: Any
        obs, reward, terminated, truncated, _ = result
        self._check_observation("step", obs)
        if np.shape(reward) != () or np.asarray(reward).dtype.kind not in "fiub":
            self._refuse("step", f"{_described(reward)} as reward", "return one number")
        for name, value in (("terminated", terminated), ("truncated", truncated)):
            if np.shape(value) != () or value not in (False, True):
                self._refuse("step", f"{_described(value)} as {name}", "return True or False")
        self.step = self.env.step  # type: ignore[method-assign]
        return result

    def _check_signature(self, kwargs: dict[str, Any]) -> None:
        own = self.env.unwrapped.reset
        through_wrappers = {} if self.env is self.env.unwrapped else {"options": None}
        signature = inspect.signature(own)
        try:
            signature.bind(**{**through_wrappers, **kwargs})
        except TypeError:
            raise InterfaceError(
                f"{name_of(self)}'s reset takes {signature}, but Gymnasium calls it with seed and "
                "options: define it as reset(self, *, seed=None, options=None), and call "
                "super().reset(seed=seed) first"
            ) from None

    def _check_observation(self, method: str, obs: Any) -> None:
        given = np.asarray(obs)
        if given.dtype.kind not in "fiub":
            self._refuse(method, f"{_described(obs)} as observation", "return an array of numbers")
        if given.shape != self.observation_space.shape:
            space = f"its observation_space has the shape {self.observation_space.shape}"
            what = f"an observation of shape {given.shape}, but {space}"
            self._refuse(method, what, "make the two agree")

    def _refuse(self, method: str, returned: str, wanted: str) -> None:
        raise InterfaceError(f"{name_of(self)}'s {method} returned {returned}: {wanted}")


def _described(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"{len(value)} values"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return repr(value) if value is None or isinstance(value, str) else f"a {type(value).__name__}"


class UnsupportedSpaceError(ValueError):
    """The environment's observations or actions are of a kind that DDPG cannot use."""


def check_spaces(env: gym.Env[Any, Any]) -> None:
    """Refuse an environment that DDPG cannot act in, saying what to change.

    Raises
    ------
    UnsupportedSpaceError
        If observations are neither a flat box nor frames of
        :class:`~ddpg_lib.envs.pixels.Pixels`, or actions not a flat, bounded box of real numbers.
    """
    name = name_of(env)
    obs, action = env.observation_space, env.action_space
    for what, space in (("observation", obs), ("action", action)):
        if not isinstance(space, gym.spaces.Space):
            raise UnsupportedSpaceError(
                f"{name}'s {what}_space is a {type(space).__module__}.{type(space).__name__}, not "
                f"one of gymnasium.spaces: build it with Gymnasium, which took over from Gym"
            )
    if is_frames(obs):
        pass
    elif not isinstance(obs, gym.spaces.Box):
        raise UnsupportedSpaceError(
            f"{name} has {type(obs).__name__} observations, but DDPG's networks take one vector "
            "of numbers: wrap the environment in gymnasium.wrappers.FlattenObservation"
        )
    elif looks_like_image(obs):
        raise UnsupportedSpaceError(
            f"{name} has images of shape {obs.shape} as observations: train with an encoder, "
            'encoder="shared" (--pixels)'
        )
    elif len(obs.shape) != 1:
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
    if action.dtype is not None and action.dtype.kind != "f":
        raise UnsupportedSpaceError(
            f"{name} has whole numbers ({action.dtype}) as actions, but DDPG needs a continuum: "
            "choose a continuous version of the environment, or DQN for discrete actions"
        )
    check_bounds(action.low, action.high, f"{name} has")


def is_frames(space: Any) -> bool:
    """Whether a ``space`` is of stacked frames, (frames, channels, height, width) in bytes."""
    return isinstance(space, gym.spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 4


def looks_like_image(space: Any) -> bool:
    """Whether a ``space`` is of images, of two axes or of three, rather than of tables."""
    if not isinstance(space, gym.spaces.Box) or len(space.shape) not in (2, 3):
        return False
    sides = sorted(space.shape)[-2:]
    return min(sides) >= SMALLEST_IMAGE


def check_bounds(low: NDArray[Any], high: NDArray[Any], who: str = "these are") -> None:
    """Refuse bounds of actions that tanh cannot be scaled to.

    Raises
    ------
    UnsupportedSpaceError
        If one is NaN or infinite, also in float32, or if ``low < high`` does not hold.
    """
    actions = f"{who} actions between {low} and {high}, but"
    with np.errstate(over="ignore", invalid="ignore"):
        small = np.isfinite(np.float32(high) - np.float32(low))
    if low.shape != high.shape or low.ndim != 1:
        raise UnsupportedSpaceError(
            f"{actions} one lower and one upper bound a component is needed"
        )
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise UnsupportedSpaceError(
            f"{actions} tanh needs finite bounds: say which range is meant, by "
            "gymnasium.wrappers.TransformAction(env, lambda a: a, gymnasium.spaces.Box(low, high))"
        )
    if not small.all():
        raise UnsupportedSpaceError(
            f"{actions} the networks compute in float32, which ends at 3.4e38: scale the actions "
            "with gymnasium.wrappers.RescaleAction"
        )
    if not np.all(low < high):
        raise UnsupportedSpaceError(f"{actions} low < high is needed in every component")


def check_wrappers(env: gym.Env[Any, Any]) -> None:
    """Refuse wrappers with statistics of their own, which each environment would gather anew.

    Raises
    ------
    UnsupportedSpaceError
        Naming the hyperparameter that does the same for training and evaluation together.
    """
    instead = {
        gym.wrappers.NormalizeObservation: "normalize_obs=True",
        gym.wrappers.NormalizeReward: "reward_scale",
    }
    name = name_of(env)
    while isinstance(env, gym.Wrapper):
        for kind, setting in instead.items():
            if isinstance(env, kind):
                raise UnsupportedSpaceError(
                    f"{name} is wrapped in {kind.__name__}, which learns its statistics in each "
                    "environment by itself, so that evaluations would differ from training: leave "
                    f"the wrapper out and set {setting}"
                )
        env = env.env


def note_on_scales(name: str, obs: NDArray[Any]) -> str | None:
    """A warning where observations are of sizes that networks hardly learn from, or ``None``.

    ``obs`` is ``(..., obs_dim)``. What counts is each component's root mean square: beyond 100, or
    three decades from another one's. Components that are always 0 say nothing.
    """
    size = np.sqrt(np.mean(np.square(obs, dtype=np.float64), axis=tuple(range(obs.ndim - 1))))
    if not size.any():
        return None
    large, small = int(size.argmax()), int(np.where(size > 0, size, np.inf).argmin())
    if size[large] <= LEARNABLE and size[large] <= DECADES * size[small]:
        return None
    return (
        f"the observations of {name} are of very large or different sizes (root mean square "
        f"{size[large]:.2g} of component {large}, {size[small]:.2g} of component {small}), from "
        "which networks hardly learn: set normalize_obs=True (--normalize-obs), or scale them"
    )
