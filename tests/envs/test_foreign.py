"""Other people's environments: each kind that others stumbled over, mended or refused by name.

The kinds, and where others met them, are those of the table in the review of foreign environments.
"""

import gc
import itertools
import sys
import textwrap
import warnings
from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

from ddpg_lib import (
    DivergenceError,
    StackedEnvs,
    UnavailableEnvironmentError,
    UnsupportedSpaceError,
    evaluate,
    resume,
    train,
)
from ddpg_lib.config import Config
from ddpg_lib.envs.border import EnvironmentFailedError, InterfaceError, note_on_scales
from ddpg_lib.envs.making import _open, close_all, make, make_many
from ddpg_lib.evaluation import Evaluator, evaluate_policy, play

SHORT = Config(
    hidden=(8, 8), batch_size=4, warmup_steps=10, steps=40, eval_every=20, eval_episodes=2
)


class Drone(gym.Env):
    """Works; every other environment here differs from it in one thing."""

    observation_space = Box(-10.0, 10.0, (2,))
    action_space = Box(-1.0, 1.0, (1,))
    closed = False

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.np_random.uniform(-1, 1, 2).astype(np.float32), {}

    def step(self, action):
        self.t += 1
        obs = np.array([self.t / 10, action[0]], np.float32)
        return obs, float(-(action[0] ** 2)), False, self.t == 10, {}

    def close(self):
        self.closed = True


def run(env, config=SHORT, seeds=(0,), **options):
    return train(env, config, seeds, progress=False, **options)


def test_the_environment_that_all_others_here_resemble_works_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(Drone, seeds=[0, 1])


# ---- Actions ----


class InPlace(Drone):
    def step(self, action):
        action *= 0.5
        return super().step(action)


def test_an_action_that_the_environment_changes_is_stored_as_it_was_chosen():
    agent = run(InPlace).agent
    rows = agent.replay.rows[0, :40].numpy()
    # What the environment used lies in the next observation; half of what was chosen.
    np.testing.assert_allclose(rows[:, 2] * 0.5, rows[:, 5], rtol=1e-6)
    returns = evaluate(agent, InPlace, 2)
    np.testing.assert_allclose(returns, evaluate(agent, InPlace, 2))


def asserting(low, high, dtype=np.float32):
    class Asserting(Drone):
        action_space = Box(np.array(low, dtype), np.array(high, dtype), dtype=dtype)

        def step(self, action):
            assert action.dtype == dtype
            assert (action >= self.action_space.low).all(), action - self.action_space.low
            assert (action <= self.action_space.high).all(), action - self.action_space.high
            return super().step(action)

    return Asserting


def test_no_action_leaves_its_bounds_by_rounding():
    """The centre plus half the range overshoots in float32 for about one random box in five."""
    rng = np.random.default_rng(0)
    low = rng.uniform(-3, 0, 200).astype(np.float32)
    high = rng.uniform(0, 3, 200).astype(np.float32)
    assert (((low + high) / 2 + (high - low) / 2) > high).any()
    env = asserting(low, high)
    agent = run(env).agent
    agent.actor.layers[-1].bias.data[:] = 1e3  # tanh is 1
    assert (agent.act(np.zeros(2)) <= high).all()
    np.testing.assert_allclose(agent.act(np.zeros(2)), high, rtol=1e-5)
    evaluate(agent, env, 1)


def test_bounds_in_float64_are_kept_in_float64():
    assert np.float64(np.float32(0.1)) > 0.1
    env = asserting([-0.1], [0.1], np.float64)
    agent = run(env).agent
    agent.actor.layers[-1].bias.data[:] = 1e3
    evaluate(agent, env, 1)
    evaluate_policy(lambda obs: np.array([5.0]), env, 1)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Box(-np.inf, np.inf, (1,)), r"Own has actions between \[-inf\].*TransformAction\("),
        (Box(0.0, np.inf, (1,)), "finite bounds: say which range is meant"),
        (Box(1.0, 1.0, (1,)), "low < high is needed"),
        (Box(-1e39, 1e39, (1,), np.float64), "float32, which ends at 3.4e38: scale the actions"),
        (Box(0, 5, (1,), np.int64), r"whole numbers \(int64\) as actions.*or DQN"),
    ],
)
def test_spaces_of_actions_that_cannot_work_are_refused(space, message):
    class Own(Drone):
        action_space = space

    with pytest.raises(UnsupportedSpaceError, match=message):
        run(Own)


