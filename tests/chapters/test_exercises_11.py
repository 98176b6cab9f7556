"""Chapter 11's checks: the right answer passes, each common wrong one gets its own hint."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch11.exercises import CHECKS
from ddpg_lib.chapters.ch11.scales import Units, best_rate, condition_number, largest_step
from ddpg_lib.chapters.check import check
from ddpg_lib.envs.making import make
from ddpg_lib.parts.normalization import RunningNorm

FEATURES = np.array([[a, b, c] for a in (-10, 10) for b in (-1, 1) for c in (-0.1, 0.1)])


def test_the_step_is_what_the_library_computes():
    assert CHECKS[1](largest_step(FEATURES)) == ""


def test_the_updates_are_what_the_library_computes():
    assert CHECKS[2](np.log(0.01) / np.log(best_rate(condition_number(FEATURES)))) == ""


class Welford:
    def __init__(self, less=0, divide=True):
        self.n, self.mean, self.squares, self.less, self.divide = 0, 0.0, 0.0, less, divide

    def add(self, x):
        self.n += 1
        delta = x - self.mean
        self.mean = self.mean + delta / self.n
        self.squares = self.squares + delta * (x - self.mean)

    @property
    def var(self):
        return self.squares / (max(self.n - self.less, 1) if self.divide else 1)


class OfTheLibrary:
    def __init__(self):
        self.norm = RunningNorm(1, 2)

    def add(self, x):
        self.norm.add(torch.from_numpy(x)[None])

    mean = property(lambda self: self.norm.mean[0, 0])
    var = property(lambda self: self.norm.var[0, 0])


class Squares:
    """The difference of two large float32 numbers."""

    def __init__(self):
        self.n, self.sum, self.squares = 0, np.zeros(2), np.zeros(2, np.float32)

    def add(self, x):
        self.n += 1
        self.sum += x
        self.squares += (x**2).astype(np.float32)

    mean = property(lambda self: self.sum / self.n)
    var = property(lambda self: self.squares / self.n - self.mean**2)


class Averages:
    def __init__(self):
        self.mean, self.var = np.zeros(2), np.ones(2)

    def add(self, x):
        self.mean = 0.99 * self.mean + 0.01 * x


class OldMean(Welford):
    def add(self, x):
        self.n += 1
        delta = x - self.mean
        self.mean = self.mean + delta / self.n
        self.squares = self.squares + delta**2


class Scalar(Welford):
    def add(self, x):
        super().add(x[0])


@pytest.mark.parametrize("right", [Welford, OfTheLibrary])
def test_right_statistics(right):
    assert CHECKS[3](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, "x", "one number"),
        (1, 0.1, "standard deviation"),
        (1, 0.02, "factor 2"),
        (1, 100, "smallest"),
        (1, 1e4, "condition number"),
        (1, 3, "not yet"),
        (2, None, "one number"),
        (2, 11_513, "10%"),
        (2, 46_050, "twice"),
        (2, 230, "standard deviations"),
        (2, 7, "not yet"),
        (3, 4, "the class"),
        (3, lambda: Welford(less=1), "n - 1"),
        (3, lambda: Welford(divide=False), "sum of squares"),
        (3, Squares, "rounding"),
        (3, Averages, "1/n"),
        (3, OldMean, "mean moves"),
        (3, Scalar, "shape"),
        (3, dict, "AttributeError"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("11.1")
    check("11.1", 0.01)
    out = capsys.readouterr().out.splitlines()
    assert "put your answer" in out[0]
    assert out[1] == "Exercise 11.1: right."


def test_units_as_a_wrapper():
    """11.4: the wrapper's observations are the plain ones in other units."""
    units = Units((100.0, 1.0, 0.01), (300.0, 0.0, -0.05))
    plain = make("Pendulum-v1")
    space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    wrapped = gym.wrappers.TransformObservation(gym.make("Pendulum-v1"), units, space)
    first, other = plain.reset(seed=3)[0], make(lambda: wrapped).reset(seed=3)[0]
    assert np.allclose(units(first), other)
    torque = np.array([1.0], np.float32)
    assert np.allclose(units(plain.step(torque)[0]), wrapped.step(torque)[0])
    assert wrapped.observation_space.contains(other)


def test_the_gain_of_the_scale_is_paid_back_by_the_step():
    """11.5: in units c times as large, the same function needs a step 1/c squared as long."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50))
    paths = []
    for c in (1.0, 100.0):
        w, path = 0.0, []
        for _ in range(20):
            w += 2 * 0.1 / c**2 * np.mean((y - w * c * x) * c * x)
            path.append(w * c)
        paths.append(path)
    assert np.allclose(*paths, rtol=1e-12)
