"""Overestimation's closed forms and its measurement."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from ddpg_lib import recipe, train
from ddpg_lib.chapters.ch05.compass import from_replay, pendulum_value
from ddpg_lib.chapters.ch05.overestimation import (
    Gaps,
    PaidPendulum,
    Smoothed,
    Worthless,
    best_of_uniform,
    nothing,
    pendulum_truth,
    winners,
)


def test_one_action_promises_nothing():
    assert best_of_uniform(1, 3.0) == 0
    assert best_of_uniform(2, 3.0) == pytest.approx(1.0)


def test_winners_by_a_fine_grid():
    a = np.linspace(-3, 3, 60_001)
    for e in (-1.2, 0.5):
        critic = -0.75 * a**2 + e * a
        best = critic.argmax()
        believed, true = winners(1.5, np.array([e]))
        assert believed[0] == pytest.approx(critic[best], abs=1e-6)
        assert true[0] == pytest.approx(-0.75 * a[best] ** 2, abs=1e-4)
    with pytest.raises(ValueError, match="positive"):
        winners(0.0, np.ones(2))


def small(**changes):
    return recipe(
        "pendulum", hidden=(8,), batch_size=16, warmup_steps=40, steps=60, eval_every=20,
        eval_episodes=1, gamma=0.9, **changes,
    )  # fmt: skip


@pytest.mark.parametrize(("env", "pay"), [("Pendulum-v1", 0), (PaidPendulum, 8)])
def test_the_gap_is_the_critics_value_less_the_simulated_one(env, pay):
    gaps = Gaps(pendulum_truth(pay), count=10)
    run = train(env, small(), (0, 1), progress=False, on_evaluation=gaps)
    assert gaps.steps == [60]
    obs = from_replay(run.agent, 10, seed=60).numpy()
    own = run.agent.act(obs)
    true = pendulum_value(run.agent, obs, own, tolerance=10) + 10 * pay
    expected = run.agent.q(obs) - true
    np.testing.assert_allclose(gaps.chosen[0], expected.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(gaps.by_choice[0], gaps.chosen[0] - gaps.other[0])


def test_pay_is_added_to_every_reward():
    envs = gym.make("Pendulum-v1"), PaidPendulum()
    for env in envs:
        env.reset(seed=1)
    plain, paid = (env.step(np.array([0.5], np.float32))[1] for env in envs)
    assert paid == pytest.approx(plain + 8)


def test_nothing_matters_in_the_worthless_world():
    check_env(Worthless(3), skip_render_check=True)
    env, total, cut = Worthless(2), [], 0
    env.reset(seed=0)
    for t in range(1, 4_001):
        obs, reward, terminated, truncated, _ = env.step(np.array([1.0, -1.0]))
        assert not terminated
        assert np.abs(obs).max() <= 1
        assert truncated == (t % 20 == 0)
        total.append(reward)
        if truncated:
            env.reset()
            cut += 1
    assert abs(np.mean(total)) < 5 / np.sqrt(4_000)
    assert np.std(total) == pytest.approx(1, abs=0.06)
    assert cut == 200
    obs = np.zeros((2, 5, 2))
    np.testing.assert_array_equal(nothing(None, obs, obs), np.zeros((2, 5)))


def test_smoothed_targets_are_those_of_blurred_actions():
    """On a critic that is linear in the action the mean target is the plain one."""
    agent = Smoothed(2, [-1.0], [1.0], small(), (0,))
    rng = np.random.default_rng(0)
    for _ in range(50):
        agent.remember(rng.normal(size=(1, 2)), np.zeros((1, 1)), np.zeros(1), np.zeros((1, 2)), 0)

    def linear(obs, action):
        return 3 * action[..., 0] + 0 * obs[..., 0]

    agent.critic_target = linear
    agent.actor_target = lambda obs: torch.full((*obs.shape[:-1], 1), 0.4)
    batch = agent.replay.sample(40_000)
    _, target = agent.q_and_target(batch)
    blurred = target / 0.9 / 3
    assert blurred.mean().item() == pytest.approx(0.4, abs=0.01)
    assert blurred.std().item() == pytest.approx(0.2, abs=0.01)
    assert blurred.max().item() <= 0.9 + 1e-6
