"""Environments: what cannot work is refused, and terminated and truncated stay apart."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

from ddpg_lib import StackedEnvs, UnavailableEnvironmentError, UnsupportedSpaceError, train
from ddpg_lib.envs.making import make


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
    terminated, next_t = rows[:, 7], rows[:, 5]
    assert (next_t == 5).sum() == 4  # four episodes were cut off
    assert terminated.sum() == 0


def test_a_terminal_state_is_stored_as_terminal():
    run = train(
        Walk, steps=20, warmup_steps=10, eval_every=20, eval_episodes=1, batch_size=4,
        buffer_size=100, progress=False,
    )  # fmt: skip
    rows = run.agent.replay.rows[0, :20].numpy()
    np.testing.assert_array_equal(rows[:, 7] == 1, rows[:, 5] == 3)
    assert [step for step, _ in run.episodes[0]] == [3, 6, 9, 12, 15, 18]
    assert {value for _, value in run.episodes[0]} == {3.0}


@pytest.mark.parametrize(
    ("spaces", "hint"),
    [
        ({"action_space": Discrete(3)}, "continuum"),
        ({"action_space": Box(-np.inf, np.inf, (1,))}, "TransformAction"),
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


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Pendulm-v1", r"no environment 'Pendulm-v1'; did you mean Pendulum-v1"),
        ("pendulum-v1", r"did you mean Pendulum-v1"),
        ("Pendulum-v7", r"did you mean Pendulum-v1"),
        ("LunarLanderContinous-v3", r"did you mean .*LunarLander.*-v3"),
        ("a b", r"no environment 'a b'"),
        ("no_such_module:Pendulum-v1", r"no module 'no_such_module': install the package"),
        ("gymnasium:Pendulm-v1", r"did you mean Pendulum-v1"),
    ],
)
def test_unknown_environments_suggest_near_names(name, message):
    with pytest.raises(UnavailableEnvironmentError, match=message):
        make(name)


WITHOUT_EXTRAS = """
import sys
sys.modules |= {"Box2D": None, "mujoco": None}  # importing them raises ImportError
from ddpg_lib.envs.making import UnavailableEnvironmentError, make
for name in ("LunarLander-v3", "HalfCheetah-v5"):
    try:
        make(name)
    except UnavailableEnvironmentError as error:
        print(error)
"""


@pytest.mark.slow
def test_a_missing_extra_gives_the_command_that_installs_it():
    command = [sys.executable, "-c", WITHOUT_EXTRAS]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name, extra in (("LunarLander-v3", "box2d"), ("HalfCheetah-v5", "mujoco")):
        assert f'{name} needs an extra: pip install "ddpg-lib[{extra}]"' in said


def test_a_module_names_its_environment():
    assert make("gymnasium:Pendulum-v1").spec.id == "Pendulum-v1"


@pytest.fixture
def table():
    class Table(gym.Env):
        """A 2x3 table of observations, a 2x2 table of actions; the reward is their product."""

        observation_space = Box(0.0, 1.0, (2, 3))
        action_space = Box(np.array([[-1, -2], [-3, -4]]), 5.0, (2, 2), np.float32)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return np.arange(6.0, dtype=np.float32).reshape(2, 3) / 6, {}

        def step(self, action):
            assert self.action_space.contains(action)
            return np.ones((2, 3), np.float32), float(action[1, 0]), False, False, {}

    gym.register("Table-v0", Table, max_episode_steps=7)
    yield "Table-v0"
    del gym.registry["Table-v0"]


def test_tables_are_made_vectors_where_an_id_names_the_environment(table):
    envs = StackedEnvs(table, [0])
    np.testing.assert_allclose(envs.reset(), [np.arange(6) / 6], rtol=1e-6)
    np.testing.assert_array_equal(envs.action_low, [-1, -2, -3, -4])
    _, reward, *_ = envs.step(np.array([[0.0, 1.0, -2.0, 3.0]], np.float32))
    assert reward == [-2.0]
    run = train(table, steps=30, warmup_steps=20, eval_every=30, eval_episodes=1, progress=False)
    assert run.agent.replay.sizes[:2] == (6, 4)


def test_pictures_are_refused_with_what_to_do():
    class Picture(Walk):
        observation_space = Box(0, 255, (96, 96, 3), np.uint8)

    gym.register("Picture-v0", Picture)
    with pytest.raises(UnsupportedSpaceError, match=r"\(96, 96, 3\).*--pixels"):
        train("Picture-v0", progress=False)
    del gym.registry["Picture-v0"]


def test_an_evaluation_without_end_is_noticed(monkeypatch):
    class Endless(Walk):
        def step(self, action):
            return self.observe(), 1.0, False, False, {}

    monkeypatch.setattr("ddpg_lib.evaluation.LONGEST_EPISODE", 50)
    with pytest.raises(ValueError, match=r"not end within 50 steps.*max_episode_steps=1000"):
        train(Endless, progress=False)


@pytest.mark.slow
def test_the_cheetah_is_made_in_silence():
    """MuJoCo 4 warns of a word in Gymnasium's model file; any other warning is passed on."""
    pytest.importorskip("mujoco")
    program = (
        "from ddpg_lib.envs.making import make\nfor _ in range(2): make('HalfCheetah-v5')\n"
        "import mujoco\nmujoco.get_mju_user_warning()('the mass is negative')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "MuJoCo: the mass is negative\n"
