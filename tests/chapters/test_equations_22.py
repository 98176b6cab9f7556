"""The equations of chapter 22 and page 22a, each against an independent calculation."""

import math

import numpy as np
import pytest
import torch

from ddpg_lib import Config
from ddpg_lib.agents.d4pg import D4PG, projected
from ddpg_lib.agents.drq import DrQv2, within
from ddpg_lib.agents.sac import SAC, GaussianActor
from ddpg_lib.agents.simba import ResidualNetwork
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.chapters.ch22.comparing import fall_pays_after, smaller_of_two

DEFINITIONS: dict[str, str] = {}
CONFIG = Config(
    hidden=(8, 8), batch_size=30, buffer_size=50, warmup_steps=10, final_init=0.5, gamma=0.9,
    critic_lr=0.02, actor_lr=0.01,
)  # fmt: skip


def ready(kind):
    """One agent with targets that are not its networks, and a minibatch that it has drawn."""
    agent = kind(3, [-2.0, -1.0], [2.0, 1.0], CONFIG, [5])
    rng = np.random.default_rng(0)
    for i in range(40):
        obs, after = rng.normal(size=(2, 1, 3))
        action = rng.uniform(-1, 1, (1, 2)) * [2.0, 1.0]
        agent.remember(obs, action, rng.normal(size=1), after, [i % 5 == 0])
    with torch.no_grad():
        for weight in agent.target_weights:
            weight += 0.1 * torch.randn_like(weight)
    return agent, agent.replay.sample(30)


def layered(network, x):
    """A network's output before anything is done to it, with NumPy."""
    for i, layer in enumerate(network.layers):
        x = x @ layer.weight[0].detach().numpy() + layer.bias[0].detach().numpy()
        x = np.maximum(x, 0) if i < len(network.layers) - 1 else x
    return x


def arrays(batch):
    return (x[0].numpy() for x in batch)


def values(critic, s, a):
    return layered(critic, np.concatenate([s, a], axis=1))[:, 0]


@pytest.mark.equation("22.1", by="both target critics computed with NumPy")
def test_td3s_target():
    """The loss that an update reports is that of the smaller value at the blurred action."""
    torch.manual_seed(0)
    agent, batch = ready(TD3)
    agent.blur.copy_((0.2 * torch.randn(1, 30, 2)).clamp(-0.5, 0.5))
    s, a, r, s2, d, g = arrays(batch)
    a2 = np.clip(np.tanh(layered(agent.actor_target, s2)) + agent.blur[0].numpy(), -1, 1)
    target = agent.critic_target
    smaller = np.minimum(values(target.first, s2, a2), values(target.second, s2, a2))
    y = r + g * (1 - d) * smaller
    expected = np.mean((y - values(agent.critic.first, s, a)) ** 2)
    assert agent.learn(batch)["critic_loss"].item() == pytest.approx(expected, rel=1e-4)
    assert (smaller < values(target.first, s2, a2)).any()


@pytest.mark.equation("22.2", by="a million draws of correlated errors")
def test_the_smaller_of_two_errors():
    """Its mean falls as the square root of what two errors do not share."""
    rng = np.random.default_rng(0)
    one, own = rng.normal(size=(2, 1_000_000))
    for rho in (-0.5, 0.0, 0.9, 1.0):
        other = rho * one + math.sqrt(1 - rho**2) * own
        found = 3 * np.minimum(one, other).mean()
        assert smaller_of_two(3.0, rho) == pytest.approx(found, abs=0.02)
    with pytest.raises(ValueError, match="between -1 and 1"):
        smaller_of_two(1.0, 1.5)


