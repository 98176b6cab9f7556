"""Chapter 18's checks: the right answer passes, each common wrong one gets its own hint."""

import numpy as np
import pytest

from ddpg_lib.agents.recurrent import RecurrentDDPG
from ddpg_lib.chapters.ch18.exercises import CHECKS
from ddpg_lib.chapters.ch18.gates import velocity
from ddpg_lib.chapters.ch18.probe import remembered, watch
from ddpg_lib.chapters.ch18.search import search
from ddpg_lib.chapters.check import check
from ddpg_lib.config import Config
from ddpg_lib.envs.making import make
from ddpg_lib.maths.stats import iqm
from ddpg_lib.recipes import recipe
from ddpg_lib.results.sweeps import sweep
from ddpg_lib.worlds.hidden import WITHOUT_VELOCITY


def logistic(x):
    return 1 / (1 + np.exp(-x))


def step(x, h, W, U, b, c, order=(0, 1), stays=True, first=False):
    k = len(h)
    a, r = x @ W + b, h @ U + c
    gates = [logistic(a[i * k : (i + 1) * k] + r[i * k : (i + 1) * k]) for i in order]
    inner = ((gates[0] * h) @ U + c)[2 * k :] if first else gates[0] * r[2 * k :]
    new = np.tanh(a[2 * k :] + inner)
    old = gates[1] if stays else 1 - gates[1]
    return old * h + (1 - old) * new


def turned(before, now):
    return velocity(now, before)


def jumping(before, now):
    angles = [np.arctan2(x[1], x[0]) for x in (before, now)]
    return (angles[1] - angles[0]) / 0.05


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        (1, 0.5 ** (1 / 21), ""),
        (1, 0.967, ""),
        (1, 0.5, "after one step"),
        (1, 0.5**21, "leaves after 21"),
        (1, 1 - 0.5 / 21, "not subtracted"),
        (1, 0.9, "to the power k"),
        (1, "x", "one number"),
        (2, step, ""),
        (2, lambda *x: step(*x, stays=False), "the share that stays"),
        (2, lambda *x: step(*x, first=True), "Cho et al"),
        (2, lambda *x: step(*x, order=(1, 0)), "three parts"),
        (2, 3, "the function itself"),
        (3, velocity, ""),
        (3, turned, "wrong way round"),
        (3, lambda p, q: velocity(p, q) * 0.05, "a step is 0.05 s"),
        (3, jumping, "jumps by 2"),
        (3, lambda p, q: 0.0, "arctan2"),
    ],
)
def test_answers(number, answer, hint):
    complaint = CHECKS[number](answer)
    assert hint in complaint if hint else complaint == ""


def test_the_check_is_found(capsys):
    check("18.1", 0.967)
    assert "right" in capsys.readouterr().out


def test_the_velocity_is_the_simulators():
    env = make(WITHOUT_VELOCITY)
    obs, _ = env.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(100):
        before, (obs, *_) = obs, env.step(rng.uniform(-2, 2, 1).astype(np.float32))
        assert velocity(before, obs) == pytest.approx(env.unwrapped.state[1], abs=1e-3)


def test_what_is_watched_is_what_is_hidden():
    config = Config(hidden=(8,), memory=4, warmup_steps=20)
    agent, other = (RecurrentDDPG(2, [-2.0], [2.0], config, seeds) for seeds in ((0, 1), (2, 3)))
    seen = watch(agent, episodes=2)
    assert seen.memory.shape == (2, 2, 200, 4)
    assert seen.velocity.shape == seen.action.shape == (2, 2, 200)
    between = velocity(seen.obs[:, :, :-1], seen.obs[:, :, 1:])
    np.testing.assert_allclose(between, seen.velocity[:, :, 1:], atol=1e-2)
    assert (seen.returns < 0).all()
    # The same agent remembers the same of these episodes, and another one something else.
    np.testing.assert_allclose(remembered(agent, seen), seen.memory, atol=1e-5)
    assert np.abs(remembered(other, seen) - seen.memory).max() > 0.01


def test_the_recipe_has_the_step_sizes_that_did_best_in_its_search():
    best = max(sweep("memory_search").arms.values(), key=lambda arm: iqm(arm.final))
    c = recipe("pendulum_memory")
    assert (c.actor_lr, c.critic_lr) == (best.config.actor_lr, best.config.critic_lr)


def test_the_earlier_search_holds_four_agents_for_each_pair_of_step_sizes():
    found = search()
    c = recipe("pendulum_memory")
    assert len(found) == 2
    for returns in found.values():
        assert returns.shape == (4, c.steps // c.eval_every + 1)
        # All begin with the same networks, which hang, and end near the optimum.
        np.testing.assert_array_equal(returns[:, :3], found[5e-4, 1e-3][:, :3])
        assert (returns[:, 0] < -900).all()
        assert (returns[:, -1] > -250).all()
