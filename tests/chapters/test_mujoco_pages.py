"""What the three pages of chapter 16 share: episodes, true action values, pushes, strides."""

import numpy as np
import pytest

from ddpg_lib import evaluate
from ddpg_lib.chapters.ch16.linearization import transition
from ddpg_lib.chapters.ch16.playing import action_values, episodes, everyone
from ddpg_lib.chapters.ch16.pushing import hardest_push, survives
from ddpg_lib.chapters.ch16.reaching import fingertip, observed, stated
from ddpg_lib.chapters.ch16.reporting import differences, recipe_table, rivals_table
from ddpg_lib.chapters.ch16.running import Sines, Watched, powers, stride, watch
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import EVALUATION_SEED
from ddpg_lib.results.recorded import recorded
from ddpg_lib.results.sweeps import sweep

pytest.importorskip("mujoco")


def test_episodes_are_those_of_evaluate():
    agent = recorded("reacher").agent(which=[0, 1])
    seeds = [EVALUATION_SEED, EVALUATION_SEED + 1]
    played = episodes(everyone(agent, 2), "Reacher-v5", seeds * 2)
    returns = evaluate(agent, "Reacher-v5", 2)
    np.testing.assert_allclose(played.reward.sum(axis=0).reshape(2, 2), returns, rtol=1e-6)
    told = played.told["reward_dist"] + played.told["reward_ctrl"]
    np.testing.assert_allclose(told, played.reward, atol=1e-6)
    assert played.obs.shape == (51, 4, 10)


def test_nothing_is_told_of_an_episode_that_is_over():
    still = episodes(lambda obs: np.zeros((len(obs), 1)), "InvertedPendulum-v5", range(6))
    lengths = still.reward.sum(axis=0)
    assert lengths.min() < lengths.max()
    for k, length in enumerate(lengths.astype(int)):
        assert not still.reward[length:, k].any()


def test_an_action_is_worth_what_the_episode_then_pays():
    """The discounted rewards of an episode whose first action is another, step by step."""
    agent = recorded("reacher").agent(which=[0, 1])
    env = make("Reacher-v5")
    obs = np.stack([env.reset(seed=s)[0] for s in (3, 4)])
    first = np.array([[0.1, -0.2], [0.3, 0.0]])
    expected = np.zeros((2, 2))
    for i, k in np.ndindex(2, 2):
        o, _ = env.reset(seed=3 + k)
        a = first[k]
        for t in range(12):
            o, reward, *_ = env.step(a.astype(np.float32))
            expected[i, k] += 0.9**t * reward
            a = agent.act(np.repeat(o[None, None], 2, axis=0))[i, 0]

    def pay(state, action):
        gap = np.linalg.norm(fingertip(state[..., :2]) - state[..., 2:4], axis=-1)
        return -gap - (action**2).sum(-1), np.ones(gap.shape, bool)

    states = np.repeat(stated(obs)[None], 2, axis=0)
    actions = np.repeat(first[None], 2, axis=0)
    f = transition(env)
    found = action_values(f, states, actions, agent.act, pay, 0.9, 12, observed)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_nothing_is_earned_after_a_fall():
    def f(state, action):
        return state + 1

    def pay(state, action):
        return np.ones(state.shape[:-1]), state[..., 0] < 3

    start = np.zeros((1, 2, 1))
    start[0, 1] = -5
    found = action_values(f, start, np.zeros((1, 2, 1)), lambda obs: 0 * obs, pay, 0.5, 4)
    np.testing.assert_allclose(found, [[1 + 0.5 + 0.25, 1 + 0.5 + 0.25 + 0.125]])


def test_states_and_observations_of_the_reacher():
    env = make("Reacher-v5")
    obs, _ = env.reset(seed=5)
    data = env.unwrapped.data
    np.testing.assert_allclose(stated(obs)[:6], np.r_[data.qpos, data.qvel[:2]], atol=1e-12)
    np.testing.assert_allclose(observed(stated(obs)), obs, atol=1e-12)


