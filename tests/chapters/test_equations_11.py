"""Chapter 11's equations: scales and normalization against independent calculations."""

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, Actor, Critic, critic_loss, recipe
from ddpg_lib.chapters.ch11.scales import (
    best_rate,
    condition_number,
    curvature,
    extreme_curvatures,
    largest_step,
    layer_norm_bound,
    layer_norm_jacobian,
    reach,
    with_bias,
)
from ddpg_lib.parts.networks import StackedLinear
from ddpg_lib.parts.normalization import BatchNorm, LayerNorm, RunningNorm
from ddpg_lib.parts.optim import StackedAdam

DEFINITIONS: dict[str, str] = {}
SCALE, SHIFT = np.array([100.0, 1.0, 0.01]), np.array([300.0, 0.0, -0.05])


def descend(x, y, step, updates, weights=None):
    """Gradient descent on the library's loss in float64: the weights after each update."""
    x, y = torch.tensor(x), torch.tensor(y)
    w = torch.zeros(x.shape[1], dtype=x.dtype) if weights is None else torch.tensor(weights)
    path = [w.numpy()]
    for _ in range(updates):
        w.requires_grad_()
        (gradient,) = torch.autograd.grad(critic_loss(x @ w, y), w)
        w = (w - step * gradient).detach()
        path.append(w.numpy())
    return np.array(path)


@pytest.mark.equation("11.8", by="NumPy on all observations at once")
def test_running_normalization():
    """What the layer makes of an observation is NumPy's standardization by all that was added."""
    x = np.random.default_rng(0).normal(size=(2, 500, 3)) * SCALE + SHIFT
    norm = RunningNorm(2, 3)
    for t in range(500):
        norm.add(x[:, t])
    expected = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-8)
    assert np.allclose(norm(torch.tensor(x)), expected.clip(-10, 10), atol=1e-4)


@pytest.mark.equation("11b.3", by="NumPy on all observations at once")
def test_statistics_in_one_pass():
    """One observation at a time, far from zero, the mean and variance are those of all."""
    x = np.random.default_rng(1).normal(size=(1, 300, 3)) * SCALE + 1e5
    norm, mean, var = RunningNorm(1, 3), np.zeros(3), np.zeros(3)
    for n in range(300):
        norm.add(x[:, n])
        delta = x[0, n] - mean
        mean = mean + delta / (n + 1)
        var = n / (n + 1) * (var + delta**2 / (n + 1))
    assert np.allclose(norm.mean[0, 0], x[0].mean(0), rtol=1e-12)
    assert np.allclose(norm.var[0, 0], x[0].var(0), rtol=1e-5)
    assert np.allclose(norm.mean[0, 0], mean, rtol=1e-12)
    assert np.allclose(norm.var[0, 0], var, rtol=1e-8)


@pytest.mark.equation("11.4", by="automatic differentiation in float64")
def test_the_error_is_multiplied_by_one_matrix():
    """Autograd's steps on critic_loss move the error as the powers of I - 2 eta C do."""
    rng = np.random.default_rng(2)
    x, best = rng.normal(size=(20, 3)), rng.normal(size=3)
    path = descend(x, x @ best, 0.1, 15)
    matrix = np.eye(3) - 2 * 0.1 * curvature(x)
    assert np.allclose(path[-1] - best, np.linalg.matrix_power(matrix, 15) @ -best, rtol=1e-10)


@pytest.mark.equation("11.5", by="gradient descent just below and just above the bound")
def test_the_largest_step():
    """1% below the bound the error shrinks, 1% above it grows without end."""
    rng = np.random.default_rng(3)
    x, best = rng.normal(size=(30, 3)) * [5, 1, 0.2], rng.normal(size=3)
    for part, grows in ((0.99, False), (1.01, True)):
        error = np.abs(descend(x, x @ best, part * largest_step(x), 2000) - best)[:, :1]
        assert (error[-1] > error[0]).all() == grows


@pytest.mark.equation("11.6", by="a search over step sizes")
def test_the_best_rate():
    """No step size of a fine grid has a smaller spectral radius than the formula's."""
    x = np.random.default_rng(4).normal(size=(40, 3)) * [4, 1, 0.5]
    smallest, largest = extreme_curvatures(x)
    steps = np.linspace(0, 1 / largest, 20_001)
    eigenvalues = np.linalg.eigvalsh(curvature(x))
    radius = np.abs(1 - 2 * steps[:, None] * eigenvalues).max(1)
    assert radius.min() == pytest.approx(best_rate(condition_number(x)), abs=1e-4)
    assert steps[radius.argmin()] == pytest.approx(1 / (smallest + largest), rel=1e-3)


@pytest.mark.equation("11.7", by="eigenvalues of the matrix itself")
def test_the_condition_number_of_uncorrelated_features():
    """Centered and uncorrelated features: the ratio of variances; normalized ones: exactly 1."""
    grid = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    x = grid * SCALE
    eigenvalues = np.linalg.eigvalsh(x.T @ x / 8)
    assert condition_number(x) == pytest.approx(1e8, rel=1e-6)
    assert np.allclose(np.sort(eigenvalues), np.sort(x.var(0)))
    assert condition_number(with_bias((x - x.mean(0)) / x.std(0))) == pytest.approx(1)


