"""Chapter 10's checks: the right answer passes, each common wrong one gets its own hint."""

import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch10.exercises import CHECKS, B, G, W, X
from ddpg_lib.chapters.check import check
from ddpg_lib.maths.differences import central_difference
from ddpg_lib.numpy_ddpg import Network, NumpyDDPG, Settings


def verdict(number, answer, capsys):
    check(f"10.{number}", answer)
    return capsys.readouterr().out.strip()


def test_the_layers_gradient_is_autograds(capsys):
    w = torch.tensor(W, requires_grad=True)
    loss = (torch.tensor(G) * torch.relu(torch.tensor(X) @ w + torch.tensor(B))).sum()
    (gradient,) = torch.autograd.grad(loss, w)
    assert verdict(1, gradient.numpy(), capsys) == "Exercise 10.1: right."
    assert verdict(1, gradient.tolist(), capsys) == "Exercise 10.1: right."


def test_adams_first_steps_are_pytorchs(capsys):
    """With the correction by PyTorch, without it by the two moments alone."""
    w = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=1e-3)
    (7 * w).backward()
    optimizer.step()
    state = optimizer.state[w]
    uncorrected = 1e-3 * state["exp_avg"] / state["exp_avg_sq"].sqrt()
    ratio = (uncorrected / (1 - w.detach())).item()
    assert verdict(2, ratio, capsys) == "Exercise 10.2: right."


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, 5, "two rows"),
        (1, "no", "two rows"),
        (1, [[-2, 3], [2, 4]], "transpose"),
        (1, X.T @ G, "shut"),
        (1, [[-1, 1], [1.5, 2]], "divide by nothing"),
        (1, X @ (G * (X @ W + B > 0)), "not over inputs"),
        (1, (G * (X @ W + B > 0)) @ W.T, "layer below"),
        (1, [[2, -2], [-3, -4]], "way down"),
        (1, X.T @ (G * np.maximum(X @ W + B, 0)), "slope of an open"),
        (1, np.zeros((2, 2)), "not yet"),
        (1, None, "put your answer"),
        (2, "many", "one number"),
        (2, 10**-0.5, "other way round"),
        (2, 0.1, "v is too small as well"),
        (2, 100, "root"),
        (2, 31.6228, "m is too small as well"),
        (2, 1, "not the same"),
        (2, 7, "not yet"),
        (3, 1, "function itself"),
        (3, lambda weights, s, a, g: None, "return a pair"),
        (4, 1, "function of h"),
        (4, lambda h: 1.0, "shape of h"),
        (4, lambda h: 1 / (1 + np.exp(-h)), "has only h"),
        (4, lambda h: np.exp(-h), "1 minus"),
        (4, lambda h: 1 - np.exp(h), "sign"),
        (4, lambda h: 1 - h * h, "tanh"),
        (4, lambda h: h, "not yet"),
    ],
)
def test_mistakes(number, wrong, hint, capsys):
    assert hint in verdict(number, wrong, capsys)


def by_hand(weights, s, a, grad, *, slope=True, scale=1.0, rows=slice(3, None), bias=np.sum):
    w1, b1, w2, b2, w3, _ = weights
    x1 = np.concatenate((s, a), axis=1)
    h1 = np.tanh(x1 @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    delta3 = grad * scale
    delta2 = delta3 @ w3.T * (1 - h2**2 if slope else 1)
    delta1 = delta2 @ w2.T * (1 - h1**2)
    gradients = []
    for x, delta in ((x1, delta1), (h1, delta2), (h2, delta3)):
        gradients += [x.T @ delta, bias(delta, axis=0)]
    return gradients, delta1 @ w1[rows].T


def test_the_right_backward_pass_passes(capsys):
    assert verdict(3, by_hand, capsys) == "Exercise 10.3: right."


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ({"slope": False}, "W2 is wrong"),
        ({"scale": 1 / 6}, "too small by N"),
        ({"scale": -1}, "W3 is wrong"),
        ({"bias": np.max}, "b3 is wrong"),
        ({"rows": slice(2)}, "last ones"),
        ({"rows": slice(3)}, "shape of a"),
        ({"bias": lambda delta, axis: delta}, "b3 has 6 numbers, not 1"),
    ],
)
def test_wrong_backward_passes_are_told_apart(fault, hint, capsys):
    out = verdict(3, lambda *args: by_hand(*args, **fault), capsys)
    assert hint in out


