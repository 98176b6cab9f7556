"""A PyTorch and a NumPy agent with the same weights, and how far apart they come."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.maths.differences import central_difference, relative_error
from ddpg_lib.numpy_ddpg import NumpyDDPG, Settings
from ddpg_lib.parts.losses import actor_loss, critic_loss
from ddpg_lib.parts.replay import Batch
from ddpg_lib.worlds.pendulum.model import PendulumModel

Array = NDArray[Any]
NETWORKS = ("actor", "critic", "actor_target", "critic_target")


def settings(config: Config, **changes: Any) -> Settings:
    """The hyperparameters of a Config that the NumPy agent knows, and ``changes``."""
    names = {field.name for field in dataclasses.fields(Settings)} & set(vars(config))
    return Settings(**{name: getattr(config, name) for name in names} | changes)


def twins(
    config: Config, low: Sequence[float] = (-2.0, 0.0), high: Sequence[float] = (2.0, 10.0)
) -> tuple[DDPG, NumpyDDPG]:
    """Two agents of equal weights in float64, the targets moved a little away from the online."""
    stack = DDPG(3, low, high, config)
    for name in NETWORKS:
        getattr(stack, name).double()
    with torch.no_grad():
        for p in stack.target_weights:
            p.mul_(0.8)
    agent = NumpyDDPG(3, low, high, settings(config, dtype="float64"))
    agent.load(stack)
    return stack, agent


def minibatch(n: int = 16) -> tuple[Array, ...]:
    """Random transitions s, a, r, s', d, each ``(n, .)``, a quarter of them terminal."""
    rng = np.random.default_rng(1)
    s, a, r, s2 = (rng.normal(size=(n, k)) for k in (3, 2, 1, 3))
    return s, np.tanh(a), r, s2, (np.arange(n) % 4 == 0).astype(float)[:, None]


def tensor(x: Array) -> torch.Tensor:
    """A tensor of ``x`` with the axis of agents, ``(1, ...)``."""
    return torch.tensor(x)[None]


def flat(gradients: Sequence[torch.Tensor]) -> Array:
    """The ``gradients`` of many tensors end to end, ``(weights,)``."""
    return np.concatenate([g.detach().numpy().ravel() for g in gradients])


def three_ways(config: Config, what: str) -> dict[str, float]:
    """How far one gradient by hand is from ``{"autograd": ..., "differences": ...}``.

    ``what`` is "slope", dQ/da; "critic", that of (0.3); or "actor", that of (0.4).
    """
    (stack, agent), (s, a, r, s2, d) = twins(config), minibatch()
    actor, critic, n = agent.actor, agent.critic, len(s)
    if what == "slope":
        critic.forward(s, a)
        ours = critic.backward(np.ones((n, 1)))
        free = tensor(a).requires_grad_()
        (autograd,) = torch.autograd.grad(stack.critic(tensor(s), free).sum(), free)
        theirs = autograd[0].numpy()
        numeric = central_difference(lambda x: float(critic.forward(s, x).sum()), a)
    elif what == "critic":
        next_q = agent.critic_target.forward(s2, agent.actor_target.forward(s2))
        y = r + config.gamma * (1 - d) * next_q
        critic.backward(2 * (critic.forward(s, a) - y) / n)
        ours = critic.gradient()
        loss = critic_loss(stack.critic(tensor(s), tensor(a)), tensor(y[:, 0]))
        theirs = flat(torch.autograd.grad(loss, list(stack.critic.parameters())))
        numeric = central_difference(
            _with_weights(critic, lambda: np.mean((y - critic.forward(s, a)) ** 2)), critic.theta
        )
    else:
        q = critic.forward(s, actor.forward(s))
        actor.backward(-critic.backward(np.ones_like(q)) / n)
        ours = actor.gradient()
        loss = actor_loss(stack.critic(tensor(s), stack.actor(tensor(s))))
        theirs = flat(torch.autograd.grad(loss, list(stack.actor.parameters())))
        numeric = central_difference(
            _with_weights(actor, lambda: -np.mean(critic.forward(s, actor.forward(s)))),
            actor.theta,
        )
    return {
        "autograd": relative_error(ours, theirs),
        "differences": relative_error(ours, numeric),
    }


