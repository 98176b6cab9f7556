"""Autocorrelation and effective sizes: what the chapter's equations leave open."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch06.correlation import (
    autocorrelation,
    effective_size,
    effective_sizes,
    replayed_size,
)


def test_a_stream_of_numbers_is_one_component():
    x = np.random.default_rng(0).normal(size=100)
    np.testing.assert_array_equal(autocorrelation(x, 5), autocorrelation(x[:, None], 5))


def test_scale_and_origin_do_not_matter():
    x = np.random.default_rng(0).normal(size=(100, 2))
    np.testing.assert_allclose(autocorrelation(7 * x - 30, 10), autocorrelation(x, 10))


def test_independent_samples_are_worth_their_number():
    assert effective_size(64, [1.0]) == 64
    assert effective_size(1, [1.0, 0.9]) == 1


def test_equal_samples_are_worth_one():
    assert effective_size(64, np.ones(64)) == pytest.approx(1)


def test_lags_beyond_the_list_count_as_zero():
    rho = [1.0, 0.5]
    assert effective_size(9, rho) == pytest.approx(effective_size(9, [*rho, *np.zeros(20)]))


def test_replay_between_its_limits():
    assert replayed_size(64, 1) == pytest.approx(1)
    assert replayed_size(64, np.inf) == 64
    assert replayed_size(1, 30) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: autocorrelation(np.zeros((2, 3, 4)), 1), "shape"),
        (lambda: autocorrelation([1.0, 2.0], 2), "lags"),
        (lambda: autocorrelation([1.0, 2.0], -1), "lags"),
        (lambda: autocorrelation([1.0, np.nan], 1), "NaN"),
        (lambda: autocorrelation([3.0, 3.0], 1), "never changes"),
        (lambda: effective_size(0, [1.0]), "size"),
        (lambda: effective_size(2.5, [1.0]), "size"),
        (lambda: effective_size(5, []), "from lag 0 on"),
        (lambda: effective_size(5, [0.5, 0.2]), "from lag 0 on"),
        (lambda: effective_size(5, [1.0, -0.9, -0.9]), "below zero"),
        (lambda: replayed_size(0, 5), "batch_size"),
        (lambda: replayed_size(5, 0), "positive"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_sizes_of_a_stream_with_fewer_lags_where_its_estimates_say_too_much():
    x = np.random.default_rng(0).normal(size=500)
    rho = autocorrelation(x, 20)
    assert effective_sizes(x, [5, 30], 20) == [effective_size(5, rho), effective_size(30, rho)]
    wave = (-1.0) ** np.arange(100)
    with pytest.raises(ValueError, match="below zero"):
        effective_size(64, autocorrelation(wave, 5))
    assert effective_sizes(wave, [64], 5) == [effective_size(64, autocorrelation(wave, 2))]
    assert effective_sizes(wave, [64], 3) == [64], "no number of lags will do"
