"""Chapter 12's equations: sums by hand, a grid of actions, and Bellman's equation iterated."""

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, recipe
from ddpg_lib.diagnose.vitals import vitals


@pytest.fixture(scope="module")
def stack():
    agent = DDPG(2, [-1.0], [3.0], recipe("pendulum", hidden=(8,), final_init=1.0), (0, 1))
    rng = np.random.default_rng(0)
    for _ in range(50):
        obs, next_obs = rng.normal(size=(2, 2, 2))
        ended = rng.random(2) < 0.2
        agent.remember(obs, rng.uniform(-1, 3, (2, 1)), rng.normal(size=2), next_obs, ended)
    return agent


@pytest.mark.equation("12.1", by="a loop over the buffer's rows")
def test_td_error(stack):
    """The sum over all rows, each row's networks asked alone."""
    found = vitals(stack)["TD error"]
    for i in range(2):
        errors, sizes = 0.0, 0.0
        for s, a, r, s2, d in (
            row.split([2, 1, 1, 2, 1], dim=-1) for row in stack.replay.rows[:, :50].unbind(1)
        ):
            with torch.no_grad():
                next_q = stack.critic_target(s2[:, None], stack.actor_target(s2[:, None]))
                q = stack.critic(s[:, None], a[:, None])
            y = r[i, 0] + (1 - d[i, 0]) * 0.99 * next_q[i, 0]
            errors += float(y - q[i, 0])
            sizes += abs(float(r[i, 0]))
        assert found[i] == pytest.approx(errors / sizes, rel=1e-4)


@pytest.mark.equation("12.2", by="a grid of 2,001 actions in each state")
def test_rank(stack):
    """The share of a fine grid of actions that the critic puts below the actor's."""
    obs = stack.replay.rows[:, :50, :2]
    grid = torch.linspace(-1, 1, 2_001)[:, None]
    with torch.no_grad():
        own = stack.critic(obs, stack.actor(obs))
        all_q = torch.stack([stack.critic(obs, a.expand(2, 50, 1)) for a in grid])
    exact = (all_q < own).float().mean(dim=(0, 2)).numpy()
    assert np.abs(vitals(stack)["rank"] - exact).max() < 0.03


@pytest.mark.equation("12.3", by="Bellman's equation iterated in random worlds")
def test_a_constant_reward():
    """Whatever the world and the policy, all values tend to the same number."""
    rng, gamma, r = np.random.default_rng(0), 0.9, -0.7
    for _ in range(5):
        q = rng.normal(size=(6, 3))
        follows = rng.dirichlet(np.ones(6), size=(6, 3))
        policy = rng.integers(3, size=6)
        for _ in range(400):
            q = r + gamma * follows @ q[np.arange(6), policy]
        np.testing.assert_allclose(q, r / (1 - gamma), rtol=1e-12)
