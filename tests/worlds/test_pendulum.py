"""Pendulum-v1: the model against Gymnasium, the optimum against enumeration and its own rules."""

import gymnasium
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from ddpg_lib.worlds.pendulum.grid import PendulumGrid
from ddpg_lib.worlds.pendulum.model import HORIZON, PendulumModel
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum, PendulumOptimum
from ddpg_lib.worlds.pendulum.policies import EnergyShaping, RandomTorque, zero_torque
from ddpg_lib.worlds.pendulum.simulation import Simulation, regret, simulate, start_states

MODEL = PendulumModel()
SEEDS = range(200)


@pytest.fixture(scope="module")
def optimum():
    return PendulumOptimum()


@pytest.fixture(scope="module")
def best(optimum):
    return simulate(optimum, SEEDS)


def random_states(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-np.pi, np.pi, n), rng.uniform(-8, 8, n)


def plain_interpolation(grid, table):
    """Bilinear interpolation by SciPy on the table closed to a full turn."""
    theta = np.append(grid.theta, 2 * np.pi)
    look = RegularGridInterpolator((theta, grid.theta_dot), np.vstack([table, table[:1]]))
    return lambda angle, speed: look(np.stack([angle % (2 * np.pi), speed], axis=-1))


def plain_backup(grid, table, gamma):
    """One Bellman backup, state by state and torque by torque, with no shared next states."""
    theta, theta_dot = np.meshgrid(grid.theta, grid.theta_dot, indexing="ij")
    look = plain_interpolation(grid, table)
    candidates = []
    for torque in grid.torques:
        angle, speed, reward = grid.model.step(theta, theta_dot, torque)
        candidates.append(reward + gamma * look(angle, speed))
    return np.max(candidates, axis=0)


# The model


