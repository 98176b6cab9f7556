import gymnasium
import numpy as np
import pytest

from ddpg_lib.chapters.ch03.swing import SwingUp
from ddpg_lib.maths.differences import central_difference

THETA = np.array([-5.0, 0.0, -1.75])


def test_values_are_those_of_gymnasium():
    """One episode in Pendulum-v1 with the same torques."""
    env = gymnasium.make("Pendulum-v1").unwrapped
    env.reset(seed=0)
    env.state = np.array([2.5, -0.3])
    total = 0.0
    for t in range(50):
        angle, speed = env.state
        torque = 2 * np.tanh(THETA @ [np.sin(angle), speed, speed * np.cos(angle)])
        total += 0.98**t * float(env.step(np.array([torque]))[1])
    assert SwingUp(0.98, steps=50).value(THETA, 2.5, -0.3) == pytest.approx(total, rel=1e-5)


def test_a_first_torque_of_its_own_changes_nothing():
    world, angle, speed = SwingUp(0.9), np.array([3.0, 1.0]), np.array([0.0, -1.0])
    own = world.torque(THETA, angle, speed)
    np.testing.assert_allclose(
        world.value(THETA, angle, speed, own), world.value(THETA, angle, speed)
    )


def test_a_path_is_what_the_model_does():
    world = SwingUp(steps=3)
    angles, speeds = world.path(THETA, [3.0], [0.5])
    for t in range(2):
        torque = world.torque(THETA, angles[t], speeds[t])
        after = world.model.step(angles[t], speeds[t], torque)
        np.testing.assert_allclose([angles[t + 1], speeds[t + 1]], after[:2])


def test_the_slope_of_the_last_step_is_that_of_the_reward():
    world = SwingUp(steps=1)
    own = world.torque(THETA, np.array([0.3]), np.array([0.1]))
    slope = world.slope(THETA, np.array([0.3]), np.array([0.1]))
    np.testing.assert_allclose(slope, -0.002 * own, atol=1e-7)


def test_the_theorems_sum_is_the_gradient():
    world, rng = SwingUp(0.9), np.random.default_rng(0)
    starts = rng.uniform(-np.pi, np.pi, 5), rng.uniform(-1, 1, 5)
    moved = central_difference(lambda x: world.value(x, *starts).mean(), THETA, 1e-6)
    np.testing.assert_allclose(world.gradient(THETA, *starts), moved, rtol=1e-4)
