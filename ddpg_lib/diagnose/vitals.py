"""Quantities inside a trained stack that tell one bug from another, each a number an agent."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.ddpg import DDPG
from ddpg_lib.diagnose.trials import TRIALS, trials
from ddpg_lib.envs.making import EnvLike, make
from ddpg_lib.parts.losses import td_target
from ddpg_lib.parts.networks import Actor
from ddpg_lib.parts.noise import DecayingNoise
from ddpg_lib.parts.replay import Batch, ReplayBuffer

Array = NDArray[np.float64]

VITALS: dict[str, str] = {
    "gaps": "share of rows whose s' is not the s of the next row",
    "gap size": "median size of those gaps, over the median step from s to s'",
    "still": "share of rows whose s' equals their s",
    "long jump": "longest step from s to s', over the 99th percentile of steps",
    "ends": "share of rows with d = 1",
    "even ends": "1 if all rows with d = 1 are equally far apart, 0 if not",
    "outside": "share of stored observations that the environment cannot give",
    "stored": "largest stored action, in the units of the actor, whose bound is 1",
    "sent": "largest of 1,000 random actions, over the environment's bound",
    "reward spread": "standard deviation of the stored rewards, over their mean size",
    "critic lag": "distance from the critic's weights to its target's, over their size",
    "actor lag": "the same of the actor",
    "actor moved": "largest weight of the actor's last layer, over its largest at the start",
    "target moved": "the same of the target actor",
    "TD error": "mean of y - Q(s, a), over the mean size of the rewards",
    "TD error at ends": "mean size of y - Q(s, a) where d = 1, over that elsewhere",
    "value spread": "standard deviation of Q(s, a) over rows, over that of y",
    "impossible": "share of states whose value no rewards of the stored sizes could add up to",
    "rank": "share of random actions that the critic puts below the actor's",
    "at bound": "share of the actor's actions within 1% of a bound",
    "against": "share of them within 1% of a bound although the critic's slope points inward",
    "slope": "median size of dQ/da at the actor's actions, over the spread of Q over states",
    "noise": "standard deviation that exploration adds to an action, over sigma",
    "unsteady": "largest difference between two evaluations of one policy in one state",
    "seen otherwise": "mean difference of an action at the start of an evaluation and in training",
    "twins": "share of the first 500 actions that equal those of another agent",
    **TRIALS,
}
"""What each quantity of :func:`vitals` is."""

ROWS = 2_000  # at most, of the buffer's, in which networks are asked
RANDOM = 32  # random actions in each state


def vitals(agent: DDPG, env: EnvLike | None = None, **env_kwargs: Any) -> dict[str, Array]:
    """Measure the quantities of ``VITALS`` in a stack, which stays as it is.

    What cannot be known, such as ``sent`` without an ``env`` or ``twins`` of one agent, is NaN.
    ``env_kwargs`` are for ``gymnasium.make``.

    Returns
    -------
    dict of array, shape (n,)
        By the names of ``VITALS``, in that order.

    Raises
    ------
    ValueError
        If the stack keeps no single transitions of numbers, as a recurrent one or one that sees
        images, or if its buffer holds fewer than two.
    """
    replay = agent.replay
    if not isinstance(replay, ReplayBuffer) or replay.MORE or agent.config.kind != "ddpg":
        raise ValueError(
            "vitals are those of stacks whose buffer holds single transitions: train with "
            "n_step=1, and without an encoder or a memory"
        )
    if len(replay) < 2:
        raise ValueError("the replay buffer holds fewer than two transitions: train first")
    # A copy, since exploring draws random numbers; it shares what is large or cannot be copied.
    shared = {id(x): x for x in (replay, agent._learn)}
    probe = copy.deepcopy(agent, shared)
    rows = _in_order(replay)
    found = _stored(rows) | _bounds(agent, rows, env, env_kwargs)
    found |= _weights(agent) | _networks(agent, replay) | _behavior(probe, rows)
    found |= trials(agent)
    return {name: np.asarray(found[name], float) for name in VITALS}


def _in_order(replay: ReplayBuffer) -> Batch:
    """All transitions, the oldest first, ``(n, rows, ...)``."""
    order = np.arange(replay.count - len(replay), replay.count) % replay.capacity
    return replay._batch(np.tile(order, (replay.n, 1)))


def _stored(rows: Batch) -> dict[str, Array]:
    """What the buffer's rows say of the loop that filled it."""
    jump = (rows.next_obs - rows.obs).norm(dim=-1).numpy().astype(float)
    gap = (rows.obs[:, 1:] - rows.next_obs[:, :-1]).norm(dim=-1).numpy().astype(float)
    ends, reward = rows.terminated.numpy(), rows.reward.numpy().astype(float)
    step = np.maximum(np.median(jump, axis=1), 1e-12)
    sizes = [np.median(g[g > 0]) if (g > 0).any() else 0.0 for g in gap]
    usual = np.maximum(np.percentile(jump, 99, axis=1), 1e-12)
    # Four ends leave three distances, which chance makes equal in hardly any world.
    apart = [np.diff(np.flatnonzero(e)) for e in ends]
    even = [float(len(d) >= 3 and len(set(d)) == 1) for d in apart]
    first = rows.action[:, :500].numpy()
    n = len(first)
    same = np.full((n, n), np.nan)
    for i in range(n):
        for j in set(range(n)) - {i}:
            same[i, j] = (first[i] == first[j]).all(axis=-1).mean()
    return {
        "gaps": (gap > 0).mean(axis=1),
        "gap size": np.array(sizes) / step,
        "still": (jump == 0).mean(axis=1),
        "long jump": jump.max(axis=1) / usual,
        "ends": ends.mean(axis=1),
        "even ends": np.array(even),
        "stored": rows.action.abs().amax(dim=(1, 2)).numpy(),
        "reward spread": reward.std(axis=1) / np.maximum(np.abs(reward).mean(axis=1), 1e-12),
        "twins": np.array([np.nanmax(x) for x in same]) if n > 1 else np.full(n, np.nan),
    }


