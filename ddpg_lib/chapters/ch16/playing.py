"""Episodes of MuJoCo's worlds with all that is told of them, and what an action is truly worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch16.linearization import Transition
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import rollout

Array = NDArray[np.float64]
Act = Callable[[Any], Any]
"""From observations, whatever axes lead, to actions in the environment's units."""


class _Telling(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps the numbers that come beside observation and reward."""

    told: dict[str, float]

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        obs, reward, ended, late, info = self.env.step(action)
        self.told = {k: float(x) for k, x in info.items() if isinstance(x, float | np.floating)}
        return obs, reward, ended, late, info


class Played(NamedTuple):
    """Episodes that ran side by side, one from each seed; time is the first axis.

    Attributes
    ----------
    obs : array, shape (steps + 1, k, obs_dim)
        The first one and the one after each step.
    action : array, shape (steps, k, action_dim)
        In the environment's units.
    reward : array, shape (steps, k)
        0 after an episode's end.
    told : dict of array, shape (steps, k)
        The numbers that the environment gives beside the reward; 0 after an episode's end.
    """

    obs: Array
    action: Array
    reward: Array
    told: dict[str, Array]


def episodes(act: Act, env: str, seeds: Sequence[int]) -> Played:
    """Play one episode from each seed, side by side.

    Parameters
    ----------
    act
        Of the observations, shape (k, obs_dim); returns the actions, shape (k, action_dim).
    env
        A Gymnasium id.
    seeds
        Of the resets.
    """
    worlds = [_Telling(make(env)) for _ in seeds]
    steps, told = [], []
    for step in rollout(lambda obs: act(obs[0])[None], [worlds], [int(s) for s in seeds]):
        steps.append(step)
        going = zip(worlds, step.running[0], strict=True)
        told.append([w.told if on else {} for w, on in going])
    for w in worlds:
        w.close()
    return Played(
        np.stack([*(s.obs[0] for s in steps), steps[-1].next_obs[0]]),
        np.stack([s.action[0] for s in steps]),
        np.stack([s.reward[0] for s in steps]),
        {k: np.array([[i.get(k, 0.0) for i in row] for row in told]) for k in told[0][0]},
    )


def everyone(agent: DDPG, starts: int) -> Act:
    """All policies of a stack as one, each for ``starts`` observations in a row.

    For :func:`episodes` with the seeds repeated once for each agent.
    """
    n = agent.n
    return lambda obs: agent.act(obs.reshape(n, starts, -1)).reshape(n * starts, -1)


def action_values(
    f: Transition,
    state: ArrayLike,
    action: ArrayLike,
    act: Act,
    pay: Callable[[Array, Array], tuple[Array, NDArray[np.bool_]]],
    gamma: float,
    steps: int,
    see: Callable[[Array], Array] = np.asarray,
) -> Array:
    """What actions are worth if a stack's own policies go on after them, by playing it.

    The sum of discounted rewards of so many steps, the first with the action given: an unbiased
    estimate of the policy's Q in a world without chance, short of what follows the last step.

    Parameters
    ----------
    f : callable
        As from :func:`~ddpg_lib.chapters.ch16.linearization.transition`.
    state : array_like, shape (n, k, states)
        Where, k for each of the n policies.
    action : array_like, shape (n, k, action_dim)
        The first action.
    act : callable
        The stack's policies: of observations, shape (n, k, obs_dim).
    pay : callable
        Of the states after a step and the actions; returns rewards and whether the episode goes
        on, each of shape (n, k).
    gamma : float
        Discount a step.
    steps : int
        After how many to stop.
    see : callable
        From states to observations.

    Returns
    -------
    array, shape (n, k)
    """
    s, a = np.array(state, np.float64), np.asarray(action, np.float64)
    worth, weight = np.zeros(s.shape[:-1]), np.ones(s.shape[:-1])
    for _ in range(steps):
        for at in np.ndindex(worth.shape):
            if weight[at]:
                s[at] = f(s[at], a[at])
        reward, goes_on = pay(s, a)
        worth += weight * reward
        weight *= gamma * goes_on
        a = np.asarray(act(see(s).astype(np.float32)), np.float64)
    return worth
