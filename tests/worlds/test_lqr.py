"""LQR in closed form against iteration, simulation, hand formulas and finite differences."""

import numpy as np
import pytest

from ddpg_lib.worlds.lqr import LQR


def double_integrator(gamma=0.95, W=None):
    return LQR(
        A=[[1.0, 0.1], [0.0, 1.0]],
        B=[[0.005], [0.1]],
        Q=np.diag([1.0, 0.1]),
        R=[[0.01]],
        gamma=gamma,
        W=W,
    )


def random_lqr(seed=3, n=4, m=2, gamma=0.9, noise=False):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    spread = 0.3 * rng.normal(size=(n, n))
    return LQR(
        A=rng.normal(size=(n, n)) * 0.6,
        B=rng.normal(size=(n, m)),
        Q=root @ root.T / n,
        R=np.eye(m) + 0.3,
        gamma=gamma,
        W=spread @ spread.T if noise else None,
    )


PROBLEMS = [
    double_integrator(),
    double_integrator(gamma=1.0),
    random_lqr(),
    random_lqr(noise=True),
]


@pytest.mark.parametrize("lqr", PROBLEMS)
def test_riccati_solution_is_the_limit_of_value_iteration(lqr):
    P = np.zeros_like(lqr.Q)
    for _ in range(3000):
        # Minimize a'Ra + gamma (As+Ba)'P(As+Ba) over a, written as a Schur complement.
        hess = lqr.R + lqr.gamma * lqr.B.T @ P @ lqr.B
        cross = lqr.gamma * lqr.B.T @ P @ lqr.A
        P = lqr.Q + lqr.gamma * lqr.A.T @ P @ lqr.A - cross.T @ np.linalg.inv(hess) @ cross
        P = (P + P.T) / 2  # or rounding would grow along directions that are antisymmetric
    np.testing.assert_allclose(lqr.P, P, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(lqr.K, np.linalg.inv(hess) @ cross, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("a", "b", "q", "r", "gamma"), [(1, 1, 1, 1, 1), (1.2, 0.5, 2, 0.1, 0.9)])
def test_scalar_lqr_by_the_quadratic_formula(a, b, q, r, gamma):
    # gamma b² P² + (r - gamma a² r - gamma b² q) P - q r = 0, the positive root.
    half = (r - gamma * a**2 * r - gamma * b**2 * q) / 2
    P = (-half + np.sqrt(half**2 + gamma * b**2 * q * r)) / (gamma * b**2)
    lqr = LQR([[a]], [[b]], [[q]], [[r]], gamma)
    assert lqr.P.item() == pytest.approx(P, rel=1e-12)
    assert lqr.K.item() == pytest.approx(gamma * a * b * P / (r + gamma * b**2 * P), rel=1e-12)
    assert lqr.value([3.0]) == pytest.approx(-9 * P, rel=1e-12)


@pytest.mark.parametrize("lqr", PROBLEMS)
def test_optimal_action_value_is_greatest_at_the_optimal_action(lqr):
    rng = np.random.default_rng(0)
    s = rng.normal(size=(5, lqr.A.shape[0]))
    best = lqr.policy(s)
    np.testing.assert_allclose(lqr.action_value(s, best), lqr.value(s), rtol=1e-9)
    trial = best + rng.normal(size=(100, *best.shape))
    assert lqr.action_value(s, trial).shape == (100, 5)
    assert (lqr.action_value(s, trial) < lqr.value(s)).all()
    for direction in np.eye(lqr.B.shape[1]):
        up = lqr.action_value(s, best + 1e-4 * direction)
        down = lqr.action_value(s, best - 1e-4 * direction)
        np.testing.assert_allclose((up - down) / 2e-4, 0, atol=1e-6)


@pytest.mark.parametrize("lqr", PROBLEMS)
def test_no_other_gain_is_better(lqr):
    rng = np.random.default_rng(1)
    s = rng.normal(size=(20, lqr.A.shape[0]))
    for _ in range(20):
        K = lqr.K + 0.02 * rng.normal(size=lqr.K.shape)
        assert (lqr.value(s, K) <= lqr.value(s) + 1e-12).all()
    np.testing.assert_allclose(lqr.value(s, lqr.K), lqr.value(s), rtol=1e-9)


def test_policy_value_is_the_sum_of_a_rollout():
    lqr = double_integrator()
    K, s = np.array([[1.0, 0.8]]), np.array([[1.0, -2.0], [0.3, 0.0]])
    total, state = np.zeros(2), s
    for t in range(800):
        state, reward = lqr.step(state, lqr.policy(state, K))
        total += lqr.gamma**t * reward
    np.testing.assert_allclose(lqr.value(s, K), total, rtol=1e-10)
    a = np.array([[0.5], [-1.0]])
    after, reward = lqr.step(s, a)
    np.testing.assert_allclose(
        lqr.action_value(s, a, K), reward + lqr.gamma * lqr.value(after, K), rtol=1e-12
    )


def test_noise_costs_what_its_moments_say():
    lqr = random_lqr(noise=True)
    K = lqr.K * 0.9
    loop, cost = lqr.A - lqr.B @ K, lqr.Q + K.T @ lqr.R @ K
    s = np.array([1.0, -0.5, 0.2, 2.0])
    moment, value = np.outer(s, s), 0.0
    for t in range(500):
        value -= lqr.gamma**t * np.trace(cost @ moment)
        moment = loop @ moment @ loop.T + lqr.W
    assert lqr.value(s, K) == pytest.approx(value, rel=1e-10)
    a, before = np.array([0.3, -0.7]), np.outer(s, s)
    mean = lqr.A @ s + lqr.B @ a
    moment, value = np.outer(mean, mean) + lqr.W, -np.trace(lqr.Q @ before) - a @ lqr.R @ a
    for t in range(1, 500):
        value -= lqr.gamma**t * np.trace(cost @ moment)
        moment = loop @ moment @ loop.T + lqr.W
    assert lqr.action_value(s, a, K) == pytest.approx(value, rel=1e-10)


def test_noisy_step_by_monte_carlo():
    lqr = double_integrator(gamma=0.8, W=[[0.04, 0.01], [0.01, 0.09]])
    rng, episodes = np.random.default_rng(7), 20_000
    s = np.broadcast_to([1.0, 0.5], (episodes, 2))
    returns = np.zeros(episodes)
    for t in range(60):
        s, reward = lqr.step(s, lqr.policy(s), rng)
        returns += lqr.gamma**t * reward
    error = returns.std() / np.sqrt(episodes)
    assert error < 0.02
    assert lqr.value([1.0, 0.5]) == pytest.approx(returns.mean(), abs=4 * error)


def test_leading_axes_broadcast():
    lqr = random_lqr()
    s, a = np.ones((7, 1, 4)), np.arange(6.0).reshape(3, 2)
    assert lqr.policy(s).shape == (7, 1, 2)
    assert lqr.value(s).shape == (7, 1)
    assert lqr.action_value(s, a).shape == (7, 3)
    assert lqr.reward(s, a).shape == (7, 3)
    single = lqr.action_value(s[0, 0], a[1])
    assert single.shape == ()
    assert single == lqr.action_value(s, a)[0, 1]


def test_infinite_cost_is_refused():
    lqr = LQR([[1.2]], [[1.0]], [[1.0]], [[1.0]], gamma=0.9)
    with pytest.raises(ValueError, match=r"infinite: the spectral radius .* is 1\.1384"):
        lqr.value([1.0], K=[[0.0]])
    # Without a discount of its own the same policy is finite once the loop contracts.
    assert lqr.value([1.0], K=[[1.2]]) == pytest.approx(-(1 + 1.2**2), rel=1e-12)


def test_unreachable_and_unseen_directions_are_refused():
    A = np.diag([2.0, 0.5])
    with pytest.raises(ValueError, match="B cannot reach it"):
        _ = LQR(A, [[0.0], [1.0]], np.eye(2), [[1.0]], gamma=1.0).P
    with pytest.raises(ValueError, match="Q does not see it"):
        _ = LQR(A, [[1.0], [1.0]], np.diag([0.0, 1.0]), [[1.0]], gamma=1.0).K
    # A discount that makes the direction decay makes both problems finite.
    assert LQR(A, [[0.0], [1.0]], np.eye(2), [[1.0]], gamma=0.2).value([1.0, 0.0]) == pytest.approx(
        -1 / (1 - 0.2 * 4)
    )


GOOD = {"A": np.eye(2), "B": np.ones((2, 1)), "Q": np.eye(2), "R": np.eye(1), "gamma": 0.9}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"A": np.eye(3)}, r"A must have shape \(2, 2\)"),
        ({"A": 1.0}, r"A must be a matrix .* \[\[x\]\]"),
        ({"B": [[np.nan], [1.0]]}, "B must be a matrix .* finite"),
        ({"Q": [[1.0, 0.5], [0.0, 1.0]]}, "Q must be symmetric"),
        ({"Q": np.diag([1.0, -1.0])}, "Q must be positive semidefinite"),
        ({"R": [[0.0]]}, "R must be positive definite"),
        ({"W": -np.eye(2)}, "W must be positive semidefinite"),
        ({"W": np.eye(1)}, r"W must have shape \(2, 2\)"),
        ({"gamma": 0.0}, "gamma must lie in"),
        ({"gamma": 1.01}, "gamma must lie in"),
        ({"gamma": 1.0, "W": np.eye(2)}, "every policy's cost is infinite"),
    ],
)
def test_impossible_problems_are_refused(change, message):
    LQR(**GOOD)
    with pytest.raises(ValueError, match=message):
        LQR(**{**GOOD, **change})


def test_wrong_shapes_are_refused_and_matrices_cannot_change():
    lqr = LQR(**GOOD, W=np.eye(2))
    with pytest.raises(ValueError, match="last axis of s must have length 2"):
        lqr.value([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="last axis of a must have length 1"):
        lqr.action_value([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"K must have shape \(1, 2\)"):
        lqr.policy([1.0, 2.0], K=[1.0, 2.0])
    with pytest.raises(ValueError, match="pass rng"):
        lqr.step([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="read-only"):
        lqr.A[0, 0] = 2.0