def test_the_recommended_wrapper_for_infinite_bounds_helps():
    class Endless(Drone):
        action_space = Box(-np.inf, np.inf, (1,))

    made = run(lambda: gym.wrappers.TransformAction(Endless(), lambda a: a, Box(-1.0, 1.0, (1,))))
    assert np.isfinite(made.returns).all()
    assert (made.agent.low, made.agent.high) == (-1, 1)


# ---- How an environment is given ----


def test_a_function_that_returns_one_and_the_same_environment_is_refused():
    one = Drone()
    with pytest.raises(
        UnavailableEnvironmentError, match=r"returned the same Drone again.*new one"
    ):
        run(lambda: one)
    assert one.closed


def test_an_environment_may_be_made_again_once_the_other_is_closed():
    one = Drone()
    make(lambda: one).close()
    make(lambda: one).close()


def test_a_function_may_wrap_what_make_made():
    made = run(lambda: gym.wrappers.TimeLimit(make(Drone), 5))
    assert made.episodes[0][0][0] == 5  # the first episode ended by the wrapper's limit


def test_an_instance_instead_of_a_function():
    with pytest.raises(UnavailableEnvironmentError, match=r"lambda: Drone\(\), not an environment"):
        run(gym.wrappers.TimeLimit(Drone(), 5))
    with pytest.raises(UnavailableEnvironmentError, match=r"a Gymnasium id or a function.*not 5"):
        run(5)


def test_env_kwargs_beside_a_function():
    with pytest.raises(UnavailableEnvironmentError, match=r"Drone is a function: give wind inside"):
        run(Drone, env_kwargs={"wind": 2})


class Simulator(Drone):
    """Only so many may run at once, as where each takes a port."""

    running: ClassVar[list] = []
    room = 1

    def __init__(self):
        if len(self.running) == self.room:
            raise RuntimeError("port 5005 is in use")
        self.running.append(self)

    def close(self):
        self.running.remove(self)


@pytest.mark.parametrize("room", [1, 2])
def test_where_only_one_simulator_may_run_none_stays_open(monkeypatch, room):
    gc.collect()
    monkeypatch.setattr(Simulator, "room", room)
    open_ones = room + len(_open)  # another test may have left some
    message = (
        rf"Simulator cannot be made: RuntimeError: port 5005.*Open already: {open_ones};.*eval_epis"
    )
    with pytest.raises(UnavailableEnvironmentError, match=message):
        run(Simulator)
    assert Simulator.running == []


def test_all_environments_are_closed_after_a_run_and_after_one_that_fails():
    made = []

    class Noted(Drone):
        def __init__(self):
            made.append(self)

    run(Noted)
    assert len(made) == 3
    with pytest.raises(EnvironmentFailedError):
        run(lambda: Noted() if len(made) < 4 else Failing(3))
    assert all(env.closed for env in made)


