"""Noise-free play: episodes side by side are the episodes one by one."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box

from ddpg_lib import DDPG, Config, evaluation
from ddpg_lib.evaluation import Evaluator, evaluate_policy, rollout


class Countdown(gym.Env):
    """Ends after as many steps as its seed says: terminated if that is odd, else truncated."""

    observation_space = Box(-np.inf, np.inf, (2,))
    action_space = Box(-1.0, 1.0, (1,))

    def __init__(self):
        self.closed = False

    def reset(self, *, seed=None, options=None):
        self.length, self.t = seed, 0
        return np.array([seed, 0.0], np.float32), {}

    def step(self, action):
        self.t += 1
        assert self.t <= self.length, "stepped after its end"
        over = self.t == self.length
        obs = np.array([self.length, self.t], np.float32)
        odd = self.length % 2 == 1
        return obs, float(action[0]) * self.t, over and odd, over and not odd, {}

    def close(self):
        self.closed = True


def tenths(obs):
    """An action for each observation: a tenth of the episode's length."""
    return obs[..., :1] / 10


def test_a_rollout_steps_each_episode_to_its_own_end():
    envs = [[Countdown() for _ in range(3)] for _ in range(2)]
    steps = list(rollout(tenths, envs, [2, 5, 3]))
    assert len(steps) == 5
    length = np.array([2, 5, 3])
    for t, step in enumerate(steps, start=1):
        running = np.array([t <= length] * 2)
        np.testing.assert_array_equal(step.running, running)
        np.testing.assert_array_equal(step.obs[..., 1], np.minimum(t - 1, length) * np.ones((2, 1)))
        np.testing.assert_array_equal(
            step.next_obs[..., 1], np.minimum(t, length) * np.ones((2, 1))
        )
        np.testing.assert_allclose(step.reward, np.where(running, length / 10 * t, 0))
        np.testing.assert_array_equal(step.terminated[0], (t == length) & (length % 2 == 1))
        np.testing.assert_array_equal(step.truncated[0], (t == length) & (length % 2 == 0))


def test_the_evaluator_sums_rewards_on_the_same_starts_each_time():
    agent = DDPG(2, [-1.0], [1.0], Config(hidden=(4,)), seeds=(0, 1, 2))
    evaluator = Evaluator(Countdown, episodes=4, seed=3)
    first, again = evaluator(agent), evaluator(agent)
    np.testing.assert_array_equal(first, again)
    assert first.shape == (3, 4)
    for i in range(3):

        def act(obs, i=i):
            return agent.act(np.repeat(obs[None], 3, axis=0))[i]

        np.testing.assert_allclose(first[i], evaluate_policy(act, Countdown, 4, seed=3), rtol=1e-5)


def test_environments_are_closed():
    made = []

    def make():
        made.append(Countdown())
        return made[-1]

    agent = DDPG(2, [-1.0], [1.0], Config(hidden=(4,)), seeds=(0, 1))
    evaluation.evaluate(agent, make, episodes=2, seed=3)
    assert len(made) == 4
    assert all(env.closed for env in made)


def test_an_episode_that_never_ends_is_refused(monkeypatch):
    monkeypatch.setattr(evaluation, "LONGEST_EPISODE", 50)
    with pytest.raises(ValueError, match=r"did not end within 50 steps: give .* a time limit"):
        list(rollout(tenths, [[Countdown()]], [51]))
    assert len(list(rollout(tenths, [[Countdown()]], [50]))) == 50