def test_the_slope_of_softplus_is_that_of_finite_differences(capsys):
    z = np.linspace(-3, 3, 13)
    numeric = central_difference(lambda z: np.logaddexp(0, z).sum(), z)
    np.testing.assert_allclose(1 - np.exp(-np.logaddexp(0, z)), numeric, atol=1e-8)
    assert verdict(4, lambda h: 1 - np.exp(-h), capsys) == "Exercise 10.4: right."
    assert verdict(4, lambda h: -np.expm1(-h), capsys) == "Exercise 10.4: right."


def test_which_exercises_have_checks():
    assert set(CHECKS) == {1, 2, 3, 4, "10a.1", "10b.1", "10c.1"}


# ---- The solutions without a check ----


def critic_after(c, plain=False, updates=30):
    """The critic's weights before and after, with its gradient multiplied by c."""
    agent = NumpyDDPG(3, [-2.0], [2.0], Settings(hidden=(16, 12), dtype="float64"))
    rng = np.random.default_rng(0)
    for _ in range(100):
        s, s2 = rng.normal(size=(2, 3))
        agent.remember(s, rng.uniform(-2, 2, 1), -5 * rng.random(), s2, rng.random() < 0.2)
    adam, start = agent.critic_adam, agent.critic.theta.copy()
    step = adam.step

    def scaled(g):
        if plain:
            adam.theta -= adam.lr * c * g
        else:
            step(c * g)

    adam.step = scaled
    for _ in range(updates):
        agent.update()
    return start, agent.critic.theta


def test_adam_hides_a_factor_and_not_a_sign_and_plain_descent_hides_neither():
    """Exercise 10.5."""
    for plain in (False, True):
        start, right = critic_after(1, plain)
        apart = {
            c: np.linalg.norm(critic_after(c, plain)[1] - right) / np.linalg.norm(right - start)
            for c in (0.5, -1)
        }
        assert (apart[0.5] < 0.01) == (not plain)
        assert apart[0.5] < 0.6
        assert apart[-1] > 0.5


def stacked_gradient(weights, x, grad):
    """Gradients of n tanh networks: W (n, m, k), b (n, 1, k), x (n, batch, m)."""
    inputs, layers = [], len(weights) // 2
    for i in range(layers):
        inputs.append(x)
        x = x @ weights[2 * i] + weights[2 * i + 1]
        x = np.tanh(x) if i < layers - 1 else x
    delta, gradients = grad, []
    for i in reversed(range(layers)):
        below = inputs[i].swapaxes(1, 2) @ delta, delta.sum(1, keepdims=True)
        gradients = [*below, *gradients]
        delta = delta @ weights[2 * i].swapaxes(1, 2) * (1 - inputs[i] ** 2)
    return gradients


def test_a_stack_of_critics_has_each_ones_gradient():
    """Exercise 10.6."""
    c = Settings(hidden=(6, 5), dtype="float64")
    critics = [Network(np.random.default_rng(i), [3, 6, 5, 1], c, action_dim=1) for i in range(4)]
    rng = np.random.default_rng(9)
    x, grad = rng.normal(size=(4, 7, 4)), rng.normal(size=(4, 7, 1))
    weights = [np.stack(w) for w in zip(*(critic.weights for critic in critics), strict=True)]
    together = stacked_gradient(weights, x, grad)
    for i, critic in enumerate(critics):
        critic.forward(x[i, :, :3], x[i, :, 3:])
        critic.backward(grad[i])
        own = np.concatenate([g[i].ravel() for g in together])
        np.testing.assert_allclose(own, critic.gradient(), rtol=0, atol=1e-12)
        assert np.abs(own).max() > 0.1


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("10a.1", 2e-8, ""),
        ("10a.1", 1e-8, "vanish"),
        ("10b.1", 72, ""),
        ("10b.1", 6, "tenfoldings"),
        ("10b.1", 12, "there are six"),
        ("10b.1", 1000, "each step"),
        ("10c.1", 2.81, ""),
        ("10c.1", 2.826, "three inputs"),
        ("10c.1", 0.0439, "a minibatch has 64"),
        ("10c.1", 5, "without biases"),
    ],
)
def test_numbers_of_the_deeper_pages(number, answer, hint):
    complaint = CHECKS[number](answer)
    assert (hint in complaint) if hint else complaint == ""
