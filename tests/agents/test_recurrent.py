"""The agent with a memory: what it remembers, what it learns from, and what it refuses."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from ddpg_lib import Config, evaluate, load_agent, recipe, save_agent, save_policy, train
from ddpg_lib.agents.kinds import agent_of
from ddpg_lib.agents.recurrent import RecurrentDDPG
from ddpg_lib.cli.main import parse
from ddpg_lib.ddpg import DDPG
from ddpg_lib.evaluation import play
from ddpg_lib.parts.losses import critic_loss
from ddpg_lib.results.inside import look_inside
from ddpg_lib.worlds.hidden import CUE, WITHOUT_VELOCITY

CONFIG = Config(
    hidden=(8,), memory=6, sequence_length=5, burn_in=2, batch_size=4, buffer_size=100,
    warmup_steps=10, steps=60, eval_every=60, eval_episodes=2, activation="tanh", final_init=0.5,
)  # fmt: skip
LOW, HIGH = np.array([-2.0]), np.array([2.0])


def stack(config=CONFIG, seeds=(0, 1), obs_dim=2):
    return RecurrentDDPG(obs_dim, LOW, HIGH, config, seeds)


def live(agent, steps, ends=(), truncated=(), seed=0):
    """Steps of random observations and actions; return them, ``(steps, n, ...)``."""
    rng = np.random.default_rng(seed)
    n, no = agent.n, np.zeros(agent.n, bool)
    lived = []
    for t in range(steps):
        obs, after = rng.normal(size=(2, n, agent.obs_dim)).astype(np.float32)
        action = rng.uniform(LOW, HIGH, (n, 1)).astype(np.float32)
        reward = rng.normal(size=n)
        agent.remember(obs, action, reward, after, no | (t in ends), no | (t in truncated))
        lived.append((obs, action, reward, after))
    return [np.stack(x) for x in zip(*lived, strict=True)]


def test_the_configuration_says_which_agent():
    assert agent_of(Config()) is DDPG
    assert agent_of(CONFIG) is RecurrentDDPG
    with pytest.raises(ValueError, match="memory is 6, which is for a recurrent agent"):
        DDPG(2, LOW, HIGH, CONFIG)
    with pytest.raises(ValueError, match="memory is 0, which is for a ddpg agent"):
        stack(Config())


def test_what_is_remembered_is_what_the_unit_says_of_the_whole_episode():
    agent = stack()
    obs, action, *_ = live(agent, 9, ends=(3,))
    scaled = torch.tensor(action / 2).transpose(0, 1)
    x = torch.tensor(obs).transpose(0, 1)
    for name in ("actor", "critic"):
        network = getattr(agent, name)
        state = torch.zeros(2, 1, 6)
        for t in range(4, 9):  # the episode that began after step 3
            last = torch.zeros(2, 1, 1) if t == 4 else scaled[:, t - 1, None]
            state = network.step(x[:, t, None], last, state)
        torch.testing.assert_close(getattr(agent, f"{name}_state"), state[:, 0])


def test_an_episodes_end_of_either_kind_is_forgotten():
    for end in ({"ends": (4,)}, {"truncated": (4,)}):
        agent, fresh = stack(), stack()
        live(agent, 5, **end)
        obs = np.ones((2, 2), np.float32)
        np.testing.assert_array_equal(agent.act(obs), fresh.act(obs))
        live(agent, 1)
        assert (agent.act(obs) != fresh.act(obs)).any()


def test_players_have_memories_of_their_own():
    agent = stack()
    live(agent, 4)
    before = agent.actor_state.clone()
    player, rng = agent.player(), np.random.default_rng(1)
    obs = rng.normal(size=(5, 2, 3, 2)).astype(np.float32)
    acted = np.stack([player.act(x) for x in obs])
    assert acted.shape == (5, 2, 3, 1)
    assert torch.equal(agent.actor_state, before)
    # Each episode by itself gives the same: nothing goes from one to another.
    for j in range(3):
        alone = agent.player()
        one = np.stack([alone.act(x[:, j]) for x in obs])
        np.testing.assert_allclose(one, acted[:, :, j], atol=1e-6)
    # And the past counts: the last observation alone leads to another action.
    assert not np.allclose(agent.player().act(obs[-1]), acted[-1], atol=1e-3)
    with pytest.raises(ValueError, match="3 episodes an agent, now 2"):
        player.act(obs[0, :, :2])


def test_a_players_values_are_the_critics_after_the_same_episode():
    agent = stack()
    player, rng = agent.player(), np.random.default_rng(1)
    with pytest.raises(ValueError, match="act first"):
        player.q(np.zeros((2, 1, 2)))
    state, last = torch.zeros(2, 3, 6), torch.zeros(2, 3, 1)
    for _ in range(4):
        obs = rng.normal(size=(2, 3, 2)).astype(np.float32)
        action = player.act(obs)
        x, a = torch.tensor(obs), torch.tensor(action / 2)
        with torch.no_grad():
            state = agent.critic.step(x, last, state)
            right = agent.critic(x, a, state).numpy()
            other = agent.critic(x, 0 * a, state).numpy()
        np.testing.assert_allclose(player.q(obs), right, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(player.q(obs, 0 * action), other, rtol=1e-4, atol=1e-6)
        last = a


def test_the_training_episodes_values_are_a_players():
    agent = stack()
    live(agent, 1)
    x = np.ones((2, 2), np.float32)
    assert agent.q(x).shape == (2,)
    assert (agent.q(x, LOW + np.zeros((2, 1))) != agent.q(x, HIGH + np.zeros((2, 1)))).all()
    with pytest.raises(ValueError, match=r"played by agent.player\(\)"):
        agent.act(np.zeros((2, 4, 2)))


@pytest.mark.parametrize("terminal", [True, False])
def test_the_critics_loss_is_that_of_histories_by_hand(terminal):
    """One sequence that holds an episode's end, against a loop over histories in float64."""
    agent = stack(CONFIG.replace(burn_in=0, sequence_length=6, batch_size=1), seeds=(3,))
    end = {"ends": (2,)} if terminal else {"truncated": (2,)}
    obs, action, reward, after = live(agent, 6, **end)
    batch = agent.replay.sample(1)
    critic, target_actor, target_critic = agent.critic, agent.actor_target, agent.critic_target

    def memory(network, history):
        """After ``[(obs, action before), ...]`` from an episode's start."""
        state = torch.zeros(1, 1, 6)
        for o, a in history:
            state = network.step(torch.tensor(o)[None], torch.tensor(a)[None], state)
        return state

    right = []
    with torch.no_grad():
        for t in range(6):
            start = 3 if t > 2 else 0
            past = [np.zeros((1, 1), np.float32), *(action[start:t] / 2)]
            history = list(zip(obs[start : t + 1], past, strict=True))
            longer = [*history, (after[t], action[t] / 2)]
            o2 = torch.tensor(after[t])[None]
            a2 = target_actor(o2, memory(target_actor, longer))
            q2 = target_critic(o2, a2, memory(target_critic, longer)).item()
            done = terminal and t == 2
            y = reward[t, 0] + agent.config.gamma * (1 - done) * q2
            now = torch.tensor(obs[t])[None], torch.tensor(action[t] / 2)[None]
            right.append((y - critic(*now, memory(critic, history)).item()) ** 2)
    found = agent.learn(batch)["critic_loss"].item()
    assert found == pytest.approx(np.mean(right), rel=1e-4)


