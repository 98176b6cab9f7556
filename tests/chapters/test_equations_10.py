"""Each numbered equation of chapter 10 against an independent calculation."""

import copy
import math

import numpy as np
import pytest
import torch

from ddpg_lib import actor_loss, critic_loss
from ddpg_lib.maths.differences import central_difference
from ddpg_lib.numpy_ddpg import ACTIVATIONS, Adam, Network, NumpyDDPG, Settings

DEFINITIONS: dict[str, str] = {}
LOW, HIGH = np.array([-2.0, 0.0]), np.array([2.0, 10.0])
BATCH = 7


def small(**changes):
    return Settings(**({"hidden": (6, 5), "final_init": 0.7, "dtype": "float64"} | changes))


def network(settings, critic=True, seed=0):
    """Return a critic of three observation and two action components, or an actor."""
    rng, hidden = np.random.default_rng(seed), settings.hidden
    if critic:
        return Network(rng, [3, *hidden, 1], settings, action_dim=2)
    return Network(rng, [3, *hidden, 2], settings)


def batch(seed=1):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(BATCH, k)) for k in (3, 2, 1)]  # s, a, and a row of any numbers


def with_theta(net, loss):
    """Return the loss as a function of the network's weights, which it leaves as they were."""

    def of_theta(theta):
        kept, net.theta = net.theta, theta
        value = loss()
        net.theta = kept
        return value

    return of_theta


def close(ours, theirs, within):
    assert np.shape(ours) == np.shape(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=within)
    assert np.abs(theirs).max() > 100 * within  # not equal because both are nothing


@pytest.mark.equation("10.1", by="loops over rows and units in plain Python")
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_layer_is_a_product_a_sum_and_a_function(activation):
    """The library's forward pass of a network with one hidden layer, number by number."""
    net = network(small(hidden=(4,), activation=activation))
    s, a, _ = batch()
    w1, b1, w2, b2 = (w.tolist() for w in net.weights)
    f = math.tanh if activation == "tanh" else lambda z: max(z, 0.0)
    values = []
    for row in np.concatenate((s, a), axis=1).tolist():
        h = [f(sum(row[m] * w1[m][k] for m in range(5)) + b1[0][k]) for k in range(4)]
        values.append([sum(h[k] * w2[k][0] for k in range(4)) + b2[0][0]])
    close(net.forward(s, a), np.array(values), 1e-12)


def one_layer(activation):
    """A network of one layer without hidden ones, as the chapter's proposition has it."""
    net = network(small(hidden=(), activation="tanh"), critic=False)
    net.functions = [ACTIVATIONS[activation]]
    x, _, _ = batch()
    g = np.random.default_rng(2).normal(size=(BATCH, 2))
    return net, x, g


@pytest.mark.equation("10.2", by="finite differences in float64")
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_delta_is_the_derivative_in_z(activation):
    """The layer's delta, against the loss as a function of Z alone."""
    net, x, g = one_layer(activation)
    net.forward(x)
    net.backward(g)
    w, b = net.weights
    f = {"tanh": np.tanh, "relu": lambda z: np.where(z > 0, z, 0), "linear": lambda z: z}[
        activation
    ]
    numeric = central_difference(lambda z: np.sum(g * f(z)), x @ w + b)
    close(net.deltas[0], numeric, 1e-8)


@pytest.mark.equation("10.3", by="finite differences in float64")
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_one_layers_gradients_in_weights_biases_and_input(activation):
    """The library's gradient in W and b; in X as the action gradient of a layer of its own."""
    net, x, g = one_layer(activation)
    net.forward(x)
    net.backward(g)
    numeric = central_difference(with_theta(net, lambda: np.sum(g * net.forward(x))), net.theta)
    close(net.gradient(), numeric, 1e-8)

    critic = network(small(hidden=()))  # one linear layer that takes in s and a
    s, a, g = batch()
    critic.forward(s, a)
    in_action = critic.backward(g)
    numeric = central_difference(lambda a: np.sum(g * critic.forward(s, a)), a)
    close(in_action, numeric, 1e-8)


