"""Chapter 19's equations: counted one by one, integrated on a grid, drawn at random."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import MultivariateNormal, kl_divergence

from ddpg_lib.chapters.ch19.comparing import (
    best_of,
    divergence,
    optimizer_steps,
    relative_speed,
    updates_seen,
)


def counted(steps, warmup, epoch, ahead):
    """Updates at each action, by a loader and a trainer played item by item."""
    seen, updates, step, due = [], 0, 0, []

    def fetch():
        nonlocal step
        step += 1
        seen.append(updates)
        due.append(step > warmup)

    while step < steps:
        left = epoch
        for _ in range(min(ahead, left)):  # before the epoch's first batch
            fetch()
            left -= 1
        while due or left:
            if left:
                fetch()
                left -= 1
            updates += due.pop(0)
    return seen


@pytest.mark.equation("19.1", by="a trainer and a loader played item by item")
@pytest.mark.parametrize("ahead", [0, 1, 3])
@pytest.mark.parametrize("warmup", [20, 37])
def test_updates_seen(ahead, warmup):
    """Fetching ahead takes away as many updates as there are items on the way."""
    seen = counted(200, warmup, 50, ahead)
    assert seen == [updates_seen(t, warmup, 50, ahead) for t in range(1, 201)]


@pytest.mark.equation("19.4", by="counting both optimizers' steps one by one")
@pytest.mark.parametrize("delay", [1, 2, 3])
def test_optimizer_steps(delay):
    """The critic moves at every update, the actor at every one that the delay divides."""
    for updates in range(1, 20):
        one_by_one = sum(1 + (k % delay == 0) for k in range(updates))
        assert optimizer_steps(updates, delay) == one_by_one


@pytest.mark.equation("19.2", by="integration of the densities, and PyTorch's own formula")
def test_divergence():
    """In one dimension on a grid, in three by torch.distributions."""
    one, two = stats.norm(0.3, 0.2), stats.norm(-0.1, 0.2)
    integral, _ = integrate.quad(
        lambda a: one.pdf(a) * (one.logpdf(a) - two.logpdf(a)), -2, 2, points=[0.3]
    )
    assert divergence([0.3], [-0.1], 0.2) == pytest.approx(integral, rel=1e-6)
    rng = np.random.default_rng(0)
    mean, other = rng.uniform(-1, 1, (2, 5, 3))
    cov = 0.4**2 * torch.eye(3, dtype=torch.float64)
    theirs = kl_divergence(
        MultivariateNormal(torch.tensor(mean), cov), MultivariateNormal(torch.tensor(other), cov)
    )
    np.testing.assert_allclose(divergence(mean, other, 0.4), theirs.numpy(), rtol=1e-12)


@pytest.mark.equation("19.3", by="clocks added up step by step")
def test_relative_speed():
    """A thousand steps on a clock that adds each part's time."""
    own, framework = 0.004, 0.0015
    without = with_it = 0.0
    for _ in range(1_000):
        without += own
        with_it += own + framework
    assert relative_speed(own, framework) == pytest.approx((1_000 / with_it) / (1_000 / without))


@pytest.mark.equation("19.5", by="the integral over the largest of K normal numbers")
@pytest.mark.parametrize("checkpoints", [2, 6, 24])
def test_best_of(checkpoints):
    """The mean of the largest by its density."""
    k = checkpoints
    mean, _ = integrate.quad(
        lambda x: x * k * stats.norm.pdf(x) * stats.norm.cdf(x) ** (k - 1), -10, 10
    )
    assert best_of(k, 3.0) == pytest.approx(3 * mean, abs=0.05)
