"""Clipping and inversion of gradients against PyTorch's clipping and hand calculation."""

import copy

import numpy as np
import pytest
import torch
from test_ddpg import CONFIG, HIGH, LOW, filled, weights

from ddpg_lib import DDPG, actor_loss
from ddpg_lib.parts.gradients import (
    actor_loss_through,
    clip_action_gradient,
    clip_by_norm,
    invert_gradient,
)
from ddpg_lib.parts.networks import Actor, Critic


def test_each_agents_gradient_is_clipped_as_pytorch_would():
    torch.manual_seed(0)
    gradients = [torch.randn(3, 4, 5), torch.randn(3, 1, 5)]
    gradients = [g * torch.tensor([0.01, 1.0, 100.0]).view(3, 1, 1) for g in gradients]
    clipped = clip_by_norm(gradients, 0.7)
    for i in range(3):
        parameters = [torch.nn.Parameter(torch.zeros(g.shape[1:])) for g in gradients]
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g[i].clone()
        torch.nn.utils.clip_grad_norm_(parameters, 0.7)
        for p, c in zip(parameters, clipped, strict=True):
            assert torch.allclose(c[i], p.grad, atol=1e-7)
    # The small one is untouched, the others have the full length.
    assert torch.equal(clipped[0][0], gradients[0][0])
    for i in (1, 2):
        length = torch.cat([c[i].flatten() for c in clipped]).norm()
        assert length == pytest.approx(0.7, rel=1e-4)


def test_an_agents_steep_slope_does_not_slow_its_neighbor():
    config = CONFIG.replace(max_grad_norm=0.5)
    calm, beside = filled((0, 1), config), filled((0, 1), config)
    beside.replay.rows[1, :, 5] *= 1e4  # the other agent's rewards
    for _ in range(5):
        calm.update()
        beside.update()
    for x, y in zip(weights(calm.critic), weights(beside.critic), strict=True):
        assert torch.equal(x[0], y[0])
        assert not torch.equal(x[1], y[1])


def test_a_transitions_action_gradient_is_clipped_by_length():
    dqda = torch.tensor([[[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]])
    expected = torch.tensor([[[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]])
    assert torch.allclose(clip_action_gradient(dqda, 1.0), expected, atol=1e-6)


def test_inversion_by_hand():
    dqda = torch.tensor([[[2.0], [-2.0], [2.0], [-2.0], [2.0], [-2.0]]])
    action = torch.tensor([[[0.5], [0.5], [1.0], [1.0], [1.4], [-1.4]]])
    # up at .5: half of the half that is left; down at .5: three quarters; up at the bound:
    # nothing; beyond a bound the sign turns.
    expected = torch.tensor([[[0.5], [-1.5], [0.0], [-2.0], [-0.4], [0.4]]])
    assert torch.allclose(invert_gradient(dqda, action), expected)


def networks(**changes):
    rngs = [np.random.default_rng(i) for i in range(2)]
    sizes = {"obs_dim": 3, "action_dim": 2, "hidden": (6,), "activation": "tanh", "final_init": 0.5}
    actor = Actor(rngs, **sizes, **changes).double()
    return actor, Critic(rngs, **sizes).double(), torch.randn(2, 4, 3).double()


def test_the_identity_gives_the_plain_gradient():
    actor, critic, obs = networks()
    parameters = list(actor.parameters())
    action = actor(obs, training=True)
    q = critic(obs, action)
    plain = torch.autograd.grad(actor_loss(q), parameters, retain_graph=True)
    through = torch.autograd.grad(actor_loss_through(q, action), parameters, retain_graph=True)
    wide = torch.autograd.grad(actor_loss_through(critic(obs, action), action, 1e6), parameters)
    for a, b, c in zip(plain, through, wide, strict=True):
        assert torch.allclose(a, b, atol=1e-14)
        assert torch.allclose(a, c, atol=1e-14)


def test_wide_clipping_is_the_plain_update():
    plain, wide = filled(), filled(config=CONFIG.replace(dqda_clipping=1e6, max_grad_norm=1e6))
    for _ in range(20):
        a, b = plain.update(), wide.update()
    for x, y in zip(weights(plain.actor), weights(wide.actor), strict=True):
        assert torch.allclose(x, y, atol=1e-5)
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-3, atol=1e-5)


def test_the_changed_gradient_equals_the_chain_rule_term_by_term():
    actor, critic, obs = networks(squash=False)
    parameters = list(actor.parameters())
    action = actor(obs, training=True)
    loss = actor_loss_through(critic(obs, action), action, 0.05, invert=True)
    found = torch.autograd.grad(loss, parameters)
    by_hand = [torch.zeros_like(p) for p in parameters]
    for i in range(2):
        for j in range(4):
            a = actor(obs, training=True)
            free = a.detach().requires_grad_()
            (dqda,) = torch.autograd.grad(critic(obs, free)[i, j], free)
            g = dqda[i, j] * min(1.0, 0.05 / (dqda[i, j].norm().item() + 1e-6))
            for k in range(2):
                room = (1 - a[i, j, k]) / 2 if g[k] > 0 else (a[i, j, k] + 1) / 2
                parts = torch.autograd.grad(a[i, j, k], parameters, retain_graph=True)
                for total, part in zip(by_hand, parts, strict=True):
                    total -= g[k] * room.detach() * part / 4
    for a, b in zip(found, by_hand, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_inverting_agents_are_linear_inside_and_bounded_outside():
    agent = DDPG(3, LOW, HIGH, CONFIG.replace(invert_gradients=True, final_init=5.0), (0, 1))
    obs = np.random.default_rng(0).normal(size=(2, 50, 3)) * 3
    actions = agent.act(obs)
    assert (actions >= LOW).all()
    assert (actions <= HIGH).all()
    raw = agent.actor(torch.tensor(obs, dtype=torch.float32), training=True)
    assert raw.abs().max() > 1.5
    scaled = (actions - agent.center) / agent.half_range
    np.testing.assert_allclose(scaled, raw.detach().clamp(-1, 1), atol=1e-6)


def test_inversion_brings_actions_back_that_have_left_the_bounds():
    """Where plain ascent on a linear critic would run away, inverted ascent stays inside."""
    agent = filled(config=CONFIG.replace(invert_gradients=True, actor_lr=1e-2))
    runaway = copy.deepcopy(agent)
    obs = agent.replay.sample(16).obs
    for shaped, stack in ((True, agent), (False, runaway)):
        for _ in range(400):
            action = stack.actor(obs, training=True)
            q = 5 * action.sum(-1)  # more is always better
            loss = actor_loss_through(q, action, None, True) if shaped else actor_loss(q)
            stack.actor_optimizer.descend(loss)
    inside = agent.actor(obs, training=True)
    assert inside.max() < 1.05
    assert inside.min() > 0.5
    assert runaway.actor(obs, training=True).max() > 3
