"""Chapter 11's agents: each stands in one wrong unit, and in nothing else."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from ddpg_lib import DDPG, recipe
from ddpg_lib.chapters.ch11.agents import HalfRange, OtherUnits, StoresTorque, vitals
from ddpg_lib.chapters.ch11.drawing import panels, reward_map, searched, verdict
from ddpg_lib.chapters.ch11.scales import level
from ddpg_lib.chapters.ch11.search import search
from ddpg_lib.figures import COLORS, use_house_style

SMALL = recipe("pendulum", hidden=(8, 8), batch_size=4, steps=100, warmup_steps=20)


def pair(kind, low=-2.0, high=2.0):
    """The agent and a right one with the same seeds."""
    return [agent(3, [low], [high], SMALL, [0, 1]) for agent in (kind, DDPG)]


def test_other_units_are_a_change_of_observations():
    """It acts, values and stores as a right agent does that is shown the changed observations."""
    other, right = pair(OtherUnits)
    rng = np.random.default_rng(0)
    obs, action = rng.normal(size=(2, 5, 3)), rng.uniform(-2, 2, (2, 5, 1))
    seen = obs * [100.0, 1.0, 0.01] + [300.0, 0.0, -0.05]
    assert np.allclose(other.act(obs), right.act(seen))
    assert np.allclose(other.q(obs), right.q(seen))
    assert np.allclose(other.q(obs, action), right.q(seen, action))
    other.remember(obs[:, 0], action[:, 0], [1.0, 2.0], obs[:, 1], [False, True])
    right.remember(seen[:, 0], action[:, 0], [1.0, 2.0], seen[:, 1], [False, True])
    assert np.allclose(other.replay.rows[:, 0], right.replay.rows[:, 0])


def test_stored_torque_is_a_number_of_newton_centimeters():
    wrong, right = pair(StoresTorque)
    obs, action = np.zeros((2, 3)), np.array([[1.5], [-0.02]])
    wrong.remember(obs, action, [0.0, 0.0], obs, [False, False])
    assert np.allclose(wrong.replay.rows[:, 0, 3], [150.0, -2.0])
    assert np.allclose(wrong.act(obs), right.act(obs))


def test_half_range_sends_what_tanh_says():
    """Actions are the network's own numbers, on the way out and on the way in."""
    wrong, right = pair(HalfRange)
    obs = np.random.default_rng(1).normal(size=(2, 4, 3))
    assert np.allclose(wrong.act(obs), right.act(obs) / 2)
    assert np.abs([wrong.random() for _ in range(200)]).max() == pytest.approx(1, abs=0.02)
    wrong.remember(obs[:, 0], [[0.3], [-1.0]], [0.0, 0.0], obs[:, 1], [False, False])
    assert np.allclose(wrong.replay.rows[:, 0, 3], [0.3, -1.0])


def test_vitals_of_a_right_agent():
    """Two numbers that can be known beforehand, and what look_inside says of the others."""
    agent = pair(DDPG)[0]
    rng = np.random.default_rng(2)
    for _ in range(30):
        obs = rng.normal(size=(2, 3))
        agent.remember(obs, [[1.0], [-0.5]], [-3.0, -3.0], obs, [False, False])
    found = vitals(agent)
    assert np.allclose(found["stored"], [0.5, 0.25])
    assert np.allclose(found["sent"], 1, atol=0.01)
    assert (found["spread"] > 0.2).all()
    assert (np.abs(found["come"]) < 0.1).all(), "an untrained critic expects next to nothing"
    # Rewards of -0.3 once scaled; no update yet, which counts as one of 1e-3 / 2, width 8.
    assert np.allclose(found["way"], 0.3 * 1.005 / (9 * (3e-3 + 5e-4)), rtol=1e-3)


def test_the_level_that_targets_ask_for():
    """Rewards of 1 for ever are 1 / (1 - gamma); targets that lag sum fewer of them."""
    assert level(1.0, 0.99, 1.0, 10**6) == pytest.approx(100)
    # The fixed point of many soft updates: y <- r + gamma q', q' <- q' + tau (y - q').
    target = 0.0
    for _ in range(1_000):
        target += 0.005 * (1 + 0.99 * target - target)
    assert level(1.0, 0.99, 0.005, 1_000) == pytest.approx(1 + 0.99 * target, rel=0.05)


def test_verdict_of_returns():
    """The interquartile mean leaves out two at each end; the mean and the failures do not."""
    text, mean, failures = verdict([-1500, -400, -200, -150, -150, -140, -130, -120])
    assert text.startswith("-160 (")
    assert mean == pytest.approx(-348.75)
    assert failures == "2 of 8"


def test_panels_have_one_color_for_a_label():
    use_house_style()
    run = SimpleNamespace(steps=[0, 50, 100], curves=np.zeros((3, 3)) - 500)
    figure = panels({"one": {"a": run, "b": run}, "two": {"b": run}, "three": {"a": run}}, -130, 2)
    axes = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in axes] == ["one", "two", "three"]
    colors = {
        (line.get_label(), line.get_color())
        for ax in axes
        for line in ax.lines
        if line.get_label() in "ab"
    }
    assert colors == {("a", COLORS["actor"]), ("b", COLORS["critic"])}
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b"]
    plt.close(figure)


def test_the_map_draws_the_limit_where_it_is():
    use_house_style()
    figure, ax = plt.subplots()
    reward_map(ax, (0.01, 0.1, 1.0), (1e-3, 2e-3), np.full((2, 3), -200.0), (0.1, 0.01))
    line = ax.lines[0].get_xydata()
    assert np.allclose(line, [(1, -0.5), (1, 0.5), (0, 0.5), (0, 1.5)])
    assert {t.get_text() for t in ax.texts} == {"-200"}
    plt.close(figure)


def test_the_search_has_eight_agents_for_each_factor():
    found = search("running", "other")
    assert found.final.shape == (len(found.factors), 8)
    assert (np.diff(found.factors) > 0).all()
    assert ((found.final < -120) & (found.final > -1_800)).all()
    with pytest.raises(ValueError, match="no row 'walking' in 'plain' units"):
        search("walking")


def test_the_picture_of_the_search():
    use_house_style()
    figure = searched({"plain": "none", "running": "running"}, ["k", "b"], columns=2)
    second = figure.axes[1]
    assert second.get_title(loc="left") == "running"
    mean = next(x for x in second.lines if x.get_label() == "other units")
    assert np.allclose(mean.get_ydata(), search("running", "other").final.mean(axis=1))
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["plain units", "other units"]
    plt.close(figure)
