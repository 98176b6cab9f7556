"""Every equation of chapter 4 against a calculation that does not use it."""

import numpy as np
import pytest
import torch
from scipy import optimize

from ddpg_lib import Critic, critic_loss, td_target
from ddpg_lib.chapters.ch04.bellman import residual_fixed_point, residual_loss, td_fixed_point
from ddpg_lib.chapters.ch04.coin import transitions
from ddpg_lib.worlds.lqr import LQR
from ddpg_lib.worlds.pendulum.optimum import DiscountedPendulumOptimum
from ddpg_lib.worlds.pendulum.policies import EnergyShaping, zero_torque
from ddpg_lib.worlds.pendulum.values import pendulum_action_value

DEFINITIONS = {"4.4": "defines the TD error"}

GAMMA = 0.9


class World:
    """A small finite world: p(s' | s, a), rewards, ends, and a deterministic policy."""

    def __init__(self, seed=0, states=4, actions=2):
        rng = np.random.default_rng(seed)
        self.states, self.actions = states, actions
        self.p = rng.dirichlet(np.ones(states), size=(states, actions))
        self.r = rng.normal(size=(states, actions, states))
        self.d = (rng.random((states, actions, states)) < 0.2).astype(float)
        self.mu = rng.integers(actions, size=states)

    def targets(self, q, gamma=GAMMA, d=None):
        """Return the library's target of each transition (s, a, s'), with three axes."""
        next_q = np.broadcast_to(q[np.arange(self.states), self.mu], self.r.shape)
        tensors = [torch.tensor(x) for x in (self.r, self.d if d is None else d, next_q)]
        return td_target(*tensors, discount=gamma).numpy()

    def backup(self, q, **more):
        """T Q: the mean of the library's targets."""
        return (self.p * self.targets(q, **more)).sum(axis=-1)

    def values(self, gamma=GAMMA, survive=1.0):
        """Q of the policy, solved as a linear system with matrices of its own."""
        size = self.states * self.actions
        step = np.zeros((size, size))
        for row in range(size):
            s, a = divmod(row, self.actions)
            for after in range(self.states):
                column = after * self.actions + self.mu[after]
                going_on = self.p[s, a, after] * (1 - self.d[s, a, after])
                step[row, column] += gamma * going_on * np.broadcast_to(survive, size)[row]
        right = (self.p * self.r).sum(axis=-1).ravel()
        return np.linalg.solve(np.eye(size) - step, right).reshape(self.states, self.actions)

    def transitions(self, seed=1):
        """Every transition as table features, with the weights of a behavior of its own."""
        behavior = np.random.default_rng(seed).dirichlet(np.ones(self.states * self.actions))
        table = np.eye(self.states * self.actions)
        rows, nexts, weights = [], [], []
        for row in range(len(table)):
            for after in range(self.states):
                rows.append(table[row])
                nexts.append(table[after * self.actions + self.mu[after]])
                weights.append(behavior[row] * self.p[divmod(row, self.actions)][after])
        return np.array(rows), np.array(nexts), self.r.ravel(), self.d.ravel(), np.array(weights)


@pytest.mark.equation("4.1", by="a linear system solved in float64")
def test_values_are_the_fixed_point_of_the_mean_target():
    """The values from a linear system do not change when replaced by the mean of their targets."""
    world = World()
    exact = world.values()
    np.testing.assert_allclose(world.backup(exact), exact, atol=1e-12)
    assert np.abs(world.backup(exact + 1) - exact - 1).max() > 0.05  # and no other function


@pytest.mark.equation("4.2", by="enumeration of a finite world")
def test_the_operator_contracts():
    """No two functions keep more than gamma of their distance; a constant shift keeps gamma."""
    world, rng = World(), np.random.default_rng(3)
    for _ in range(200):
        one, two = 10 * rng.normal(size=(2, world.states, world.actions))
        before, after = np.abs(one - two).max(), np.abs(world.backup(one) - world.backup(two)).max()
        assert after <= GAMMA * before + 1e-12
    world.d[:] = 0  # where nothing ends the bound is reached
    one = rng.normal(size=(world.states, world.actions))
    np.testing.assert_allclose(world.backup(one + 1) - world.backup(one), GAMMA)


