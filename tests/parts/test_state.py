"""The state of any object: nothing is left out, and what comes back fills what is there."""

import numpy as np
import pytest
import torch

from ddpg_lib import Config
from ddpg_lib.parts.state import Stateful, load_state, state_of


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_generators_go_on_where_they_were(kind):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.standard_normal(5)
    saved = state_of(rng)
    expected = rng.standard_normal(7)
    other = np.random.Generator(getattr(np.random, kind)(9))
    assert load_state(other, saved) is other
    np.testing.assert_array_equal(other.standard_normal(7), expected)


class Thing(Stateful):
    TRANSIENT = ("cache",)

    def __init__(self):
        self.weights = torch.zeros(2, 3)
        self.alias = self.weights
        self.table = np.zeros(4, np.int64)
        self.parts = [torch.zeros(2), torch.zeros(2)]
        self.metrics = {}
        self.count, self.name, self.nothing = 0, "a", None
        self.config = Config()
        self.function = len
        self.cache = object()


def test_objects_change_in_place():
    thing, other = Thing(), Thing()
    thing.weights += 1
    thing.table += 2
    thing.parts[1] += 3
    thing.metrics["q"] = torch.ones(2)
    thing.count, thing.nothing = 5, 1.5
    saved = thing.state_dict()
    assert sorted(saved) == [
        "alias", "count", "metrics", "name", "nothing", "parts", "table", "weights"
    ]  # fmt: skip
    weights, table = other.weights, other.table
    other.load_state_dict(saved)
    assert other.weights is weights
    assert other.table is table
    assert other.alias is weights
    assert (weights == 1).all()
    assert (table == 2).all()
    assert (other.parts[1] == 3).all()
    assert (other.count, other.name, other.nothing) == (5, "a", 1.5)
    thing.metrics["q"] += 1
    assert (other.metrics["q"] == 1).all(), "what came back is the saved object's no more"


def test_nothing_is_left_out_silently():
    thing = Thing()
    thing.extra = {1, 2}
    with pytest.raises(TypeError, match=r"Thing\.extra, a builtins\.set, cannot be saved"):
        thing.state_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: setattr(t, "weights", torch.zeros(3, 3)), r"\(3, 3\).*\(2, 3\).*needed"),
        (lambda t: setattr(t, "weights", 3), r"is 3, but \(2, 3\)"),
        (lambda t: setattr(t, "table", np.zeros(4)), "float64"),
        (lambda t: setattr(t, "count", None), "cannot take the place"),
        (lambda t: setattr(t, "count", []), "cannot take the place"),
        (lambda t: setattr(t, "more", 1), "more"),
        (lambda t: delattr(t, "count"), "count"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change, message):
    thing = Thing()
    change(thing)
    with pytest.raises(ValueError, match=message):
        Thing().load_state_dict(thing.state_dict())


def test_a_file_cannot_put_anything_in_a_functions_place():
    saved = {**Thing().state_dict(), "function": 3}
    with pytest.raises(ValueError, match="function"):
        Thing().load_state_dict(saved)
