"""The frame replay against observations kept whole, one list an agent."""

import copy

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ddpg_lib.parts.frames import FrameReplay, ShiftedReplay, shifted


def rngs(n=2):
    return [np.random.default_rng(i) for i in range(n)]


class Film:
    """One agent's life in pictures: every frame is unlike every other, stacks kept whole."""

    def __init__(self, agent, stack, shape):
        self.agent, self.stack, self.shape, self.number = agent, stack, shape, 0
        self.begin()

    def frame(self):
        self.number += 1
        values = (self.number % 256, self.number // 256, self.agent)
        picture = np.zeros(self.shape, np.uint8)
        picture.reshape(-1)[:3] = values
        return picture

    def begin(self):
        self.obs = np.stack([self.frame()] * self.stack)

    def step(self, end):
        """The transition: s, a, r, s', d, truncated; and where its oldest frame was filmed."""
        obs = self.obs
        after = np.concatenate([obs[1:], self.frame()[None]])
        action = np.array([self.number / 1000, self.agent])
        transition = (obs, action, float(self.number), after, end == "d", end == "t")
        self.obs = after
        if end:
            self.begin()
        return transition


def feed(buffer, films, ends):
    """Every transition ever, by agent."""
    lives = [[] for _ in films]
    for row in ends:
        transitions = [film.step(end) for film, end in zip(films, row, strict=True)]
        for life, transition in zip(lives, transitions, strict=True):
            life.append(transition)
        buffer.add(
            *(np.stack([np.asarray(x) for x in field]) for field in zip(*transitions, strict=True))
        )
    return lives


def first_frame(transition):
    """The number of its oldest frame."""
    low, high = transition[0].reshape(len(transition[0]), -1)[0, :2]
    return int(low) + 256 * int(high)


def drawable(life, film, capacity):
    """Transitions whose frames are among the last ``capacity``, the newest unwritten one apart."""
    written = film.number - (life[-1][4] or life[-1][5])  # the next episode has not been added
    return [t for t in life if first_frame(t) > written - capacity]


ROW = st.tuples(*[st.sampled_from(["", "", "", "", "d", "t"])] * 2)


@settings(deadline=None, max_examples=60)
@given(
    stack=st.integers(1, 4),
    room=st.integers(1, 25),
    ends=st.lists(ROW, min_size=1, max_size=60),
)
def test_what_is_drawn_is_what_was_seen(stack, room, ends):
    shape, capacity = (2, 3), stack + room
    films = [Film(i, stack, shape) for i in range(2)]
    buffer = FrameReplay(capacity, shape, stack, 2, rngs())
    lives = feed(buffer, films, ends)
    kept = [drawable(life, film, capacity) for life, film in zip(lives, films, strict=True)]
    assert len(buffer) == min(map(len, kept))
    if len(buffer) == 0:
        return
    batch = buffer.sample(200)
    assert batch.obs.dtype == batch.next_obs.dtype == torch.uint8
    assert batch.obs.shape == (2, 200, stack, *shape)
    for i in range(2):
        whole = {t[2]: t for t in kept[i]}  # rewards number the transitions
        rewards = batch.reward[i].tolist()
        assert set(rewards) <= set(whole)
        if len(whole) <= 10:
            assert set(rewards) == set(whole)  # each of ten is missed once in a billion
        seen = zip(*(whole[reward] for reward in rewards), strict=True)
        obs, action, _, after, terminated, _ = map(np.array, seen)
        np.testing.assert_array_equal(batch.obs[i], obs)
        np.testing.assert_array_equal(batch.next_obs[i], after)
        np.testing.assert_allclose(batch.action[i], action, rtol=1e-6)
        np.testing.assert_array_equal(batch.terminated[i], terminated)


@pytest.mark.parametrize("shape", [(1, 32, 32), (84, 84), (3, 84, 84)])
def test_memory_is_at_most_a_twentieth_more_than_the_frames(shape):
    buffer = FrameReplay(1000, shape, 3, 6, rngs(2))
    arrays = [x for x in vars(buffer).values() if isinstance(x, np.ndarray | torch.Tensor)]
    held = sum(x.nbytes for x in arrays)
    frames = 2 * 1000 * int(np.prod(shape))
    assert buffer.frames.nbytes == frames
    assert held <= 1.05 * frames
    # Whatever the stack.
    deep = FrameReplay(1000, shape, 9, 6, rngs(2))
    assert sum(x.nbytes for x in vars(deep).values() if hasattr(x, "nbytes")) == held


def test_sampling_is_uniform_over_what_is_kept():
    films, ends = [Film(0, 3, (2, 3))], [("",), ("",), ("",), ("d",)] * 15
    buffer = FrameReplay(33, (2, 3), 3, 2, rngs(1))
    (life,) = feed(buffer, films, ends)
    kept = [t[2] for t in drawable(life, films[0], 33)]
    draws = buffer.sample(1000 * len(kept)).reward.numpy()
    counts = np.array([(draws == reward).sum() for reward in kept])
    # Chi-squared: mean k - 1, variance 2 (k - 1); five standard deviations.
    k = len(kept)
    assert 20 <= k <= 33
    assert ((counts - 1000) ** 2 / 1000).sum() < k - 1 + 5 * np.sqrt(2 * (k - 1))


def test_it_follows_gymnasiums_frame_stack():
    env = gym.wrappers.FrameStackObservation(Moving(), 3)
    buffer, seen = FrameReplay(50, (4, 4), 3, 1, rngs(1)), {}
    obs, _ = env.reset(seed=0)
    for step in range(30):
        after, _, terminated, truncated, _ = env.step(env.action_space.sample())
        buffer.add(obs[None], [[0.0]], [step], after[None], [terminated], [truncated])
        seen[step] = (obs, after)
        obs = env.reset()[0] if terminated or truncated else after
    batch = buffer.sample(200)
    for j, step in enumerate(batch.reward[0].tolist()):
        np.testing.assert_array_equal(batch.obs[0, j].numpy(), seen[step][0])
        np.testing.assert_array_equal(batch.next_obs[0, j].numpy(), seen[step][1])


class Moving(gym.Env):
    """Noise pictures; episodes of 7 steps."""

    observation_space = gym.spaces.Box(0, 255, (4, 4), np.uint8)
    action_space = gym.spaces.Box(-1, 1, (1,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.picture(), {}

    def picture(self):
        return self.np_random.integers(0, 256, (4, 4), dtype=np.uint8)

    def step(self, action):
        self.t += 1
        return self.picture(), 0.0, False, self.t == 7, {}


def test_a_saved_buffer_continues_to_the_bit():
    films = [Film(i, 3, (2, 3)) for i in range(2)]
    through, stopped = (FrameReplay(20, (2, 3), 3, 2, rngs()) for _ in range(2))
    feed(through, films, [("", ""), ("d", "")] * 20)
    stopped.load_state_dict(copy.deepcopy(through.state_dict()))
    again = copy.deepcopy(films)
    feed(through, films, [("", "t"), ("", "")] * 5)
    feed(stopped, again, [("", "t"), ("", "")] * 5)
    for x, y in zip(through.sample(30), stopped.sample(30), strict=True):
        assert torch.equal(x, y)
    with pytest.raises(ValueError, match="another shape"):
        FrameReplay(20, (2, 4), 3, 2, rngs()).load_state_dict(through.state_dict())


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="stack"):
        FrameReplay(10, (2, 3), 0, 1, rngs(1))
    with pytest.raises(ValueError, match="capacity must be at least 4"):
        FrameReplay(3, (2, 3), 3, 1, rngs(1))
    with pytest.raises(ValueError, match="n_step"):
        FrameReplay(10, (2, 3), 3, 1, rngs(1), n_step=0)
    buffer = FrameReplay(10, (2, 3), 3, 1, rngs(1))
    with pytest.raises(ValueError, match="empty"):
        buffer.sample(1)
    obs = np.zeros((1, 3, 2, 3), np.uint8)
    rest = ([[0.0]], [0.0], obs, [False], [False])
    with pytest.raises(ValueError, match="uint8 of shape"):
        buffer.add(obs / 255, *rest)
    with pytest.raises(ValueError, match="uint8 of shape"):
        buffer.add(obs[:, 1:], *rest)
    obs[0, 0] = 7
    with pytest.raises(ValueError, match="first frame"):
        buffer.add(obs, *rest)
    assert buffer.count == 0


@settings(deadline=None, max_examples=60)
@given(
    stack=st.integers(1, 3),
    n_step=st.integers(1, 4),
    room=st.integers(4, 25),
    ends=st.lists(ROW, min_size=1, max_size=60),
)
def test_returns_over_several_steps_are_those_summed_by_hand(stack, n_step, room, ends):
    gamma, capacity = 0.9, stack + room
    films = [Film(i, stack, (2, 3)) for i in range(2)]
    buffer = FrameReplay(capacity, (2, 3), stack, 2, rngs(), gamma=gamma, n_step=n_step)
    lives = feed(buffer, films, ends)
    kept = [drawable(life, film, capacity) for life, film in zip(lives, films, strict=True)]
    # The last steps wait until their windows are full.
    full = [{t[2] for t in life[: len(life) - n_step + 1]} for life in lives]
    kept = [[t for t in k if t[2] in f] for k, f in zip(kept, full, strict=True)]
    assert len(buffer) == min(map(len, kept))
    if len(buffer) == 0:
        return
    batch = buffer.sample(100)
    for i in range(2):
        numbers = [t[2] for t in lives[i]]
        allowed = {t[2] for t in kept[i]}
        for j, action in enumerate(batch.action[i, :, 0].tolist()):
            start = round(1000 * action)
            assert start in allowed
            at = numbers.index(start)
            total, discount = 0.0, 1.0
            for transition in lives[i][at : at + n_step]:
                total += discount * transition[2]
                discount *= gamma
                if transition[4] or transition[5]:
                    break
            assert batch.reward[i, j].item() == pytest.approx(total, rel=1e-5)
            assert batch.discount[i, j].item() == pytest.approx(discount, rel=1e-5)
            assert batch.terminated[i, j].item() == transition[4]
            np.testing.assert_array_equal(batch.obs[i, j], lives[i][at][0])
            np.testing.assert_array_equal(batch.next_obs[i, j], transition[3])


def test_an_episode_that_broke_off_is_not_summed_into_the_next():
    buffer = FrameReplay(20, (2, 3), 1, 2, rngs(1), gamma=1 / 2, n_step=2)
    films = [Film(0, 1, (2, 3))]
    (first,) = feed(buffer, films, [("",)])
    buffer.end_episodes(np.array([True]))
    films[0].begin()
    feed(buffer, films, [("",)])
    batch = buffer.sample(5)
    np.testing.assert_array_equal(batch.reward[0], [first[0][2]] * 5)
    np.testing.assert_array_equal(batch.discount[0], [1 / 2] * 5)
    np.testing.assert_array_equal(batch.next_obs[0, 0], first[0][3])


@pytest.mark.parametrize("offset", [(0, 0), (2, -1), (-3, 3), (9, 0)])
def test_a_shift_moves_every_pixel_and_repeats_the_edge(offset):
    frames = torch.arange(2 * 1 * 2 * 4 * 5, dtype=torch.uint8).view(2, 1, 2, 4, 5)
    moved = shifted(frames, np.array(offset).reshape(1, 1, 2).repeat(2, axis=0))
    for y, x in np.ndindex(4, 5):
        from_y, from_x = np.clip(y + offset[0], 0, 3), np.clip(x + offset[1], 0, 4)
        assert torch.equal(moved[..., y, x], frames[..., from_y, from_x])


def test_shifts_are_drawn_for_each_transition_and_stay_within_bounds():
    buffer = ShiftedReplay(2, 30, (8, 8), 2, 2, rngs())
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    obs = np.broadcast_to(picture, (2, 2, 8, 8)).copy()
    buffer.add(obs, np.zeros((2, 2)), [0.0] * 2, obs, [False] * 2, [False] * 2)
    batch = buffer.sample(400)
    # Far from the edges a pixel says by how much it was moved.
    offsets = [x[..., 4, 4].long() - int(picture[4, 4]) for x in (batch.obs, batch.next_obs)]
    for offset in offsets:
        assert torch.equal(offset[:, :, 0], offset[:, :, 1])  # a stack moves as one
        found = {divmod(int(o) + 18, 8) for o in offset.flatten()}
        assert found == {(y, x) for y in range(5) for x in range(5)}
    assert not torch.equal(*offsets)
    assert not torch.equal(offsets[0][0], offsets[0][1])
    still = ShiftedReplay(0, 30, (8, 8), 2, 2, rngs())
    still.add(obs, np.zeros((2, 2)), [0.0] * 2, obs, [False] * 2, [False] * 2)
    assert torch.equal(still.sample(3).obs[0, 0], torch.from_numpy(obs[0]))
    with pytest.raises(ValueError, match="shift"):
        ShiftedReplay(-1, 30, (8, 8), 2, 2, rngs())
