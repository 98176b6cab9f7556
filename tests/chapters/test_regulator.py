"""The noisy regulator of chapter 4 against sums over many draws and closed forms."""

import numpy as np

from ddpg_lib.chapters.ch04.bellman import residual_fixed_point, td_fixed_point
from ddpg_lib.chapters.ch04.regulator import (
    REGULATOR,
    curve_in_s,
    descend,
    features,
    quadrature,
    transitions,
)


def test_the_quadrature_is_the_expectation():
    s, a, xi, weight = quadrature()
    weight = weight / weight.sum()
    assert np.isclose(weight @ s**4, 1 / 5)
    assert np.isclose(weight @ a**8, 1 / 9)
    assert np.isclose(weight @ xi**4, 3)
    assert np.isclose(weight @ (s**2 * a**2 * xi**2), 1 / 9)
    assert np.isclose(weight @ (s * xi), 0)


def test_features_are_uncorrelated_and_contain_the_parabola():
    s, a, _, weight = quadrature()
    x = features(s, a)
    np.testing.assert_allclose((x * weight[:, None]).T @ x / weight.sum(), np.eye(4), atol=1e-12)
    parabola = np.stack([np.ones_like(s), s**2, a**2, s * a], axis=1)
    assert np.linalg.matrix_rank(np.hstack([x, parabola])) == 4


def test_the_curve_is_the_second_difference():
    w = np.random.default_rng(0).normal(size=4)
    q = [w @ features(s, 0.3) for s in (-1.0, 0.0, 1.0)]
    assert np.isclose(curve_in_s(w), -(q[0] - 2 * q[1] + q[2]) / 2)


def test_a_step_of_the_world():
    s, a, noise = np.random.default_rng(1).normal(size=(3, 6))
    x, next_x, reward = transitions(s, a, noise)
    after = 0.8 * s + 0.2 * a + noise
    np.testing.assert_allclose(reward, -(s**2) - 0.3 * a**2)
    np.testing.assert_allclose(x, features(s, a))
    np.testing.assert_allclose(next_x, features(after, -REGULATOR.K.item() * after))


def test_descent_goes_where_the_systems_say():
    s, a, xi, weight = quadrature()
    solvers = {False: td_fixed_point, True: residual_fixed_point}
    for complete, solve in solvers.items():
        learned = descend(complete, [0.3], agents=4, steps=3000)
        assert learned.shape == (1, 4, 4)
        data = transitions(s, a, 0.3 * xi)
        calculated = curve_in_s(solve(*data, REGULATOR.gamma, weight=weight))
        assert abs(curve_in_s(learned).mean() - calculated) < 0.15
