import numpy as np
import pytest

from ddpg_lib.chapters.ch03.lqr_gradients import lqr_gradient, lqr_moment, lqr_objective, lqr_slope
from ddpg_lib.chapters.ch03.ring import RingWorld
from ddpg_lib.maths.differences import central_difference
from ddpg_lib.worlds.lqr import LQR

QUIET = LQR([[1.0, 0.1], [0.0, 1.0]], [[0.0], [0.1]], np.eye(2), [[0.1]], 0.95)
NOISY = LQR(QUIET.A, QUIET.B, QUIET.Q, QUIET.R, 0.95, 0.01 * np.eye(2))


def test_moment_is_the_sum_over_time():
    K, start, sigma = np.array([[1.0, 1.0]]), np.diag([1.0, 2.0]), 0.3
    F, moment, total = NOISY.A - NOISY.B @ K, start, np.zeros((2, 2))
    for t in range(1000):
        total += 0.95**t * moment
        moment = F @ moment @ F.T + NOISY.W + sigma**2 * NOISY.B @ NOISY.B.T
    np.testing.assert_allclose(lqr_moment(NOISY, K, start, sigma), total)


def test_objective_is_the_mean_value_and_the_reward_over_the_moment():
    K, start = np.array([[1.0, 1.0]]), np.diag([1.0, 0.0])
    value = NOISY.value([1.0, 0.0], K)
    assert lqr_objective(NOISY, K, start) == pytest.approx(value)
    M = lqr_moment(NOISY, K, start)
    reward = -np.trace((NOISY.Q + K.T @ NOISY.R @ K) @ M)
    assert lqr_objective(NOISY, K, start) == pytest.approx(reward)


def test_the_optimal_gain_has_slope_zero():
    np.testing.assert_allclose(lqr_slope(QUIET, QUIET.K), 0, atol=1e-10)
    np.testing.assert_allclose(lqr_gradient(QUIET, QUIET.K, np.eye(2)), 0, atol=1e-10)


def test_without_discount():
    lqr = LQR(QUIET.A, QUIET.B, QUIET.Q, QUIET.R, 1.0)
    lqr_moment(lqr, lqr.K, np.eye(2))
    with pytest.raises(ValueError, match="gamma < 1"):
        lqr_moment(lqr, lqr.K, np.eye(2), sigma=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lqr_moment(QUIET, [[1.0]], np.eye(2)), "shape"),
        (lambda: lqr_moment(QUIET, QUIET.K, np.eye(3)), "start must have shape"),
        (lambda: lqr_moment(QUIET, QUIET.K, np.eye(2), -1.0), "sigma"),
        (lambda: lqr_objective(QUIET, [[-50.0, 0.0]], np.eye(2)), "infinite"),
        (lambda: RingWorld(gamma=1.0), "gamma"),
        (lambda: RingWorld(kappa=0.0), "kappa"),
        (lambda: RingWorld(kappa=100.0), "kappa"),
        (lambda: RingWorld(order=16), "order"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_more_steps_on_the_circle_change_nothing():
    theta = [0.3, 0.2, -0.4]
    coarse, fine = RingWorld(size=64), RingWorld(size=200)
    np.testing.assert_allclose(coarse.gradient(theta), fine.gradient(theta), rtol=1e-10)
    np.testing.assert_allclose(
        coarse.stochastic_gradient(theta, 0.5), fine.stochastic_gradient(theta, 0.5), rtol=1e-10
    )
    other = RingWorld(kappa=60.0), RingWorld(kappa=60.0, size=200)
    np.testing.assert_allclose(*(world.gradient(theta) for world in other), rtol=1e-6)


def test_next_states_are_a_distribution_around_the_moved_state():
    world = RingWorld()
    a = np.random.default_rng(0).uniform(-3, 3, (64, 5))
    chances = world.chances(a)
    np.testing.assert_allclose(chances.sum(-1), 1)
    mean = np.angle(chances @ np.exp(1j * world.s))
    away = np.angle(np.exp(1j * (mean - world.s[:, None] - a)))
    np.testing.assert_allclose(away, 0, atol=1e-9)


def test_slope_of_the_action_value():
    world, rng = RingWorld(), np.random.default_rng(0)
    a, V, h = rng.uniform(-2, 2, (64, 3)), rng.standard_normal(64), 1e-5
    numeric = (world.action_value(a + h, V) - world.action_value(a - h, V)) / (2 * h)
    np.testing.assert_allclose(world.slope(a, V), numeric, atol=1e-8)


def test_distribution_from_another_start():
    world, theta = RingWorld(), [0.3, 0.2, -0.4]
    start = np.zeros(64)
    start[5] = 2.0
    V, rho = world.solve(theta, start=start)
    assert rho.sum() == pytest.approx(20)
    assert world.objective(theta, start=start) == pytest.approx(2 * V[5])


def test_a_richer_policy():
    """Five weights: the policy varies as cosines and sines of 2 s, and the theorem holds."""
    world = RingWorld(order=2)
    theta = np.array([0.3, 0.2, -0.4, 0.1, 0.2])
    s = world.s
    by_hand = 0.3 + 0.2 * np.cos(s) - 0.4 * np.sin(s) + 0.1 * np.cos(2 * s) + 0.2 * np.sin(2 * s)
    np.testing.assert_allclose(world.features @ theta, by_hand)
    numeric = central_difference(world.objective, theta)
    np.testing.assert_allclose(world.gradient(theta), numeric, rtol=1e-6, atol=1e-8)
    same = RingWorld().gradient(theta[:3])
    np.testing.assert_allclose(world.gradient([0.3, 0.2, -0.4, 0, 0])[:3], same)


def test_slopes_within_reach_of_the_features_are_fitted_exactly():
    world, theta = RingWorld(), np.array([0.3, 0.2, -0.4])
    V, _ = world.solve(theta)
    slope = world.slope(world.features @ theta, V)
    weights = world.compatible_weights(theta, np.stack([world.s, slope], axis=1))
    np.testing.assert_allclose(weights, [0, 1], atol=1e-8)
