"""The agents that came after DDPG, against programs for one agent in plain PyTorch."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from ddpg_lib import Config, evaluate, resume, train
from ddpg_lib.agents.d4pg import D4PG, CategoricalCritic, projected
from ddpg_lib.agents.sac import SAC, GaussianActor
from ddpg_lib.agents.simba import ResidualNetwork, SimBa
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.ddpg import DDPG

CONFIG = Config(
    hidden=(8, 8), batch_size=5, buffer_size=50, warmup_steps=10, steps=60, eval_every=60,
    eval_episodes=2, final_init=0.5, gamma=0.9, tau=0.1, actor_lr=0.01, critic_lr=0.02,
)  # fmt: skip
LOW, HIGH = np.array([-2.0]), np.array([2.0])


class ShortD4PG(D4PG):
    RANGE = (-20.0, 5.0)


AGENTS = {
    TD3: {"policy_delay": 2},
    SAC: {},
    ShortD4PG: {},
    SimBa: {"normalize_obs": True},
}


def filled(kind, seeds=(3, 4), **changes):
    """A stack with some random transitions."""
    agent = kind(3, LOW, HIGH, CONFIG.replace(**AGENTS[kind] | changes), seeds)
    for i in range(30):
        per_seed = [np.random.default_rng([seed, i]) for seed in seeds]
        obs, after = (np.stack([r.normal(size=3) for r in per_seed]) for _ in range(2))
        action = np.stack([r.uniform(-2, 2, 1) for r in per_seed])
        reward = np.array([r.normal() for r in per_seed])
        agent.remember(obs, action, reward, after, np.full(len(seeds), i % 7 == 3))
    return agent


def plain(layers, i):
    """One agent's layers of a stack as PyTorch's own, in double precision."""
    made = []
    for layer in layers:
        linear = nn.Linear(*layer.weight.shape[1:], dtype=torch.float64)
        linear.weight.data = layer.weight[i].detach().double().T.clone()
        linear.bias.data = layer.bias[i, 0].detach().double().clone()
        made += [linear, nn.ReLU()]
    return nn.Sequential(*made[:-1])


def follow(target, online, tau):
    for t, o in zip(target.parameters(), online.parameters(), strict=True):
        t.data = (1 - tau) * t.data + tau * o.data


def assert_same(layers, network, i):
    ours = [p for layer in layers for p in (layer.weight[i].T, layer.bias[i, 0])]
    for a, b in zip(ours, network.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-3, atol=2e-5)


def updates(agent, count):
    """Update a stack; return the minibatches that it drew, in double precision."""
    drawn, sample = [], agent.replay.sample

    def noted(size):
        drawn.append(sample(size))
        return drawn[-1]

    agent.replay.sample = noted
    noises = []
    for _ in range(count):
        agent.update()
        kept = ("blur", "later", "now")
        noises.append({k: getattr(agent, k).clone() for k in kept if hasattr(agent, k)})
    agent.replay.sample = sample
    return list(zip(drawn, noises, strict=True))


def of_one(batch, i):
    s, a, r, s2, d, g = (x[min(i, len(x) - 1)].double() for x in batch)
    return s, a, r, s2, d, g.reshape(-1)


def test_td3_is_that_of_the_paper():
    agent, i = filled(TD3), 1
    online = {
        "actor": plain(agent.actor.layers, i),
        "first": plain(agent.critic.first.layers, i),
        "second": plain(agent.critic.second.layers, i),
    }
    target = copy.deepcopy(online)
    critics = [*online["first"].parameters(), *online["second"].parameters()]
    critic_step = torch.optim.Adam(critics, CONFIG.critic_lr)
    actor_step = torch.optim.Adam(online["actor"].parameters(), CONFIG.actor_lr)
    for number, (batch, noise) in enumerate(updates(agent, 4)):
        s, a, r, s2, d, g = of_one(batch, i)
        blur = noise["blur"][i].double()
        assert blur.abs().max() <= TD3.FARTHEST
        with torch.no_grad():
            a2 = (torch.tanh(target["actor"](s2)) + blur).clamp(-1, 1)
            q1, q2 = (target[k](torch.cat((s2, a2), 1))[:, 0] for k in ("first", "second"))
            y = r + g * (1 - d) * torch.where(q1 < q2, q1, q2)
        x = torch.cat((s, a), 1)
        loss = sum(((online[k](x)[:, 0] - y) ** 2).mean() for k in ("first", "second"))
        critic_step.zero_grad()
        loss.backward()
        critic_step.step()
        if number % 2 == 0:
            pi = torch.tanh(online["actor"](s))
            actor_step.zero_grad()
            (-online["first"](torch.cat((s, pi), 1)).mean()).backward()
            actor_step.step()
            for k in online:
                follow(target[k], online[k], CONFIG.tau)
    assert_same(agent.actor.layers, online["actor"], i)
    for k in ("first", "second"):
        assert_same(getattr(agent.critic, k).layers, online[k], i)
        assert_same(getattr(agent.critic_target, k).layers, target[k], i)


def test_the_two_critics_begin_differently():
    agent = filled(TD3)
    first, second = agent.critic.first.layers[0].weight, agent.critic.second.layers[0].weight
    assert not torch.isclose(first, second).any()


def test_sacs_densities_are_those_of_a_squashed_gaussian():
    rngs = [np.random.default_rng(k) for k in (0, 1)]
    actor = GaussianActor(rngs, 3, 2, (8,), final_init=1.0)
    obs, noise = torch.randn(2, 50, 3), 2 * torch.randn(2, 50, 2)
    action, log_p = actor.sample(obs, noise)
    mean, log_std = actor.gaussian(obs)
    gaussian = torch.distributions.Normal(mean.double(), log_std.double().exp())
    tanh = torch.distributions.transforms.TanhTransform(cache_size=0)
    x = mean.double() + log_std.double().exp() * noise.double()
    theirs = gaussian.log_prob(x) - tanh.log_abs_det_jacobian(x, torch.tanh(x))
    np.testing.assert_allclose(log_p.detach(), theirs.sum(-1).detach(), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(action.detach(), torch.tanh(x).detach(), atol=1e-5)
    low, high = GaussianActor.LOG_STD
    assert ((log_std > low) & (log_std < high)).all()
    np.testing.assert_allclose(actor(obs).detach(), torch.tanh(mean).detach(), atol=1e-6)


def test_sac_is_that_of_the_papers():
    agent, i = filled(SAC), 1
    online = {
        "actor": plain(agent.actor.layers, i),
        "first": plain(agent.critic.first.layers, i),
        "second": plain(agent.critic.second.layers, i),
    }
    target = copy.deepcopy({k: online[k] for k in ("first", "second")})
    critics = [*online["first"].parameters(), *online["second"].parameters()]
    critic_step = torch.optim.Adam(critics, CONFIG.critic_lr)
    actor_step = torch.optim.Adam(online["actor"].parameters(), CONFIG.actor_lr)
    log_alpha = torch.zeros((), dtype=torch.float64, requires_grad=True)
    alpha_step = torch.optim.Adam([log_alpha], CONFIG.actor_lr)
    low, high = GaussianActor.LOG_STD

    def sample(s, noise):
        mean, x = online["actor"](s).chunk(2, 1)
        std = (low + (high - low) * (torch.tanh(x) + 1) / 2).exp()
        u = mean + std * noise
        log_p = torch.distributions.Normal(mean, std).log_prob(u) - torch.log(
            1 - torch.tanh(u) ** 2
        )
        return torch.tanh(u), log_p.sum(1)

    def both(networks, s, a):
        q1, q2 = (networks[k](torch.cat((s, a), 1))[:, 0] for k in ("first", "second"))
        return torch.where(q1 < q2, q1, q2)

    for batch, noise in updates(agent, 4):
        s, a, r, s2, d, g = of_one(batch, i)
        alpha = log_alpha.exp().detach()
        with torch.no_grad():
            a2, log_p = sample(s2, noise["later"][i].double())
            y = r + g * (1 - d) * (both(target, s2, a2) - alpha * log_p)
        x = torch.cat((s, a), 1)
        loss = sum(((online[k](x)[:, 0] - y) ** 2).mean() for k in ("first", "second"))
        critic_step.zero_grad()
        loss.backward()
        critic_step.step()
        pi, log_p = sample(s, noise["now"][i].double())
        actor_step.zero_grad()
        (alpha * log_p - both(online, s, pi)).mean().backward()
        actor_step.step()
        alpha_step.zero_grad()
        (-log_alpha.exp() * (log_p.detach() - 1).mean()).backward()
        alpha_step.step()
        for k in target:
            follow(target[k], online[k], CONFIG.tau)
    assert agent.log_temperature[i].item() == pytest.approx(log_alpha.item(), rel=1e-4)
    assert_same(agent.actor.layers, online["actor"], i)
    for k in ("first", "second"):
        assert_same(getattr(agent.critic, k).layers, online[k], i)
        assert_same(getattr(agent.critic_target, k).layers, target[k], i)


def test_sac_explores_by_drawing_from_its_policy():
    agent = filled(SAC)
    obs = np.ones((2, 3), np.float32)
    drawn = np.array([agent.explore(obs) for _ in range(2000)])[..., 0] / 2
    mean, log_std = agent.actor.gaussian(torch.ones(2, 1, 3))
    x = np.arctanh(np.clip(drawn, -0.999999, 0.999999))
    std = log_std.exp().detach().numpy()[:, 0, 0]
    np.testing.assert_allclose(x.mean(0), mean.detach().numpy()[:, 0, 0], atol=5 * std.max() / 44)
    np.testing.assert_allclose(x.std(0), std, rtol=0.1)
    np.testing.assert_allclose(
        agent.act(obs)[:, 0] / 2, torch.tanh(mean).detach()[:, 0, 0], rtol=1e-5
    )


def test_a_moved_distribution_is_shared_between_its_neighbors():
    values = torch.linspace(-2, 2, 9)
    rng = np.random.default_rng(0)
    p = torch.tensor(rng.dirichlet(np.ones(9), (2, 6)), dtype=torch.float32)
    reward = torch.tensor(rng.normal(size=(2, 6)), dtype=torch.float32)
    discount = torch.tensor(rng.choice([0, 0.9], (2, 6)), dtype=torch.float32)
    expected = np.zeros((2, 6, 9))
    for n, b, j in np.ndindex(2, 6, 9):
        z = np.clip(reward[n, b] + discount[n, b] * values[j], -2, 2).item()
        place = (z + 2) / 0.5
        below, above = math.floor(place), math.ceil(place)
        if below == above:
            expected[n, b, below] += p[n, b, j]
        else:
            expected[n, b, below] += (above - place) * p[n, b, j]
            expected[n, b, above] += (place - below) * p[n, b, j]
    found = projected(values, reward, discount, p)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)


def test_d4pg_is_that_of_the_paper():
    agent, i = filled(ShortD4PG), 1
    actor, critic = plain(agent.actor.layers, i), plain(agent.critic.layers, i)
    actor_target, critic_target = copy.deepcopy(actor), copy.deepcopy(critic)
    critic_step = torch.optim.Adam(critic.parameters(), CONFIG.critic_lr)
    actor_step = torch.optim.Adam(actor.parameters(), CONFIG.actor_lr)
    values = torch.linspace(*ShortD4PG.RANGE, D4PG.ATOMS, dtype=torch.float64)
    for batch, _ in updates(agent, 3):
        s, a, r, s2, d, g = of_one(batch, i)
        with torch.no_grad():
            a2 = torch.tanh(actor_target(s2))
            p = critic_target(torch.cat((s2, a2), 1)).softmax(1)
            g = (g * (1 - d)).expand_as(r)
            y = projected(values, r[None], g[None], p[None])[0]
        critic_step.zero_grad()
        cross = nn.functional.cross_entropy(critic(torch.cat((s, a), 1)), y)
        cross.backward()
        critic_step.step()
        pi = torch.tanh(actor(s))
        actor_step.zero_grad()
        (-(critic(torch.cat((s, pi), 1)).softmax(1) @ values).mean()).backward()
        actor_step.step()
        follow(critic_target, critic, CONFIG.tau)
        follow(actor_target, actor, CONFIG.tau)
        assert agent.metrics["critic_loss"].shape == (2,)
    assert agent.metrics["critic_loss"][i].item() == pytest.approx(cross.item(), rel=1e-3)
    assert_same(agent.critic.layers, critic, i)
    assert_same(agent.actor.layers, actor, i)


def test_the_mean_of_a_distribution_is_the_value():
    critic = CategoricalCritic(
        [np.random.default_rng(0)], 3, 1, (8,), "relu", 1.0, torch.linspace(-3, 7, 11)
    )
    obs, action = torch.randn(1, 20, 3), torch.rand(1, 20, 1)
    p = critic.logits(obs, action).softmax(-1)
    by_hand = (p * torch.arange(-3.0, 8.0)).sum(-1)
    np.testing.assert_allclose(critic(obs, action).detach(), by_hand.detach(), rtol=1e-5, atol=1e-5)


def test_residual_blocks_are_those_of_the_paper():
    rngs = [np.random.default_rng(k) for k in (0, 1)]
    network, x = ResidualNetwork(rngs, 3, 2, (8, 8), 0.5), torch.randn(2, 10, 3)
    y = plain([network.entry], 1)(x[1].double())
    norm = nn.LayerNorm(8, dtype=torch.float64)
    for wide, narrow in zip(network.wide, network.narrow, strict=True):
        y = y + plain([wide, narrow], 1)(norm(y))
    y = plain([network.last], 1)(norm(y))
    np.testing.assert_allclose(network(x)[1].detach(), y.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", AGENTS)
def test_an_agent_learns_what_it_would_learn_alone(kind):
    stack, alone = filled(kind, (3, 4)), filled(kind, (4,))
    for agent in (stack, alone):
        updates(agent, 3)
        agent.explore(np.ones((agent.n, 3)))
    for a, b in zip(stack.actor.parameters(), alone.actor.parameters(), strict=True):
        np.testing.assert_allclose(a[1].detach(), b[0].detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", AGENTS)
def test_a_run_that_broke_off_ends_as_it_would_have(kind, tmp_path):
    def stop(run):
        return run.step == 40

    config = CONFIG.replace(eval_every=20, **AGENTS[kind])
    whole = train("Pendulum-v1", config, [0, 1], agent=kind, progress=False)
    train(
        "Pendulum-v1", config, [0, 1], agent=kind, progress=False, folder=tmp_path,
        on_evaluation=stop,
    )  # fmt: skip
    again = resume(tmp_path, agent=kind, progress=False)
    assert again.curves.tolist() == whole.curves.tolist()
    for a, b in zip(whole.agent.actor.parameters(), again.agent.actor.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (SimBa, {"normalize_obs": False}, "normalize_obs=True"),
        (SimBa, {"hidden": (8, 4)}, "one width"),
        (ShortD4PG, {"layer_norm": "critic"}, "normalizes nothing"),
        (ShortD4PG, {"action_layer": 1}, "action_layer"),
        (SAC, {"invert_gradients": True}, "invert_gradients"),
        (TD3, {"dqda_clipping": 1.0}, "dqda_clipping"),
    ],
)
def test_settings_of_no_account_are_refused(kind, changes, message):
    with pytest.raises(ValueError, match=message):
        filled(kind, **changes)


@pytest.mark.slow
def test_td3_differs_from_ddpg_only_in_what_it_adds():
    """Without blur, delay and a second critic's smaller value nothing is left but DDPG."""

    class Half(TD3):
        BLUR = 0.0

        def networks(self, rngs, action_dim):
            critic, actor = super().networks(rngs, action_dim)
            critic.second.load_state_dict(critic.first.state_dict())
            return critic, actor

    config = CONFIG.replace(steps=300, eval_every=300)
    ours = train("Pendulum-v1", config, [5], agent=Half, progress=False).agent
    theirs = train("Pendulum-v1", config, [5], progress=False).agent
    assert isinstance(theirs, DDPG)
    for a, b in zip(ours.actor.parameters(), theirs.actor.parameters(), strict=True):
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-3, atol=1e-4)
    assert evaluate(ours, "Pendulum-v1", 1).shape == (1, 1)
