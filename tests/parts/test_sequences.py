"""Replay of sequences against a plain list of what was lived."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ddpg_lib.parts.sequences import SequenceReplay

UNITS = 2


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def buffer(length, capacity, stored=True, agents=2):
    return SequenceReplay(length, UNITS, stored, capacity, 2, 1, rngs(*range(agents)))


def live(replay, steps, chance_of_end=0.2, seed=0):
    """Fill a buffer with steps that tell their time; return what each agent lived."""
    rng = np.random.default_rng(seed)
    n, lived = replay.n, []
    first, last_action = np.ones(n, bool), np.zeros((n, 1), np.float32)
    for t in range(steps):
        who = np.arange(n, dtype=np.float32)
        obs = np.stack([t + 0 * who, who], axis=1)
        action = rng.uniform(-1, 1, (n, 1)).astype(np.float32)
        reward = (t + 100 * who).astype(np.float32)
        next_obs = np.stack([t + 0.5 + 0 * who, who], axis=1)
        ended = rng.random(n) < chance_of_end
        truncated = ended & (rng.random(n) < 0.5)
        states = torch.full((n, UNITS), float(t)), torch.full((n, UNITS), float(-t))
        lived.append(
            {
                "obs": obs, "last_action": last_action, "begins": first, "action": action,
                "reward": reward, "next_obs": next_obs, "terminated": ended & ~truncated,
            }
        )  # fmt: skip
        replay.add_states(*states)
        replay.add(obs, action, reward, next_obs, ended & ~truncated, truncated)
        first, last_action = ended, np.where(ended[:, None], 0, action).astype(np.float32)
    return lived


@settings(deadline=None, max_examples=40)
@given(
    length=st.integers(1, 6), more=st.integers(0, 8), steps=st.integers(6, 40),
    chance=st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_a_sequence_is_what_was_lived_in_its_order(length, more, steps, chance):
    replay = buffer(length, length + more)
    lived = live(replay, steps, chance)
    found = replay.sample(20)
    for i in range(2):
        for j in range(20):
            start = int(found.obs[i, j, 0, 0])
            assert steps - len(replay) <= start <= steps - length
            for name in lived[0]:
                right = np.stack([lived[start + k][name][i] for k in range(length)])
                np.testing.assert_array_equal(getattr(found, name)[i, j], right.astype(np.float32))
            assert (found.actor_state[i, j] == start).all()
            assert (found.critic_state[i, j] == -start).all()


def test_every_start_is_as_likely_as_the_others():
    replay = buffer(3, 10)
    live(replay, 25)  # the ring holds 15 to 24
    starts = replay.sample(8_000).obs[:, :, 0, 0].numpy()
    values, counts = np.unique(starts, return_counts=True)
    np.testing.assert_array_equal(values, range(15, 23))
    np.testing.assert_allclose(counts / counts.sum(), 1 / 8, atol=0.015)


def test_without_stored_states_the_memory_begins_empty():
    replay = buffer(3, 20, stored=False)
    live(replay, 20)
    found = replay.sample(5)
    assert (found.actor_state == 0).all()
    assert (found.critic_state == 0).all()


def test_an_episode_that_broke_off_is_followed_by_a_new_one():
    replay = buffer(2, 10)
    live(replay, 1, chance_of_end=0.0)
    replay.end_episodes(np.array([True, False]))
    np.testing.assert_array_equal(replay.begins, [True, False])
    assert replay.last_action[0] == 0
    assert replay.last_action[1] != 0


def test_what_cannot_work_is_refused():
    with pytest.raises(ValueError, match="at most the buffer's 4, got 5"):
        buffer(5, 4)
    with pytest.raises(ValueError, match="at least 1 step"):
        buffer(0, 4)
    replay = buffer(3, 4)
    with pytest.raises(ValueError, match="holds 0 steps and a sequence has 3"):
        replay.sample(1)
    one = np.zeros((2, 1))
    with pytest.raises(ValueError, match="give truncated"):
        replay.add(np.zeros((2, 2)), one, one, np.zeros((2, 2)), one)


@settings(deadline=None, max_examples=20)
@given(before=st.integers(0, 20), after=st.integers(5, 20))
def test_a_saved_buffer_continues_as_if_it_had_never_stopped(before, after):
    through, stopped = buffer(3, 12), buffer(3, 12)
    live(through, before)
    stopped.load_state_dict(copy.deepcopy(through.state_dict()))
    for replay in (through, stopped):
        live(replay, after, seed=1)
    for mine, theirs in zip(through.sample(9), stopped.sample(9), strict=True):
        assert torch.equal(mine, theirs)
    with pytest.raises(ValueError, match="another"):
        buffer(3, 4).load_state_dict(through.state_dict())
