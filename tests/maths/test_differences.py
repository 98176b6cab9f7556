"""Central differences against closed forms."""

import numpy as np
import pytest

from ddpg_lib.maths.differences import central_difference, relative_error


@pytest.mark.parametrize(("dtype", "within"), [(np.float64, 1e-9), (np.float32, 1e-3)])
def test_the_gradient_of_a_smooth_function(dtype, within):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(dtype)
    numeric = central_difference(lambda x: np.sum(np.sin(x) * x), x)
    assert numeric.shape == x.shape
    assert numeric.dtype == dtype
    np.testing.assert_allclose(numeric, np.cos(x) * x + np.sin(x), rtol=0, atol=within)


def test_a_quadratic_is_exact_for_any_step():
    x = np.array([1.0, -2.0, 30.0])
    for step in (None, 0.5, 4.0):
        np.testing.assert_allclose(
            central_difference(lambda x: x @ x, x, step), 2 * x, rtol=1e-6, atol=0
        )


def test_the_point_is_left_as_it_was():
    x = np.array([1.0, 2.0])
    seen = []
    central_difference(lambda y: seen.append(y.copy()) or 0.0, x, 0.25)
    np.testing.assert_array_equal(x, [1, 2])
    np.testing.assert_array_equal(seen, [[1.25, 2], [0.75, 2], [1, 2.25], [1, 1.75]])


@pytest.mark.parametrize(
    ("x", "step", "message"),
    [
        (np.array([1, 2]), None, "astype"),
        (np.ones(2), 0.0, "positive"),
        (np.ones(2), np.nan, "positive"),
        (np.full(2, 1e9, np.float32), 1e-3, "does not change"),
    ],
)
def test_steps_and_points_that_cannot_work(x, step, message):
    with pytest.raises(ValueError, match=message):
        central_difference(np.sum, x, step)


def test_relative_error():
    a = np.array([3.0, 4.0])
    assert relative_error(a, a) == 0
    assert relative_error(a, -a) == pytest.approx(2)
    assert relative_error(a, 2 * a) == pytest.approx(0.5)
    assert relative_error([3.0, 0.0], [0.0, 4.0]) == pytest.approx(5 / 4)
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    with pytest.raises(ValueError, match="one shape"):
        relative_error(np.ones((2, 1)), np.ones(2))
