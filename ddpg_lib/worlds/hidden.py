"""Worlds that hide part of their state: what acts well there must remember.

Importing this module registers them with Gymnasium, so that
``ddpg_lib.worlds.hidden:PendulumWithoutVelocity-v0`` is an id.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.pendulum import PendulumEnv
from gymnasium.wrappers import FlattenObservation, FrameStackObservation, TransformObservation
from numpy.typing import NDArray

Array = NDArray[np.float32]
HERE = "ddpg_lib.worlds.hidden"
WITHOUT_VELOCITY = f"{HERE}:PendulumWithoutVelocity-v0"
"""Pendulum-v1, of which only cosine and sine of the angle are observed."""
STACKED = f"{HERE}:PendulumStacked-v0"
"""The same, of which the last three observations are seen at once."""
CUE = f"{HERE}:Cue-v0"
"""A :class:`Cue`."""
CUE_STACKED = f"{HERE}:CueStacked-v0"
"""The same, of which the last four observations are seen at once."""


def pendulum_without_velocity(stack: int = 1, **kwargs: Any) -> gym.Env[Any, Any]:
    """Pendulum-v1 without its third observation, the angular velocity.

    Where ``stack`` is more than 1 so many observations are seen at once, the newest last; at an
    episode's start the first stands in for those before it. ``kwargs`` are Pendulum's own.
    """
    box = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    env: gym.Env[Any, Any] = TransformObservation(PendulumEnv(**kwargs), lambda obs: obs[:2], box)
    return stacked(env, stack)


def stacked(env: gym.Env[Any, Any], stack: int) -> gym.Env[Any, Any]:
    """An environment whose last ``stack`` observations are seen at once, as one vector."""
    return env if stack == 1 else FlattenObservation(FrameStackObservation(env, stack))


class Cue(gym.Env[Array, Array]):
    """A number is shown once, and asked for much later (after Bakker 2001).

    At its first step an episode shows the cue, drawn evenly from -1 and 1, then nothing for
    ``delay`` steps. At its last step a signal asks for the cue: the reward is 1 less the distance
    between it and the action, and all others are 0. So a return of 1 is the best; whoever does not
    remember gets 0 on average, whatever they do.

    An observation is the cue, or 0, and the signal, 0 or 1; an action is a number from -1 to 1.

    Parameters
    ----------
    delay
        Steps between cue and signal.
    render_mode
        None: there is nothing to see.

    Raises
    ------
    ValueError
        If the delay is negative.
    """

    def __init__(self, delay: int = 10, render_mode: str | None = None) -> None:
        if delay < 0:
            raise ValueError(f"delay must be at least 0, got {delay}")
        self.delay, self.render_mode = delay, render_mode
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.cue, self.time = 0.0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Draw a cue and show it: ``obs, info``; ``seed`` and ``options`` as Gymnasium has them."""
        super().reset(seed=seed, options=options)
        self.cue, self.time = float(self.np_random.choice([-1.0, 1.0])), 0
        return np.array([self.cue, 0.0], np.float32), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Wait, or answer by an ``action``, ``(1,)``, where the signal was given."""
        asked = self.time > self.delay
        reward = 1.0 - abs(float(action[0]) - self.cue) if asked else 0.0
        self.time += 1
        signal = float(self.time > self.delay and not asked)
        return np.array([0.0, signal], np.float32), reward, asked, False, {}


def cue(stack: int = 1, **kwargs: Any) -> gym.Env[Any, Any]:
    """A :class:`Cue` of which the last ``stack`` observations are seen at once.

    ``kwargs`` are for :class:`Cue`.
    """
    return stacked(Cue(**kwargs), stack)


for _name, _function, _kwargs, _steps in (
    (WITHOUT_VELOCITY, "pendulum_without_velocity", {}, 200),
    (STACKED, "pendulum_without_velocity", {"stack": 3}, 200),
    (CUE, "cue", {}, None),
    (CUE_STACKED, "cue", {"stack": 4}, None),
):
    gym.register(
        _name.rpartition(":")[2],
        entry_point=f"{HERE}:{_function}",
        kwargs=_kwargs,
        max_episode_steps=_steps,
    )
