"""How many of eight bugs ``ddpg diagnose`` names whose author had not seen its rules."""

from collections import Counter

import numpy as np
import pytest

from ddpg_lib import train
from ddpg_lib.diagnose.diagnosing import diagnose
from tests.diagnose.held_out import HELD_OUT
from tests.diagnose.record_held_out import PLAN, RIGHT, recorded, said, verdict


def test_the_record_is_of_these_bugs():
    assert list(recorded()) == [RIGHT, *HELD_OUT]


@pytest.mark.parametrize("name", [RIGHT, *HELD_OUT])
def test_the_rules_say_what_was_recorded(name):
    """By the recorded quantities: a change of a rule or of a threshold shows here."""
    assert [rule.name for rule in said(name)] == recorded()[name]["findings"]


@pytest.mark.parametrize("name", ["mask_inverted", "return_so_far", "policy_action_stored"])
def test_short_runs_are_told_as_well(name):
    """Two agents after 120 updates, by what is measured now and not by what was recorded."""
    short = {"steps": 420, "warmup_steps": 300, "eval_every": 420, "eval_episodes": 1}
    bug = HELD_OUT[name]
    run = train(
        "Pendulum-v1", "pendulum", (61, 62), agent=bug.agent, progress=False, **PLAN | short
    )
    assert diagnose(run.agent, "Pendulum-v1").names[0] in bug.names


def test_the_number_named_right_does_not_fall():
    """Each of the eight gets some finding; the right program, trained alike, gets none."""
    verdicts = Counter(verdict(name) for name in HELD_OUT)
    assert said(RIGHT) == []
    assert verdicts["name"] >= 4
    assert verdicts["name"] + verdicts["part"] >= 7
    among = [name for name, bug in HELD_OUT.items() if {r.name for r in said(name)} & bug.names]
    assert len(among) >= 6  # the first finding or a later one


def test_which_bugs_do_harm():
    """Mean returns of the last evaluation: the action without noise costs nothing on this world."""
    returns = {name: np.median(of["returns"]) for name, of in recorded().items()}
    assert returns[RIGHT] > -200
    assert returns.pop("policy_action_stored") > -200
    assert all(returns[name] < -1000 for name in returns if name != RIGHT)
