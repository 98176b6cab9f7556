"""Every exhibit's test passes without the bug and fails with it, and no other does so for it."""

import pytest

from ddpg_lib import DDPG
from ddpg_lib.chapters.ch12 import catching
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS, ROOMS
from ddpg_lib.results.experiments import MUSEUM


@pytest.mark.parametrize("name", EXHIBITS)
def test_a_right_agent_passes(name):
    EXHIBITS[name].test(DDPG)


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_bug_is_caught(name):
    exhibit = EXHIBITS[name]
    with pytest.raises(AssertionError):
        exhibit.test(exhibit.agent)


def test_every_exhibit_has_curves_and_a_source():
    assert set(EXHIBITS) - set(MUSEUM) == {"end_ignored"}, "of which museum_balance has the curves"
    assert set(MUSEUM) - set(EXHIBITS) == {"right", "right_normalized"}
    for exhibit in EXHIBITS.values():
        assert exhibit.room in ROOMS
        assert exhibit.found
        assert all(address.startswith("https://github.com/") for address in exhibit.found)
    tests = [exhibit.test for exhibit in EXHIBITS.values()]
    assert len(set(tests)) == len(tests), "each bug has a test of its own"
    assert all(test.__module__ == catching.__name__ for test in tests)
