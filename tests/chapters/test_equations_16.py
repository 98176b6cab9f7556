"""Chapter 16's equations: MuJoCo's worlds against mechanics by hand."""

import numpy as np
import pytest
from scipy.linalg import expm

from ddpg_lib.chapters.ch16.linearization import actor_gain, linearize, transition
from ddpg_lib.chapters.ch16.plan import joint_map
from ddpg_lib.chapters.ch16.reaching import DT, fingertip, pd_gains, postures, read
from ddpg_lib.envs.making import make
from ddpg_lib.maths.spectra import spectral_radius
from ddpg_lib.results.inside import look_inside
from ddpg_lib.results.recorded import recorded
from ddpg_lib.worlds.lqr import LQR

pytest.importorskip("mujoco")

DEFINITIONS: dict[str, str] = {}


def cart_pole(world):
    """Mass matrix and forces of the cart and pole from masses and lengths alone, by Lagrange."""
    cart, pole = world.model.body_mass[1:]
    center, inertia = world.model.body_ipos[2], world.model.body_inertia[2].max()
    length, lean = np.hypot(center[0], center[2]), np.arctan2(center[0], center[2])

    def matrices(q, v):
        angle = q[1] + lean
        coupled = pole * length * np.cos(angle)
        M = np.array([[cart + pole, coupled], [coupled, inertia + pole * length**2]])
        c = np.array(
            [
                -pole * length * np.sin(angle) * v[1] ** 2,
                -pole * 9.81 * length * np.sin(angle),
            ]
        )
        return M, c

    return matrices


@pytest.mark.equation("16.1", by="the cart and pole's Lagrangian by hand")
def test_the_equation_of_motion():
    """MuJoCo's accelerations solve the equation with a mass matrix and forces made by hand."""
    import mujoco

    world = make("InvertedPendulum-v5").unwrapped
    world.reset(seed=0)
    matrices = cart_pole(world)
    for q0, q1, v0, v1, force in np.random.default_rng(0).uniform(-0.7, 0.7, (10, 5)):
        q, v = np.array([q0, q1]), np.array([v0, v1])
        world.set_state(q, v)
        world.data.ctrl[:] = force
        mujoco.mj_forward(world.model, world.data)
        M, c = matrices(q, v)
        pushed = np.array([100 * force, 0]) - v  # the gear, and a damping of 1
        np.testing.assert_allclose(M @ world.data.qacc + c, pushed, atol=1e-9)


@pytest.mark.equation("16.2", by="the matrix exponential of the equation by hand")
def test_the_linear_system():
    """Central differences through MuJoCo give the exponential of the linearized Lagrangian."""
    env = make("InvertedPendulum-v5")
    env.reset(seed=0)
    A, B = linearize(transition(env), np.zeros(4), np.zeros(1))
    M, c = cart_pole(env.unwrapped)(np.zeros(2), np.zeros(2))
    slope = (cart_pole(env.unwrapped)(np.array([0, 1e-6]), np.zeros(2))[1] - c) / 1e-6
    flow = np.zeros((5, 5))
    flow[:2, 2:4] = np.eye(2)
    flow[2:4, 1] = np.linalg.solve(M, -slope)
    flow[2:4, 2:4] = -np.linalg.inv(M)
    flow[2:4, 4] = np.linalg.solve(M, [100, 0])
    step = expm(0.04 * flow)
    np.testing.assert_allclose(A, step[:4, :4], atol=2e-5)
    np.testing.assert_allclose(B, step[:4, 4:], atol=2e-5)


@pytest.mark.equation("16.3", by="finite differences of the acting policy")
def test_the_gain_of_an_actor():
    """Autograd's gain is minus the central difference of the actions that the stack takes."""
    agent = recorded("inverted_pendulum").agent()
    rng = np.random.default_rng(1)
    s, h = 0.02 * rng.normal(size=(agent.n, 4)), 1e-2
    around = np.concatenate([s[:, None] + h * np.eye(4), s[:, None] - h * np.eye(4)], axis=1)
    actions = agent.act(around)[..., 0].astype(float)
    expected = -(actions[:, :4] - actions[:, 4:]) / (2 * h)
    got = actor_gain(agent, s)[:, 0]
    assert np.abs(got - expected).max() < 0.06 * np.abs(got).max()


@pytest.mark.equation("16.4", by="MuJoCo itself, from a very small push")
def test_the_closed_loop():
    """The push shrinks under LQR's gain, and flips and grows under four times that gain."""
    env = make("InvertedPendulum-v5")
    env.reset(seed=0)
    f = transition(env)
    start = np.zeros(4)
    for _ in range(50):  # the pole leans a little at rest: Newton's way to the state that stays
        A, B = linearize(f, start, np.zeros(1))
        start = start - np.linalg.pinv(A - np.eye(4)) @ (f(start, np.zeros(1)) - start)
    gain = LQR(A, B, np.diag([1.0, 1.0, 0.0, 0.0]), [[1e-2]]).K
    for factor, grows in ((1, False), (4, True)):
        K = factor * gain
        closed = A - B @ K
        s = push = start + 1e-7 * np.array([1.0, 1.0, 0, 0])
        for _ in range(12):
            s = f(s, -K @ (s - start))
        expected = np.linalg.matrix_power(closed, 12) @ (push - start)
        np.testing.assert_allclose(s - start, expected, atol=2e-2 * np.abs(expected).max())
        assert (spectral_radius(closed) > 1) == grows
    assert np.linalg.eigvals(closed).real.min() < -1


