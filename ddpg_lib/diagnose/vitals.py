"""Quantities inside a trained stack that tell one bug from another, each a number an agent."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.diagnose.trials import TRIALS, trials
from ddpg_lib.envs.making import EnvLike, make
from ddpg_lib.parts.noise import DecayingNoise
from ddpg_lib.parts.replay import Batch, ReplayBuffer
from ddpg_lib.runs.quantities import of_networks, of_rewards, of_weights

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


def vitals(agent: DDPG, env: EnvLike | None = None, **env_kwargs: Any) -> dict[str, Array]:
    """Measure the quantities of ``VITALS`` in a stack, which stays as it is.

    What cannot be known is NaN: ``sent`` without an ``env``, ``twins`` of one agent, and where a
    row spans several steps whatever is about single rows and one-step targets.
    ``env_kwargs`` are for ``gymnasium.make``.

    Returns
    -------
    dict of array, shape (n,)
        By the names of ``VITALS``, in that order.

    Raises
    ------
    ValueError
        If the stack keeps no transitions of numbers, as a recurrent one or one that sees images,
        or if its buffer holds fewer than two.
    """
    replay = agent.replay
    if not isinstance(replay, ReplayBuffer) or agent.config.kind != "ddpg":
        raise ValueError(
            "vitals are those of stacks whose buffer holds transitions of vectors: train without "
            "an encoder or a memory"
        )
    if len(replay) < 2:
        raise ValueError("the replay buffer holds fewer than two transitions: train first")
    # A copy, since exploring draws random numbers; it shares what is large or cannot be copied.
    shared = {id(x): x for x in (replay, agent._learn)}
    probe = copy.deepcopy(agent, shared)
    rows = _in_order(replay)
    found = {name: np.full(agent.n, np.nan) for name in VITALS}
    found |= _of_actions(rows) | _bounds(agent, rows, env, env_kwargs)
    if not replay.MORE:
        found |= _stored(rows)
    found |= of_rewards(agent) | of_weights(agent) | of_networks(agent, ROWS)
    found |= _behavior(probe, rows)
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
    ends = rows.terminated.numpy()
    step = np.maximum(np.median(jump, axis=1), 1e-12)
    sizes = [np.median(g[g > 0]) if (g > 0).any() else 0.0 for g in gap]
    usual = np.maximum(np.percentile(jump, 99, axis=1), 1e-12)
    # Four ends leave three distances, which chance makes equal in hardly any world.
    apart = [np.diff(np.flatnonzero(e)) for e in ends]
    even = [float(len(d) >= 3 and len(set(d)) == 1) for d in apart]
    return {
        "gaps": (gap > 0).mean(axis=1),
        "gap size": np.array(sizes) / step,
        "still": (jump == 0).mean(axis=1),
        "long jump": jump.max(axis=1) / usual,
        "ends": ends.mean(axis=1),
        "even ends": np.array(even),
    }


def _of_actions(rows: Batch) -> dict[str, Array]:
    """What the stored actions say, of however many steps a row is."""
    first = rows.action[:, :500].numpy()
    n = len(first)
    same = np.full((n, n), np.nan)
    for i in range(n):
        for j in set(range(n)) - {i}:
            same[i, j] = (first[i] == first[j]).all(axis=-1).mean()
    return {
        "stored": rows.action.abs().amax(dim=(1, 2)).numpy(),
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
