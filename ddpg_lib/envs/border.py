"""What environments may not do: spaces that DDPG cannot act in, numbers that are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

CAUSES = {
    "observation": "the environment returned it: look at its dynamics, or bound its states",
    "reward": "the environment returned it: look at its reward function",
    "action": "the actor's weights are no longer numbers: lower actor_lr and critic_lr",
    "evaluation return": "the environment or the policy broke in an evaluation: lower actor_lr",
    "critic_loss": "the critic diverged: lower critic_lr, reward_scale or gamma",
    "q": "the critic diverged: lower critic_lr, reward_scale or gamma",
}


class DivergenceError(ArithmeticError):
    """An observation, a reward, an action or a loss is NaN or infinite."""


def require_finite(what: str, values: NDArray[Any], step: int, seeds: Sequence[int]) -> None:
    """Stop the run if any value is NaN or infinite.

    ``what`` says what the ``values``, ``(n, ...)``, are: a key of ``CAUSES``, or any other word.
    The agents are named by their seeds.

    Raises
    ------
    DivergenceError
        Naming the step, the agent, the value and its cause.
    """
    finite = np.isfinite(values)
    if b"\0" not in finite.tobytes():  # every step pays for this; all() takes twice as long
        return
    where = tuple(int(i) for i in np.argwhere(~finite)[0])
    component = f", component {where[1]}," if len(where) == 2 else ""
    name = "critic's value" if what == "q" else what.replace("_", " ")
    raise DivergenceError(
        f"at step {step:,} the {name} of the agent with seed {seeds[where[0]]}"
        f"{component} is {values[where]}; {CAUSES.get(what, 'the run diverged')}"
    )


class UnsupportedSpaceError(ValueError):
    """The environment's observations or actions are of a kind that DDPG cannot use."""


def check_spaces(env: gym.Env[Any, Any]) -> None:
    """Refuse an environment that DDPG cannot act in, saying what to change.

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
