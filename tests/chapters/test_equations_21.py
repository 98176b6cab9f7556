"""The equations of chapter 21, each against an independent calculation."""

import itertools
import math

import numpy as np
import pytest

from ddpg_lib.chapters.ch21.importance import explained, groups_of, importance, luck
from ddpg_lib.chapters.ch21.scheduling import (
    Cluster,
    best_interval,
    bounds,
    duration,
    most_workers,
    overhead,
    simulate,
)

DEFINITIONS: dict[str, str] = {}


def ishigami(x):
    """Ishigami and Homma's (1990) function on [0, 1]^3, whose indices are known."""
    a, b, c = (2 * x.T - 1) * np.pi
    return np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)


@pytest.mark.equation("21.1", "21.2", by="the known indices of Ishigami's function")
def test_sobol_indices():
    """Estimates from many cells in many groups are the indices in closed form."""
    x = np.random.default_rng(0).random((200_000, 3))
    b, pi4 = 0.1, np.pi**4
    variance = 49 / 8 + b * pi4 / 5 + b**2 * pi4**2 / 18 + 0.5
    closed = [0.5 * (1 + b * pi4 / 5) ** 2 / variance, 49 / 8 / variance, 0.0]
    y = ishigami(x)
    found = [explained(y, groups_of(column, 60)) for column in x.T]
    assert np.allclose(found, closed, atol=5e-3)


@pytest.mark.equation("21.2", by="its mean over many designs of pure chance")
def test_what_does_nothing_explains_nothing():
    """The estimate is unbiased where the plain share of the groups' means is not."""
    rng = np.random.default_rng(1)
    group = groups_of(rng.random(60))
    scores = rng.normal(size=(4_000, 60))
    found = np.array([explained(y, group) for y in scores])
    assert abs(found.mean()) < 3 * found.std() / len(scores) ** 0.5
    means = np.stack([scores[:, group == k].mean(axis=1) for k in range(4)], axis=1)
    plain = (means**2).mean(axis=1) - scores.mean(axis=1) ** 2
    plain /= scores.var(axis=1)
    assert plain.mean() == pytest.approx(3 / 59, rel=0.1)


@pytest.mark.equation("21.3", by="agents whose spread is known, with and without common luck")
def test_luck():
    """With no hyperparameter at work, all variance is the seeds'; with no noise, none is."""
    rng = np.random.default_rng(2)
    assert luck(rng.normal(size=(20_000, 4))) == pytest.approx(1, abs=0.05)
    assert luck(np.repeat(rng.normal(size=(50, 1)), 4, axis=1)) == pytest.approx(0, abs=1e-12)
    # A standard deviation of 2 between cells, and of 2 between agents: 1 / (4 + 1).
    both = 2 * rng.normal(size=(20_000, 1)) + 2 * rng.normal(size=(20_000, 4))
    assert luck(both) == pytest.approx(1 / 5, abs=0.02)
    # What a seed does in all cells alike makes no difference between them.
    assert luck(both + 9 * rng.normal(size=(1, 4))) == pytest.approx(luck(both), rel=1e-9)


def test_luck_of_few_cells_is_right_on_the_average():
    """Of designs with few cells, whose agents are of unequal spread, on the same four seeds."""
    rng = np.random.default_rng(6)
    spread = np.linspace(0.5, 3, 12)[:, None]
    by_luck = np.mean(spread**2) / 4
    found = []
    for _ in range(3_000):
        x = 3 * rng.normal(size=4) + spread * rng.normal(size=(12, 4))
        # As a variance, since a ratio's mean is no ratio of means.
        found.append(luck(x) * x.mean(axis=1).var(ddof=1))
    assert abs(np.mean(found) - by_luck) < 3 * np.std(found) / 3_000**0.5


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_remainder_is_what_the_inputs_do_together(share):
    """Of 20 designs nearly all intervals hold the share of a product, which no input has alone."""
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.choice([-1, 1], size=(150, 2))
        y = (1 - share) ** 0.5 * x[:, 0] + share**0.5 * x[:, 0] * x[:, 1]
        returns = y[:, None] + rng.normal(size=(150, 4)) + rng.normal(size=4)
        # Var = 1 + 1 / 4, in which the product has its share of the 1.
        low, high = importance({"a": x[:, 0], "b": x[:, 1]}, returns, 100)["remainder"][1:]
        held += low <= share / 1.25 <= high
    assert held >= 17