def test_burn_in_and_stored_states_give_what_the_whole_episode_gives():
    """With weights that have not changed, where a sequence begins makes no difference."""
    agent = stack(CONFIG.replace(sequence_length=3, burn_in=4, batch_size=8))
    obs, action, *_ = live(agent, 30)
    batch = agent.replay.sample(8)
    seen = (batch.obs, batch.last_action, batch.begins)
    with torch.no_grad():
        found = agent.actor.follow(*seen, batch.actor_state, 4)
        x, a = torch.tensor(obs).transpose(0, 1), torch.tensor(action / 2).transpose(0, 1)
        last = torch.cat((torch.zeros(2, 1, 1), a[:, :-1]), dim=1)
        begins = torch.zeros(2, 1, 30)
        whole = agent.actor.follow(x[:, None], last[:, None], begins, torch.zeros(2, 1, 6))
    for i in range(2):
        for j in range(8):
            (start,) = np.flatnonzero((obs[:, i] == batch.obs[i, j, 0].numpy()).all(-1))
            right = whole[i, 0, start + 4 : start + 7]
            torch.testing.assert_close(found[i, j], right, rtol=1e-4, atol=1e-5)


def test_no_gradient_goes_through_the_burn_in():
    agent = stack()
    live(agent, 30)
    batch = agent.replay.sample(4)
    obs = batch.obs.clone().requires_grad_()
    h = agent.critic.follow(obs, batch.last_action, batch.begins, batch.critic_state, 2)
    (gradient,) = torch.autograd.grad(h.sum(), obs)
    assert h.shape == (2, 4, 5, 6)
    assert (gradient[:, :, :2] == 0).all()
    assert (gradient[:, :, 2:] != 0).any()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"normalize_obs": True, "layer_norm": "both"},
        {"hidden": (8, 8), "action_layer": 1, "invert_gradients": True, "max_grad_norm": 1.0},
        {"dqda_clipping": 0.5, "critic_weight_decay": 0.1, "stored_states": False},
    ],
)
def test_an_update_moves_every_weight_and_each_agents_own(changes):
    alone, both = (stack(CONFIG.replace(**changes), seeds) for seeds in ((1,), (0, 1)))
    rng = np.random.default_rng(0)
    for _ in range(20):
        obs, after = rng.normal(size=(2, 1, 2))
        action, reward = rng.uniform(LOW, HIGH, (1, 1)), rng.normal(size=1)
        no = np.zeros(1, bool)
        alone.remember(obs, action, reward, after, no, no)
        twice = [np.repeat(x, 2, axis=0) for x in (obs, action, reward, after, no, no)]
        both.remember(*twice)
    networks = ("actor", "critic", "actor_target", "critic_target")
    before = {
        (network, name): x.clone()
        for network in networks
        for name, x in getattr(alone, network).named_parameters()
    }
    for _ in range(3):
        alone.update()
        both.update()
    for network in networks:
        pairs = zip(
            getattr(alone, network).named_parameters(),
            getattr(both, network).parameters(),
            strict=True,
        )
        for (name, mine), theirs in pairs:
            torch.testing.assert_close(mine[0], theirs[1], rtol=1e-4, atol=1e-6)
            assert (mine != before[network, name]).any(), (network, name)


