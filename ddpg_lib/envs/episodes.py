"""How environments come back to the middle of an episode when a run is continued."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SEEDED = "seeded"  # how a first episode begins
LONGEST_REPLAY = 200_000  # steps of one episode that are kept so as to repeat them


class EpisodeLog:
    """The running episode of each environment, kept so that it can be repeated to the bit.

    Most environments cannot save their state, but all that are deterministic come back to it:
    the episode begins again from the same random state and takes the same actions. Whether one
    did is checked by its rewards and its last observation. An environment whose ``unwrapped`` has
    ``state_dict`` and ``load_state_dict`` is asked for its state instead. One that carries over,
    from episode to episode, what no observation shows comes back without it, unnoticed.

    ``seeds`` are those with which the environments, one an agent, were reset first.
    """

    def __init__(self, envs: Sequence[gym.Env[Any, Any]], seeds: Sequence[int]) -> None:
        self.envs, self.seeds = envs, seeds
        self._start: list[Any] = [SEEDED for _ in seeds]
        self._age = np.zeros(len(seeds), int)
        # Everyone's last steps, as many as the longest running episode has.
        self._history: list[tuple[Array, NDArray[np.float64]]] = []

    def note(self, actions: Array, rewards: NDArray[np.float64]) -> None:
        """Keep a step: the ``actions`` taken, ``(n, action_dim)``, and ``rewards``, ``(n,)``."""
        self._age += 1
        self._history.append((actions.copy(), rewards))
        if len(self._history) > LONGEST_REPLAY:
            del self._history[: LONGEST_REPLAY // 2]

    def begin(self, ended: NDArray[np.bool_]) -> None:
        """Note, before the environments are reset, whose episode ``ended``, ``(n,)``."""
        self._age[ended] = 0
        for i in np.flatnonzero(ended).tolist():
            self._start[i] = _random_state(self.envs[i])
        del self._history[: max(len(self._history) - int(self._age.max()), 0)]

    def state_dict(self) -> dict[str, Any]:
        """What brings every environment back to where it is, for :meth:`restore`."""
        own = [
            env.unwrapped.state_dict() if hasattr(env.unwrapped, "state_dict") else None
            for env in self.envs
        ]
        return {
            "own": own,
            "now": [_random_state(env) for env in self.envs],
            "start": list(self._start),
            "age": self._age.copy(),
            "actions": np.array([actions for actions, _ in self._history], np.float32),
            "rewards": np.array([rewards for _, rewards in self._history]),
        }

    def restore(self, state: Mapping[str, Any], obs: Array) -> NDArray[np.bool_]:
        """Bring the environments back to a saved state; return where that failed, ``(n,)``.

        Where an environment does not come back, a warning says so, a new episode begins, and its
        first observation is written to ``obs``.

        Parameters
        ----------
        state
            From :meth:`state_dict`.
        obs : shape (n, obs_dim)
            What was observed then.
        """
        self._start, self._age = list(state["start"]), state["age"].copy()
        self._history = list(zip(state["actions"], state["rewards"], strict=True))
        lost = np.zeros(len(self.envs), bool)
        for i, env in enumerate(self.envs):
            age = int(self._age[i])
            env.reset(seed=self.seeds[i])
            if state["own"][i] is not None:
                _set_random_state(env, state["now"][i])
                env.unwrapped.load_state_dict(state["own"][i])  # type: ignore[attr-defined]
                _set_elapsed(env, age)
            else:
                lost[i] = age > len(self._history) or not self._repeat(i, age, obs[i])
        if lost.any():
            self.begin(lost)
            names = ", ".join(str(self.seeds[i]) for i in np.flatnonzero(lost).tolist())
            warnings.warn(
                f"the environments of seeds {names} do not come back to the saved step when their "
                "episode is repeated. These agents go on with a new episode, so the run will "
                "differ from one without a break. Give the environment state_dict and "
                "load_state_dict if it can save its state.",
                stacklevel=2,
            )
            for i in np.flatnonzero(lost).tolist():
                obs[i], _ = self.envs[i].reset()
        return lost

    def _repeat(self, i: int, age: int, obs: Array) -> bool:
        """Take an episode's actions again from its start; whether all came out as it was."""
        env = self.envs[i]
        if self._start[i] == SEEDED:
            now, _ = env.reset(seed=self.seeds[i])
        else:
            _set_random_state(env, self._start[i])
            now, _ = env.reset()
        for actions, rewards in self._history[len(self._history) - age :]:
            now, reward, terminated, truncated, _ = env.step(actions[i])
            if reward != rewards[i] or terminated or truncated:
                return False
        return np.array_equal(np.asarray(now, np.float32), obs)


def _random_state(env: gym.Env[Any, Any]) -> Any:
    generator = getattr(env.unwrapped, "np_random", None)
    return generator.bit_generator.state if isinstance(generator, np.random.Generator) else None


def _set_random_state(env: gym.Env[Any, Any], state: Any) -> None:
    if state is not None:
        env.unwrapped.np_random.bit_generator.state = state


def _set_elapsed(env: Any, steps: int) -> None:
    """Tell a time limit among the wrappers how long the episode has lasted."""
    while isinstance(env, gym.Wrapper):
        if isinstance(env, gym.wrappers.TimeLimit):
            env._elapsed_steps = steps  # type: ignore[assignment]
        env = env.env