@pytest.mark.equation("4.3", by="a linear system solved in float64")
def test_a_small_violation_bounds_the_error():
    """The distance to the exact values obeys the bound, which is reached by a constant shift."""
    world, rng = World(), np.random.default_rng(4)
    exact = world.values()
    for _ in range(200):
        q = exact + rng.normal(size=exact.shape)
        violation = np.abs(world.backup(q) - q).max()
        assert np.abs(q - exact).max() <= violation / (1 - GAMMA) + 1e-12
    world.d[:] = 0
    q = world.values() + 1
    np.testing.assert_allclose(np.abs(world.backup(q) - q).max() / (1 - GAMMA), 1)


def small_critic():
    return Critic([np.random.default_rng(1)], 3, 1, (8, 8), "tanh", final_init=0.5).double()


def random_batch(n=6, seed=6):
    rng = np.random.default_rng(seed)
    obs, action, after, then = (torch.tensor(rng.normal(size=(1, n, k))) for k in (3, 1, 3, 1))
    reward, d = rng.normal(size=(1, n)), (rng.random((1, n)) < 0.4).astype(float)
    return obs, action, torch.tensor(reward), torch.tensor(d), after, then


def quotients(critic, loss, h=1e-6):
    """Central difference quotients of a loss in every weight of a critic, as one vector."""
    slopes = []
    with torch.no_grad():
        for w in critic.parameters():
            flat = w.view(-1)
            for i in range(len(flat)):
                start = flat[i].item()
                flat[i] = start + h
                up = loss().item()
                flat[i] = start - h
                down = loss().item()
                flat[i] = start
                slopes.append((up - down) / (2 * h))
    return np.array(slopes)


def flat_gradient(value, critic):
    gradients = torch.autograd.grad(value, list(critic.parameters()), retain_graph=True)
    return torch.cat([g.reshape(-1) for g in gradients]).numpy()


@pytest.mark.equation("4.5", by="finite differences in float64")
def test_the_semi_gradient_has_its_factor_and_its_sign():
    """Library, formula and difference quotients with the targets held fixed agree."""
    critic, (obs, action, reward, d, after, then) = small_critic(), random_batch()
    with torch.no_grad():
        y = td_target(reward, d, critic(after, then), GAMMA)
    q = critic(obs, action)
    library = flat_gradient(critic_loss(q, y), critic)
    formula = sum(-2 / 6 * (y - q)[0, j].item() * flat_gradient(q[0, j], critic) for j in range(6))
    numeric = quotients(critic, lambda: critic_loss(critic(obs, action), y))
    np.testing.assert_allclose(library, formula, atol=1e-12)
    np.testing.assert_allclose(library, numeric, atol=1e-8)
    assert np.abs(numeric).max() > 0.1


@pytest.mark.equation("4.6", by="finite differences in float64")
def test_the_residual_gradient_is_the_complete_one():
    """Library, formula and difference quotients with targets that move along agree."""
    critic, (obs, action, reward, d, after, then) = small_critic(), random_batch()

    def both():
        q = critic(obs, action)
        return q, td_target(reward, d, critic(after, then), GAMMA)

    q, y = both()
    library = flat_gradient(residual_loss(q, y), critic)
    next_q = critic(after, then)
    formula = sum(
        2
        / 6
        * (y - q)[0, j].item()
        * (
            GAMMA * (1 - d[0, j].item()) * flat_gradient(next_q[0, j], critic)
            - flat_gradient(q[0, j], critic)
        )
        for j in range(6)
    )

    def loss():
        q, y = both()
        return (y - q).square().mean()

    np.testing.assert_allclose(library, formula, atol=1e-12)
    np.testing.assert_allclose(library, quotients(critic, loss), atol=1e-8)


