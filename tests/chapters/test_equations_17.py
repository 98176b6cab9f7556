"""Chapter 17's equations: convolutions, bytes, what moves what, saliency, the probe."""

import copy

import numpy as np
import pytest
import torch

from ddpg_lib import Config
from ddpg_lib.agents.pixels import SharedPixelDDPG
from ddpg_lib.chapters.ch17.seeing import probe, saliency
from ddpg_lib.parts.encoders import Encoder, scaled
from ddpg_lib.parts.frames import FrameReplay

SHAPE = (2, 1, 12, 12)
CONFIG = Config(
    encoder="shared", frame_size=12, frame_stack=2, filters=(3,), kernels=(4,), strides=(3,),
    features=4, random_shift=0, hidden=(6,), batch_size=5, buffer_size=60, n_step=2,
    final_init=0.3,
)  # fmt: skip


def filled():
    agent = SharedPixelDDPG(SHAPE, [-2.0], [2.0], CONFIG, [0])
    rng = np.random.default_rng(0)
    obs = np.repeat(rng.integers(0, 256, (1, 1, *SHAPE[1:]), np.uint8), 2, axis=1)
    for _ in range(30):
        new = rng.integers(0, 256, (1, 1, *SHAPE[1:]), np.uint8)
        after = np.concatenate([obs[:, 1:], new], axis=1)
        agent.remember(obs, agent.random(), rng.normal(size=1), after, [False], [False])
        obs = after
    return agent


@pytest.mark.equation("17.1", "17.2", by="loops over every place, filter and pixel")
def test_a_convolution():
    """A feature is the ReLU of a filter's sum of products with the pixels under it."""
    kernel, stride, number = 4, 3, 3
    encoder = Encoder([np.random.default_rng(0)], SHAPE, (number,), (kernel,), (stride,))
    pixels = np.random.default_rng(1).integers(0, 256, (1, 1, *SHAPE), np.uint8)
    x = (pixels[0, 0].reshape(2, 12, 12) / 255) - 0.5
    weight = encoder.layers[0].weight[0].detach().numpy().astype(float)
    bias = encoder.layers[0].bias[0].detach().numpy()
    places = [i for i in range(12) if i % stride == 0 and i + kernel <= 12]
    side = (12 - kernel) // stride + 1
    assert len(places) == side
    out = np.zeros((side, side, number))
    for i, j, f in np.ndindex(*out.shape):
        total = bias[f]
        for c, u, v in np.ndindex(2, kernel, kernel):
            total += weight[f, c, u, v] * x[c, stride * i + u, stride * j + v]
        out[i, j, f] = max(total, 0.0)
    found = encoder(scaled(torch.from_numpy(pixels)))[0, 0]
    assert encoder.outputs == out.size
    np.testing.assert_allclose(found.detach(), out.ravel(), atol=1e-5)


@pytest.mark.equation("17.3", by="the sizes of the arrays themselves")
def test_bytes_of_a_replay_buffer():
    """Frames kept once take 2 k times fewer bytes than observations and next observations."""
    k, side, capacity = 3, 84, 50
    buffer = FrameReplay(capacity, (1, side, side), k, 1, [np.random.default_rng(0)])
    whole = 2 * np.zeros((capacity, k, side, side), np.uint8).nbytes
    assert whole / buffer.frames.nbytes == 2 * k


@pytest.mark.equation("17.4", "17.5", by="gradients of the losses written out, in float64")
def test_what_moves_what():
    """The critic's loss has a gradient in the encoder, and the actor's is not taken there."""
    agent = filled()
    hand = copy.deepcopy(agent)
    for name in ("encoder", "critic", "actor", "critic_target", "actor_target"):
        getattr(hand, name).double()
    batch = hand.replay.sample(5)
    x, x2 = (scaled(frames).double() for frames in (batch.obs, batch.next_obs))
    r, d, a = batch.reward.double(), batch.terminated.double(), batch.action.double()
    eye = hand.encoder
    y = r + CONFIG.gamma**2 * (1 - d) * hand.critic_target(eye(x2), hand.actor_target(eye(x2)))
    loss = (y.detach() - hand.critic(eye(x), a)).square().mean()
    expected = torch.autograd.grad(loss, [*eye.parameters(), *hand.critic.parameters()])
    asked = []
    agent.critic_optimizer.apply = asked.append  # type: ignore[method-assign]
    given = []
    agent.actor_optimizer.apply = given.append  # type: ignore[method-assign]
    agent.learn(agent.replay.sample(5))
    for found, wanted in zip(asked[0], expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)
    seen = eye(x).detach()
    action = hand.actor(seen)
    dqda = torch.autograd.grad(hand.critic(seen, action).sum(), action, retain_graph=True)[0]
    chain = torch.autograd.grad(-(dqda.detach() * action).sum() / 5, hand.actor.parameters())
    assert len(given[0]) == len(chain)
    for found, wanted in zip(given[0], chain, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.equation("17.6", by="finite differences in float64")
def test_saliency():
    """The slope of the value in a pixel, with the action held."""
    agent = filled()
    obs = np.random.default_rng(2).integers(0, 256, (1, 1, *SHAPE), np.uint8)
    slope = saliency(agent, obs)
    x = scaled(torch.from_numpy(obs)).double()
    agent.encoder.double()
    agent.critic.double()
    agent.actor.double()
    with torch.no_grad():
        action = agent.actor(agent.encoder(x))
        for f, i, j in [(0, 3, 4), (1, 7, 7), (0, 0, 0), (1, 5, 2)]:
            ends = []
            for h in (-1e-6, 1e-6):
                other = x.clone()
                other[0, 0, f, i, j] += h
                ends.append(agent.critic(agent.encoder(other), action).item())
            expected = (ends[1] - ends[0]) / 2e-6
            assert slope[0, 0, f, 0, i, j] == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.equation("17.7", by="SciPy's least squares and the definition of R squared")
def test_the_share_that_a_probe_reads():
    """1 minus the squared error over the variance, on rows that the map was not fitted to."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    truth = x @ [[1.0], [2.0], [0.0]] + rng.normal(size=(200, 1))
    found = probe(x, truth, ridge=0.0)
    ones = np.hstack([x, np.ones((200, 1))])
    weights, *_ = np.linalg.lstsq(ones[:100], truth[:100], rcond=None)
    error = ((truth[100:] - ones[100:] @ weights) ** 2).mean()
    assert found.r2[0] == pytest.approx(1 - error / truth[100:].var(), rel=1e-6)
