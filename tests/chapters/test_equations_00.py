"""Chapter 0's equations: the library's agent against NumPy by hand and finite differences."""

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, Config, actor_loss, critic_loss, soft_update, td_target

CONFIG = Config(hidden=(7, 5), activation="tanh", batch_size=6, sigma=0.8)
LOW, HIGH = np.array([-1.0, 0.0]), np.array([3.0, 0.5])


def agents(seeds=(0,), dtype=torch.float64):
    stack = DDPG(3, LOW, HIGH, CONFIG, seeds)
    for network in (stack.actor, stack.critic, stack.actor_target, stack.critic_target):
        network.to(dtype)
        for weights in network.parameters():
            weights.data += 0.3 * torch.randn_like(weights)  # away from the small first outputs
    return stack


def forward(network, i, x):
    """Agent i's network, by hand."""
    for k, layer in enumerate(network.layers):
        x = x @ layer.weight[i].detach().numpy() + layer.bias[i].detach().numpy()
        x = np.tanh(x) if k < len(network.layers) - 1 else x
    return x


def minibatch(n=1, seed=0):
    rng = np.random.default_rng(seed)
    s, following = rng.normal(size=(2, n, 6, 3))
    a, r, d = rng.uniform(-1, 1, (n, 6, 2)), rng.normal(size=(n, 6)), rng.integers(0, 2, (n, 6))
    return s, a, r, following, d.astype(float)


@pytest.mark.equation("0.1", by="NumPy by hand with the same noise")
def test_exploration():
    """The explored action is the policy's plus the drawn noise, clipped to the bounds."""
    stack = agents(dtype=torch.float32)
    twin = agents(dtype=torch.float32).noise  # of the same seed
    obs = np.random.default_rng(0).normal(size=(1, 3)).astype(np.float32)
    center, half = (HIGH + LOW) / 2, (HIGH - LOW) / 2
    clipped = 0
    for _ in range(50):
        mu = center + half * np.tanh(forward(stack.actor, 0, obs))
        free = mu + half * twin.sample()
        np.testing.assert_allclose(stack.explore(obs), np.clip(free, LOW, HIGH), atol=1e-5)
        clipped += int(((free < LOW) | (free > HIGH)).any())
    assert 0 < clipped < 50  # both cases occurred


@pytest.mark.equation("0.2", "0.3", by="NumPy by hand in float64")
def test_target_and_critic_loss():
    """Target and loss of a minibatch, with both networks computed without PyTorch."""
    stack = agents()
    s, a, r, following, d = minibatch()
    torch_batch = [torch.as_tensor(x) for x in (s, a, r, following, d)]
    with torch.no_grad():
        next_q = stack.critic_target(torch_batch[3], stack.actor_target(torch_batch[3]))
        y = td_target(torch_batch[2], torch_batch[4], next_q, 0.9)
        loss = critic_loss(stack.critic(torch_batch[0], torch_batch[1]), y)
    mu = np.tanh(forward(stack.actor_target, 0, following[0]))
    value = forward(stack.critic_target, 0, np.hstack([following[0], mu]))[:, 0]
    by_hand = r[0] + 0.9 * (1 - d[0]) * value
    np.testing.assert_allclose(y[0], by_hand, rtol=1e-12)
    q = forward(stack.critic, 0, np.hstack([s[0], a[0]]))[:, 0]
    np.testing.assert_allclose(loss, np.mean((by_hand - q) ** 2), rtol=1e-12)


@pytest.mark.equation("0.4", "0.5", by="finite differences in float64, and the chain rule by hand")
def test_actor_gradient():
    """Autograd's gradient, the product of the two Jacobians, and differences of J agree."""
    stack = agents()
    s = torch.as_tensor(minibatch()[0])
    weights = list(stack.actor.parameters())

    def objective():
        return -actor_loss(stack.critic(s, stack.actor(s)))

    q = forward(stack.critic, 0, np.hstack([s[0], np.tanh(forward(stack.actor, 0, s[0].numpy()))]))
    np.testing.assert_allclose(objective().item(), q.mean(), rtol=1e-12)
    gradient = torch.autograd.grad(objective(), weights)
    action = stack.actor(s)
    slope = torch.autograd.grad(stack.critic(s, action).sum(), action, retain_graph=True)[0]
    chain = torch.autograd.grad((action * slope.detach()).sum() / s.shape[1], weights)
    for w, g, c in zip(weights, gradient, chain, strict=True):
        torch.testing.assert_close(g, c, rtol=1e-10, atol=1e-12)
        index = tuple(int(k) // 2 for k in w.shape)
        values = []
        for nudge in (1e-5, -1e-5):
            w.data[index] += nudge
            values.append(objective().item())
            w.data[index] -= nudge
        np.testing.assert_allclose(g[index], (values[0] - values[1]) / 2e-5, rtol=1e-6, atol=1e-9)


@pytest.mark.equation("0.6", by="the closed form of repeated updates")
def test_soft_update():
    """After k updates towards fixed weights the distance has shrunk by (1 - tau) to the k."""
    target, online = [torch.zeros(3, 4)], [torch.arange(12.0).view(3, 4)]
    for _ in range(50):
        soft_update(target, online, 0.1)
    torch.testing.assert_close(target[0], (1 - 0.9**50) * online[0])
