"""Chapter 7's equations: the library's recursions against independent calculations."""

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, critic_loss, recipe, soft_update, td_target
from ddpg_lib.chapters.ch07.gradients import critic_gradients, in_their_span
from ddpg_lib.chapters.ch07.linear_td import LinearTD
from ddpg_lib.chapters.ch07.targets import Follow
from ddpg_lib.maths.spectra import spectral_radius

DEFINITIONS = {"7.1": "defines the linear critic"}

ETA, GAMMA = 0.02, 0.9


def random_problem(seed=0, weights=3, transitions=8):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, transitions, weights))
    return LinearTD(x, y, (rng.random(transitions) < 0.3).astype(float), GAMMA, ETA)


def descend(problem, phi, slow, reward=None):
    """One gradient step, by automatic differentiation of the library's own target and loss."""
    x, y, d = map(torch.tensor, (problem.features, problem.next_features, problem.terminated))
    r = torch.zeros_like(d) if reward is None else torch.tensor(reward)
    phi = torch.tensor(phi).requires_grad_()
    loss = critic_loss(x @ phi, td_target(r, d, y @ torch.tensor(slow), GAMMA))
    (gradient,) = torch.autograd.grad(loss, phi)
    return (phi - ETA * gradient).detach().numpy()


def one_weight(h, kappa):
    """A problem with C = 1 and B = kappa: a single transition with x = 1 and x' = kappa / gamma."""
    return LinearTD([[1.0]], [[kappa / GAMMA]], [0.0], GAMMA, h / 2)


def numbers(count, seed=1):
    """Random h in (0, 4), kappa in (-3, 3), tau in (0, 1]."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 4, count), rng.uniform(-3, 3, count), 1 - rng.random(count)
    return zip(*values, strict=True)


@pytest.mark.equation("7.2", by="automatic differentiation in float64")
def test_gradient_descent_is_the_linear_map():
    """C, B and b give the step that autograd makes of td_target and critic_loss."""
    problem, rng = random_problem(), np.random.default_rng(2)
    phi, slow, reward = rng.normal(size=3), rng.normal(size=3), rng.normal(size=8)
    b = problem.features.T @ reward / 8
    step = b + problem.bootstrap @ slow - problem.curvature @ phi
    assert np.allclose(descend(problem, phi, slow, reward), phi + 2 * ETA * step, rtol=1e-12)


@pytest.mark.equation("7.3", by="automatic differentiation in float64")
def test_without_a_target_network():
    """Ten gradient steps with targets from the same weights are ten products with the matrix."""
    problem, phi = random_problem(), np.array([1.0, -2.0, 0.5])
    expected = np.linalg.matrix_power(problem.without_target(), 10) @ phi
    for _ in range(10):
        phi = descend(problem, phi, phi)
    assert np.allclose(phi, expected, rtol=1e-11)


@pytest.mark.equation("7a.1", by="random chains and features, in exact proportions")
def test_on_policy_data_are_safe():
    """The inequality holds for the visits of whole episodes, and fails for other proportions."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        states = int(rng.integers(2, 7))
        P = rng.dirichlet(np.full(states, 0.4), states) * rng.uniform(0.5, 0.99)
        X, phi = rng.normal(size=(states, 2)), rng.normal(size=2)
        # Expected visits of an episode that begins anywhere: those of the start, and those reached.
        visits = np.linalg.solve((np.eye(states) - P).T, rng.random(states))
        w = visits / visits.sum()
        C, B = X.T @ (w[:, None] * X), GAMMA * X.T @ (w[:, None] * (P @ X))
        assert abs(phi @ B @ phi) <= GAMMA * phi @ C @ phi * (1 + 1e-12)
        assert np.linalg.eigvals(C - B).real.min() > 0
    # The library's matrices, on the two-state example: as visited, and both states equally often.
    for go, safe in ((1, True), (10, False)):
        x = np.array([[1.0]] * go + [[2.0]] * 10)
        d = np.array([0.0] * (go + 9) + [1.0])
        example = LinearTD(x, np.full_like(x, 2.0), d, 0.99, 0.05)
        assert (example.bootstrap.item() <= 0.99 * example.curvature.item()) == safe


@pytest.mark.equation("7.4", by="automatic differentiation in float64")
def test_one_weight_without_a_target_network():
    """One gradient step with targets from the same weight multiplies the error by the factor."""
    for h, kappa, _ in numbers(20):
        problem = one_weight(h, kappa)
        phi = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
        zero = torch.zeros(1, dtype=torch.float64)
        y = td_target(zero, zero, torch.tensor(problem.next_features) @ phi.detach(), GAMMA)
        loss = critic_loss(torch.tensor(problem.features) @ phi, y)
        (gradient,) = torch.autograd.grad(loss, phi)
        moved = phi.detach() - problem.lr * gradient
        assert moved.item() == pytest.approx(2 * (1 + h * (kappa - 1)), rel=1e-12)
        assert problem.gain.item() == pytest.approx(kappa)


