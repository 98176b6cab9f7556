"""The actor's gradient taken apart: against automatic differentiation, simulation and NumPy."""

import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch05.actor_gradient import (
    action_slope,
    cosine,
    gradient_through,
    slope_by_differences,
)
from ddpg_lib.parts.losses import actor_loss
from ddpg_lib.parts.networks import Actor, Critic


def networks(agents=2, action_dim=2, **changes):
    rngs = [np.random.default_rng(i) for i in range(agents)]
    sizes = {"obs_dim": 3, "hidden": (6,), "activation": "tanh", "final_init": 0.5, **changes}
    actor = Actor(rngs, action_dim=action_dim, **sizes).double()
    critic = Critic(rngs, action_dim=action_dim, **sizes).double()
    rng = np.random.default_rng(9)
    return actor, critic, torch.tensor(rng.normal(size=(agents, 5, 3)))


def test_the_two_factors_make_the_librarys_gradient():
    actor, critic, obs = networks()
    whole = torch.autograd.grad(-actor_loss(critic(obs, actor(obs))), list(actor.parameters()))
    parts = gradient_through(actor, obs, action_slope(critic, obs, actor(obs)))
    for a, b in zip(whole, parts, strict=True):
        assert torch.allclose(a, b, atol=1e-14)


def test_a_slope_leaves_no_gradient_behind():
    actor, critic, obs = networks()
    slope = action_slope(critic, obs, actor(obs))
    assert not slope.requires_grad
    assert all(p.grad is None for net in (actor, critic) for p in net.parameters())


def test_slopes_must_fit_their_actions():
    actor, _, obs = networks()
    with pytest.raises(ValueError, match=r"\(2, 5, 2\), got \(2, 5\)"):
        gradient_through(actor, obs, torch.ones(2, 5))


def test_cosines_of_each_agent():
    a = [torch.tensor([[3.0], [1.0], [1e-30]]), torch.tensor([[[4.0]], [[0.0]], [[0.0]]])]
    b = [torch.tensor([[4.0], [-2.0], [1e-30]]), torch.tensor([[[3.0]], [[0.0]], [[0.0]]])]
    assert torch.allclose(cosine(a, b)[:2], torch.tensor([24 / 25, -1.0]).double())
    assert cosine(a, [torch.zeros_like(x) for x in b]).abs().max() == 0
    with pytest.raises(ValueError, match="same shapes"):
        cosine(a, b[::-1])


def test_slopes_at_and_inside_the_bounds():
    action = torch.tensor([[[-1.0], [-0.99], [0.5], [1.0]]]).double()
    slope = slope_by_differences(lambda a: np.clip(a[..., 0], -1, 1) ** 2, action, 0.1)
    # A parabola's difference is its slope in the middle of the two points.
    np.testing.assert_allclose(slope[0, :, 0], [-1.9, -1.89, 1.0, 1.9])
    with pytest.raises(ValueError, match=r"shape \(1, 4\), got \(1, 4, 1\)"):
        slope_by_differences(lambda a: a, action)


def test_differences_of_a_critic_are_its_slopes():
    actor, critic, obs = networks()
    action = actor(obs).detach()
    with torch.no_grad():
        found = slope_by_differences(lambda a: critic(obs, torch.tensor(a)).numpy(), action, 1e-5)
    assert torch.allclose(found, action_slope(critic, obs, action), atol=1e-9)
