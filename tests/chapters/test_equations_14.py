"""Chapter 14's equations: LunarLander's formulas against the simulator and plain sums."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch14.lander import (
    END,
    FUEL,
    GRAVITY,
    IMPULSE,
    MASS,
    REST_STEPS,
    STEPS_A_SECOND,
    crash_break_even,
    hover,
    hover_throttle,
    landing_gain,
    potential,
    reward,
    still,
    still_windows,
    throttle,
)
from ddpg_lib.envs.making import make
from ddpg_lib.parts.losses import td_target
from ddpg_lib.parts.noise import GaussianNoise
from ddpg_lib.parts.nstep import NStepReplay

DEFINITIONS = {"14.2": "defines the potential"}
ID = "LunarLanderContinuous-v3"


class Middle:
    """Stands for the random generator: the engines fire without dispersion."""

    def uniform(self, low, high):
        return (low + high) / 2


def momentum(env):
    """Of body and legs together, kg m/s."""
    bodies = [env.unwrapped.lander, *env.unwrapped.legs]
    return sum(b.mass * np.array([b.linearVelocity.x, b.linearVelocity.y]) for b in bodies)


def fly(policy, seed, env):
    """One episode: observations (T + 1, 8), actions, rewards, and whether it terminated."""
    seen, actions, rewards, over = [env.reset(seed=seed)[0]], [], [], False
    while not over:
        actions.append(policy(seen[-1]))
        obs, r, terminated, truncated, _ = env.step(actions[-1])
        seen.append(obs)
        rewards.append(r)
        over = terminated or truncated
    return np.array(seen, float), np.array(actions), np.array(rewards), terminated


@pytest.fixture(scope="module")
def flights():
    """Episodes that crash, land, and last until the time limit."""
    pytest.importorskip("Box2D")
    from gymnasium.envs.box2d.lunar_lander import heuristic

    env, rng = make(ID), np.random.default_rng(0)
    policies = [lambda s: rng.uniform(-1, 1, 2), lambda s: heuristic(env, s), hover(0.2)]
    found = [fly(policy, seed, env) for policy in policies for seed in range(2)]
    ends = [f[2][-1] if f[3] else 0 for f in found]
    assert ends == [-END, -END, END, END, 0, 0]
    return found


@pytest.mark.equation("14.1", by="the momentum that the simulator's bodies gain in a step")
def test_throttle():
    """Both engines' power, read from how much faster the lander is after one upright step."""
    pytest.importorskip("Box2D")
    env = make(ID)
    for main, side in [(-1, 0), (0.01, 0), (0.5, 0), (1, 0), (-1, 0.49), (-1, 0.6), (-1, -1)]:
        env.reset(seed=0)
        env.unwrapped.np_random = Middle()
        angle, before = env.unwrapped.lander.angle, momentum(env)
        env.step(np.array([main, side]))
        gained = momentum(env) - before + [0, MASS * GRAVITY / STEPS_A_SECOND]
        power = throttle([main, side])
        up = power[0] * IMPULSE * np.array([-np.sin(angle), np.cos(angle)])
        along = np.sign(side) * power[1] * 0.6 * 12 / 30
        across = along * np.array([np.cos(angle), np.sin(angle)])
        assert np.allclose(gained, up + across, atol=2e-3), (main, side)


@pytest.mark.equation("14.3", by="the rewards that the environment gave")
def test_reward(flights):
    """Term by term, in every step of six episodes; the last one where they terminate is +-100."""
    for seen, actions, rewards, terminated in flights:
        expected = reward(seen[:-1], actions, seen[1:])
        if terminated:
            expected[-1] = np.copysign(END, rewards[-1])
        assert np.allclose(rewards, expected, atol=1e-3)


@pytest.mark.equation("14.4", by="summing the environment's rewards")
def test_return(flights):
    """Only the first and the last potential remain of the shaping, whatever lies between."""
    for seen, actions, rewards, terminated in flights:
        paid = (throttle(actions) @ FUEL)[: -1 if terminated else None].sum()
        last = seen[-2] if terminated else seen[-1]
        end = rewards[-1] if terminated else 0.0
        assert rewards.sum() == pytest.approx(
            potential(last) - potential(seen[0]) - paid + end, abs=0.02
        )


@pytest.mark.equation("14.5", by="the throttle of a lander that hovers in the simulator")
def test_hover_throttle(flights):
    """The mean power over 15 s of hovering is the weight over the engine's impulse."""
    for _, actions, _, terminated in flights[4:]:
        assert not terminated
        assert throttle(actions)[-750:, 0].mean() == pytest.approx(hover_throttle(), rel=0.02)


