"""What the critic promises against what follows, on an environment whose returns are known."""

import gymnasium as gym
import numpy as np
import pytest

from ddpg_lib import DDPG, Config
from ddpg_lib.results.inside import REST, look_inside

LIMIT, GAMMA = 20, 0.9
SMALL = Config(hidden=(8,), gamma=GAMMA, buffer_size=10)


class Clock(gym.Env):
    """Reward 1 a step; the observation is the time; ends after `end` steps, or never."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (1,))
    action_space = gym.spaces.Box(-2, 2, (1,))

    def __init__(self, end=None):
        self.end = end

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.full(1, self.t, np.float32), 1.0, self.t == self.end, False, {}


gym.register("TestClock-v0", Clock, max_episode_steps=LIMIT)


@pytest.fixture
def agent():
    return DDPG(1, [-2.0], [2.0], SMALL, seeds=(0, 1))


def test_returns_count_what_follows_the_time_limit(agent):
    """Without end, every state before the limit is worth 1/(1-gamma), up to the rest left out."""
    seen = look_inside(agent, "TestClock-v0", episodes=2)
    beyond = int(np.ceil(np.log(REST) / np.log(GAMMA)))
    left = LIMIT + beyond - np.arange(LIMIT)
    expected = ((1 - GAMMA**left) / (1 - GAMMA)).mean()
    np.testing.assert_allclose(seen["monte_carlo"], expected)
    assert expected == pytest.approx(1 / (1 - GAMMA), rel=REST)
    np.testing.assert_array_equal(seen["length"], LIMIT)


def test_nothing_follows_a_terminal_state(agent):
    seen = look_inside(agent, "TestClock-v0", end=7)
    expected = ((1 - GAMMA ** np.arange(7, 0, -1)) / (1 - GAMMA)).mean()
    np.testing.assert_allclose(seen["monte_carlo"], expected)
    np.testing.assert_array_equal(seen["length"], 7)


def test_the_critic_is_asked_for_the_policy_s_actions(agent):
    seen = look_inside(agent, "TestClock-v0", end=7)
    obs = np.arange(7, dtype=np.float32)[None, :, None].repeat(2, axis=0)
    values = agent.q(obs)
    np.testing.assert_allclose(seen["critic"], values.mean(axis=1), rtol=1e-6)
    error = values - (1 - GAMMA ** np.arange(7, 0, -1)) / (1 - GAMMA)
    np.testing.assert_allclose(seen["spread"], error.std(axis=1), rtol=1e-5)


def test_saturated_actions_are_counted(agent):
    """One agent's actor is pushed to its bound, the other's stays near 0."""
    agent.actor.layers[-1].bias.data[1] = 10.0
    seen = look_inside(agent, "TestClock-v0", episodes=1)
    np.testing.assert_array_equal(seen["saturated"], [0.0, 1.0])
