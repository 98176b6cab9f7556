"""Walks: told by their ends, taken apart without a rest, and begun anew each time."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch15.walker import TORQUE, effort, lunge
from ddpg_lib.chapters.ch15.walks import WALKER, controller, strain, walk, walk_all
from ddpg_lib.evaluation import evaluate
from ddpg_lib.results.recorded import recorded

pytest.importorskip("Box2D")


def test_parts_add_up_to_the_return():
    (fallen,) = walk(lambda step, obs: np.zeros(4), [3])
    (standing,) = walk(lambda step, obs: lunge(step), [3], max_episode_steps=300)
    assert (fallen.end, standing.end) == ("fall", "time limit")
    for w in (fallen, standing):
        assert sum(w.parts().values()) == pytest.approx(w.total, abs=0.01)
    assert fallen.parts()["end"] == -100
    assert standing.parts()["end"] == 0
    assert len(fallen.obs) == len(fallen.place) == len(fallen.reward) + 1
    assert fallen.touch.shape == (len(fallen.reward), 2)


def test_a_straining_walker_pays_for_its_torque_and_does_not_move():
    (w,) = walk(strain(0.75), [1_000_010], max_episode_steps=400)
    assert w.end == "time limit"
    assert w.parts()["torque"] == pytest.approx(-TORQUE * effort(w.action).sum())
    assert effort(w.action)[-1] == 3
    assert abs(w.place[-1] - w.place[100]) < 0.2


def test_the_controller_begins_anew_with_each_walk():
    walker = controller(0.2)
    first, again = (walk(walker, [5], max_episode_steps=200)[0] for _ in range(2))
    assert np.array_equal(first.reward, again.reward)
    alone = walk(walker, range(4, 6), max_episode_steps=200)[1]
    assert np.array_equal(first.reward, alone.reward)


def test_a_stack_walks_as_it_is_evaluated():
    agent = recorded("bipedal_walker").agent("final", [0, 2])
    found = walk_all(agent, 1, 7, max_episode_steps=200)
    expected = evaluate(agent, WALKER, 1, seed=7, max_episode_steps=200)
    assert np.allclose([[w.total for w in row] for row in found], expected)
    weaker = walk_all(agent, 1, 7, factor=0.5, max_episode_steps=50)
    first = [row[0].action[0] for row in weaker]
    assert np.allclose(first, 0.5 * np.array([row[0].action[0] for row in found]), atol=1e-6)
    noisy = walk_all(agent, 1, 7, sigma=0.2, max_episode_steps=50)
    assert not np.allclose(noisy[0][0].action[1], found[0][0].action[1])


def test_the_numbers_of_a_gait():
    (w,) = walk(controller(0.2), [4_000_000])
    g = w.gait()
    assert g["m/s"] == pytest.approx(w.way / (len(w.reward) / 50), rel=0.05)
    assert g["at end"] == pytest.approx((13 / 3 - g["points/m"]) * 84)
    assert 0 <= g["phase"] < 1
    assert 0 < g["both"] < min(g["duty 1"], g["duty 2"])
    assert 0.2 < g["CoT"] < 1
