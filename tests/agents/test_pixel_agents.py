"""Agents that see: their update by hand, what trains the encoder, bad input, checkpoints."""

import copy
import warnings
from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest
import torch

from ddpg_lib import (
    DDPG,
    Config,
    evaluate,
    load,
    load_agent,
    resume,
    save_agent,
    save_policy,
    train,
)
from ddpg_lib.agents.drq import DrQv2
from ddpg_lib.agents.kinds import agent_of
from ddpg_lib.agents.pixels import PixelDDPG, SharedPixelDDPG
from ddpg_lib.chapters.ch17.faults import ClimbingEncoder
from ddpg_lib.evaluation import play
from ddpg_lib.parts.frames import shifted
from ddpg_lib.results.inside import look_inside
from ddpg_lib.results.recorded import load_weights, save_weights
from ddpg_lib.runs.interrupts import Interrupted
from ddpg_lib.speed.compiling import compiled

SHAPE, LOW, HIGH = (2, 1, 16, 16), [-2.0], [2.0]
TINY = Config(
    encoder="shared", frame_size=16, frame_stack=2, filters=(4, 4), kernels=(6, 3), strides=(4, 1),
    features=5, random_shift=1, hidden=(8,), batch_size=6, buffer_size=60, warmup_steps=8,
    steps=24, eval_every=12, eval_episodes=1, n_step=2, lr_decay=True,
)  # fmt: skip
KINDS = {"shared": SharedPixelDDPG, "separate": PixelDDPG}


class Square(gym.Env):
    """A bright square that the action moves; it wants to be in the middle. 10 steps."""

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": 20}
    observation_space = gym.spaces.Box(0, 255, (16, 16), np.uint8)
    action_space = gym.spaces.Box(-2.0, 2.0, (1,), np.float32)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def render(self):
        return np.repeat(self.picture()[:, :, None], 3, axis=2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.t = float(self.np_random.uniform(1, 14)), 0
        return self.picture(), {}

    def step(self, action):
        self.x = float(np.clip(self.x + action[0], 1, 14))
        self.t += 1
        return self.picture(), -abs(self.x - 7.5) / 8, False, self.t == 10, {}

    def picture(self):
        image = np.zeros((16, 16), np.uint8)
        image[6:10, round(self.x) - 1 : round(self.x) + 2] = 255
        return image


gym.register("Square-v0", Square)


def filled(config=TINY, seeds=(0, 1), steps=30, kind=None):
    agent = (kind or agent_of(config))(SHAPE, LOW, HIGH, config, seeds)
    rng = np.random.default_rng(0)
    obs = start = np.repeat(rng.integers(0, 256, (len(seeds), 1, *SHAPE[1:]), np.uint8), 2, axis=1)
    for t in range(steps):
        new = rng.integers(0, 256, (len(seeds), 1, *SHAPE[1:]), np.uint8)
        after, end = np.concatenate([obs[:, 1:], new], axis=1), t % 7 == 6
        action, reward = agent.explore(obs), rng.normal(size=len(seeds))
        agent.remember(obs, action, reward, after, [False] * len(seeds), [end] * len(seeds))
        obs = start if end else after
    return agent


def weights(module):
    return [p.detach().clone() for p in module.parameters()]


def moved(module, before):
    return [not torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True)]


@pytest.mark.parametrize("encoder", KINDS)
def test_the_configuration_says_which_agent(encoder):
    config = TINY.replace(encoder=encoder)
    assert agent_of(config) is KINDS[encoder]
    agent = filled(config)
    obs = np.random.default_rng(1).integers(0, 256, (2, 5, 3, *SHAPE), np.uint8)
    action = agent.act(obs)
    assert action.shape == (2, 5, 3, 1)
    assert agent.q(obs).shape == (2, 5, 3)
    np.testing.assert_allclose(agent.q(obs), agent.q(obs, action), rtol=1e-5)
    alone = agent_of(config)(SHAPE, LOW, HIGH, config, [0])
    np.testing.assert_allclose(alone.act(obs[0, 0, 0]), alone.act(obs[:1, 0, 0])[0])
    # What an agent is does not depend on who trains beside it.
    np.testing.assert_allclose(filled(config, (1,)).act(obs[1:]).shape, (1, 5, 3, 1))
    fresh = agent_of(config)(SHAPE, LOW, HIGH, config, [0, 1])
    np.testing.assert_allclose(alone.act(obs[:1]), fresh.act(obs)[:1], atol=1e-6)


