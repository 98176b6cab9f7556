"""What chapter 4's dissection of critics reports, against direct calculations."""

import numpy as np
import pytest

from ddpg_lib import recipe, train
from ddpg_lib.chapters.ch04.dissection import MODEL, Dissection, ErrorMaps, policies_of
from ddpg_lib.worlds.pendulum.values import pendulum_action_value


@pytest.fixture(scope="module")
def trained():
    config = recipe(
        "pendulum", steps=300, warmup_steps=100, eval_every=300, eval_episodes=1, gamma=0.9
    )
    look = Dissection(config.gamma, agents=2, pairs=5)
    run = train("Pendulum-v1", config, seeds=range(2), progress=False, on_evaluation=look)
    return run, look


def test_values_and_slopes_by_hand(trained):
    run, look = trained
    agent = run.agent
    assert look.steps == [0, 300]
    obs = MODEL.observation(look.theta, look.theta_dot)
    np.testing.assert_allclose(look.believed[-1], agent.q(obs, look.torque[..., None]), rtol=1e-5)

    def played(torque):
        states = look.theta, look.theta_dot
        return pendulum_action_value(policies_of(agent), *states, torque, gamma=0.9, tolerance=1e-6)

    np.testing.assert_allclose(look.earned[-1], played(look.torque), atol=8.0)
    own = policies_of(agent)(0, obs)
    up, down = np.minimum(own + 0.1, 2), np.maximum(own - 0.1, -2)
    slope = (played(up) - played(down)) / (up - down)
    # Both are broken off: what follows is nearly the same above and below.
    np.testing.assert_allclose(look.true_slope[-1], slope, atol=0.5)
    learned = (agent.q(obs, up[..., None]) - agent.q(obs, down[..., None])) / (up - down)
    np.testing.assert_allclose(look.learned_slope[-1], learned, atol=1e-2)
    assert (look.best >= look.earned[-1] - 5).all()


def test_maps(trained):
    run, _ = trained
    maps = ErrorMaps(run.agent, angles=12)
    shape = (2, *maps.cells.shape)
    assert maps.critic.shape == maps.shortfall.shape == maps.visits.shape == shape
    np.testing.assert_array_equal(maps.visits.sum(axis=(1, 2)), 300)
    theta, speed = maps.cells.theta[3], maps.cells.theta_dot[2]
    value = pendulum_action_value(
        policies_of(run.agent), *np.full((2, 2, 1), [[[theta]], [[speed]]]).reshape(2, 2, 1),
        gamma=0.9, tolerance=0.01,
    )  # fmt: skip
    belief = run.agent.q(MODEL.observation(np.full((2, 1), theta), np.full((2, 1), speed)))
    np.testing.assert_allclose(maps.critic[:, 3, 2], (belief - value)[:, 0], atol=10.1)


def test_steepness_closes_the_circle_and_not_the_speed(trained):
    run, _ = trained
    maps = ErrorMaps(run.agent, angles=12)
    earned = pendulum_action_value(
        policies_of(run.agent),
        *(
            np.broadcast_to(z, maps.critic.shape)
            for z in np.meshgrid(maps.cells.theta, maps.cells.theta_dot, indexing="ij")
        ),
        gamma=0.9,
        tolerance=10.0,
    )
    near = earned[1][np.ix_([-1, 0, 1], [0, 1])]
    assert maps.steepness[1, 0, 0] == pytest.approx(near.max() - near.min())


def test_groups(trained):
    run, _ = trained
    maps = ErrorMaps(run.agent, angles=12)
    maps.critic = np.zeros_like(maps.critic)
    maps.critic[:, :6] = 2.0  # half of the cells: the rest is 1 everywhere
    quantity = np.zeros_like(maps.critic)
    quantity[:, :, 0] = 5
    groups = maps.size_by(quantity, (0, 1, 3))
    assert list(groups) == ["0 to 1", "1 to 3", "3 and more"]
    assert groups["3 and more"][0] == pytest.approx(1 / maps.cells.shape[1])
    np.testing.assert_allclose(groups["0 to 1"][1], 1)
