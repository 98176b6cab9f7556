"""Three faults of a buffer, and the two measurements that find them."""

import numpy as np
import pytest

from ddpg_lib import DDPG, train
from ddpg_lib.chapters.ch06.faults import (
    FAULTS,
    LatestOnly,
    StoredAfterReset,
    drawn_ages,
    fault_of,
    mystery,
    seams,
)
from ddpg_lib.parts.replay import ReplayBuffer

TINY = {"steps": 650, "warmup_steps": 600, "eval_every": 650, "eval_episodes": 1, "progress": False}


@pytest.fixture(scope="module")
def runs():
    kinds = {"none": DDPG, "newest": LatestOnly, "reset": StoredAfterReset}
    return {
        name: train("Pendulum-v1", "pendulum", [3, 4], agent=agent, **TINY).agent.replay
        for name, agent in kinds.items()
    }


def test_the_newest_are_drawn_and_all_are_held(runs):
    for name, oldest in (("none", 550), ("newest", 63), ("reset", 550)):
        ages = drawn_ages(runs[name], 64)
        assert ages.shape == (2, 20 * 64)
        assert (ages.max(axis=1) >= oldest).all()
        if name == "newest":
            assert sorted(set(ages[0])) == list(range(64))
            assert len(runs[name]) == 650


def test_what_is_stored_after_the_reset_is_the_next_start(runs):
    right, late = (runs[name].rows[:, : len(runs[name])].numpy() for name in ("none", "reset"))
    assert runs["reset"].count == 649, "the last one has no next state yet"
    # During the warm-up both have the same world, so they differ in the ends' next states alone.
    differ = (right[:, :600] != late[:, :600]).any(axis=-1)
    assert np.flatnonzero(differ[0]).tolist() == [199, 399, 599]
    np.testing.assert_array_equal(late[:, 199, 5:8], right[:, 200, :3])


def test_a_right_buffer_has_a_gap_at_each_end_and_no_long_jump(runs):
    gap, jump = seams(runs["none"])
    assert np.flatnonzero(gap[0]).tolist() == [199, 399, 599]
    # In a step of 0.05 s the speed changes by 1.05 at most, and the angle by 0.4.
    assert jump.max() < 1.2
    gap, jump = seams(runs["reset"])
    assert gap.max() == 0
    assert jump.max() > 1.5


def test_seams_in_the_order_of_time():
    ring = ReplayBuffer(5, 1, 1, [np.random.default_rng(0)])
    for t in range(8):  # rows begin again after five
        ring.add([[10.0 * t]], [[0.0]], [0.0], [[10.0 * t + 3]], [0.0])
    gap, jump = seams(ring)
    assert gap.tolist() == [[7.0] * 4]
    assert jump.tolist() == [[3.0] * 5]


def test_ages_of_what_is_drawn_from_a_ring_that_began_again():
    ring = ReplayBuffer(5, 1, 1, [np.random.default_rng(0)])
    for t in range(8):
        ring.add([[float(t)]], [[0.0]], [0.0], [[0.0]], [0.0])
    seen = {}
    for age, t in zip(drawn_ages(ring, 100, 1)[0], range(100), strict=True):
        seen[age] = t
    assert sorted(seen) == [0, 1, 2, 3, 4]
    ring.rngs[0] = np.random.default_rng(1)
    ages = drawn_ages(ring, 50, 1)[0]
    ring.rngs[0] = np.random.default_rng(1)
    assert (7 - ring.sample(50).obs[0, :, 0].numpy() == ages).all()


def test_each_letter_stands_for_another_fault():
    assert sorted(map(fault_of, "ABCDE")) == sorted(FAULTS)
    with pytest.raises(ValueError, match="the letters are A, B, C, D and E, got 'F'"):
        mystery("F")


def test_each_mystery_shows_its_fault():
    for letter in "ABCDE":
        replay, fault = mystery(letter), fault_of(letter)
        gap, jump = seams(replay)
        oldest = drawn_ages(replay, 64).max()
        assert replay.count == 1_200
        assert (oldest < 64) == (fault == "newest only")
        assert (64 <= oldest < 250) == (fault == "tiny ring")
        assert (jump.max() > 1.5) == (fault == "stored after the reset")
        assert ((gap > 0).sum() == 0) == (fault == "stored after the reset")
        assert (jump.max() == 0) == (fault == "no copy")
