"""What a buffer covers and what a critic knows of slopes, against counts and known critics."""

import numpy as np
import pytest

from ddpg_lib import DDPG, recipe, train
from ddpg_lib.chapters.ch06.contents import Contents, coverage, numbers_held, right_slopes
from ddpg_lib.chapters.ch06.keeping import Reservoir
from ddpg_lib.parts.replay import ReplayBuffer
from ddpg_lib.worlds.pendulum import DiscountedPendulumOptimum, PendulumModel


def holding(states, actions, capacity=100):
    """A buffer of one agent with these states (angle, speed) and scaled actions."""
    model, replay = PendulumModel(), ReplayBuffer(capacity, 3, 1, [np.random.default_rng(0)])
    for (angle, speed), action in zip(states, actions, strict=True):
        obs = model.observation(angle, speed)
        replay.add(obs, action, 0.0, obs, 0.0)
    return replay


def test_cells_and_the_spread_within_them():
    # Cells are pi / 6 wide and 4/3 high: these lie in two of them.
    states = [(0.1, 0.1), (0.4, 1.2), (0.1, 0.5), (-0.1, 0.1), (-0.1, 0.2)]
    cells, spread = coverage(holding(states, [0.0, 0.6, 0.3, -0.5, 0.5]))
    assert cells.tolist() == [2]
    # Sums of squares 0.18 and 0.5, with three degrees of freedom.
    assert spread[0] == pytest.approx(np.sqrt(0.68 / 3), rel=1e-6)


def test_one_action_in_each_cell_has_no_spread():
    cells, spread = coverage(holding([(0.1, 0.1), (2.0, 5.0)], [0.7, -0.7]))
    assert (cells[0], spread[0]) == (2, 0)


def test_a_ring_forgets_its_first_cells():
    states = [(0.1, 0.1)] * 5 + [(2.0, 5.0)] * 5
    assert coverage(holding(states, [0.0] * 10, capacity=10))[0] == [2]
    assert coverage(holding(states, [0.0] * 10, capacity=4))[0] == [1]


def test_numbers_that_may_be_drawn():
    ring = holding([(0.0, 0.0)] * 9, [0.0] * 9, capacity=4)
    assert numbers_held(ring).tolist() == [[6, 7, 8, 9]]
    reservoir = Reservoir(4, 20, 1, 1, [np.random.default_rng(0)])
    for t in range(3):
        reservoir.add([[t]], [[0]], [0], [[t]], [0])
    assert numbers_held(reservoir).tolist() == [[1, 2, 3]]


class Knowing(DDPG):
    """Acts optimally; its critic is the optimal action value, times a sign for each agent."""

    def __init__(self):
        super().__init__(3, [-2.0], [2.0], recipe("pendulum"), range(2))
        self.optimum, self.model = DiscountedPendulumOptimum(0.99), PendulumModel()

    def act(self, obs):
        return self.optimum(0, obs).reshape(*obs.shape[:-1], 1)

    def q(self, obs, action=None):
        values = self.optimum.action_value(0, *self.model.state(obs), action[..., 0])
        return values * np.array([1.0, -1.0])[:, None, None]


def test_slopes_of_the_optimal_critic_are_right_and_of_its_negative_wrong():
    right, wrong = right_slopes(Knowing(), states=60)
    # Of some states the slope is about 0, and the grid's optimum is one of its own cells.
    assert right > 0.85
    assert wrong < 0.15


def test_it_notes_the_contents_at_every_evaluation_from_the_warm_up_on():
    contents = Contents(slopes_at=(120, 7_000))
    options = {"steps": 120, "warmup_steps": 100, "eval_every": 60, "eval_episodes": 1}
    train("Pendulum-v1", "pendulum", [1, 2], on_evaluation=contents, progress=False, **options)
    assert contents.steps == [120]
    assert {step: x.shape for step, x in contents.slopes.items()} == {120: (2,)}
    assert [x.shape for x in (*contents.cells, *contents.spread)] == [(2,), (2,)]
    assert 0.4 < contents.spread[0].mean() < 0.7, "random torques have a spread of 0.58"