@pytest.mark.equation("11.9", by="NumPy by hand")
def test_layer_normalization():
    """The library's layer is the row less its mean, over its standard deviation."""
    x = np.random.default_rng(5).normal(size=(2, 6, 16)) * 7 + 3
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    assert np.allclose(
        LayerNorm(2, 16).double()(torch.tensor(x)).detach(), (x - mean) / np.sqrt(var + 1e-5)
    )


@pytest.mark.equation("11b.1", by="finite differences in float64")
def test_the_derivative_of_layer_normalization():
    """Central differences of the library's layer give the formula, up to its small epsilon."""
    x = np.random.default_rng(6).normal(size=8) * 20
    layer, columns = LayerNorm(1, 8).double(), []
    for i in range(8):
        step = np.zeros(8)
        step[i] = 1e-4
        up, down = (layer(torch.tensor(x + s)[None, None]).detach() for s in (step, -step))
        columns.append((up - down).numpy()[0, 0] / 2e-4)
    J = layer_norm_jacobian(x)
    assert np.allclose(np.transpose(columns), J, atol=1e-7)
    assert np.allclose(J @ x, 0)
    assert np.allclose(J @ np.ones(8), 0)


@pytest.mark.equation("11b.2", by="automatic differentiation in float64, at two lengths")
def test_the_gradient_is_orthogonal_to_the_weights():
    """Weights 3 times as long: the same output, a third of the gradient, no part along them."""
    rng = np.random.default_rng(7)
    x = torch.tensor(rng.normal(size=(1, 10, 4)) * 50)
    linear, layer = StackedLinear(1, 4, 12).double(), LayerNorm(1, 12).double()
    linear.initialize([rng])
    mix = torch.tensor(rng.normal(size=12))

    def look():
        loss = (torch.tanh(layer(linear(x))) @ mix).square().mean()
        gradient = torch.autograd.grad(loss, list(linear.parameters()))
        flat = torch.cat([g.flatten() for g in gradient])
        return loss.item(), flat, torch.cat([p.detach().flatten() for p in linear.parameters()])

    loss, gradient, weights = look()
    with torch.no_grad():
        for p in linear.parameters():
            p *= 3
    longer_loss, longer_gradient, _ = look()
    cosine = gradient @ weights / gradient.norm() / weights.norm()
    assert abs(cosine) < 1e-5
    assert longer_loss == pytest.approx(loss, rel=1e-5)
    assert np.allclose(longer_gradient * 3, gradient, rtol=1e-3, atol=1e-5 * gradient.norm())


@pytest.mark.equation("11.11", by="NumPy by hand")
def test_the_two_modes_of_batch_normalization():
    """In training the batch's own statistics, after it the averages, which have followed them."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2, 32, 5)) * 3 + 4
    layer = BatchNorm(2, 5).double()
    mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    trained = layer(torch.tensor(x), training=True).detach()
    assert np.allclose(trained, (x - mean) / np.sqrt(var + 1e-5))
    later = layer(torch.tensor(x)).detach()
    m, v = 0.9 * 0 + 0.1 * mean, 0.9 * 1 + 0.1 * var * 32 / 31
    assert np.allclose(later, (x - m) / np.sqrt(v + 1e-5))


@pytest.mark.equation("11a.1", by="Monte Carlo over 4,000 actors, within 5%")
def test_the_spread_of_first_outputs():
    """Before tanh, the first outputs of many actors spread as the formula says."""
    agents = 4_000
    rngs = [np.random.default_rng([9, i]) for i in range(agents)]
    actor = Actor(rngs, 3, 1, (8,), "tanh", final_init=0.05, squash=False)
    obs = torch.tensor([[[0.3, -2.0, 1.0]]]).expand(agents, 1, 3)
    with torch.no_grad():
        hidden = torch.tanh(actor.layers[0](obs))
        u = actor(obs, training=True).flatten().numpy()
    expected = 0.05 * np.sqrt((1 + hidden.square().sum(-1).mean().item()) / 3)
    assert u.std() == pytest.approx(expected, rel=0.05)
    assert abs(u.mean()) < 4 * expected / np.sqrt(agents)


@pytest.mark.equation("11.1", by="finite differences in float64")
def test_scaled_actions():
    """DDPG's actions are the center plus half the range; dQ/da is scaled by that half range."""
    agent = DDPG(3, [-1.0, 2.0], [3.0, 2.5], recipe("pendulum"), seeds=[0])
    obs = np.random.default_rng(10).normal(size=(1, 6, 3)).astype(np.float32)
    with torch.no_grad():
        scaled = agent.actor(torch.tensor(obs)).numpy()
    assert np.allclose(agent.act(obs), [1.0, 2.25] + np.array([2.0, 0.25]) * scaled, atol=1e-6)

    def q(a):  # any smooth value of actions in the environment's units
        return np.sin(a[0]) * a[1] ** 2

    center, half, x = np.array([1.0, 2.25]), np.array([2.0, 0.25]), np.array([0.4, -0.3])
    for i in range(2):
        e = 1e-6 * np.eye(2)[i]
        inside = (q(center + half * (x + e)) - q(center + half * (x - e))) / 2e-6
        a = center + half * x
        outside = (q(a + e) - q(a - e)) / 2e-6
        assert inside == pytest.approx(half[i] * outside, rel=1e-6)