def test_one_environment_that_does_not_close_keeps_no_other_open():
    class Stuck(Drone):
        def close(self):
            raise OSError("the device is busy")

    made = itertools.count()
    two = make_many(lambda: Drone() if next(made) else Stuck(), 2)
    with pytest.warns(UserWarning, match="Stuck could not be closed: the device is busy"):
        close_all(two)
    assert two[1].unwrapped.closed


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (lambda: None, r"returned a builtins.NoneType, which is no gymnasium.Env: derive"),
        (lambda: gym.make_vec("Pendulum-v1", num_envs=2), r"is a vector of environments: give one"),
    ],
)
def test_a_function_that_makes_something_else(thing, message):
    with pytest.raises(InterfaceError, match=message):
        run(thing)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A module in a folder that Python imports from."""
    text = """
        import gymnasium as gym, numpy as np
        from gymnasium.spaces import Box

        class Hover(gym.Env):
            observation_space = Box(-1.0, 1.0, (1,))
            action_space = Box(-1.0, 1.0, (1,))
            def __init__(self, wind=0.0):
                self.wind = wind
            def reset(self, *, seed=None, options=None):
                super().reset(seed=seed)
                return np.zeros(1, np.float32), {}
            def step(self, action):
                return np.zeros(1, np.float32), self.wind, False, False, {}

        gym.register("Hover-v0", Hover, max_episode_steps=5)
    """
    (tmp_path / "hover_module.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("hover_module", None)
    gym.registry.pop("Hover-v0", None)


def test_a_module_names_an_id_or_a_class(here):
    for name in ("hover_module:Hover-v0", "hover_module:Hover"):
        env = make(name, wind=2.0)
        env.reset(seed=0)
        assert env.step(np.zeros(1, np.float32))[1] == 2.0
    with pytest.raises(UnavailableEnvironmentError, match=r"cannot be made: TypeError: .*gust"):
        make("hover_module:Hover", gust=1)
    with pytest.raises(UnavailableEnvironmentError, match="no environment 'hover_module:Hoover'"):
        make("hover_module:Hoover")
    with pytest.raises(UnavailableEnvironmentError, match=r"or run where nowhere.py lies"):
        make("nowhere:Hover-v0")


def test_dictionaries_of_observations_are_made_vectors_where_an_id_names_them():
    class Goal(Drone):
        observation_space = Dict({"at": Box(-1.0, 1.0, (2,)), "goal": Box(-1.0, 1.0, (1,))})

        def seen(self):
            return {"at": np.array([0.1, 0.2], np.float32), "goal": np.ones(1, np.float32)}

        def reset(self, **options):
            super().reset(**options)
            return self.seen(), {}

        def step(self, action):
            return self.seen(), *super().step(action)[1:]

    gym.register("Goal-v0", Goal)
    try:
        envs = StackedEnvs("Goal-v0", [0])
        np.testing.assert_allclose(envs.reset(), [[0.1, 0.2, 1.0]], rtol=1e-6)
        run("Goal-v0")
    finally:
        del gym.registry["Goal-v0"]
    with pytest.raises(UnsupportedSpaceError, match="FlattenObservation"):
        run(Goal)


# ---- What reset and step return ----


def broken(method, returned):
    """A Drone one of whose methods returns something else, in place of what it should."""

    def changed(self, *arguments, **options):
        return returned(getattr(Drone, method)(self, *arguments, **options))

    return type("Broken", (Drone,), {method: changed})


@pytest.mark.parametrize(
    ("method", "returned", "message"),
    [
        (
            "reset",
            lambda r: r[0],
            r"Broken's reset returned an array of shape \(2,\): return obs, info",
        ),
        (
            "reset",
            lambda r: (r[0], None),
            r"reset returned 2 values: return obs, info, with a dict",
        ),
        ("reset", lambda r: (np.zeros(3), {}), r"of shape \(3,\), but its observation_space has"),
        ("reset", lambda r: ("here", {}), r"returned 'here' as observation: return an array"),
        ("step", lambda r: r[:4], r"returned 4 values: return obs, reward, term.*is Gym's, before"),
        (
            "step",
            lambda r: (np.zeros((1, 2)), *r[1:]),
            r"step returned an observation of shape \(1, 2\)",
        ),
        ("step", lambda r: (r[0], None, *r[2:]), r"returned None as reward: return one number"),
        ("step", lambda r: (r[0], np.ones(1), *r[2:]), r"an array of shape \(1,\) as reward"),
        ("step", lambda r: (*r[:2], None, *r[3:]), r"returned None as terminated: return True or"),
        ("step", lambda r: (*r[:3], np.array([True]), r[4]), r"shape \(1,\) as truncated: return"),
    ],
)
def test_what_is_returned_is_held_against_the_interface(method, returned, message):
    env = broken(method, returned)
    with pytest.raises(InterfaceError, match=message):
        run(env)


def test_a_reset_without_a_seed():
    class Old(Drone):
        def reset(self):
            return super().reset()

    with pytest.raises(
        InterfaceError, match=r"Old's reset takes \(\), but.*seed=None, options=None"
    ):
        run(Old)


def test_an_environment_of_the_package_gym():
    """Its spaces are no spaces of Gymnasium, though they are called alike."""
    OldBox = type("Box", (), {"__module__": "gym.spaces.box", "shape": (2,)})

    class Old(Drone):
        observation_space = OldBox()

    with pytest.raises(UnsupportedSpaceError, match=r"observation_space is a gym.spaces.box.Box"):
        run(Old)


def test_looking_costs_nothing_after_the_first_step():
    env = make(Drone)
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    assert env.step == env.env.step
    assert env.reset == env.env.reset


def test_environments_that_share_one_array_are_kept_apart():
    shared = np.zeros(2, np.float32)

    class Sharing(Drone):
        def reset(self, **options):
            shared[:] = super().reset(**options)[0]
            return shared, {}

        def step(self, action):
            obs, *others = super().step(action)
            shared[:] = obs
            return shared, *others

    np.testing.assert_array_equal(
        StackedEnvs(Sharing, [1, 2, 3]).reset(), StackedEnvs(Drone, [1, 2, 3]).reset()
    )
    agent = run(Drone, seeds=[0, 1]).agent
    np.testing.assert_array_equal(evaluate(agent, Sharing, 3), evaluate(agent, Drone, 3))


# ---- Numbers ----


def test_nan_in_an_evaluation_is_blamed_on_the_environment():
    class Nan(Drone):
        def step(self, action):
            obs, *rest = super().step(action)
            return obs * (np.nan if self.t == 3 else 1), *rest

    message = (
        r"at step 3 the observation of agent 1 in the episode of reset\(seed=1000000\), comp.*env"
    )
    agent = run(Drone, seeds=[0, 1]).agent
    made = itertools.count()
    with pytest.raises(DivergenceError, match=message) as raised:
        evaluate(agent, lambda: Nan() if next(made) > 1 else Drone(), 2)
    assert raised.value.by_environment


def test_a_policy_that_is_nan_is_blamed_in_an_evaluation():
    agent = run(Drone).agent
    agent.actor.layers[0].weight.data[:] = np.nan
    with pytest.raises(
        DivergenceError, match=r"at step 1 the action of agent 0 .* actor's weights"
    ):
        evaluate(agent, Drone, 1)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_numbers_beyond_float32_are_blamed_on_the_environment():
    class Huge(Drone):
        def reset(self, **options):
            super().reset(**options)
            return np.array([0.0, 1e39]), {}

    with pytest.raises(
        DivergenceError, match=r"observation .* component 1, is inf; the env.*3.4e38"
    ):
        run(Huge)


def test_bytes_are_scaled():
    class Bytes(Drone):
        observation_space = Box(0, np.array([255, 128], np.uint8), dtype=np.uint8)

        def reset(self, **options):
            super().reset(**options)
            return np.array([255, 32], np.uint8), {}

        def step(self, action):
            return np.array([51, 64], np.uint8), *super().step(action)[1:]

    envs = StackedEnvs(Bytes, [0])
    np.testing.assert_array_equal(envs.reset(), [[1, 0.25]])
    next_obs, *_ = envs.step(np.zeros((1, 1), np.float32))
    np.testing.assert_allclose(next_obs, [[0.2, 0.5]], rtol=1e-6)
    assert envs.spaces.obs_low == (0.0, 0.0)
    assert envs.spaces.obs_high == (255.0, 128.0)
    run(Bytes)


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ([1.0, 1e-2], None),
        ([0.0, 50.0], None),  # what is always 0 says nothing
        ([1e5, 1.0], r"1e\+05 of component 0, 1 of component 1.*normalize_obs=True"),
        ([1e-5, 1.0], r"1e-05 of component 0"),
        ([300.0, 200.0], r"3e\+02 of component 0"),
    ],
)
def test_sizes_that_networks_do_not_learn_from_are_named(sizes, named):
    note = note_on_scales("Drone", np.ones((3, 5, 2)) * sizes)
    assert (note is None) == (named is None)

    class Scaled(Drone):
        observation_space = Box(-np.inf, np.inf, (2,))

        def reset(self, **options):
            return np.float32(sizes) * np.sign(super().reset(**options)[0]), {}

        def step(self, action):
            return np.float32(sizes), *super().step(action)[1:]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(Scaled)
        run(Scaled, SHORT.replace(normalize_obs=True))
    said = [str(w.message) for w in caught]
    assert len(said) == (named is not None)
    if named:
        with pytest.warns(UserWarning, match=named):
            run(Scaled)


# ---- Randomness, statistics, time limits ----


class Unseeded(Drone):
    def reset(self, **options):
        super().reset(**options)
        return np.random.default_rng().uniform(-1, 1, 2).astype(np.float32), {}


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_randomness_that_a_seed_does_not_fix_is_named_once_at_the_start(seeds):
    steps = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(Unseeded, seeds=seeds, on_evaluation=lambda run: steps.append((run.step, len(caught))))
    assert steps[0] == (0, 1)
    assert len(caught) == 1
    assert "two resets of Unseeded with one seed begin differently" in str(caught[0].message)


def test_randomness_is_noticed_between_two_evaluations_too():
    evaluator, agent = Evaluator(Unseeded, 2), run(Drone).agent
    evaluator(agent)
    with pytest.warns(UserWarning, match="begin differently"):
        evaluator(agent)


@pytest.mark.parametrize(
    ("wrapper", "setting"),
    [
        (gym.wrappers.NormalizeObservation, "normalize_obs=True"),
        (gym.wrappers.NormalizeReward, "reward_scale"),
    ],
)
def test_wrappers_with_statistics_of_their_own(wrapper, setting):
    with pytest.raises(UnsupportedSpaceError, match=rf"{wrapper.__name__}.*leave.*{setting}"):
        run(lambda: gym.wrappers.TimeLimit(wrapper(Drone()), 5))


def test_a_time_limit_of_old_gym_is_no_terminal_state():
    class Limited(Drone):
        def step(self, action):
            obs, reward, _, over, _ = super().step(action)
            return obs, reward, over, False, {"TimeLimit.truncated": over}

    rows = run(Limited).agent.replay.rows[0, :40].numpy()
    assert rows[:, 6].sum() == 0
    assert len(run(Limited).episodes[0]) == 4


# ---- Failures in the middle ----


class Failing(Drone):
    """Raises at a step of its life, unless mended."""

    mended = False

    def __init__(self, at):
        self.at, self.life = at, 0

    def step(self, action):
        self.life += 1
        if self.life == self.at and not Failing.mended:
            raise ZeroDivisionError("the motor stopped")
        return super().step(action)


def once(at, which):
    """A function whose environment number ``which`` fails at a step."""
    made = itertools.count()
    return lambda: Failing(at if next(made) == which else 0)


@pytest.mark.parametrize(
    ("which", "at", "step", "message"),
    [
        (
            1,
            33,
            32,
            r"Failing failed at step 33 of the agent with seed 5: ZeroDivisionError: the mo",
        ),
        (2, 15, 20, r"Failing failed at step 5 of agent 0 in the episode of reset\(seed=1000000\)"),
        (2, 25, 40, r"Failing failed at step 5 of agent 0 in the episode of reset\(seed=1000000\)"),
    ],
)
def test_a_run_that_an_environment_ends_is_saved_and_can_be_resumed(
    tmp_path, capsys, monkeypatch, which, at, step, message
):
    seeds = [4, 5]
    whole = run(lambda: Failing(0), seeds=seeds, folder=tmp_path / "whole")
    with pytest.raises(EnvironmentFailedError, match=message) as raised:
        run(once(at, which), seeds=seeds, folder=tmp_path / "run", checkpoint_every=7)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert f"Saved at step {step}. Continue with: ddpg resume" in capsys.readouterr().err
    again = resume(tmp_path / "run", env=lambda: Failing(0), progress=False)
    np.testing.assert_array_equal(again.returns, whole.returns)
    assert again.episodes == whole.episodes
    for a, b in zip(again.agent.actor.parameters(), whole.agent.actor.parameters(), strict=True):
        assert a.equal(b)


def test_a_film_of_an_environment_without_pictures(here):
    agent = run(Drone).agent
    with pytest.raises(
        ValueError, match="Drone gives no pictures: it has no render mode rgb_array"
    ):
        play(agent, 0, Drone)
    with pytest.raises(ValueError, match="hover_module:Hover gives no pictures"):
        play(agent, 0, "hover_module:Hover")
    with pytest.raises(ValueError, match="Hover-v0 gives no pictures"):
        play(agent, 0, "hover_module:Hover-v0")


def test_discrete_actions_are_refused_with_an_alternative():
    class Keys(Drone):
        action_space = Discrete(3)

    with pytest.raises(UnsupportedSpaceError, match=r"Keys has Discrete actions.*continuum.*DQN"):
        run(Keys)
