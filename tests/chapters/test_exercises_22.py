"""The checks of chapter 22's exercises know right answers from wrong ones."""

import math

import numpy as np
from scipy.stats import norm

from ddpg_lib.chapters.ch22.exercises import CHECKS


def test_what_alike_twins_take_off():
    assert CHECKS[1](10 * math.sqrt(0.1 / math.pi)) == ""
    assert "by how much" in CHECKS[1](-10 * math.sqrt(0.1 / math.pi))
    assert "independent" in CHECKS[1](10 / math.sqrt(math.pi))
    assert "root" in CHECKS[1](10 * 0.1 / math.sqrt(math.pi))
    assert CHECKS[1]("x")


def test_the_density_of_a_squashed_action():
    def right(u, m, log_std):
        return norm.logpdf(u, m, np.exp(log_std)) - np.log(1 - np.tanh(u) ** 2)

    assert CHECKS[2](right) == ""
    assert "what does tanh" in CHECKS[2](lambda u, m, s: norm.logpdf(u, m, np.exp(s)))
    assert "closer together" in CHECKS[2](
        lambda u, m, s: norm.logpdf(u, m, np.exp(s)) + np.log(1 - np.tanh(u) ** 2)
    )
    assert CHECKS[2](None)


def test_when_the_noise_has_fallen():
    assert CHECKS[3](8_875) == ""
    assert "warm-up comes before" in CHECKS[3](6_875)
    assert "half of the updates" in CHECKS[3](2_000 + 0.625 * 22_000)


def test_when_a_fall_pays():
    worth = np.cumsum(3 * 0.99 ** np.arange(200))  # 1 and 2 m/s in each step
    (first, *_) = np.flatnonzero(worth >= 1 / (1 - 0.99)) + 1
    assert CHECKS["22a.1"](int(first)) == ""
    assert "a third" in CHECKS["22a.1"](math.log(1 / 3) / math.log(0.99))
    assert "without the discount" in CHECKS["22a.1"](100 / 3)
    assert "seconds" in CHECKS["22a.1"](0.323)
    assert "not yet" in CHECKS["22a.1"](90)
