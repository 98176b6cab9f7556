"""Every exhibit's test passes without the bug and fails with it, and no other does so for it."""

import importlib

import pytest

from ddpg_lib import DDPG
from ddpg_lib.chapters.ch12 import catching
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS, ROOMS
from ddpg_lib.recipes import recipe
from ddpg_lib.results.experiments import SWEEPS


@pytest.mark.parametrize("name", EXHIBITS)
def test_a_right_agent_passes(name):
    """The exhibit's own assertions are what is run."""
    assert EXHIBITS[name].test(DDPG) is None


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_bug_is_caught(name):
    exhibit = EXHIBITS[name]
    with pytest.raises(AssertionError):
        exhibit.test(exhibit.agent)


def test_every_exhibit_has_a_source_and_a_test_of_its_own():
    for exhibit in EXHIBITS.values():
        assert exhibit.room in ROOMS
        assert exhibit.found
        assert all(address.startswith("https://github.com/") for address in exhibit.found)
    tests = [exhibit.test for exhibit in EXHIBITS.values()]
    assert len(set(tests)) == len(tests)
    assert all(test.__module__ == catching.__name__ for test in tests)


def test_recorded_arms_are_of_the_exhibits_agent_and_differ_in_nothing_else():
    for name, exhibit in EXHIBITS.items():
        if not exhibit.curves:
            continue
        bug, right = (SWEEPS[of].experiment(arm) for of, arm in exhibit.curves)
        if name == "no_target":  # recorded in chapter 7 as tau = 1, which is the same
            assert bug.changes == {**right.changes, "tau": 1}
            continue
        module, _, bare = bug.agent.partition(":")
        assert getattr(importlib.import_module(module), bare) is exhibit.agent
        changes = bug.changes
        if name == "normalized_before_stored":  # beside a program that normalizes in its networks
            changes = {**changes, "normalize_obs": True}
        settings = [recipe(bug.recipe, **changes), recipe(right.recipe, **right.changes)]
        assert (settings[0], bug.env, right.agent) == (settings[1], right.env, "")
