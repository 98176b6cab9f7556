"""The algorithm by hand against autograd, torch's Adam, the library's agent, and Pendulum."""

import ast
import copy
import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

import ddpg_lib
from ddpg_lib import DDPG, Config, actor_loss, critic_loss, numpy_ddpg, recipe, td_target
from ddpg_lib.evaluation import evaluate_policy
from ddpg_lib.numpy_ddpg import Adam, Network, NumpyDDPG, Settings, train
from ddpg_lib.parts.noise import DecayingNoise, GaussianNoise

FILE = Path(numpy_ddpg.__file__)
NETWORKS = ("actor", "critic", "actor_target", "critic_target")
LOW, HIGH = np.array([-2.0, 0.0]), np.array([2.0, 10.0])
SMALL = Config(
    hidden=(16, 12),
    final_init=0.3,
    batch_size=32,
    buffer_size=300,
    warmup_steps=10,
    steps=510,
    eval_every=510,
)


def settings(config, **changes):
    """The hyperparameters that both have, as the NumPy agent takes them."""
    names = {f.name for f in dataclasses.fields(Config)}
    shared = [f.name for f in dataclasses.fields(Settings) if f.name in names]
    return Settings(**({name: getattr(config, name) for name in shared} | changes))


def filled(config, transitions=400):
    """A stack of two agents with full replay buffers; a fifth of the transitions terminate."""
    stack = DDPG(3, LOW, HIGH, config, seeds=(0, 1))
    rng = np.random.default_rng(0)
    for _ in range(transitions):
        obs, next_obs = rng.normal(size=(2, 2, 3))
        action = rng.uniform(LOW, HIGH, (2, 2))
        stack.remember(obs, action, rng.normal(size=2), next_obs, rng.random(2) < 0.2)
    return stack


def by_numpy(batch, i, dtype):
    """Agent i's part of a minibatch as ``NumpyDDPG.sample`` returns it."""
    s, a, s2 = (x[i].numpy().astype(dtype) for x in (batch.obs, batch.action, batch.next_obs))
    r, d = (x[i].numpy().astype(dtype)[:, None] for x in (batch.reward, batch.terminated))
    return [s, a, r, s2, d]


def vector(gradients, i):
    """Agent i's part of a list of torch gradients, laid end to end like ``Network.theta``."""
    return np.concatenate([g[i].detach().numpy().ravel() for g in gradients])


class Corridor:
    """Walk to the right: a Gymnasium-like environment without Gymnasium."""

    def __init__(self, limit=20):
        self.limit = limit
        self.observation_space = type("Box", (), {"shape": (2,)})()
        bounds = {"low": np.array([-1.0]), "high": np.array([3.0])}
        self.action_space = type("Box", (), bounds)()

    def reset(self, seed=None):
        self.x, self.t = 0.0, 0
        return np.array([0.0, 1.0], np.float32), {}

    def step(self, action):
        self.x, self.t = self.x + 0.1 * float(action[0]), self.t + 1
        obs = np.array([self.x, 1.0], np.float32)
        return obs, -abs(self.x - 1), self.x > 2, self.t >= self.limit, {}


SHORT = Settings(hidden=(8,), batch_size=8, buffer_size=50, warmup_steps=25, steps=65)


# ---- What the module promises of itself ----


def test_the_module_is_at_most_250_lines():
    assert len(FILE.read_text(encoding="utf-8").splitlines()) <= 250


