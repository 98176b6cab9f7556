"""Trials of a copy: what they say of the right program, and of bugs whose numbers are known."""

import copy

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, recipe, train
from ddpg_lib.chapters.ch12.bugs import EndIgnored, LimitAsEnd, MixedRows, WrongSign
from ddpg_lib.diagnose.diagnosing import diagnose
from ddpg_lib.diagnose.trials import TRIALS, trials
from tests.diagnose.known_bugs import KNOWN

PLAN = {"hidden": (16, 16), "batch_size": 16, "warmup_steps": 300, "actor_lr": 4e-3}
BUDGET = {"steps": 420, "eval_every": 420, "eval_episodes": 1, "critic_lr": 8e-3}
ONES = (
    "keeps s",
    "keeps a",
    "keeps r",
    "keeps s'",
    "keeps d",
    "act gain",
    "rows drawn",
    "own reward",
    "own discount",
    "loss",
    "critic descends",
    "critic step",
    "actor ascends",
    "actor step",
    "critic follows",
    "actor follows",
)
ZEROS = ("d at limits", "late r", "explores otherwise", "foreign rows", "own ends", "misses")


def grown(agent=DDPG, **changes):
    """Two agents after 120 updates on the pendulum."""
    plan = {**PLAN, **BUDGET, **changes}
    return train("Pendulum-v1", "pendulum", (61, 62), agent=agent, progress=False, **plan).agent


@pytest.fixture(scope="module")
def right():
    return grown()


def test_a_right_program_does_what_is_asked_of_it(right):
    found = trials(right)
    assert list(found) == list(TRIALS)
    for name in ONES:
        assert found[name] == pytest.approx([1, 1], abs=2e-3), name
    for name in (*ZEROS, "critic moved twice"):
        assert found[name] == pytest.approx([0, 0], abs=2e-3), name
    assert found["age drawn"] == pytest.approx([1, 1], abs=0.2)
    assert found["misses, by s"].min() > 0.003


def test_a_trial_changes_nothing(right):
    before = copy.deepcopy(right.state_dict())
    trials(right)
    after = right.state_dict()
    assert str(before["noise"]) == str(after["noise"])
    assert str(before["replay"]["rngs"]) == str(after["replay"]["rngs"])
    for name in ("critic", "actor", "critic_target", "actor_target", "critic_optimizer"):
        for key, value in before[name].items():
            assert torch.equal(value, after[name][key]), (name, key)
    assert right.updates == before["updates"]


@pytest.mark.parametrize(
    ("kind", "name", "number"),
    [(EndIgnored, "own ends", 1), (WrongSign, "actor ascends", -1), (LimitAsEnd, "d at limits", 1)],
)
def test_numbers_of_exhibits(right, kind, name, number):
    """Each quantity against what the bug's own definition makes of it."""
    assert trials(_as(kind, right))[name] == pytest.approx([number] * 2, abs=2e-3)


def test_mixed_rows_make_the_loss_too_large(right):
    assert trials(_as(MixedRows, right))["loss"].min() > 1.05


def _as(kind, agent):
    """The same stack as another class."""
    other = copy.deepcopy(agent, {id(agent._learn): agent._learn})
    other.__class__ = kind
    return other


TAU, GAMMA = (getattr(recipe("pendulum"), name) for name in ("tau", "gamma"))
NUMBERS = {
    "tau_swapped": ("actor follows", (1 - TAU) / TAU),
    "no_noise": ("noise", 0),
    "still_critic": ("critic step", 0),
    "scaled_twice": ("act gain", 2),
    "target_by_state": ("misses, by s", 0),
    "late_reward": ("late r", 1),
    "no_discount": ("own discount", 1 / GAMMA),
}


@pytest.mark.parametrize("name", KNOWN)
def test_bugs_that_once_were_held_out(name):
    """The finding, and a quantity against what the bug's own definition makes of it."""
    agent, said, family = KNOWN[name]
    diagnosis = diagnose(grown(agent), "Pendulum-v1")
    found = diagnosis.findings[0].rule
    assert (found.name, found.family) == (said, family)
    quantity, number = NUMBERS[name]
    assert diagnosis.quantities[quantity] == pytest.approx(number, rel=1e-3, abs=2e-3)


def test_targets_are_not_asked_where_rows_depend_on_each_other():
    agent = DDPG(2, [-1.0], [1.0], recipe("pendulum", hidden=(8,), batch_norm="both"), (0,))
    for t in range(40):
        agent.remember([[t, 1.0]], [[0.5]], [1.0], [[t + 1, 1.0]], [False])
    assert np.isnan(trials(agent)["misses"]).all()


def test_an_actor_without_bounds_of_its_own_is_asked_as_it_is_trained():
    found = trials(grown(invert_gradients=True))
    assert found["misses"] == pytest.approx([0, 0], abs=2e-3)
    assert found["actor ascends"] == pytest.approx([1, 1], abs=2e-3)
