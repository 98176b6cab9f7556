"""Equations of chapter 15 and page 15a: BipedalWalker's formulas against simulator and sums."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch15.gait import cost_of_transport, footfalls, mean_phase, phases
from ddpg_lib.chapters.ch15.values import (
    blind_value,
    break_even,
    risky_value,
    step_value,
    walk_value,
)
from ddpg_lib.chapters.ch15.walker import (
    FALL,
    METER,
    MOTOR_SPEED,
    STEPS_A_SECOND,
    TORQUE,
    TRACK,
    effort,
    lunge,
    motor_target,
    reward,
    shaping,
    shipped,
)
from ddpg_lib.envs.making import make

DEFINITIONS = {"15.2": "defines the potential"}
ID = "BipedalWalker-v3"


class Walk:
    """One episode, with what the simulator knows of it."""

    def __init__(self, policy, seed):
        env = make(ID)
        world = env.unwrapped
        obs, _ = env.reset(seed=seed)
        place, tilt, actions, rewards = [world.hull.position.x], [world.hull.angle], [], []
        torque, rate, angle = [], [], []
        over = False
        while not over:
            actions.append(policy(len(actions), obs))
            obs, r, terminated, truncated, _ = env.step(actions[-1])
            rewards.append(r)
            place.append(world.hull.position.x)
            tilt.append(world.hull.angle)
            torque.append([j.GetMotorTorque(STEPS_A_SECOND) for j in world.joints])
            rate.append([j.speed for j in world.joints])
            angle.append([j.angle for j in world.joints])
            over = terminated or truncated
        self.fell = bool(world.game_over)
        self.weight = 10 * sum(b.mass for b in [world.hull, *world.legs])
        self.place, self.tilt, self.actions, self.rewards, self.torque, self.rate, self.angle = (
            np.array(x, float) for x in (place, tilt, actions, rewards, torque, rate, angle)
        )


@pytest.fixture(scope="module")
def walks():
    """Two falls, a walk until the time limit, and a stand."""
    pytest.importorskip("Box2D")
    rng, slow, fast = np.random.default_rng(0), shipped(0.2), shipped()
    found = [
        Walk(lambda t, s: rng.uniform(-1, 1, 4), 0),
        Walk(lambda t, s: fast(s), 1_000_001),
        Walk(lambda t, s: slow(s), 2),
        Walk(lambda t, s: lunge(t), 3),
    ]
    assert [w.fell for w in found] == [True, True, False, False]
    return found


@pytest.mark.equation("15.1", by="the torques and joint rates of the simulator")
def test_motors(walks):
    """Full allowed torque until the target rate is reached, then as much as holds it."""
    settled = total = 0
    for w in walks:
        target, most = motor_target(w.actions)
        assert (np.abs(w.torque) <= most + 1e-3).all()
        full = np.abs(w.torque - np.sign(target) * most) < 1e-3 * 80
        there = np.abs(w.rate - target) < 0.02 * MOTOR_SPEED
        on = most > 0
        total += on.sum()
        settled += (full | there)[on].sum()
    assert settled > 0.97 * total, "but for contacts that the simulator solves only roughly"


@pytest.mark.equation("15.3", by="the rewards that the environment gave")
def test_reward(walks):
    """Term by term, in every step of four episodes; the step of a fall pays -100 instead."""
    for w in walks:
        expected = reward(w.place, w.tilt, w.actions)
        if w.fell:
            expected[-1] = FALL
        assert np.allclose(w.rewards, expected, atol=1e-4)


@pytest.mark.equation("15.4", by="summing the environment's rewards")
def test_return(walks):
    """A return is a distance, less tilt and torque, less the fall."""
    for w in walks:
        last = len(w.rewards) - 1 if w.fell else len(w.rewards)
        change = shaping(w.place[last], w.tilt[last]) - shaping(w.place[0], w.tilt[0])
        paid = TORQUE * effort(w.actions[:last]).sum()
        assert w.rewards.sum() == pytest.approx(change - paid + FALL * w.fell, abs=0.01)


@pytest.mark.equation("15.5", by="the return of a walk in the simulator, to the end of the track")
def test_price_of_a_meter():
    """A walk without a time limit that arrives: the track's points, less each meter's price."""
    pytest.importorskip("Box2D")
    env, policy = make(ID, max_episode_steps=4_000), shipped(0.2)
    obs, _ = env.reset(seed=4)
    start, total, steps, used, over = env.unwrapped.hull.position.x, 0.0, 0, 0.0, False
    while not over:
        action = policy(obs)
        obs, r, terminated, truncated, _ = env.step(action)
        over = terminated or truncated
        total, steps, used = total + r, steps + 1, used + float(effort(action))
    assert terminated
    assert not env.unwrapped.game_over
    way = env.unwrapped.hull.position.x - start
    assert way == pytest.approx(TRACK, abs=0.2)
    speed = way / steps * STEPS_A_SECOND
    price = STEPS_A_SECOND * TORQUE * (used / steps) / speed
    assert total == pytest.approx((METER - price) * TRACK, abs=2.0)  # the last tilt is left out


@pytest.mark.equation("15.6", by="adding up a walk's discounted rewards")
@pytest.mark.parametrize("gamma", [0.9, 0.99, 1.0])
@pytest.mark.parametrize("end", [0.0, FALL])
def test_walk_value(gamma, end):
    """Equal rewards, then the last one."""
    rewards = np.full(301, step_value(2.5, 1.1))
    assert rewards[0] == pytest.approx(2.5 / 50 * 130 / 30 - 0.028 * 1.1)
    rewards[-1] = end
    expected = (gamma ** np.arange(301) * rewards).sum()
    assert walk_value(rewards[0], 300, gamma, end) == pytest.approx(expected)


@pytest.mark.equation("15.7", by="trying all lengths of a walk, one after the other")
@pytest.mark.parametrize("gamma", [0.98, 0.99, 0.999, 1.0])
def test_break_even(gamma):
    """The first length at which the discounted sum is above that of standing still, 0."""
    rho, steps = 0.15, 0
    while sum(gamma**t * rho for t in range(steps)) + gamma**steps * FALL < 0:
        steps += 1
    assert steps - 1 < break_even(rho, gamma) <= steps


@pytest.mark.equation("15a.4", by="playing 40,000 walks, within 4 standard errors")
def test_risky_value():
    """Falls drawn at random; and the sign, which no discount changes."""
    rng, rho, hazard, gamma = np.random.default_rng(0), 0.2, 0.01, 0.97
    lengths = rng.geometric(hazard, 40_000) - 1  # steps before the fall
    played = rho * (1 - gamma**lengths) / (1 - gamma) + gamma**lengths * FALL
    error = played.std() / np.sqrt(len(played))
    assert abs(played.mean() - risky_value(rho, hazard, gamma)) < 4 * error
    least = rho / (rho - FALL)
    for g in (0.5, 0.9, 0.99, 0.999):
        assert risky_value(rho, least, g) == pytest.approx(0, abs=1e-9)
        assert risky_value(rho, 0.9 * least, g) > 0 > risky_value(rho, 1.1 * least, g)


@pytest.mark.equation("15a.3", by="trying 4,000 speeds, for an effort that grows with the speed")
def test_thrift_and_haste():
    """The best speeds by search stand where the two conditions say; the discount asks for more."""
    speeds = np.linspace(0.5, 5, 4_000)
    efforts, slope = 0.6 + 0.5 * speeds**2, speeds
    pairs = list(zip(speeds, efforts, strict=True))
    arriving = [walk_value(step_value(v, e), STEPS_A_SECOND * TRACK / v, 1.0) for v, e in pairs]
    discounted = [walk_value(step_value(v, e), 1_000_000, 0.99) for v, e in pairs]
    thrifty, hasty = np.argmax(arriving), np.argmax(discounted)
    assert slope[thrifty] == pytest.approx(efforts[thrifty] / speeds[thrifty], rel=5e-3)
    assert slope[hasty] == pytest.approx(130 / 30 / 50 / 0.028, rel=5e-3)
    assert step_value(speeds[thrifty], efforts[thrifty]) > 0
    assert speeds[hasty] > speeds[thrifty]


@pytest.mark.equation("15.8", by="iterating the temporal-difference target of a chain to rest")
def test_blind_value():
    """One shared value for all states of a walk, moved to its mean target again and again."""
    rho, steps, gamma, value = 0.2, 400, 0.99, 0.0
    goes_on = np.arange(steps) < steps - 1
    for _ in range(5_000):
        value = (rho + gamma * goes_on * value).mean()
    assert blind_value(rho, steps, gamma) == pytest.approx(value)


@pytest.mark.equation("15a.1", by="feet that come down on a known beat")
@pytest.mark.parametrize("lag", [0.0, 0.3, 0.5, 0.97])
def test_phases(lag):
    """The second foot follows by a share of the stride, give or take."""
    rng, time = np.random.default_rng(0), np.arange(6_000)
    jitter = 2 * rng.standard_normal(100)
    first = np.zeros(len(time), bool)
    second = first.copy()
    for k in range(1, 99):
        first[60 * k : 60 * k + 25] = True
        start = round(60 * k + 60 * lag + jitter[k])
        second[start : start + 25] = True
    mean, regularity = mean_phase(phases(footfalls(first), footfalls(second)))
    assert np.cos(2 * np.pi * (mean - lag)) > np.cos(2 * np.pi * 0.01)
    assert regularity > 0.95


@pytest.mark.equation("15a.2", by="the way that the joints' angles went")
def test_cost_of_transport(walks):
    """Work is torque times angle. At a joint's limit the simulator also moves angles by itself."""
    w = walks[2]
    distance = w.place[-1] - w.place[0]
    turned = np.diff(w.angle, axis=0)
    by_angle = np.abs(w.torque[1:] * turned).sum() / (w.weight * distance)
    found = cost_of_transport(w.torque, w.rate, 1 / STEPS_A_SECOND, w.weight, distance)
    assert found == pytest.approx(by_angle, rel=0.1)
    assert cost_of_transport([[3.0, 0.0]] * 10, [[2.0, 5.0]] * 10, 0.1, 5.0, 4.0) == 0.3