def test_only_numpy_and_the_standard_library_are_imported():
    for node in ast.walk(ast.parse(FILE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names = [node.module]
        else:
            continue
        for name in names:
            root = name.split(".")[0]
            assert root == "numpy" or root in sys.stdlib_module_names, name


ALONE = """
import sys
for name in ("torch", "gymnasium", "scipy", "ddpg_lib"):
    sys.modules[name] = None  # importing it raises ImportError
import numpy as np
import numpy_ddpg

class Space:
    shape, low, high = (1,), np.array([-1.0]), np.array([1.0])

class Env:
    observation_space = action_space = Space()
    def reset(self, seed=None):
        return np.zeros(1), {}
    def step(self, action):
        return action, -float(action[0] ** 2), False, True, {}

settings = numpy_ddpg.Settings(hidden=(4,), batch_size=4, warmup_steps=5, steps=15)
agent = numpy_ddpg.train(Env(), settings)
assert agent.actor_adam.t == 10
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
outside = {name.split(".")[0] for name, file in files.items() if file}
print(sorted(outside - set(sys.stdlib_module_names) - {"__main__", "numpy", "numpy_ddpg"}))
"""


def test_a_copy_of_the_file_trains_without_torch_and_gymnasium(tmp_path):
    shutil.copy(FILE, tmp_path / "numpy_ddpg.py")
    # -S keeps out what site-packages loads at every start; NumPy's place is given back by hand.
    place = str(Path(np.__file__).parents[1])
    script = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {place!r}]\n" + ALONE
    command = [sys.executable, "-S", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_the_settings_are_those_of_recipe_pendulum():
    assert Settings() == settings(recipe("pendulum"))
    unknown = {f.name for f in dataclasses.fields(Settings)} - set(vars(Config()))
    assert unknown == {"dtype"}


# ---- Gradients ----


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("action_layer", [0, 1, 2])
def test_one_update_has_autograds_gradients(activation, action_layer):
    """In float64: critic weights, dQ/da and actor weights, after the target has moved away."""
    config = SMALL.replace(activation=activation, action_layer=action_layer, critic_lr=0.01)
    stack = filled(config)
    for _ in range(5):
        stack.update()
    for name in NETWORKS:
        getattr(stack, name).double()
    agent = NumpyDDPG(3, LOW, HIGH, settings(config, dtype="float64"))
    agent.load(stack, 1)
    batch = type(stack.replay.sample(32))(*(x.double() for x in stack.replay.sample(32)))
    assert 0 < batch.terminated[1].sum() < 32
    agent.sample = lambda: by_numpy(batch, 1, np.float64)
    before = agent.critic.theta.copy()
    metrics = agent.update()

    next_q = stack.critic_target(batch.next_obs, stack.actor_target(batch.next_obs))
    y = td_target(batch.reward, batch.terminated, next_q, config.gamma).detach()
    loss = critic_loss(stack.critic(batch.obs, batch.action), y)
    by_autograd = vector(torch.autograd.grad(loss, list(stack.critic.parameters())), 1)
    # Adam's first moment after one step is a tenth of the gradient that it was given.
    np.testing.assert_allclose(agent.critic_adam.m / 0.1, by_autograd, rtol=0, atol=1e-6)
    assert np.abs(by_autograd).max() > 1e-2
    assert np.abs(agent.critic.theta - before).max() > 1e-3

    # The actor's step comes after the critic's, so it climbs the new critic.
    with torch.no_grad():
        for p, w in zip(stack.critic.parameters(), agent.critic.weights, strict=True):
            p[1] = torch.from_numpy(w)
    action = stack.actor(batch.obs)
    q_policy = stack.critic(batch.obs, action)
    weights = list(stack.actor.parameters())
    gradients = torch.autograd.grad(actor_loss(q_policy), weights, retain_graph=True)
    by_autograd = vector(gradients, 1)
    np.testing.assert_allclose(agent.actor_adam.m / 0.1, by_autograd, rtol=0, atol=1e-6)
    assert np.abs(by_autograd).max() > 1e-3
    (dq_da,) = torch.autograd.grad(q_policy.sum(), action)
    a = action[1].detach().numpy()
    q = agent.critic.forward(batch.obs[1].numpy(), a)
    by_hand = agent.critic.backward(np.ones_like(q))
    assert by_hand.shape == (32, 2)
    np.testing.assert_allclose(by_hand, dq_da[1].numpy(), rtol=0, atol=1e-6)
    assert np.abs(by_hand).max() > 1e-2

    assert metrics["q"] == pytest.approx(q_policy[1].mean().item())
    assert metrics["critic_loss"] == pytest.approx(
        (y - stack_q(agent, before, batch)).square()[1].mean().item()
    )


def stack_q(agent, theta, batch):
    """Q(s, a) of the critic before its step, in agent 1's place."""
    network = copy.deepcopy(agent.critic)
    network.theta[:] = theta
    q = network.forward(batch.obs[1].numpy(), batch.action[1].numpy())[:, 0]
    return torch.stack([torch.zeros(len(q)).double(), torch.from_numpy(q)])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_gradients_equal_finite_differences(activation):
    """Without torch: a central difference in every weight and every action."""
    c = Settings(hidden=(5, 4), activation=activation, action_layer=1, final_init=0.5)
    c = dataclasses.replace(c, dtype="float64")
    rng = np.random.default_rng(0)
    critic = Network(rng, [3, 5, 4, 1], c, action_dim=2)
    s, a, up = rng.normal(size=(6, 3)), rng.uniform(-1, 1, (6, 2)), rng.normal(size=(6, 1))
    critic.forward(s, a)
    pairs = [(a, critic.backward(up)), (critic.theta, critic.gradient())]
    eps = 1e-6
    for x, gradient in pairs:
        for k in np.ndindex(x.shape):
            kept, values = x[k], []
            for sign in (1, -1):
                x[k] = kept + sign * eps
                values.append((up * critic.forward(s, a)).sum())
            x[k] = kept
            assert gradient[k] == pytest.approx((values[0] - values[1]) / (2 * eps), abs=1e-7)


# ---- Adam ----


def test_adam_equals_torchs():
    rng = np.random.default_rng(0)
    theta = rng.normal(size=50)
    p = torch.nn.Parameter(torch.from_numpy(theta.copy()))
    ours, theirs = Adam(theta, 3e-3), torch.optim.Adam([p], lr=3e-3)
    for step in range(200):
        # Scales from below eps to large, and weights that stay without gradient for a time.
        g = rng.normal(size=50) * np.logspace(-10, 3, 50) * (np.arange(50) % 7 != step % 7)
        if step == 100:
            ours.lr = theirs.param_groups[0]["lr"] = 1e-3
        ours.step(g)
        p.grad = torch.from_numpy(g)
        theirs.step()
        np.testing.assert_allclose(theta, p.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert ours.theta is theta


def test_adams_first_step_by_hand():
    theta = np.array([1.0, 1.0, 1.0])
    Adam(theta, 0.1).step(np.array([2.0, -1e-8, 0.0]))
    # Bias correction leaves g / (|g| + eps).
    np.testing.assert_allclose(theta, [0.9, 1.05, 1.0], atol=1e-9)


# ---- The same as the library's agent ----


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        SMALL.replace(activation="tanh", reward_scale=0.1, lr_decay=True),
        SMALL.replace(action_layer=1, hidden=(40, 30), final_init=3e-3),
        recipe("pendulum"),
    ],
    ids=["relu", "tanh", "action at the second layer", "recipe pendulum"],
)
def test_a_hundred_updates_equal_the_librarys(config):
    """In float32, to 1e-5; ten other seeds of these settings stayed below 2e-6."""
    stack = filled(config)
    twin, batches = copy.deepcopy(stack.replay), []
    agent = NumpyDDPG(3, LOW, HIGH, settings(config), seed=7)
    agent.load(stack, 1)
    start = {name: getattr(agent, name).theta.copy() for name in NETWORKS}
    agent.sample = lambda: batches.pop()
    for _ in range(100):
        batches.append(by_numpy(twin.sample(config.batch_size), 1, np.float32))
        ours, theirs = agent.update(), stack.update()
        assert ours.keys() <= theirs.keys()
        for name, value in ours.items():
            assert value == pytest.approx(theirs[name][1].item(), rel=1e-4, abs=1e-5), name
    for name in NETWORKS:
        network = getattr(agent, name)
        assert network.theta.dtype == np.float32
        for own, p in zip(network.weights, getattr(stack, name).parameters(), strict=True):
            np.testing.assert_allclose(own, p[1].detach().numpy(), rtol=0, atol=1e-5)
        # Equal because both have learned, not because neither has moved.
        assert np.abs(network.theta - start[name]).max() > 100 * 1e-5
    obs = np.random.default_rng(0).normal(size=(2, 4, 3))
    np.testing.assert_allclose(agent.act(obs[1]), stack.act(obs)[1], atol=1e-4)


def test_a_hundred_updates_of_the_default_size_equal_the_librarys_in_float64():
    """At 256-256 with relu float32 will not do: eight of ten seeds left 1e-5, one of ten at 64-64.

    The two round differently. Where that opens a relu in one and not in the other, or where a
    gradient is little more than rounding, Adam makes a large step of it. In float64 nothing but
    the formulas is left.
    """
    config = Config(buffer_size=300, warmup_steps=10, steps=510, eval_every=510)
    torch.set_default_dtype(torch.float64)
    try:
        stack = filled(config)
        twin, batches = copy.deepcopy(stack.replay), []
        agent = NumpyDDPG(3, LOW, HIGH, settings(config, dtype="float64"))
        agent.load(stack, 1)
        start = agent.actor.theta.copy()
        agent.sample = lambda: batches.pop()
        for _ in range(100):
            batches.append(by_numpy(twin.sample(config.batch_size), 1, np.float64))
            agent.update()
            stack.update()
    finally:
        torch.set_default_dtype(torch.float32)
    for name in NETWORKS:
        for own, p in zip(
            getattr(agent, name).weights, getattr(stack, name).parameters(), strict=True
        ):
            assert p.dtype == torch.float64
            np.testing.assert_allclose(own, p[1].detach().numpy(), rtol=0, atol=1e-9)
    assert np.abs(agent.actor.theta - start).max() > 1e-3


def test_the_same_seed_draws_the_same_numbers():
    config = SMALL.replace(sigma=0.7)
    agent, stack = (
        NumpyDDPG(3, LOW, HIGH, settings(config), seed=5),
        DDPG(3, LOW, HIGH, config, (5,)),
    )
    for name in NETWORKS:
        for own, p in zip(
            getattr(agent, name).weights, getattr(stack, name).parameters(), strict=True
        ):
            np.testing.assert_array_equal(own, p[0].detach().numpy())
    obs = np.ones(3, np.float32)
    for _ in range(5):
        np.testing.assert_array_equal(agent.random(), stack.random()[0])
        np.testing.assert_allclose(agent.explore(obs), stack.explore(obs[None])[0], atol=1e-5)
    for t in range(20):
        transition = np.full(3, t), agent.random(), float(t), np.full(3, t + 1), t % 3 == 0
        agent.remember(*transition)
        stack.remember(*(np.asarray(x)[None] for x in transition))
    theirs = by_numpy(stack.replay.sample(config.batch_size), 0, np.float32)
    for own, other in zip(agent.sample(), theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-6)


def test_training_takes_the_same_steps_as_the_library():
    """Also the same time limits, noise and order: the runs agree until rounding parts them."""
    config = recipe("pendulum", steps=650, warmup_steps=400, eval_every=650, eval_episodes=1)
    run = ddpg_lib.train("Pendulum-v1", config, seeds=[3], progress=False)
    agent = train(gym.make("Pendulum-v1"), settings(config), seed=3)
    assert [step for step, _ in agent.episodes] == [200, 400, 600]
    assert [step for step, _ in run.episodes[0]] == [200, 400, 600]
    ours, theirs = (np.array([x for _, x in e]) for e in (agent.episodes, run.episodes[0]))
    np.testing.assert_allclose(ours[:2], theirs[:2], rtol=1e-6)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-2)
    assert agent.actor_adam.t == run.agent.updates == 250


