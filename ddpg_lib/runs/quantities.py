"""What networks and buffer say of a stack in training, cheap enough for every evaluation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import td_target
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.parts.replay import ReplayBuffer

Array = NDArray[np.float64]

ROWS = 256  # of the buffer's, in which networks are asked at an evaluation
RANDOM = 32  # random actions in each state
OF_ONE_STEP = ("TD error", "TD error at ends", "value spread", "impossible", "reward spread")
"""Quantities that a buffer of n-step transitions cannot give: its rows hold sums of rewards."""


def quantities(agent: object, rows: int = ROWS) -> dict[str, Array]:
    """Measure a stack at an evaluation, without a random number of its own and without a trace.

    The names are those of :data:`ddpg_lib.diagnose.vitals.VITALS`, which says what they are and
    measures more, in more ``rows`` of the buffer. There are none before the first update, and
    none of agents that are not DDPG on vectors, whose networks are asked otherwise.

    Returns
    -------
    dict of array, shape (n,)
        NaN for an agent of which one cannot be known, such as ``TD error at ends`` without ends.
    """
    if not (
        isinstance(agent, DDPG)
        and agent.config.kind == "ddpg"
        and isinstance(agent.replay, ReplayBuffer)
        and isinstance(agent.actor, Actor)
        and isinstance(agent.critic, Critic)
        and agent.updates
        and len(agent.replay) > 1
    ):
        return {}
    return of_rewards(agent) | of_weights(agent) | of_networks(agent, rows)


def of_rewards(agent: DDPG) -> dict[str, Array]:
    """The ``reward spread`` of all rows, unless they hold sums over several steps."""
    replay = agent.replay
    if replay.MORE:
        return {}
    column = sum(replay.sizes[:2])  # after s and a
    reward = _numbers(replay.rows[:, : len(replay), column])
    size = np.maximum(np.abs(reward).mean(axis=1), 1e-12)
    return {"reward spread": reward.std(axis=1) / size}


def of_weights(agent: DDPG) -> dict[str, Array]:
    """Which networks have moved, and which follow: each quantity by name, ``(n,)``."""
    pairs = {
        "critic lag": (agent.critic, agent.critic_target),
        "actor lag": (agent.actor, agent.actor_target),
    }
    found = {}
    for name, (online, target) in pairs.items():
        w, w_target = _flat(online), _flat(target)
        found[name] = _numbers((w - w_target).norm(dim=1) / w.norm(dim=1))
    # The last layer begins within +-final_init, and leaves it with the first few hundred steps.
    bound = agent.config.final_init
    found["actor moved"] = _last_layer(agent.actor) / bound
    found["target moved"] = _last_layer(agent.actor_target) / bound
    return found


def of_networks(agent: DDPG, rows: int) -> dict[str, Array]:
    """What the critic says of rows of the buffer, of the actor's actions, and of random ones.

    ``rows`` is how many, spread evenly over the buffer. Without ``OF_ONE_STEP`` where a row spans
    several.
    """
    c, replay = agent.config, agent.replay
    slots = np.linspace(0, len(replay) - 1, min(len(replay), rows)).astype(int)
    batch = replay._batch(np.tile(slots, (agent.n, 1)))
    with torch.no_grad():
        next_q = agent.critic_target(batch.next_obs, agent.actor_target(batch.next_obs))
        y = td_target(batch.reward, batch.terminated, next_q, batch.discount)
        q = agent.critic(batch.obs, batch.action)
    with torch.enable_grad():
        action = agent.actor(batch.obs).detach().requires_grad_(True)
        value = agent.critic(batch.obs, action)
        (slope,) = torch.autograd.grad(value.sum(), action)
    value, action = value.detach(), action.detach()
    bound = action.abs() > 0.99
    rng = np.random.default_rng(0)
    below = torch.zeros_like(value)
    for _ in range(RANDOM):
        other = torch.tensor(rng.uniform(-1, 1, action.shape), dtype=torch.float32)
        with torch.no_grad():
            below += (agent.critic(batch.obs, other.to(value.device)) < value) / RANDOM
    values = _numbers(value)
    spread = np.maximum(values.std(axis=1), 1e-12)
    found = {
        "rank": _numbers(below.mean(dim=1)),
        "at bound": _numbers(bound.float().mean(dim=(1, 2))),
        "against": _numbers((bound & (slope * action < 0)).float().mean(dim=(1, 2))),
        "slope": np.median(np.abs(_numbers(slope)), axis=(1, 2)) / spread,
    }
    if replay.MORE:
        return found
    error = _numbers(y - q)
    over, size_of = batch.terminated.cpu().numpy() > 0, np.abs(error)
    at_ends = [
        e[d].mean() / max(e[~d].mean(), 1e-12) if d.any() and not d.all() else np.nan
        for e, d in zip(size_of, over, strict=True)
    ]
    reward = _numbers(batch.reward)
    # With 0, which untrained critics say, and which is what may follow where episodes end.
    least = np.minimum(reward.min(axis=1) / (1 - c.gamma), 0)
    most = np.maximum(reward.max(axis=1) / (1 - c.gamma), 0)
    margin = 0.05 * np.abs(np.stack([least, most])).max(axis=0)
    beyond = (values > (most + margin)[:, None]) | (values < (least - margin)[:, None])
    return found | {
        "TD error": error.mean(axis=1) / np.maximum(np.abs(reward).mean(axis=1), 1e-12),
        "TD error at ends": np.array(at_ends),
        "value spread": _numbers(q.std(dim=1) / y.std(dim=1).clamp_min(1e-12)),
        "impossible": beyond.mean(axis=1),
    }


def _numbers(x: Tensor) -> Array:
    return x.detach().float().cpu().numpy().astype(float)


def _flat(network: torch.nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten(1) for p in network.parameters()], dim=1)


def _last_layer(actor: Actor) -> Array:
    weight: Tensor = actor.layers[-1].weight  # type: ignore[assignment]
    return _numbers(weight.abs().flatten(1).amax(1))
