"""Matheron's line, and many agents on it: against walks by hand and Gymnasium's checker."""

import numpy as np
import pytest
import torch

from ddpg_lib import recipe
from ddpg_lib.chapters.ch05.deadlock import (
    LIMIT,
    Lives,
    with_noise,
    with_random_actions,
    with_teacher,
)
from ddpg_lib.chapters.ch05.line import MAX_STEP

SMALL = recipe("default", hidden=(8,), batch_size=20, buffer_size=500, actor_lr=1e-2)


def test_lives_by_hand():
    """A teacher earns a reward in each step, and every episode is one step long."""
    lives = Lives(SMALL, (0, 1))
    lives.live(with_teacher, 30)
    np.testing.assert_array_equal(lives.rewards, [30, 30])
    np.testing.assert_array_equal(lives.first, [0, 0])
    assert lives.steps == [1, 30]
    np.testing.assert_array_equal(lives.s, 0)
    rows = lives.agent.replay.rows[:, :30]
    np.testing.assert_allclose(rows[..., 1], -1)  # scaled action
    assert lives.agent.updates == 0  # none in the first 50 steps


def test_episodes_end_at_the_limit():
    lives = Lives(SMALL, (0, 1))
    lives.live(lambda agent, s, chance: np.full_like(s, 0.01), LIMIT - 1)
    np.testing.assert_allclose(lives.s, 0.01 * (LIMIT - 1))
    lives.live(lambda agent, s, chance: np.full_like(s, 0.01), 1)
    np.testing.assert_array_equal(lives.s, 0)
    assert (lives.rewards == 0).all()
    assert np.isinf(lives.first).all()


def test_random_actions_come_with_probability_one_tenth():
    lives = Lives(SMALL, range(50))
    chance = np.random.default_rng(0).random((50, 2))
    own = lives.agent.act(lives.s)
    action = with_random_actions(lives.agent, lives.s, chance)
    lucky = chance[:, 0] < 0.1
    assert 0 < lucky.sum() < 20
    np.testing.assert_array_equal(action[~lucky], own[~lucky])
    np.testing.assert_allclose(action[lucky, 0], MAX_STEP * (2 * chance[lucky, 1] - 1))


@pytest.mark.parametrize(("bias", "wins"), [(-3.0, True), (3.0, False)])
def test_success_is_a_step_out_of_the_left_end(bias, wins):
    lives = Lives(SMALL, (0, 1))
    with torch.no_grad():
        lives.agent.actor.layers[-1].bias += bias
    assert (lives.succeeds() == wins).all()


def test_gathered_agents_live_on_as_they_would_have():
    """The agents of two stacks, put together, learn what they learn when they stay."""
    one, two = Lives(SMALL, (0, 1, 2)), Lives(SMALL, (5, 6))
    for lives in (one, two):
        lives.live(with_random_actions, 80)
    few = Lives.gather([(one, np.array([2])), (two, np.array([0, 1]))])
    for lives in (one, two, few):
        lives.live(with_random_actions, 40)
    places = [(one, 2), (two, 0), (two, 1)]
    for k, (lives, i) in enumerate(places):
        for a, b in zip(
            few.agent.critic.parameters(), lives.agent.critic.parameters(), strict=True
        ):
            assert torch.allclose(a[k], b[i], atol=1e-5)
        assert few.rewards[k] == lives.rewards[i]
        assert few.s[k] == pytest.approx(lives.s[i], abs=1e-5)


def test_stacks_of_another_age_are_refused():
    one, two = Lives(SMALL, (0,)), Lives(SMALL, (1,))
    one.live(with_noise, 3)
    with pytest.raises(ValueError, match="one age"):
        Lives.gather([(one, np.array([0])), (two, np.array([0]))])
