"""Rules for targets, against the plain agent and against weights that are moved by hand."""

import copy

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, recipe
from ddpg_lib.chapters.ch07.targets import (
    Follow,
    FollowingDDPG,
    ForgetfulDDPG,
    arms_by_rule,
    flat_weights,
    lag_in_steps,
    shared_weights,
    symptoms,
)
from ddpg_lib.results.sweeps import Arm, RecordedSweep

CONFIG = recipe("pendulum", hidden=(8, 8), tau=0.02, lr_decay=False)
PLACE = (3, [-2.0], [2.0])


def fill(agent, seeds, steps=80):
    for t in range(steps):
        rngs = [np.random.default_rng([seed, t]) for seed in seeds]
        obs, next_obs = (np.stack([rng.normal(size=3) for rng in rngs]) for _ in range(2))
        action = np.stack([rng.uniform(-2, 2, 1) for rng in rngs])
        reward = np.array([rng.normal() for rng in rngs])
        agent.remember(obs, action, reward, next_obs, np.zeros(len(seeds), bool))
    return agent


def weights(agent, name, i):
    return [p[i].clone() for p in getattr(agent, name).parameters()]


def same(one, other):
    return all(torch.equal(p, q) for p, q in zip(one, other, strict=True))


@pytest.mark.parametrize("tau", [1.0, 0.02])
def test_a_soft_rule_is_the_plain_agent(tau):
    plain = fill(DDPG(*PLACE, CONFIG.replace(tau=tau), [3, 4]), [3, 4])
    ruled = fill(FollowingDDPG([Follow(tau)] * 2, *PLACE, CONFIG, [3, 4]), [3, 4])
    for _ in range(20):
        plain.update()
        ruled.update()
    for name in ("actor", "critic", "actor_target", "critic_target"):
        for i in range(2):
            for p, q in zip(weights(plain, name, i), weights(ruled, name, i), strict=True):
                assert torch.allclose(p, q, atol=1e-6)


def test_each_agent_follows_its_own_rule():
    rules = [Follow(1.0), Follow(0.25), Follow(1.0, 3), Follow(0.5, 2)]
    seeds = [5, 5, 5, 5]
    agent = fill(FollowingDDPG(rules, *PLACE, CONFIG, seeds), seeds)
    expected = [weights(agent, "critic_target", i) for i in range(4)]
    for k in range(1, 8):
        agent.update()
        for i, rule in enumerate(rules):
            online = weights(agent, "critic", i)
            if k % rule.period == 0:
                moved = zip(expected[i], online, strict=True)
                expected[i] = [q + rule.tau * (p - q) for q, p in moved]
            for p, q in zip(weights(agent, "critic_target", i), expected[i], strict=True):
                assert torch.allclose(p, q, atol=1e-6)


def test_lag_of_a_ramp():
    """If the online weights are k after update k, the target's distance is its lag."""
    for rule in (Follow(1.0), Follow(0.05), Follow(1.0, 7), Follow(0.2, 4)):
        target, lags = 0.0, []
        for k in range(1, 6001):
            lags.append(k - target)  # used in update k, which makes the weights k
            if k % rule.period == 0:
                target += rule.tau * (k - target)
        mean = np.mean(lags[-2800:])  # a multiple of every period
        assert mean == pytest.approx(rule.lag, abs=1e-6)


def test_hard_equivalent():
    assert Follow(0.01).hard_equivalent() == Follow(1.0, 199)
    assert Follow(1.0).hard_equivalent() == Follow(1.0, 1)
    assert Follow(0.01).hard_equivalent().lag == pytest.approx(Follow(0.01).lag)


def test_what_cannot_work_is_refused():
    for tau in (0.0, 1.5):
        with pytest.raises(ValueError, match="tau"):
            Follow(tau)
    for period in (0, 1.5):
        with pytest.raises(ValueError, match="period"):
            Follow(1.0, period)
    with pytest.raises(ValueError, match="one rule for each seed"):
        FollowingDDPG([Follow()], *PLACE, CONFIG, [0, 1])


