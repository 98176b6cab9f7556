"""Environments for a stack of agents, stepped together."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ddpg_lib.envs.border import fail, require_finite
from ddpg_lib.envs.episodes import EpisodeLog
from ddpg_lib.envs.making import EnvLike, ScaledBytes, close_all, make_many

Array = NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Spaces:
    """What an agent must know of an environment's spaces.

    Attributes
    ----------
    obs_dim : int
        Number of observation components; of frames, of all their pixels.
    action_low, action_high : tuple of float
        Bounds of the actions, a component each.
    obs_low, obs_high : tuple of float, optional
        Bounds of raw observations that are scaled to [0, 1] before an agent sees them.
    frames : tuple of int, optional
        Of frames: how many an observation has, channels, height, width.
    """

    obs_dim: int
    action_low: tuple[float, ...]
    action_high: tuple[float, ...]
    obs_low: tuple[float, ...] | None = None
    obs_high: tuple[float, ...] | None = None
    frames: tuple[int, ...] | None = None

    @classmethod
    def of(cls, env: gym.Env[Any, Any]) -> Spaces:
        """The spaces of an environment that :func:`~ddpg_lib.envs.making.make` made."""
        action, obs = env.action_space, env.observation_space
        assert isinstance(action, gym.spaces.Box)
        assert obs.shape is not None
        obs_low: tuple[float, ...] | None = None
        obs_high: tuple[float, ...] | None = None
        while isinstance(env, gym.Wrapper):
            if isinstance(env, ScaledBytes):
                obs_low, obs_high = tuple(env.low.tolist()), tuple(env.high.tolist())
            env = env.env
        low, high = (tuple(x.astype(float).tolist()) for x in (action.low, action.high))
        if len(obs.shape) > 1:
            return cls(math.prod(obs.shape), low, high, frames=tuple(obs.shape))
        return cls(obs.shape[0], low, high, obs_low, obs_high)

    @property
    def obs_shape(self) -> tuple[int, ...]:
        """Of an observation."""
        return self.frames or (self.obs_dim,)

    @property
    def low(self) -> Array:
        """``action_low`` as an array, ``(action_dim,)``."""
        return np.array(self.action_low, np.float32)

    @property
    def high(self) -> Array:
        """``action_high`` as an array, ``(action_dim,)``."""
        return np.array(self.action_high, np.float32)


class StackedEnvs:
    """One environment an agent, stepped together; each begins again when its episode ends.

    Parameters
    ----------
    env
        As for :func:`~ddpg_lib.envs.making.make`.
    seeds
        One an agent, given to its environment's first ``reset``.
    **kwargs
        For ``gymnasium.make``.

    Attributes
    ----------
    obs : array, shape (n, obs_dim)
        Where to act next: float32, or uint8 of shape (n, frames, channels, height, width).
    steps : int
        Taken in each environment.
    spaces : Spaces
        Of each environment.
    """

    def __init__(self, env: EnvLike, seeds: Sequence[int], **kwargs: Any) -> None:
        self.seeds = tuple(int(seed) for seed in seeds)  # Gymnasium takes no NumPy integers
        self.envs = make_many(env, len(self.seeds), **kwargs)
        self.spaces = Spaces.of(self.envs[0])
        self.obs_dim = self.spaces.obs_dim
        self.action_low, self.action_high = self.spaces.low, self.spaces.high
        self.episodes = EpisodeLog(self.envs, self.seeds)
        self.obs = self._empty()
        self.steps = 0

    def reset(self) -> Array:
        """Begin every agent's first episode; return the observations, ``(n, obs_dim)``.

        Raises
        ------
        DivergenceError
            If one is NaN or infinite.
        """
        self.steps = 0
        self.obs = self._empty()
        for i, seed in enumerate(self.seeds):
            self._begin(i, seed)
        require_finite("observation", self.obs, 0, self.seeds)
        return self.obs

    def step(
        self, actions: Array
    ) -> tuple[Array, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Array]:
        """Take one action in each environment: ``actions`` is ``(n, action_dim)``, in its units.

        Returns
        -------
        next_obs : shape (n, obs_dim)
            The state s' that followed, also where an episode ended.
        reward, terminated, truncated : shape (n,)
            As Gymnasium gives them, kept apart.
        obs : shape (n, obs_dim)
            Where to act next: the first state of a new episode where one ended, s' elsewhere.

        Raises
        ------
        DivergenceError
            If an action, a reward or an observation is NaN or infinite.
        EnvironmentFailedError
            If an environment raises an exception.
        """
        step, n = self.steps + 1, len(self.envs)
        require_finite("action", actions, step, self.seeds)
        given = actions.copy()  # an environment may change what it is given
        next_obs = self._empty()
        reward = np.empty(n)
        terminated, truncated = np.zeros(n, bool), np.zeros(n, bool)
        i = 0
        try:
            for i, env in enumerate(self.envs):
                next_obs[i], reward[i], terminated[i], truncated[i], info = env.step(given[i])
                if terminated[i] and info.get("TimeLimit.truncated"):
                    terminated[i], truncated[i] = False, True  # as Gym said it before 0.26
        except Exception as error:
            self._fail(i, step, error)
        require_finite("reward", reward, step, self.seeds)
        require_finite("observation", next_obs, step, self.seeds)
        self.episodes.note(actions, reward)
        self.steps = step
        ended = terminated | truncated
        self.obs = next_obs
        if ended.any():
            # next_obs stays how the episodes ended: learning needs that, acting the new start.
            self.obs = next_obs.copy()
            self.episodes.begin(ended)
            for i in np.flatnonzero(ended).tolist():
                self._begin(i)
            require_finite("observation", self.obs, step, self.seeds)
        return next_obs, reward, terminated, truncated, self.obs

    def state_dict(self) -> dict[str, Any]:
        """What brings every environment back to where it is, for :meth:`load_state_dict`."""
        return {"steps": self.steps, "obs": self.obs, "episodes": self.episodes.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Bring the environments back to a saved state, as from :meth:`state_dict`.

        Returned is which ones, ``(n,)``, did not come back and, after a warning, began a new
        episode.

        Raises
        ------
        ValueError
            If the state is that of other environments.
        """
        if state["obs"].shape != self.obs.shape:
            raise ValueError("the saved observations have another shape")
        self.steps, self.obs = int(state["steps"]), np.array(state["obs"], self.obs.dtype)
        return self.episodes.restore(state["episodes"], self.obs)

    def close(self) -> None:
        """Close every environment."""
        close_all(self.envs)

    def _empty(self) -> Array:
        kind = np.uint8 if self.spaces.frames else np.float32
        return np.zeros((len(self.envs), *self.spaces.obs_shape), kind)

    def _begin(self, i: int, seed: int | None = None) -> None:
        try:
            env = self.envs[i]
            self.obs[i], _ = env.reset() if seed is None else env.reset(seed=seed)
        except Exception as error:
            self._fail(i, self.steps, error)

    def _fail(self, i: int, step: int, error: Exception) -> NoReturn:
        where = f"at step {step:,} of the agent with seed {self.seeds[i]}"
        fail(self.envs[i], where, error)
