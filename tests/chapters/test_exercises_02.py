import numpy as np
import pytest

from ddpg_lib.chapters.ch02.exercises import CHECKS, _estimate
from ddpg_lib.chapters.ch02.laws import dimension_law, horizon_law
from ddpg_lib.chapters.ch02.policy_gradient import SoftmaxPolicy
from ddpg_lib.chapters.ch02.reinforce import gaussian_reinforce, reinforce, reinforce_moments
from ddpg_lib.chapters.ch02.worlds import chain, grid_world

WITHOUT, WITH = 4 * (25 * 101 * 201 / 6 + 99 / 2), 4 * 99 / 2


def solution(states, actions, rewards, gamma, score, baseline):
    """Exercise 2.2, written as the notebook does: backward in time."""
    total, future = np.zeros(score.shape[-1]), 0.0
    for t in reversed(range(len(states))):
        future = rewards[t] + gamma * future
        total += gamma**t * (future - baseline[states[t]]) * score[states[t], actions[t]]
    return total


@pytest.mark.parametrize(
    ("number", "right"),
    [
        (1, [-2, 4, -2]),
        (1, np.array([-2.0, 4.0, -2.0])),
        (2, solution),
        (3, (WITHOUT, WITH)),
        (3, (338_548, 198)),
        (4, 0.0431),
        (5, (1, 0)),
        (5, np.array([1.04, 0.03])),
        ("2a.1", [-1, 0, 1]),
        ("2a.2", [0.25, -0.5]),
        ("2b.1", -10.25),
        ("2b.2", (0.75, 0.999)),
    ],
)
def test_right_answers(number, right):
    assert CHECKS[number](right) == ""


def test_solution_agrees_with_the_library():
    mdp, policy = grid_world(["...G", ".~.~", "S..."]), SoftmaxPolicy.tabular(12, 4)
    theta, b = np.random.default_rng(0).normal(size=48), np.arange(12.0)
    batch = mdp.episodes(policy.probabilities(theta), 1, np.random.default_rng(1))
    by_hand = solution(
        batch.states[0], batch.actions[0], batch.rewards[0], mdp.gamma, policy.score(theta), b
    )
    np.testing.assert_allclose(reinforce(mdp, policy, theta, batch, b)[0], by_hand, atol=1e-10)


def test_answers_agree_with_the_exact_covariance():
    mdp, policy = chain(100, 5.0, 1.0), SoftmaxPolicy.tabular(101, 2)
    features = policy.features[..., 1::2] * np.array([0, 1])[:, None]
    policy, theta = SoftmaxPolicy(features), np.zeros(101)
    for b, answer in ((0.0, WITHOUT), (mdp.value(np.full((101, 2), 0.5)), WITH)):
        mean, covariance = reinforce_moments(mdp, policy, theta, b)
        assert np.trace(covariance) / (mean @ mean) / 0.5**2 == pytest.approx(answer)


def test_the_narrowest_policy_costs_as_much_as_there_is():
    assert dimension_law(2, 0.0431, luck=0.3) == pytest.approx(100, rel=0.01)


def test_powers_of_the_horizon():
    h = np.array([16, 128])
    _, plain, with_value = horizon_law(h, 1.0, 1.0, shared=True)
    assert np.log(plain[1] / plain[0]) / np.log(8) == pytest.approx(1, abs=0.1)
    assert np.log(with_value[1] / with_value[0]) / np.log(8) == pytest.approx(0, abs=0.1)


def test_natural_gradients_solve_their_equation():
    pi, rewards = np.array([0.6, 0.3, 0.1]), np.array([1.0, 2.0, 3.0])
    psi = np.eye(3) - pi
    fisher, gradient = (psi.T * pi) @ psi, (pi * rewards) @ psi
    np.testing.assert_allclose(fisher @ [-1, 0, 1], gradient, atol=1e-14)
    assert np.linalg.matrix_rank(fisher) == 2
    slope, sigma = np.array([1.0, -2.0]), 0.5
    x = gaussian_reinforce(
        lambda a: np.ones(len(a)), np.zeros(2), sigma, 400_000, np.random.default_rng(3)
    )  # the scores themselves
    np.testing.assert_allclose(x.T @ x / len(x) @ [0.25, -0.5], slope, atol=0.02)


