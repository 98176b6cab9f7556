import math

import numpy as np
import pytest

from ddpg_lib.chapters.ch01.exercises import CHECKS
from ddpg_lib.chapters.check import check
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.policies import zero_torque
from ddpg_lib.worlds.pendulum.simulation import simulate

PI2 = math.pi**2


def greedy_on_zero_torque(horizon=lambda t: 200 - t - 1, gamma=1.0, choose=np.argmax, first=1.0):
    """Mean return of exercise 1.4's policy, or of one with a mistake in it."""
    model, torques = PendulumModel(), np.linspace(-2, 2, 5)

    def policy(t, observations):
        theta, theta_dot = model.state(observations)
        theta, theta_dot, total = model.step(theta[:, None], theta_dot[:, None], torques)
        total = total * first
        for k in range(horizon(t)):
            theta, theta_dot, reward = model.step(theta, theta_dot, 0.0)
            total = total + gamma ** (k + 1) * reward
        return torques[choose(total, axis=1)]

    return simulate(policy, range(200)).returns.mean()


@pytest.mark.parametrize(
    ("number", "right"),
    [
        (2, (-200 * PI2, -PI2 / 0.01)),
        (2, np.array([-1973.92, -986.96])),
        (3, 20_000_000),
        (3, 2e7),
        (1, 0.0455625),
        ("1b.1", 30),
        ("1a.1", 66.9),
        ("1a.1", np.float32(66.8896)),
    ],
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


def test_discounted_answer_equals_a_long_sum():
    assert CHECKS[2]((-200 * PI2, -PI2 * np.sum(0.99 ** np.arange(5000)))) == ""


def test_learned_value_is_the_fixed_point_of_the_wrong_targets():
    q = 0.0
    for _ in range(3000):  # 199 transitions bootstrap, 1 does not
        q = np.mean([1 + 0.99 * q] * 199 + [1.0])
    assert CHECKS["1a.1"](q) == ""


def test_policy_improvement_is_recognized():
    assert CHECKS[4](greedy_on_zero_torque()) == ""


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        ({"horizon": lambda t: 199}, "end at step 200"),
        ({"horizon": lambda t: 0}, "next reward alone"),
        ({"gamma": 0.99}, "discounted"),
        ({"choose": np.argmin}, "greatest total"),
        ({"first": 0.0}, "tried torque itself"),
    ],
)
def test_mistakes_in_policy_improvement(mistake, hint):
    assert hint in CHECKS[4](greedy_on_zero_torque(**mistake))


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, 0.091125, "half of the way"),
        (1, 0, "has a value by now"),
        (1, 0.39375, "to the left"),
        (1, 0.2025, "own best"),
        (1, 0.050625, "discount"),
        (1, 1, "which of its two"),
        ("1b.1", 29, "rounded up"),
        ("1b.1", 21, "m = 2"),
        ("1b.1", 58, "length 2"),
        ("1b.1", 3, "solve for k"),
        (2, 5, "two numbers"),
        (2, "no", "two numbers"),
        (2, (-PI2 / 0.01, -200 * PI2), "other order"),
        (2, (200 * PI2, PI2 / 0.01), "below zero"),
        (2, (-200 * 180**2, -(180**2) / 0.01), "radians"),
        (2, (-PI2, -PI2 / 0.01), "first number"),
        (2, (-200 * PI2, -PI2 * (1 - 0.99**200) / 0.01), "does not stop"),
        (2, (-200 * PI2, -0.99 * PI2 / 0.01), "gamma**0"),
        (2, (-200 * PI2, -0.99 * 200 * PI2), "geometric"),
        (2, (-200 * PI2, -3.0), "second number"),
        (3, "many", "one number"),
        (3, 5 * 7 * 256, "combine"),
        (3, 5 * 7, "combine"),
        (3, 7**5 * 256, "not 7**5"),
        (3, 7**5, "5**7"),
        (3, 5**7, "every next state"),
        (3, 2 * 5**7 * 256, "only the next states"),
        (3, 1, "count"),
        (4, (1, 2), "one number"),
        (4, float("nan"), "one number"),
        (4, 272.0, "never above zero"),
        (4, -100, "optimum"),
        (4, simulate(zero_torque, range(200)).returns.mean(), "zero torque"),
        (4, -158.48, "energy shaping itself"),
        (4, -146.66, "Q of energy shaping"),
        (4, -500, "not quite"),
        ("1a.1", None, "one number"),
        ("1a.1", 100, "right value"),
        ("1a.1", (1 - 0.99**200) / 0.01, "no clock"),
        ("1a.1", np.mean([(1 - 0.99**k) / 0.01 for k in range(1, 201)]), "average the targets"),
        ("1a.1", 200, "without the discount"),
        ("1a.1", 0.98505, "that is the discount"),
        ("1a.1", 3, "(1a.3)"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("1.3")
    check("1.3", 5**7)
    check("1.3", 5**7 * 256)
    out = capsys.readouterr().out.splitlines()
    assert "put your answer" in out[0]
    assert "every next state" in out[1]
    assert out[2] == "Exercise 1.3: right."
