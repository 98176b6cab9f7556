"""Matheron's line: against walks by hand, Gymnasium's checker, and training."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from ddpg_lib import train
from ddpg_lib.chapters.ch05.line import OneDToy, action_value, dynamics, optimal_value


def test_gymnasium_accepts_the_environment():
    check_env(OneDToy(), skip_render_check=True)


def test_a_walk_by_hand():
    env = OneDToy(limit=4)
    obs, _ = env.reset(seed=0)
    np.testing.assert_array_equal(obs, [0])
    seen = [env.step(np.array([a], np.float32)) for a in (0.1, 0.5, -0.05, 0.0)]
    np.testing.assert_allclose([o[0] for o, *_ in seen], [0.1, 0.2, 0.15, 0.15], rtol=1e-6)
    assert [r for _, r, *_ in seen] == [0, 0, 0, 0]
    assert [d for _, _, d, *_ in seen] == [False] * 4
    assert [t for *_, t, _ in seen] == [False, False, False, True]


@pytest.mark.parametrize("step", [-1e-6, -0.1, -3.0])
def test_the_smallest_step_to_the_left_ends_it(step):
    env = OneDToy(limit=1)
    env.reset()
    obs, reward, terminated, truncated, _ = env.step(np.array([step], np.float32))
    assert (obs[0], reward, terminated, truncated) == (0.0, 1.0, True, False)


def test_standing_still_earns_nothing():
    s, reward, terminated = dynamics(0.0, 0.0)
    assert (float(s), float(reward), bool(terminated)) == (0.0, 0.0, False)


def test_the_right_end_holds():
    s, _, _ = dynamics([0.95, 1.0], [0.1, 0.1])
    np.testing.assert_array_equal(s, [1, 1])


def test_optimal_value_is_the_value_of_full_steps_to_the_left():
    def left(x):
        return np.full_like(x, -0.1)

    # Away from the multiples of 0.1, where rounding decides how many steps it takes.
    s, a = np.linspace(0.013, 0.987, 40)[:, None], np.linspace(-0.0999, 0.0997, 41)
    np.testing.assert_allclose(action_value(left, s, -0.1, gamma=0.9), optimal_value(s, gamma=0.9))
    # Bellman's equation: the value of a step is its reward, or the discounted value after it.
    after, reward, over = dynamics(s, a)
    inner = np.abs(after * 10 - np.round(after * 10)) > 1e-6
    backup = reward + 0.9 * np.where(over, 0, optimal_value(after, gamma=0.9))
    keep = inner | over
    assert keep.mean() > 0.9
    np.testing.assert_allclose(action_value(left, s, a, gamma=0.9)[keep], backup[keep])
    # Optimality: no step from a state is worth more than the state.
    assert np.all(backup[keep] <= np.broadcast_to(optimal_value(s, 0.9), keep.shape)[keep] + 1e-12)


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="limit"):
        OneDToy(limit=0)
    with pytest.raises(ValueError, match="gamma"):
        action_value(lambda s: s, 0.5, 0.0, gamma=1.0)
    with pytest.raises(ValueError, match="shape"):
        action_value(lambda s: 0.0, [0.5, 0.6], 0.0)


def test_it_can_be_trained_on():
    run = train(
        OneDToy, hidden=(16,), batch_size=16, warmup_steps=300, steps=320, eval_every=320,
        eval_episodes=1, progress=False, seeds=(0, 1),
    )  # fmt: skip
    assert set(run.returns.reshape(-1)) <= {0.0, 1.0}
    assert all(value == 1.0 for episodes in run.episodes for _, value in episodes[:1])
