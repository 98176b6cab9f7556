"""Fixed points and exact action values against closed forms and direct minimization."""

import numpy as np
import pytest
import torch
from scipy import optimize

from ddpg_lib.chapters.ch04.bellman import residual_fixed_point, residual_loss, td_fixed_point
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum
from ddpg_lib.worlds.pendulum.policies import EnergyShaping, zero_torque
from ddpg_lib.worlds.pendulum.simulation import start_states
from ddpg_lib.worlds.pendulum.values import pendulum_action_value


def transitions(seed=0, m=400, k=5):
    rng = np.random.default_rng(seed)
    x, after = rng.normal(size=(2, m, k))
    return x, after, rng.normal(size=m), (rng.random(m) < 0.2).astype(float), rng.random(m)


def test_the_semi_gradient_vanishes_at_the_td_fixed_point():
    x, after, r, d, p = transitions()
    w = td_fixed_point(x, after, r, 0.9, terminated=d, weight=p)
    delta = r + 0.9 * (1 - d) * (after @ w) - x @ w
    np.testing.assert_allclose((p * delta) @ x, 0, atol=1e-9)


def test_the_residual_fixed_point_minimizes_the_squared_error():
    x, after, r, d, p = transitions()
    w = residual_fixed_point(x, after, r, 0.9, terminated=d, weight=p)

    def loss(w):
        return np.average((r + 0.9 * (1 - d) * (after @ w) - x @ w) ** 2, weights=p)

    found = optimize.minimize(loss, np.zeros(5), tol=1e-12).x
    np.testing.assert_allclose(w, found, atol=1e-5)


def test_without_chance_both_fixed_points_are_the_value():
    # A ring of four states that is walked once around, for ever.
    reward, gamma = np.array([1.0, 0.0, -2.0, 0.5]), 0.8
    table = np.eye(4)
    exact = [sum(gamma**k * reward[(s + k) % 4] for k in range(300)) for s in range(4)]
    for solve in (td_fixed_point, residual_fixed_point):
        np.testing.assert_allclose(solve(table, np.roll(table, -1, 0), reward, gamma), exact)


def test_weights_count_as_repetitions():
    x, after, r, d, _ = transitions(m=40)
    times = np.arange(40) % 3
    for solve in (td_fixed_point, residual_fixed_point):
        weighted = solve(x, after, r, 0.9, terminated=d, weight=times)
        rows = np.repeat(np.arange(40), times)
        repeated = solve(x[rows], after[rows], r[rows], 0.9, terminated=d[rows])
        np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reward": np.zeros((3, 1))}, "shape"),
        ({"reward": np.zeros(4)}, "shape"),
        ({"next_features": np.zeros((3, 1))}, "shape"),
        ({"terminated": [0, 1]}, "shape"),
        ({"weight": [1, 2]}, "shape"),
        ({"weight": [1, -1, 1]}, "negative"),
        ({"weight": [0, 0, 0]}, "positive"),
        ({"gamma": 1.5}, "gamma"),
        ({"features": np.eye(3)[:, :2], "next_features": np.eye(3)[:, :2], "gamma": 1.0}, "unique"),
    ],
)
def test_what_cannot_be_solved_is_refused(change, message):
    rng = np.random.default_rng(0)
    given = {
        "features": rng.normal(size=(3, 2)),
        "next_features": rng.normal(size=(3, 2)),
        "reward": np.zeros(3),
        "gamma": 0.9,
        **change,
    }
    for solve in (td_fixed_point, residual_fixed_point):
        with pytest.raises(ValueError, match=message):
            solve(**given)


def test_a_residual_loss_needs_a_target_that_moves():
    q = torch.zeros(1, 2, requires_grad=True)
    with pytest.raises(ValueError, match="no_grad"):
        residual_loss(q, torch.zeros(1, 2))
    with pytest.raises(ValueError, match="shapes must be equal"):
        residual_loss(q, q[:, :1])
    assert residual_loss(q, q + 3).item() == pytest.approx(9)


def test_hanging_without_torque_is_a_geometric_series():
    value = pendulum_action_value(zero_torque, np.pi, 0.0, gamma=0.9, tolerance=1e-9)
    assert value == pytest.approx(-(np.pi**2) / 0.1, abs=1e-8)


def test_action_values_obey_bellmans_equation():
    model, policy = PendulumModel(), EnergyShaping()
    angle, speed = start_states(range(20))
    torque = np.linspace(-2, 2, 20)
    q = pendulum_action_value(policy, angle, speed, torque, gamma=0.95, tolerance=1e-9)
    after, faster, reward = model.step(angle, speed, torque)
    v = pendulum_action_value(policy, after, faster, gamma=0.95, tolerance=1e-9)
    np.testing.assert_allclose(q, reward + 0.95 * v, atol=1e-7)


def test_the_optimal_policy_played_out_earns_the_optimal_value():
    optimum = DiscountedPendulumOptimum(0.95)
    angle, speed = start_states(range(100))
    played = pendulum_action_value(optimum, angle, speed, gamma=0.95, tolerance=0.01)
    np.testing.assert_allclose(np.median(played - optimum.value(0, angle, speed)), 0, atol=0.1)


def test_tolerance_is_kept():
    rough, fine = (
        pendulum_action_value(zero_torque, 2.0, 1.0, 1.0, gamma=0.9, tolerance=tolerance)
        for tolerance in (1.0, 1e-9)
    )
    assert 0 < rough - fine <= 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": 1.0}, "gamma"),
        ({"gamma": -0.1}, "gamma"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"policy": lambda t, obs: obs}, "shape"),
    ],
)
def test_impossible_rollouts_are_refused(change, message):
    given = {"policy": zero_torque, "gamma": 0.9, **change}
    with pytest.raises(ValueError, match=message):
        pendulum_action_value(theta=np.zeros(2), theta_dot=np.zeros(2), **given)
