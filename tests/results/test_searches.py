"""Every recipe has an account of how it was found, and what it says agrees with what ships."""

import re

import numpy as np
import pytest

from ddpg_lib.recipes import RECIPES
from ddpg_lib.results.experiments import SEARCH_SEEDS, SWEEPS
from ddpg_lib.results.recorded import DATA
from ddpg_lib.results.searches import (
    ACCOUNTS,
    CHAPTERS,
    FRUITLESS,
    NOT_KEPT,
    record,
    records,
)
from ddpg_lib.results.sweeps import sweep

RECORDED = {name for x in ACCOUNTS.values() for name in x.records}
EVERY = sorted(RECORDED | set(CHAPTERS) | set(FRUITLESS))
TOLD = ACCOUNTS | FRUITLESS


def test_every_recipe_says_how_it_was_found():
    assert set(ACCOUNTS) == set(RECIPES)
    for told in TOLD.values():
        assert told.learnt.endswith(".")
        assert told.tried != NOT_KEPT or not told.records


def test_every_search_on_record_is_told():
    assert sorted(records()) == EVERY
    assert len(EVERY) == len(RECORDED) + len(CHAPTERS) + len(FRUITLESS)
    assert all(told.records == (name,) for name, told in FRUITLESS.items())


@pytest.mark.parametrize("name", EVERY)
def test_searches_ran_on_the_seeds_of_searches(name):
    kept = record(name)
    assert set(kept.seeds) <= set(SEARCH_SEEDS)
    assert len(kept.final) > 1
    for x in kept.final.values():
        assert x.shape == (len(kept.seeds),)
        assert np.isfinite(x).all()
    assert kept.final[kept.best()].mean() == max(x.mean() for x in kept.final.values())


@pytest.mark.parametrize("recipe", [name for name, told in TOLD.items() if told.records])
def test_accounts_name_the_seeds_and_the_number_of_settings(recipe):
    told = TOLD[recipe]
    kept = [record(name) for name in told.records]
    for one in kept:
        assert told.seeds == f"{one.seeds[0]} to {one.seeds[-1]}"
    assert int(re.match(r"\d+", told.tried)[0]) == sum(len(one.final) for one in kept)


def test_a_table_of_curves_gives_the_last_step_of_each_setting():
    kept = record("hidden_velocity")
    lines = (DATA / "searches/hidden_velocity.csv").read_text().splitlines()
    last = [float(x) for x in lines[-1].split(",")[3:]]
    assert kept.final["actor_lr 0.001, critic_lr 0.002"].tolist() == last
    assert kept.seeds == [100, 101, 102, 103]


def test_a_sweep_gives_its_arms():
    kept = record("targets_search")
    assert list(kept.final) == list(SWEEPS["targets_search"].arms)
    arm = sweep("targets_search").arms[kept.best()]
    np.testing.assert_array_equal(kept.final[kept.best()], arm.final)


def test_short_episodes_bring_the_pendulum_a_fifth_nearer_to_the_optimum():
    """What the account of that search and chapter 9 say; 3% would have been two thirds."""
    kept = record("pendulum_best_search")
    optimum, recipe = -134.5, sweep("pendulum_choices").arms["recipe"].final.mean()
    nearer = {name: 1 - (optimum - x.mean()) / (optimum - recipe) for name, x in kept.final.items()}
    assert kept.best() == "restarts"
    assert 0.15 < nearer.pop("restarts") < 0.25
    assert nearer.pop("restarts_n_step_5_ou") < -1
    assert min(nearer.values()) > 0


def test_unknown_searches_are_refused():
    with pytest.raises(ValueError, match="there is no search 'luck' on record, only"):
        record("luck")