@pytest.mark.equation("4.7", by="enumeration of a finite world")
def test_a_squared_error_contains_the_variance_of_the_target():
    """The mean square over all next states is squared Bellman error plus variance."""
    world = World()
    q = np.random.default_rng(7).normal(size=(world.states, world.actions))
    y = world.targets(q)
    mean_square = (world.p * (y - q[..., None]) ** 2).sum(axis=-1)
    variance = (world.p * y**2).sum(axis=-1) - (world.p * y).sum(axis=-1) ** 2
    np.testing.assert_allclose(mean_square, (world.backup(q) - q) ** 2 + variance, atol=1e-12)
    assert variance.min() > 0.01


@pytest.mark.equation("4b.1", by="a linear system solved in float64")
def test_with_a_table_the_semi_gradient_rests_at_the_value_of_the_policy():
    """Whatever the behavior's proportions, the fixed point is the exact Q of the policy."""
    world = World()
    for seed in (1, 2):
        x, after, r, d, weight = world.transitions(seed)
        found = td_fixed_point(x, after, r, GAMMA, terminated=d, weight=weight)
        np.testing.assert_allclose(found, world.values().ravel(), atol=1e-10)


@pytest.mark.equation("4b.2", by="direct minimization of the squared TD error")
def test_the_residual_gradient_rests_at_the_least_squared_error():
    """The linear system's solution is the minimum that a general optimizer finds, and is not Q."""
    world = World()
    x, after, r, d, weight = world.transitions()
    found = residual_fixed_point(x, after, r, GAMMA, terminated=d, weight=weight)

    def loss(w):
        return np.average((r + GAMMA * (1 - d) * (after @ w) - x @ w) ** 2, weights=weight)

    least = optimize.minimize(loss, np.zeros(x.shape[1]), tol=1e-12)
    assert loss(found) <= least.fun + 1e-12
    np.testing.assert_allclose(found, least.x, atol=1e-4)
    assert np.abs(found - world.values().ravel()).max() > 0.05


@pytest.mark.equation("4.8", by="the library's two linear systems")
@pytest.mark.parametrize("heads", [0.1, 0.5, 0.9])
def test_the_coin_game(heads):
    """The closed forms for toss, heads and tails solve the two systems for any coin."""
    states = np.eye(3)
    game = (states[[0, 0, 1, 2]], states[[1, 2, 0, 0]], [0, 0, 1, 0], 1.0)
    rest = {"terminated": [0, 0, 1, 1], "weight": [heads, 1 - heads] * 2}
    np.testing.assert_allclose(td_fixed_point(*game, **rest), [heads, 1, 0], atol=1e-12)
    np.testing.assert_allclose(
        residual_fixed_point(*game, **rest), [heads, (1 + heads) / 2, heads / 2], atol=1e-12
    )


@pytest.mark.equation("4.9", by="steps of the table itself")
@pytest.mark.parametrize("heads", [0.3, 0.5, 0.8])
def test_the_distance_to_the_true_values_falls(heads):
    """The average semi-gradient step changes the squared distance as stated, and downwards."""
    x, next_x, reward, _, often = transitions(heads)
    frequencies = (x * often[:, None]).T @ (x - next_x)
    assert np.abs(frequencies - frequencies.T).max() > 0.1
    truth, eta = np.array([heads, 1, 0]), 0.1
    for v in np.random.default_rng(12).normal(size=(50, 3)):
        stepped = v.copy()
        for row, after, r, share in zip(x, next_x, reward, often, strict=True):
            state = int(row.argmax())
            stepped[state] += eta * share * (r + after @ v - v[state])
        e = v - truth
        stated = e @ e - 2 * eta * e @ frequencies @ e + eta**2 * np.sum((frequencies @ e) ** 2)
        assert np.sum((stepped - truth) ** 2) == pytest.approx(stated, abs=1e-12)
        assert stated < e @ e


@pytest.mark.equation("4.10", by="a linear system solved in float64")
def test_cuts_stored_as_ends_discount_the_future():
    """A table that learns from flagged transitions finds the values of the shortened future."""
    world = World()
    x, after, r, d, weight = world.transitions()
    cut = np.random.default_rng(8).uniform(0, 0.5, world.states * world.actions)
    p = np.repeat(cut, world.states)
    # Each transition twice: as it is, and flagged as an end.
    found = td_fixed_point(
        np.tile(x, (2, 1)),
        np.tile(after, (2, 1)),
        np.tile(r, 2),
        GAMMA,
        terminated=np.concatenate([d, np.ones_like(d)]),
        weight=np.concatenate([weight * (1 - p), weight * p]),
    )
    np.testing.assert_allclose(found, world.values(survive=1 - cut).ravel(), atol=1e-10)
    assert np.abs(found - world.values().ravel()).max() > 0.05


