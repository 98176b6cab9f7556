"""What a copy of a stack does with transitions and minibatches that are made for it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.gradients import actor_loss_through
from ddpg_lib.parts.losses import actor_loss, critic_loss, td_target
from ddpg_lib.parts.replay import Batch, ReplayBuffer

Array = NDArray[np.float64]

TRIALS: dict[str, str] = {
    "keeps s": "share of 40 transitions whose s is stored as it was given",
    "keeps a": "share of them whose a is, scaled",
    "keeps r": "share of them whose r is, times reward_scale",
    "keeps s'": "share of them whose s' is",
    "keeps d": "share of them whose d is",
    "d at limits": "d stored where an episode was cut off",
    "late r": "share of them stored with the reward of the one before",
    "act gain": "the action sent, over what the actor says, where neither is clipped",
    "explores otherwise": "largest difference of explore, its noise set to 0, from the actor's own",
    "rows drawn": "rows that an update learns from, over batch_size",
    "foreign rows": "share of them that the buffer does not hold",
    "age drawn": "mean age of drawn rows, over that of all rows",
    "own reward": "weight of r in the target by which the critic's loss is computed",
    "own discount": "weight of Q'(s', mu'(s')) in that target, over gamma",
    "own ends": "size of that target without r where d = 1, over that where d = 0",
    "misses": "distance of that target from y in 32 rows, over the size of Q'(s', mu'(s'))",
    "misses, by s": "the same distance from y with s for s'",
    "misses, by Q": "the same from y with Q for Q', and mu or mu'",
    "misses, by mu": "the same from y with mu for mu'",
    "misses, by a": "the same from y with the stored action for mu'(s')",
    "loss": "critic's loss of a minibatch, over the mean of (y - Q(s, a)) squared",
    "critic descends": "agreement of the critic's step with its loss's gradient: 1 down, -1 up",
    "critic step": "largest change of a weight in the critic's first step, over its step size",
    "actor ascends": "agreement of the actor's step with dQ/da dmu/dtheta: 1 up, -1 down",
    "actor step": "largest change of a weight in the actor's first step, over its step size",
    "critic moved twice": "how far the actor's step moves the critic, over the critic's own step",
    "critic follows": "share of its way that the target critic goes in an update, over tau",
    "actor follows": "the same of the target actor",
}
"""What each quantity of :func:`trials` is."""

FED, ASKED, DRAWN = 40, 32, 8  # transitions, rows, updates


def trials(agent: DDPG) -> dict[str, Array]:
    """Measure the quantities of ``TRIALS``, each ``(n,)``, in copies of a stack.

    A quantity that cannot be had is NaN, as those of targets where the critic normalizes over
    minibatches: then the target of one row depends on the others. Of a buffer of n-step
    transitions it is not asked what it keeps, nor of their target how it is made.
    """
    found = {name: np.full(agent.n, np.nan) for name in TRIALS}
    found |= _acted(agent) | _drawn(agent)
    of_one_step = not agent.replay.MORE
    if of_one_step:
        found |= _fed(agent)
    if "batch" not in (agent.config.norm("critic"), agent.config.norm("actor")):
        found |= _stepped(agent)
        if of_one_step:
            found |= _asked(agent)
    return {name: np.asarray(found[name], float) for name in TRIALS}


def _copy(agent: DDPG) -> DDPG:
    """A copy that shares what is large or cannot be copied."""
    shared = {id(x): x for x in (agent.replay, agent._learn)}
    return copy.deepcopy(agent, shared)


def _fed(agent: DDPG) -> dict[str, Array]:
    """Which columns of transitions come back from the buffer as they were given."""
    probe, n = _copy(agent), agent.n
    buffer: ReplayBuffer = copy.copy(probe.replay)
    buffer.rows = torch.zeros(n, FED, probe.replay.rows.shape[-1])
    buffer.capacity, buffer.count, buffer.first_row = FED, 0, np.arange(n)[:, None] * FED
    probe.replay = buffer
    rng = np.random.default_rng(0)
    obs = rng.standard_normal((FED + 1, n, agent.obs_dim)).astype(np.float32)
    scaled = rng.uniform(-0.9, 0.9, (FED, n, agent.low.size)).astype(np.float32)
    reward = rng.standard_normal((FED, n)).astype(np.float32)
    over, cut = np.zeros((2, FED, n), bool)
    over[9::10] = True
    cut[4::10] = True
    given = {"s": obs[:-1], "a": scaled, "s'": obs[1:].copy()}
    given["s'"][over[:, 0] | cut[:, 0]] += 1  # how an episode ended; then another one begins
    for t in range(FED):
        probe.explore(obs[t])  # agents may keep what they last saw
        action = agent.center + agent.half_range * scaled[t]
        probe.remember(obs[t], action, reward[t], given["s'"][t], over[t], cut[t])
    if buffer.count != FED:
        return {}
    rows = buffer._batch(np.tile(np.arange(FED), (n, 1)))
    kept = {"s": rows.obs, "a": rows.action, "s'": rows.next_obs}
    alike = {
        f"keeps {name}": np.isclose(kept[name].numpy(), x.swapaxes(0, 1), atol=1e-4)
        .all(axis=-1)
        .mean(axis=1)
        for name, x in given.items()
    }
    earned, right = rows.reward.numpy(), agent.config.reward_scale * reward.T
    size = 1e-4 * agent.config.reward_scale
    d = rows.terminated.numpy()
    return {
        **alike,
        "keeps r": np.isclose(earned, right, atol=size).mean(axis=1),
        "late r": np.isclose(earned[:, 1:], right[:, :-1], atol=size).mean(axis=1),
        "keeps d": (d == over.T).mean(axis=1),
        "d at limits": d[:, cut[:, 0]].mean(axis=1),
    }


def _acted(agent: DDPG) -> dict[str, Array]:
    """How actions come from what the actor says."""
    probe, slots = _copy(agent), np.linspace(0, len(agent.replay) - 1, 200).astype(int)
    obs = agent.replay._batch(np.tile(slots, (agent.n, 1))).obs
    with torch.no_grad():
        own = probe.actor(obs).numpy()
    acted = (probe.act(obs.numpy()) - agent.center) / agent.half_range
    probe.noise.sigma = 0.0
    probe.noise.reset(np.ones(agent.n, bool))
    sent = np.stack([probe.explore(obs.numpy()[:, t]) for t in range(len(slots))], axis=1)
    tried = (sent - agent.center) / agent.half_range
    gain = np.full(agent.n, np.nan)
    for i in range(agent.n):
        free = (np.abs(acted[i]) < 0.99) & (np.abs(own[i]) < 0.99) & (np.abs(own[i]) > 1e-3)
        if free.sum() > 10:
            gain[i] = np.median(acted[i][free] / own[i][free])
    clipped = np.clip(own, -1, 1)
    return {
        "act gain": gain,
        "explores otherwise": np.abs(tried - clipped).max(axis=(1, 2)),
    }


def _drawn(agent: DDPG) -> dict[str, Array]:
    """What updates learn from: minibatches are caught on their way."""
    probe, caught = _copy(agent), list[Batch]()
    probe.replay = copy.copy(agent.replay)
    probe.replay.rngs = copy.deepcopy(agent.replay.rngs)

    def catch(batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        caught.append(batch)
        return dict(agent.metrics)

    probe._learn = probe.learn = catch  # type: ignore[method-assign]
    for _ in range(DRAWN):
        probe.update()
    if not caught:
        return {"rows drawn": np.zeros(agent.n)}
    size, replay = len(agent.replay), agent.replay
    order = np.arange(replay.count - size, replay.count) % replay.capacity
    held = _rows(replay._batch(np.tile(order, (agent.n, 1))))
    drawn = np.concatenate([_rows(batch) for batch in caught], axis=1)
    foreign, age = np.zeros(agent.n), np.full(agent.n, np.nan)
    for i in range(agent.n):
        at = {row.tobytes(): k for k, row in enumerate(held[i])}
        places = [at[key] for row in drawn[i] if (key := row.tobytes()) in at]
        foreign[i] = 1 - len(places) / len(drawn[i])
        if places:
            age[i] = (size - 1 - np.mean(places)) / max((size - 1) / 2, 1e-12)
    rows = drawn.shape[1] / DRAWN / agent.config.batch_size
    return {"rows drawn": np.full(agent.n, rows), "foreign rows": foreign, "age drawn": age}


def _rows(batch: Batch) -> NDArray[np.float32]:
    parts = [batch.obs, batch.action, batch.reward[..., None], batch.next_obs]
    return torch.cat([*parts, batch.terminated[..., None]], dim=-1).cpu().numpy()


class _Weights:
    """All networks' weights as they are now, to go back to."""

    def __init__(self, agent: DDPG) -> None:
        self.all = [*agent.online_weights, *agent.target_weights]
        self.kept = [w.detach().clone() for w in self.all]

    @torch.no_grad()
    def restore(self) -> None:
        for w, kept in zip(self.all, self.kept, strict=True):
            w.copy_(kept)

    @torch.no_grad()
    def copy_to(self, other: DDPG) -> None:
        weights = [*other.online_weights, *other.target_weights]
        for w, kept in zip(weights, self.kept, strict=True):
            w.copy_(kept)