# A float32 torque is squared in float32, by Gymnasium as one number and here as an array.
@pytest.mark.parametrize(("dtype", "rounding"), [(np.float32, 1e-9), (np.float64, 1e-14)])
def test_model_steps_as_gymnasium(dtype, rounding):
    environment = gymnasium.make("Pendulum-v1", disable_env_checker=True)
    rng = np.random.default_rng(0)
    for seed in range(5):
        observation, _ = environment.reset(seed=seed)
        theta, theta_dot = environment.unwrapped.state
        for t in range(HORIZON):
            np.testing.assert_array_equal(observation, MODEL.observation(theta, theta_dot))
            torque = rng.uniform(-3, 3, 1).astype(dtype)  # some beyond the limit
            theta, theta_dot, reward = MODEL.step([theta], [theta_dot], torque)
            theta, theta_dot = theta[0], theta_dot[0]
            observation, expected, _, truncated, _ = environment.step(torque)
            assert reward[0] == pytest.approx(expected, abs=rounding, rel=1e-14)
            np.testing.assert_allclose([theta, theta_dot], environment.unwrapped.state, rtol=1e-14)
            assert truncated == (t == HORIZON - 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rollout_equals_gymnasium(dtype):
    def policy(t, observations):
        return RandomTorque(3)(t, observations).astype(dtype)

    record = simulate(policy, range(10))
    environment = gymnasium.make("Pendulum-v1", disable_env_checker=True)
    torques = np.stack([policy(t, np.zeros((10, 3))) for t in range(HORIZON)], axis=1)
    for seed in range(10):
        environment.reset(seed=seed)
        total, done, t = 0.0, False, 0
        while not done:
            _, reward, terminated, done, _ = environment.step(torques[seed, t : t + 1])
            total, t = total + reward, t + 1
            assert not terminated
        assert record.returns[seed] == pytest.approx(total, abs=1e-9)
    np.testing.assert_array_equal(record.torques, torques)


def test_rollout_of_the_optimum_equals_gymnasium(optimum, best):
    environment = gymnasium.make("Pendulum-v1", disable_env_checker=True)
    for seed in (0, 17, 101):
        observation, _ = environment.reset(seed=seed)
        total = 0.0
        for t in range(HORIZON):
            observation, reward, *_ = environment.step(optimum(t, observation[None]))
            total += reward
        assert best.returns[seed] == pytest.approx(total, abs=1e-9)


def test_rollout_record(best):
    assert best.theta.shape == best.theta_dot.shape == (200, HORIZON + 1)
    assert best.torques.shape == best.rewards.shape == (200, HORIZON)
    theta, theta_dot = start_states(SEEDS)
    np.testing.assert_array_equal(best.theta[:, 0], theta)
    np.testing.assert_array_equal(best.theta_dot[:, 0], theta_dot)
    angle, speed, reward = MODEL.step(best.theta[:, :-1], best.theta_dot[:, :-1], best.torques)
    np.testing.assert_allclose(angle, best.theta[:, 1:], rtol=1e-14)
    np.testing.assert_allclose(speed, best.theta_dot[:, 1:], rtol=1e-14)
    np.testing.assert_allclose(reward, best.rewards, rtol=1e-14)


def test_rollout_takes_columns_and_clips():
    strong = simulate(lambda t, o: np.full((len(o), 1), 5.0), [0, 1], horizon=3)
    limit = simulate(lambda t, o: np.full(len(o), 2.0), [0, 1], horizon=3)
    assert (strong.torques == 2).all()
    np.testing.assert_array_equal(strong.rewards, limit.rewards)


def test_rollout_refuses_bad_policies():
    with pytest.raises(ValueError, match=r"shape \(2,\) or \(2, 1\) .* got \(1,\)"):
        simulate(lambda t, o: [0.0], [0, 1])
    with pytest.raises(ValueError, match="not finite at step 0"):
        simulate(lambda t, o: [np.nan], [0])
    with pytest.raises(ValueError, match="at least one seed"):
        simulate(zero_torque, [])
    with pytest.raises(ValueError, match="horizon"):
        simulate(zero_torque, [0], horizon=0)


def test_observation_and_state_are_inverse():
    theta, theta_dot = random_states(100)
    angle, speed = MODEL.state(MODEL.observation(theta, theta_dot))
    np.testing.assert_allclose(angle, theta, atol=1e-6)
    np.testing.assert_allclose(speed, theta_dot, atol=1e-6)
    with pytest.raises(ValueError, match="last axis must have length 3"):
        MODEL.state([1.0, 0.0])


def test_linearization_by_finite_differences():
    a, b = MODEL.linearized()
    h = 1e-6
    columns = []
    for direction in np.eye(3) * h:
        up, down = MODEL.step(*direction), MODEL.step(*-direction)
        columns.append([(up[i] - down[i]) / (2 * h) for i in (0, 1)])
    np.testing.assert_allclose(np.transpose(columns), np.hstack([a, b]), atol=1e-8)


def test_energy_grows_by_the_work_of_the_torque():
    slow = PendulumModel(time_step=1e-6)
    theta, theta_dot = random_states(50)
    theta_dot *= 0.9
    angle, speed, _ = slow.step(theta, theta_dot, 1.5)
    power = (slow.energy(angle, speed) - slow.energy(theta, theta_dot)) / slow.time_step
    np.testing.assert_allclose(power, 1.5 * theta_dot, atol=1e-3)
    assert MODEL.energy(0.0, 0.0) == 0
    assert MODEL.energy(np.pi, 0.0) == pytest.approx(-10)


def test_impossible_models_are_refused():
    with pytest.raises(ValueError, match="mass must be positive"):
        PendulumModel(mass=0)


# The grid


def test_interpolation_agrees_with_scipy():
    grid = PendulumGrid(7, 1)
    table = np.random.default_rng(0).normal(size=grid.shape)
    theta, theta_dot = random_states(200, seed=1)
    expected = plain_interpolation(grid, table)(theta, theta_dot)
    np.testing.assert_allclose(grid.interpolate(table, theta, theta_dot), expected, atol=1e-12)
    np.testing.assert_allclose(
        grid.interpolate(table, theta + 6 * np.pi, theta_dot), expected, atol=1e-11
    )
    corner = grid.interpolate(table, grid.theta[:, None], grid.theta_dot)
    inside = np.abs(grid.theta_dot) <= 8
    np.testing.assert_allclose(corner[:, inside], table[:, inside], atol=1e-12)
    index, weight = grid.corners(theta[:, None], theta_dot)
    assert index.shape == weight.shape == (4, 200, 200)
    assert weight.min() >= 0
    np.testing.assert_allclose(weight.sum(axis=0), 1)


def test_grid_spacing():
    grid = PendulumGrid()
    assert grid.shape == (320, 321)
    assert len(grid.torques) == 13
    assert grid.theta_dot[0] == pytest.approx(-8)
    # The next torque moves the pendulum one cell of speed further.
    _, speed, _ = MODEL.step(0.0, 0.0, grid.torques)
    np.testing.assert_allclose(np.diff(speed), np.diff(grid.theta_dot)[0])
    fine = grid.refined()
    for coarse, halved in ((grid.theta, fine.theta), (grid.theta_dot, fine.theta_dot)):
        np.testing.assert_allclose(np.diff(halved)[0], np.diff(coarse)[0] / 2)
    np.testing.assert_allclose(fine.torques[::2], grid.torques)
    with pytest.raises(ValueError, match="angles must be a whole number of at least 3"):
        PendulumGrid(angles=2)
    with pytest.raises(ValueError, match="impulse_cells"):
        PendulumGrid(impulse_cells=1.5)


# The finite horizon


@pytest.mark.parametrize("grid", [PendulumGrid(9, 1), PendulumGrid(12, 2)])
def test_stages_agree_with_plain_backups(grid):
    solved = PendulumOptimum(grid, horizon=3)
    table = np.zeros(grid.shape)
    for t in (3, 2, 1, 0):
        np.testing.assert_allclose(solved.values[t], table, rtol=2e-6, atol=1e-6)
        table = plain_backup(grid, table, 1.0)


def test_three_stages_agree_with_all_torque_sequences():
    solved = PendulumOptimum(PendulumGrid(640, 12), horizon=3)
    theta, theta_dot = random_states(100, seed=2)
    torques = np.linspace(-2, 2, 81)
    first, second = (u.ravel() for u in np.meshgrid(torques, torques))
    angle, speed, total = MODEL.step(theta[:, None], theta_dot[:, None], first)
    angle, speed, reward = MODEL.step(angle, speed, second)
    total = total + reward + MODEL.reward(angle, speed, 0.0)  # no use in a last torque
    # Interpolation within a cell errs by at most second derivatives times squared spacing.
    np.testing.assert_allclose(solved.value(0, theta, theta_dot), total.max(axis=1), atol=0.01)
    q = solved.action_value(0, theta[:, None], theta_dot[:, None], torques)
    by_first = total.reshape(100, 81, 81).max(axis=1)
    np.testing.assert_allclose(q, by_first, atol=0.02)
    assert np.abs(q - by_first).mean() < 1e-3
    exact_best = torques[by_first.argmax(axis=1)]
    np.testing.assert_allclose(solved.act(0, theta, theta_dot), exact_best, atol=0.15)


def test_last_action_is_none(optimum):
    theta, theta_dot = random_states(20)
    np.testing.assert_allclose(optimum.act(HORIZON - 1, theta, theta_dot), 0, atol=1e-12)
    last = optimum.action_value(HORIZON - 1, theta, theta_dot, 0.5)
    np.testing.assert_allclose(last, MODEL.reward(theta, theta_dot, 0.5))


def test_greedy_action_is_the_best_of_many(optimum):
    theta, theta_dot = random_states(200, seed=4)
    many = np.linspace(-2, 2, 401)
    for t in (0, 100, 190):
        q = optimum.action_value(t, theta[:, None], theta_dot[:, None], many)
        mine = optimum.action_value(t, theta, theta_dot, optimum.act(t, theta, theta_dot))
        assert (mine >= q.max(axis=1) - 0.05).all()
        assert np.mean(q.max(axis=1) - mine) < 1e-3
    assert np.abs(optimum.act(0, theta, theta_dot)).max() <= 2


def test_mean_return_and_halved_spacing(optimum, best):
    mean = best.returns.mean()
    assert mean == pytest.approx(-140.76, abs=0.1)
    fine = simulate(PendulumOptimum(optimum.grid.refined()), SEEDS).returns
    assert abs(fine.mean() / mean - 1) < 0.01
    assert np.median(np.abs(fine - best.returns)) < 0.05
    # What the values promise is what the policy gets, on average.
    promise = optimum.value(0, best.theta[:, 0], best.theta_dot[:, 0]).mean()
    assert promise == pytest.approx(mean, rel=0.01)
    # Every episode ends upright and at rest.
    assert (np.cos(best.theta[:, 180]) > 0.99).all()


def test_symmetry(optimum):
    theta, theta_dot = random_states(500, seed=5)
    for t in (0, 100, 199):
        here = optimum.value(t, theta, theta_dot)
        np.testing.assert_allclose(here, optimum.value(t, -theta, -theta_dot), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(here, optimum.value(t, theta + 2 * np.pi, theta_dot), rtol=1e-9)


def test_longer_to_go_costs_no_less(optimum):
    assert (np.diff(optimum.values[::20], axis=0) >= -1e-3).all()
    assert (optimum.values[-1] == 0).all()


def test_steps_outside_the_episode_are_refused(optimum):
    with pytest.raises(ValueError, match="step 201 lies outside"):
        optimum.value(201, 0.0, 0.0)
    with pytest.raises(ValueError, match="t = 0 to 199"):
        optimum.act(200, 0.0, 0.0)
    with pytest.raises(ValueError, match="outside"):
        optimum.value(-1, 0.0, 0.0)
    with pytest.raises(ValueError, match="horizon"):
        PendulumOptimum(horizon=0)


# The discounted optimum


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.98])
def test_discounted_values_are_the_fixed_point(gamma):
    grid = PendulumGrid(40, 1)
    solved = DiscountedPendulumOptimum(gamma, tolerance=1e-6, grid=grid)
    assert solved.error_bound <= 1e-6
    np.testing.assert_allclose(plain_backup(grid, solved.values, gamma), solved.values, atol=2e-6)


