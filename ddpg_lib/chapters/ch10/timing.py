"""Where the milliseconds of an update go."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch10.twins import random_play, settings
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.numpy_ddpg import Network, NumpyDDPG

Array = NDArray[Any]
Pairs = list[tuple[Array, Array]]


def milliseconds(job: Callable[[], Any], repeats: int) -> float:
    """Median time of ``job()``."""
    job()
    times = []
    for _ in range(repeats):
        clock = time.perf_counter()
        job()
        times.append(1e3 * (time.perf_counter() - clock))
    return float(np.median(times))


def products(network: Network, n: int, kinds: str) -> Pairs:
    """The factors of bare products: f forward, w for the weights, x for the inputs."""
    pairs: Pairs = []
    for w in network.weights[::2]:
        x, delta = np.ones((n, w.shape[0]), w.dtype), np.ones((n, w.shape[1]), w.dtype)
        pairs += [{"f": (x, w), "w": (x.T, delta), "x": (delta, w.T)}[kind] for kind in kinds]
    return pairs


def _multiply(pairs: Pairs) -> list[Array]:
    return [x @ w for x, w in pairs]


def multiplications(agent: NumpyDDPG, n: int) -> int:
    """Of one update, equation (10c.1)."""
    entries = [sum(w.size for w in x.weights[::2]) for x in (agent.critic, agent.actor)]
    return n * (6 * entries[0] + 4 * entries[1])


def time_parts(
    config: Config, repeats: int
) -> tuple[dict[str, tuple[float, float]], dict[str, float], int]:
    """``(parts, wholes, count)``: milliseconds of parts and their products, and (10c.1)."""
    config = config.replace(buffer_size=400)
    stack = DDPG(3, [-2.0], [2.0], config)
    random_play(stack)
    n, agent = config.batch_size, NumpyDDPG(3, [-2.0], [2.0], settings(config))
    agent.rows[:], agent.stored = stack.replay.rows[0].numpy(), 400
    actor, critic = agent.actor, agent.critic
    s, a, _, s2, _ = agent.sample()

    def critic_gradient() -> Array:
        critic.forward(s, a)
        critic.backward(np.ones((n, 1), np.float32))
        return critic.gradient()

    def actor_gradient() -> Array:
        critic.forward(s, actor.forward(s))
        actor.backward(critic.backward(np.ones((n, 1), np.float32)))
        return actor.gradient()

    def follow() -> None:
        agent.critic_target.theta += 0.005 * (critic.theta - agent.critic_target.theta)
        agent.actor_target.theta += 0.005 * (actor.theta - agent.actor_target.theta)

    def aim() -> Array:
        return agent.critic_target.forward(s2, agent.actor_target.forward(s2))

    g, h = critic_gradient(), actor_gradient()
    parts: dict[str, tuple[Callable[[], Any], Pairs]] = {
        "3 draw": (agent.sample, []),
        "4 aim": (aim, products(critic, n, "f") + products(actor, n, "f")),
        "5 critic: gradient": (critic_gradient, products(critic, n, "fwx")),
        "5 critic: Adam": (lambda: agent.critic_adam.step(g), []),
        "6 actor: gradient": (
            actor_gradient,
            products(critic, n, "fx") + products(actor, n, "fwx"),
        ),
        "6 actor: Adam": (lambda: agent.actor_adam.step(h), []),
        "7 follow": (follow, []),
    }
    times = {}
    for name, (job, pairs) in parts.items():
        bare = milliseconds(functools.partial(_multiply, pairs), repeats)
        times[name] = milliseconds(job, repeats), bare
    eight = DDPG(3, [-2.0], [2.0], config, range(8))
    random_play(eight)
    whole = {
        "NumPy": milliseconds(agent.update, repeats),
        "PyTorch, one agent": milliseconds(stack.update, repeats),
        "PyTorch, eight stacked, per agent": milliseconds(eight.update, repeats) / 8,
    }
    return times, whole, multiplications(agent, n)