def _asked(agent: DDPG) -> dict[str, Array]:
    """The target that the critic's loss is computed by, from losses of one row at a time.

    The loss is (w r + b - Q(s, a)) squared. With r = R and r = -R, both beyond b and Q, the roots
    of two losses give w R as their mean, and b - Q as half their difference.
    """
    probe, n = _copy(agent), agent.n
    probe.critic_optimizer.lr.fill_(0.0)
    probe.actor_optimizer.lr.fill_(0.0)
    weights = _Weights(probe)
    slots = np.linspace(0, len(agent.replay) - 1, ASKED).astype(int)
    rows = agent.replay._batch(np.tile(slots, (n, 1)))
    gamma = agent.config.gamma
    with torch.no_grad():
        a_target = agent.actor_target(rows.next_obs, training=True)
        a_online = agent.actor(rows.next_obs, training=True)
        a_before = agent.actor_target(rows.obs, training=True)
        q = agent.critic(rows.obs, rows.action).numpy()
        right = gamma * agent.critic_target(rows.next_obs, a_target).numpy()
        others = {
            "misses, by s": [agent.critic_target(rows.obs, a_before)],
            "misses, by Q": [agent.critic(rows.next_obs, a) for a in (a_target, a_online)],
            "misses, by mu": [agent.critic_target(rows.next_obs, a_online)],
            "misses, by a": [agent.critic_target(rows.next_obs, rows.action)],
        }
    far = 10 * float(np.abs(q).max() + np.abs(right).max() + 1)

    def roots(k: int, reward: float, d: float) -> Array:
        one = Batch(*(x[:, k : k + 1].repeat(1, 2, *[1] * (x.dim() - 2)) for x in rows))
        one = one._replace(
            reward=torch.full_like(one.reward, reward), terminated=torch.full_like(one.reward, d)
        )
        loss = probe.learn(one, False)["critic_loss"].detach().double().clamp_min(0).sqrt()
        weights.restore()
        return loss.numpy()

    by_end, own = dict[float, Array](), np.zeros(n)
    for d in (0.0, 1.0):
        up = np.stack([roots(k, far, d) for k in range(ASKED)], axis=1)
        down = np.stack([roots(k, -far, d) for k in range(ASKED)], axis=1)
        by_end[d] = (up - down) / 2 + q
        own = np.median((up + down) / 2 / far, axis=1) if d == 0 else own
    b, size = by_end[0.0], np.maximum(np.sqrt((right**2).mean(axis=1)), 1e-12)

    def distance(other: Array) -> Array:
        return np.sqrt(((b - other) ** 2).mean(axis=1)) / size

    found = {
        name: np.min([distance(gamma * x.numpy()) for x in values], axis=0)
        for name, values in others.items()
    }
    return found | {
        "own reward": own,
        "own discount": (b * right).sum(axis=1) / np.maximum((right**2).sum(axis=1), 1e-12),
        "own ends": np.sqrt(
            (by_end[1.0] ** 2).mean(axis=1) / np.maximum((b**2).mean(axis=1), 1e-12)
        ),
        "misses": distance(right),
    }