def test_a_push_is_survived_up_to_the_hardest():
    env = make("InvertedPendulum-v5")
    env.reset(seed=0)
    f = transition(env)
    gain = np.array([-6.1, -18.4, -4.6, -3.0])  # near LQR's

    def act(s):
        return -gain[None] @ s

    held = hardest_push(f, act, np.zeros(4))
    assert 0.5 < held < 2
    assert survives(f, act, np.zeros(4), held)
    assert not (
        survives(f, act, np.zeros(4), held + 0.1) and survives(f, act, np.zeros(4), -held - 0.1)
    )
    assert hardest_push(f, lambda s: np.zeros(1), np.zeros(4)) == 0


def test_differences_are_priced_where_a_run_is_recorded():
    found = differences("inverted_pendulum")
    assert found["hidden"] == ("256-256", "64-64", "not measured")
    bare = recorded("inverted_pendulum_no_norm").final.mean()
    default, here, price = found["layer_norm"]
    assert (default, here) == ("none", "critic")
    assert price.startswith(f"{bare:,.0f};")
    assert "eval_every" not in found
    assert "tau" not in found


def test_a_sweep_prices_what_its_arms_undo():
    found, choices = differences("inverted_pendulum", "pole_choices"), sweep("pole_choices")
    for key, arm in {"lr_decay": "no_decay", "hidden": "hidden_256"}.items():
        final = choices.arms[arm].final
        fallen = (final < 950).sum()
        assert found[key][2] == f"{final.mean():,.0f}; {fallen} of {len(final)} below 950"
    assert found["buffer_size"][2] == "not measured"  # of no arm is it the only difference
    assert found["layer_norm"] == differences("inverted_pendulum")["layer_norm"]


def test_the_tables_name_what_is_default_and_what_a_word_means(capsys):
    recipe_table("half_cheetah")
    rivals_table("half_cheetah")
    out = capsys.readouterr().out
    assert "n_step 1, tau 0.005, noise gaussian" in out
    assert "late: mean of the evaluations" in out


def test_watching_changes_nothing():
    """What is watched is what the environment plays."""
    seen, sines = watch(Sines(), seed=7, steps=20), Sines()
    env = make("HalfCheetah-v5")
    obs, _ = env.reset(seed=7)
    for t in range(20):
        obs, *_ = env.step(sines(obs))
        q, v = seen.q[5 * t + 4], seen.v[5 * t + 4]
        np.testing.assert_allclose(np.r_[q[1:], v], obs, atol=1e-9)
    assert seen.touch.shape == (100, 2)
    assert seen.touch.any()
    given, lost = powers(seen, skip=0)
    assert given.shape == lost.shape == (6,)
    assert (lost > 0).all()


def test_a_stride_that_is_known():
    """Four strides a second at 8 m/s, back foot down a tenth of the time at full torque."""
    time = np.arange(2_000) * 0.01
    q, v = np.zeros((2_000, 9)), np.zeros((2_000, 9))
    v[:, 0] = 8.0
    q[:, 3] = np.sin(2 * np.pi * 4 * time)
    v[:, 3] = 2 * np.pi * 4 * np.cos(2 * np.pi * 4 * time)
    touch = np.zeros((2_000, 2), bool)
    touch[::10, 0] = touch[5::20, 1] = True
    action = np.zeros((400, 6))
    action[::2, 0] = 1.0  # the hundredths 0 to 4 of each ten
    found = stride(Watched(q, v, np.zeros((2_000, 6)), touch, action))
    expected = {"speed": 8, "rate": 4, "length": 2, "back": 0.1, "front": 0.05, "air": 0.85}
    assert {k: found[k] for k in expected} == pytest.approx(expected)
    assert found["push"] == found["full"] == 1
    assert found["swing"] == pytest.approx(8 * np.pi, rel=0.01)
