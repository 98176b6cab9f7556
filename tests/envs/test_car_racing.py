"""CarRacing drawn once an action is CarRacing's to the byte."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import RepeatAction, TransformObservation

from ddpg_lib.envs.car_racing import RepeatDrive, repeated
from ddpg_lib.envs.pixels import without_screen

pytest.importorskip("Box2D")
without_screen()


def episode(repeat, drive, seed=0, **options):
    """All that an agent is given, from the first image on."""
    env = repeat(gym.make("CarRacing-v3", **options), 4)
    obs, info = env.reset(seed=seed)
    given = [(obs, info)]
    rng, over = np.random.default_rng(seed), False
    while not over:
        obs, reward, terminated, truncated, info = env.step(np.array(drive(rng), np.float32))
        given.append((obs, reward, terminated, truncated, info))
        if options.get("render_mode"):
            given.append((env.render(),))
        over = terminated or truncated
    env.close()
    return given


def anyhow(rng):
    return rng.uniform((-1, 0, 0), (1, 1, 0.3))


def in_circles(rng):
    return rng.uniform((0.2, 0, 0), (0.6, 0.3, 0))


def straight_on(rng):
    return 0.0, 0.6, 0.0


def assert_same(drive, **options):
    theirs, ours = episode(RepeatAction, drive, **options), episode(RepeatDrive, drive, **options)
    assert len(theirs) == len(ours)
    for old, new in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(old[0], new[0])
        assert old[1:] == new[1:]
    return ours


@pytest.mark.parametrize(
    "options", [{}, {"render_mode": "rgb_array"}, {"domain_randomize": True}], ids=str
)
def test_a_time_limit_within_an_action(options):
    given = assert_same(anyhow, max_episode_steps=30, **options)
    assert given[-2 if "render_mode" in options else -1][2:4] == (False, True)
    assert all(np.ptp(image) > 100 for image, *_ in given)


@pytest.mark.slow
def test_an_episode_that_leaves_the_field():
    given = assert_same(straight_on, seed=3)
    assert given[-1][2] is True
    assert given[-1][4] == {"lap_finished": False}


@pytest.mark.slow
def test_a_whole_episode():
    assert len(assert_same(in_circles, seed=4)) == 251


def test_only_what_is_looked_at_is_drawn(monkeypatch):
    env = repeated(gym.make("CarRacing-v3"), 4)
    drawn = []
    draw = env.draw
    monkeypatch.setattr(env, "draw", lambda mode: drawn.append(mode) or draw(mode))
    env.reset(seed=0)
    env.step(np.zeros(3, np.float32))
    env.step(np.zeros(3, np.float32))
    assert drawn == ["state_pixels"] * 3


def test_an_image_that_a_wrapper_has_changed_stays_changed():
    inner = gym.make("CarRacing-v3")
    assert type(repeated(inner, 2)) is RepeatDrive
    dark = TransformObservation(inner, lambda image: image // 2, inner.observation_space)
    assert type(repeated(dark, 2)) is RepeatAction
    assert type(repeated(gym.make("Pendulum-v1"), 2)) is RepeatAction
