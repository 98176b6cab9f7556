"""A look inside a trained stack: what the critic promises against what the policy then gets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import make
from ddpg_lib.envs.pixels import seen
from ddpg_lib.evaluation import rollout

Array = NDArray[np.float64]
INSIDE_SEED = 2_000_000  # other starts than those of evaluations
REST = 0.01  # share of a steady reward's discounted sum that is left out
SATURATED = 0.99  # of the action range's half


def look_inside(
    agent: DDPG, env: str, episodes: int = 5, seed: int = INSIDE_SEED, **kwargs: Any
) -> dict[str, Array]:
    r"""Compare the critics with Monte Carlo returns, and count saturated actions.

    The noise-free policies play. In each state before the time limit the critic's
    :math:`Q_\phi(s, \mu_\theta(s))` stands beside the discounted sum of the rewards that follow.
    The episodes go on past the time limit, until 1% of such a sum is left out, since the critic
    does not know of the limit.

    ``env`` is a Gymnasium id, ``seed`` that of every agent's first episode, and ``kwargs`` are for
    ``gymnasium.make``.

    Returns
    -------
    dict of array, shape (n,)
        Means over the states visited: ``critic`` and ``monte_carlo``, in units of the reward;
        ``spread``, the standard deviation of critic less Monte Carlo; ``saturated``, the share
        of action components within 1% of a bound; ``length``, steps an episode.
    """
    n, gamma = agent.n, agent.config.gamma
    limit = kwargs.pop("max_episode_steps", None) or _time_limit(agent, env, **kwargs) or 1_000
    beyond = math.ceil(math.log(REST) / math.log(gamma)) if gamma > 0 else 0
    repeat = agent.config.action_repeat  # the limit counts the environment's own steps
    kwargs["max_episode_steps"] = limit + beyond * repeat
    limit = math.ceil(limit / repeat)
    seen_env, seen_kwargs = seen(env, agent.config, **kwargs)
    envs = [[make(seen_env, **seen_kwargs) for _ in range(episodes)] for _ in range(n)]
    played: list[tuple[Array, Array, NDArray[np.bool_], Array]] = []
    player = agent.player()
    for step in rollout(player.act, envs, range(seed, seed + episodes)):
        value = player.q(step.obs, step.action).astype(float)
        full = np.abs((step.action - agent.center) / agent.half_range) > SATURATED
        played.append((value, step.reward, step.running, full.mean(axis=-1)))
    for row in envs:
        for e in row:
            e.close()

    values, rewards, alive, full_share = (np.stack(x) for x in zip(*played, strict=True))
    returns = np.zeros_like(rewards)
    following = np.zeros((n, episodes))
    for t in reversed(range(len(rewards))):
        following = rewards[t] + gamma * following
        returns[t] = following
    before = alive[:limit]
    visits = before.sum(axis=(0, 2))

    def mean(x: Array) -> Array:
        return np.asarray(np.where(before, x[:limit], 0).sum(axis=(0, 2)) / visits)

    error = values - returns
    bias = mean(error)
    return {
        "critic": mean(values),
        "monte_carlo": mean(returns),
        "spread": np.sqrt(mean((error - bias[:, None]) ** 2)),
        "saturated": mean(full_share),
        "length": visits / episodes,
    }


def _time_limit(agent: DDPG, env: str, **kwargs: Any) -> int | None:
    seen_env, seen_kwargs = seen(env, agent.config, **kwargs)
    made = make(seen_env, **seen_kwargs)  # an id may be one that its module registers
    made.close()
    return made.spec.max_episode_steps if made.spec else None