def test_shared_weights():
    agent = DDPG(*PLACE, CONFIG, [0])
    names = [name for name, _ in agent.critic.named_parameters()]
    assert shared_weights(agent.critic_target, agent.critic) == []
    assert shared_weights(agent.critic, agent.critic) == names
    assert shared_weights(copy.copy(agent.critic), agent.critic) == names

    by_data = copy.deepcopy(agent.critic)
    for p, q in zip(by_data.parameters(), agent.critic.parameters(), strict=True):
        p.data = q.data
    assert shared_weights(by_data, agent.critic) == names

    part = copy.deepcopy(agent.critic)
    part.layers[0] = agent.critic.layers[0]
    assert shared_weights(part, agent.critic) == ["layers.0.weight", "layers.0.bias"]


def test_forgetful_targets_stay():
    agent = fill(ForgetfulDDPG(*PLACE, CONFIG, [3]), [3])
    start = [weights(agent, name, 0) for name in ("actor_target", "critic_target")]
    online = weights(agent, "critic", 0)
    for _ in range(5):
        agent.update()
    for kept, name in zip(start, ("actor_target", "critic_target"), strict=True):
        assert same(kept, weights(agent, name, 0))
    assert not same(online, weights(agent, "critic", 0))


@pytest.mark.parametrize("tau", [1.0, 0.99, 0.1])
def test_lag_in_steps_of_a_straight_way(tau):
    """The online weights move on by the same vector in every update, in two agents."""
    step = torch.tensor([[3.0, 4.0, 0.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    online, target = torch.zeros_like(step), torch.zeros_like(step)
    for _ in range(500):
        before, online = online, online + step
        target = target + tau * (online - target)
    expected = torch.full((2,), 1 / tau - 1, dtype=torch.float64)
    assert torch.allclose(lag_in_steps(before, online, target), expected, atol=1e-9)


def test_flat_weights_are_a_copy_of_all():
    agent = DDPG(*PLACE, CONFIG, [3, 4])
    flat = flat_weights(agent.critic)
    assert torch.equal(flat[1], torch.cat([p.flatten() for p in weights(agent, "critic", 1)]))
    flat += 1
    assert not torch.equal(flat, flat_weights(agent.critic))


def test_arms_by_rule():
    def arm(**changes):
        return Arm(recipe("pendulum", **changes), np.arange(2), np.zeros((1, 2)), np.zeros(1), {})

    made = {
        "a": arm(tau=1.0, critic_lr=5e-4),
        "b": arm(tau=1.0, critic_lr=2e-3),
        "c": arm(tau=1.0, layer_norm="critic"),
    }
    found = arms_by_rule(RecordedSweep({}, [0], made))
    assert found["τ = 1"] == {0.5: made["a"], 2.0: made["b"]}
    assert found["τ = 1, layer norm"] == {1.0: made["c"]}


def test_symptoms():
    """Of targets that are equal, that follow at once, and that never moved and say zero."""
    for tau, behind in ((1.0, 0.0), (0.99, 0.01 / 0.99)):
        agent = fill(DDPG(*PLACE, CONFIG.replace(tau=tau), [3, 4]), [3, 4])
        for _ in range(30):
            agent.update()
        steps, _ = symptoms(agent)
        assert agent.updates == 31
        assert torch.allclose(steps, torch.full((2,), behind), atol=1e-3)
    forgetful = fill(ForgetfulDDPG(*PLACE, CONFIG, [3, 4]), [3, 4])
    for p in forgetful.critic_target.parameters():
        p.data.zero_()
    for _ in range(30):
        forgetful.update()
    steps, rewards = symptoms(forgetful)
    assert (steps > 2).all()
    assert torch.allclose(rewards, torch.ones(2))
