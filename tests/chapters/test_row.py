import numpy as np
import pytest

from ddpg_lib.chapters.ch03.lqr_gradients import lqr_gradient, lqr_moment, lqr_objective
from ddpg_lib.chapters.ch03.row import PendulumRow, climb, direction


def test_a_row_without_springs_is_as_many_pendulums():
    single, row = PendulumRow(1).lqr, PendulumRow(3, spring=0.0).lqr
    np.testing.assert_allclose(row.A, np.kron(np.eye(3), single.A))
    np.testing.assert_allclose(row.K, np.kron(np.eye(3), single.K), atol=1e-9)


def test_springs_pull_neighbors_together():
    row, dt, angles = PendulumRow(3, spring=5.0), 0.05, np.array([0.1, 0.0, -0.2])
    s = np.array([0.1, 0, 0.0, 0, -0.2, 0])
    after = row.lqr.A @ s
    pull = 5.0 * np.array([0.0 - 0.1, 0.1 + (-0.2) - 0.0, 0.0 + 0.2])
    speed = dt * (15 * angles + pull)
    np.testing.assert_allclose(after[1::2], speed)
    np.testing.assert_allclose(after[::2], angles + dt * speed)


@pytest.mark.parametrize("learner", ["slope", "advantage", "value"])
def test_the_first_cost_is_that_of_the_first_gain(learner):
    row = PendulumRow(2)
    costs = climb(row, [3, 4], learner=learner, alpha=[1e-9, 1e-8], walkers=4, updates=2)
    assert costs.shape == (2, 2, 3)
    least = lqr_objective(row.lqr, row.lqr.K, row.start)
    expected = lqr_objective(row.lqr, row.first, row.start) / least - 1
    np.testing.assert_allclose(costs[..., 0], expected, rtol=1e-6)


@pytest.mark.parametrize(("learner", "sigma"), [("slope", 1.0), ("advantage", 0.3), ("value", 0.3)])
def test_a_step_follows_the_exact_gradient_on_average(learner, sigma):
    """Many short steps lower the cost by as much as steps along (3.7) with its states."""
    row, alpha, updates = PendulumRow(1), 1e-3, 40
    noisy = 0.0 if learner == "slope" else sigma
    runs = climb(
        row, range(60), learner=learner, alpha=alpha, sigma=sigma, walkers=200, updates=updates
    )[:, 0]
    K, least = row.first, -lqr_objective(row.lqr, row.lqr.K, row.start)
    for _ in range(updates):
        gradient = lqr_gradient(row.lqr, K, lqr_moment(row.lqr, K, row.start, noisy))
        K = K + alpha * (1 - row.lqr.gamma) * gradient / row.spread**2
    exact = -lqr_objective(row.lqr, K, row.start) / least - 1
    fall, error = runs[:, 0] - runs[:, -1], 4 * runs[:, -1].std() / np.sqrt(60)
    assert fall.mean() > 0
    assert runs[:, -1].mean() == pytest.approx(exact, abs=error + 1e-3 * exact)


def test_a_run_depends_on_its_own_seed_alone():
    both = climb(PendulumRow(2), [5, 6], learner="advantage", alpha=1.0, updates=3)
    alone = climb(PendulumRow(2), [6], learner="advantage", alpha=1.0, updates=3)
    np.testing.assert_allclose(both[1], alone[0], rtol=1e-12)


def test_what_is_lost_stays_infinite():
    costs = climb(PendulumRow(1), [0], learner="value", alpha=100.0, sigma=0.1, updates=20)
    lost = np.isinf(costs[0, 0])
    assert lost.any()
    assert lost[lost.argmax() :].all()


def test_directions():
    slope, xi = np.array([[1.0, 2.0]]), np.array([[0.5, -1.0]])
    q, v = np.array([[3.0]]), np.array([[1.0]])
    np.testing.assert_array_equal(direction("slope", slope, xi, 0.5, q, v), slope)
    np.testing.assert_array_equal(direction("advantage", slope, xi, 0.5, q, v), [[2.0, -4.0]])
    np.testing.assert_array_equal(direction("value", slope, xi, 0.5, q, v), [[3.0, -6.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PendulumRow(0), "at least 1"),
        (lambda: climb(PendulumRow(1), [0], learner="other", alpha=1.0), "'slope'"),
        (lambda: climb(PendulumRow(1), [0], learner="value", alpha=1.0, sigma=0.0), "positive"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
