"""Chapter 5's worlds and its broken agents: against DDPG itself, walks by hand and NumPy."""

import functools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from ddpg_lib import DDPG, recipe, train
from ddpg_lib.chapters.ch05.compass import SPRING, Spring, from_replay, spring_value
from ddpg_lib.chapters.ch05.diagnosis import FAULTS, AtTheBound, diagnose, draw_faults
from ddpg_lib.chapters.ch05.hills import ACTIONS, TwoHills, draw_hills, hills, on_the_hills
from ddpg_lib.chapters.ch05.landscape import Networks, alone, critic_values, draw_path, slope_at
from ddpg_lib.chapters.ch05.saturation import steps_back
from ddpg_lib.chapters.ch05.variants import Leaky, Misled, TwoSteps, WrongUnits
from ddpg_lib.parts.losses import actor_loss, critic_loss

SMALL = recipe(
    "pendulum", hidden=(8,), batch_size=16, warmup_steps=40, steps=60, eval_every=20,
    eval_episodes=1, lr_decay=False,
)  # fmt: skip


def filled(kind, seeds=(0, 1), **changes):
    """Agents with some transitions in their buffers."""
    agent = kind(3, [-2.0], [2.0], SMALL.replace(**changes), seeds)
    rng = np.random.default_rng(5)
    for _ in range(50):
        obs, after = rng.normal(size=(2, 2, 3))
        agent.remember(obs, rng.uniform(-2, 2, (2, 1)), rng.normal(size=2), after, np.zeros(2))
    return agent


def weights(agent):
    return [p.detach().clone() for net in (agent.actor, agent.critic) for p in net.parameters()]


@pytest.mark.parametrize("env", [TwoHills, Spring])
def test_gymnasium_accepts_the_worlds(env):
    check_env(env(), skip_render_check=True)


def test_the_hills_are_where_the_text_says():
    fine = np.linspace(-1, 1, 20_001)
    assert fine[hills(fine).argmax()] == pytest.approx(-0.6, abs=1e-3)
    right = fine > 0
    assert fine[right][hills(fine[right]).argmax()] == pytest.approx(0.45, abs=0.01)
    assert hills(0.45) == pytest.approx(0.6, abs=1e-3)
    _, reward, terminated, _, _ = TwoHills().step(np.array([0.45]))
    assert (reward, terminated) == (hills(0.45), True)


def test_two_steps_are_one_update_of_ddpg():
    """Bit by bit, over several updates, targets included."""
    ours, theirs = filled(TwoSteps), filled(DDPG)
    for _ in range(5):
        a, b = ours.update(), theirs.update()
        assert all(torch.equal(a[name], b[name]) for name in b)
    for x, y in zip(weights(ours), weights(theirs), strict=True):
        assert torch.equal(x, y)
    for x, y in zip(ours.target_weights, theirs.target_weights, strict=True):
        assert torch.equal(x, y)


def test_an_error_of_the_state_changes_no_bit_of_the_actor():
    plain, misled, rippled = (
        filled(kind)
        for kind in (
            TwoSteps,
            functools.partial(Misled, lambda s, a: 1000 * torch.sin(s).sum(-1)),
            functools.partial(Misled, lambda s, a: 0.05 * torch.sin(50 * a).sum(-1)),
        )
    )
    for agent in (plain, misled, rippled):
        for _ in range(5):
            agent.update()
    for x, y in zip(weights(misled), weights(plain), strict=True):
        assert torch.equal(x, y)
    assert any(
        not torch.equal(x, y)
        for x, y in zip(rippled.actor.parameters(), plain.actor.parameters(), strict=True)
    )


def test_the_leak_is_what_a_forgotten_zero_grad_does():
    """Against PyTorch's own accumulation: the second update's critic gradient is a sum."""
    agent = filled(Leaky)
    applied = []
    step = agent.critic_optimizer.apply
    agent.critic_optimizer.apply = lambda g: (applied.append(list(g)), step(g))
    first, second = agent.replay.sample(16), agent.replay.sample(16)
    agent.learn(first)
    critic = list(agent.critic.parameters())
    kept = [g.clone() for g in agent.left_behind]
    q, target = agent.q_and_target(second)
    clean = torch.autograd.grad(critic_loss(q, target), critic)
    agent.learn(second)
    for found, g, left in zip(applied[1], clean, kept, strict=True):
        assert torch.allclose(found, g + left, atol=1e-7)


def test_what_the_leak_leaves_is_the_gradient_in_the_critics_weights():
    agent = filled(Leaky)
    batch = agent.replay.sample(16)
    loss = actor_loss(agent.critic(batch.obs, agent.actor(batch.obs)))
    expected = torch.autograd.grad(loss, list(agent.critic.parameters()))
    agent.actor_step(batch)
    for found, right in zip(agent.left_behind, expected, strict=True):
        assert torch.equal(found, right)


def test_wrong_units_are_stored_as_the_environment_took_them():
    agent, right = filled(WrongUnits), filled(DDPG)
    assert torch.allclose(agent.replay.rows[:, :50, 3], 2 * right.replay.rows[:, :50, 3])


def test_values_and_actions_on_the_hills():
    agent = DDPG(1, [-1.0], [1.0], SMALL, (0, 1, 2))
    chosen, values = on_the_hills(agent)
    assert chosen.shape == (3,)
    np.testing.assert_allclose(values[1, 40], agent.q(np.zeros((3, 1)), np.full((3, 1), -0.6))[1])
    assert pytest.approx(-0.6) == ACTIONS[40]
    figure, ax = plt.subplots()
    draw_hills(ax, agent)
    assert len(ax.lines) == 5
    plt.close(figure)


