"""Flights: played twice alike, taken apart without a rest, and told by their ends."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch14.flights import (
    LANDER,
    Flight,
    fly,
    fly_all,
    land,
    land_and_fire,
)
from ddpg_lib.chapters.ch14.lander import hover
from ddpg_lib.evaluation import evaluate_policy
from ddpg_lib.parts.noise import GaussianNoise
from ddpg_lib.results.recorded import recorded

pytest.importorskip("Box2D")


def test_flights_are_those_of_the_evaluation():
    flights = fly(land(), range(7, 9))
    assert [f.end for f in flights] == ["rest", "rest"]
    assert np.allclose([f.total for f in flights], evaluate_policy(land(), LANDER, 2, seed=7))
    assert all(len(f.obs) == len(f.action) + 1 == len(f.reward) + 1 for f in flights)


@pytest.mark.parametrize("pilot", [land(), hover(0.1), lambda obs: np.zeros(2)])
def test_parts_add_up_to_the_return(pilot):
    (flight,) = fly(pilot, [3])
    assert sum(flight.parts().values()) == pytest.approx(flight.total, abs=0.02)


def test_who_fires_on_the_ground_never_rests():
    (flight,) = fly(land_and_fire(0.05), [5])
    assert flight.end == "time limit"
    late = flight.late()
    assert late["a leg down"] > 0.5
    assert late["longest quiet, steps"] < 25
    assert fly(land_and_fire(-0.05), [5])[0].end == "rest"


def test_the_last_steps_are_counted():
    obs, action = np.zeros((6, 8)), np.array([[1.0, 0], [-1, 0], [-1, 0], [0.5, 0], [-1, 0]])
    obs[-2:, 6] = 1
    late = Flight(obs, action, np.zeros(5), "time limit").late(4)
    assert late["engines off"] == 0.75
    assert late["longest quiet, steps"] == 2
    assert late["a leg down"] == 0.5
    assert late["main throttle"] == pytest.approx(0.75 / 4)


def test_noise_is_added_and_begins_anew_with_each_flight():
    quiet = fly(land(), [4])[0]
    noise = GaussianNoise([np.random.default_rng(0)], 2, 0.3)
    loud = fly(land(), [4], noise)[0]
    assert np.abs(loud.action).max() <= 1
    added = loud.action[0] - quiet.action[0]
    assert 0 < np.abs(added).max() < 1.5


def test_a_stack_flies_agent_by_agent():
    recording = recorded("lunar_lander")
    both = fly_all(recording.agent("final", [0, 1]), 1, 11)
    alone = fly_all(recording.agent("final", [1]), 1, 11)
    assert both[1][0].total == pytest.approx(alone[0][0].total, abs=1e-3)
