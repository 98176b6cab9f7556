"""Stacked networks against one NumPy network an agent."""

import numpy as np
import pytest
import torch

from ddpg_lib.parts.networks import Actor, Critic, StackedLinear


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def by_hand(layers, agent, x, activation):
    for number, layer in enumerate(layers):
        weight, bias = layer.weight[agent].detach().numpy(), layer.bias[agent].detach().numpy()
        x = x @ weight + bias
        if number < len(layers) - 1:
            x = activation(x)
    return x


def test_actor_equals_numpy_for_every_agent():
    actor = Actor(rngs(1, 2, 3), 4, 2, hidden=(8, 7), final_init=0.3).double()
    obs = torch.randn(3, 5, 4).double()
    out = actor(obs).detach().numpy()
    assert out.shape == (3, 5, 2)
    for i in range(3):
        expected = np.tanh(by_hand(actor.layers, i, obs[i].numpy(), lambda x: np.maximum(x, 0)))
        np.testing.assert_allclose(out[i], expected, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "silu"])
def test_critic_equals_numpy(activation):
    functions = {
        "relu": lambda x: np.maximum(x, 0),
        "tanh": np.tanh,
        "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
        "silu": lambda x: x / (1 + np.exp(-x)),
    }
    critic = Critic(rngs(1, 2), 4, 2, hidden=(8, 7), activation=activation, final_init=0.3)
    critic = critic.double()
    obs, action = torch.randn(2, 5, 4).double(), torch.randn(2, 5, 2).double()
    out = critic(obs, action).detach().numpy()
    assert out.shape == (2, 5)
    for i in range(2):
        x = np.concatenate([obs[i].numpy(), action[i].numpy()], axis=1)
        expected = by_hand(critic.layers, i, x, functions[activation])[:, 0]
        np.testing.assert_allclose(out[i], expected, atol=1e-12)


def test_the_action_can_enter_at_the_second_layer():
    critic = Critic(rngs(1), 4, 2, hidden=(8, 7), final_init=0.3, action_layer=1).double()
    assert [tuple(x.weight.shape) for x in critic.layers] == [(1, 4, 8), (1, 10, 7), (1, 7, 1)]
    obs, action = torch.randn(1, 5, 4).double(), torch.randn(1, 5, 2).double()
    first, second, last = critic.layers
    x = np.maximum(
        obs[0].numpy() @ first.weight[0].detach().numpy() + first.bias[0, 0].detach().numpy(), 0
    )
    x = np.concatenate([x, action[0].numpy()], axis=1)
    expected = by_hand([second, last], 0, x, lambda x: np.maximum(x, 0))[:, 0]
    np.testing.assert_allclose(critic(obs, action)[0].detach().numpy(), expected, atol=1e-12)


def test_an_agents_weights_depend_on_its_own_generator_alone():
    stack = Actor(rngs(1, 2, 3), 4, 2)
    alone = Actor(rngs(2), 4, 2)
    for a, b in zip(stack.parameters(), alone.parameters(), strict=True):
        assert torch.equal(a[1:2], b)


def test_no_gradient_crosses_from_agent_to_agent():
    actor = Actor(rngs(1, 2), 3, 1)
    loss = actor(torch.randn(2, 4, 3))[0].square().sum()
    for gradient in torch.autograd.grad(loss, list(actor.parameters())):
        assert gradient[1].abs().max() == 0


def test_initial_weights_fill_their_stated_bounds():
    actor = Actor(rngs(0), 25, 2, hidden=(400,), final_init=3e-3)
    for layer, bound in zip(actor.layers, (1 / 5, 3e-3), strict=True):
        largest = layer.weight.abs().max().item()
        assert 0.98 * bound < largest <= bound
        # A uniform variable on [-b, b] has standard deviation b / sqrt(3).
        assert layer.weight.std().item() == pytest.approx(bound / np.sqrt(3), rel=0.05)


def test_first_actions_are_near_zero():
    actor = Actor(rngs(0), 3, 1)
    assert actor(torch.randn(1, 100, 3)).abs().max() < 0.05


def test_stacked_linear_is_one_product_an_agent():
    layer = StackedLinear(2, 3, 4)
    layer.initialize(rngs(0, 1))
    x = torch.randn(2, 5, 3)
    expected = torch.stack([x[i] @ layer.weight[i] + layer.bias[i] for i in range(2)])
    assert torch.allclose(layer(x), expected, atol=1e-6)