@pytest.mark.equation("7.6", by="the library's matrix of an update")
def test_two_lines_for_one_weight():
    """The two lines, one after the other, are the product with the matrix."""
    for h, kappa, tau in numbers(50):
        e, slow = 1.5, -0.5
        expected = one_weight(h, kappa).soft(tau) @ [e, slow]
        e = (1 - h) * e + h * kappa * slow
        slow = (1 - tau) * slow + tau * e
        assert np.allclose(expected, [e, slow], rtol=1e-12)


@pytest.mark.equation("7.5", "7a.2", by="the library's soft update, and NumPy by hand")
def test_a_soft_target_is_a_mean_of_old_weights():
    """Its weights are geometric; their mean age is the lag, and that of a copy is (K + 1)/2."""
    tau, n = 0.1, 400
    phi = np.random.default_rng(4).normal(size=n)  # the weights after updates 0, 1, ..., n - 1
    target = [torch.tensor(phi[:1].copy())]
    for value in phi[1:]:
        soft_update(target, [torch.tensor([value])], tau)
    ages = np.arange(1, n + 1)
    shares = tau * (1 - tau) ** (ages - 1)
    assert target[0].item() == pytest.approx(shares @ phi[::-1], abs=1e-12)
    assert Follow(tau).lag == pytest.approx(shares @ ages, abs=1e-10)
    for K in (1, 2, 19):
        assert Follow(1.0, K).lag == np.mean(np.arange(1, K + 1))
    assert Follow(tau).hard_equivalent() == Follow(1.0, round(2 / tau - 1))


@pytest.mark.equation("7a.3", by="automatic differentiation in float64")
def test_soft_recursion():
    """Gradient step, then soft update, ten times: ten products with the matrix."""
    problem, phi, slow = random_problem(), np.array([1.0, -2.0, 0.5]), np.array([0.0, 1.0, 3.0])
    for tau in (1.0, 0.2):
        expected = np.linalg.matrix_power(problem.soft(tau), 10) @ np.concatenate([phi, slow])
        p, target = phi, [torch.tensor(slow)]
        for _ in range(10):
            p = descend(problem, p, target[0].numpy())
            soft_update(target, [torch.tensor(p)], tau)
        assert np.allclose(np.concatenate([p, target[0].numpy()]), expected, rtol=1e-11)


@pytest.mark.equation("7a.4", by="automatic differentiation in float64")
def test_hard_recursion():
    """K gradient steps towards fixed targets are one product with the matrix, and its formula."""
    problem, start = random_problem(), np.array([1.0, -2.0, 0.5])
    for K in (1, 3, 20):
        phi = start
        for _ in range(K):
            phi = descend(problem, phi, start)
        assert np.allclose(phi, problem.hard(K) @ start, rtol=1e-11)
        left = np.linalg.matrix_power(np.eye(3) - 2 * ETA * problem.curvature, K)
        formula = problem.gain + left @ (np.eye(3) - problem.gain)
        assert np.allclose(problem.hard(K), formula, rtol=1e-10)


@pytest.mark.equation("7.7", by="the roots of the polynomial against the matrix's eigenvalues")
def test_characteristic_equation():
    """Both eigenvalues of the library's matrix solve it, for random h, kappa and tau."""
    for h, kappa, tau in numbers(200):
        lam = np.linalg.eigvals(one_weight(h, kappa).soft(tau)).astype(complex)
        assert np.allclose((lam - 1 + h) * (lam - 1 + tau), h * tau * kappa * lam, atol=1e-9)
        assert np.allclose(
            np.sort_complex(np.roots([1, h + tau - 2 - h * tau * kappa, (1 - h) * (1 - tau)])),
            np.sort_complex(lam),
            atol=1e-6,
        )


@pytest.mark.equation("7a.5", by="spectral radii of 3000 random cases")
def test_condition_for_one_weight():
    """Theorems 7.1 and 7a.2: above gain 1 never, below it exactly under the condition."""
    stable = 0
    for h, kappa, tau in numbers(3000):
        radius = spectral_radius(one_weight(h, kappa).soft(tau))
        if kappa > 1:
            assert radius > 1
            assert radius > spectral_radius(one_weight(h, kappa).soft(tau / 2)) or h > 2
        else:
            holds = h * (1 - tau * (1 + kappa) / 2) < 2 - tau
            assert holds == (radius < 1)
            stable += holds
    assert 300 < stable < 2700  # both sides were tried


@pytest.mark.equation("7.8", by="eigenvalues at two values of tau")
def test_slow_eigenvalues():
    """The error of 1 + tau (kappa_i - 1) falls faster than tau."""
    problem = random_problem(seed=5)
    gains = np.linalg.eigvals(problem.gain)
    assert np.linalg.eigvalsh(2 * ETA * problem.curvature).min() > 0

    def error(tau):
        lam = np.linalg.eigvals(problem.soft(tau))
        slow = lam[np.argsort(np.abs(lam - 1))[:3]]
        predicted = 1 + tau * (gains - 1)
        return max(np.abs(slow - p).min() for p in predicted) / tau

    assert error(1e-5) < 0.02
    assert error(1e-6) < 0.2 * error(1e-5)


