"""Chapter 1's equations: the library against Gymnasium, brute force and closed forms."""

import gymnasium
import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from ddpg_lib.chapters.ch01.corridor import LEFT, RIGHT, q_learning, step
from ddpg_lib.worlds.lqr import LQR
from ddpg_lib.worlds.pendulum.grid import PendulumGrid
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.optimum import PendulumOptimum
from ddpg_lib.worlds.pendulum.policies import EnergyShaping

DEFINITIONS = {
    "1.1": "says what a Markov decision process is",
    "1.4": "defines the return",
    "1.5": "defines the two values of a policy",
    "1.10": "says what the actor is trained for",
}

MODEL = PendulumModel()
LINEAR = LQR(A=[[1.0, 0.1], [0.2, 0.9]], B=[[0.0], [0.5]], Q=np.eye(2), R=[[0.1]], gamma=0.9)


@pytest.fixture(scope="module")
def optimum():
    return PendulumOptimum(PendulumGrid(angles=80, impulse_cells=3))


def states(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-np.pi, np.pi, n), rng.uniform(-7, 7, n)


@pytest.mark.equation("1.2", "1.3", by="Gymnasium's own Pendulum-v1")
def test_reward_and_motion():
    """200 random states and torques, each stepped by the model and by Gymnasium."""
    world = gymnasium.make("Pendulum-v1", disable_env_checker=True).unwrapped
    torques = np.random.default_rng(1).uniform(-2, 2, 200)
    world.reset()
    for theta, speed, torque in zip(*states(200), torques, strict=True):
        world.state = np.array([theta, speed])
        _, reward, *_ = world.step(np.array([torque]))
        mine = MODEL.step(theta, speed, torque)
        np.testing.assert_allclose(mine, [*world.state, reward], rtol=1e-12, atol=1e-12)


@pytest.mark.equation("1.6", by="rewards summed over a long rollout")
def test_bellman():
    """A linear policy's closed-form action value equals both sides of Bellman's equation."""
    gain = np.array([[0.4, 0.8]])
    s, a = np.array([1.0, -2.0]), np.array([0.7])
    value = LINEAR.action_value(s, a, gain)
    following, reward = LINEAR.A @ s + LINEAR.B @ a, LINEAR.reward(s, a)
    next_value = LINEAR.action_value(following, -gain @ following, gain)
    np.testing.assert_allclose(value, reward + LINEAR.gamma * next_value, rtol=1e-10)
    total, state, action = 0.0, s, a
    for k in range(600):
        total += LINEAR.gamma**k * float(LINEAR.reward(state, action))
        state = LINEAR.A @ state + LINEAR.B @ action
        action = -gain @ state
    np.testing.assert_allclose(value, total, rtol=1e-10)


@pytest.mark.equation("1.7", "1.8", by="a search over a fine grid of actions")
def test_optimality():
    """Of all actions on a grid, the optimal policy's is the best and has the state's value."""
    grid = np.linspace(-20, 20, 40001)[:, None]
    for s in np.random.default_rng(2).normal(size=(5, 2)):
        following = s @ LINEAR.A.T + grid @ LINEAR.B.T
        total = LINEAR.reward(np.broadcast_to(s, following.shape), grid)
        total = total + LINEAR.gamma * LINEAR.value(following)
        np.testing.assert_allclose(total.max(), LINEAR.value(s), rtol=1e-6)
        np.testing.assert_allclose(LINEAR.policy(s), grid[total.argmax()], atol=1e-3)
        by_value = LINEAR.action_value(np.broadcast_to(s, following.shape), grid)
        np.testing.assert_allclose(by_value, total, rtol=1e-9, atol=1e-9)


@pytest.mark.equation("1b.1", by="random quadratic functions, whose curvature is known")
@pytest.mark.parametrize("m", [1, 2, 3])
def test_what_a_grid_misses(m):
    """The best of a grid falls short by no more than the bound, which the worst case reaches."""
    rng, k = np.random.default_rng(3), 5
    axes = [np.linspace(-1, 1, k)] * m
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, m)
    bound = m / 8 * (2 / (k - 1)) ** 2
    for _ in range(200):
        root = rng.normal(size=(m, m))
        curvature = root @ root.T
        top = rng.uniform(-1, 1, m)
        missed = 0.5 * np.einsum("bi,ij,bj->b", grid - top, curvature, grid - top).min()
        assert missed <= np.linalg.eigvalsh(curvature)[-1] * bound * (1 + 1e-12)
    middle = np.full(m, 1 / (k - 1))  # of a cell
    worst = 0.5 * np.square(grid - middle).sum(-1).min()  # curvature 1 in all directions
    np.testing.assert_allclose(worst, bound)


@pytest.mark.equation("1.11", "1.12", by="the motion simulated in steps of a microsecond")
def test_energy():
    """The energy changes by torque times angular velocity, and not at all without torque."""
    step = 1e-6
    world = PendulumModel(time_step=step)
    for torque in (0.0, 1.3, -2.0):
        theta, speed = states(50)
        angle, faster, _ = world.step(theta, speed, torque)
        power = (world.energy(angle, faster) - world.energy(theta, speed)) / step
        np.testing.assert_allclose(power, torque * speed, atol=2e-3)
    upright_then_down = world.energy([0.0, np.pi], [0.0, 0.0])
    np.testing.assert_allclose(upright_then_down, [0.0, -10.0])  # m g l, for half of it twice


