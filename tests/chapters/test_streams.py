"""Gradients of single transitions and agents that stand, against one at a time."""

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, recipe
from ddpg_lib.chapters.ch06.standing import errors_of, returns_from, stand, swinging_states
from ddpg_lib.chapters.ch06.streams import noisy_episodes, single_gradients, td_errors
from ddpg_lib.worlds.pendulum import simulate, zero_torque


@pytest.fixture(scope="module")
def agent():
    return DDPG(3, [-2.0], [2.0], recipe("pendulum", hidden=(8, 8), steps=2_100), [0, 1])


@pytest.fixture(scope="module")
def played(agent):
    return noisy_episodes(agent, episodes=2)


def test_episodes_follow_the_pendulum_s_equations(agent, played):
    obs, action, reward, next_obs = played
    assert obs.shape == (2, 400, 3)
    assert (obs[:, 1:200] == next_obs[:, :199]).all()
    assert (obs[:, 200] != next_obs[:, 199]).any(), "another episode"
    assert reward.max() <= 0
    assert 0.1 < action.std() < 0.3, "noise of 0.2 around an untrained policy near 0"


@pytest.mark.parametrize("which", ["actor", "critic"])
def test_single_gradients_one_transition_at_a_time(agent, played, which):
    obs, action = played[0][1][:5], played[1][1][:5]
    target, error = td_errors(agent, played)
    found = single_gradients(agent, 1, obs, action, target[1][:5], which)
    network = getattr(agent, which)
    count = sum(p[0].numel() for p in network.parameters())
    directions = torch.randn(count, 100, generator=torch.Generator().manual_seed(0)) / 10
    for t in range(5):
        s, a = (x[t].expand(2, 1, -1) for x in (obs, action))
        if which == "actor":
            loss = -agent.critic(s, agent.actor(s))[1, 0]
        else:
            loss = (target[1, t] - agent.critic(s, a)[1, 0]) ** 2
        grads = torch.autograd.grad(loss, list(network.parameters()))
        flat = torch.cat([g[1].reshape(-1) for g in grads])
        np.testing.assert_allclose(found[t], (flat @ directions).numpy(), rtol=1e-3, atol=1e-5)
    assert error.shape == (2, 400)


def test_returns_and_errors_of_an_agent_that_does_nothing():
    class Still(DDPG):
        def act(self, obs):
            return np.zeros((*obs.shape[:-1], 1), np.float32)

        def q(self, obs, action=None):
            return np.zeros(obs.shape[:-1])

    still = Still(3, [-2.0], [2.0], recipe("pendulum"), [0, 1])
    played = simulate(zero_torque, range(3))
    mean = returns_from(still, played.theta[:, 0], played.theta_dot[:, 0])
    np.testing.assert_allclose(mean, played.returns.mean(), rtol=1e-6)
    # Hanging at rest without torque the reward is -pi squared at each of 300 steps.
    angle = np.full((2, 1), np.pi)
    error = errors_of(still, angle, np.zeros((2, 1)), np.zeros((2, 1)))
    np.testing.assert_allclose(error, np.pi**2 * (1 - 0.99**300) / 0.01, rtol=1e-6)


def test_standing_leaves_the_trained_agents_as_they_are(agent):
    rng = np.random.default_rng(0)
    for _ in range(100):
        angle = rng.uniform(-np.pi, np.pi, size=2)
        obs = np.stack([np.cos(angle), np.sin(angle), rng.normal(size=2)], axis=1)
        agent.remember(obs, rng.uniform(-2, 2, (2, 1)), -np.ones(2), obs, np.zeros(2))
    test = swinging_states(agent, count=5)
    assert (np.cos(test[0]) < 0).all()
    assert [x.shape for x in test] == [(2, 5)] * 3
    before = [p.clone() for p in agent.online_weights]
    errors, returns = stand(agent, 0, test, steps=100)
    assert errors.shape == returns.shape == (2, 2)
    assert (errors[:, 0] != errors[:, 1]).all(), "they learn"
    assert all(torch.equal(p, q) for p, q in zip(before, agent.online_weights, strict=True))
    assert agent.replay.count == 100
