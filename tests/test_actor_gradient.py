"""The actor's gradient taken apart: against automatic differentiation, simulation and NumPy."""

import math

import numpy as np
import pytest
import torch

from ddpg_lib.actor_gradient import (
    action_slope,
    cosine,
    finite_differences,
    gradient_through,
    pendulum_action_value,
    torque_slope,
)
from ddpg_lib.losses import actor_loss
from ddpg_lib.networks import Actor, Critic
from ddpg_lib.pendulum import PendulumModel, rollout, start_states, zero_torque


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


def test_finite_differences_of_a_known_function():
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    before = x.clone()
    (found,) = finite_differences(lambda: (x**3).sum(), [x], 1e-4)
    assert torch.allclose(found, 3 * before**2, atol=1e-7)
    assert torch.equal(x, before)
    with pytest.raises(ValueError, match="float64"):
        finite_differences(lambda: x.sum(), [x.float()])


def test_cosines_of_each_agent():
    a = [torch.tensor([[3.0], [1.0], [1e-30]]), torch.tensor([[[4.0]], [[0.0]], [[0.0]]])]
    b = [torch.tensor([[4.0], [-2.0], [1e-30]]), torch.tensor([[[3.0]], [[0.0]], [[0.0]]])]
    assert torch.allclose(cosine(a, b)[:2], torch.tensor([24 / 25, -1.0]).double())
    assert cosine(a, [torch.zeros_like(x) for x in b]).abs().max() == 0
    with pytest.raises(ValueError, match="same shapes"):
        cosine(a, b[::-1])


def test_the_simulated_value_of_a_policy_is_its_return():
    starts = range(5)
    record = rollout(zero_torque, starts)
    value = pendulum_action_value(
        lambda obs: zero_torque(0, obs), *start_states(starts), 0.0, 1.0, horizon=200
    )
    np.testing.assert_allclose(value, record.returns, rtol=1e-12)
    discounts = 0.9 ** np.arange(200)
    value = pendulum_action_value(
        lambda obs: zero_torque(0, obs), *start_states(starts), np.zeros(5), 0.9, horizon=200
    )
    np.testing.assert_allclose(value, record.rewards @ discounts, rtol=1e-12)


def test_the_rest_after_the_horizon_is_what_the_docstring_says():
    model = PendulumModel()
    assert model.reward(np.pi, 8.0, 2.0) > -17
    assert 0.99**400 / 0.01 * model.reward(np.pi, 8.0, 2.0) > -30


def test_slopes_at_and_inside_the_bounds():
    torque = np.array([-2.0, -1.99, 0.5, 2.0])
    slope = torque_slope(lambda u: np.clip(u, -2, 2) ** 2, torque, 0.1)
    # A parabola's difference is its slope in the middle of the two points.
    np.testing.assert_allclose(slope, [-3.9, -3.89, 1.0, 3.9])


def test_the_slope_of_the_next_reward_in_closed_form():
    """Horizon 2 and zero torque: only the second reward's angle and speed depend on the first."""
    model, theta, speed = PendulumModel(), 0.4, -0.3
    dt, b = model.time_step, model.torque_gain

    def value(torque):
        return pendulum_action_value(
            lambda obs: zero_torque(0, obs), theta, speed, torque, 0.99, horizon=2
        )

    torque = 0.7
    next_angle, next_speed, _ = model.step(theta, speed, torque)
    exact = -0.002 * torque - 0.99 * (2 * next_angle * b * dt**2 + 0.2 * next_speed * b * dt)
    assert math.isclose(torque_slope(value, torque, 1e-3), exact, rel_tol=1e-6)
