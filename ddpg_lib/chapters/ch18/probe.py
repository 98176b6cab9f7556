"""What a memory holds: a pendulum's hidden velocity, and how much of it can be read."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.agents.recurrent import RecurrentDDPG
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import rollout
from ddpg_lib.maths.probes import linear_probe, read, share_explained
from ddpg_lib.worlds.hidden import WITHOUT_VELOCITY

Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Watched:
    """Episodes of a stack of n agents, with what the environment hides.

    Attributes
    ----------
    memory : array, shape (n, episodes, steps, units)
        What the actors remember after each observation.
    obs : array, shape (n, episodes, steps, 2)
        Cosine and sine of the angle.
    action : array, shape (n, episodes, steps)
        The torques that followed, in N m.
    velocity : array, shape (n, episodes, steps)
        The hidden angular velocity, in rad/s.
    returns : array, shape (n, episodes)
        Of each episode.
    """

    memory: Array
    obs: Array
    action: Array
    velocity: Array
    returns: Array


def watch(agent: RecurrentDDPG, episodes: int = 4, seed: int = 5_000_000) -> Watched:
    """Play the pendulum without its velocity, without noise, and note what is hidden.

    ``seed`` is that of the first episode, the same for all agents.
    """
    envs = [[make(WITHOUT_VELOCITY) for _ in range(episodes)] for _ in range(agent.n)]
    player, kept = agent.player(), []

    def act(obs: NDArray[Any]) -> NDArray[np.float32]:
        speeds = [[env.unwrapped.state[1] for env in row] for row in envs]  # type: ignore[attr-defined]
        action = player.act(obs)
        assert player.actor_state is not None
        kept.append((player.actor_state.numpy().copy(), obs, action[..., 0], np.array(speeds)))
        return action

    returns = np.zeros((agent.n, episodes))
    for step in rollout(act, envs, range(seed, seed + episodes)):
        returns += step.reward
    for row in envs:
        for env in row:
            env.close()
    memory, seen, actions, hidden = (
        np.stack(x, axis=2).astype(float) for x in zip(*kept, strict=True)
    )
    return Watched(memory, seen, actions, hidden, returns)


def remembered(agent: RecurrentDDPG, seen: Watched) -> Array:
    """What other actors would remember of the same episodes: ``(n, episodes, steps, units)``.

    ``agent`` is a stack of as many agents, and ``seen`` is from :func:`watch`.
    """
    torque = torch.tensor(seen.action[..., None], dtype=torch.float32)
    scaled = (torque - torch.from_numpy(agent.center)) / torch.from_numpy(agent.half_range)
    last = torch.cat((torch.zeros_like(scaled[:, :, :1]), scaled[:, :, :-1]), dim=2)
    obs = torch.tensor(seen.obs, dtype=torch.float32)
    empty = torch.zeros(*obs.shape[:2], agent.config.memory)
    with torch.no_grad():
        states = agent.actor.follow(obs, last, torch.zeros(obs.shape[:3]), empty)
    return np.asarray(states, float)


def probed(x: Array, y: Array, train: int) -> NDArray[np.float64]:
    """R² of a linear probe for each agent, fitted to its first episodes, judged on the others.

    Parameters
    ----------
    x : shape (n, episodes, steps, features)
        What is read from.
    y : shape (n, episodes, steps)
        What is read.
    train
        Episodes that the probe is fitted to.

    Returns
    -------
    array, shape (n,)
    """
    scores = []
    for features, truth in zip(x, y, strict=True):
        flat = features.reshape(*features.shape[:2], -1)
        weights = linear_probe(flat[:train].reshape(-1, flat.shape[-1]), truth[:train].reshape(-1))
        rest = flat[train:].reshape(-1, flat.shape[-1])
        scores.append(share_explained(truth[train:].reshape(-1), read(rest, weights)))
    return np.array(scores)
