"""Chapter 19's checks: the right answer passes, each common wrong one gets its own hint."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch19.comparing import divergence, updates_seen
from ddpg_lib.chapters.check import check


def seen_without(step, warmup, epoch, ahead):
    return max(step - 1 - warmup, 0)


def seen_late(step, warmup, epoch, ahead):
    return max(step - warmup - min(ahead, (step - 1) % epoch), 0)


def seen_always(step, warmup, epoch, ahead):
    return max(step - 1 - warmup - ahead, 0)


def seen_negative(step, warmup, epoch, ahead):
    return step - 1 - warmup - min(ahead, (step - 1) % epoch)


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        (1, updates_seen, "right"),
        (1, seen_without, "does not look ahead"),
        (1, seen_late, "one less"),
        (1, seen_always, "first items"),
        (1, seen_negative, "not negative"),
        (1, lambda *_: 3, "for (52, 20, 50, 0) it is 31"),
        (1, 3, "write a function"),
        (2, 15_000, "right"),
        (2, 20_000, "every second update"),
        (2, 12_000, "steps in the environment"),
        (2, 10_000, "alone"),
        (2, 18_000, "during the warm-up"),
        (2, 15_001, "even"),
        (2, 7, "not yet"),
        (2, None, "put your answer"),
        (3, divergence, "right"),
        (3, lambda m, o, s: 2 * divergence(m, o, s), "factor 1/2"),
        (3, lambda m, o, s: np.abs(m - o).sum() / (2 * s**2), "are squared"),
        (3, lambda m, o, s: np.square(m - o).sum() / (2 * s), "sigma is squared"),
        (3, lambda m, o, s: np.square(m - o).mean() / (2 * s**2), "add up"),
        (3, lambda m, o, s: 0.0, "not yet"),
        (3, 0.5, "write a function"),
    ],
)
def test_answers(number, answer, hint, capsys):
    check(f"19.{number}", answer)
    assert hint in capsys.readouterr().out
