"""Each numbered equation of chapter 5 against an independent calculation."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ddpg_lib import DDPG, recipe
from ddpg_lib.chapters.ch05.actor_gradient import (
    action_slope,
    cosine,
    gradient_through,
    slope_by_differences,
)
from ddpg_lib.chapters.ch05.line import OneDToy, action_value
from ddpg_lib.chapters.ch05.overestimation import Gaps, best_of_uniform, winners
from ddpg_lib.maths.differences import central_difference
from ddpg_lib.parts.gradients import invert_gradient
from ddpg_lib.parts.losses import actor_loss, critic_loss, td_target
from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.worlds.pendulum.values import pendulum_action_value

DEFINITIONS: dict[str, str] = {}


def small_networks(agents=1, obs_dim=3, action_dim=2, hidden=(5,)):
    """Return an actor and a critic with tanh units, in float64, and states to ask them about."""
    rngs = [np.random.default_rng(i) for i in range(agents)]
    sizes = {"hidden": hidden, "activation": "tanh", "final_init": 1.0}
    actor = Actor(rngs, obs_dim, action_dim, **sizes).double()
    critic = Critic(rngs, obs_dim, action_dim, **sizes).double()
    return actor, critic, torch.tensor(np.random.default_rng(7).normal(size=(agents, 6, obs_dim)))


def numpy_weights(network):
    """Return the weights of a network of one agent, as NumPy arrays."""
    return [p.detach().numpy()[0] for p in network.parameters()]


def by_central_differences(function, parameters):
    """Return the gradient of a function of parameters, from its values alone."""
    start = parameters_to_vector(parameters).detach()

    def value(vector):
        vector_to_parameters(torch.tensor(vector), parameters)
        return function().item()

    gradient = torch.tensor(central_difference(value, start.numpy()))
    vector_to_parameters(start, parameters)
    return [
        g.view_as(p)
        for g, p in zip(gradient.split([p.numel() for p in parameters]), parameters, strict=True)
    ]


def largest_difference(first, second):
    """Return the largest difference of two gradients, relative to the largest component."""
    scale = max(float(x.abs().max()) for x in second)
    return max(float((x - y).abs().max()) for x, y in zip(first, second, strict=True)) / scale


@pytest.mark.equation("5.1", by="a loop over states in NumPy")
def test_the_objective_is_the_mean_value_of_the_actors_actions():
    """The library's actor loss is minus the mean, computed state by state in NumPy."""
    actor, critic, obs = small_networks()
    u, u0, v, v0 = numpy_weights(actor)
    w, w0, q, q0 = numpy_weights(critic)
    values = []
    for s in obs[0].numpy():
        a = np.tanh(np.tanh(s @ u + u0[0]) @ v + v0[0])
        values.append(np.tanh(np.concatenate([s, a]) @ w + w0[0]) @ q[:, 0] + q0[0, 0])
    assert actor_loss(critic(obs, actor(obs))).item() == pytest.approx(-np.mean(values), abs=1e-12)


@pytest.mark.equation("5.2", by="finite differences in float64")
def test_the_chain_rule_is_the_gradient_of_the_objective():
    """Slope times response, and autograd through the critic, both equal central differences."""
    actor, critic, obs = small_networks(agents=2, hidden=(5, 4))
    parameters = list(actor.parameters())
    by_differences = by_central_differences(
        lambda: -actor_loss(critic(obs, actor(obs))), parameters
    )
    by_autograd = torch.autograd.grad(-actor_loss(critic(obs, actor(obs))), parameters)
    by_chain_rule = gradient_through(actor, obs, action_slope(critic, obs, actor(obs)))
    assert largest_difference(by_autograd, by_differences) < 1e-6
    assert largest_difference(by_chain_rule, by_differences) < 1e-6