@pytest.mark.equation("16.5", by="discounted rewards of episodes that go on")
def test_the_critic_sees_no_limit():
    """A policy that never falls is worth 1 / (1 - gamma), less the share that is cut off."""
    agent = recorded("inverted_pendulum").agent(which=[0])
    seen = look_inside(agent, "InvertedPendulum-v5", episodes=1)
    left = np.arange(1459, 459, -1)  # steps that are summed from each of the 1,000
    assert seen["length"] == 1000
    assert seen["monte_carlo"] == pytest.approx(np.mean((1 - 0.99**left) / 0.01), rel=1e-6)


@pytest.mark.equation("16a.1", by="the arm's geometry by hand")
def test_the_reward_of_the_reacher():
    """Each reward is minus the distance after the step, minus the squared actions."""
    env = make("Reacher-v5")
    env.reset(seed=2)
    for action in np.random.default_rng(2).uniform(-1, 1, (50, 2)).astype(np.float32):
        obs, reward, *_ = env.step(action)
        q, _, target = read(obs)
        expected = -np.linalg.norm(fingertip(q) - target) - (action.astype(float) ** 2).sum()
        assert reward == pytest.approx(expected, abs=1e-5)  # float32 squares


@pytest.mark.equation("16a.2", by="MuJoCo, 50 random steps")
def test_the_joints_are_axles():
    """The angles follow the linear map of the actions to a few hundredths of a radian."""
    env = make("Reacher-v5")
    assert env.unwrapped.dt == pytest.approx(DT)
    obs, _ = env.reset(seed=3)
    q, velocity, _ = read(obs)
    actions = np.random.default_rng(3).uniform(-0.2, 0.2, (50, 2))
    seen = []
    for action in actions:
        env.step(action.astype(np.float32))
        seen.append(env.unwrapped.data.qpos[:2].copy())
    free, driven = joint_map(50)
    expected = free[:, :1] * q + free[:, 1:] * velocity + driven @ actions
    assert np.abs(expected[:, 1]).max() < 3, "the elbow hit its limit: choose other actions"
    np.testing.assert_allclose(seen, expected, atol=0.05)


@pytest.mark.equation("16a.3", by="the arm's forward kinematics")
def test_inverse_kinematics():
    """Both postures bring the fingertip to the target, and they differ in the elbow's side."""
    rng = np.random.default_rng(4)
    target = rng.uniform(-1, 1, (200, 2))
    target *= (rng.uniform(0.02, 0.2, 200) / np.linalg.norm(target, axis=1))[:, None]
    both = postures(target)
    np.testing.assert_allclose(fingertip(both), np.repeat(target[:, None], 2, 1), atol=1e-9)
    assert (both[:, 0, 1] > 0).all()
    np.testing.assert_allclose(both[:, 1, 1], -both[:, 0, 1])


@pytest.mark.equation("16a.4", by="eigenvalues of the closed loop")
def test_gains_for_a_double_root():
    """With these gains the joint's closed loop has the rate twice, and does not oscillate."""
    for rate in (3.0, 8.0, 20.0):
        kp, kd = pd_gains(rate)
        roots = np.linalg.eigvals([[0, 1], [-200 * kp, -1 - 200 * kd]])
        np.testing.assert_allclose(roots, -rate, rtol=1e-6)


@pytest.mark.equation("16b.1", by="the cheetah's place before and after")
def test_a_return_is_a_distance():
    """An episode's return is the distance over dt, less a tenth of all squared actions."""
    env = make("HalfCheetah-v5")
    _, info = env.reset(seed=5)
    first, total, effort = info["x_position"], 0.0, 0.0
    for action in np.random.default_rng(5).uniform(-1, 1, (200, 6)).astype(np.float32):
        _, reward, _, _, info = env.step(action)
        total += float(reward)
        effort += (action.astype(float) ** 2).sum()
    assert total == pytest.approx((info["x_position"] - first) / 0.05 - 0.1 * effort, rel=1e-6)


@pytest.mark.equation("16b.2", by="MuJoCo's own forces at that speed")
def test_where_the_damper_takes_all_that_the_motor_gives():
    """At 20 rad/s the passive force of the back thigh, its spring at rest, is minus 120 N m."""
    import mujoco

    world = make("HalfCheetah-v5").unwrapped
    world.reset(seed=0)
    joint, gear = world.model.joint("bthigh"), world.model.actuator("bthigh").gear[0]
    speed = gear / world.model.dof_damping[joint.dofadr[0]]
    assert speed == pytest.approx(20)
    q, v = np.zeros(9), np.zeros(9)
    v[joint.dofadr[0]] = speed
    world.set_state(q, v)
    mujoco.mj_forward(world.model, world.data)
    assert world.data.qfrc_passive[joint.dofadr[0]] == pytest.approx(-gear)