def test_a_score_alone_has_no_luck():
    """The hyperparameters' shares are the same from the score as from agents with that mean."""
    rng = np.random.default_rng(7)
    columns, returns = {"a": rng.random(40)}, rng.normal(size=(40, 4))
    alone = importance(columns, returns.mean(axis=1), 50)
    assert alone == {"a": importance(columns, returns, 50)["a"]}


def test_intervals_hold_the_known_indices():
    """Of 40 designs nearly all 95% intervals hold what an additive function's indices are."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.integers(4, size=(150, 2))
        y = 3 * x[:, 0] + x[:, 1]
        returns = y[:, None] + 2 * rng.normal(size=(150, 4))
        # Var = (9 + 1) * 5 / 4 + 1, of which 9 * 5 / 4 is the first one's.
        found = importance({"a": x[:, 0], "b": x[:, 1]}, returns, 200)
        held += found["a"][1] <= 11.25 / 13.5 <= found["a"][2]
        held += found["b"][1] <= 1.25 / 13.5 <= found["b"][2]
    assert held >= 68


def test_the_interval_of_what_does_nothing_holds_nothing():
    """Of 40 designs of the recorded study's size nearly all 95% intervals hold 0."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        low, high = importance({"a": rng.random(72)}, rng.normal(size=(72, 4)), 200)["a"][1:]
        held += low <= 0 <= high
    assert held >= 36


@pytest.mark.parametrize("values", [[1, 1, 1], [1, 2, 2], [0.1, 0.2, 0.3, 0.4, 0.5]])
def test_too_few_cells_are_refused(values):
    with pytest.raises(ValueError, match="two groups or more"):
        groups_of(values)


@pytest.mark.equation("21.4", by="all orders of some cells, and the best of all schedules")
def test_grahams_bounds():
    """Every order of the cells lies between; the lower bound holds for the best schedule too."""
    times = [7, 2, 3, 5, 1, 4]
    low, high = bounds(times, 3)
    made = [simulate(order, Cluster(3)).seconds for order in itertools.permutations(times)]
    assert low <= min(made)
    assert max(made) <= high
    best = min(
        max(sum(t for t, w in zip(times, who, strict=True) if w == k) for k in range(3))
        for who in itertools.product(range(3), repeat=len(times))
    )
    assert low <= best <= min(made)
    # Graham's own example reaches the upper bound: the longest cell comes last.
    tight = [1] * 6 + [3]
    assert simulate(tight, Cluster(3)).seconds == bounds(tight, 3)[1]


@pytest.mark.equation("21.5", by="a simulation of a long cell with rare failures")
def test_overhead():
    """What checkpoints and failures cost in the simulation is what the formula says."""
    cluster = Cluster(1, 0, 1 / 20_000, 600, 10, 30)
    rng = np.random.default_rng(3)
    took, died = duration(2e7, cluster, rng)
    assert died > 500
    assert took / 2e7 - 1 == pytest.approx(overhead(600, 10, 1 / 20_000, 30), rel=0.1)


@pytest.mark.equation("21.6", by="the least of (21.5) on a fine grid")
def test_youngs_interval():
    """No other interval costs less."""
    grid = np.geomspace(10, 100_000, 20_001)
    least = grid[np.argmin([overhead(x, 12, 1 / 5_000) for x in grid])]
    assert best_interval(12, 1 / 5_000) == pytest.approx(least, rel=1e-3)


@pytest.mark.equation("21.7", by="a simulation with a slow head")
def test_a_slow_head_leaves_workers_idle():
    """Up to so many workers nearly all are busy; with twice as many, half of them are not."""
    times = np.full(5_000, 10.0)
    most = most_workers(times, 0.1)
    assert most == pytest.approx(100)
    assert simulate(times, Cluster(90, 0.1)).busy > 0.95
    assert simulate(times, Cluster(200, 0.1)).busy == pytest.approx(0.5, abs=0.02)


def test_a_simulation_without_failures_loses_nothing():
    times = [3.0, 1.0, 2.0]
    plan = simulate(times, Cluster(2))
    assert (plan.seconds, plan.lost, plan.failures) == (3.0, 0.0, 0)
    assert plan.busy == 1.0


def test_without_checkpoints_a_cell_begins_again_from_nothing():
    """The mean is Daly's (2006) for work t and failures at a rate: (e^(rate t) - 1) / rate."""
    cluster = Cluster(1, 0, 1 / 100)
    rng = np.random.default_rng(4)
    took = np.mean([duration(80, cluster, rng)[0] for _ in range(20_000)])
    assert took == pytest.approx(100 * (math.e**0.8 - 1), rel=0.03)