@pytest.mark.parametrize(("gamma", "sweeps"), [(0.95, 400), (0.99, 1500)])
def test_error_bound_holds(gamma, sweeps):
    grid = PendulumGrid(12, 1)
    rough = DiscountedPendulumOptimum(gamma, tolerance=1.0, grid=grid)
    table = np.zeros(grid.shape)
    for _ in range(sweeps):  # gamma**sweeps * 16.3 / (1 - gamma) < 1e-3
        table = plain_backup(grid, table, gamma)
    # A coarse grid never rests: what plain iteration would still add is much more than the bound.
    assert rough.sweeps < sweeps / 4
    error = np.abs(rough.values - table).max()
    assert 0 < error <= rough.error_bound <= 1.0


def test_discounted_policy_earns_its_values():
    solved = DiscountedPendulumOptimum(0.98)
    record = simulate(solved, SEEDS, horizon=600)
    earned = (record.rewards * 0.98 ** np.arange(600)).sum(axis=1)
    promised = solved.value(0, record.theta[:, 0], record.theta_dot[:, 0])
    assert earned.mean() == pytest.approx(promised.mean(), rel=0.01)
    assert solved.value(0, 1.0, 2.0) == solved.value(77, 1.0, 2.0)
    np.testing.assert_allclose(solved.value(0, 1.0, 2.0), solved.value(0, -1.0, -2.0))
    sums = (regret(solved, record) * 0.98 ** np.arange(600)).sum(axis=1)
    after = 0.98**600 * solved.value(0, record.theta[:, -1], record.theta_dot[:, -1])
    np.testing.assert_allclose(sums, promised - earned - after, atol=1e-9)