@pytest.mark.equation("5.3", by="finite differences in float64")
def test_the_slope_of_a_critic_with_one_hidden_layer():
    """W_a (q * (1 - h^2)) is the library's slope, and the difference of values in each action."""
    actor, critic, obs = small_networks()
    action = actor(obs).detach()
    w, w0, q, _ = numpy_weights(critic)
    h = np.tanh(np.concatenate([obs[0].numpy(), action[0].numpy()], axis=1) @ w + w0)
    by_hand = (q[:, 0] * (1 - h**2)) @ w[3:].T
    np.testing.assert_allclose(action_slope(critic, obs, action)[0], by_hand, atol=1e-12)
    for k in range(2):
        shift = torch.zeros(2, dtype=torch.float64)
        shift[k] = 1e-5
        with torch.no_grad():
            rise = critic(obs, action + shift) - critic(obs, action - shift)
        np.testing.assert_allclose(by_hand[:, k], rise[0] / 2e-5, atol=1e-8)


@pytest.mark.equation("5.4", by="finite differences in float64")
def test_the_actors_gradient_by_hand():
    """delta = g (1 - a^2), carried down one layer, gives the gradient in all four weights."""
    actor, critic, obs = small_networks()
    s, (u, u0, v, v0) = obs[0].numpy(), numpy_weights(actor)
    k = np.tanh(s @ u + u0)
    a = np.tanh(k @ v + v0)
    g = action_slope(critic, obs, actor(obs))[0].numpy()
    delta = g * (1 - a**2)
    below = (delta @ v.T) * (1 - k**2)
    n = len(s)
    by_hand = [s.T @ below / n, below.mean(0), k.T @ delta / n, delta.mean(0)]
    by_differences = by_central_differences(
        lambda: critic(obs, actor(obs)).mean(), list(actor.parameters())
    )
    for hand, difference in zip(by_hand, by_differences, strict=True):
        np.testing.assert_allclose(hand, difference[0].reshape(hand.shape), atol=1e-8)


@pytest.mark.equation("5.5", by="autograd through other critics")
def test_the_actor_is_blind_to_offsets_and_scale():
    """A critic c Q + b(s) has c times the gradient of Q; Adam then takes the same step."""
    actor, critic, obs = small_networks()
    parameters = list(actor.parameters())

    def gradient(scale, offset):
        q = scale * critic(obs, actor(obs)) + offset
        return torch.autograd.grad(-actor_loss(q), parameters)

    plain = gradient(1.0, 0.0)
    offset = 100 * obs.square().sum(-1)
    for x, y in zip(gradient(7.0, offset), plain, strict=True):
        assert torch.allclose(x, 7 * y, atol=1e-9)
    assert cosine(gradient(7.0, offset), plain).item() == pytest.approx(1, abs=1e-12)


@pytest.mark.equation("5a.1", by="autograd through an independent simulation")
def test_the_exact_gradient_on_the_pendulum():
    """Simulated differences, then the actor: equal to backpropagation through 220 steps."""
    rngs = [np.random.default_rng(3)]
    actor = Actor(rngs, 3, 1, (6,), "tanh", 0.5).double()
    theta, speed = np.array([[0.3, 2.0, -1.0, 3.0]]), np.array([[0.2, -1.0, 0.5, 2.0]])
    gamma, horizon = 0.9, 220

    def observed(angle, rate):
        return torch.stack([torch.cos(angle), torch.sin(angle), rate], dim=-1)

    # The library: slopes of the true Q by differences, then the chain rule.
    def policy(t, obs):
        with torch.no_grad():
            return 2 * actor(torch.tensor(obs, dtype=torch.float64))[..., 0].numpy()

    obs = observed(torch.tensor(theta), torch.tensor(speed))

    def value(action):
        return pendulum_action_value(
            policy, theta, speed, 2 * action[..., 0], gamma=gamma, tolerance=1e-6
        )

    slope = slope_by_differences(value, actor(obs), 1e-3)
    found = gradient_through(actor, obs, slope)

    # Independently: the same return written in PyTorch. A copy of the actor acts after the first
    # step, so that only the first action depends on the weights.
    later = copy.deepcopy(actor).requires_grad_(False)
    angle, rate, total = torch.tensor(theta), torch.tensor(speed), 0.0
    torque = 2 * actor(obs)[..., 0]
    for t in range(horizon):
        wrapped = (angle + math.pi) % (2 * math.pi) - math.pi
        total = total - gamma**t * (wrapped**2 + 0.1 * rate**2 + 0.001 * torque**2)
        rate = (rate + (15 * torch.sin(angle) + 3 * torque) * 0.05).clamp(-8, 8)
        angle = angle + rate * 0.05
        torque = 2 * later(observed(angle, rate))[..., 0]
    exact = torch.autograd.grad(total.mean(), list(actor.parameters()))
    # The simulation shows its policy float32, as Gymnasium does: that limits the agreement.
    assert largest_difference(found, exact) < 1e-3


