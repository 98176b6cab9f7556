"""BipedalWalker's formulas and the analysis of gaits, where they must refuse, clip, or count."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch15.gait import bridged, footfalls, mean_phase, phases
from ddpg_lib.chapters.ch15.values import break_even
from ddpg_lib.chapters.ch15.walker import (
    JOINTS,
    UNITS,
    effort,
    lunge,
    motor_target,
    reward,
    shipped,
)
from ddpg_lib.envs.making import make
from ddpg_lib.evaluation import evaluate_policy

ID = "BipedalWalker-v3"


def contact(text):
    return np.array([c == "#" for c in text])


def test_effort_and_motors_clip():
    actions = [[0, 0, 0, 0], [1, -1, 0.5, 0], [-3, 2, 0, 0.25]]
    assert np.allclose(effort(actions), [0, 2.5, 2.25])
    speed, torque = motor_target(actions)
    assert speed[1].tolist() == [4, -6, 4, 0]
    assert torque[2].tolist() == [80, 80, 0, 20]


def test_reward_has_one_entry_a_step():
    place, tilt = [0.0, 3.0, 3.0], [0.0, 0.0, -0.2]
    assert np.allclose(reward(place, tilt, np.ones((2, 4))), [13 - 0.112, -1 - 0.112])


def test_units_of_the_observation():
    """Hull and joints as the simulator has them."""
    pytest.importorskip("Box2D")
    env = make(ID)
    obs, _ = env.reset(seed=0)
    policy = shipped(0.2)
    for _ in range(80):
        obs, *_ = env.step(policy(obs))
    si, world = obs * UNITS, env.unwrapped
    hull = world.hull
    assert np.allclose(si[:2], [hull.angle, hull.angularVelocity], atol=1e-4)
    assert np.allclose(si[2:4], [hull.linearVelocity.x, hull.linearVelocity.y], atol=1e-4)
    angles = [j.angle + (k % 2) for k, j in enumerate(world.joints)]
    assert np.allclose(si[JOINTS], angles, atol=1e-4)
    rates = [j.speed for j in world.joints]
    assert np.allclose(si[np.array(JOINTS) + 1], rates, atol=1e-3)


def test_a_lunge_stands_for_the_whole_episode():
    pytest.importorskip("Box2D")
    env = make(ID)
    for seed in range(3):
        env.reset(seed=seed)
        total, steps, over = 0.0, 0, False
        while not over:
            _, r, terminated, over, _ = env.step(lunge(steps))
            assert not terminated
            total, steps = total + r, steps + 1
        assert steps == 1_600
        assert -10 < total < 15


def test_a_little_slower_the_shipped_controller_does_not_fall():
    pytest.importorskip("Box2D")
    slow = shipped(0.2)  # one controller: it finds its step again after a reset
    assert (evaluate_policy(slow, ID, 3) > 250).all()
    assert evaluate_policy(shipped(), ID, 1)[0] < 0


def test_two_shipped_controllers_do_not_share_memory():
    one, other = shipped(), shipped()
    obs = np.zeros(24)
    first = one(obs)
    one(np.ones(24))
    assert np.allclose(other(obs), first)


def test_bridged_closes_gaps_and_drops_touches():
    assert (bridged(contact("..##.##...#..###"), 1) == contact("..#####......###")).all()
    assert (bridged(contact("#..####"), 2) == contact("#######")).all()
    assert (bridged(contact("#..####."), 1) == contact("#..####.")).all()


def test_footfalls_are_beginnings_of_contact():
    assert footfalls(contact("##..##.#")).tolist() == [4, 7]


def test_phases_within_full_strides_only():
    assert phases([10, 20, 40], [5, 15, 20, 35, 45]).tolist() == [0.5, 0.0, 0.75]
    assert phases([10], [12]).size == 0
    assert phases([], []).size == 0


def test_mean_phase_on_the_circle():
    mean, regularity = mean_phase([0.95, 0.05])
    assert min(mean, 1 - mean) < 1e-9
    assert regularity == pytest.approx(np.cos(0.1 * np.pi))
    assert np.isnan(mean_phase([])[0])


def test_a_walk_that_earns_nothing_never_breaks_even():
    with pytest.raises(ValueError, match="positive"):
        break_even(0.0, 0.99)
