"""Environments: what cannot work is refused, and terminated and truncated stay apart."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

from ddpg_lib import StackedEnvs, UnsupportedSpaceError, train


class Walk(gym.Env):
    """Counts steps; ends (terminated) at 3 or is cut off (truncated) at 5, by choice."""

    observation_space = Box(-np.inf, np.inf, (2,))
    action_space = Box(-1.0, 3.0, (2,))

    def __init__(self, terminate=True, **spaces):
        self.terminate = terminate
        self.__dict__.update(spaces)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self.episode = 0
        self.episode += 1
        self.t = 0
        return self.observe(), {}

    def observe(self):
        return np.array([self.t, self.episode], np.float32)

    def step(self, action):
        assert self.action_space.contains(np.asarray(action, np.float32)), action
        self.t += 1
        return self.observe(), 1.0, self.terminate and self.t == 3, self.t == 5, {}


def test_the_state_after_an_end_is_kept_and_the_next_episode_begins():
    envs = StackedEnvs(Walk, seeds=[0, 1])
    obs = envs.reset()
    np.testing.assert_array_equal(obs, [[0, 1], [0, 1]])
    action = np.zeros((2, 2), np.float32)
    for t in (1, 2):
        next_obs, _, terminated, truncated, obs = envs.step(action)
        np.testing.assert_array_equal(obs, [[t, 1], [t, 1]])
        assert not terminated.any()
        assert not truncated.any()
    next_obs, reward, terminated, truncated, obs = envs.step(action)
    np.testing.assert_array_equal(next_obs, [[3, 1], [3, 1]])
    np.testing.assert_array_equal(obs, [[0, 2], [0, 2]])
    np.testing.assert_array_equal(reward, [1, 1])
    assert terminated.all()
    assert not truncated.any()


def test_a_time_limit_is_stored_as_not_terminal():
    run = train(
        lambda: Walk(terminate=False),
        steps=20,
        warmup_steps=10,
        eval_every=20,
        eval_episodes=1,
        batch_size=4,
        buffer_size=100,
        progress=False,
    )
    rows = run.agent.replay.rows[0, :20].numpy()
    terminated, next_t = rows[:, 5], rows[:, 6]
    assert (next_t == 5).sum() == 4  # four episodes were cut off
    assert terminated.sum() == 0


def test_a_terminal_state_is_stored_as_terminal():
    run = train(
        Walk, steps=20, warmup_steps=10, eval_every=20, eval_episodes=1, batch_size=4,
        buffer_size=100, progress=False,
    )  # fmt: skip
    rows = run.agent.replay.rows[0, :20].numpy()
    np.testing.assert_array_equal(rows[:, 5] == 1, rows[:, 6] == 3)
    assert [step for step, _ in run.episodes[0]] == [3, 6, 9, 12, 15, 18]
    assert {value for _, value in run.episodes[0]} == {3.0}


@pytest.mark.parametrize(
    ("spaces", "hint"),
    [
        ({"action_space": Discrete(3)}, "continuum"),
        ({"action_space": Box(-np.inf, np.inf, (1,))}, "RescaleAction"),
        ({"action_space": Box(0.0, np.inf, (1,))}, "finite"),
        ({"action_space": Box(1.0, 1.0, (1,))}, "low < high"),
        ({"action_space": Box(-1.0, 1.0, (2, 2))}, "flatten"),
        ({"observation_space": Dict({"x": Box(0, 1, (1,))})}, "FlattenObservation"),
        ({"observation_space": Discrete(4)}, "FlattenObservation"),
        ({"observation_space": Box(0, 1, (4, 4))}, "FlattenObservation"),
    ],
)
def test_unsupported_spaces_are_refused_before_the_first_step(spaces, hint):
    with pytest.raises(UnsupportedSpaceError, match=hint):
        train(lambda: Walk(**spaces), progress=False)


def test_a_discrete_environment_of_gymnasium_is_refused_by_name():
    with pytest.raises(UnsupportedSpaceError, match=r"CartPole-v1 has Discrete actions"):
        train("CartPole-v1", progress=False)