@pytest.mark.equation("5a.2", by="NumPy on the flattened gradients")
def test_the_cosine_of_two_gradients():
    """Dot product over lengths, agent by agent."""
    rng = np.random.default_rng(0)
    first, second = ([rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 1, 2))] for _ in range(2))
    found = cosine([torch.tensor(x) for x in first], [torch.tensor(x) for x in second])
    for i in range(3):
        a, b = (np.concatenate([x[i].ravel() for x in gradient]) for gradient in (first, second))
        assert found[i].item() == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.equation("5.7", by="PyTorch's own accumulation of gradients")
def test_a_forgotten_zero_grad_adds_the_actors_objective_to_the_critics_loss():
    """After both backward passes the critic holds the gradient of its loss minus the objective."""
    actor, critic, obs = small_networks()
    action, target = torch.rand(1, 6, 2).double(), torch.randn(1, 6).double()
    actor_loss(critic(obs, actor(obs))).backward()  # the actor's step leaves this behind
    critic_loss(critic(obs, action), target).backward()  # without zero_grad in between
    both = (critic(obs, action) - target).square().mean() - critic(obs, actor(obs)).mean()
    expected = torch.autograd.grad(both, list(critic.parameters()))
    for p, g in zip(critic.parameters(), expected, strict=True):
        assert torch.allclose(p.grad, g, atol=1e-12)


class Table(torch.nn.Module):
    """A critic with one number for each of 3 states and 2 actions."""

    def __init__(self):
        super().__init__()
        self.q = torch.nn.Parameter(torch.zeros(3, 2, dtype=torch.float64))


@pytest.mark.equation("5.8", by="gradient descent on a table")
def test_the_leak_is_a_bonus_for_the_actors_own_actions():
    """A table that descends loss minus objective settles at y plus half of rho over beta."""
    table, policy = Table(), torch.tensor([0, 1, 1])
    y = torch.tensor([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]], dtype=torch.float64)
    counts = torch.tensor([[6, 2], [1, 3], [2, 2]])  # what the minibatch holds: beta N
    states = torch.arange(3).repeat_interleave(counts.sum(1))
    actions = torch.cat([torch.arange(2).repeat_interleave(row) for row in counts])
    for _ in range(4000):
        q = table.q[states, actions][None]
        own = table.q[states, policy[states]][None]
        loss = critic_loss(q, y[states, actions][None]) + actor_loss(own)
        (gradient,) = torch.autograd.grad(loss, [table.q])
        with torch.no_grad():
            table.q -= 0.5 * gradient
    expected = y.clone()
    for s in range(3):  # states as often as in the data, the actor's action alone
        expected[s, policy[s]] += 0.5 * counts[s].sum() / counts[s, policy[s]]
    assert torch.allclose(table.q, expected, atol=1e-9)


@pytest.mark.equation("5.9", by="iterating the fixed point")
def test_the_bonus_adds_up_over_the_future():
    """A state that leads to itself, acted in by the actor alone: 1/2 more each step."""
    gamma, r = 0.9, -1.0
    q = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    for _ in range(400):
        target = (r + gamma * q).detach()
        for _ in range(3):  # descend the loss minus the objective at a fixed target
            loss = critic_loss(q, target) + actor_loss(q)
            (gradient,) = torch.autograd.grad(loss, [q])
            with torch.no_grad():
                q -= 0.5 * gradient
    honest = r / (1 - gamma)
    assert q.item() == pytest.approx(honest + 1 / (2 * (1 - gamma)), abs=1e-9)


