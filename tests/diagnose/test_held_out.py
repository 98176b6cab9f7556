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
    assert list(dict.fromkeys(rule.name for rule in said(name))) == recorded()[name]["findings"]


@pytest.mark.parametrize("name", ["mask_inverted", "return_so_far", "policy_action_stored"])
def test_short_runs_are_told_as_well(name):
    """Two agents after 120 updates, by what is measured now and not by what was recorded."""
    short = {"steps": 420, "warmup_steps": 300, "eval_every": 420, "eval_episodes": 1}
    bug = HELD_OUT[name]
    run = train("Pendulum-v1", "pendulum", (61, 62), agent=bug.agent, progress=False, **PLAN | short)
    assert diagnose(run.agent, "Pendulum-v1").names[0] in bug.names