def test_the_springs_value_is_the_regulators():
    """For a linear policy within the bounds the played-out value is the closed form's."""

    class Linear:
        n = 1

        def act(self, s):
            return -np.asarray(s) @ np.array([[0.3], [0.4]])

    s = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 20, 2))
    u = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 20, 1))
    total, state, force = 0.0, s, u
    for t in range(80):
        following, reward = SPRING.step(state, force)
        total = total + 0.9**t * reward
        state, force = following, -following @ np.array([[0.3], [0.4]])
    np.testing.assert_allclose(spring_value(Linear(), s, u), total)


def test_states_come_from_each_agents_own_buffer():
    agent = filled(DDPG)
    drawn = from_replay(agent, 30, seed=3)
    assert drawn.shape == (2, 30, 3)
    for i in range(2):
        stored = agent.replay.rows[i, :50, :3]
        assert all((row == stored).all(dim=1).any() for row in drawn[i])


def test_one_agent_out_of_a_stack():
    agent = filled(DDPG)
    critic = alone(agent.critic, 1)
    found = critic_values(critic, 0.5, -1.0, np.array([-2.0, 0.0, 1.0]))
    obs = np.tile([np.cos(0.5), np.sin(0.5), -1.0], (2, 3, 1))
    right = agent.q(obs, np.tile([[-2.0], [0.0], [1.0]], (2, 1, 1)))[1]
    np.testing.assert_allclose(found, right, rtol=1e-4)
    rise = slope_at(critic, 0.5, -1.0, np.array([0.3]))
    both = critic_values(critic, 0.5, -1.0, np.array([0.28, 0.32]))
    np.testing.assert_allclose(rise, (both[1] - both[0]) / 0.04, rtol=1e-5)


def test_networks_are_kept_as_they_were():
    kept = Networks()
    run = train("Pendulum-v1", SMALL, (0, 1), progress=False, on_evaluation=kept)
    assert kept.steps == list(run.steps)
    steps, pairs = kept.since(40)
    assert list(steps) == [40, 60]
    first, last = pairs[0][0], pairs[-1][0]
    assert torch.equal(last.layers[0].weight, run.agent.actor.layers[0].weight)
    assert not torch.equal(first.layers[0].weight, last.layers[0].weight)
    figure, ax = plt.subplots()
    draw_path(ax, steps, pairs, 1, (1.2, -3.0))
    obs = np.tile([np.cos(1.2), np.sin(1.2), -3.0], (2, 1))
    own = run.agent.act(obs)[1, 0]
    np.testing.assert_allclose(ax.lines[-1].get_ydata()[-1], own, rtol=1e-4)
    plt.close(figure)


@pytest.mark.parametrize(("depth", "steps"), [(1.0, 142), (2.0, 784)])
def test_steps_back_through_a_tanh(depth, steps):
    p, count = -depth, 0
    while p < 0:
        p, count = p + 0.01 * (1 - np.tanh(p) ** 2), count + 1
    assert steps_back(depth, 0.01) == count == steps


def test_steps_back_give_up():
    assert steps_back(1, 0.01, invert=True) == pytest.approx(200 * np.log(2), abs=2)
    with pytest.raises(RuntimeError, match="not reached in 10 steps"):
        steps_back(4, 0.01, limit=10)


def test_the_diagnosis_in_numpy():
    agent = filled(WrongUnits)
    found = diagnose(agent, count=20)
    obs = from_replay(agent, 20).numpy()
    mu = agent.act(obs)[..., 0].astype(float) / 2
    assert (found["against"] == 0).all()  # untrained actors are near 0
    np.testing.assert_allclose(found["value"], agent.q(obs).mean(axis=1), rtol=1e-5)
    high, low = (agent.q(obs, 2 * (mu + d)[..., None]) for d in (0.01, -0.01))
    slopes = np.median(np.abs(high - low) / 0.02, axis=1)
    np.testing.assert_allclose(found["|slope|"], slopes, rtol=2e-2)
    stored = np.abs(agent.replay.rows[:, :50, 3].numpy()).max(axis=1)
    np.testing.assert_allclose(found["stored action"], stored)
    assert (stored > 1).all()
    with torch.no_grad():  # all actions at the upper bound
        agent.actor.layers[-1].bias += 10
    obs = from_replay(agent, 20).numpy()
    high, low = (agent.q(obs, np.full((2, 20, 1), u)) for u in (2.0, 1.98))
    np.testing.assert_allclose(diagnose(agent, 20)["against"], (high < low).mean(axis=1))


def test_each_fault_can_be_trained():
    runs = {
        name: train(env, SMALL, (0, 1), agent=agent, progress=False, **changes)
        for name, (agent, env, changes) in FAULTS.items()
    }
    panels = draw_faults(runs, until=60, every=40).axes
    assert len(panels) == len(FAULTS) == 4
    assert panels[0].lines[-1].get_xdata().tolist() == [0, 40]
    wide = runs["actions in other units"].agent
    assert diagnose(wide)["stored action"].min() > 100
    plt.close("all")


def test_actions_at_the_bound():
    seen = AtTheBound(states=10)
    run = train("Pendulum-v1", SMALL, (0, 1), progress=False, on_evaluation=seen)
    assert seen.steps == [40, 60]
    with torch.no_grad():
        run.agent.actor.layers[-1].bias += 10  # tanh(10)
    seen(run)
    np.testing.assert_allclose(seen.at_bound[-1], 1)
    assert (seen.against[-1] <= 1).all()
    with torch.no_grad():  # a critic that likes low torques only
        for p in run.agent.critic.parameters():
            p.zero_()
        run.agent.critic.layers[0].weight[:, 3] = -1.0
        run.agent.critic.layers[1].weight += 1.0
    seen(run)
    np.testing.assert_allclose(seen.against[-1], 1)