@pytest.mark.equation("5.10", by="a differential equation, integrated")
def test_the_way_out_of_saturation_takes_exponentially_long():
    """Gradient ascent on the library's objective, in small steps, takes the closed form's time."""
    actor = Actor([np.random.default_rng(0)], 1, 1, (1,), "tanh", 0.1).double()
    g, rate = 1.7, 1e-3
    with torch.no_grad():  # a = tanh(bias of the last layer)
        actor.layers[1].weight.zero_()
    bias, obs = actor.layers[1].bias, torch.zeros(1, 1, 1, dtype=torch.float64)
    for depth in (0.5, 1.0, 1.6):
        with torch.no_grad():
            bias.fill_(-depth)
        time = 0.0
        while bias.item() < 0 and time < 20:
            (slope,) = torch.autograd.grad(-actor_loss(g * actor(obs)[..., 0]), [bias])
            with torch.no_grad():
                bias += rate * slope
            time += rate
        assert time == pytest.approx((2 * depth + math.sinh(2 * depth)) / (4 * g), rel=5e-3)


@pytest.mark.equation("5b.4", by="numbers by hand")
def test_the_inverted_gradient():
    """The push keeps the share of the range that lies ahead of it."""
    slope = torch.tensor([[[2.0], [-2.0], [2.0], [-2.0], [2.0]]])
    action = torch.tensor([[[0.5], [0.5], [-1.0], [-1.0], [1.2]]])
    expected = [2 * 0.5 / 2, -2 * 1.5 / 2, 2 * 2 / 2, 0.0, 2 * -0.2 / 2]
    assert invert_gradient(slope, action).flatten().tolist() == pytest.approx(expected)


@pytest.mark.equation("5b.5", by="a differential equation, integrated")
def test_the_way_back_with_inverted_gradients():
    """From bound to middle in (2 ln 2)/g, by Euler steps with the library's function."""
    g, rate = 1.7, 1e-4
    action, time = torch.full((1, 1, 1), -1.0, dtype=torch.float64), 0.0
    slope = torch.full_like(action, g)
    while action.item() < 0 and time < 20:
        action = action + rate * invert_gradient(slope, action)
        time += rate
        assert action.item() == pytest.approx(1 - 2 * math.exp(-g * time / 2), abs=1e-3)
    assert time == pytest.approx(2 * math.log(2) / g, rel=1e-3)


def test_inverted_ascent_stays_within_the_bounds():
    """Proposition 5.3: with a step size of at most 2/|g| no step leaves [-1, 1]."""
    rng = np.random.default_rng(0)
    action = torch.tensor(rng.uniform(-1, 1, (1, 1000, 1)))
    for _ in range(200):
        slope = torch.tensor(rng.normal(size=(1, 1000, 1)) * 10 ** rng.uniform(-3, 3))
        rate = 2 / slope.abs()
        action = action + rate * torch.tensor(rng.random((1, 1000, 1))) * invert_gradient(
            slope, action
        )
        assert action.abs().max() <= 1 + 1e-12


def test_the_librarys_actor_step_leaves_the_critic_alone():
    """Bit by bit: the critic after an update is what its own step alone makes of it."""
    agents = [DDPG(3, [-2.0], [2.0], recipe("pendulum"), (0, 1)) for _ in range(2)]
    rng = np.random.default_rng(0)
    for _ in range(100):
        obs, next_obs = rng.normal(size=(2, 2, 3))
        action, reward = rng.uniform(-2, 2, (2, 1)), rng.normal(size=2)
        for agent in agents:
            agent.remember(obs, action, reward, next_obs, np.zeros(2))
    batch = agents[0].replay.sample(64)
    agents[0].learn(batch, move_actor=True)
    agents[1].learn(batch, move_actor=False)
    for a, b in zip(agents[0].critic.parameters(), agents[1].critic.parameters(), strict=True):
        assert torch.equal(a, b)
    moved = zip(agents[0].actor.parameters(), agents[1].actor.parameters(), strict=True)
    assert all(not torch.equal(a, b) for a, b in moved)
    assert all(p.grad is None for p in agents[0].critic.parameters())


