"""The pages' pendulum, networks and random numbers against Gymnasium, PyTorch and NumPy."""

import base64
import itertools
import json

import gymnasium
import living_figures
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from ddpg_lib.parts.networks import Actor, Critic
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.simulation import start_states

pytestmark = pytest.mark.browser
TOLERANCE = 1e-5
LAST = -1


@pytest.fixture
def tab(visit):
    return visit("q-landscape-and-arrow")


@pytest.fixture(scope="module")
def states():
    rng = np.random.default_rng(0)
    n = 1_000
    return rng.uniform(-10, 10, n), rng.uniform(-8, 8, n), rng.uniform(-3, 3, n)


@pytest.fixture
def world():
    env = gymnasium.make("Pendulum-v1", disable_env_checker=True).unwrapped
    env.reset(seed=0)
    return env


def recorded(kind, moment):
    """A recorded network as PyTorch's, in 64 bits."""
    stored = load_file(living_figures.LIVING / "data/pendulum.safetensors")
    rngs = [np.random.default_rng(0)]
    network = {"actor": Actor, "critic": Critic}[kind](rngs, 3, 1, (64, 64), "tanh").double()
    prefix = f"{kind}."
    network.load_state_dict(
        {
            key.removeprefix(prefix): torch.tensor(x[moment].astype(float))[None]
            for key, x in stored.items()
            if key.startswith(prefix)
        }
    )
    return network


def moments():
    found = json.loads((living_figures.LIVING / "data/pendulum.json").read_text(encoding="utf-8"))
    return range(len(found["steps"]))


def observed(theta, speed):
    obs = PendulumModel().observation(theta, speed)
    return torch.tensor(obs.astype(float))[None]


def test_a_thousand_steps_of_the_pendulum_are_gymnasiums(tab, states, world):
    found = tab.evaluate(
        "rows => rows.map(([a, b, c]) => ddpgLiving.pendulum.step(a, b, c))",
        np.stack(states, axis=1).tolist(),
    )
    expected = []
    for theta, speed, torque in zip(*states, strict=True):
        world.state = np.array([theta, speed])
        _, reward, *_ = world.step(np.array([torque]))
        expected.append([*world.state, reward])
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_observations_are_gymnasiums_to_the_bit(tab, states, world):
    theta, speed, _ = states
    found = tab.evaluate(
        "rows => rows.map(([a, b]) => [...ddpgLiving.pendulum.observe(a, b)])",
        np.stack([theta, speed], axis=1).tolist(),
    )
    expected = []
    for state in zip(theta, speed, strict=True):
        world.state = np.array(state)
        expected.append(world._get_obs())
    # Sine and cosine of two libraries may differ in the last of 64 bits, seldom in one of 32.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


def test_whole_episodes_of_random_torques_are_gymnasiums(tab, world):
    torques = np.random.default_rng(1).uniform(-2, 2, (5, 200))
    for seed, row in enumerate(torques):
        world.reset(seed=seed)
        start = world.state.tolist()
        expected = []
        for torque in row:
            _, reward, *_ = world.step(np.array([torque]))
            expected.append([*world.state, reward])
        found = tab.evaluate(
            """([[theta, speed], torques]) => torques.map(u => {
                 const out = ddpgLiving.pendulum.step(theta, speed, u);
                 [theta, speed] = out;
                 return out;
               })""",
            [start, row.tolist()],
        )
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("moment", [0, LAST])
def test_whole_episodes_of_a_recorded_actor_are_pytorchs(tab, world, moment):
    actor = recorded("actor", moment)
    for seed in range(3):
        world.reset(seed=seed)
        start, rewards = world.state.tolist(), []
        for _ in range(200):
            with torch.no_grad():
                torque = 2 * actor(observed(*world.state)[:, None]).item()
            _, reward, *_ = world.step(np.array([torque]))
            rewards.append(float(reward))
        found = tab.evaluate(
            """([[theta, speed], moment]) => {
                 const agent = ddpgLiving.agent(), i = moment < 0 ? agent.last : moment;
                 return Array.from({length: 200}, () => {
                   let reward;
                   [theta, speed, reward] =
                     ddpgLiving.pendulum.step(theta, speed, agent.act(i, theta, speed));
                   return reward;
                 });
               }""",
            [start, moment],
        )
        np.testing.assert_allclose(found, rewards, rtol=0, atol=TOLERANCE)
        assert sum(found) == pytest.approx(sum(rewards), abs=TOLERANCE)


