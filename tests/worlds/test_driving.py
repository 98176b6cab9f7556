"""CarRacing with one pedal is CarRacing, but for its actions."""

import gymnasium as gym
import numpy as np
import pytest

from ddpg_lib.envs.car_racing import RepeatDrive, repeated
from ddpg_lib.envs.pixels import without_screen

pytest.importorskip("Box2D")
without_screen()

from ddpg_lib.worlds.driving import (  # noqa: E402
    ONE_PEDAL,
    PATIENCE,
    UNTIL_LOST,
    Lost,
    OnePedal,
)


def test_one_pedal_presses_gas_or_brake_and_all_else_is_car_racing():
    own, theirs = gym.make(ONE_PEDAL), gym.make("CarRacing-v3")
    assert own.action_space.shape == (2,)
    assert own.spec.max_episode_steps == theirs.spec.max_episode_steps == 1_000
    np.testing.assert_array_equal(own.reset(seed=5)[0], theirs.reset(seed=5)[0])
    for steering, pedal in ((0.0, 1.0), (0.3, 0.5), (-0.2, -0.4), (0.1, 0.0)):
        two = np.array([steering, pedal], np.float32)
        three = np.array([steering, max(pedal, 0), max(-pedal, 0)], np.float32)
        for _ in range(5):
            a, b = own.step(two), theirs.step(three)
            np.testing.assert_array_equal(a[0], b[0])
            assert a[1:4] == b[1:4]
    own.close()
    theirs.close()


def test_pedals_of_an_action():
    env = OnePedal(gym.make("CarRacing-v3"))
    assert env.action(np.array([0.5, 0.25])).tolist() == [0.5, 0.25, 0.0]
    assert env.action(np.array([-0.5, -0.75])).tolist() == [-0.5, 0.0, 0.75]
    env.close()


def test_it_is_drawn_once_an_action_like_car_racing():
    env = repeated(gym.make(UNTIL_LOST), 4)
    assert isinstance(env, RepeatDrive)
    env.close()


def test_a_car_that_finds_no_tile_is_lost():
    env, plain = gym.make(UNTIL_LOST), gym.make(ONE_PEDAL)
    env.reset(seed=3)
    plain.reset(seed=3)
    backwards = np.array([0.0, -1.0], np.float32)  # it stands on its first tiles
    tiles, since, terminated = 0, 0, False
    for _ in range(PATIENCE + 10):
        _, reward, terminated, _, _ = env.step(backwards)
        assert plain.step(backwards)[1] == reward
        since = 0 if env.unwrapped.tile_visited_count > tiles else since + 1
        tiles = env.unwrapped.tile_visited_count
        assert terminated == (since == PATIENCE)
        if terminated:
            break
    assert terminated
    env.close()
    plain.close()


def test_it_is_lost_anew_in_each_episode():
    env = Lost(OnePedal(gym.make("CarRacing-v3")))
    for _ in range(2):
        env.reset(seed=3)
        assert not any(env.step(np.zeros(2))[2] for _ in range(PATIENCE - 1))
    env.close()