@pytest.mark.equation("22.3", by="both target critics with NumPy and densities of SciPy")
def test_sacs_target():
    """The loss that an update reports is that of the smaller value and the pay for surprise."""
    torch.manual_seed(0)
    agent, batch = ready(SAC)
    with torch.no_grad():
        agent.log_temperature.fill_(math.log(0.3))
    agent.later.copy_(torch.randn(1, 30, 2))
    agent.now.copy_(torch.randn(1, 30, 2))
    s, a, r, s2, d, g = arrays(batch)
    a2, log_p = drawn(agent.actor, s2, agent.later[0].numpy())
    target = agent.critic_target
    smaller = np.minimum(values(target.first, s2, a2), values(target.second, s2, a2))
    y = r + g * (1 - d) * (smaller - 0.3 * log_p)
    expected = np.mean((y - values(agent.critic.first, s, a)) ** 2)
    assert agent.learn(batch)["critic_loss"].item() == pytest.approx(expected, rel=1e-3)


def drawn(actor, s, noise):
    from scipy.stats import norm

    mean, x = np.split(layered(actor, s), 2, axis=1)
    low, high = GaussianActor.LOG_STD
    std = np.exp(low + (high - low) * (np.tanh(x) + 1) / 2)
    u = mean + std * noise
    return np.tanh(u), (norm.logpdf(u, mean, std) - np.log(1 - np.tanh(u) ** 2)).sum(1)


@pytest.mark.equation("22.4", by="its integral over all actions")
def test_the_density_of_a_squashed_action():
    """It is one for every state, and the share below an action is the Gaussian's."""
    from scipy.stats import norm

    actor = GaussianActor([np.random.default_rng(1)], 3, 1, (8,), final_init=0.1)
    s = torch.randn(1, 1, 3, generator=torch.Generator().manual_seed(0))
    mean, log_std = (x.item() for x in actor.gaussian(s))
    noise = torch.linspace(-6, 6, 40_001)[None, :, None]
    action, log_p = actor.sample(s.expand(1, 40_001, 3), noise)
    x, p = action[0, :, 0].detach().double().numpy(), log_p[0].detach().double().exp().numpy()
    assert np.trapezoid(p, x) == pytest.approx(1, abs=1e-3)
    below = np.cumsum((p[1:] + p[:-1]) / 2 * np.diff(x))
    exact = norm.cdf((np.arctanh(0.3) - mean) / math.exp(log_std))
    assert below[np.searchsorted(x[1:], 0.3)] == pytest.approx(exact, abs=1e-3)


@pytest.mark.equation("22.5", by="the sign of policies that are too random, and not enough")
def test_the_temperature_follows_the_entropy():
    """It falls while the entropy is above its target, minus two here, and rises below."""
    for raw, way in ((0.4, -1), (-1.0, 1)):
        agent, batch = ready(SAC)
        with torch.no_grad():
            agent.actor.layers[-1].weight.zero_()
            agent.actor.layers[-1].bias.copy_(torch.tensor([0.0, 0.0, raw, raw]))
        agent.now.copy_(torch.randn(1, 30, 2))
        _, log_p = agent.actor.sample(batch.obs, agent.now)
        entropy = -log_p.mean().item()
        assert (entropy > -2) == (way < 0)
        agent.learn(batch)
        assert agent.log_temperature.item() == pytest.approx(way * 0.01, rel=1e-3)


@pytest.mark.equation("22.6", by="transitions that end, whose return is the reward")
def test_the_loss_of_a_distribution():
    """Where the reward is one of the values, it is minus the logarithm of its probability."""
    agent, batch = ready(D4PG)
    z = agent.critic.values
    k = torch.arange(30) % len(z)
    ended = batch._replace(reward=z[k][None], terminated=torch.ones(1, 30))
    x = np.concatenate([batch.obs[0].numpy(), batch.action[0].numpy()], axis=1)
    logits = layered(agent.critic, x)
    q = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = -np.log(q[np.arange(30), k]).mean()
    assert agent.learn(ended)["critic_loss"].item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.equation("22.7", by="what it must keep: all probability, and the mean")
