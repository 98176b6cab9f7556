"""Chapter 6's tables and figures hold the numbers that they are given."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from ddpg_lib.chapters.ch06.drawing import (
    COLUMNS,
    compare,
    draw_contents,
    draw_jumps,
    draw_step_sizes,
    result,
)

RUN = SimpleNamespace(steps=np.array([0, 2_000, 4_000]), curves=np.arange(12.0).reshape(4, 3) - 200)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_failures_and_the_plain_mean_stand_beside_the_interquartile_mean():
    center, interval, mean, failed = result([-150.0] * 6 + [-1500.0, -301.0])
    assert (center, mean, failed) == (-150, -337.625, 2)
    assert interval.endswith(" to -150")
    assert len(COLUMNS) == 4


def test_curves_begin_where_learning_does():
    ax = compare({"a": RUN, "b": RUN}, ("actor", "critic"), -130.0).axes[0]
    thick = [line for line in ax.lines if line.get_label() in ("a", "b")]
    assert [line.get_xdata().tolist() for line in thick] == [[2_000, 4_000]] * 2
    assert thick[0].get_ydata().tolist() == pytest.approx([-194.5, -193.5])


def test_contents_have_one_panel_for_each_field():
    held = SimpleNamespace(
        steps=[2_000, 2_500], cells=[np.full(4, 5.0)] * 2, spread=[np.ones(4)] * 2
    )
    figure = draw_contents({"a": held}, ("actor",), {"cells": "cells", "spread": "S"})
    assert [ax.get_ylabel() for ax in figure.axes] == ["cells", "S"]
    assert figure.axes[0].lines[-1].get_ydata().tolist() == [5, 5]


def test_impossible_jumps_are_drawn_apart():
    jumps = np.array([0.5, 4.0, 0.6, 5.0])
    figure = draw_jumps({"a": (jumps, [1, 3])}, until=3)
    possible, wrong = figure.axes[0].lines
    assert possible.get_xdata().tolist() == [0, 2]
    assert (wrong.get_xdata().tolist(), wrong.get_ydata().tolist()) == ([1], [4.0])


def test_step_sizes_stand_in_order():
    arms = {f"x_{f:g}": SimpleNamespace(final=np.full(8, -100.0 * f)) for f in (0.5, 1, 2)}
    again = {name: SimpleNamespace(final=arm.final - 1) for name, arm in arms.items()}
    figure = draw_step_sizes(arms, again, {"an arm": "x"}, (0.5, 1, 2), ("actor",))
    found = [line.get_ydata().tolist() for line in figure.axes[0].lines]
    assert found == [[-50, -100, -200], [-51, -101, -201]]