@pytest.mark.equation("10.4", by="finite differences in float64")
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_slopes_written_in_the_output(activation):
    """Each slope of the library, away from the kink of relu."""
    f, slope = ACTIVATIONS[activation]
    z = np.concatenate((np.linspace(-3, -0.1, 30), np.linspace(0.1, 3, 30)))
    numeric = central_difference(lambda z: np.sum(f(z)), z)
    close(np.asarray(slope(f(z)), float), numeric, 1e-8)


@pytest.mark.equation("10.5", by="finite differences in float64")
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden", [(6,), (6, 5), (6, 5, 4)])
def test_the_gradient_of_a_whole_network(activation, hidden):
    """All weights of critics with one to three hidden layers, for an arbitrary G."""
    net = network(small(activation=activation, hidden=hidden))
    s, a, g = batch()
    net.forward(s, a)
    net.backward(g)
    numeric = central_difference(with_theta(net, lambda: np.sum(g * net.forward(s, a))), net.theta)
    close(net.gradient(), numeric, 1e-7)


@pytest.mark.equation("10.8", by="closed form")
def test_central_differences_of_a_cubic():
    """For x^3 the quotient is exactly 3 x^2 + h^2, whatever h."""
    x = np.array([0.5, -1.0, 2.0])
    for h in (0.25, 0.5):
        numeric = central_difference(lambda x: np.sum(x**3), x, h)
        close(numeric, 3 * x**2 + h**2, 1e-12)


@pytest.mark.equation("10a.1", by="closed form: exp, whose derivatives are known")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_error_of_a_central_difference_stays_below_its_bound(dtype):
    """Over steps from far too small to far too large; and the bound is no gross overestimate."""
    eps = 2 * np.finfo(dtype).eps  # of exp, which is right to a unit in the last place
    x = dtype(0.3)

    def bound(h):
        size = math.exp(float(x) + h)  # of exp and of its third derivative, up to x + h
        return size * h**2 / 6 + eps * size / h

    steps = np.logspace(math.log10(eps) + 1, -0.5, 60)
    errors = []
    for h in steps:
        # The distance of the two points after rounding is what central_difference divides by.
        numeric = central_difference(lambda x: np.exp(x[0]), np.array([x]), float(h))[0]
        errors.append(abs(float(numeric) - math.exp(float(x))))
    bounds = np.array([bound(h) for h in steps])
    assert np.all(errors <= bounds + eps)
    assert np.all(np.array(errors[-5:]) > 0.5 * bounds[-5:])  # the h^2 term is sharp
    best = steps[np.argmin(bounds)]
    size = math.exp(float(x) + best)
    star = (3 * eps * size / size) ** (1 / 3)
    assert best == pytest.approx(star, rel=0.4)
    assert bounds.min() == pytest.approx(size * star**2 / 2, rel=0.4)


@pytest.mark.equation("10.6", by="finite differences in float64, and autograd")
@pytest.mark.parametrize("action_layer", [0, 1, 2])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_gradient_in_the_action(action_layer, activation):
    """Wherever the action enters, and for an arbitrary G."""
    net = network(small(activation=activation, action_layer=action_layer))
    s, a, g = batch()
    net.forward(s, a)
    ours = net.backward(g)
    close(ours, central_difference(lambda a: np.sum(g * net.forward(s, a)), a), 1e-8)
    x, free = torch.tensor(s), torch.tensor(a, requires_grad=True)
    for i in range(3):
        x = torch.cat((x, free), dim=1) if i == action_layer else x
        w, b = (torch.tensor(p) for p in net.weights[2 * i : 2 * i + 2])
        z = x @ w + b
        x = z if i == 2 else getattr(torch, activation)(z)
    (autograd,) = torch.autograd.grad((torch.tensor(g) * x).sum(), free)
    close(ours, autograd.numpy(), 1e-12)


