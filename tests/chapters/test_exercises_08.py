"""Chapter 8's exercises: right answers pass, common mistakes get their hint, solutions work."""

import math

import numpy as np
import pytest

from ddpg_lib import recipe, train
from ddpg_lib.chapters.ch08.exercises import CHECKS
from ddpg_lib.chapters.ch08.resonance import Resonator
from ddpg_lib.chapters.ch08.toys import OneDToy
from ddpg_lib.chapters.check import check
from ddpg_lib.worlds.pendulum.model import PendulumModel

PHI = 1 - 0.15 * 0.01
YOUNG = math.sqrt(0.2**2 * 0.01 * (1 - PHI**400) / (1 - PHI**2))


def estimate(x):
    """Give the notebook's solution of exercise 8.3."""
    x = x - x.mean()
    return (x[1:] @ x[:-1]) / (x @ x), x.std()


@pytest.mark.parametrize(
    ("number", "right"),
    [
        (1, YOUNG),
        (1, 0.245),
        (2, 0.1 * math.sqrt(1 - 0.85**2)),
        (2, np.float32(0.05268)),
        (3, estimate),
        (3, lambda x: (np.corrcoef(x[1:], x[:-1])[0, 1], np.std(x))),
        (4, 1 - Resonator.of_pendulum(PendulumModel(time_step=0.02)).best_m),
        (4, 0.0746),
    ],
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, YOUNG**2, "variance"),
        (1, 0.2 * 0.1 / math.sqrt(1 - PHI**2), "where it settles"),
        (1, 0.2 / math.sqrt(0.3), "where it settles"),
        (1, 0.2 / math.sqrt(1 - 0.85**2), "step of 1"),
        (1, 10 * YOUNG, "sqrt(dt)"),
        (1, 7, "(8.4)"),
        (2, None, "one number"),
        (2, 0.1 * math.sqrt(0.3), "continuous"),
        (2, 0.1, "piles"),
        (2, 0.1 / math.sqrt(1 - 0.85**2), "other way"),
        (2, 3, "(8.5)"),
        (3, 0.85, "function"),
        (3, lambda x: 1 / 0, "failed"),
        (3, lambda x: x.std(), "two numbers"),
        (3, lambda x: (estimate(x)[0], x.var()), "variance"),
        (3, lambda x: (1.0, x.std()), "one step later"),
        (3, lambda x: (np.mean(x[1:] * x[:-1]) / np.mean(x * x), x.std()), "subtract the mean"),
        (3, lambda x: (estimate(x)[0], np.sqrt(np.mean(x**2))), "measured from the mean"),
        (3, lambda x: (estimate(x)[0], np.std(x[1:] - estimate(x)[0] * x[:-1])), "kick"),
        (3, lambda x: (0.5, x.std()), "x[1:]"),
        (4, "fast", "one number"),
        (4, 0.9254, "that is phi"),
        (4, 1 - Resonator.of_pendulum().best_m, "20 steps a second"),
        (4, math.acos(1 - 15 * 0.02**2 / 2), "omega"),
        (4, 0.15, "Lillicrap"),
        (4, 2, "(8.11)"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_finds_the_chapter(capsys):
    check("8.2", 0.0527)
    assert capsys.readouterr().out == "Exercise 8.2: right.\n"


@pytest.mark.parametrize("change", [{"warmup_steps": 500}, {"invert_gradients": True}])
def test_solutions_of_the_open_exercises(change):
    """8.5 and 8.6: a look before learning, or inverted gradients, saves nearly all agents."""
    config = recipe(
        "default", hidden=(16, 16), batch_size=100, actor_lr=1e-2, sigma=0.2, warmup_steps=50,
        noise="ornstein_uhlenbeck", eval_episodes=1,
    ).replace(**change)  # fmt: skip
    steps = config.warmup_steps + 300
    run = train(OneDToy, config, range(24), steps=steps, eval_every=steps, progress=False)
    assert np.mean(run.curves[:, -1] == 1) > 0.8