def test_impossible_discounts_are_refused():
    with pytest.raises(ValueError, match="use PendulumOptimum"):
        DiscountedPendulumOptimum(1.0)
    with pytest.raises(ValueError, match="tolerance must be positive"):
        DiscountedPendulumOptimum(0.9, tolerance=0)
    with pytest.raises(ValueError, match="finer than rounding"):
        DiscountedPendulumOptimum(0.9, tolerance=1e-14, grid=PendulumGrid(20, 1))


# Regret


def test_regret_telescopes(optimum, best):
    for record in (best, simulate(RandomTorque(), range(20))):
        start = optimum.value(0, record.theta[:, 0], record.theta_dot[:, 0])
        lost = regret(optimum, record)
        assert lost.shape == record.rewards.shape
        np.testing.assert_allclose(lost.sum(axis=1), start - record.returns, atol=1e-9)
        advantage = optimum.action_value(7, record.theta[:, 7], record.theta_dot[:, 7],
                                         record.torques[:, 7])  # fmt: skip
        value = optimum.value(7, record.theta[:, 7], record.theta_dot[:, 7])
        np.testing.assert_allclose(lost[:, 7], value - advantage, atol=1e-9)


def test_regret_of_the_optimum_is_interpolation_error(optimum, best):
    sums = regret(optimum, best).sum(axis=1)
    assert sums.mean() == pytest.approx(-0.27, abs=0.05)
    assert np.median(sums) == pytest.approx(-0.03, abs=0.01)
    assert -0.8 < np.quantile(sums, 0.1) < np.quantile(sums, 0.9) < 0.01


