"""The ring buffer against a plain Python list."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ddpg_lib import ReplayBuffer


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def transition(t, agents=2):
    """A transition that carries its time and its agent in every field."""
    i = np.arange(agents)
    return (
        np.stack([t + 0.0 * i, i, -i], 1),
        np.stack([t / 100 + i, i], 1),
        t + 1000.0 * i,
        np.stack([t + 1.0 + 0 * i, i, i], 1),
        (t % 3 == 0) & (i == 1),
    )


@settings(deadline=None, max_examples=40)
@given(capacity=st.integers(1, 12), added=st.integers(1, 40), batch=st.integers(1, 30))
def test_samples_are_whole_transitions_among_the_newest(capacity, added, batch):
    buffer = ReplayBuffer(capacity, 3, 2, rngs(0, 1))
    for t in range(added):
        buffer.add(*transition(t))
    assert len(buffer) == min(added, capacity)
    sample = buffer.sample(batch)
    for i in range(2):
        for j in range(batch):
            t = int(sample.obs[i, j, 0])
            assert added - capacity <= t < added
            for field, whole in zip(sample_fields(sample), transition(t), strict=True):
                expected = np.asarray(whole, np.float32)[i]
                np.testing.assert_array_equal(field[i, j].numpy(), expected)


def sample_fields(sample):
    return sample.obs, sample.action, sample.reward, sample.next_obs, sample.terminated


@settings(deadline=None, max_examples=40)
@given(capacity=st.integers(1, 12), before=st.integers(0, 30), after=st.integers(1, 30))
def test_a_saved_buffer_continues_as_if_it_had_never_stopped(capacity, before, after):
    through, stopped = (ReplayBuffer(capacity, 3, 2, rngs(0, 1)) for _ in range(2))
    for t in range(before):
        through.add(*transition(t))
    through.rngs[0].random(before)  # somewhere in its stream
    stopped.load_state_dict(copy.deepcopy(through.state_dict()))
    for t in range(before, before + after):
        through.add(*transition(t))
        stopped.add(*transition(t))
    for x, y in zip(through.sample(9), stopped.sample(9), strict=True):
        assert torch.equal(x, y)


def test_sampling_is_uniform():
    buffer = ReplayBuffer(10, 3, 2, rngs(0, 1))
    for t in range(25):
        buffer.add(*transition(t))
    draws = buffer.sample(20_000).obs[..., 0].numpy()
    for agent in draws:
        counts = np.array([(agent == t).sum() for t in range(15, 25)])
        # Chi-squared with 9 degrees of freedom exceeds 27.9 once in a thousand.
        assert ((counts - 2000) ** 2 / 2000).sum() < 27.9


def test_agents_draw_independently_and_as_when_alone():
    stack, alone = ReplayBuffer(50, 3, 2, rngs(4, 5)), ReplayBuffer(50, 3, 2, rngs(5))
    for t in range(50):
        fields = transition(t)
        stack.add(*fields)
        alone.add(*(np.asarray(x)[1:] for x in fields))
    a, b = stack.sample(64), alone.sample(64)
    assert torch.equal(a.obs[1:], b.obs)
    assert not torch.equal(a.obs[0, :, 0], a.obs[1, :, 0])


def test_memory_is_one_float32_row_a_transition():
    buffer = ReplayBuffer(1000, 17, 6, rngs(0))
    assert buffer.rows.nbytes == 1000 * (17 + 6 + 1 + 1 + 17) * 4


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="capacity"):
        ReplayBuffer(0, 3, 2, rngs(0))
    buffer = ReplayBuffer(5, 3, 2, rngs(0))
    with pytest.raises(ValueError, match="empty"):
        buffer.sample(1)
    obs, action = np.zeros((1, 3)), np.zeros((1, 2))
    with pytest.raises(ValueError, match="numbers an agent"):
        buffer.add(obs, np.zeros((1, 3)), [0.0], obs, [False])
    with pytest.raises(ValueError, match="numbers an agent"):
        buffer.add(obs, action, [0.0, 1.0], obs, [False])
    assert len(buffer) == 0
