"""The buffer with windows, against the plain one and against plain lists."""

import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch06.recency import RecentReplay, age_distribution, expected_uses


def rngs(n):
    return [np.random.default_rng(i) for i in range(n)]


def filled(windows, capacity, added):
    replay = RecentReplay(windows, capacity, 1, 1, rngs(len(windows)))
    for t in range(added):
        x = np.full((len(windows), 1), float(t)) + 1000 * np.arange(len(windows))[:, None]
        replay.add(x, x, x[:, 0], x, np.zeros(len(windows)))
    return replay


def test_each_agent_sees_its_own_window_of_its_own_past():
    replay = filled([0, 3, 10], 10, 25)
    many = torch.cat([replay.sample(10).obs for _ in range(100)], dim=1)
    seen = many[..., 0].numpy() - 1000 * np.arange(3)[:, None]
    assert set(seen[1]) == {22, 23, 24}
    assert set(seen[2]) == set(range(15, 25))
    np.testing.assert_array_equal(replay.sample(4).obs[0, :, 0], [24, 23, 22, 21])


def test_a_window_larger_than_what_is_held_is_all_that_is_held():
    replay = filled([8], 10, 3)
    assert set(replay.sample(500).obs.flatten().tolist()) == {0, 1, 2}


def test_fields_stay_together():
    replay = filled([5, 5], 5, 9)
    batch = replay.at([[0, 4], [1, 1]])
    for field in (batch.action, batch.next_obs):
        assert torch.equal(field, batch.obs)
    assert torch.equal(batch.reward, batch.obs[..., 0])
    np.testing.assert_array_equal(batch.reward, [[8, 4], [1007, 1007]])


def test_one_row_of_ages_serves_all_agents():
    replay = filled([5, 5], 5, 9)
    np.testing.assert_array_equal(replay.at([2]).reward, [[6], [1006]])


def test_a_saved_buffer_continues():
    through, stopped = filled([0, 4], 6, 9), RecentReplay([0, 4], 6, 1, 1, rngs(2))
    stopped.load_state_dict(through.state_dict())
    assert torch.equal(through.sample(5).obs, stopped.sample(5).obs)


def test_ages_of_a_full_ring_are_uniform_and_of_a_growing_one_mostly_young():
    np.testing.assert_allclose(age_distribution(7, 100, 300), np.full(7, 1 / 7))
    growing = age_distribution(1000, 1, 1000)
    assert (np.diff(growing) < 0).all()
    assert growing.sum() == pytest.approx(1)


def test_uses_outside_of_the_updates_are_none():
    np.testing.assert_array_equal(expected_uses([1, 50], 5, 4, 10, 20), [0, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RecentReplay([1], 5, 1, 1, rngs(2)), "2 agents"),
        (lambda: RecentReplay([6], 5, 1, 1, rngs(1)), "capacity"),
        (lambda: RecentReplay([-1], 5, 1, 1, rngs(1)), "between 0"),
        (lambda: filled([5], 5, 0).sample(1), "empty"),
        (lambda: filled([0], 5, 3).sample(4), "without replay"),
        (lambda: filled([5], 5, 3).at([3]), "ages must lie"),
        (lambda: filled([5], 5, 3).at([-1]), "ages must lie"),
        (lambda: age_distribution(0, 1), "capacity"),
        (lambda: age_distribution(5, 0), "first"),
        (lambda: age_distribution(5, 6, 5), "last"),
        (lambda: expected_uses([0], 5, 4, 1, 9), "from 1"),
        (lambda: expected_uses([1], 5, 0, 1, 9), "at least 1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
