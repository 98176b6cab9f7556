"""What a trained agent's own stream of transitions carries: observations, errors, gradients."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import td_target
from ddpg_lib.worlds.pendulum import PendulumModel, start_states

Array: TypeAlias = NDArray[Any]
DIRECTIONS = 100


def noisy_episodes(agent: DDPG, episodes: int = 20, seed: int = 5) -> tuple[Tensor, ...]:
    """Play the pendulum with exploration noise, all agents from the same starts.

    Returns
    -------
    obs, action, reward, next_obs : tensors, shape (n, transitions, size)
        As a buffer would hold them, one episode after another; the reward is ``(n, transitions)``.
    """
    model, noise, sigma = PendulumModel(), np.random.default_rng(seed), agent.config.sigma
    starts = start_states(range(500, 500 + episodes))
    angle, speed = (np.tile(x, (agent.n, 1)) for x in starts)
    record = []
    for _ in range(200):
        obs = model.observation(angle, speed)
        torque = agent.act(obs)[..., 0] + 2 * sigma * noise.normal(size=angle.shape)
        torque = np.clip(torque, -2, 2)
        angle, speed, reward = model.step(angle, speed, torque)
        scaled = agent.config.reward_scale * reward
        record.append((obs, torque[..., None] / 2, scaled, model.observation(angle, speed)))
    fields = [np.stack(x, axis=2).astype(np.float32) for x in zip(*record, strict=True)]
    return tuple(torch.from_numpy(x.reshape(agent.n, -1, *x.shape[3:])) for x in fields)


def td_errors(agent: DDPG, played: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """TD errors of what was ``played``, as :func:`noisy_episodes` returns it.

    Returns
    -------
    target, error : tensors, shape (n, transitions)
        The critics' targets, and what they are off by.
    """
    obs, action, reward, next_obs = played
    with torch.no_grad():
        next_q = agent.critic(next_obs, agent.actor(next_obs))
        target = td_target(reward, torch.zeros_like(reward), next_q, agent.config.gamma)
        return target, target - agent.critic(obs, action)


def single_gradients(
    agent: DDPG, i: int, obs: Tensor, action: Tensor, target: Tensor, which: str
) -> Array:
    """Gradient of each transition's own loss, for agent ``i``: ``(transitions, 100)``.

    Of that agent are ``obs``, ``action`` and ``target``, one row a transition.

    A stack of copies of one network, with one transition each, has all these gradients in one
    backward pass. They are given along 100 random directions, which preserve squared lengths on
    average (Johnson and Lindenstrauss 1984). ``which`` is "actor" or "critic".
    """
    sizes = [p[0].numel() for p in getattr(agent, which).parameters()]
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(sum(sizes), DIRECTIONS, generator=generator) / DIRECTIONS**0.5
    found = []
    for part in torch.arange(len(obs)).split(1_000):
        n, nets = len(part), ("actor", "critic")
        copies = {net: _copies(getattr(agent, net), i, n) for net in nets}
        s, a, y = obs[part, None], action[part, None], target[part, None]
        if which == "actor":
            a = torch.func.functional_call(agent.actor, copies["actor"], (s,))
        q = torch.func.functional_call(agent.critic, copies["critic"], (s, a))
        loss = -q.sum() if which == "actor" else (y - q).square().sum()
        pieces = torch.autograd.grad(loss, list(copies[which].values()))
        flat = torch.cat([g.reshape(len(part), -1) for g in pieces], dim=1)
        found.append(flat @ directions)
    return np.asarray(torch.cat(found).numpy())


def _copies(network: torch.nn.Module, i: int, count: int) -> dict[str, Tensor]:
    """The weights of agent i, ``count`` times, as the weights of a stack."""
    return {
        name: p[i : i + 1].detach().repeat(count, 1, 1).requires_grad_()
        for name, p in network.named_parameters()
    }
