"""Chapter 11's checks: the right answer passes, each common wrong one gets its own hint."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from ddpg_lib.chapters.ch11.agents import OtherUnits, vitals
from ddpg_lib.chapters.ch11.exercises import CHECKS, patient
from ddpg_lib.chapters.ch11.scales import best_rate, condition_number, largest_step
from ddpg_lib.chapters.check import check
from ddpg_lib.parts.normalization import RunningNorm

UNIT_BOUNDS = np.float32([200.0, -1.0, -0.13]), np.float32([400.0, 1.0, 0.03])
FEATURES = np.array([[a, b, c] for a in (-10, 10) for b in (-1, 1) for c in (-0.1, 0.1)])


def test_the_step_is_what_the_library_computes():
    assert CHECKS[3](largest_step(FEATURES)) == ""


def test_the_updates_are_what_the_library_computes():
    assert CHECKS[4](np.log(0.01) / np.log(best_rate(condition_number(FEATURES)))) == ""


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
    assert CHECKS["11b.1"](right) == ""


@pytest.mark.parametrize(
    ("number", "wrong", "hint"),
    [
        (1, 3, "the function itself"),
        (1, lambda x, low, high: (high - low) / 2 * x, "center"),
        (1, lambda x, low, high: high * x, "symmetric"),
        (1, lambda x, low, high: low + (high - low) * x, "[0, 1]"),
        (1, lambda x, low, high: (high + low) / 2 + (high - low) * x, "half of the width"),
        (1, lambda x, low, high: np.clip(x, low, high), "cuts off"),
        (1, lambda x, low, high: x, "not yet"),
        (1, lambda x, low, high: 1.0, "one number for each"),
        (2, [1, 2], "one number"),
        (2, 3.251, "whole reach"),
        (2, 0.4063, "constant"),
        (2, 81.3, "one step pays"),
        (2, 1.2305, "upside down"),
        (2, 0.8002, "bias moves too"),
        (2, 7, "not yet"),
        (5, 1, "the function"),
        (5, lambda: gym.make("Pendulum-v1"), "first observation"),
        (5, lambda: in_units(gym.spaces.Box(-1, 1, (3,))), "outside of the space"),
        (5, lambda: in_units(gym.spaces.Box(-np.inf, np.inf, (3,))), "declare the bounds"),
        (5, lambda: 1 / 0, "ZeroDivisionError"),
        (6, "A", "a dictionary"),
        (6, {"A": "reward", "B": "actor", "C": "observation"}, "none of"),
        (6, {"A": "action", "B": "reward", "C": "observation"}, "replay memory"),
        (6, {"A": "reward", "B": "observation", "C": "action"}, "first hidden layer"),
        (6, {"A": "reward", "B": "action", "C": "reward"}, "critic expect"),
        ("11a.1", "x", "one number"),
        ("11a.1", 0.0138564, "bias is random"),
        ("11a.1", 0.0241868, "variance b^2 / 3"),
        ("11a.1", 0.195, "largest possible"),
        ("11a.1", 0.000195, "the variance"),
        ("11a.1", 1, "not yet"),
        ("11a.2", "x", "one number"),
        ("11a.2", 0.5, "counts half"),
        ("11a.2", 1 / 3, "what is lost"),
        ("11a.2", 0.995025, "curvature 1"),
        ("11a.2", 0.1, "not yet"),
        (3, "x", "one number"),
        (3, 0.1, "standard deviation"),
        (3, 0.02, "factor 2"),
        (3, 100, "smallest"),
        (3, 1e4, "condition number"),
        (3, 3, "not yet"),
        (4, None, "one number"),
        (4, 11_513, "10%"),
        (4, 46_050, "twice"),
        (4, 230, "standard deviations"),
        (4, 7, "not yet"),
        ("11b.1", 4, "the class"),
        ("11b.1", lambda: Welford(less=1), "n - 1"),
        ("11b.1", lambda: Welford(divide=False), "sum of squares"),
        ("11b.1", Squares, "rounding"),
        ("11b.1", Averages, "1/n"),
        ("11b.1", OldMean, "mean moves"),
        ("11b.1", Scalar, "shape"),
        ("11b.1", dict, "AttributeError"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, wrong, hint):
    assert hint in CHECKS[number](wrong)


def test_check_prints_the_verdict(capsys):
    check("11.3")
    check("11.3", 0.01)
    out = capsys.readouterr().out.splitlines()
    assert "put your answer" in out[0]
    assert out[1] == "Exercise 11.3: right."


def in_units(space):
    return gym.wrappers.TransformObservation(gym.make("Pendulum-v1"), OtherUnits.UNITS, space)


def test_units_as_a_wrapper():
    """11.5: the wrapper's observations are the plain ones in other units, within its bounds."""
    assert CHECKS[5](lambda: in_units(gym.spaces.Box(*UNIT_BOUNDS))) == ""


def test_the_right_answers():
    assert CHECKS[1](lambda x, low, high: low + (x + 1) / 2 * (high - low)) == ""
    assert CHECKS[2](0.25 * (64 + 1) * 3e-4 * 50_000 / 300) == ""
    assert CHECKS[6]({"A": "reward", "B": "action", "C": "observation"}) == ""
    assert CHECKS["11a.1"](3e-3 * np.sqrt((1 + 64) / 3)) == ""
    assert CHECKS["11a.2"](1 / 1.5) == ""


def test_the_patients_show_what_they_have():
    """11.6: each is told from the other two by its own quantity alone."""
    seen = {name: vitals(patient(name)) for name in "ABC"}
    assert [seen[name]["stored"].max() > 1 for name in "ABC"] == [False, True, False]
    assert [seen[name]["spread"].max() < 0.05 for name in "ABC"] == [False, False, True]
    assert [seen[name]["way"].min() > 1 for name in "ABC"] == [True, False, False]
    with pytest.raises(ValueError, match="the patients are A, B, C"):
        patient("D")


def test_the_gain_of_the_scale_is_paid_back_by_the_step():
    """Proposition 11.1: in units c times as large the step must be 1/c squared as long."""
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