# ---- The parts ----


def test_targets_share_no_memory_and_follow_softly():
    agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL), seed=0)
    for online, target in ((agent.actor, agent.actor_target), (agent.critic, agent.critic_target)):
        np.testing.assert_array_equal(online.theta, target.theta)
        assert not np.shares_memory(online.theta, target.theta)
        assert all(np.shares_memory(w, online.theta) for w in online.weights)
    for t in range(40):
        agent.remember(np.full(3, t / 40), np.ones(2), 1.0, np.full(3, 0.5), False)
    before = agent.critic_target.theta.copy()
    agent.update()
    expected = 0.995 * before + 0.005 * agent.critic.theta
    np.testing.assert_allclose(agent.critic_target.theta, expected, atol=1e-7)


def test_the_buffer_keeps_the_newest_transitions_whole():
    c = settings(SMALL, buffer_size=7, batch_size=2_000, reward_scale=0.5)
    agent = NumpyDDPG(3, LOW, HIGH, c)
    for t in range(17):
        action = LOW + (HIGH - LOW) * t / 20
        agent.remember(np.array([t, 1, 2]), action, t, np.array([t + 1, 3, 4]), t % 2 == 0)
    s, a, r, s2, d = agent.sample()
    assert [x.shape for x in (s, a, r, s2, d)] == [(2000, k) for k in (3, 2, 1, 3, 1)]
    t = s[:, :1]
    assert set(t.ravel()) == set(range(10, 17))
    np.testing.assert_allclose(a, np.repeat(t / 10 - 1, 2, axis=1), atol=1e-6)
    np.testing.assert_array_equal(r, 0.5 * t)
    np.testing.assert_array_equal(d, t % 2 == 0)
    np.testing.assert_array_equal(s2[:, :1], t + 1)