def _bounds(
    agent: DDPG, rows: Batch, env: EnvLike | None, env_kwargs: dict[str, Any]
) -> dict[str, Array]:
    """What the environment's own bounds say of what is stored and sent."""
    unknown = np.full(agent.n, np.nan)
    if env is None:
        return {"outside": unknown, "sent": unknown}
    world = make(env, **env_kwargs)
    obs, action = world.observation_space, world.action_space
    world.close()
    assert isinstance(obs, gym.spaces.Box)
    assert isinstance(action, gym.spaces.Box)
    seen = rows.obs.numpy()
    slack = 1e-4 * (1 + np.abs(seen))
    out = (seen < obs.low - slack) | (seen > obs.high + slack)
    rngs = copy.deepcopy(agent.warmup_rngs)
    scaled = [rng.uniform(-1, 1, (1_000, agent.low.size)) for rng in rngs]
    drawn = agent.center + agent.half_range * np.stack(scaled)
    middle, half = (action.high + action.low) / 2, (action.high - action.low) / 2
    share = np.abs((drawn - middle) / half).max(axis=1)  # the component that is reached least
    return {"outside": out.any(axis=-1).mean(axis=1), "sent": share.min(axis=-1)}


def _flat(network: torch.nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten(1) for p in network.parameters()], dim=1)


def _last_layer(actor: Actor) -> Array:
    last = actor.layers[-1]
    weight: Tensor = last.weight  # type: ignore[assignment]
    return weight.detach().abs().flatten(1).amax(1).numpy().astype(float)


def _weights(agent: DDPG) -> dict[str, Array]:
    """Which networks have moved, and which follow."""
    pairs = {
        "critic lag": (agent.critic, agent.critic_target),
        "actor lag": (agent.actor, agent.actor_target),
    }
    found = {}
    for name, (online, target) in pairs.items():
        w, w_target = _flat(online), _flat(target)
        found[name] = ((w - w_target).norm(dim=1) / w.norm(dim=1)).numpy().astype(float)
    # The last layer begins within +-final_init, and leaves it with the first few hundred steps.
    bound = agent.config.final_init
    found["actor moved"] = _last_layer(agent.actor) / bound
    found["target moved"] = _last_layer(agent.actor_target) / bound
    return found