@pytest.mark.equation("7a.6", by="eigenvalues of the library's matrix")
def test_determinant_of_the_slow_eigenvalues():
    """Every eigenvalue 1 + tau sigma of an update makes the determinant vanish."""
    problem, tau = random_problem(seed=5), 0.3
    C, B = problem.curvature, problem.bootstrap
    scale = np.linalg.norm(2 * ETA * C, 2) ** 3
    for lam in np.linalg.eigvals(problem.soft(tau)).astype(complex):
        sigma = (lam - 1) / tau
        inner = (sigma + 1) * (tau * sigma * np.eye(3) + 2 * ETA * C)
        assert abs(np.linalg.det(inner - lam * 2 * ETA * B)) < 1e-10 * max(scale, 1e-3)
        other = inner + 0.1 * np.eye(3) - lam * 2 * ETA * B
        assert abs(np.linalg.det(other)) > 1e-6  # the test can fail


@pytest.mark.equation(
    "7b.1", by="the change of the critic's values after a small change of weights"
)
def test_a_network_is_linear_near_its_weights():
    """What the gradients predict differs from the true change by the square of the change."""
    agent = DDPG(3, [-2.0], [2.0], recipe("pendulum", hidden=(8, 8)), [0, 1])
    rng = torch.Generator().manual_seed(0)
    obs, action = torch.randn(2, 5, 3, generator=rng), torch.rand(2, 5, 1, generator=rng)
    x = critic_gradients(agent, 1, obs, action)
    network = agent.critic.double()
    before = network(obs.double(), action.double())[1].detach().numpy()
    flat = torch.randn(x.shape[1], generator=rng, dtype=torch.float64)
    errors = []
    for size in (1e-2, 1e-3):
        start = 0
        for p in network.parameters():
            n = p[1].numel()
            p.data[1] += size * flat[start : start + n].reshape(p[1].shape)
            start += n
        change = network(obs.double(), action.double())[1].detach().numpy() - before
        errors.append(np.abs(change - x @ (size * flat.numpy())).max())
        start = 0
        for p in network.parameters():
            n = p[1].numel()
            p.data[1] -= size * flat[start : start + n].reshape(p[1].shape)
            start += n
    assert errors[0] < 0.1
    assert errors[1] < 0.02 * errors[0]


@pytest.mark.equation("7b.2", by="all products, before and after")
def test_coordinates_keep_all_products():
    """Rows in the coordinates of their span have the products that they had."""
    x, y = np.random.default_rng(8).normal(size=(2, 4, 30))
    short, other = in_their_span(x, y)
    assert short.shape == other.shape == (4, 8)
    for a, b, c, d in ((x, y, short, other), (x, x, short, short), (y, y, other, other)):
        assert np.allclose(a @ b.T, c @ d.T, atol=1e-12)


@pytest.mark.equation("7.9", by="NumPy by hand")
def test_a_rich_critic_has_the_gain_of_the_bellman_operator():
    """Whatever the proportions of the batch, kappa is similar to gamma P."""
    rng = np.random.default_rng(6)
    for _ in range(20):
        X = rng.normal(size=(4, 4))
        # Each state has three ways to go on, or to end; each way occurs some 1 to 5 times.
        s = np.repeat(np.arange(4), 3)
        n, end = rng.integers(0, 4, 12), (rng.random(12) < 0.3).astype(float)
        copies = rng.integers(1, 6, 12)
        s, n, end = (np.repeat(v, copies) for v in (s, n, end))
        P = np.array(
            [[np.mean((n[s == i] == j) * (1 - end[s == i])) for j in range(4)] for i in range(4)]
        )
        gain = LinearTD(X[s], X[n], end, GAMMA, ETA).gain
        assert np.allclose(gain, GAMMA * np.linalg.inv(X) @ P @ X, atol=1e-8)
        assert spectral_radius(gain) <= GAMMA + 1e-8


@pytest.mark.equation("7.10", by="a chain of states, target moved by hand")
def test_a_slow_target_knows_few_rewards():
    """With a perfect fit the value grows as the formula says where every reward is -1."""
    tau, states = 0.01, 5
    rng = np.random.default_rng(7)
    P = rng.dirichlet(np.ones(states), states)
    value = [torch.zeros(states, dtype=torch.float64)]
    for k in range(1, 801):
        fit = td_target(
            -torch.ones(states, dtype=torch.float64),
            torch.zeros(states, dtype=torch.float64),
            torch.tensor(P) @ value[0],
            GAMMA,
        )
        soft_update(value, [fit], tau)
        expected = (1 - (1 - tau * (1 - GAMMA)) ** k) / (1 - GAMMA)
        assert np.allclose(value[0].numpy(), -expected, rtol=1e-10)
        assert expected <= tau * k + 1e-12