def test_noise_is_the_librarys():
    for name, kind in (("gaussian", GaussianNoise), ("decaying", DecayingNoise)):
        agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL, noise=name, sigma=0.5), seed=2)
        noise = kind([np.random.default_rng([2, 3])], 2, 0.5)
        obs = np.ones(3)
        for episode in range(3):
            for j in range(4):
                expected = agent.act(obs) + noise.sample()[0] * [2.0, 5.0]
                np.testing.assert_allclose(
                    agent.explore(obs, j), np.clip(expected, LOW, HIGH), atol=1e-5
                )
            agent.episodes.append((4 * (episode + 1), 0.0))
            noise.reset(np.array([True]))


def test_actions_keep_the_leading_axes():
    agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL))
    obs = np.random.default_rng(0).normal(size=(2, 5, 3))
    actions = agent.act(obs)
    assert actions.shape == (2, 5, 2)
    assert agent.act(obs[0, 0]).shape == (2,)
    np.testing.assert_allclose(agent.act(obs[1, 3]), actions[1, 3], atol=1e-6)


def test_time_limits_are_not_terminal_and_episodes_are_recorded():
    seen = []
    agent = train(Corridor(), SHORT, 0, lambda step, agent: seen.append((step, agent.actor_adam.t)))
    assert seen == [(step, max(step - 25, 0)) for step in range(1, 66)]
    rows = agent.rows  # [s, a, r, s', d], and the buffer of 50 has come round
    np.testing.assert_array_equal(rows[:, 6] == 1, rows[:, 4] > 2)
    assert (rows[:, 6] == 1).any()
    ends = [step for step, _ in agent.episodes]
    assert ends == sorted(set(ends))
    limited = train(Corridor(limit=5), SHORT)
    assert [step for step, _ in limited.episodes] == [*range(5, 66, 5)]
    assert limited.rows[:, 6].max() == 0
    # The return of the last five steps, which are the first fifteen rows' last third.
    value = limited.rows[10:15, 3].sum() / SHORT.reward_scale
    assert limited.episodes[-1][1] == pytest.approx(value, rel=1e-5)