@pytest.mark.equation("10.7", by="one transition at a time, by finite differences")
def test_one_backward_pass_gives_every_transitions_own_slope():
    """Row j of the batch's gradient is the gradient of Q(s_j, a) in a alone."""
    net = network(small())
    s, a, _ = batch()
    net.forward(s, a)
    together = net.backward(np.ones((BATCH, 1)))
    alone = [
        central_difference(lambda x, j=j: net.forward(s[[j]], x[None]).item(), a[j])
        for j in range(BATCH)
    ]
    close(together, np.array(alone), 1e-8)


GRADIENTS = np.random.default_rng(3).normal(size=(40, 6)) * 10.0 ** np.arange(-3, 3)


@pytest.mark.equation("10.9", "10.10", by="plain Python numbers, and torch.optim.Adam")
def test_adams_moments_and_step():
    """Forty steps of the library's Adam, one weight at a time."""
    theta = np.linspace(-1, 1, 6)
    start, adam = theta.copy(), Adam(theta, lr=0.01)
    tensor = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.Adam([tensor], lr=0.01)
    for g in GRADIENTS:
        adam.step(g)
        tensor.grad = torch.tensor(g)
        optimizer.step()
    close(theta, tensor.detach().numpy(), 1e-12)
    for k in range(6):
        m = v = 0.0
        weight = float(start[k])
        for t, g in enumerate(GRADIENTS[:, k].tolist(), start=1):
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            weight -= 0.01 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert adam.m[k] == pytest.approx(m, rel=1e-12)
        assert adam.v[k] == pytest.approx(v, rel=1e-12)
        assert theta[k] == pytest.approx(weight, rel=1e-12)
    assert np.abs(theta - start).min() > 1e-3


@pytest.mark.equation("10.11", by="the weighted sum, with weights that add up to 1")
def test_the_corrected_moments_are_weighted_means_of_the_gradients():
    """At every t, for both moments."""
    adam = Adam(np.zeros(6), lr=0.01)
    for t in range(1, len(GRADIENTS) + 1):
        adam.step(GRADIENTS[t - 1])
        for moment, beta, power in ((adam.m, 0.9, 1), (adam.v, 0.999, 2)):
            ages = np.arange(t)[::-1]  # t - k for k = 1, ..., t
            weights = (1 - beta) * beta**ages / (1 - beta**t)
            assert weights.sum() == pytest.approx(1, rel=1e-10)
            mean = weights @ GRADIENTS[:t] ** power
            np.testing.assert_allclose(moment / (1 - beta**t), mean, rtol=1e-9, atol=1e-12)


@pytest.mark.equation("10.12", by="the same run with gradients multiplied by c")
@pytest.mark.parametrize("c", [1e-4, 0.5, 64.0])
def test_adam_forgets_the_scale_of_the_gradients(c):
    """With epsilon = 0 to rounding; the first step is as long as the step size."""
    paths = []
    for factor in (1.0, c):
        theta, path = np.zeros(6), []
        adam = Adam(theta, lr=0.01)
        for g in GRADIENTS:
            adam.step(factor * g, eps=0.0)
            path.append(theta.copy())
        paths.append(np.array(path))
    close(paths[1], paths[0], 1e-13)
    close(paths[0][0], -0.01 * np.sign(GRADIENTS[0]), 1e-13)


@pytest.mark.equation("10.13", by="the generator's own normal draws")
def test_the_sources_schedule_of_noise():
    """Step j of episode i, in units of half the action range, before clipping."""
    c = small(noise="decaying", sigma=0.5)
    agent = NumpyDDPG(3, LOW, HIGH, c, seed=4)
    obs = np.array([0.2, -0.1, 0.4])
    xi = np.random.default_rng([4, 3])
    for i in range(3):
        for j in range(4):
            noise = 0.5 * xi.standard_normal(2) / (1 + i + j)
            expected = np.clip(agent.act(obs) + np.array([2.0, 5.0]) * noise, LOW, HIGH)
            np.testing.assert_allclose(agent.explore(obs, j), expected, rtol=1e-12)
        agent.episodes.append((0, 0.0))