def test_the_projection():
    """Sharing between two neighbors changes no mean; at the ends it does."""
    rng = np.random.default_rng(0)
    z = torch.linspace(-10, 10, 21, dtype=torch.float64)
    p = torch.tensor(rng.dirichlet(np.ones(21), (1, 8)))
    r, g = (
        torch.tensor(rng.uniform(-0.9, 0.9, (1, 8))),
        torch.full((1, 8), 0.9, dtype=torch.float64),
    )
    found = projected(z, r, g, p)
    np.testing.assert_allclose(found.sum(-1), 1)
    np.testing.assert_allclose(found @ z, r + 0.9 * (p @ z))
    beyond = projected(z, r + 50, g, p)
    np.testing.assert_allclose(beyond[..., -1], 1)


@pytest.mark.equation("22.8", by="PyTorch's own layers")
def test_a_residual_block():
    """What one block adds to what enters it, with all else of the network taken away."""
    network = ResidualNetwork([np.random.default_rng(0)], 8, 8, (8,), 0.5)
    with torch.no_grad():
        for layer in (network.entry, network.last):
            layer.weight.copy_(torch.eye(8)[None])
            layer.bias.zero_()
    network.last_norm = torch.nn.Identity()
    x = torch.randn(1, 5, 8)
    wide, narrow = network.wide[0], network.narrow[0]
    inside = torch.relu(torch.nn.LayerNorm(8)(x[0]) @ wide.weight[0] + wide.bias[0])
    expected = x[0] + inside @ narrow.weight[0] + narrow.bias[0]
    assert inside.shape == (5, 32)
    torch.testing.assert_close(network(x)[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.equation("22.9", by="the paper's schedule at its ends and in the middle")
def test_noise_that_falls():
    """From 1 to sigma over the first half of all updates, and what is added is cut off at 0.3."""
    config = Config(
        encoder="shared", frame_size=8, frame_stack=1, filters=(2,), kernels=(3,), strides=(2,),
        features=4, hidden=(4,), batch_size=4, buffer_size=40, warmup_steps=10, steps=50,
        eval_every=50, sigma=0.2,
    )  # fmt: skip
    agent = DrQv2((1, 1, 8, 8), [-1.0], [1.0], config, [0])
    frame = np.zeros((1, 1, 1, 8, 8), np.uint8)
    for _ in range(10):
        agent.remember(frame, [[0.0]], [0.0], frame, [False], [False])
    for update, sigma in ((0, 1.0), (10, 0.6), (20, 0.2), (39, 0.2)):
        agent.updates = update
        agent.update()
        assert agent.noise.sigma == pytest.approx(sigma)
        assert max(agent.now.abs().max(), agent.later.abs().max()) <= 0.3 + 1e-6
    # The actor's gradient passes where an action was clipped.
    action = torch.tensor([0.5, 1.4], requires_grad=True)
    within(action).sum().backward()
    assert within(action).tolist() == pytest.approx([0.5, 1.0])
    assert action.grad.tolist() == [1.0, 1.0]


@pytest.mark.equation("22a.1", by="adding up discounted rewards step by step")
@pytest.mark.parametrize(("speed", "gamma"), [(0.3, 0.99), (1.0, 0.99), (2.5, 0.995)])
def test_a_fall_pays_from_some_length_on(speed, gamma):
    """The first length whose sum of discounted rewards reaches that of standing."""
    steps = np.arange(20_000)
    standing = (gamma**steps).sum()
    hopping = np.cumsum((1 + speed) * gamma**steps)
    assert (hopping >= standing).argmax() + 1 == math.ceil(fall_pays_after(speed, gamma))


@pytest.mark.parametrize(("speed", "gamma"), [(0.0, 0.99), (-1.0, 0.99), (1.0, 1.0), (1.0, 0.0)])
def test_a_hopper_without_speed_or_discount_is_refused(speed, gamma):
    with pytest.raises(ValueError, match="speed must be above 0 and gamma between 0 and 1"):
        fall_pays_after(speed, gamma)