def test_the_same_seed_gives_the_same_bits():
    a, b, c = (train(Corridor(), SHORT, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.actor.theta, b.actor.theta)
    assert not np.array_equal(a.actor.theta, c.actor.theta)


def test_a_copied_agent_goes_on_alone():
    agent = train(Corridor(), dataclasses.replace(SHORT, lr_decay=False))
    other = copy.deepcopy(agent)
    kept = agent.actor.theta.copy()
    other.update()
    np.testing.assert_array_equal(agent.actor.theta, kept)
    assert not np.array_equal(other.actor.theta, kept)
    agent.update()
    np.testing.assert_array_equal(agent.actor.theta, other.actor.theta)


def test_training_tells_explore_the_episode_and_its_step(monkeypatch):
    seen, explore = [], NumpyDDPG.explore

    def spy(agent, obs, j=0):
        seen.append((len(agent.episodes), j))
        return explore(agent, obs, j)

    monkeypatch.setattr(NumpyDDPG, "explore", spy)
    train(Corridor(limit=5), SHORT)
    assert seen == [divmod(step, 5) for step in range(25, 65)]


def test_an_environment_may_reuse_its_observation():
    class Reusing(Corridor):
        buffer = np.zeros(2, np.float32)

        def reset(self, seed=None):
            self.buffer[:], info = super().reset(seed)
            return self.buffer, info

        def step(self, action):
            self.buffer[:], *rest = super().step(action)
            return self.buffer, *rest

    np.testing.assert_array_equal(train(Reusing(), SHORT).rows, train(Corridor(), SHORT).rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_precision_is_kept(dtype):
    agent = train(Corridor(), dataclasses.replace(SHORT, dtype=dtype))
    arrays = [agent.rows, agent.act(np.zeros(2)), agent.explore(np.zeros(2)), agent.random()]
    arrays += [getattr(agent, name).theta for name in NETWORKS]
    assert {x.dtype for x in arrays} == {np.dtype(dtype)}


# ---- Bad input ----


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("activation", "elu"),
        ("noise", "ornstein_uhlenbeck"),
        ("action_layer", 3),
        ("warmup_steps", 0),
        ("steps", 2_000),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        Settings(**{field: value})


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1"])
def test_spaces_that_cannot_work_are_refused_before_the_first_step(env_id):
    with pytest.raises(ValueError, match="bounded vectors"):
        train(gym.make(env_id), SHORT)


def test_unbounded_actions_are_refused():
    env = Corridor()
    env.action_space.high = np.array([np.inf])
    with pytest.raises(ValueError, match="bounded vectors"):
        train(env, SHORT)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_stop_the_run(value):
    agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL))
    with pytest.raises(ValueError, match="transition 0 has a NaN or an infinity"):
        agent.remember(np.zeros(3), np.ones(2), value, np.zeros(3), False)
    assert agent.stored == 0


