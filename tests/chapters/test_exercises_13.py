"""Chapter 13's checks: the right answer passes, each common wrong one gets its own hint."""

import numpy as np
import pytest

from ddpg_lib import DDPG, Config
from ddpg_lib.chapters.ch13.hands import furnace_stoker
from ddpg_lib.chapters.check import check


def verdict(exercise, answer, capsys):
    check(exercise, answer)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        ("13.1", 0.9327, "right"),
        ("13.1", 0.344, "no failure at all"),
        ("13.1", 0.196, "exactly two"),
        ("13.1", 0.736, "two agents are cut"),
        ("13.1", 0.067, "remains"),
        ("13.1", 93, "between 0 and 1"),
        ("13.1", 0.5, "binomial"),
        ("13.1", "much", "one number"),
        ("13.3", (3.44, 8889), "right"),
        ("13.3", (94.3, 8889), "root of 750"),
        ("13.3", (0.1257, 8889), "divide by the root"),
        ("13.3", (5, 8889), "spread / sqrt"),
        ("13.3", (3.44, 94), "Which k"),
        ("13.3", 3.44, "two numbers"),
        ("13.4", 1 / 17, "right"),
        ("13.4", 1 / 65, "four chances"),
        ("13.4", 4 / 65, "all 68"),
        ("13.4", 1 - (64 / 65) ** 4, "not independent"),
        ("13.4", 1 / 68, "one certain"),
        ("13.4", 0.5, "each with the same"),
        ("13b.1", -6.366, "right"),
        ("13b.1", -10, "only at the ends"),
        ("13b.1", -7.07, "mean square"),
        ("13b.1", -5, "integral"),
        ("13b.1", 6.37, "costs"),
        ("13b.1", -20, "mean distance"),
        ("13b.2", 0.3707, "right"),
        ("13b.2", 0.25, "a third"),
        ("13b.2", 0.2173, "a quarter"),
        ("13b.2", 1.5, "so loud"),
        ("13b.2", 0.3, "one half and solve"),
        ("13b.2", "much", "standard deviation"),
        ("13b.3", furnace_stoker, "right"),
        ("13b.3", lambda obs: np.zeros(1), "stays cold"),
        ("13b.3", lambda obs: np.ones(1), "until the piece burns"),
        ("13b.3", lambda obs: np.full(1, 0.25), "constant quarter"),
        ("13b.3", 3, "what train returns"),
        ("13a.1", 63, "right"),
        ("13a.1", 62.8, "next number"),
        ("13a.1", 126, "both"),
        ("13a.1", 16, "four times"),
        ("13a.1", 32, "root of two"),
        ("13a.1", 8, "into the formula"),
        ("13a.2", (0.4312, 0.00465), "right"),
        ("13a.2", (1 - 0.95**11, 1 - 0.95 ** (1 / 11)), "right"),
        ("13a.2", (0.55, 0.00465), "add up"),
        ("13a.2", (0.4312, 0.00455), "Bonferroni"),
        ("13a.2", (0.5688, 0.00465), "no alarm at all"),
        ("13a.2", (0.1, 0.1), "has the probability"),
    ],
)
def test_numbers(exercise, answer, hint, capsys):
    assert hint in verdict(exercise, answer, capsys)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x, y: np.mean((x[:, None] > y) + 0.5 * (x[:, None] == y)), "right"),
        (lambda x, y: np.mean(x[:, None] > y), "one half: [3. 1. 2.]"),
        (lambda x, y: np.mean(x[:, None] >= y), "not one"),
        (lambda x, y: np.mean((x[:, None] < y) + 0.5 * (x[:, None] == y)), "second one is better"),
        (lambda x, y: float(x.mean() > y.mean()), "compares the means"),
        (lambda x, y: 0.3, "in how many"),
        (0.5, "write a function"),
    ],
)
def test_probability_of_improvement(answer, hint, capsys):
    assert hint in verdict("13.2", answer, capsys)


def test_the_furnace_asks_every_agent_of_a_stack(capsys):
    agent = DDPG(3, [0.0], [1.0], Config(hidden=(8,), buffer_size=100), (0, 1))
    assert "the lowest of 2 reaches" in verdict("13b.3", agent, capsys)