def _with_weights(network: Any, loss: Callable[[], Any]) -> Callable[[Array], float]:
    """The loss as a function of the network's weights."""

    def of(theta: Array) -> float:
        kept, network.theta = network.theta, theta
        value = float(loss())
        network.theta = kept
        return value

    return of


def random_play(stack: DDPG, transitions: int = 400) -> None:
    """Fill a stack's replay buffers with random swings of the pendulum, a fifth of them ends."""
    model, rng, n = PendulumModel(), np.random.default_rng(0), stack.n
    theta, theta_dot = rng.uniform(-np.pi, np.pi, n), rng.uniform(-1, 1, n)
    for _ in range(transitions):
        torque, obs = rng.uniform(-2, 2, n), model.observation(theta, theta_dot)
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        next_obs = model.observation(theta, theta_dot)
        stack.remember(obs, torque[:, None], reward, next_obs, rng.random(n) < 0.2)


def part_of(batch: Batch, i: int) -> list[Array]:
    """Agent i's part of a minibatch, columns ``(batch, .)`` in the order of NumpyDDPG.sample."""
    parts = (batch.obs, batch.action, batch.reward, batch.next_obs, batch.terminated)
    return [x[i].numpy().reshape(x.shape[1], -1) for x in parts]


def _record_open_units(stack: DDPG, agents: Sequence[NumpyDDPG]) -> tuple[list[Any], list[Any]]:
    """Lists that fill with the open hidden units of each forward pass."""
    theirs: list[Array] = []
    ours: list[list[Array]] = [[] for _ in agents]

    def after_layer(layer: Any, inputs: Any, z: torch.Tensor) -> None:
        theirs.append(z.detach().numpy() > 0)

    def recording(network: Any, seen: list[Array]) -> Callable[..., Array]:
        forward = network.forward

        def recorded(*inputs: Array) -> Array:
            output = forward(*inputs)
            seen.extend(h > 0 for h in network.outputs[:-1])
            return output

        return recorded

    for name in NETWORKS:
        for layer in list(getattr(stack, name).layers)[:-1]:
            layer.register_forward_hook(after_layer)
        for agent, seen in zip(agents, ours, strict=True):
            network = getattr(agent, name)
            network.forward = recording(network, seen)
    return theirs, ours


def drift(
    config: Config, dtype: str = "float32", updates: int = 100, seeds: Sequence[int] = range(8)
) -> tuple[Array, Array]:
    """Learn in both on the same minibatches.

    After each update, as two arrays ``(agents, updates)``: the largest difference of any weight,
    and how many hidden units were open in one only.
    """
    config = config.replace(buffer_size=400, warmup_steps=400, eval_every=500)
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        stack = DDPG(3, [-2.0], [2.0], config, seeds)
        random_play(stack)
        agents = [NumpyDDPG(3, [-2.0], [2.0], settings(config, dtype=dtype)) for _ in seeds]
        for i, agent in enumerate(agents):
            agent.load(stack, i)
        theirs, ours = _record_open_units(stack, agents)
        largest = np.zeros((len(seeds), updates))
        flips = np.zeros((len(seeds), updates), int)
        for k in range(updates):
            batch = copy.deepcopy(stack.replay).sample(config.batch_size)  # the stack's next draw
            stack.update()
            for i, agent in enumerate(agents):
                part = part_of(batch, i)
                agent.sample = functools.partial(list, part)  # type: ignore[method-assign]
                agent.update()
                pairs = zip(theirs, ours[i], strict=True)
                flips[i, k] = sum(int((x[i] != h).sum()) for x, h in pairs)
                ours[i].clear()
                largest[i, k] = max(_apart(agent, stack, i, name) for name in NETWORKS)
            theirs.clear()
        return largest, flips
    finally:
        torch.set_default_dtype(torch.float32)


def _apart(agent: NumpyDDPG, stack: DDPG, i: int, name: str) -> float:
    """Largest difference of a weight of one network."""
    ours, theirs = getattr(agent, name).weights, getattr(stack, name).parameters()
    pairs = zip(ours, theirs, strict=True)
    return max(float(np.abs(w - p[i].detach().numpy()).max()) for w, p in pairs)
