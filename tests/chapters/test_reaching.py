"""Reacher-v5's geometry against MuJoCo, and its best motion against a general optimizer."""

import numpy as np
import pytest
from scipy.optimize import minimize

from ddpg_lib.chapters.ch16.plan import joint_map, plan
from ddpg_lib.chapters.ch16.reaching import controller, fingertip, jacobian, postures, read
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import evaluate_policy

pytest.importorskip("mujoco")


def starts(count):
    env = make("Reacher-v5")
    return np.stack([env.reset(seed=60 + k)[0] for k in range(count)])


def test_the_observation_is_read_as_the_world_is():
    env = make("Reacher-v5")
    obs, _ = env.reset(seed=1)
    world = env.unwrapped.data
    for got, expected in zip(
        read(obs), (world.qpos[:2], world.qvel[:2], world.qpos[2:]), strict=True
    ):
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_the_fingertip_is_where_mujoco_has_it():
    env = make("Reacher-v5").unwrapped
    env.reset(seed=0)
    for q in np.random.default_rng(0).uniform(-2.9, 2.9, (20, 2)):
        env.set_state(np.r_[q, 0, 0], np.zeros(4))
        np.testing.assert_allclose(fingertip(q), env.get_body_com("fingertip")[:2], atol=1e-12)


def test_the_jacobian_is_the_derivative():
    q, h = np.random.default_rng(1).uniform(-3, 3, (30, 2)), 1e-6
    columns = [(fingertip(q + h * e) - fingertip(q - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(jacobian(q), np.stack(columns, axis=-1), atol=1e-9)


def test_out_of_reach_the_arm_is_stretched_or_folded():
    far, near = postures([0.3, 0.3]), postures([0.0, 0.001])
    np.testing.assert_allclose(far[:, 1], 0, atol=1e-9)
    np.testing.assert_allclose(far[:, 0], np.pi / 4)
    np.testing.assert_allclose(np.abs(near[:, 1]), np.pi)


def test_the_controller_stays_within_bounds_and_takes_many():
    obs = starts(5)
    actions = controller(obs, rate=60.0)
    assert actions.shape == (5, 2)
    assert np.abs(actions).max() == 1
    np.testing.assert_array_equal(actions[3], controller(obs[3], rate=60.0))


def test_the_controller_arrives():
    assert evaluate_policy(controller, "Reacher-v5", 20).mean() > -5.5


def test_the_plan_is_what_mujoco_then_does():
    env, obs = make("Reacher-v5"), starts(6)
    actions, value = plan(obs)
    for k, motion in enumerate(actions):
        env.reset(seed=60 + k)
        got = sum(env.step(a.astype(np.float32))[1] for a in motion)
        assert got == pytest.approx(value[k], abs=0.02)


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_no_better_motion_is_found_nearby(gamma):
    """SciPy's optimizer, started at the plan, gains less than a hundredth of the return."""
    obs = starts(3)
    actions, value = plan(obs, steps=30, gamma=gamma)
    free, driven = joint_map(30)
    weight = gamma ** np.arange(30)
    for first, motion, expected in zip(obs, actions, value, strict=True):
        q, velocity, target = read(first)

        def cost(flat, q=q, velocity=velocity, target=target):
            a = flat.reshape(30, 2)
            angles = free[:, :1] * q + free[:, 1:] * velocity + driven @ a
            distance = np.linalg.norm(fingertip(angles) - target, axis=-1)
            return weight @ (distance + (a**2).sum(-1))

        assert cost(motion.ravel()) == pytest.approx(-expected, abs=5e-3)
        better = minimize(cost, motion.ravel(), bounds=[(-1, 1)] * 60, options={"maxiter": 30})
        assert better.fun > 0.99 * -expected
