"""Which seeds searches and recordings may use."""

import re

import pytest

from ddpg_lib import recipe
from ddpg_lib.results.experiments import (
    CRANE_CHANGES,
    EXPERIMENTS,
    SEARCH,
    SWEEPS,
    Experiment,
    Sweep,
    experiment,
    require_seeds,
)
from ddpg_lib.results.recorded import names, recorded
from ddpg_lib.results.sweeps import sweep, sweeps


@pytest.mark.parametrize("name", [*EXPERIMENTS, *SWEEPS])
def test_everything_that_can_be_asked_for_is_on_seeds_that_it_may_use(name):
    assert experiment(name).seeds


def test_what_ships_was_made_on_seeds_that_it_may_use():
    """Said of the files themselves, whatever is asked for today."""
    for name in names():
        assert min(recorded(name).seeds) >= 300, name
    for name in sweeps():
        seeds = sweep(name).seeds
        searched = all(100 <= seed < 200 for seed in seeds)
        assert searched if name.endswith(SEARCH) else min(seeds) >= 300, name


@pytest.mark.parametrize(
    ("name", "seeds", "complaint"),
    [
        ("x", (300, 107), "x is on seed 107: a recording takes seeds from 300 on"),
        ("x", (250,), "x is on seed 250"),
        ("x", (0, 300), "x is on seed 0"),
        ("x_search", (100, 300), "x_search is on seed 300: a search takes seeds 100 to 199"),
        ("x_search", (0,), "x_search is on seed 0"),
        ("x", (300, 301, 300), "x has a seed twice: 300, 301, 300"),
    ],
)
def test_other_seeds_are_refused(name, seeds, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        require_seeds(name, seeds)


def test_asking_by_name_refuses_them_too(monkeypatch):
    wrong = Experiment("Pendulum-v1", "pendulum", (0,))
    monkeypatch.setitem(EXPERIMENTS, "wrong", wrong)
    with pytest.raises(ValueError, match="wrong is on seed 0"):
        experiment("wrong")
    monkeypatch.setitem(SWEEPS, "wrong", Sweep("Pendulum-v1", "pendulum", (100,), {"a": {}}))
    with pytest.raises(ValueError, match="end its name in _search"):
        experiment("wrong")


def test_the_cranes_diary_ends_at_its_recipe():
    """Each arm is the one before it and one more change, and the last is what is recorded."""
    search = SWEEPS["crane_search"]
    arms = [search.experiment(arm) for arm in search.arms]
    for before, after, own in zip(arms, arms[1:], list(CRANE_CHANGES.values())[1:], strict=False):
        assert after.changes == before.changes | own
        assert not set(own) & set(before.changes)
    assert recipe(arms[-1].recipe, **arms[-1].changes) == recipe("crane")


@pytest.mark.parametrize("size", [1, 2])
def test_no_agent_is_trained_alone(size):
    asked = Experiment("Pendulum-v1", "pendulum", (300, 301, 302), stack=size)
    with pytest.raises(ValueError, match="leave one agent alone"):
        asked.stacks()
