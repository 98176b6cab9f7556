"""Chapter 2's learners, its figures, and what its pages measure with."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from ddpg_lib.chapters.ch02 import drawing
from ddpg_lib.chapters.ch02.learning import ascend, learn, updated_means
from ddpg_lib.chapters.ch02.policy_gradient import SoftmaxPolicy, chain_policy, policy_gradient
from ddpg_lib.chapters.ch02.reinforce import (
    bias_test,
    fitted_slope,
    reinforce,
    reinforce_moments,
    returns_to_go,
)
from ddpg_lib.chapters.ch02.worlds import courtyard

TABULAR = SoftmaxPolicy.tabular(12, 4)
FAIR = np.full((12, 4), 0.25)


def test_the_courtyard_is_the_one_of_the_text():
    mdp = courtyard()
    assert mdp.gamma == 0.95
    assert list(np.flatnonzero(mdp.terminal)) == [3, 5, 7]
    assert mdp.R.min() == -21  # a step, and the water


def test_one_agent_of_a_stack():
    mdp = courtyard()
    rngs = [np.random.default_rng(seed) for seed in (0, 1)]
    stack = mdp.episodes(np.stack([FAIR, FAIR]), 3, rngs)
    alone = mdp.episodes(FAIR, 3, np.random.default_rng(1))
    ours, steps = stack[1], alone.rewards.shape[1]
    np.testing.assert_array_equal(ours.rewards[:, :steps], alone.rewards)
    np.testing.assert_array_equal(ours.alive[:, :steps], alone.alive)
    assert (ours.states[:, :steps] == alone.states)[alone.alive].all()
    assert (ours.actions[:, :steps] == alone.actions)[alone.alive].all()


@pytest.mark.parametrize("shared", [False, True])
def test_a_chain_policy_prefers_the_better_action_of_its_cells(shared):
    policy = chain_policy(3, shared)
    theta = [2.0] if shared else [2.0, 0.0, 0.0]
    better = policy.probabilities(theta)[:, 1]
    high = 1 / (1 + np.exp(-2))
    expected = [high, high, high, 0.5] if shared else [high, 0.5, 0.5, 0.5]
    np.testing.assert_allclose(better, expected)


@pytest.mark.parametrize("with_baseline", [False, True])
def test_an_update_is_a_step_along_the_mean_estimate(with_baseline):
    """The second update is done by hand; the first fills the table of the baseline."""
    mdp, rate = courtyard(), 0.1
    curves, policies = learn(mdp, TABULAR, rate, [7], with_baseline, updates=2, batch=5)
    rng, theta, b = np.random.default_rng(7), np.zeros(48), np.zeros(12)
    for k in range(2):
        pi = TABULAR.probabilities(theta)
        assert curves[0, k] == pytest.approx(mdp.objective(pi))
        batch = mdp.episodes(pi, 5, rng)
        theta = theta + rate * reinforce(mdp, TABULAR, theta, batch, b * with_baseline).mean(0)
        future = returns_to_go(batch.rewards, mdp.gamma)
        for s in np.unique(batch.states[batch.alive]):
            seen = future[batch.alive & (batch.states == s)]
            b[s] += 0.2 * (seen.mean() - b[s])
    np.testing.assert_allclose(policies[0], TABULAR.probabilities(theta), atol=1e-12)


def test_agents_do_not_depend_on_who_learns_beside_them():
    mdp = courtyard()
    curves, _ = learn(mdp, TABULAR, [0.1, 0.3], [1, 2], updates=5)
    for i, rate in enumerate((0.1, 0.3)):
        alone, _ = learn(mdp, TABULAR, rate, [i + 1], updates=5)
        np.testing.assert_allclose(curves[i], alone[0], atol=1e-12)


def test_states_that_were_not_seen_keep_their_mean():
    mdp, table = courtyard(), np.full(12, -3.0)
    batch = mdp.episodes(FAIR, 1, np.random.default_rng(0))
    new = updated_means(table, batch, returns_to_go(batch.rewards, mdp.gamma))
    seen = np.unique(batch.states[batch.alive])
    unseen = np.setdiff1d(np.arange(12), seen)
    assert (new[unseen] == -3).all()
    assert (new[seen] != -3).all()


def test_the_exact_gradient_climbs():
    mdp = courtyard()
    curve = ascend(mdp, TABULAR, 0.2, updates=50)
    assert curve[0] == pytest.approx(mdp.objective(FAIR))
    assert (np.diff(curve) > 0).all()
    first = mdp.objective(TABULAR.probabilities(0.2 * policy_gradient(mdp, TABULAR, np.zeros(48))))
    assert curve[1] == pytest.approx(first)


def test_a_bias_is_found_and_no_bias_is_not():
    """Unbiased estimates give probabilities that are spread evenly; a shift gives tiny ones."""
    rng, root = np.random.default_rng(0), np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0]])
    covariance, gradient = root.T @ root, np.array([1.0, 2.0, 3.0])  # of rank two
    found = [
        bias_test(gradient + rng.normal(size=(50, 2)) @ root, gradient, covariance)
        for _ in range(400)
    ]
    counts = np.histogram(found, [0, 0.25, 0.5, 0.75, 1])[0]
    assert (np.abs(counts - 100) < 35).all()  # 4 standard deviations
    draws = gradient + rng.normal(size=(200, 2)) @ root
    assert 0 < bias_test(draws + 0.5 * root[0], gradient, covariance) < 1e-4
    assert bias_test(draws + np.array([0, 0, 1e-3]), gradient, covariance) == 0  # no variance


def test_estimates_of_the_courtyard_pass_the_test_for_bias():
    mdp, theta = courtyard(), np.zeros(48)
    batch = mdp.episodes(FAIR, 2000, np.random.default_rng(1))
    x = reinforce(mdp, TABULAR, theta, batch, mdp.value(FAIR))
    mean, covariance = reinforce_moments(mdp, TABULAR, theta, mdp.value(FAIR))
    free = np.flatnonzero(mean)
    covariance = covariance[np.ix_(free, free)]
    assert bias_test(x[:, free], mean[free], covariance) > 0.001
    downhill = -x[:, free]
    assert bias_test(downhill, mean[free], covariance) < 0.001


def test_a_plane_gets_its_slope_back():
    a = np.random.default_rng(0).normal(size=(4, 6, 2))
    slope = fitted_slope(a, 5 + a @ [3.0, -1.0])
    np.testing.assert_allclose(slope, np.tile([3.0, -1.0], (4, 1)), atol=1e-12)


# ---- Figures ----


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_a_line_is_as_long_as_its_probability(ax):
    policy = np.zeros((12, 4))
    policy[8] = [0.5, 0.5, 0, 0]  # the start: up or right
    drawing.draw_world(ax, policy, "title")
    ends = [np.diff(line.get_xydata(), axis=0)[0] for line in ax.lines if line.get_xdata()[0] == 0]
    up, right, *_ = ends[-4:]
    np.testing.assert_allclose(up, [0, -0.24])
    np.testing.assert_allclose(right, [0.24, 0])
    assert ax.get_title(loc="left") or ax.get_title() == "title"


def test_a_map_names_start_water_and_goal(ax):
    drawing.draw_world(ax)
    texts = [text.get_text() for text in ax.texts]
    assert sorted(filter(None, texts)) == ["goal", "start", "water", "water"]


def test_numbers_stand_where_actions_are_taken(ax):
    drawing.draw_numbers(ax, np.arange(12.0), 11.0)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["0.0", "1.0", "2.0", "goal", "4.0", "water", "6.0", "water", "8.0", "9.0",
                     "10.0", "11.0"]  # fmt: skip


def test_the_mean_of_the_cloud_is_marked(ax):
    cloud = np.random.default_rng(0).normal(size=(50, 2))
    zoom = ax.figure.add_subplot(2, 2, 4)
    drawing.draw_cloud(ax, zoom, cloud, [0.1, 0.0])
    np.testing.assert_allclose(zoom.lines[0].get_xydata()[0], cloud.mean(0))
    assert len(ax.lines[0].get_xdata()) == 50


def test_components_are_sorted_by_their_exact_value(ax):
    exact = np.array([3.0, 1.0, 2.0])
    x = exact + np.random.default_rng(0).normal(size=(100, 3))
    drawing.draw_intervals(ax, x, exact, "title")
    (marks,) = [line for line in ax.lines if line.get_marker() == "_"]
    assert list(marks.get_ydata()) == [1, 2, 3]


def test_a_law_is_a_line_and_measurements_are_dots(ax):
    x, y = [1.0, 10.0], [2.0, 20.0]
    drawing.draw_law(ax, (x, y), (x, [(2.1, 0.1), (19.0, 1.0)]), label=("law", 2.0, 3.0))
    assert list(ax.lines[0].get_ydata()) == y
    assert list(ax.lines[1].get_ydata()) == [2.1, 19]
    assert ax.texts[0].get_text() == "law"
    drawing.round_ticks(ax, x, [10, 1000])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "10"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["10", "1,000"]


def test_two_critics_beside_the_exact_gradient():
    figure = plt.figure()
    exact = np.array([1.0, -1.0])
    drawing.draw_critics(
        figure, {"one": 3.0, "two": 1.0}, {"one": exact, "two": 2 * exact}, exact, ["up", "down"]
    )
    left, right = figure.axes
    assert [bar.get_height() for bar in left.patches] == [3, 1]
    assert [list(line.get_ydata()) for line in right.lines[:2]] == [[1, -1], [2, -2]]
    plt.close(figure)
