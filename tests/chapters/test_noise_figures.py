"""Chapter 8's figures show what they are given; its pendulum, and its groups of agents."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from ddpg_lib import recipe, train
from ddpg_lib.chapters.ch08 import figures
from ddpg_lib.chapters.ch08.agents import in_groups
from ddpg_lib.chapters.ch08.processes import AR1, estimate
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.chapters.ch08.swings import MODEL, push, swing_after
from ddpg_lib.ddpg import DDPG
from ddpg_lib.figures import use_house_style


@pytest.fixture(autouse=True)
def closed():
    use_house_style()
    yield
    plt.close("all")


def test_the_still_car_shows_every_agent_and_every_state():
    run = train(
        "MountainCarContinuous-v0", hidden=(8,), batch_size=8, warmup_steps=20, steps=40,
        eval_every=20, eval_episodes=1, seeds=(0, 1), progress=False,
    )  # fmt: skip
    left, right = figures.still_car(run).axes
    assert len([line for line in left.lines if len(line.get_xdata()) == 3]) == 3  # and the IQM
    assert len(right.lines[0].get_xdata()) == 80


def test_arrival_curves_are_the_shares():
    shares = {0.0: [0.0, 0.1], 0.85: [0.2, 0.9]}
    (ax,) = figures.arrival_curves((0.5, 1.0), shares, cars=100).axes
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], [[0, 0.1], [0.2, 0.9]])


def test_a_panel_for_each_group():
    names = ("a", "b", "c", "d")
    curves = {name: np.full((3, 2), k) for k, name in enumerate(names)}
    fig = figures.panels([0, 10], curves, dict.fromkeys(names, "noise"))
    assert [ax.get_title(loc="left") for ax in fig.axes] == list(names)
    assert [ax.lines[0].get_ydata()[0] for ax in fig.axes] == [0, 1, 2, 3]


def test_records_and_memories():
    assert len(figures.records({"A": np.ones(300), "B": np.zeros(300)}).axes) == 2
    paths, correlations = figures.three_memories(0.5, steps=20, lags=5).axes
    assert [len(line.get_xdata()) for line in paths.lines[::2]] == [20, 20, 20]
    assert correlations.lines[1].get_ydata() == pytest.approx(0.85 ** np.arange(6))


def test_the_deeper_pages_figures():
    world = Resonator.of_pendulum()
    assert len(figures.phase_planes(0.5, steps=5, episodes=2).axes) == 6
    (ax,) = figures.spectra({"pendulum": world.omega, "car": 0.09}, steps=2_048, paths=2).axes
    assert {"pendulum", "car"} <= {text.get_text() for text in ax.texts}
    (ax,) = figures.highest_angles((0, 0.85), (10, 20), (1, 1), world, 0.3).axes
    assert ax.get_xscale() == "log"


def test_a_push_is_the_models_step():
    angles, speeds = push(np.array([[0.5, 2.0]]))
    theta, speed, _ = MODEL.step(np.pi, 0.0, 1.0)
    theta, speed, _ = MODEL.step(theta, speed, 2.0)  # clipped
    assert (angles[0, -1], speeds[0, -1]) == pytest.approx((theta - np.pi, speed))


def test_the_swing_that_a_push_leaves():
    kick = np.zeros((1, 200))
    kick[0, 0] = 0.2
    angles, _ = push(kick)
    assert swing_after(kick[:, :1])[0] == pytest.approx(np.abs(angles).max(), rel=0.02)
    assert swing_after(np.zeros((1, 3)))[0] == pytest.approx(0, abs=1e-6)


def test_groups_differ_in_their_noise_alone():
    config = recipe("default", hidden=(4,), noise="gaussian", sigma=0.5)
    walk = AR1(0.85, 0.2)
    grouped = in_groups([AR1.with_std(0.5), walk])(2, [-1], [1], config, seeds=[3, 4, 5, 6])
    plain = DDPG(2, [-1], [1], config, seeds=[3, 4, 5, 6])
    for mine, theirs in zip(grouped.actor.parameters(), plain.actor.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    mine = np.stack([grouped.noise.sample()[..., 0] for _ in range(4_000)])
    theirs = np.stack([plain.noise.sample()[..., 0] for _ in range(4_000)])
    np.testing.assert_array_equal(mine[:, :2], theirs[:, :2])  # white noise, of the same draws
    assert estimate(mine[:, 2]) == pytest.approx((walk.m, walk.std), rel=0.1)
    grouped.noise.reset(np.array([False, False, True, False]))
    after = grouped.noise.sample()[..., 0]
    fresh = plain.noise.sample()[..., 0] * 0.2 / 0.5  # the same draws
    assert after[3] == pytest.approx(mine[-1, 3] * 0.85 + fresh[3])
    assert after[2] == pytest.approx(fresh[2])  # begun anew
    with pytest.raises(ValueError, match="3 agents are not 2 equal groups"):
        in_groups([walk, walk])(2, [-1], [1], config, seeds=[3, 4, 5])
