"""Chapter 14's checks: the right answer passes, each common wrong one gets its own hint."""

import gymnasium as gym
import numpy as np
import pytest
from scipy.optimize import brentq

from ddpg_lib.chapters.ch14.exercises import CHECKS
from ddpg_lib.chapters.ch14.lander import hover_throttle, potential, reward, still, throttle
from ddpg_lib.chapters.check import check
from ddpg_lib.evaluation import evaluate_policy

COST = 0.3 * hover_throttle()
SIGMA = brentq(lambda s: still(-1, 0, s) ** 25 - 0.5, 0.05, 1)


def by_hand(obs, action, after):
    def shaping(s):
        near, slow = np.linalg.norm(s[:2]), np.linalg.norm(s[2:4])
        return -100 * (near + slow + abs(s[4])) + 10 * (s[6] + s[7])

    main = (1 + action[0]) / 2 if action[0] > 0 else 0
    side = abs(action[1]) if abs(action[1]) > 0.5 else 0
    return shaping(after) - shaping(obs) - 0.3 * main - 0.03 * side


def fuel(action):
    return throttle(action) @ [0.3, 0.03]


@pytest.mark.parametrize(
    ("number", "right"), [(1, 100 / COST), (1, 583), (2, by_hand), (2, reward), (3, SIGMA)]
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, 100 / 0.3, "full throttle"),
        (1, 100 / 0.15, "half throttle"),
        (1, 100 / (0.1 * COST), "side engines"),
        (1, 100 / hover_throttle(), "not 1"),
        (1, COST, "one step"),
        (1, 200 / COST, "gains 100"),
        (1, 5_000, "not yet"),
        (2, 4, "the function"),
        (2, lambda s: 0, "TypeError"),
        (2, lambda s, a, t: -by_hand(s, a, t), "wrong way"),
        (2, lambda s, a, t: potential(t) - potential(s), "fuel is missing"),
        (2, lambda s, a, t: by_hand(s, a, t) + 2 * fuel(a), "a cost"),
        (
            2,
            lambda s, a, t: by_hand(s, a, t) + fuel(a) - 0.3 * max(a[0], 0) - 0.03 * abs(a[1]),
            "by throttle",
        ),
        (2, lambda s, a, t: by_hand(s, a, t) + potential(s), "change of the potential"),
        (2, lambda s, a, t: by_hand(s, a, t) - 10 * (t - s)[6:].sum(), "legs are missing"),
        (2, lambda s, a, t: by_hand(s, a, t) - 5 * (t - s)[6:].sum(), "both legs"),
        (2, lambda s, a, t: 0.0, "not yet"),
        (3, -1, "positive"),
        (3, brentq(lambda s: still(-1, 0, s) - 0.5, 0.1, 5), "all 25"),
        (3, 0.26105, "both sides"),
        (3, 0.5, "not yet"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("14.1", 583)
    assert capsys.readouterr().out == "Exercise 14.1: right.\n"


def steep(obs):
    """14.4: a controller that falls faster than the one that Gymnasium ships."""
    x, y, vx, vy, angle, spin, left, right = obs
    tilt = np.clip(0.5 * x + vx, -0.4, 0.4)
    turn = 0.5 * (tilt - angle) - spin
    fall = -0.12 - 0.5 * max(y - 0.45 * abs(x), 0)
    if left or right:
        turn, fall = 0.0, 0.0
    return np.clip([20 * (fall - vy) / 2 - 1, -20 * turn], -1, 1)


def test_a_steeper_descent_lands():
    pytest.importorskip("Box2D")
    returns = evaluate_policy(steep, "LunarLanderContinuous-v3", 20)
    assert returns.mean() > 200
    assert gym.spec("LunarLanderContinuous-v3").reward_threshold == 200
