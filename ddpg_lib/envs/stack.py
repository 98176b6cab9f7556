"""Environments for a stack of agents, stepped together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ddpg_lib.envs.border import require_finite
from ddpg_lib.envs.episodes import EpisodeLog
from ddpg_lib.envs.making import EnvLike, make

Array = NDArray[np.float32]


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
        Where to act next.
    steps : int
        Taken in each environment.
    """

    def __init__(self, env: EnvLike, seeds: Sequence[int], **kwargs: Any) -> None:
        self.seeds = tuple(int(seed) for seed in seeds)  # Gymnasium takes no NumPy integers
        self.envs = [make(env, **kwargs) for _ in self.seeds]
        space = self.envs[0].action_space
        assert isinstance(space, gym.spaces.Box)
        assert self.envs[0].observation_space.shape is not None
        self.obs_dim: int = self.envs[0].observation_space.shape[0]
        self.action_low, self.action_high = space.low, space.high
        self.episodes = EpisodeLog(self.envs, self.seeds)
        self.obs = np.zeros((len(self.envs), self.obs_dim), np.float32)
        self.steps = 0

    def reset(self) -> Array:
        """Begin every agent's first episode; return the observations, ``(n, obs_dim)``.

        Raises
        ------
        DivergenceError
            If one is NaN or infinite.
        """
        resets = [env.reset(seed=seed) for env, seed in zip(self.envs, self.seeds, strict=True)]
        self.obs, self.steps = np.stack([obs for obs, _ in resets]).astype(np.float32), 0
        self._require_finite("observation", self.obs)
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
        """
        self.steps += 1
        self._require_finite("action", actions)
        n = len(self.envs)
        next_obs = np.empty((n, self.obs_dim), np.float32)
        reward = np.empty(n)
        terminated, truncated = np.zeros(n, bool), np.zeros(n, bool)
        for i, env in enumerate(self.envs):
            next_obs[i], reward[i], terminated[i], truncated[i], _ = env.step(actions[i])
        self._require_finite("reward", reward)
        self._require_finite("observation", next_obs)
        self.episodes.note(actions, reward)
        ended = terminated | truncated
        self.obs = next_obs
        if ended.any():
            # next_obs stays how the episodes ended: learning needs that, acting the new start.
            self.obs = next_obs.copy()
            self.episodes.begin(ended)
            for i in np.flatnonzero(ended).tolist():
                self.obs[i], _ = self.envs[i].reset()
            self._require_finite("observation", self.obs)
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
        self.steps, self.obs = int(state["steps"]), np.array(state["obs"], np.float32)
        return self.episodes.restore(state["episodes"], self.obs)

    def close(self) -> None:
        """Close every environment."""
        for env in self.envs:
            env.close()

    def _require_finite(self, what: str, values: NDArray[Any]) -> None:
        require_finite(what, values, self.steps, self.seeds)
