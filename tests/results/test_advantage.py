"""Advantages against a world in which they are known."""

import gymnasium as gym
import numpy as np
import pytest

from ddpg_lib import recipe
from ddpg_lib.ddpg import DDPG
from ddpg_lib.results.advantage import advantages

GAMMA = 0.5
CHANCE = np.random.default_rng(0)  # which no seed of an environment sets


class Paid(gym.Env):
    """Pays the action of each step; the observation counts the steps."""

    observation_space = gym.spaces.Box(0, 50, (1,), np.float32)
    action_space = gym.spaces.Box(-2, 2, (1,), np.float32)

    def __init__(self, shaky=False):
        self.shaky = shaky

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        seen = np.array([self.t + (CHANCE.random() if self.shaky else 0)], np.float32)
        return seen, float(action[0]), self.t == 30, False, {}


gym.register("Paid-v0", Paid)
gym.register("Shaky-v0", Paid, kwargs={"shaky": True})


def stack():
    c = recipe("default", hidden=(8,), gamma=GAMMA)
    return DDPG(1, [-2.0], [2.0], c, [3, 4])


def test_what_follows_is_the_difference_of_two_actions():
    agent = stack()
    found = advantages(agent, "Paid-v0", episodes=6, within=40)
    reached = ~np.isnan(found.promised)
    assert 0 < reached.sum() < reached.size, "some episodes end before their step"
    rng = np.random.default_rng(3_000_000)
    at = rng.integers(40, size=(2, 6))
    assert (reached == (at < 30)).all()
    other = rng.uniform(-2, 2, (2, 6, 1))
    obs = at[..., None].astype(np.float32)
    expected = other[..., 0] - agent.act(obs)[..., 0]
    assert np.allclose(found.followed[reached], expected[reached], atol=1e-5)
    promised = agent.q(obs, other.astype(np.float32)) - agent.q(obs)
    assert np.allclose(found.promised[reached], promised[reached], atol=1e-5)
    assert np.allclose(found.error, found.promised - found.followed, equal_nan=True)


def test_values_stand_beside_discounted_returns():
    agent = stack()
    found = advantages(agent, "Paid-v0", episodes=2, within=1)
    steps = np.arange(5)[None, :, None]  # whose weights fall below 5%
    paid = (
        agent.act(np.repeat(steps, 2, 0).astype(np.float32))[..., 0] * GAMMA ** np.arange(5)
    ).sum(1)
    value = agent.q(np.zeros((2, 1, 1), np.float32))[:, 0]
    assert np.allclose(found.value_error, (value - paid)[:, None], atol=1e-5)


def test_a_world_that_does_not_repeat_itself_is_refused():
    with pytest.raises(ValueError, match="does not repeat itself"):
        advantages(stack(), "Shaky-v0", episodes=3, within=10)
