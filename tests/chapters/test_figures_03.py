import matplotlib.pyplot as plt
import numpy as np
import pytest

from ddpg_lib.chapters.ch03.figures import draw_intervals, draw_logs, draw_scatter, draw_valley
from ddpg_lib.chapters.ch03.row import PendulumRow


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_the_scatter_shows_every_estimate(ax):
    draw_scatter(ax, [1.0, 0.1], [np.array([0.5, -2.0]), np.array([3.0])], 0.25)
    clouds = [line.get_ydata() for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(np.concatenate(clouds), [0.5, -2.0, 3.0])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "0.1"]


def test_the_way_through_the_valley_ends_at_the_best_gain(ax):
    row = PendulumRow(1)
    draw_valley(ax, row.lqr, row.start, row.first)
    way = ax.lines[0].get_xydata()
    np.testing.assert_allclose(way[0], row.first[0])
    assert np.linalg.norm(way[-1] - row.lqr.K[0]) < 0.1


def test_the_typical_curve_is_that_of_the_logarithms(ax):
    costs = 10.0 ** np.arange(4)[:, None] * np.ones(3)
    draw_logs(ax, np.arange(3), costs, "black")
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), 10 ** np.mean([1, 2]))
    assert len(ax.lines) == 5


def test_an_interval_for_each_kind_of_each_row(ax):
    draw_intervals(ax, {"a": {"x": (2, 1, 4)}, "b": {"x": (5, 3, 9)}}, {"x": "noise"})
    bars = [tuple(line.get_xdata()) for line in ax.lines if line.get_linewidth() == 2]
    assert (1, 4) in bars
    assert (3, 9) in bars
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
