"""The agent: each line of Algorithm 1 against the same thing done by hand."""

import ast
import copy
import inspect

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, Config, ddpg
from ddpg_lib.chapters.source import without_docstrings

CONFIG = Config(
    hidden=(16, 16), batch_size=8, buffer_size=200, warmup_steps=10, steps=50, eval_every=50
)
NETWORKS = ("actor", "critic", "actor_target", "critic_target")
LOW, HIGH = np.array([-2.0, 0.0]), np.array([2.0, 10.0])


def filled(seeds=(0, 1), config=CONFIG):
    agent = DDPG(3, LOW, HIGH, config, seeds)
    rng = np.random.default_rng(0)
    n = len(seeds)
    for _ in range(30):
        obs, next_obs = rng.normal(size=(2, n, 3))
        action = rng.uniform(LOW, HIGH, (n, 2))
        agent.remember(obs, action, rng.normal(size=n), next_obs, rng.random(n) < 0.2, [False] * n)
    return agent


def weights(module):
    return [p.detach().clone() for p in module.parameters()]


def test_the_agent_is_at_most_150_lines_of_code():
    source = without_docstrings(inspect.getsource(ddpg))
    tree = ast.parse(source)
    assert tree.body
    code = [x for x in source.splitlines() if x.strip() and not x.strip().startswith("#")]
    assert len(code) <= 150


def test_actions_are_in_the_environments_units():
    agent = filled()
    random = np.stack([agent.random() for _ in range(500)])
    assert (random >= LOW).all()
    assert (random <= HIGH).all()
    np.testing.assert_allclose(random.min((0, 1)), LOW, atol=0.1)
    np.testing.assert_allclose(random.max((0, 1)), HIGH, atol=0.1)
    # The small last layer starts the policy at the middle of the range.
    np.testing.assert_allclose(agent.act(np.zeros((2, 3))), [[0, 5], [0, 5]], atol=0.1)
    assert agent.act(np.zeros((2, 7, 4, 3))).shape == (2, 7, 4, 2)


def test_exploration_is_the_policy_plus_noise_clipped():
    agent = DDPG(3, LOW, HIGH, CONFIG.replace(sigma=5.0), (0, 1))
    noise = copy.deepcopy(agent.noise)
    obs = np.ones((2, 3))
    for _ in range(20):
        expected = np.clip(agent.act(obs) + noise.sample() * [2.0, 5.0], LOW, HIGH)
        np.testing.assert_allclose(agent.explore(obs), expected, atol=1e-5)


def test_stored_actions_are_scaled_and_rewards_too():
    agent = DDPG(3, LOW, HIGH, CONFIG.replace(reward_scale=0.1), (0,))
    agent.remember(np.zeros((1, 3)), [[2.0, 0.0]], [7.0], np.ones((1, 3)), [True])
    expected = torch.tensor([0, 0, 0, 1, -1, 0.7, 1, 1, 1, 1])
    assert torch.allclose(agent.replay.rows[0, 0], expected)


def test_one_update_equals_algorithm_1_by_hand():
    agent = filled(seeds=(3,))
    by_hand = copy.deepcopy(agent)
    agent.update()

    c = CONFIG
    s, a, r, s2, d, _ = by_hand.replay.sample(c.batch_size)
    y = (r + c.gamma * (1 - d) * by_hand.critic_target(s2, by_hand.actor_target(s2))).detach()
    optimizer = torch.optim.Adam(by_hand.critic.parameters(), c.critic_lr)
    torch.nn.functional.mse_loss(by_hand.critic(s, a), y).backward()
    optimizer.step()
    optimizer = torch.optim.Adam(by_hand.actor.parameters(), c.actor_lr)
    optimizer.zero_grad()
    (-by_hand.critic(s, by_hand.actor(s)).mean()).backward()
    optimizer.step()
    for online in ("actor", "critic"):
        target = getattr(by_hand, f"{online}_target")
        for t, o in zip(target.parameters(), getattr(by_hand, online).parameters(), strict=True):
            t.data = c.tau * o.data + (1 - c.tau) * t.data
    for name in ("actor", "critic", "actor_target", "critic_target"):
        for x, y in zip(
            weights(getattr(agent, name)), weights(getattr(by_hand, name)), strict=True
        ):
            assert torch.allclose(x, y, atol=2e-6), name


def test_the_actors_step_leaves_the_critic_alone():
    agent = filled()
    batch = agent.replay.sample(8)
    before = weights(agent.critic)
    agent.actor_optimizer.descend(ddpg.actor_loss(agent.critic(batch.obs, agent.actor(batch.obs))))
    assert all(torch.equal(x, y) for x, y in zip(before, weights(agent.critic), strict=True))
    assert all(p.grad is None for p in agent.critic.parameters())