@pytest.mark.equation("11a.2", by="the library's optimizer, run until it stands still")
def test_weight_decay_shrinks_what_is_hardly_curved():
    """Adam with a penalty comes to rest where each direction is shrunk by the formula's factor."""
    x = np.array([[a, b] for a in (-1, 1) for b in (-1, 1)]) * [1.0, 0.1]
    best, decay = np.array([0.5, -0.8]), 0.02
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = StackedAdam([w], 0.01, weight_decay=decay)
    features, target = torch.tensor(x), torch.tensor(x @ best)
    for k in range(3_000):
        if k == 2_000:
            optimizer.lr.fill_(1e-4)
        optimizer.descend(critic_loss(features @ w, target))
    eigenvalues = np.array([1.0, 0.01])
    assert np.allclose(w.detach(), eigenvalues / (eigenvalues + decay / 2) * best, rtol=1e-3)


@pytest.mark.equation("11.2", by="the library's optimizer, run towards a value out of reach")
def test_how_far_a_critic_can_get():
    """Weights within b + eta K bound the value by reach; Adam's are at that, within 30%."""
    width, lr, updates = 16, 1e-2, 400
    critic = Critic([np.random.default_rng(0)], 3, 1, (width, width), "tanh")
    optimizer = StackedAdam(critic.parameters(), lr)
    rng = np.random.default_rng(1)
    obs, action = (torch.tensor(rng.normal(size=(1, 32, k)), dtype=torch.float32) for k in (3, 1))
    for k in range(1, updates + 1):
        optimizer.descend(critic_loss(critic(obs, action), torch.full((1, 32), -1e6)))
        farthest, last = critic(obs, action).abs().max().item(), critic.layers[-1]
        longest = max(p.abs().max().item() for p in (last.weight, last.bias))
        # A step size with which the weights would have come just so far, in a straight line.
        assert farthest <= reach((longest - 3e-3) / k, k, width) * (1 + 1e-5)
        assert longest < 1.3 * (3e-3 + lr * k)
    assert farthest > 0.8 * reach(lr, updates, width)
    half = reach(lr, updates, width, decay=True)
    assert half == pytest.approx(reach(lr, updates, width) / 2, rel=1e-2)


@pytest.mark.equation("11.3", by="counting the optimizer's updates")
def test_the_limit_of_the_reward_scale_moves_with_the_step_size():
    """A scale four times as large takes more updates, but not with steps four times as long."""
    width, needed = 16, {}
    rng = np.random.default_rng(2)
    obs, action = (torch.tensor(rng.normal(size=(1, 32, k)), dtype=torch.float32) for k in (3, 1))
    for lr, scale in ((1e-3, 1.0), (1e-3, 4.0), (4e-3, 4.0)):
        critic = Critic([np.random.default_rng(0)], 3, 1, (width, width), "tanh")
        optimizer, target = StackedAdam(critic.parameters(), lr), torch.full((1, 32), -8.0 * scale)
        k = 0
        while critic(obs, action).mean() > -8.0 * 0.9 * scale:
            optimizer.descend(critic_loss(critic(obs, action), target))
            k += 1
        needed[lr, scale] = k
        limit = lr * k * (width + 1) / (8.0 * 0.9)
        assert scale < 1.3 * limit, "it came farther than (11.3) allows"
    assert needed[1e-3, 4.0] > 2.5 * needed[1e-3, 1.0]
    assert needed[4e-3, 4.0] == pytest.approx(needed[1e-3, 1.0], rel=0.4)


@pytest.mark.equation("11.10", by="the library's critic at observations up to ten million")
def test_layer_normalization_bounds_the_critic():
    """However far the observation lies, the value stays within the bound; without the layer not."""
    rng, sizes = np.random.default_rng(3), (3, 1, (16, 16), "relu", 0.5)
    normed = Critic([rng], *sizes, norm="layer")
    with torch.no_grad():
        for norm in normed.norms:
            norm.gain.uniform_(0.5, 2.0), norm.offset.uniform_(-1, 1)
    plain = Critic([np.random.default_rng(3)], *sizes)
    last, norm = normed.layers[-1], normed.norms[-1]
    bound = layer_norm_bound(
        *(x.detach() for x in (last.weight, last.bias, norm.gain, norm.offset))
    )
    directions = torch.tensor(rng.normal(size=(1, 200, 3)), dtype=torch.float32)
    action = torch.zeros(1, 200, 1)
    largest = {}
    for k in (1e0, 1e3, 1e7):
        largest[k] = normed(k * directions, action).abs().max().item()
        assert largest[k] <= bound
    assert largest[1e7] > 0.05 * bound
    assert plain(1e7 * directions, action).abs().max() > 1e3 * bound
