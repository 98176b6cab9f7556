"""Convolutions of a stack against PyTorch's own, agent by agent."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from ddpg_lib.parts.encoders import Behind, Encoder, StackedConv, Trunk, scaled
from ddpg_lib.parts.networks import Actor, Critic

SHAPE = (3, 1, 20, 18)
LAYERS = ((4, 6), (6, 3), (4, 1))  # filters, kernels, strides


def rngs(n=2, first=0):
    return [np.random.default_rng(first + i) for i in range(n)]


def frames(*batch, seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (*batch, *SHAPE), dtype=np.uint8)
    return torch.from_numpy(values)


def test_an_encoder_is_pytorchs_convolutions_one_agent_at_a_time():
    encoder = Encoder(rngs(), SHAPE, *LAYERS)
    seen = frames(2, 5)
    features = encoder(scaled(seen))
    assert features.shape == (2, 5, encoder.outputs)
    for i in range(2):
        layers = [nn.Conv2d(3, 4, 6, 4), nn.Conv2d(4, 6, 3, 1)]
        for own, layer in zip(encoder.layers, layers, strict=True):
            layer.weight.data, layer.bias.data = own.weight[i].detach(), own.bias[i].detach()
        net = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU())
        expected = net(seen[i].flatten(1, 2).float() / 255 - 0.5)
        expected = expected.permute(0, 2, 3, 1).flatten(1)  # pixel by pixel
        torch.testing.assert_close(features[i], expected, atol=1e-5, rtol=1e-4)
    # Rows of numbers, as `act` gives them, are seen alike.
    rows = seen.flatten(2) / 255 - 0.5
    torch.testing.assert_close(encoder(rows), features)


def test_gradients_stay_with_their_agent():
    encoder = Encoder(rngs(), SHAPE, *LAYERS)
    loss = encoder(scaled(frames(2, 3)))[1].sum()
    for gradient in torch.autograd.grad(loss, list(encoder.parameters())):
        assert not gradient[0].any()
        assert gradient[1].any()


def test_first_weights_depend_on_the_agents_own_generator_and_lie_within_their_bounds():
    pair, alone = Encoder(rngs(), SHAPE, *LAYERS), Encoder(rngs(1, first=1), SHAPE, *LAYERS)
    for both, own in zip(pair.parameters(), alone.parameters(), strict=True):
        assert torch.equal(both[1], own[0])
    conv = StackedConv(2, 3, 50, 6, 4)
    conv.initialize(rngs(), gain=6**0.5)
    bound = (6 / (3 * 6 * 6)) ** 0.5  # He's, from the pixels that a unit sees
    assert 0.99 * bound < conv.weight.abs().max() <= bound


def test_an_encoder_of_which_nothing_is_left_is_refused():
    with pytest.raises(ValueError, match="nothing is left of 20 x 18"):
        Encoder(rngs(), SHAPE, (4, 4), (6, 5), (4, 1))


def test_a_trunk_is_linear_layer_norm_tanh():
    trunk = Trunk(rngs(), 7, 5)
    x = torch.randn(2, 3, 7)
    y = trunk(x)
    for i in range(2):
        linear = x[i] @ trunk.layer.weight[i] + trunk.layer.bias[i]
        expected = torch.tanh(nn.functional.layer_norm(linear, (5,)))
        torch.testing.assert_close(y[i], expected)


def test_networks_behind_an_encoder():
    encoder = Encoder(rngs(), SHAPE, *LAYERS)
    actor = Actor(rngs(), encoder.outputs, 2, (8,), norm="batch")
    critic = Critic(rngs(), encoder.outputs, 2, (8,))
    seen, action = scaled(frames(2, 4)), torch.rand(2, 4, 2)
    expected = copy.deepcopy(actor)(encoder(seen), training=True)
    assert torch.equal(Behind(encoder, actor)(seen, training=True), expected)
    assert torch.equal(Behind(encoder, critic)(seen, action), critic(encoder(seen), action))