@pytest.mark.parametrize("steps", [1, 3])
def test_episodes_shorter_than_a_sequence_are_right(steps):
    """Episodes of one step too: the loss is the mean over all of them."""
    agent = stack(CONFIG.replace(burn_in=0, sequence_length=6, batch_size=2), seeds=(0,))
    live(agent, 40, ends=range(steps - 1, 40, steps))
    batch = agent.replay.sample(2)
    assert batch.begins.sum() == pytest.approx(12 / steps, abs=2)
    with torch.no_grad():
        h = agent.critic.follow(batch.obs, batch.last_action, batch.begins, batch.critic_state)
        fresh = agent.critic.step(
            batch.obs.flatten(1, 2), torch.zeros(1, 12, 1), torch.zeros(1, 12, 6)
        )
        begins = batch.begins.flatten().bool()
        torch.testing.assert_close(h.flatten(1, 2)[0, begins], fresh[0, begins])
        q = agent.critic(batch.obs.flatten(1, 2), batch.action.flatten(1, 2), fresh)
        right = critic_loss(q, batch.reward.flatten(1, 2)).item()
    if steps == 1:
        assert agent.learn(batch)["critic_loss"].item() == pytest.approx(right, rel=1e-4)


class OneStep(gym.Env):
    """Shows a number and asks for half of it at once: every episode has one step."""

    observation_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.number = self.np_random.uniform(-1, 1)
        return np.array([self.number], np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), -((action[0] - self.number / 2) ** 2), True, False, {}


@pytest.mark.slow
def test_it_learns_where_every_episode_has_one_step():
    """A sequence then holds ten episodes; the best return is 0, and that of zeros -1/12."""
    config = Config(
        hidden=(32,), memory=8, sequence_length=8, burn_in=2, batch_size=8, buffer_size=1_000,
        actor_lr=1e-3, critic_lr=3e-3, sigma=0.3, warmup_steps=200, steps=500, eval_every=500,
        eval_episodes=50,
    )  # fmt: skip
    run = train(OneStep, config, [0, 1], progress=False)
    untrained, trained = run.curves[:, 0], run.curves[:, -1]
    assert (untrained < -0.05).all()
    assert (trained > -0.02).all()


