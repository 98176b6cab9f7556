"""How errors are worded: which known words are suggested for an unknown one."""

import pytest

from ddpg_lib.errors import did_you_mean

OPTIONS = (
    "--actor-lr", "--critic-lr", "--lr-decay", "--batch-norm", "--batch-size", "--gamma", "--seeds",
)  # fmt: skip


@pytest.mark.parametrize(
    ("word", "suggested"),
    [
        ("--lr", "--actor-lr, --critic-lr"),
        ("--batch", "--batch-norm, --batch-size"),
        ("--Batch_Size", "--batch-size"),
        ("--gama", "--gamma"),
        ("--seed", "--seeds"),
    ],
)
def test_words_of_which_it_is_a_part_come_before_near_spellings(word, suggested):
    assert did_you_mean(word, OPTIONS) == f"; did you mean {suggested}?"


@pytest.mark.parametrize("word", ["", "--", "--r", "xyz"])
def test_where_nothing_is_near_nothing_is_said(word):
    assert did_you_mean(word, OPTIONS) == ""


def test_the_nearest_spellings_are_as_many_as_asked_for():
    known = ["Pendulum-v1", "InvertedPendulum-v5", "Reacher-v5"]
    assert did_you_mean("Pendulm-v1", known) == "; did you mean Pendulum-v1?"
    assert "InvertedPendulum-v5" in did_you_mean("Pendulm-v1", known, n=2)
