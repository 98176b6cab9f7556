"""Agents of every kind of network, after updates on random data."""

import functools
import itertools

import numpy as np

from ddpg_lib import DDPG, Config

LOW, HIGH = np.array([-2.0, 0.1], np.float32), np.array([0.5, 10.3], np.float32)
SMALL = Config(
    hidden=(16, 12), final_init=0.3, batch_size=16, buffer_size=200,
    warmup_steps=10, steps=50, eval_every=50,
)  # fmt: skip
ACTIVATIONS = ("relu", "tanh", "elu", "silu")
NORMS = ("none", "layer_norm", "batch_norm")
# Activation, normalization of layers, normalize_obs, invert_gradients.
KINDS = list(itertools.product(ACTIVATIONS, NORMS, (False, True), (False, True)))


def observations(rng, *shape):
    """Float32 ``(*shape, 3)``, on different scales and far from 0."""
    return (rng.normal(size=(*shape, 3)) * [1, 20, 0.2] + [0, 50, -1]).astype(np.float32)


def trained(config=SMALL, seeds=(3, 8), kind=DDPG):
    """A stack whose weights and statistics have moved, and its noise too."""
    agent, rng, n = kind(3, LOW, HIGH, config, seeds), np.random.default_rng(0), len(seeds)
    for _ in range(50):
        obs, next_obs = observations(rng, 2, n)
        ended = rng.random(n) < 0.2
        action, reward = rng.uniform(LOW, HIGH, (n, 2)), rng.normal(size=n)
        agent.remember(obs, action, reward, next_obs, ended, ~ended)
    for _ in range(10):
        agent.update()
        agent.explore(obs)
    return agent


@functools.cache
def agent_of(activation, norm, normalize_obs, invert_gradients):
    """A stack of two agents of one of ``KINDS``, not to be changed."""
    changes = {} if norm == "none" else {norm: "both"}
    changes |= {"normalize_obs": normalize_obs, "invert_gradients": invert_gradients}
    return trained(SMALL.replace(activation=activation, **changes))
