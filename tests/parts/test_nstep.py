"""n-step returns against sums taken by hand from whole episodes."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ddpg import CONFIG, HIGH, LOW

from ddpg_lib import DDPG, ReplayBuffer, train
from ddpg_lib.parts.nstep import NStepReplay

GAMMA = 0.9


def rngs(n=2):
    return [np.random.default_rng(i) for i in range(n)]


class Step:
    """A step of one agent's life, which carries its time in every field."""

    def __init__(self, agent, t, end, rng):
        self.obs = np.array([t, agent, 0.0])
        self.action = np.array([t / 100, -agent])
        self.reward = float(rng.integers(-5, 6))
        self.next_obs = np.array([t + 0.5, agent, 1.0])  # unlike any first state
        self.terminated, self.truncated = end == "terminated", end == "truncated"


def life(agent, length, ends, seed=0):
    rng = np.random.default_rng([seed, agent])
    return [Step(agent, t, ends[t], rng) for t in range(length)]


def feed(buffer, lives):
    for steps in zip(*lives, strict=True):
        names = ("obs", "action", "reward", "next_obs", "terminated", "truncated")
        buffer.add(*(np.stack([getattr(s, name) for s in steps]) for name in names))


def by_hand(steps, start, n):
    """The transition that starts at ``start``: s, a, return, s', d, discount."""
    total, k = 0.0, 0
    while True:
        step = steps[start + k]
        total += GAMMA**k * step.reward
        k += 1
        if k == n or step.terminated or step.truncated:
            break
    first = steps[start]
    return np.concatenate(
        [first.obs, first.action, [total], step.next_obs, [step.terminated, GAMMA**k]]
    ).astype(np.float32)


ENDS = st.lists(st.sampled_from(["", "", "", "terminated", "truncated"]), min_size=30, max_size=30)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 6),
    length=st.integers(1, 30),
    capacity=st.integers(1, 40),
    ends=st.tuples(ENDS, ENDS),
    seed=st.integers(0, 9),
)
def test_every_stored_transition_equals_the_sum_by_hand(n, length, capacity, ends, seed):
    lives = [life(i, length, ends[i], seed) for i in range(2)]
    buffer = NStepReplay(n, GAMMA, capacity, 3, 2, rngs())
    feed(buffer, lives)
    stored = max(0, length - n + 1)
    assert buffer.count == stored
    for start in range(max(0, stored - capacity), stored):
        for i in range(2):
            row = buffer.rows[i, start % capacity].numpy()
            np.testing.assert_allclose(row, by_hand(lives[i], start, n), rtol=1e-6, atol=1e-6)


def test_the_three_cases_by_hand():
    rewards, ends = [1.0, 2.0, 4.0, 8.0, 16.0], ["", "", "terminated", "", "truncated"]
    steps = life(0, 5, ends)
    for step, reward in zip(steps, rewards, strict=True):
        step.reward = reward
    buffer = NStepReplay(2, GAMMA, 10, 3, 2, rngs(1))
    feed(buffer, [steps])
    reward, terminated, last, discount = (buffer.rows[0, :4, i] for i in (5, 9, 6, 10))
    # 1 + .9*2; 2 + .9*4, then nothing; 4 alone, then nothing; 8 + .9*16 and the last state's value
    np.testing.assert_allclose(reward, [2.8, 5.6, 4.0, 22.4], rtol=1e-6)
    np.testing.assert_array_equal(terminated, [0, 1, 1, 0])
    np.testing.assert_array_equal(last, [1.5, 2.5, 2.5, 4.5])
    np.testing.assert_allclose(discount, [0.81, 0.81, 0.9, 0.81])


def test_one_step_is_the_plain_buffer():
    lives = [life(i, 30, ["", "terminated", "truncated"] * 10) for i in range(2)]
    one, plain = (
        NStepReplay(1, GAMMA, 20, 3, 2, rngs()),
        ReplayBuffer(20, 3, 2, rngs(), gamma=GAMMA),
    )
    feed(one, lives)
    feed(plain, lives)
    assert torch.equal(one.rows[..., :-1], plain.rows)
    a, b = one.sample(16), plain.sample(16)
    for field in b._fields:
        assert torch.equal(getattr(a, field), getattr(b, field))
    assert torch.equal(b.discount, torch.full((2, 16), GAMMA))


def test_the_agents_target_uses_each_transitions_own_discount():
    config = CONFIG.replace(n_step=3, gamma=GAMMA)
    agent = DDPG(3, LOW, HIGH, config, (0,))
    rng = np.random.default_rng(0)
    for t in range(30):
        obs, after = rng.normal(size=(2, 1, 3))
        action = rng.uniform(LOW, HIGH, (1, 2))
        agent.remember(obs, action, rng.normal(size=1), after, [t % 7 == 6], [t % 5 == 4])
    batch = copy.deepcopy(agent).replay.sample(config.batch_size)
    assert len(batch.discount.unique()) == 3
    with torch.no_grad():
        next_q = agent.critic_target(batch.next_obs, agent.actor_target(batch.next_obs))
        y = batch.reward + batch.discount * (1 - batch.terminated) * next_q
        loss = (y - agent.critic(batch.obs, batch.action)).square().mean(-1)
    np.testing.assert_allclose(agent.update()["critic_loss"], loss, rtol=1e-5)


def test_training_hands_over_where_episodes_end():
    run = train(
        "Pendulum-v1", n_step=3, steps=450, warmup_steps=400, eval_every=450, eval_episodes=1,
        hidden=(8,), progress=False,
    )  # fmt: skip
    discount = run.agent.replay.rows[0, : len(run.agent.replay), -1].numpy()
    # Pendulum is truncated at 200: the two steps before each end have fewer rewards to sum.
    short = np.flatnonzero(discount > 0.99**3 + 1e-6)
    np.testing.assert_array_equal(short, [198, 199, 398, 399])
    np.testing.assert_allclose(discount[short], [0.99**2, 0.99] * 2, rtol=1e-6)


def test_a_saved_buffer_continues_within_the_window():
    lives = [life(i, 30, ["", "", "", "", "truncated"] * 6) for i in range(2)]
    through, stopped = (NStepReplay(4, GAMMA, 50, 3, 2, rngs()) for _ in range(2))
    feed(through, [x[:13] for x in lives])
    stopped.load_state_dict(copy.deepcopy(through.state_dict()))
    for buffer in (through, stopped):
        feed(buffer, [x[13:] for x in lives])
    a, b = through.sample(20), stopped.sample(20)
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    with pytest.raises(ValueError, match="n_step"):
        NStepReplay(3, GAMMA, 50, 3, 2, rngs()).load_state_dict(through.state_dict())


def test_bad_input_is_refused():
    buffer = NStepReplay(2, GAMMA, 5, 3, 2, rngs(1))
    step = life(0, 1, [""])[0]
    with pytest.raises(ValueError, match="truncated"):
        buffer.add([step.obs], [step.action], [0.0], [step.next_obs], [False])
    with pytest.raises(ValueError, match="n_step"):
        NStepReplay(0, GAMMA, 5, 3, 2, rngs(1))
    with pytest.raises(ValueError, match="empty"):
        buffer.sample(1)
