"""The four formulas against hand calculation, finite differences and SciPy-free NumPy."""

import numpy as np
import pytest
import torch

from ddpg_lib import actor_loss, critic_loss, soft_update, td_target
from ddpg_lib.parts.networks import Actor, Critic

torch.manual_seed(0)


def rngs(n):
    return [np.random.default_rng([7, i]) for i in range(n)]


def test_td_target_by_hand():
    reward = torch.tensor([[1.0, -2.0, 0.5]])
    terminated = torch.tensor([[0.0, 1.0, 0.0]])
    next_q = torch.tensor([[10.0, 10.0, -4.0]])
    target = td_target(reward, terminated, next_q, 0.9)
    # 1 + 0.9*10 ; the terminal state has no future ; 0.5 - 0.9*4
    assert torch.allclose(target, torch.tensor([[10.0, -2.0, -3.1]]))


def test_td_target_with_a_discount_for_each_transition():
    reward, d = torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([[0.0, 1.0, 0.0]])
    next_q, gamma = torch.tensor([[10.0, 10.0, -4.0]]), torch.tensor([[0.9, 0.81, 0.729]])
    # 1 + .9*10 ; the terminal state has no future ; .5 - .729*4
    expected = torch.tensor([[10.0, -2.0, -2.416]])
    assert torch.allclose(td_target(reward, d, next_q, gamma), expected)
    with pytest.raises(ValueError, match="shapes must be equal"):
        td_target(reward, d, next_q, gamma[:, :1])


def test_critic_loss_by_hand():
    q = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    target = torch.tensor([[0.0, 4.0], [3.0, 1.0]])
    # agent 1: (1 + 4)/2 = 2.5 ; agent 2: (9 + 1)/2 = 5 ; agents are summed
    assert critic_loss(q, target).item() == pytest.approx(7.5)


def test_critic_loss_has_its_factor_two_and_its_sign():
    q = torch.tensor([[1.0, 2.0]], requires_grad=True)
    target = torch.tensor([[0.0, 4.0]])
    (gradient,) = torch.autograd.grad(critic_loss(q, target), q)
    # d/dq of mean (y - q)^2 is -2 (y - q) / N
    assert torch.allclose(gradient, torch.tensor([[1.0, -2.0]]))


def test_actor_loss_by_hand():
    q = torch.tensor([[1.0, 3.0], [-1.0, 0.0]])
    assert actor_loss(q).item() == pytest.approx(-2.0 + 0.5)


@pytest.mark.parametrize("shape", [(2,), (2, 1), (1, 2, 1)])
def test_shapes_that_would_broadcast_are_refused(shape):
    q = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="shapes must be equal"):
        critic_loss(q, torch.zeros(shape))
    with pytest.raises(ValueError, match="shapes must be equal"):
        td_target(q, q, torch.zeros(shape), 0.9)


def test_a_target_with_a_gradient_is_refused():
    q = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="no_grad"):
        critic_loss(q, torch.zeros(1, 2, requires_grad=True))


def test_soft_update_by_hand_and_in_place():
    target, online = [torch.tensor([0.0, 10.0])], [torch.tensor([1.0, 20.0])]
    memory = target[0].data_ptr()
    soft_update(target, online, 0.1)
    assert torch.allclose(target[0], torch.tensor([0.1, 11.0]))
    assert target[0].data_ptr() == memory
    soft_update(target, online, 1.0)
    assert torch.equal(target[0], online[0])


def test_soft_update_refuses_aliases_and_impossible_tau():
    shared = [torch.zeros(2)]
    with pytest.raises(ValueError, match="same tensors"):
        soft_update(shared, shared, 0.1)
    with pytest.raises(ValueError, match="tau"):
        soft_update([torch.zeros(2)], [torch.ones(2)], 1.5)


def test_critic_gradient_equals_finite_differences():
    critic = Critic(rngs(2), 3, 2, hidden=(5, 4), activation="tanh", final_init=0.5).double()
    obs, action = torch.randn(2, 6, 3).double(), torch.randn(2, 6, 2).double()
    target = torch.randn(2, 6).double()
    weight = critic.layers[1].weight
    (gradient,) = torch.autograd.grad(critic_loss(critic(obs, action), target), weight)
    eps = 1e-6
    for index in [(0, 0, 0), (0, 4, 3), (1, 2, 1)]:
        losses = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[index] += sign * eps
                losses.append(critic_loss(critic(obs, action), target).item())
                weight[index] -= sign * eps
        assert gradient[index].item() == pytest.approx(
            (losses[0] - losses[1]) / (2 * eps), abs=1e-7
        )


def test_actor_gradient_equals_the_chain_rule():
    """Autograd through the critic equals the mean of dmu/dtheta^T dQ/da, taken term by term."""
    actor = Actor(rngs(1), 3, 2, hidden=(5,), activation="tanh", final_init=0.5).double()
    critic = Critic(rngs(1), 3, 2, hidden=(5,), activation="tanh", final_init=0.5).double()
    obs = torch.randn(1, 4, 3).double()
    weights = list(actor.parameters())
    through = torch.autograd.grad(actor_loss(critic(obs, actor(obs))), weights)
    by_hand = [torch.zeros_like(w) for w in weights]
    for j in range(4):
        s = obs[:, j : j + 1]
        action = actor(s)
        free = action.detach().requires_grad_()
        (dq_da,) = torch.autograd.grad(critic(s, free).sum(), free)
        for k in range(2):
            for total, part in zip(
                by_hand,
                torch.autograd.grad(action[0, 0, k], weights, retain_graph=True),
                strict=True,
            ):
                total -= dq_da[0, 0, k] * part / 4
    for a, b in zip(through, by_hand, strict=True):
        assert torch.allclose(a, b, atol=1e-12)