def test_targets_start_equal_and_share_no_memory():
    agent = filled()
    for online, target in ((agent.actor, agent.actor_target), (agent.critic, agent.critic_target)):
        for p, q in zip(online.parameters(), target.parameters(), strict=True):
            assert torch.equal(p, q)
            assert p.data_ptr() != q.data_ptr()
            assert not q.requires_grad


def test_an_agent_in_a_stack_learns_as_it_does_alone():
    """Same seeds, same minibatches, same weights after 20 updates, up to rounding."""
    stack, alone = filled((5, 6)), DDPG(3, LOW, HIGH, CONFIG, (6,))
    alone.replay.rows[0] = stack.replay.rows[1]
    alone.replay.count = stack.replay.count
    for _ in range(20):
        stack.update()
        alone.update()
    for x, y in zip(weights(stack.actor), weights(alone.actor), strict=True):
        assert torch.allclose(x[1:], y, atol=1e-5)


def test_a_delayed_actor_moves_with_the_targets_at_every_kth_update():
    agent, plain = filled(config=CONFIG.replace(policy_delay=3)), filled()
    last = None
    for k in range(7):
        before = {name: weights(getattr(agent, name)) for name in NETWORKS}
        metrics = agent.update()
        moved = {
            name: not all(map(torch.equal, old, weights(getattr(agent, name))))
            for name, old in before.items()
        }
        now = k % 3 == 0
        delayed = {"actor": now, "actor_target": now, "critic_target": now}
        assert moved == {"critic": True, **delayed}
        assert now == (last is None or not torch.equal(metrics["q"], last))
        last = metrics["q"]
        if k == 0:
            plain.update()
            for name in NETWORKS:
                pairs = zip(
                    weights(getattr(agent, name)), weights(getattr(plain, name)), strict=True
                )
                assert all(torch.equal(x, y) for x, y in pairs)


def test_weight_decay_and_clipping_reach_the_optimizers():
    agent = filled(config=CONFIG.replace(critic_weight_decay=0.1, max_grad_norm=0.5))
    assert (agent.critic_optimizer.weight_decay, agent.actor_optimizer.weight_decay) == (0.1, 0.0)
    assert agent.critic_optimizer.max_grad_norm == agent.actor_optimizer.max_grad_norm == 0.5


def test_learning_rates_fall_linearly_to_zero():
    agent = filled(config=CONFIG.replace(lr_decay=True))
    for k in range(1, 41):
        agent.update()
        assert agent.critic_optimizer.lr.item() == pytest.approx(
            (1 - k / 40) * CONFIG.critic_lr, abs=1e-9
        )
    before = weights(agent.actor)
    agent.update()
    assert all(torch.equal(x, y) for x, y in zip(before, weights(agent.actor), strict=True))


def test_values_are_in_the_environments_units():
    agent = DDPG(3, LOW, HIGH, CONFIG.replace(reward_scale=0.1, final_init=0.5), (0, 1))
    obs = np.random.default_rng(0).normal(size=(2, 4, 3))
    scaled = np.random.default_rng(1).uniform(-1, 1, (2, 4, 2))
    tensors = [torch.tensor(x, dtype=torch.float32) for x in (obs, scaled)]
    expected = agent.critic(*tensors).detach().numpy() * 10
    np.testing.assert_allclose(agent.q(obs, scaled * [2, 5] + [0, 5]), expected, rtol=1e-4)
    np.testing.assert_allclose(agent.q(obs), agent.q(obs, agent.act(obs)))


def test_metrics_are_one_number_an_agent():
    metrics = filled().update()
    assert {name: tuple(x.shape) for name, x in metrics.items()} == {"critic_loss": (2,), "q": (2,)}


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="negative"):
        DDPG(3, LOW, HIGH, CONFIG, (-1,))


@pytest.mark.parametrize(
    ("other", "bounds"),
    [
        (CONFIG.replace(activation="silu"), (LOW, HIGH)),
        (CONFIG.replace(invert_gradients=not CONFIG.invert_gradients), (LOW, HIGH)),
        (CONFIG, (LOW, [2 * x for x in HIGH])),
    ],
)
def test_networks_that_would_act_otherwise_are_not_taken_over(other, bounds):
    agent = DDPG(3, LOW, HIGH, CONFIG)
    before = weights(agent.actor)
    with pytest.raises(ValueError, match="it would act otherwise"):
        agent.load_networks(DDPG(3, *bounds, other))
    assert all(a.equal(b) for a, b in zip(before, weights(agent.actor), strict=True))
