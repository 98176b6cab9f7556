"""The linear recursions against the library's own losses and gradient, number by number."""

import numpy as np
import pytest
import torch

from ddpg_lib import critic_loss, soft_update, td_target
from ddpg_lib.chapters.ch07.linear_td import LinearTD
from ddpg_lib.maths.spectra import spectral_radius


def random_problem(k=3, n=7, lr=0.02, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n, k))
    return LinearTD(x, y, rng.random(n) < 0.3, gamma=0.9, lr=lr)


def simulate(problem, phi, slow, updates, tau=1.0, period=1):
    """Gradient descent by automatic differentiation, with the library's target and loss."""
    x, y, d = (
        torch.tensor(v) for v in (problem.features, problem.next_features, problem.terminated)
    )
    phi, slow = torch.tensor(phi), torch.tensor(slow)
    for k in range(1, updates + 1):
        target = td_target(torch.zeros_like(d), d, y @ slow, problem.gamma)
        phi.requires_grad_()
        (gradient,) = torch.autograd.grad(critic_loss(x @ phi, target), phi)
        phi = (phi - problem.lr * gradient).detach()
        if k % period == 0:
            soft_update([slow], [phi], tau)
    return phi.numpy(), slow.numpy()


def test_without_a_target_network():
    problem, phi = random_problem(), np.array([1.0, -2.0, 0.5])
    after, _ = simulate(problem, phi, phi, 5)
    expected = np.linalg.matrix_power(problem.without_target(), 5) @ phi
    assert np.allclose(after, expected, rtol=1e-12)


@pytest.mark.parametrize("tau", [1.0, 0.3, 0.01])
def test_soft(tau):
    problem, phi, slow = random_problem(), np.array([1.0, -2.0, 0.5]), np.array([0.0, 1.0, 3.0])
    both = np.concatenate(simulate(problem, phi, slow, 6, tau=tau))
    expected = np.linalg.matrix_power(problem.soft(tau), 6) @ np.concatenate([phi, slow])
    assert np.allclose(both, expected, rtol=1e-12)


@pytest.mark.parametrize("period", [1, 2, 5, 64])
def test_hard(period):
    problem, phi = random_problem(), np.array([1.0, -2.0, 0.5])
    after, slow = simulate(problem, phi, phi, 2 * period, period=period)
    expected = problem.hard(period) @ problem.hard(period) @ phi
    assert np.allclose(after, expected, rtol=1e-10)
    assert np.array_equal(after, slow)


def test_tau_one_and_period_one_are_no_target_network():
    problem = random_problem()
    assert np.allclose(problem.hard(1), problem.without_target())
    nonzero = spectral_radius(problem.soft(1.0))
    assert nonzero == pytest.approx(spectral_radius(problem.without_target()))


def test_gain_is_the_limit_of_long_periods():
    problem = random_problem()
    assert np.allclose(problem.hard(100_000), problem.gain, atol=1e-9)


def test_a_critic_with_more_weights_than_transitions_has_a_hard_recursion_too():
    problem = random_problem(k=9, n=4)
    phi = np.linspace(-1, 1, 9)
    after, _ = simulate(problem, phi, phi, 40, period=40)
    assert np.allclose(after, problem.hard(40) @ phi, rtol=1e-10)


def test_spectral_radius_by_hand():
    assert spectral_radius([[0.0, -2.0], [2.0, 0.0]]) == pytest.approx(2.0)
    assert spectral_radius([[-3.0]]) == 3.0
    with pytest.raises(ValueError, match="square"):
        spectral_radius(np.zeros((2, 3)))


def test_what_cannot_work_is_refused():
    x = np.ones((4, 2))
    with pytest.raises(ValueError, match=r"\(N, k\)"):
        LinearTD(x, x[:3], np.zeros(4), 0.9, 0.1)
    with pytest.raises(ValueError, match=r"\(N, k\)"):
        LinearTD(x, x, np.zeros((4, 1)), 0.9, 0.1)
    with pytest.raises(ValueError, match="lr"):
        LinearTD(x, x, np.zeros(4), 0.9, 0.0)
    problem = LinearTD(x, x, np.zeros(4), 0.9, 0.1)
    with pytest.raises(ValueError, match="tau"):
        problem.soft(0.0)
    with pytest.raises(ValueError, match="period"):
        problem.hard(0)
