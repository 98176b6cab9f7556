"""The crane and the furnace: their laws, their endings, and that hands can master both."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from ddpg_lib.chapters.ch13.crane_notes import timid_driver
from ddpg_lib.chapters.ch13.hands import crane_driver, furnace_stoker
from ddpg_lib.evaluation import evaluate_policy
from ddpg_lib.worlds import crane
from ddpg_lib.worlds.crane import CRANE
from ddpg_lib.worlds.furnace import FURNACE


@pytest.mark.parametrize("name", [CRANE, FURNACE])
def test_gymnasium_accepts_it(name):
    check_env(gym.make(name).unwrapped, skip_render_check=True)


def energy(state):
    _, v, angle, rate = state
    load = np.array([v + crane.ROPE * np.cos(angle) * rate, crane.ROPE * np.sin(angle) * rate])
    kinetic = crane.TROLLEY * v**2 / 2 + crane.LOAD * (load**2).sum() / 2
    return kinetic - crane.LOAD * 9.81 * crane.ROPE * np.cos(angle)


def test_without_friction_a_swinging_load_keeps_energy_and_momentum(monkeypatch):
    monkeypatch.setattr(crane, "FRICTION", 0.0)
    state = np.array([0.0, 0.3, 0.8, -0.5])

    def momentum(s):
        return crane.TROLLEY * s[1] + crane.LOAD * (s[1] + crane.ROPE * np.cos(s[2]) * s[3])

    before, pushed = energy(state), momentum(state)
    for _ in range(400):
        state = crane.moved(state, 0.0, 0.01)
    assert energy(state) == pytest.approx(before, abs=1e-6)
    assert momentum(state) == pytest.approx(pushed, abs=1e-6)


def test_the_motor_rests_up_to_a_quarter():
    env = gym.make(CRANE)
    speeds = []
    for current in (-1.0, -0.25, 0.2, 0.25, 0.3, 1.0):
        env.reset(seed=0)
        obs, *_ = env.step(np.array([current], np.float32))
        speeds.append(obs[2])
    assert speeds[1:4] == [0.0, 0.0, 0.0]
    assert speeds[0] == pytest.approx(-speeds[-1])
    assert 0 < speeds[4] < speeds[5] / 10


def test_the_crane_s_endings():
    env = gym.make(CRANE)
    env.reset(seed=1)
    over, steps = False, 0
    while not over:
        obs, reward, over, _, info = env.step(np.ones(1, np.float32))
        steps += 1
    assert obs[0] == pytest.approx(3_000)
    assert reward < -19
    assert not info["is_success"]
    assert steps < 60
    picture = gym.make(CRANE, render_mode="rgb_array")
    picture.reset(seed=1)
    assert picture.render().shape == (200, 400, 3)
    assert len(np.unique(picture.render().reshape(-1, 3), axis=0)) > 5
    with pytest.raises(ValueError, match="render_mode"):
        crane.Crane("human")


def test_hands_master_both():
    assert evaluate_policy(crane_driver, CRANE, 20).min() > 10
    returns = evaluate_policy(furnace_stoker, FURNACE, 20)
    assert returns.min() > -16
    assert returns.mean() > -11


def test_a_furnace_burns_and_loses_heat():
    env = gym.make(FURNACE)
    env.reset(seed=3)
    over, temperatures = False, []
    while not over:
        obs, reward, over, _, _ = env.step(np.ones(1, np.float32))
        temperatures.append(obs[0])
    assert temperatures[-1] > 1040 > temperatures[-2]
    assert reward < -50
    env.reset(seed=3)
    for _ in range(100):
        obs, *_ = env.step(np.zeros(1, np.float32))
    first = env.reset(seed=3)[0][0]
    assert obs[0] < first  # a warm piece cools


def test_who_forgets_the_dead_zone_stops_short():
    """Where time runs out, the trolley rests within the way that a quarter of the current asks."""
    env, rests = gym.make(CRANE), []
    for seed in range(8):
        obs, over = env.reset(seed=seed)[0], False
        while not over:
            obs, _, ended, late, _ = env.step(timid_driver(obs, 0.4))
            over = ended or late
        if late:
            rests.append(abs(obs[0] - obs[1]) / 1e3)
    assert len(rests) >= 3
    assert 0.1 < min(rests) <= max(rests) < crane.DEAD / 0.4 + 0.1