def test_the_shared_agents_update_by_hand():
    config = TINY.replace(lr_decay=False)
    agent = filled(config, seeds=(3,))
    hand = copy.deepcopy(agent)
    agent.update()

    s, a, r, s2, d, discount = hand.replay.sample(config.batch_size)
    adam = torch.optim.Adam
    eyes, critic, actor = hand.encoder, hand.critic, hand.actor
    s, s2 = (x.flatten(2, 3) / 255 - 0.5 for x in (s, s2))
    y = r + discount * (1 - d) * hand.critic_target(eyes(s2), hand.actor_target(eyes(s2)))
    moved_by_critic = [*eyes.parameters(), *critic.parameters()]
    by_critic, by_actor = adam(moved_by_critic, config.critic_lr), adam(actor.parameters(), 1e-3)
    seen = eyes(s)
    (y.detach() - critic(seen, a)).square().mean().backward()
    by_critic.step()
    # The actor learns from what was seen before, and moves nothing but itself.
    loss = -critic(seen.detach(), actor(seen.detach())).mean()
    for p, g in zip(actor.parameters(), torch.autograd.grad(loss, actor.parameters()), strict=True):
        p.grad = g
    by_actor.step()
    for name in ("encoder", "critic", "actor"):
        for p, q in zip(
            getattr(agent, name).parameters(), getattr(hand, name).parameters(), strict=True
        ):
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_the_encoder_learns_from_the_critic_alone():
    agent = filled()
    batch = agent.replay.sample(6)
    eyes, actor = weights(agent.encoder), weights(agent.actor)
    agent.learn(batch, move_actor=False)
    assert all(moved(agent.encoder, eyes))
    assert not any(moved(agent.actor, actor))
    # With the critic's step size at 0 only the actor's loss is left, and the encoder stays.
    eyes = weights(agent.encoder)
    agent.critic_optimizer.lr.fill_(0.0)
    agent.learn(batch)
    assert not any(moved(agent.encoder, eyes))
    assert all(moved(agent.actor, actor))


def test_the_mistaken_agents_encoder_climbs_the_value():
    config = TINY.replace(lr_decay=False, actor_lr=1e-2)
    agent = ClimbingEncoder(SHAPE, LOW, HIGH, config, (0,))
    agent.load_state_dict({**filled(config, (0,)).state_dict(), **own_state(agent)})
    agent.critic_optimizer.lr.fill_(0.0)
    agent.actor_optimizer.lr.fill_(0.0)
    batch, old = agent.replay.sample(50), weights(agent.encoder)
    values = [agent.learn(batch)["q"].item() for _ in range(20)]
    assert all(moved(agent.encoder, old))
    assert values[-1] > values[0]
    agent.learn(batch, move_actor=False)


def own_state(agent):
    """What the mistaken agent has beyond the right one."""
    return {"encoder_optimizer": agent.encoder_optimizer.state_dict()}


def test_drq_v2s_update_by_hand():
    config = TINY.replace(lr_decay=False, final_init=0.5)
    agent = filled(config, (3,), kind=DrQv2)
    agent.updates = 6  # of 8 during which the noise falls from 1 to 0.1
    hand = copy.deepcopy(agent)
    agent.update()
    later, now = agent.later, agent.now
    assert agent.noise.sigma == pytest.approx(0.25 * 1.0 + 0.75 * 0.1)
    assert later.abs().max() <= DrQv2.FARTHEST
    assert not torch.equal(later, now)

    s, a, r, s2, d, discount = hand.replay.sample(config.batch_size)
    eyes, critic, actor, old = hand.encoder, hand.critic, hand.actor, hand.critic_target
    heads = (critic.network.first, critic.network.second)
    s, s2 = (x.flatten(2, 3) / 255 - 0.5 for x in (s, s2))
    with torch.no_grad():
        seen2 = eyes(s2)
        a2 = (actor(seen2) + later).clamp(-1, 1)
        each = [q(old.front(seen2), a2) for q in (old.network.first, old.network.second)]
        y = r + discount * (1 - d) * torch.stack(each).amin(0)
    by_critic = torch.optim.Adam([*eyes.parameters(), *critic.parameters()], config.critic_lr)
    by_actor = torch.optim.Adam(actor.parameters(), config.actor_lr)
    seen = eyes(s)
    sum((y - q(critic.front(seen), a)).square().mean() for q in heads).backward()
    by_critic.step()
    fixed, mu = seen.detach(), actor(seen.detach())
    blurred = (mu + now).clamp(-1, 1).detach().requires_grad_()
    value = torch.stack([q(critic.front(fixed), blurred) for q in heads]).amin(0).mean()
    (slope,) = torch.autograd.grad(value, blurred)  # through the clipping as if there were none
    by_actor.zero_grad()
    mu.backward(-slope)
    by_actor.step()
    for name in ("encoder", "critic", "actor"):
        for p, q in zip(
            getattr(agent, name).parameters(), getattr(hand, name).parameters(), strict=True
        ):
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_drq_v2s_noise_falls_and_stays():
    agent = filled(kind=DrQv2)
    begun = agent.noise.sigma
    seen = [agent.update() and agent.noise.sigma for _ in range(12)]
    # Twelve of sixteen updates; they fall over the first eight.
    assert begun == 1.0
    np.testing.assert_allclose(seen[:8], 1 - 0.9 * np.arange(8) / 8)
    np.testing.assert_allclose(seen[8:], 0.1)


