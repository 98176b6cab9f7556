"""Critics that learn without an actor, and data stored right and wrong."""

import numpy as np
import torch

from ddpg_lib import Batch
from ddpg_lib.chapters.ch04.critics import (
    RegulatorData,
    RegulatorErrors,
    fresh_critics,
    learn_critics,
    rms,
    td_errors,
)
from ddpg_lib.chapters.ch04.free_swing import GAMMA, FreeSwing, Way, swing
from ddpg_lib.worlds.lqr import LQR
from ddpg_lib.worlds.pendulum.model import PendulumModel

LQR1 = LQR([[0.8]], [[0.2]], Q=[[1.0]], R=[[0.3]], gamma=0.9)


def ending(reward=2.0, n=2, batch=8):
    """A batch that ends with the same reward everywhere: all values are that reward."""
    zeros, ones = torch.zeros(n, batch), torch.ones(n, batch)
    inputs = torch.linspace(-1, 1, batch).expand(n, batch)[..., None]
    return Batch(inputs, inputs, reward * ones, inputs, ones, 0.9 * ones), zeros


def test_where_everything_ends_the_reward_is_learned():
    batch, zeros = ending()
    seen = []
    critic = fresh_critics(2, 1, (8,))
    options = {"updates": 300, "tau": 0.5, "lr": 0.05}
    policy = lambda s: torch.zeros_like(s)  # noqa: E731
    learned = learn_critics(
        critic, lambda: batch, policy, watch=lambda k, c: seen.append(k), **options
    )
    assert learned is critic
    assert seen == list(range(301))
    with torch.no_grad():
        np.testing.assert_allclose(critic(batch.obs, batch.action), 2 + zeros, atol=0.05)
    assert np.abs(td_errors(critic, batch, policy)).max() < 0.05


def test_the_target_follows_the_rewards_of_the_future():
    # One state for ever with reward 1: the value is 1 / (1 - gamma) = 10.
    batch, _ = ending(reward=1.0)
    batch = batch._replace(terminated=torch.zeros_like(batch.reward))
    critic = fresh_critics(2, 1, (8,))
    policy = lambda s: s  # noqa: E731
    learn_critics(critic, lambda: batch, policy, updates=2000, tau=0.2, lr=0.05)
    with torch.no_grad():
        np.testing.assert_allclose(critic(batch.obs, batch.action), 10, atol=0.3)


def test_agents_do_not_depend_on_their_neighbors():
    alone, together = fresh_critics(1, 3), fresh_critics(5, 3)
    for a, b in zip(alone.parameters(), together.parameters(), strict=True):
        np.testing.assert_array_equal(a[0].detach(), b[0].detach())
    one, two = RegulatorData(LQR1, 1, 4)(), RegulatorData(LQR1, 2, 4)()
    np.testing.assert_array_equal(one.obs[0], two.obs[0])
    np.testing.assert_allclose(two.next_obs, 0.8 * two.obs + 0.2 * two.action, atol=1e-6)
    reward = -(two.obs**2 + 0.3 * two.action**2)[..., 0]
    np.testing.assert_allclose(two.reward, reward, atol=1e-6)


def test_errors_of_the_regulator():
    errors = RegulatorErrors(LQR1, np.array([LQR1.K.item(), -0.5]))
    assert errors.own.shape == (2, 441)
    np.testing.assert_allclose(errors.own[0], errors.best[0])

    def zero(s, a):
        return torch.zeros(s.shape[:-1])

    errors(0, zero)
    errors(20, zero)
    errors(50, zero)
    assert errors.steps == [0, 50]
    np.testing.assert_allclose(errors.to_own[1], rms(errors.own))
    np.testing.assert_allclose(errors.to_best[1], rms(errors.best))


def test_rms():
    np.testing.assert_allclose(rms(np.array([[3.0, 4.0], [0.0, 2.0]])), [12.5**0.5, 2**0.5])


def test_the_swing_is_the_pendulum():
    data, model = swing(25, 3, size=1000), PendulumModel()
    theta, speed = model.state(data["obs"])
    after = model.step(theta, speed, 2 * data["action"])
    np.testing.assert_allclose(data["reward"], after[2], atol=1e-4)
    # Observations have single precision.
    np.testing.assert_allclose(data["next_obs"], model.observation(*after[:2]), atol=1e-5)
    assert data["cut"].mean() == 1 / 25


def test_a_short_free_swing():
    ways = [Way(50, cut_is_end=False), Way(5, cut_is_end=True)]
    look = FreeSwing(ways, agents=2, updates=300, tests=200)
    assert look.learned.shape == (2, 2, 200)
    # Where nothing follows each fifth step, values are smaller in size.
    right, wrong = look.learned.mean(axis=(1, 2))
    assert right < 1.5 * wrong < 0
    # With no future each test's value is its own reward.
    reward = PendulumModel().reward(look.angle, look.speed, look.torque)
    np.testing.assert_allclose(look.exact(0.0), reward)
    assert look.exact().mean() < look.exact(GAMMA - 0.05).mean() < 0