def test_a_film_plays_each_episode_with_a_new_memory():
    agent = stack(CONFIG, seeds=(0, 1))
    scene = play(agent, 1, WITHOUT_VELOCITY, episodes=2)
    assert sum(1 for _ in scene.frames) > 400
    right = evaluate(agent, WITHOUT_VELOCITY, episodes=2)[1]
    np.testing.assert_allclose(scene.returns, right, rtol=1e-4)


def test_a_trained_stack_can_be_gone_on_from_if_its_memory_has_the_same_size():
    mine, theirs = stack(seeds=(0, 1)), stack(seeds=(2, 3))
    mine.load_networks(theirs)
    obs = np.ones((2, 2), np.float32)
    np.testing.assert_array_equal(mine.act(obs), theirs.act(obs))
    with pytest.raises(ValueError, match="the other stack has another critic"):
        mine.load_networks(stack(CONFIG.replace(memory=7)))
    with pytest.raises(ValueError, match="the other stack has another critic"):
        mine.load_networks(DDPG(2, LOW, HIGH, Config(hidden=(8,), activation="tanh"), (0, 1)))


def test_a_player_of_one_agent_takes_single_observations():
    agent = stack(seeds=(4,))
    single, many = agent.player(), agent.player()
    for obs in np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32):
        action = single.act(obs)
        assert action.shape == (1,)
        np.testing.assert_allclose(action, many.act(obs[None, None])[0, 0], rtol=1e-5)


def test_it_trains_by_the_ordinary_commands(tmp_path):
    run = train(WITHOUT_VELOCITY, CONFIG, [1, 2], folder=tmp_path / "run", progress=False)
    assert isinstance(run.agent, RecurrentDDPG)
    assert run.returns.shape == (2, 2, 2)
    again = evaluate(run.agent, WITHOUT_VELOCITY, episodes=2)
    np.testing.assert_array_equal(again, run.returns[:, -1])
    seen = look_inside(run.agent, CUE, episodes=2)
    assert all(np.isfinite(x).all() for x in seen.values())
    save_agent(run.agent, tmp_path / "agent.safetensors")
    back = load_agent(tmp_path / "agent.safetensors")
    assert isinstance(back, RecurrentDDPG)
    np.testing.assert_array_equal(evaluate(back, WITHOUT_VELOCITY, episodes=2), again)
    with pytest.raises(ValueError, match="save_agent keeps the whole agent"):
        save_policy(run.agent, tmp_path / "policy.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_step": 3}, "n_step must be 1 with memory"),
        ({"batch_norm": "actor"}, "batch_norm must be for other networks .* none with memory"),
        ({"warmup_steps": 6}, "warmup_steps must be at least 7"),
        ({"buffer_size": 6}, "buffer_size must be at least 7 with memory, a sequence of burn_in"),
        ({"memory": -1}, "memory must be at least 0"),
        ({"sequence_length": 0}, "sequence_length must be at least 1"),
        ({"burn_in": -1}, "burn_in must be at least 0"),
        ({"memory": 0}, "burn_in must be at least 0, and 0 without memory"),
        ({"memory": 0, "burn_in": 0, "stored_states": False}, "stored_states must be True without"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        CONFIG.replace(**changes)


def test_the_command_line_asks_for_a_memory():
    words = ["train", CUE, "--memory", "8", "--burn-in", "2", "--no-stored-states"]
    config = parse(words).config
    assert (config.kind, config.memory, config.burn_in) == ("recurrent", 8, 2)
    assert not config.stored_states
    assert parse(["train", CUE, "--recipe", "cue"]).config == recipe("cue")
    with pytest.raises(ValueError, match="n_step must be 1 with memory"):
        parse(["train", CUE, "--memory", "8", "--n-step", "3"])


def test_recipes_with_a_memory_are_for_this_agent():
    assert agent_of(recipe("pendulum_memory")) is RecurrentDDPG