def _flat(weights: Any) -> Tensor:
    return torch.cat([w.detach().flatten(1) for w in weights], dim=1).double()


def _agreement(step: Tensor, gradient: Tensor) -> Array:
    """From 1, each weight moves up its gradient, to -1, each moves down; NaN if none moves."""
    size = (step.abs() * gradient.abs()).sum(dim=1)
    share: Tensor = (step * gradient).sum(dim=1) / size
    return share.numpy().astype(float)


def _length(step: Tensor, gradient: Tensor) -> Array:
    """The largest change of a weight, which is Adam's step size; NaN where all is flat."""
    length = step.abs().amax(1)
    return torch.where(gradient.abs().amax(1) > 1e-6, length, torch.nan).numpy().astype(float)


def _stepped(agent: DDPG) -> dict[str, Array]:
    """Where one update of a copy, its optimizers as at their beginning, moves the weights."""
    c = agent.config
    slots = np.linspace(0, len(agent.replay) - 1, 64).astype(int)
    batch = agent.replay._batch(np.tile(slots, (agent.n, 1)))
    alone, both = _fresh(agent), _fresh(agent)
    before = {
        name: _flat(getattr(both, name).parameters())
        for name in ("critic", "actor", "critic_target", "actor_target")
    }
    with torch.no_grad():
        next_q = both.critic_target(
            batch.next_obs, both.actor_target(batch.next_obs, training=True)
        )
        discount = batch.discount if agent.replay.MORE else torch.full_like(next_q, c.gamma)
        y = td_target(batch.reward, batch.terminated, next_q, discount)
    q = both.critic(batch.obs, batch.action)
    own = list(both.critic.parameters())
    down = [
        gradient + c.critic_weight_decay * w.detach()
        for gradient, w in zip(torch.autograd.grad(critic_loss(q, y), own), own, strict=True)
    ]
    alone.learn(batch, False)
    told = both.learn(batch, True)
    after = {name: _flat(getattr(both, name).parameters()) for name in before}
    first = _flat(alone.critic.parameters()) - before["critic"]
    # The critic has moved before the actor looks at it.
    seer = copy.deepcopy(agent.actor)
    action = seer(batch.obs, training=True)  # linear, where gradients are inverted
    value = both.critic(batch.obs, action)
    plain = c.dqda_clipping is None and not c.invert_gradients
    loss = (
        actor_loss(value)
        if plain
        else actor_loss_through(value, action, c.dqda_clipping, c.invert_gradients)
    )
    up = torch.autograd.grad(loss, list(seer.parameters()))
    moved = {name: after[name] - before[name] for name in before}
    # What the actor's step left behind may move the critic in its next step.
    _Weights(alone).copy_to(both)
    middle = _flat(alone.critic.parameters())
    alone.learn(batch, False)
    both.learn(batch, False)
    second = [_flat(x.critic.parameters()) - middle for x in (alone, both)]
    with torch.no_grad():
        expected = (y - q).square().mean(-1).clamp_min(1e-12)
        apart = (moved["critic"] - first).norm(dim=1), (second[1] - second[0]).norm(dim=1)
        twice = torch.maximum(*apart) / first.norm(dim=1)
    found = {
        "loss": (told["critic_loss"].detach() / expected).numpy(),
        "critic descends": _agreement(first, -_flat(down)),
        "critic step": _length(first, _flat(down)) / c.critic_lr,
        "actor ascends": _agreement(moved["actor"], -_flat(up)),
        "actor step": _length(moved["actor"], _flat(up)) / c.actor_lr,
        "critic moved twice": twice.numpy(),
    }
    for name in ("critic", "actor"):
        way = after[name] - before[f"{name}_target"]
        went = (moved[f"{name}_target"] * way).sum(dim=1) / way.square().sum(dim=1)
        found[f"{name} follows"] = (went / c.tau).numpy()
    return found


def _fresh(agent: DDPG) -> DDPG:
    """A copy whose optimizers have no past, and whose targets stand a little away."""
    probe = _copy(agent)
    if agent.config.lr_decay:
        probe.critic_optimizer.lr.fill_(agent.config.critic_lr)
        probe.actor_optimizer.lr.fill_(agent.config.actor_lr)
    with torch.no_grad():
        for optimizer in (probe.critic_optimizer, probe.actor_optimizer):
            for tensor in (optimizer.steps, *optimizer.first, *optimizer.second):
                tensor.zero_()
        generator = torch.Generator().manual_seed(0)
        for w in probe.target_weights:
            w.add_(torch.randn(w.shape, generator=generator), alpha=0.01 * float(w.abs().mean()))
    return probe