@pytest.mark.parametrize("obs_dim", [1, 4])
def test_weights_of_another_shape_are_refused(obs_dim):
    agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL))
    with pytest.raises(ValueError, match="shape"):
        agent.load(DDPG(obs_dim, LOW, HIGH, SMALL))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hidden": (16, 13)}, "hidden"),
        ({"hidden": (12, 16)}, "hidden"),
        ({"hidden": (16, 12, 2)}, "hidden"),
        ({"activation": "tanh"}, "activation"),
        ({"activation": "silu"}, "activation"),
        ({"action_layer": 2}, "action_layer"),
        ({"layer_norm": "actor"}, "layer_norm"),
        ({"layer_norm": "critic"}, "layer_norm"),
        ({"batch_norm": "both"}, "batch_norm"),
        ({"normalize_obs": True}, "normalize_obs"),
        ({"invert_gradients": True}, "invert_gradients"),
        (
            {"activation": "elu", "layer_norm": "both", "normalize_obs": True},
            "activation, layer_norm, normalize_obs",
        ),
    ],
)
def test_a_stack_that_it_cannot_represent_is_refused(changes, named):
    """It would act otherwise, which nobody would see."""
    agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL, action_layer=1))
    agent.load(DDPG(3, LOW, HIGH, SMALL.replace(action_layer=1)))
    before = agent.actor.theta.copy()
    stack = DDPG(3, LOW, HIGH, SMALL.replace(**({"action_layer": 1} | changes)), (7,))
    message = f"so set up cannot represent {named}; ddpg_lib.save_policy can"
    with pytest.raises(ValueError, match=message):
        agent.load(stack)
    np.testing.assert_array_equal(agent.actor.theta, before)


@pytest.mark.parametrize(
    ("low", "high", "named"),
    [(LOW - 1, HIGH + 1, "half_range"), (LOW + 1, HIGH + 1, "center")],
)
def test_a_stack_with_other_action_bounds_is_refused(low, high, named):
    agent = NumpyDDPG(3, LOW, HIGH, settings(SMALL))
    with pytest.raises(ValueError, match=f"cannot represent {named};"):
        agent.load(DDPG(3, low, high, SMALL))


# ---- Learning ----


@pytest.mark.slow
def test_it_learns_to_swing_up_the_pendulum():
    """Untrained policies reach about -1100; a policy that swings up reaches better than -250."""
    c = settings(recipe("pendulum", steps=7_000, eval_every=7_000))
    untrained = NumpyDDPG(3, [-2.0], [2.0], c, seed=0)
    assert evaluate_policy(untrained.act, "Pendulum-v1").mean() < -800
    agent = train(gym.make("Pendulum-v1"), c, seed=0)
    assert evaluate_policy(agent.act, "Pendulum-v1").mean() > -300
