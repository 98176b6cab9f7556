"""Chapter 7's world of two states, and the figures drawn of it."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from ddpg_lib import recipe
from ddpg_lib.chapters.ch07 import figures
from ddpg_lib.chapters.ch07.targets import Follow
from ddpg_lib.chapters.ch07.two_states import (
    ONE_WEIGHT,
    TWO_WEIGHTS,
    learn,
    problem,
    transitions,
)
from ddpg_lib.results.sweeps import Arm

BATCH = transitions(go=2, stay=1, end=1)


def test_transitions():
    s, s_next, d = BATCH
    assert (s.tolist(), s_next.tolist(), d.tolist()) == ([0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1])


@pytest.mark.parametrize("rule", [Follow(1.0), Follow(0.2), Follow(1.0, 3)])
def test_learning_is_the_recursion(rule):
    """By the matrices of the recursion, which are checked against gradients elsewhere."""
    p = problem(TWO_WEIGHTS, BATCH)
    path = learn(TWO_WEIGHTS, BATCH, rule, [1.0, -1.0], 6)
    assert path.shape == (7, 2)
    if rule.period == 1:
        both = np.linalg.matrix_power(p.soft(rule.tau), 6) @ [1.0, -1.0, 1.0, -1.0]
        assert np.allclose(path[6], both[:2])
    else:
        assert np.allclose(path[6], np.linalg.matrix_power(p.hard(3), 2) @ [1.0, -1.0])


def arm(level, **changes):
    steps, rng = np.array([0, 500, 1000]), np.random.default_rng(0)
    curves = level + rng.normal(size=(8, 3))
    inside = {"critic": curves / 10, "monte_carlo": curves / 9}
    return Arm(recipe("pendulum", **changes), steps, curves, curves[:, -1], inside)


def test_figures_hold_what_they_are_given():
    example = problem(ONE_WEIGHT, BATCH)
    path = learn(ONE_WEIGHT, BATCH, Follow(1.0), [1.0], 400)
    drawn = figures.two_states(path).axes[1].lines[0].get_ydata()
    assert np.array_equal(drawn, path[:, 0])
    names = ("all three", "a table", "returns", "on-policy")
    assert len(figures.legs(dict.fromkeys(names, (path, 1.0))).axes[0].lines) == 4
    problems = {"one": example, "two": problem(TWO_WEIGHTS, BATCH)}
    assert len(figures.lags(problems).axes[0].lines) == 3
    assert len(figures.lags(problems, hard=True).axes[0].lines) == 5
    assert figures.growth_per_lag(example, [Follow(1.0)]) == pytest.approx(
        np.log(abs(example.without_target().item()))
    )
    dots = figures.plane({"a": (0.5, 1.1)}).axes[0].lines[-1]
    assert (dots.get_xdata()[0], dots.get_ydata()[0]) == (0.5, 1.1)
    arms = {"τ = 1": {0.5: arm(-900), 1.0: arm(-150)}, "τ = 0.1": {0.5: arm(-200), 1.0: arm(-300)}}
    best = [ax.lines[-2].get_xdata()[0] for ax in figures.step_sizes(arms, -140.0).axes]
    assert best == [1.0, 0.5]
    runs = {"a": arm(-900), "b": arm(-150), "c": arm(-160), "d": arm(-170)}
    assert len([ax for ax in figures.panels(runs, -140.0).axes if ax.axison]) == 4
    assert len(figures.beliefs(runs).axes) == 4
    assert len(figures.histogram(np.ones((3, 10))).axes[0].patches) == 4
    plt.close("all")
