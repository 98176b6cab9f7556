"""The checks of chapter 21's exercises know right answers from wrong ones."""

import numpy as np

from ddpg_lib.chapters.ch21.exercises import CHECKS


def test_the_least_time():
    assert CHECKS[3](10_000 * 30 / 64 / 3600) == ""
    assert "one worker" in CHECKS[3](10_000 * 30 / 3600)
    assert "minutes" in CHECKS[3](10_000 * 30 / 64 / 60)
    assert CHECKS[3](None)


def share(score, group, fair=True):
    total = np.sum((score - score.mean()) ** 2)
    parts = [score[group == k] for k in np.unique(group)]
    within = sum(np.sum((x - x.mean()) ** 2) for x in parts)
    chance = (len(parts) - 1) * within / (len(score) - len(parts))
    return (total - within - fair * chance) / total


def test_the_share_that_is_explained():
    assert CHECKS[1](share) == ""
    assert "which chance makes" in CHECKS[1](lambda score, group: share(score, group, False))
    assert "does not explain" in CHECKS[1](lambda score, group: 1 - share(score, group))
    assert CHECKS[1](3.0)


def test_the_time_between_checkpoints():
    assert CHECKS[2](2) == ""
    assert "factor of 2" in CHECKS[2](np.sqrt(2 * 3600) / 60)
    assert "seconds" in CHECKS[2](120)
