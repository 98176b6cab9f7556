"""NaN and infinite numbers end a run at once, by name."""

import copy
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box
from shared import step_of

from ddpg_lib import Config, DivergenceError, train
from ddpg_lib.envs.border import require_finite

SHORT = Config(
    hidden=(8, 8), batch_size=4, warmup_steps=10, steps=40, eval_every=40, eval_episodes=1
)


class Breaking(gym.Env):
    """Goes wrong in one way, at step 25 of training, in the environment of one seed."""

    observation_space = Box(-np.inf, np.inf, (2,))
    action_space = Box(-1.0, 1.0, (1,))

    def __init__(self, way, value, seed=7, at=25):
        self.way, self.value, self.when, self.at = way, value, seed, at
        self.steps = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self.broken = seed == self.when
        obs = np.zeros(2, np.float32)
        if self.broken and self.way == "start":
            obs[1] = self.value
        return obs, {}

    def step(self, action):
        assert np.isfinite(action).all()
        self.steps += 1
        bad = self.broken and self.steps == self.at
        obs = np.array([0, self.value if bad and self.way == "observation" else 1], np.float32)
        reward = self.value if bad and self.way == "reward" else 1.0
        return obs, reward, False, self.steps % 10 == 0, {}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("start", r"at step 0 the observation of the agent with seed 7, component 1, is {}; the"),
        ("observation", r"at step 25 the observation of .* seed 7, component 1, is {}; the env"),
        ("reward", r"at step 25 the reward of the agent with seed 7 is {}; the environment"),
    ],
)
def test_an_environment_that_breaks_is_named_with_step_and_seed(way, message, value):
    with pytest.raises(DivergenceError, match=message.format(value)):
        train(lambda: Breaking(way, value), SHORT, [3, 7], progress=False)


def test_a_critic_that_diverges_is_named():
    with pytest.raises(
        DivergenceError, match=r"at step 1\d the critic.* of .* seed 3 is (inf|nan)"
    ):
        train(lambda: Breaking("", 0.0), SHORT.replace(critic_lr=1e30), [3, 7], progress=False)


def test_an_actor_that_breaks_is_stopped_before_it_acts():
    def spoil(run):
        if run.step == 20:
            run.agent.actor.layers[0].weight.data[1] = np.nan

    config = SHORT.replace(eval_every=20)
    with pytest.raises(DivergenceError, match=r"at step 21 the action of .* seed 7, component 0,"):
        train(lambda: Breaking("", 0.0), config, [3, 7], progress=False, on_evaluation=spoil)


def test_an_evaluation_that_breaks_is_named():
    where = (
        r"at step 5 the reward of agent 0 in the episode of reset\(seed=1000000\) is nan; the env"
    )
    with pytest.raises(DivergenceError, match=where):
        train(lambda: Breaking("reward", np.nan, 1_000_000, 5), SHORT, [3], progress=False)


def test_large_numbers_are_no_error():
    """The sum of squares overflows, the numbers do not."""
    values = np.full((2, 3), 3e38, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require_finite("observation", values, 1, [0, 1])
        require_finite("reward", np.zeros(2), 1, [0, 1])


@pytest.mark.parametrize(
    ("env", "critic_lr", "step"),
    [
        (Breaking("reward", np.nan), 1e-3, 24),  # its fault: up to there all is well
        (Breaking("", 0.0), 1e30, 10),  # the agent's: the last good checkpoint stays
    ],
)
def test_what_is_saved_when_a_run_ends_in_numbers_that_are_none(tmp_path, env, critic_lr, step):
    config = SHORT.replace(critic_lr=critic_lr)
    with pytest.raises(DivergenceError):
        train(
            lambda: copy.copy(env), config, [7], folder=tmp_path, checkpoint_every=10,
            progress=False,
        )  # fmt: skip
    assert step_of(tmp_path) == step
