r"""What a critic promises of another action, and what that action then brings.

An actor climbs differences between actions. An error of the critic that is the same for every
action in a state leaves them as they are, so a critic is judged here by the advantage
:math:`A(s, a) = Q(s, a) - Q(s, \mu(s))` and not by its values.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import close_all, make_many
from ddpg_lib.evaluation import rollout

Array = NDArray[np.float64]
ADVANTAGE_SEED = 3_000_000  # starts of no training and of no evaluation
REST = 0.05  # share of a steady reward's discounted sum that is left out


@dataclasses.dataclass(frozen=True)
class Advantages:
    """Of one action in each of k episodes of n agents, ``(n, k)``, in units of the reward.

    Attributes
    ----------
    promised : array
        The critic's value of the action less that of the policy's own.
    followed : array
        The discounted return after the action less that after the policy's own; both go on with
        the policy.
    value_error : array
        The critic's value of the policy's own action less the return that followed it.
    """

    promised: Array
    followed: Array
    value_error: Array

    @property
    def error(self) -> Array:
        """Promised less followed, ``(n, k)``."""
        return self.promised - self.followed


def advantages(
    agent: DDPG, env: str, episodes: int = 12, within: int = 200, seed: int = ADVANTAGE_SEED
) -> Advantages:
    """Play every episode twice, without noise, and in one step of the second time act otherwise.

    Step and action are drawn uniformly. A discounted return is summed until 5% of that of a steady
    reward is left out, past the time limit if need be.

    Parameters
    ----------
    agent
        A stack of n agents that see the environment's own observations.
    env
        A Gymnasium id, of a world that repeats itself if the seed does.
    episodes
        Of each agent.
    within
        The step is one of the first so many. Where the episode ends earlier, the pair is NaN.
    seed
        Of the first episode.

    Raises
    ------
    ValueError
        If the world does not repeat itself.
    """
    rng, seeds = np.random.default_rng(seed), range(seed, seed + episodes)
    at = rng.integers(within, size=(agent.n, episodes))
    other = rng.uniform(agent.low, agent.high, (*at.shape, len(agent.low)))
    here, own, paid = _played(agent, env, seeds, at, None)
    again, _, paid_otherwise = _played(agent, env, seeds, at, other)
    if not np.array_equal(again, here, equal_nan=True):
        raise ValueError(f"{env} does not repeat itself: one seed led to two different states")
    reached = ~np.isnan(here).any(axis=-1)
    where = np.nan_to_num(here)
    value, promise = (
        np.where(reached, agent.q(where, action.astype(np.float32)).astype(float), np.nan)
        for action in (np.nan_to_num(own), other)
    )
    return Advantages(promise - value, paid_otherwise - paid, value - paid)


def _played(
    agent: DDPG, env: str, seeds: range, at: NDArray[np.int_], other: Array | None
) -> tuple[Array, Array, Array]:
    """State and action of step ``at`` and the discounted return from there; NaN if not reached.

    ``other`` are the actions to take in that step, the policies' own without it.
    """
    gamma = agent.config.gamma
    horizon = math.ceil(math.log(REST) / math.log(gamma))
    longest = int(at.max()) + horizon
    envs = [make_many(env, len(seeds), max_episode_steps=longest) for _ in range(agent.n)]
    player, now = agent.player(), 0

    def policy(obs: NDArray[Any]) -> NDArray[Any]:
        action = np.array(player.act(obs))
        if other is not None:
            action[at == now] = other[at == now]
        return action

    state, action = (
        np.full((*at.shape, agent.obs_dim), np.nan),
        np.full((*at.shape, len(agent.low)), np.nan),
    )
    paid = np.full(at.shape, np.nan)
    try:
        for step in rollout(policy, envs, seeds):
            begins = (at == now) & step.running
            state[begins], action[begins] = step.obs[begins], step.action[begins]
            paid[begins] = 0.0
            since = now - at
            counted = (since >= 0) & (since < horizon)
            paid += np.where(counted, gamma ** np.maximum(since, 0), 0.0) * step.reward
            now += 1
            if not (step.running & (since < horizon)).any():
                break
    finally:
        for row in envs:
            close_all(row)
    return state, action, paid