@pytest.mark.equation("5.6", by="finite differences in float64")
def test_only_the_slope_of_an_error_misleads():
    """The gradient of a wrong critic less that of the right one is that of the error alone."""
    actor, critic, obs = small_networks()
    parameters = list(actor.parameters())

    def error(s, a):
        return torch.sin(5 * s).sum(-1) * torch.cos(3 * a[..., 0]) + 40 * s[..., 1] ** 3

    wrong = torch.autograd.grad(
        (critic(obs, actor(obs)) + error(obs, actor(obs))).mean(), parameters
    )
    right = torch.autograd.grad(critic(obs, actor(obs)).mean(), parameters)
    gap = [x - y for x, y in zip(wrong, right, strict=True)]
    by_differences = by_central_differences(lambda: error(obs, actor(obs)).mean(), parameters)
    assert largest_difference(gap, by_differences) < 1e-6
    slope = action_slope(error, obs, actor(obs))  # the same, as slope times response
    assert largest_difference(gradient_through(actor, obs, slope), gap) < 1e-9


@pytest.mark.equation(
    "5c.1", "5c.2", by="Monte Carlo over 200,000 draws, within five standard errors"
)
def test_the_greatest_of_several_errors():
    """The mean of the greatest is above the greatest mean, by the formula for uniform errors."""
    rng = np.random.default_rng(0)
    for m, width in ((2, 1.0), (7, 0.3)):
        value = rng.uniform(-1, 1, m)  # unequal values: the inequality holds for any
        noisy = value + rng.uniform(-width, width, (200_000, m))
        assert noisy.max(axis=1).mean() > value.max()
        greatest = rng.uniform(-width, width, (200_000, m)).max(axis=1)
        error = greatest.std() / math.sqrt(greatest.size)
        assert abs(greatest.mean() - best_of_uniform(m, width)) < 5 * error


@pytest.mark.equation("5c.3", by="gradient ascent on noisy critics, and Monte Carlo")
def test_the_climbers_surplus():
    """Climbers of tilted parabolas end at the formula's promise and worth, on average."""
    rng = np.random.default_rng(0)
    k, sigma, m = 1.7, 0.6, 3
    e = sigma * rng.choice([-1.0, 1.0], (100_000, m))  # any errors of mean 0 will do
    a = np.zeros_like(e)
    for _ in range(60):
        a += 0.3 * (e - k * a)
    true = -k / 2 * (a**2).sum(axis=1)
    promised = true + (e * a).sum(axis=1)
    assert promised.mean() == pytest.approx(m * sigma**2 / (2 * k), rel=1e-6)
    assert true.mean() == pytest.approx(-m * sigma**2 / (2 * k), rel=1e-6)
    said, worth = winners(k, e)  # the library's, component by component
    np.testing.assert_allclose(said.sum(axis=1), promised)
    np.testing.assert_allclose(worth.sum(axis=1), true)


@pytest.mark.equation("5c.4", by="small steps on a critic with a random slope error")
def test_each_step_widens_the_gap():
    """After one small step the mean surplus is the step times the mean squared slope error."""
    rng = np.random.default_rng(0)
    eta, start = 1e-4, np.array([0.3, -0.4])

    def true(a):
        return np.cos(a[..., 0]) - a[..., 1] ** 2

    g = np.array([-np.sin(0.3), 0.8])
    half = rng.normal(size=(5_000, 2))
    e = np.concatenate([half, -half])  # mean exactly 0
    moved = start + eta * (g + e)
    rise = true(moved) - true(start)
    surplus = ((moved - start) * e).sum(axis=1)  # what the critic says beyond the truth
    believed = rise + surplus
    assert (believed - rise).mean() == pytest.approx(eta * (e**2).sum(axis=1).mean(), rel=1e-9)
    first_order = eta * ((g + e) * g).sum(axis=1)
    np.testing.assert_allclose(rise, first_order, atol=1e-6)


@pytest.mark.equation("5c.5", by="iterating the targets of a chain of equal states")
def test_bootstrapping_passes_a_surplus_on():
    """A state that leads to itself, whose next value is too high by delta more each time."""
    gamma, reward, delta = 0.9, -1.0, 0.2
    q = torch.zeros(1, dtype=torch.float64)
    for _ in range(500):
        q = td_target(torch.full_like(q, reward), torch.zeros_like(q), q + delta, gamma)
    assert q.item() - reward / (1 - gamma) == pytest.approx(gamma * delta / (1 - gamma))