def updated_once(activation):
    """Return an agent before and after one update, and the minibatch of that update.

    Adam's first moment after one step is a tenth of the gradient that it was given.
    """
    agent = NumpyDDPG(3, LOW, HIGH, small(activation=activation, critic_lr=0.01))
    rng = np.random.default_rng(5)
    agent.critic_target.theta += 0.1 * rng.normal(size=agent.critic.theta.size)
    s, a, r = batch()
    d = np.arange(BATCH)[:, None] % 3 == 0
    minibatch = [s, np.tanh(a), r, rng.normal(size=(BATCH, 3)), d.astype(float)]
    before = copy.deepcopy(agent)
    agent.sample = lambda: minibatch
    agent.update()
    return before, agent, minibatch


@pytest.mark.equation("10.14", by="finite differences in float64, and autograd")
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_critics_step_descends_the_gradient_of_its_loss(activation):
    """The gradient that Adam is given in the library's update, against that of the loss itself."""
    before, after, (s, a, r, s2, d) = updated_once(activation)
    y = r + 0.99 * (1 - d) * before.critic_target.forward(s2, before.actor_target.forward(s2))
    critic = before.critic
    loss = with_theta(critic, lambda: np.mean((y - critic.forward(s, a)) ** 2))
    close(after.critic_adam.m / 0.1, central_difference(loss, critic.theta), 1e-7)
    q = torch.tensor(critic.forward(s, a)[:, 0], requires_grad=True)
    (in_q,) = torch.autograd.grad(critic_loss(q[None], torch.tensor(y[:, 0])[None]), q)
    close(2 * (critic.forward(s, a)[:, 0] - y[:, 0]) / BATCH, in_q.numpy(), 1e-12)


@pytest.mark.equation("10.15", by="finite differences in float64, and autograd")
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_actors_step_climbs_the_critics_value_of_its_actions(activation):
    """The gradient that Adam is given in the library's update is that of -J, for the new critic."""
    before, after, (s, *_) = updated_once(activation)
    actor, critic = before.actor, after.critic

    def value():
        return -np.mean(critic.forward(s, actor.forward(s)))

    close(after.actor_adam.m / 0.1, central_difference(with_theta(actor, value), actor.theta), 1e-7)
    q = critic.forward(s, actor.forward(s))
    seed = torch.tensor(q[:, 0], requires_grad=True)
    (in_q,) = torch.autograd.grad(actor_loss(seed[None]), seed)
    slopes = critic.backward(np.ones_like(q))  # equation 10.9
    close(critic.backward(in_q.numpy()[:, None]), -slopes / BATCH, 1e-12)


class Counting(np.ndarray):
    """An array that counts the multiplications of its matrix products."""

    multiplications = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(x) if isinstance(x, Counting) else x for x in inputs]
        if ufunc is np.matmul:
            (n, m), (_, k) = plain[0].shape, plain[1].shape
            Counting.multiplications += n * m * k
        out = kwargs.pop("out", None)
        result = getattr(ufunc, method)(*plain, **kwargs)
        if out is not None:
            out[0][...] = result
            return out[0]
        return result.view(Counting) if isinstance(result, np.ndarray) else result


@pytest.mark.equation("10c.1", by="counting every product of an update")
@pytest.mark.parametrize("action_layer", [0, 1])
@pytest.mark.parametrize("hidden", [(6, 5), (8, 8, 8)])
def test_the_multiplications_of_an_update(hidden, action_layer):
    """Six times the critic's matrices and four times the actor's, for each transition."""
    agent = NumpyDDPG(3, LOW, HIGH, small(hidden=hidden, action_layer=action_layer, batch_size=9))
    s, a, r = batch()
    for j in range(BATCH):
        agent.remember(s[j], a[j], r[j, 0], s[j], False)
    sizes = {}
    for name in ("actor", "critic", "actor_target", "critic_target"):
        net = getattr(agent, name)
        sizes[name] = sum(w.size for w in net.weights[::2])
        net.theta = net.theta.view(Counting)
    Counting.multiplications = 0
    agent.update()
    assert Counting.multiplications == 9 * (6 * sizes["critic"] + 4 * sizes["actor"])