def test_all_recorded_networks_say_what_pytorchs_say(tab, states):
    theta, speed, torque = states
    torque = np.clip(torque, -2, 2)
    rows = np.stack([theta, speed, torque], axis=1).tolist()
    found = tab.evaluate(
        """rows => {
             const agent = ddpgLiving.agent();
             return agent.steps.map((_, i) => rows.map(([theta, speed, torque]) => {
               const q = agent.q(i, theta, speed, torque);
               return [agent.act(i, theta, speed), q.value, q.slope()];
             }));
           }""",
        rows,
    )
    obs = observed(theta, speed)
    assert len(found) == len(moments())
    for moment in moments():
        scaled = torch.tensor(torque / 2)[None, :, None].requires_grad_()
        q = recorded("critic", moment)(obs, scaled)
        (slope,) = torch.autograd.grad(q.sum(), scaled)
        with torch.no_grad():
            action = 2 * recorded("actor", moment)(obs)
        # The critic learns a tenth of the reward, and of actions in [-1, 1].
        expected = torch.stack([action[0, :, 0], q[0] / 0.1, slope[0, :, 0] / 2 / 0.1], dim=1)
        np.testing.assert_allclose(found[moment], expected.detach().numpy(), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("squash", [False, True])
def test_gradients_of_weights_are_pytorchs(tab, squash):
    rng = np.random.default_rng(2)
    sizes, n = [4, 16, 8, 2], 20
    layers = [
        {"w": rng.normal(size=(a, b)), "b": rng.normal(size=b)}
        for a, b in itertools.pairwise(sizes)
    ]
    x, dy = rng.normal(size=(n, 4)), rng.normal(size=(n, 2))
    flat = np.concatenate([value.ravel() for layer in layers for value in layer.values()])
    found = tab.evaluate(
        """([sizes, squash, flat, x, dy]) => {
             const net = new ddpgLiving.Network(sizes, squash, 20);
             net.theta.set(flat);
             net.h[0].set(x);
             const out = {y: [...net.forward(20)]};
             for (const weights of [true, false]) {
               net.d[net.last].set(dy);
               net.backward(20, weights);
             }
             return {...out, dx: [...net.d[0]], gradient: [...net.gradient]};
           }""",
        [sizes, squash, flat.tolist(), x.ravel().tolist(), dy.ravel().tolist()],
    )
    tensors = [{k: torch.tensor(v).requires_grad_() for k, v in layer.items()} for layer in layers]
    first = y = torch.tensor(x).requires_grad_()
    for i, layer in enumerate(tensors):
        y = y @ layer["w"] + layer["b"]
        y = torch.tanh(y) if squash or i < len(tensors) - 1 else y
    (y * torch.tensor(dy)).sum().backward()
    gradient = torch.cat([x.grad.ravel() for layer in tensors for x in layer.values()])
    for mine, its in (("y", y.detach()), ("dx", first.grad), ("gradient", gradient)):
        np.testing.assert_allclose(found[mine], its.ravel(), rtol=0, atol=TOLERANCE)


def test_a_network_of_another_size_is_refused(tab):
    with pytest.raises(Exception, match="5 weights for a network of 11"):
        tab.evaluate("ddpgLiving.network([3, 2, 1], true, new Float64Array(5))")


@pytest.mark.parametrize("kind", ["<f2", "<f4"])
def test_recorded_numbers_come_back_to_the_bit(tab, kind):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=200), [0, -0.0, 65504, 2**-14, 2**-24, -3e-6]]).astype(kind)
    bits = 8 * x.dtype.itemsize
    text = base64.b64encode(x.tobytes()).decode()
    found = tab.evaluate("([text, bits]) => [...ddpgLiving.floats(text, bits)]", [text, bits])
    assert found == x.astype(float).tolist()


def test_random_numbers_are_mulberry32(tab):
    def mulberry32(a):
        while True:
            a = (a + 0x6D2B79F5) & 0xFFFFFFFF
            t = (a ^ (a >> 15)) * (1 | a) & 0xFFFFFFFF
            t = (t + ((t ^ (t >> 7)) * (61 | t) & 0xFFFFFFFF)) & 0xFFFFFFFF ^ t
            yield (t ^ (t >> 14)) / 2**32

    script = "([seed, n, kind]) => { const r = ddpgLiving.random(seed);"
    script += " return Array.from({length: n}, () => r[kind]()); }"
    uniform = tab.evaluate(script, [7, 100, "uniform"])
    assert uniform == list(itertools.islice(mulberry32(7), 100))
    normal = np.array(tab.evaluate(script, [7, 20_000, "normal"]))
    assert abs(normal.mean()) < 4 / 20_000**0.5  # four standard errors
    assert abs(normal.var() - 1) < 4 * (2 / 20_000) ** 0.5
    assert abs((np.abs(normal) < 1.96).mean() - 0.95) < 0.01


def test_the_rulers_start_where_gymnasium_does():
    found = living_figures.rulers()
    theta, speed = start_states(range(len(found["starts"]) - 1))
    np.testing.assert_allclose(found["starts"][1:], np.stack([theta, speed], axis=1), atol=1e-6)
    finals = {name: np.array(found[name])[:, -1] for name in ("random", "shaping", "optimum")}
    assert (finals["optimum"] >= finals["shaping"]).all()
    assert (finals["optimum"] > finals["random"]).all()


def test_the_returns_beside_the_actors_are_theirs():
    """Those of the rounded actors that ship, played here once more, in 64 bits."""
    about = living_figures.about()
    model = PendulumModel()
    for moment in (0, LAST):
        actor = recorded("actor", moment)
        theta, speed = start_states(range(*about["starts"]))
        total = 0.0
        for _ in range(200):
            with torch.no_grad():
                torque = 2 * actor(observed(theta, speed))[0, :, 0].numpy()
            theta, speed, reward = model.step(theta, speed, torque)
            total += reward.mean()
        assert total == pytest.approx(about["returns"][moment], abs=0.5)
