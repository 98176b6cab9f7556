"""Normalization against PyTorch's own layers, and running statistics against NumPy."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ddpg import CONFIG, HIGH, LOW, filled, weights

from ddpg_lib import DDPG, Actor, Critic
from ddpg_lib.parts import normalization
from ddpg_lib.parts.networks import target_of
from ddpg_lib.parts.normalization import BatchNorm, LayerNorm, RunningNorm


def state(network):
    """Weights and running averages."""
    return [x.clone() for x in network.state_dict().values()]


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def randomized(layer):
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.randn_like(p))
    return layer


# ---- Layers ----


def test_batch_norm_equals_one_of_pytorchs_for_each_agent():
    torch.manual_seed(0)
    layer = randomized(BatchNorm(3, 4)).double()
    single = [torch.nn.BatchNorm1d(4).double() for _ in range(3)]
    for i, one in enumerate(single):
        one.weight.data, one.bias.data = layer.gain[i, 0].clone(), layer.offset[i, 0].clone()
    for _ in range(5):
        x = torch.randn(3, 6, 4).double() * 3 + 5
        x.requires_grad_()
        out = layer(x, training=True)
        expected = torch.stack([one(x[i]) for i, one in enumerate(single)])
        assert torch.allclose(out, expected, atol=1e-12)
        g, h = (torch.autograd.grad(y.pow(3).sum(), x)[0] for y in (out, expected))
        assert torch.allclose(g, h, atol=1e-9)
    for one, mean, var in zip(single, layer.mean, layer.var, strict=True):
        assert torch.allclose(mean[0], one.running_mean, atol=1e-12)
        assert torch.allclose(var[0], one.running_var, atol=1e-12)
        one.eval()
    # Out of training one observation is enough, and nothing moves.
    before = layer.mean.clone(), layer.var.clone()
    x = torch.randn(3, 1, 4).double()
    expected = torch.stack([one(x[i]) for i, one in enumerate(single)])
    assert torch.allclose(layer(x), expected, atol=1e-12)
    assert torch.equal(layer.mean, before[0])
    assert torch.equal(layer.var, before[1])


def test_layer_norm_equals_one_of_pytorchs_for_each_agent():
    torch.manual_seed(0)
    layer = randomized(LayerNorm(3, 4)).double()
    x = torch.randn(3, 6, 4).double() * 3 + 5
    for i in range(3):
        one = torch.nn.LayerNorm(4).double()
        one.weight.data, one.bias.data = layer.gain[i, 0], layer.offset[i, 0]
        assert torch.allclose(layer(x)[i], one(x[i]), atol=1e-12)


@pytest.mark.parametrize("kind", ["layer", "batch"])
def test_an_agent_is_normalized_as_when_alone(kind):
    arguments = {"obs_dim": 3, "action_dim": 2, "hidden": (8, 7), "norm": kind, "final_init": 0.5}
    stack, alone = Actor(rngs(1, 2), **arguments), Actor(rngs(2), **arguments)
    obs = torch.randn(2, 9, 3)
    for training in (True, False):
        a, b = stack(obs, training=training), alone(obs[1:], training=training)
        assert torch.allclose(a[1:], b, atol=1e-6)


def test_normalization_costs_no_random_numbers():
    plain, normed = Actor(rngs(1), 3, 2), Actor(rngs(1), 3, 2, norm="batch")
    for p, q in zip(plain.layers, normed.layers, strict=True):
        assert torch.equal(p.weight, q.weight)


# ---- Networks ----


def test_lillicraps_networks_by_hand():
    """Normalized: observation, the actor's hidden layers, the critic's before the action."""
    sizes = {"obs_dim": 3, "action_dim": 2, "hidden": (8, 7), "final_init": 0.5, "norm": "batch"}
    actor = Actor(rngs(1), **sizes).double()
    critic = Critic(rngs(2), **sizes, action_layer=1).double()
    torch.manual_seed(1)
    obs, action = torch.randn(1, 6, 3).double() * 4, torch.randn(1, 6, 2).double()

    def normal(x):
        return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)

    def affine(x, layer):
        return x @ layer.weight[0].detach().numpy() + layer.bias[0].detach().numpy()

    x = normal(obs[0].numpy())
    for layer in actor.layers[:2]:
        x = np.maximum(normal(affine(x, layer)), 0)
    expected = np.tanh(affine(x, actor.layers[2]))
    np.testing.assert_allclose(actor(obs, training=True)[0].detach(), expected, atol=1e-10)

    x = np.maximum(normal(affine(normal(obs[0].numpy()), critic.layers[0])), 0)
    x = np.maximum(affine(np.concatenate([x, action[0].numpy()], 1), critic.layers[1]), 0)
    expected = affine(x, critic.layers[2])[:, 0]
    found = critic(obs, action, training=True)[0].detach()
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("network", ["actor", "critic"])
def test_layer_norm_in_one_network_only(network):
    agent = DDPG(3, LOW, HIGH, CONFIG.replace(layer_norm=network), (0,))
    normed = {"actor": agent.actor, "critic": agent.critic}
    assert len(normed.pop(network).norms) == 2
    assert len(normed.popitem()[1].norms) == 0


def test_acting_takes_the_running_statistics_and_moves_nothing():
    agent = filled(config=CONFIG.replace(batch_norm="both", action_layer=1))
    for _ in range(5):
        agent.update()
    before = state(agent.actor) + state(agent.critic)
    obs = np.random.default_rng(1).normal(size=(2, 4, 3))
    together = agent.act(obs)
    apart = np.stack([agent.act(obs[:, k : k + 1])[:, 0] for k in range(4)], axis=1)
    np.testing.assert_allclose(together, apart, atol=1e-6)
    agent.q(obs)
    after = state(agent.actor) + state(agent.critic)
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))


def test_the_actors_step_leaves_the_critics_statistics_alone():
    agent = filled(config=CONFIG.replace(batch_norm="both", action_layer=1))
    other = copy.deepcopy(agent)
    batch = agent.replay.sample(8)
    agent.learn(batch)
    other.learn(batch, move_actor=False)
    for x, y in zip(state(agent.critic), state(other.critic), strict=True):
        assert torch.equal(x, y)
    assert not torch.equal(agent.actor.layers[0].weight, other.actor.layers[0].weight)


def test_a_targets_averages_follow_its_own_activations():
    agent = filled(config=CONFIG.replace(batch_norm="both", action_layer=1, tau=1e-6))
    for _ in range(300):
        agent.update()
    after = agent.replay.rows[:, :30, -4:-1]  # the next states
    for network in (agent.actor_target, agent.critic_target):
        entry, first = network.entry[0], network.norms[0]
        # An average over the last ten or so minibatches of eight.
        np.testing.assert_allclose(entry.mean[:, 0], after.mean(1), atol=0.35)
        np.testing.assert_allclose(entry.var[:, 0], after.var(1), rtol=0.5)
        inside = network.layers[0](entry(after))
        np.testing.assert_allclose(first.mean[:, 0], inside.mean(1), atol=0.35)
        assert (first.mean - inside.mean(1, keepdim=True)).abs().mean() < 0.1


# ---- Observations ----


@settings(deadline=None, max_examples=60)
@given(
    chunks=st.lists(st.integers(1, 7), min_size=1, max_size=8),
    center=st.floats(-1e4, 1e4),
    spread=st.floats(1e-3, 1e3),
    seed=st.integers(0, 99),
)
def test_running_statistics_equal_numpys_however_they_are_cut(chunks, center, spread, seed):
    data = np.random.default_rng(seed).normal(center, spread, size=(2, sum(chunks), 3))
    norm = RunningNorm(2, 3)
    for part in np.split(data, np.cumsum(chunks)[:-1], axis=1):
        norm.add(part)
    np.testing.assert_allclose(norm.mean.numpy()[:, 0], data.mean(1), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(norm.var.numpy()[:, 0], data.var(1), rtol=1e-6, atol=1e-12)
    x = data[:, :1]
    if sum(chunks) >= 2:
        expected = (x - data.mean(1, keepdims=True)) / np.sqrt(data.var(1, keepdims=True) + 1e-8)
        found = norm(torch.tensor(x, dtype=torch.float32))
        # The observation and the mean are float32 in the networks; few samples may lie close.
        least = np.sqrt(data.var(1, keepdims=True) + 1e-8)
        rounding = 4e-7 * max(abs(center), spread) / least * 3
        error = np.abs(found.numpy() - np.clip(expected, -10, 10))
        assert (error <= 1e-3 * np.abs(expected) + rounding + 1e-3).all()


def test_a_million_observations_far_from_zero():
    norm, rng = RunningNorm(1, 1), np.random.default_rng(0)
    data = rng.normal(1e3, 0.1, size=(1, 1_000_000, 1)).astype(np.float32)
    for part in np.split(data, 1000, axis=1):
        norm.add(part)
    assert norm.mean.item() == pytest.approx(data.astype(float).mean(), abs=1e-9)
    assert norm.var.item() == pytest.approx(data.astype(float).var(), rel=1e-9)


def test_nothing_is_scaled_before_two_observations_and_outliers_are_bounded():
    norm = RunningNorm(1, 2)
    x = torch.tensor([[[3.0, -4.0]]])
    assert torch.equal(norm(x), x)
    norm.add([[1.0, 1.0]])
    assert torch.equal(norm(x), x - 1)
    norm.add([[3.0, 1.0]])
    # Mean 2 and standard deviation 1; a component that has never moved, and does, is bounded.
    assert torch.allclose(norm(x), torch.tensor([[[1.0, -10.0]]]), atol=1e-6)


def test_all_networks_see_the_same_statistics_of_what_was_remembered():
    agent = filled(config=CONFIG.replace(normalize_obs=True))
    norm = agent.obs_norm
    assert all(
        network.entry[0] is norm
        for network in (agent.actor, agent.critic, agent.actor_target, agent.critic_target)
    )
    # Stored as they came, normalized when they are used.
    seen = agent.replay.rows[:, :30, :3].numpy().astype(float)
    np.testing.assert_allclose(norm.mean[:, 0], seen.mean(1), atol=1e-6)
    np.testing.assert_allclose(norm.var[:, 0], seen.var(1), atol=1e-6)
    plain = filled(config=CONFIG)
    obs = np.random.default_rng(1).normal(size=(2, 5, 3))
    scaled = (obs - seen.mean(1, keepdims=True)) / seen.std(1, keepdims=True)
    np.testing.assert_allclose(agent.act(obs), plain.act(scaled), atol=1e-5)


def test_evaluation_and_updates_leave_the_statistics_alone():
    agent = filled(config=CONFIG.replace(normalize_obs=True))
    before = {name: x.clone() for name, x in agent.obs_norm.named_buffers()}
    agent.act(np.ones((2, 3, 3)))
    agent.explore(np.ones((2, 3)))
    agent.q(np.ones((2, 3, 3)))
    agent.update()
    for name, x in agent.obs_norm.named_buffers():
        assert torch.equal(x, before[name]), name


def test_a_copied_agent_has_statistics_of_its_own():
    agent = filled(config=CONFIG.replace(normalize_obs=True))
    other = copy.deepcopy(agent)
    assert other.obs_norm is not agent.obs_norm
    assert other.critic_target.entry[0] is other.obs_norm
    assert target_of(agent.actor).entry[0] is agent.obs_norm


def test_the_scale_of_observations_does_not_matter():
    """Updates with observations in other units are the same, with statistics on."""
    config = CONFIG.replace(normalize_obs=True)
    agents = [DDPG(3, LOW, HIGH, config, (0,)) for _ in range(2)]
    rng = np.random.default_rng(0)
    for _ in range(60):
        obs, after = rng.normal(size=(2, 1, 3))
        action, reward = rng.uniform(LOW, HIGH, (1, 2)), rng.normal(size=1)
        for agent, unit in zip(agents, (1.0, 1000.0), strict=True):
            agent.remember(unit * obs, action, reward, unit * after, [False])
    for _ in range(10):
        for agent in agents:
            agent.update()
    for x, y in zip(weights(agents[0].actor), weights(agents[1].actor), strict=True):
        assert torch.allclose(x, y, atol=2e-3)


def test_sums_stay_in_main_memory_where_a_device_has_no_float64(monkeypatch):
    """Apple's MPS has none; the device "meta" stands for it here."""
    monkeypatch.setattr(normalization, "WITHOUT_FLOAT64", ("meta",))
    norm = normalization.RunningNorm(2, 3).to("meta")
    on_device = [x for x in norm.buffers() if x.device.type == "meta"]
    assert len(on_device) == 2
    assert {x.dtype for x in on_device} == {torch.float32}
    norm.add(np.ones((2, 3)))
    norm.add(np.zeros((2, 3)))
    torch.testing.assert_close(norm.mean, torch.full((2, 1, 3), 0.5, dtype=torch.float64))
