import numpy as np
import pytest

from ddpg_lib.chapters.ch02.finite import FiniteMDP
from ddpg_lib.chapters.ch02.policy_gradient import SoftmaxPolicy, optimal_baseline
from ddpg_lib.chapters.ch02.reinforce import reinforce, reinforce_moments, returns_to_go
from ddpg_lib.chapters.ch02.worlds import MOVES, chain, grid_world

ROWS = ["...G", ".~.~", "S..."]


def uniform(mdp):
    return np.full(mdp.P.shape[:2], 1 / mdp.P.shape[1])


def test_grid_moves_and_slips():
    mdp = grid_world(ROWS, slip=0.2)
    assert mdp.P[8, 1, 9] == pytest.approx(0.8)  # right from the start
    assert mdp.P[8, 1, 4] == pytest.approx(0.1)  # slips up
    assert mdp.P[8, 1, 8] == pytest.approx(0.1)  # slips down, off the map, and stays
    assert mdp.R[4, 1, 5] == -21
    assert mdp.R[2, 1, 3] == -1
    assert list(np.flatnonzero(mdp.terminal)) == [3, 5, 7]
    assert mdp.start[8] == 1
    assert MOVES[0] == (-1, 0)


def test_values_solve_bellmans_equation():
    mdp = grid_world(ROWS)
    pi = np.random.default_rng(0).dirichlet(np.ones(4), 12)
    v, q = mdp.value(pi), mdp.action_value(pi)
    np.testing.assert_allclose((pi * q).sum(1), v, atol=1e-12)
    for s, a in [(8, 1), (6, 1), (2, 2)]:
        after = mdp.P[s, a] @ (mdp.R[s, a] + mdp.gamma * v * ~mdp.terminal)
        assert q[s, a] == pytest.approx(after)
    assert not v[mdp.terminal].any()
    assert not q[mdp.terminal].any()


def test_values_agree_with_episodes():
    mdp = grid_world(ROWS)
    batch = mdp.episodes(uniform(mdp), 20_000, np.random.default_rng(1))
    returns = returns_to_go(batch.rewards, mdp.gamma)[:, 0]
    error = 3.3 * returns.std() / np.sqrt(len(returns))
    assert abs(returns.mean() - mdp.objective(uniform(mdp))) < error
    assert (batch.states[:, 0] == 8).all()
    last = batch.alive.sum(1) - 1
    ends = mdp.P[batch.states[range(20_000), last], batch.actions[range(20_000), last]]
    assert (ends[:, mdp.terminal].sum(1) > 0).all()
    assert not batch.rewards[~batch.alive].any()


def test_optimum_agrees_with_value_iteration():
    mdp = grid_world(ROWS)
    v = np.zeros(12)
    for _ in range(2000):
        v = (mdp.mean_reward + mdp.gamma * mdp.onward @ v).max(1)
    np.testing.assert_allclose(mdp.value(mdp.optimum()), v, atol=1e-10)


def test_an_agents_episodes_do_not_depend_on_its_neighbors():
    mdp = grid_world(ROWS)
    policies = np.random.default_rng(2).dirichlet(np.ones(4), (3, 12))
    both = mdp.episodes(policies, 7, [np.random.default_rng(i) for i in range(3)])
    for i in range(3):
        rng = np.random.default_rng(i)
        alone = mdp.episodes(policies[i], 7, rng)
        length = alone.alive.shape[1]
        assert (both.alive[i, :, :length] == alone.alive).all()
        assert not both.alive[i, :, length:].any()
        assert (both.actions[i, :, :length] == alone.actions)[alone.alive].all()
        np.testing.assert_array_equal(both.rewards[i, :, :length], alone.rewards)


def test_chain_has_the_horizon_asked_for():
    mdp = chain(6, offset=2.0, spread=0.5)
    batch = mdp.episodes(uniform(mdp), 50, np.random.default_rng(0))
    assert batch.alive.shape == (50, 6)
    assert batch.alive.all()
    assert set(np.unique(batch.rewards)) == {1.5, 2.5}
    assert mdp.objective(uniform(mdp)) == pytest.approx(12.0)


def test_moments_agree_with_samples_where_states_repeat():
    mdp = grid_world(ROWS)
    rng = np.random.default_rng(3)
    policy = SoftmaxPolicy(rng.normal(size=(12, 4, 2)))
    theta, b = rng.normal(size=2), rng.normal(size=12) - 10
    batch = mdp.episodes(policy.probabilities(theta), 40_000, rng)
    mean, covariance = reinforce_moments(mdp, policy, theta, b)
    x = reinforce(mdp, policy, theta, batch, b)
    scale = np.sqrt(np.diag(covariance))
    assert (np.abs(x.mean(0) - mean) < 4 * scale / np.sqrt(len(x))).all()
    products = (x - mean)[:, :, None] * (x - mean)[:, None, :]
    error = products.std(0) / np.sqrt(len(x))
    assert (np.abs(products.mean(0) - covariance) < 4 * error).all()


def test_optimal_baseline_is_the_value_where_scores_are_equally_long():
    mdp, policy = grid_world(ROWS), SoftmaxPolicy.tabular(12, 4)
    best = optimal_baseline(mdp, policy, np.zeros(48))
    np.testing.assert_allclose(best, mdp.value(uniform(mdp)), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": 1.5}, "gamma must lie"),
        ({"start": [0.5, 0.4]}, "start must be at least 0 and sum to 1"),
        ({"start": [0.0, 1.0]}, "cannot start in a terminal state"),
        ({"P": np.full((2, 2, 2), 0.6)}, "row of P"),
        ({"P": np.ones((2, 2))}, "P must have the shape"),
        ({"R": np.ones((2, 3, 2))}, "R must have the shape"),
    ],
)
def test_bad_worlds_are_refused(change, message):
    world = {
        "P": np.full((2, 2, 2), 0.5), "R": np.zeros((2, 2, 2)), "start": [1.0, 0.0],
        "terminal": [False, True], "gamma": 0.9,
    }  # fmt: skip
    FiniteMDP(**world)
    with pytest.raises(ValueError, match=message):
        FiniteMDP(**(world | change))


def test_bad_use_is_refused():
    forever = FiniteMDP(np.ones((1, 1, 1)), np.ones((1, 1, 1)), [1.0], [False], 1.0)
    with pytest.raises(ValueError, match="never ends"):
        forever.value([[1.0]])
    with pytest.raises(RuntimeError, match="did not end within 20 steps"):
        forever.episodes([[1.0]], 3, np.random.default_rng(0), max_steps=20)
    with pytest.raises(ValueError, match="policy must have the shape"):
        forever.value([[0.5, 0.5]])
    with pytest.raises(ValueError, match="as many generators"):
        forever.episodes(np.ones((2, 1, 1)), 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="one length"):
        grid_world(["..", "S"])
    with pytest.raises(ValueError, match="characters"):
        grid_world(["SxG"])