def test_drq_v2s_critics_begin_differently_and_learn_as_alone():
    stack, alone = filled(seeds=(0, 1), kind=DrQv2), filled(seeds=(1,), kind=DrQv2)
    twins = stack.critic.network
    first, second = (x.layers[0].weight for x in (twins.first, twins.second))
    assert not torch.isclose(first, second).any()
    noise, batch = torch.rand(2, 6, 1), stack.replay.sample(6)
    for agent, part in ((stack, slice(0, 2)), (alone, slice(1, 2))):
        agent.later.copy_(noise[part])
        agent.learn(type(batch)(*(x[part] if len(x) == 2 else x for x in batch)))
    for a, b in zip(stack.critic.parameters(), alone.critic.parameters(), strict=True):
        np.testing.assert_allclose(a[1].detach(), b[0].detach(), rtol=1e-4, atol=1e-6)


def test_settings_of_no_account_are_refused_by_drq_v2():
    with pytest.raises(ValueError, match='set noise="gaussian"'):
        filled(TINY.replace(noise="ornstein_uhlenbeck"), kind=DrQv2)
    with pytest.raises(ValueError, match="invert_gradients"):
        filled(TINY.replace(invert_gradients=True), kind=DrQv2)
    with pytest.raises(ValueError, match="encoder is separate"):
        filled(TINY.replace(encoder="separate"), kind=DrQv2)


def test_separate_networks_learn_end_to_end_with_targets_of_all():
    agent = filled(TINY.replace(encoder="separate"))
    before = {name: weights(getattr(agent, name)) for name in ("critic", "actor", "actor_target")}
    agent.update()
    for name, old in before.items():
        assert all(moved(getattr(agent, name), old)), name
    assert len(weights(agent.critic_target)) == len(weights(agent.critic))
    kernels = {tuple(p.shape) for p in agent.critic_target.parameters() if p.dim() == 5}
    assert kernels == {(2, 4, 2, 6, 6), (2, 4, 4, 3, 3)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SharedPixelDDPG, DrQv2])
def test_agents_that_see_compile(kind):
    eager, fast = filled(kind=kind), filled(kind=kind)
    fast._learn = compiled(fast.learn)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "torch.compile failed")
        for _ in range(6):
            a, b = eager.update(), fast.update()
            for name in a:
                torch.testing.assert_close(a[name], b[name], rtol=1e-3, atol=1e-4)


def test_minibatches_of_the_shared_agent_are_shifted():
    shifting, still = filled(), filled(TINY.replace(random_shift=0))
    x, y = shifting.replay.sample(50).obs, still.replay.sample(50).obs
    assert not torch.equal(x, y)
    every = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]).reshape(9, 1, 1, 2)
    alike = [(shifted(y, o.repeat(2, 0).repeat(50, 1)) == x).flatten(2).all(-1) for o in every]
    assert torch.stack(alike).any(0).all()  # the same frames, each moved by some offset


def test_what_cannot_be_seen_is_refused():
    agent = filled()
    obs = np.zeros((2, 3, *SHAPE), np.uint8)
    for wrong in (obs / 255, obs[..., 1:], obs[0, 0, 0]):
        with pytest.raises(ValueError, match="frames must be uint8 of shape"):
            agent.act(wrong)
    with pytest.raises(ValueError, match="such as"):
        SharedPixelDDPG((16, 16), LOW, HIGH, TINY)
    with pytest.raises(ValueError, match="encoder is shared"):
        DDPG(3, LOW, HIGH, TINY)
    with pytest.raises(ValueError, match="encoder is none"):
        SharedPixelDDPG(SHAPE, LOW, HIGH, Config())
    with pytest.raises(ValueError, match="something is left"):
        TINY.replace(frame_size=5)
    with pytest.raises(ValueError, match="as many as kernels"):
        TINY.replace(filters=(4,))
    with pytest.raises(ValueError, match="normalize_obs"):
        TINY.replace(normalize_obs=True)
    with pytest.raises(ValueError, match="no recurrent agent for frames"):
        TINY.replace(memory=4)
    with pytest.raises(ValueError, match="action_repeat"):
        Config(action_repeat=2)