@pytest.mark.equation("14.6", by="summing the rewards of both plans, 5,000 steps long")
@pytest.mark.parametrize("steps", [1, 50, 300])
def test_landing_gain(steps):
    """Hovering for ever, against the same until a landing in that many steps."""
    gamma, now, landed = 0.98, -12.0, 20.0
    fuel = FUEL[0] * hover_throttle()
    discounts = gamma ** np.arange(5_000)
    hovering = np.full(5_000, -fuel)
    landing = np.where(np.arange(5_000) < steps, -fuel, 0.0)
    landing[steps - 1] += landed - now  # the potential moves in the last of these steps
    landing[steps] += END
    expected = ((landing - hovering) * discounts).sum()
    assert landing_gain(steps, landed - now, gamma) == pytest.approx(expected)


@pytest.mark.equation("14.7", by="the mean of both outcomes, added up by their probability")
@pytest.mark.parametrize("steps", [1, 80])
@pytest.mark.parametrize("gamma", [0.9, 0.99])
def test_crash_break_even(steps, gamma):
    """At that risk an attempt is worth nothing more than hovering, whenever it is decided."""
    gain, saved = 39.0, FUEL[0] * hover_throttle() / (1 - gamma)
    risk = crash_break_even(gain, gamma)
    crash = gamma**steps * (saved - END)  # no gain, and no fuel is burned any more
    assert risk * crash + (1 - risk) * landing_gain(steps, gain, gamma) == pytest.approx(0)
    assert 0.5 < risk < 1


@pytest.mark.equation("14.8", by="playing the library's noise, within 4 standard errors")
@pytest.mark.parametrize(("main", "side", "sigma"), [(-1.0, 0.0, 0.3), (-0.2, 0.3, 0.2)])
def test_stillness(main, side, sigma):
    """How often 25 steps in a row leave all engines off, in 20,000 tries."""
    noise = GaussianNoise([np.random.default_rng(i) for i in range(20_000)], 2, sigma)
    draws = np.stack([noise.sample() for _ in range(REST_STEPS)], axis=1)
    found = still_windows(main + draws[..., 0], side + draws[..., 1])[:, 0].mean()
    expected = still(main, side, sigma) ** REST_STEPS
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000) + 1e-4


def targets(n, q, rewards, gamma):
    """The library's n-step targets of one chain that terminates, from any values q of its states.

    q has one entry a state, the terminal one included.
    """
    replay = NStepReplay(n, gamma, 500, 1, 1, [np.random.default_rng(0)])
    for t in range(len(rewards) + n - 1):  # the next episode's steps push out the last ones
        t, on = (t, True) if t < len(rewards) else (0, False)
        last = on and t == len(rewards) - 1
        replay.add([[t]], [[0.0]], [rewards[t]], [[t + 1]], [last], [False])
    batch = replay.sample(2_000)
    value = q[batch.next_obs[0, :, 0].int().numpy()]
    y = td_target(
        batch.reward[0], batch.terminated[0], batch.reward.new_tensor(value), batch.discount[0]
    )
    start = batch.obs[0, :, 0].int().numpy()
    return np.array([y[start == t][0] for t in range(len(rewards))])


@pytest.mark.equation("14.9", by="summing a chain's rewards by hand")
@pytest.mark.parametrize("n", [1, 3, 5])
def test_n_step_target(n):
    """Rewards of n steps, then the value of where they lead; none beyond a terminal state."""
    rng, gamma, length = np.random.default_rng(1), 0.9, 12
    rewards, q = rng.normal(size=length), rng.normal(size=length + 1)
    got = targets(n, q, rewards, gamma)
    for t in range(length):
        k = min(n, length - t)
        y = sum(gamma**i * rewards[t + i] for i in range(k))
        if t + k < length:
            y += gamma**k * q[t + k]
        assert got[t] == pytest.approx(y, abs=1e-5)


@pytest.mark.parametrize("n", [1, 5])
def test_errors_shrink_by_gamma_to_the_n(n):
    """On the policy's own steps, targets are nearer to its values than the critic was."""
    rng, gamma, length = np.random.default_rng(2), 0.9, 12
    rewards = rng.normal(size=length)
    exact = np.zeros(length + 1)
    for t in reversed(range(length)):
        exact[t] = rewards[t] + gamma * exact[t + 1]
    wrong = exact + rng.uniform(-1, 1, length + 1)
    worst = np.abs(targets(n, wrong, rewards, gamma) - exact[:-1]).max()
    assert worst <= gamma**n * np.abs(wrong - exact)[:-1].max() + 1e-5
    shifted = targets(n, exact + 1.0, rewards, gamma) - exact[:-1]
    assert np.allclose(shifted[: length - n], gamma**n, atol=1e-5)
    assert np.allclose(shifted[length - n :], 0, atol=1e-5), "the end is reached: no guess is left"