def test_best_baseline_is_the_lowest_of_several():
    goal = np.array([1.0, 2.0, 2.0])

    def variance(b):
        rng = np.random.default_rng(0)
        x = gaussian_reinforce(
            lambda a: -((a - goal) ** 2).sum(1), np.zeros(3), 0.5, 400_000, rng, b
        )
        return ((x - 2 * goal) ** 2).sum(1).mean()

    around = np.array([-1.0, 0.0, 1.0])
    curve = np.polyfit(around, [variance(-10.25 + d) for d in around], 2)
    assert abs(curve[1] / (2 * curve[0])) < 0.1  # the parabola's lowest point


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        ({"sign": -1.0}, "sign is turned"),
        ({"discounted": False}, "gamma**t of (2.9) is missing"),
        ({"used": 0.0}, "not subtracted"),
        ({"used": -1.0}, "added instead"),
        ({"whole": True}, "whole return"),
        ({"future_gamma": 1.0}, "discounted as well"),
        ({"discounted": False, "used": 0.0}, "the baseline and the factor"),
    ],
)
def test_mistakes_in_reinforce(mistake, hint):
    assert hint in CHECKS[2](lambda *play: _estimate(*play, **mistake))


def test_functions_that_are_none():
    assert "fails" in CHECKS[2](lambda *play: 1 / 0)
    assert "shape" in CHECKS[2](lambda *play: np.zeros(4))
    assert "do not average" in CHECKS[2](lambda *play: solution(*play) / len(play[0]))
    assert "by hand" in CHECKS[2](lambda *play: np.ones(3))


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, 4, "three numbers"),
        (1, "no", "three numbers"),
        (1, [0, 6, 0], "other actions"),
        (1, [2, -4, 2], "downhill"),
        (1, [-1 / 3, 2 / 3, -1 / 3], "multiply it by the reward"),
        (1, [2, 2, 2], "pi times the reward"),
        (1, [2, 4, 2], "go down"),
        (1, [0, 4, 0], "others' preferences"),
        (1, [0, 18, 0], "no division"),
        (1, [-2 / 3, 4 / 3, -2 / 3], "no further factor"),
        (1, [1, 2, 3], "(2.2)"),
        (2, 7, "give a function"),
        (3, 5, "two numbers"),
        (3, (WITH, WITHOUT), "other order"),
        (3, (WITHOUT / 4, WITH / 4), "four times as many"),
        (3, (WITHOUT / 2, WITH / 2), "square root"),
        (3, (4 * (25 * 100**2 + 99), WITH), "whole return"),
        (3, (4 * (5 * 101 * 201 / 6 + 99 / 2), WITH), "squared"),
        (3, (1, 2), "(2.12)"),
        (4, "x", "one number"),
        (4, 0.00186, "sigma squared"),
        (4, 0.0424, "m + 1"),
        (4, 0.0305, "proportion to m"),
        (4, 0.0786, "variance"),
        (4, 0.00424, "compares squares"),
        (4, 1, "(2.14)"),
        (5, 1, "two numbers"),
        (5, (2, 1), "(2.12)"),
        (5, (0, 1), "other order"),
        (5, (3, 2), "fall"),
        (5, (1.3, 0), "larger H"),
        (5, (5, 5), "eight times"),
        ("2a.1", 1, "three numbers"),
        ("2a.1", [-0.3, 0.15, 0.15], "solve F w"),
        ("2a.1", [-0.5, 0.5, 1.5], "sums to zero"),
        ("2a.1", [1, 2, 3], "subtract their mean"),
        ("2a.1", [1, 0, -1], "downhill"),
        ("2a.1", [-0.5, 0.5, 0.5], "no diagonal"),
        ("2a.1", [7, 7, 7], "advantage"),
        ("2a.2", 1, "two numbers"),
        ("2a.2", [1, -2], "F is not 1"),
        ("2a.2", [4, -8], "fourth power"),
        ("2a.2", [0.5, -1], "sigma squared"),
        ("2a.2", [-0.25, 0.5], "downhill"),
        ("2a.2", [7, 7], "(2.13)"),
        ("2b.2", 1, "two numbers"),
        ("2b.2", (1, 0.75), "other order"),
        ("2b.2", (0.25, 1), "what is lost"),
        ("2b.2", (1, 1), "contains the return"),
        ("2b.2", (0.8, 1.0), "more batches"),
        ("2b.2", (7, 7), "(2b.5)"),
        ("2b.1", "x", "one number"),
        ("2b.1", -9.75, "mean reward"),
        ("2b.1", -9, "mean action"),
        ("2b.1", -9.25, "sign of the last term"),
        ("2b.1", 10.25, "negative"),
        ("2b.1", -10.75, "sigma squared"),
        ("2b.1", -11.25, "divide"),
        ("2b.1", 0, "(2b.1)"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)
