import numpy as np
import pytest

from ddpg_lib.chapters.ch03.off_policy import TIMES, best_objective, flow, random_weights
from ddpg_lib.chapters.ch03.ring import RingWorld

RING, FIRST = RingWorld(), np.array([0.2, 0.0, 0.0])


def test_the_best_policy_has_no_gradient_and_no_better_neighbor():
    best, rng = best_objective(RING), np.random.default_rng(0)
    assert all(RING.objective(x) <= best + 1e-9 for x in rng.uniform(-2, 2, (200, 3)))


def test_the_exact_flow_climbs_and_comes_to_rest():
    behavior = RING.solve([0.5, -0.2, 0.1], sigma=0.5)[1]
    way = flow(RING, FIRST, behavior, "full")
    heights = np.array([RING.objective(x, start=behavior) for x in way])
    assert way.shape == (len(TIMES), 3)
    assert np.all(np.diff(heights) > -1e-3 * np.ptp(heights))
    rest = RING.gradient(way[-1], RING.solve(way[-1], start=behavior)[1])
    assert np.linalg.norm(rest) < 0.02


def test_the_flow_without_the_term_rests_where_the_kept_one_vanishes():
    behavior = RING.solve([0.5, -0.2, 0.1], sigma=0.5)[1]
    end = flow(RING, FIRST, behavior, "kept")[-1]
    assert np.linalg.norm(RING.gradient(end, behavior)) < 0.02


def test_a_function_of_the_weights_and_the_policys_own_states():
    own = flow(RING, FIRST, lambda x: RING.solve(x)[1], "kept")[-1]
    assert RING.objective(own) == pytest.approx(best_objective(RING), rel=1e-4)
    noisy = flow(RING, FIRST, lambda x: RING.solve(x, sigma=0.5)[1], "kept")
    np.testing.assert_allclose(flow(RING, FIRST, None, "kept"), noisy)


def test_random_weights():
    weights = random_weights(RingWorld(order=2), 7, np.random.default_rng(0))
    assert weights.shape == (7, 5)
    assert np.abs(weights).max() < 0.8
