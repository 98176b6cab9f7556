"""Overestimation's closed forms and its measurement."""

import numpy as np
import pytest

from ddpg_lib import recipe, train
from ddpg_lib.chapters.ch05.compass import from_replay, pendulum_value
from ddpg_lib.chapters.ch05.overestimation import ValueGap, best_of_uniform, winners


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


def test_the_gap_is_the_critics_value_less_the_simulated_one():
    c = recipe(
        "pendulum", hidden=(8,), batch_size=16, warmup_steps=40, steps=60, eval_every=20,
        eval_episodes=1, gamma=0.9,
    )  # fmt: skip
    gap = ValueGap(count=10)
    run = train("Pendulum-v1", c, (0, 1), progress=False, on_evaluation=gap)
    assert gap.steps == [60]
    obs = from_replay(run.agent, 10, seed=60).numpy()
    own = run.agent.act(obs)
    expected = run.agent.q(obs) - pendulum_value(run.agent, obs, own, tolerance=5)
    np.testing.assert_allclose(gap.chosen[0], expected.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(gap.by_choice[0], gap.chosen[0] - gap.other[0])