@pytest.mark.equation("1.13", by="the formula by hand, and the energy it adds")
def test_energy_shaping():
    """Far from the top the policy is the formula, and its torque drives the energy towards 0."""
    policy = EnergyShaping()
    theta, speed = states(500)
    far = np.cos(theta) < 0
    torque = np.asarray(policy(0, MODEL.observation(theta, speed))).reshape(-1)[far]
    missing = -MODEL.energy(theta, speed)[far]
    strong = np.abs(missing) > 1.0
    assert np.all(torque[strong] * speed[far][strong] * missing[strong] > 0)
    weak = np.clip(policy.gain * missing * np.sign(speed[far]), -2, 2)
    np.testing.assert_allclose(torque, weak, atol=1e-4)


@pytest.mark.equation("1.14", by="a backup of each state and torque with SciPy's interpolation")
def test_dynamic_programming(optimum):
    """The table of each step is one backup of the next step's; the last is one reward."""
    grid = optimum.grid
    theta, speed = np.meshgrid(grid.theta, grid.theta_dot, indexing="ij")
    closed = np.append(grid.theta, 2 * np.pi)
    for t in (199, 198, 150, 0):
        later = np.zeros(grid.shape) if t == 199 else optimum.value(t + 1, theta, speed)
        look = RegularGridInterpolator((closed, grid.theta_dot), np.vstack([later, later[:1]]))
        totals = []
        for torque in grid.torques:
            angle, faster, reward = MODEL.step(theta, speed, torque)
            totals.append(reward + look(np.stack([angle % (2 * np.pi), faster], -1)))
        np.testing.assert_allclose(optimum.value(t, theta, speed), np.max(totals, 0), atol=1e-3)


@pytest.mark.equation("1a.1", by="SciPy's RegularGridInterpolator")
def test_interpolation():
    """Four weights, none negative, of sum 1; and the same numbers as SciPy's."""
    grid = PendulumGrid(angles=12, impulse_cells=1)
    table = np.random.default_rng(4).normal(size=grid.shape)
    theta, speed = states(300)
    _, weight = grid.corners(theta, speed)
    assert weight.shape[0] == 4
    assert weight.min() >= 0
    np.testing.assert_allclose(weight.sum(0), 1)
    closed = np.append(grid.theta, 2 * np.pi)
    look = RegularGridInterpolator((closed, grid.theta_dot), np.vstack([table, table[:1]]))
    theirs = look(np.stack([theta % (2 * np.pi), speed], -1))
    np.testing.assert_allclose(grid.interpolate(table, theta, speed), theirs, atol=1e-10)


@pytest.mark.equation("1a.2", by="a search over a fine grid of torques")
def test_one_step_of_looking_ahead(optimum):
    """No torque has a greater action value than the one that the optimum applies."""
    theta, speed = states(40)
    fine = np.linspace(-2, 2, 401)
    for t in (0, 120, 198):
        angle, faster, reward = MODEL.step(theta[:, None], speed[:, None], fine)
        ahead = reward + optimum.value(t + 1, angle, faster)
        given = optimum.action_value(t, theta[:, None], speed[:, None], fine)
        np.testing.assert_allclose(given, ahead, atol=1e-6)
        chosen = optimum.act(t, theta, speed)
        reached = optimum.action_value(t, theta, speed, chosen)
        assert np.all(reached >= ahead.max(1) - 0.02 * np.abs(ahead.max(1)) - 1e-3)


@pytest.mark.equation("1a.3", by="fitted values of a table with the time limit stored as an end")
def test_time_limit_as_an_end():
    """In a world with one state and reward 1, a table fitted to such targets has that discount."""
    gamma, limit = 0.99, 200
    terminated = np.zeros(limit)
    terminated[-1] = 1  # the last step of each episode, by the clock alone
    q = 0.0
    for _ in range(5000):
        q = np.mean(1 + gamma * (1 - terminated) * q)
    other = gamma * (1 - 1 / limit)
    np.testing.assert_allclose(q, 1 / (1 - other), rtol=1e-9)


@pytest.mark.equation("1.9", by="the updates written out by hand, and the discounted reward")
def test_q_learning_in_the_corridor():
    """The first entries number by number; many walks end at the optimal values of (1.7)."""
    walk = [(0, RIGHT), (1, RIGHT), (2, RIGHT)]
    tables = q_learning(walk * 60, gamma=0.9, alpha=0.5)
    first = [table[:, RIGHT].tolist() for table in tables[:9]]
    assert first[2] == pytest.approx([0, 0, 0.5])
    assert first[5] == pytest.approx([0, 0.5 * 0.9 * 0.5, 0.75])
    assert first[8] == pytest.approx([0.5 * 0.9 * 0.225, 0.225 + 0.5 * (0.9 * 0.75 - 0.225), 0.875])
    both = q_learning([(s, a) for s in (2, 1, 0) for a in (LEFT, RIGHT)] * 200, 0.9, 0.5)[-1]
    exact = {(0, LEFT): 0.9**3, (0, RIGHT): 0.9**2, (1, LEFT): 0.9**3, (1, RIGHT): 0.9}
    exact |= {(2, LEFT): 0.9**2, (2, RIGHT): 1.0}
    for (s, a), value in exact.items():
        assert both[s, a] == pytest.approx(value, abs=1e-9)
        r, s_next, d = step(s, a)
        assert value == pytest.approx(r + 0.9 * (1 - d) * both[s_next].max(), abs=1e-9)