def _networks(agent: DDPG, replay: ReplayBuffer) -> dict[str, Array]:
    """What the critic says of rows of the buffer, of the actor's actions, and of random ones."""
    c, size = agent.config, min(len(replay), ROWS)
    slots = np.linspace(0, len(replay) - 1, size).astype(int)
    batch = replay._batch(np.tile(slots, (agent.n, 1)))
    with torch.no_grad():
        next_q = agent.critic_target(batch.next_obs, agent.actor_target(batch.next_obs))
        y = td_target(batch.reward, batch.terminated, next_q, batch.discount)
        q = agent.critic(batch.obs, batch.action)
    error = (y - q).numpy().astype(float)
    over, size_of = batch.terminated.numpy() > 0, np.abs(error)
    at_ends = [
        e[d].mean() / max(e[~d].mean(), 1e-12) if d.any() and not d.all() else np.nan
        for e, d in zip(size_of, over, strict=True)
    ]
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
            below += (agent.critic(batch.obs, other) < value) / RANDOM
    reward = batch.reward.numpy().astype(float)
    # With 0, which untrained critics say, and which is what may follow where episodes end.
    least = np.minimum(reward.min(axis=1) / (1 - c.gamma), 0)
    most = np.maximum(reward.max(axis=1) / (1 - c.gamma), 0)
    margin = 0.05 * np.abs(np.stack([least, most])).max(axis=0)
    values = value.numpy().astype(float)
    beyond = (values > (most + margin)[:, None]) | (values < (least - margin)[:, None])
    spread = np.maximum(values.std(axis=1), 1e-12)
    return {
        "TD error": error.mean(axis=1) / np.maximum(np.abs(reward).mean(axis=1), 1e-12),
        "TD error at ends": np.array(at_ends),
        "value spread": (q.std(dim=1) / y.std(dim=1).clamp_min(1e-12)).numpy(),
        "impossible": beyond.mean(axis=1),
        "rank": below.mean(dim=1).numpy(),
        "at bound": bound.float().mean(dim=(1, 2)).numpy(),
        "against": (bound & (slope * action < 0)).float().mean(dim=(1, 2)).numpy(),
        "slope": np.median(slope.abs().numpy(), axis=(1, 2)) / spread,
    }


def _behavior(probe: DDPG, rows: Batch, times: int = 200) -> dict[str, Array]:
    """How a copy of the stack acts: in training, in evaluations, and twice in one state."""
    slots = np.linspace(0, rows.obs.shape[1] - 1, times).astype(int)
    obs = rows.obs.numpy()[:, slots]  # (n, times, obs_dim)
    player = probe.player()
    # One after the other, as an evaluation meets them: a player may gather statistics of its own.
    met = np.concatenate([player.act(obs[:, t : t + 1]) for t in range(times // 10)], axis=1)
    first, again = player.act(obs), player.act(obs)
    trained = probe.actor(torch.from_numpy(obs)).detach().numpy()
    own = probe.center + probe.half_range * trained
    sigma = probe.config.sigma
    if isinstance(process := copy.deepcopy(probe.noise), DecayingNoise):  # by now it is less
        sigma = float(np.std([process.sample() for _ in range(times)]))
    tried = np.stack([probe.explore(obs[:, t]) for t in range(times)], axis=1)
    noise = (tried - own) / probe.half_range
    # Where it does not clip, as far as there is such a place.
    free = np.abs(trained) < 1 - probe.config.sigma
    sizes = [x[f].std() if f.sum() > 10 else x.std() for x, f in zip(noise, free, strict=True)]
    different = np.abs(met - own[:, : times // 10]) / probe.half_range
    return {
        "noise": np.array(sizes) / max(sigma, 1e-12),
        "unsteady": (np.abs(first - again) / probe.half_range).max(axis=(1, 2)),
        "seen otherwise": different.mean(axis=(1, 2)),
    }
