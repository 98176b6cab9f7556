"""Chapter 12's checks: right answers pass, and common wrong ones are told what they miss."""

import pytest

from ddpg_lib import DDPG
from ddpg_lib.chapters import check
from ddpg_lib.chapters.ch06.faults import LatestOnly, drawn_ages
from ddpg_lib.chapters.ch12.catching import lived
from ddpg_lib.chapters.ch12.exercises import CHECKS


def by_age(agent):
    replay = lived(agent).replay
    return drawn_ages(replay, 32).max() > len(replay) / 2


def by_assertion(agent):
    replay = lived(agent).replay
    assert drawn_ages(replay, 32).max() > len(replay) / 2


@pytest.mark.parametrize(
    ("number", "answer"), [("12.1", (-100, 0)), ("12.2", by_age), ("12.3", -1)]
)
def test_right(number, answer, capsys):
    check(number, answer)
    assert capsys.readouterr().out == f"Exercise {number}: right.\n"


def test_an_assertion_will_do():
    assert by_age(DDPG)
    assert not by_age(LatestOnly)
    assert CHECKS[2](by_assertion) == ""


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        (1, (-10, 0), "scaled"),
        (1, (-1, 0), "add up"),
        (1, (100, 0), "negative"),
        (1, (-100, 5), "one solution"),
        (2, lambda agent: True, "lets the bug pass"),
        (2, lambda agent: False, "does not pass"),
        (2, lambda agent: agent is LatestOnly, "and the bug does"),
        (2, lambda agent: agent.nothing, "AttributeError"),
        (2, 3, "without calling"),
        (3, 0, "has the reward in it"),
        (3, 1, "sign"),
        (3, 7, "not yet"),
        ("12a.1", -600, "end of learning"),
        ("12a.1", 0, "all that follows"),
        ("12a.1", -100, "for ever"),
    ],
)
def test_wrong(number, answer, said):
    assert said in CHECKS[number](answer)