def test_simulated_regret(optimum, best):
    few = Simulation(*(getattr(best, f)[:5] for f in Simulation.__dataclass_fields__))
    np.testing.assert_allclose(regret(optimum, few, simulated=True), 0, atol=1e-9)
    other = simulate(EnergyShaping(), range(5))
    lost = regret(optimum, other, simulated=True)
    np.testing.assert_allclose(lost.sum(axis=1), few.returns - other.returns, atol=1e-9)
    assert lost.sum(axis=1).min() > 0
    # The last torque of an episode costs itself alone.
    random = simulate(RandomTorque(), range(5))
    last = regret(optimum, random, simulated=True)[:, -1]
    np.testing.assert_allclose(last, 0.001 * random.torques[:, -1] ** 2, atol=1e-9)
    # A record that stops early is charged for what the optimum still pays after it.
    short = simulate(EnergyShaping(), range(5), horizon=50)
    np.testing.assert_allclose(regret(optimum, short, simulated=True), lost[:, :50], atol=1e-9)


def test_simulated_regret_is_refused_where_it_has_no_meaning(optimum):
    record = simulate(zero_torque, [0], horizon=201)
    with pytest.raises(ValueError, match="solve a longer horizon"):
        regret(optimum, record, simulated=True)
    discounted = DiscountedPendulumOptimum(0.5, grid=PendulumGrid(20, 1))
    with pytest.raises(ValueError, match="finite horizon"):
        regret(discounted, record, simulated=True)


# Policies without learning


def test_random_and_zero_torque():
    observations = MODEL.observation(*random_states(10_000))
    torque = RandomTorque(1)(4, observations)
    assert torque.shape == (10_000,)
    assert torque.min() >= -2
    assert torque.max() <= 2
    assert torque.mean() == pytest.approx(0, abs=0.05)
    assert torque.std() == pytest.approx(4 / np.sqrt(12), rel=0.02)
    np.testing.assert_array_equal(torque, RandomTorque(1)(4, observations))
    assert (torque != RandomTorque(1)(5, observations)).any()
    assert (torque != RandomTorque(2)(4, observations)).any()
    np.testing.assert_array_equal(zero_torque(0, observations), np.zeros(10_000))


def test_energy_shaping_swings_up_and_stays():
    policy = EnergyShaping()
    record = simulate(policy, SEEDS)
    assert (np.cos(record.theta[:, 150:]) > 0.999).all()
    assert record.returns.mean() == pytest.approx(-158.5, abs=0.5)
    for baseline in (zero_torque, RandomTorque()):
        assert simulate(baseline, SEEDS).returns.mean() < -1000
    down = policy(0, MODEL.observation([np.pi, np.pi], [0.0, -0.1]))
    np.testing.assert_allclose(down, [2, -2])


def test_catch_is_the_regulator_of_the_linearized_pendulum():
    policy = EnergyShaping()
    a, b = MODEL.linearized()
    P, Q = np.zeros((2, 2)), np.diag([1.0, 0.1])
    for _ in range(5000):
        gain = (b.T @ P @ a) / (0.001 + b.T @ P @ b)
        P = Q + a.T @ P @ (a - b @ gain)
    np.testing.assert_allclose(policy.catch_gain, gain[0], rtol=1e-9)
    assert policy(0, MODEL.observation(0.05, 0.1)) == pytest.approx(
        -(gain @ [0.05, 0.1]).item(), rel=1e-6
    )
    with pytest.raises(ValueError, match="gain must be positive"):
        EnergyShaping(gain=0)