@pytest.mark.parametrize("encoder", [*KINDS, "drq"])
def test_a_run_that_broke_off_comes_back_to_the_bit(tmp_path, encoder):
    own = {"agent": DrQv2} if encoder == "drq" else {}
    config = TINY if own else TINY.replace(encoder=encoder)

    def stop(run):
        if run.step == 12:
            raise KeyboardInterrupt

    whole = train("Square-v0", config, [1, 2], folder=tmp_path / "whole", progress=False, **own)
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        train(
            "Square-v0", config, [1, 2], folder=tmp_path / "broken", progress=False,
            checkpoint_every=3, on_evaluation=stop, **own,
        )  # fmt: skip
    again = resume(tmp_path / "broken", progress=False, **own)
    assert np.array_equal(whole.returns, again.returns)
    assert np.array_equal(
        whole.metrics["critic_loss"], again.metrics["critic_loss"], equal_nan=True
    )
    for x, y in zip(whole.agent.replay.sample(9), again.agent.replay.sample(9), strict=True):
        assert torch.equal(x, y)
    loaded = load(tmp_path / "broken", **own)
    returns = evaluate(loaded.agent, loaded.env, 2)
    np.testing.assert_array_equal(returns, evaluate(whole.agent, "Square-v0", 2))
    save_agent(loaded.agent, tmp_path / "agent.safetensors", replay=True)
    copy_ = load_agent(tmp_path / "agent.safetensors", kind=own.get("agent"))
    assert type(copy_) is (DrQv2 if own else KINDS[encoder])
    np.testing.assert_array_equal(returns, evaluate(copy_, "Square-v0", 2))


def test_a_trained_stack_can_be_begun_with():
    old, new = filled(), filled(seeds=(5, 6))
    new.load_networks(old)
    obs = np.random.default_rng(1).integers(0, 256, (2, 3, *SHAPE), np.uint8)
    np.testing.assert_array_equal(old.act(obs), new.act(obs))
    with pytest.raises(ValueError, match="another"):
        new.load_networks(filled(TINY.replace(filters=(5, 4))))


@pytest.mark.parametrize("encoder", KINDS)
def test_recorded_weights_bring_back_what_acts(tmp_path, encoder):
    config = TINY.replace(encoder=encoder)
    old, new = filled(config), filled(config, seeds=(5, 6))
    old.update()
    save_weights(old, tmp_path / "weights.safetensors")
    load_weights(new, tmp_path / "weights.safetensors")
    obs = np.random.default_rng(1).integers(0, 256, (2, 3, *SHAPE), np.uint8)
    np.testing.assert_array_equal(old.act(obs), new.act(obs))
    np.testing.assert_array_equal(old.q(obs), new.q(obs))


@pytest.mark.parametrize("encoder", KINDS)
def test_an_agent_that_sees_is_played_and_looked_into(encoder):
    agent = filled(TINY.replace(encoder=encoder, gamma=0.5, action_repeat=2))
    scene = play(agent, 1, "Square-v0", seed=3)
    pictures = list(scene.frames)
    assert [x.shape for x in pictures] == [(16, 16, 3)] * 6  # the start; ten steps, two an action
    assert scene.returns[0] == pytest.approx(evaluate(agent, "Square-v0", 1, seed=3)[1, 0])
    inside = look_inside(agent, "Square-v0", 1, max_episode_steps=6)
    assert all(values.shape == (2,) for values in inside.values())
    np.testing.assert_array_equal(inside["length"], [3, 3])
    with pytest.raises(ValueError, match="save_agent keeps the whole agent"):
        save_policy(agent, "unused.npz")


@pytest.mark.slow
def test_it_learns_to_move_a_square_to_the_middle():
    config = TINY.replace(
        hidden=(32,), features=16, batch_size=32, buffer_size=1_000, warmup_steps=200, steps=800,
        eval_every=400, eval_episodes=5, gamma=0.9, sigma=0.3, random_shift=0, n_step=1,
    )  # fmt: skip
    run = train("Square-v0", config, [0, 1, 2, 3], progress=False)
    # At rest in the middle nothing is lost; a square that stays where it began loses 4.
    assert (run.curves[:, -1] > -1.5).all(), run.curves