@pytest.mark.equation("4.11", by="playing out a pendulum that hangs at rest")
def test_how_much_of_a_constant_reward_is_lost():
    """The hanging pendulum's reward is constant; its values under both discounts have the ratio."""
    for gamma, limit in ((0.97, 50), (0.9, 10)):
        wrong, right = (
            pendulum_action_value(zero_torque, np.pi, 0.0, gamma=g, tolerance=1e-9)
            for g in (gamma * (1 - 1 / limit), gamma)
        )
        assert wrong / right == pytest.approx(1 / (1 + gamma / ((1 - gamma) * limit)), abs=1e-9)


@pytest.mark.equation("4b.3", by="500 steps of the dynamics added up")
@pytest.mark.parametrize("gain", [-0.5, 0.0, 0.7])
def test_the_regulator_by_hand(gain):
    """The formula, the library's closed form, and a long discounted sum agree."""
    lqr = LQR([[0.8]], [[0.2]], Q=[[1.0]], R=[[0.3]], gamma=0.9)
    s, a = np.random.default_rng(9).uniform(-1, 1, (2, 50))
    P = (1 + 0.3 * gain**2) / (1 - 0.9 * (0.8 - 0.2 * gain) ** 2)
    formula = -(s**2 + 0.3 * a**2) - 0.9 * P * (0.8 * s + 0.2 * a) ** 2
    library = lqr.action_value(s[:, None], a[:, None], [[gain]])
    total, state, action = np.zeros(50), s, a
    for t in range(500):
        total += 0.9**t * -(state**2 + 0.3 * action**2)
        state = 0.8 * state + 0.2 * action
        action = -gain * state
    np.testing.assert_allclose(formula, library, atol=1e-12)
    np.testing.assert_allclose(formula, total, atol=1e-12)


@pytest.mark.equation("4a.1", by="dynamic programming on a grid")
def test_no_policy_is_better_than_the_optimum():
    """A played-out policy falls short of the grid's Q*, but for the grid's own error."""
    optimum = DiscountedPendulumOptimum(0.95)
    rng = np.random.default_rng(10)
    theta, theta_dot = rng.uniform(-np.pi, np.pi, 300), rng.uniform(-2, 2, 300)
    torque = rng.uniform(-2, 2, 300)
    q_star = optimum.action_value(0, theta, theta_dot, torque)
    q_mu = pendulum_action_value(EnergyShaping(), theta, theta_dot, torque, gamma=0.95)
    shortfall = q_mu - q_star
    assert shortfall.mean() < -1
    assert np.quantile(shortfall, 0.95) < 0.5  # beside cliffs the grid itself errs, see regret
    believed = q_mu + rng.normal(size=300)  # any critic: the two parts add up
    np.testing.assert_allclose((believed - q_mu) + shortfall, believed - q_star, atol=1e-9)


@pytest.mark.equation("4.12", by="finite differences in float64")
def test_broadcasting_pulls_every_value_to_the_mean_target():
    """The loss of all pairs splits as stated, and its gradient knows the mean target alone."""
    rng = np.random.default_rng(11)
    q, y = rng.normal(size=(2, 8))

    def pairs(q):
        return ((torch.tensor(y)[None, :] - torch.tensor(q)[:, None]) ** 2).mean().item()

    assert pairs(q) == pytest.approx(np.mean((q - y.mean()) ** 2) + y.var(), abs=1e-12)
    h = 1e-6
    numeric = [(pairs(q + h * e) - pairs(q - h * e)) / (2 * h) for e in np.eye(8)]
    np.testing.assert_allclose(numeric, 2 / 8 * (q - y.mean()), atol=1e-8)
    with pytest.raises(ValueError, match="shapes must be equal"):
        critic_loss(torch.tensor(q)[:, None], torch.tensor(y))