@pytest.mark.equation("5c.6", by="a critic whose errors are known")
def test_what_the_choice_adds():
    """An error of the state cancels in the difference, one of the action stays."""
    c = recipe("pendulum", warmup_steps=1, steps=2, eval_every=1, buffer_size=50)
    agent = DDPG(3, [-2.0], [2.0], c, (0, 1))
    rng = np.random.default_rng(0)
    for _ in range(50):
        obs, nil = rng.normal(size=(2, 3)), np.zeros(2)
        agent.remember(obs, nil[:, None], nil, obs, nil)
    exact = agent.q

    class Run:
        step = 2
        config = c

    Run.agent = agent

    def choice(of_the_state, of_the_action):
        def wrong(obs, action):
            error = of_the_state * np.sin(obs).sum(-1) + of_the_action * action[..., 0] ** 2
            return exact(obs, action) + error

        agent.q = wrong
        gaps = Gaps(lambda agent, obs, action: exact(obs, action), count=2_000)
        gaps(Run)
        return gaps.by_choice[0]

    np.testing.assert_allclose(choice(1000, 0), 0, atol=1e-3)
    # The untrained actor's torque is near 0; a uniform one's square is 4/3 on average.
    np.testing.assert_allclose(choice(1000, 3), -4, atol=0.2)


@pytest.mark.equation("5b.1", by="the rules of the task, written out once more")
def test_the_line():
    """The environment moves, rewards and ends as the task's three rules say."""
    rng = np.random.default_rng(0)
    env, ends = OneDToy(), 0
    obs, _ = env.reset()
    s = 0.0
    for a in [0.0, *rng.uniform(-0.1, 0.1, 500)]:  # standing still at the end earns nothing
        obs, reward, terminated, truncated, _ = env.step(np.array([a]))
        assert terminated == (s + a < 0)
        assert reward == float(terminated)
        s = min(1.0, max(0.0, s + a))
        assert obs[0] == pytest.approx(s)
        if terminated or truncated:
            env.reset()
            s, ends = 0.0, ends + terminated
    assert ends > 20


@pytest.mark.equation("5b.2", by="episodes played in the environment")
def test_value_of_never_going_left():
    """The return of a first step, then walking right, is 1 if that step leaves the line."""
    rng = np.random.default_rng(0)
    env = OneDToy(limit=60)
    for s, a in zip(rng.uniform(0, 0.2, 200), rng.uniform(-0.1, 0.1, 200), strict=True):
        env.reset()
        env.s = s
        total, action, over = 0.0, a, False
        while not over:
            _, reward, terminated, truncated, _ = env.step(np.array([action]))
            total, action, over = total + reward, 0.1, terminated or truncated
        assert total == float(s + a < 0)
        assert action_value(lambda x: np.full_like(x, 0.1), s, a) == total


@pytest.mark.equation("5b.3", by="the library's target on random transitions; finite differences")
def test_deadlock():
    """With Q^mu as critic no target differs from it, and no weight of the actor changes J."""
    rng = np.random.default_rng(0)
    s, a = rng.uniform(0, 1, 500), rng.uniform(-0.1, 0.1, 500)
    s[:100] = 0.0  # so that many transitions are rewarded
    reward = (s + a < 0).astype(float)
    s_next = np.clip(s + a, 0, 1)
    q_next = (s_next + 0.1 < 0).astype(float)  # Q^mu(s', mu(s'))
    tensors = [torch.from_numpy(x) for x in (reward, reward, q_next)]
    y = td_target(*tensors, discount=0.99).numpy()
    assert reward.sum() > 20
    np.testing.assert_array_equal(y, (s + a < 0).astype(float))

    agent = DDPG(1, [-0.1], [0.1], recipe("default", hidden=(8,)), seeds=[0])
    with torch.no_grad():
        agent.actor.layers[-1].bias += 3.0  # tanh(3): nearly full steps to the right
    obs = np.linspace(0, 1, 50, dtype=np.float32)[None, :, None]

    def objective():
        steps = agent.act(obs)[0, :, 0]
        return action_value(lambda x: np.full_like(x, 0.1), obs[0, :, 0], steps).mean()

    before = objective()
    with torch.no_grad():
        for weight in agent.actor.parameters():
            for index in np.ndindex(*weight.shape):
                weight[index] += 1e-3
                assert objective() == before == 0
                weight[index] -= 1e-3
