"""Chapter 18's equations: memories, gates, targets of histories and gradients through time."""

import numpy as np
import pytest
import torch

from ddpg_lib import Config
from ddpg_lib.agents.recurrent import RecurrentDDPG
from ddpg_lib.chapters.ch18.gates import gate_for, gru_step, kept
from ddpg_lib.chapters.ch18.probe import probed
from ddpg_lib.maths.probes import linear_probe, read, share_explained
from ddpg_lib.parts.recurrent import StackedGRU

CONFIG = Config(
    hidden=(8,), memory=4, sequence_length=6, batch_size=1, buffer_size=100, warmup_steps=10,
    steps=60, eval_every=60, activation="tanh", final_init=0.5,
)  # fmt: skip
DEFINITIONS: dict[str, str] = {}


def unit(agents=2, inputs=3, units=4, longest=1):
    gru = StackedGRU(agents, inputs, units)
    gru.initialize([np.random.default_rng(i) for i in range(agents)], longest)
    return gru


def lived(agent, steps, ends):
    """Random steps; observations, scaled actions, rewards and next observations, by agent 0."""
    rng, no = np.random.default_rng(0), np.zeros(1, bool)
    kept_steps = []
    for t in range(steps):
        obs, after = rng.normal(size=(2, 1, 2)).astype(np.float32)
        action, reward = rng.uniform(-1, 1, (1, 1)).astype(np.float32), rng.normal(size=1)
        agent.remember(obs, action, reward, after, no | (t in ends), no)
        kept_steps.append((obs, action, reward, after))
    return kept_steps


def memory_of(network, history):
    """Memory after ``[(obs, action before), ...]``, one step at a time from zero."""
    state = torch.zeros(1, 1, 4)
    for obs, action in history:
        state = network.step(torch.tensor(obs)[None], torch.tensor(action)[None], state)
    return state


@pytest.mark.equation("18.1", by="a loop over the history, one step at a time")
def test_the_memory_is_carried_along_and_the_action_follows_from_it():
    """The agent's action is the head's of a memory that a loop over the episode builds up."""
    agent = RecurrentDDPG(2, [-1.0], [1.0], CONFIG, (0,))
    steps = lived(agent, 5, ends=())
    now = np.full((1, 2), 0.3, np.float32)
    observations = [obs for obs, *_ in steps] + [now]
    actions = [np.zeros((1, 1), np.float32)] + [action for _, action, *_ in steps]
    with torch.no_grad():
        h = memory_of(agent.actor, list(zip(observations, actions, strict=True)))
        right = agent.actor.head(torch.cat((h, torch.tensor(now)[None]), dim=-1))
    np.testing.assert_allclose(agent.act(now), right[0].numpy(), rtol=1e-5)


@pytest.mark.equation("18.2", by="PyTorch's GRU, and NumPy for one row")
def test_the_gates():
    """One step is that of PyTorch's cell, and of NumPy for each row."""
    gru, rng = unit().double(), np.random.default_rng(5)
    x, h = rng.normal(size=(2, 7, 3)), rng.normal(size=(2, 7, 4))
    found = gru.step(torch.tensor(x), torch.tensor(h)).detach()
    for i in range(2):
        cell = torch.nn.GRUCell(3, 4, dtype=torch.float64)
        w, u = gru.entering.weight[i], gru.remembered.weight[i]
        b, c = gru.entering.bias[i, 0], gru.remembered.bias[i, 0]
        with torch.no_grad():
            cell.weight_ih.copy_(w.T)
            cell.weight_hh.copy_(u.T)
            cell.bias_ih.copy_(b)
            cell.bias_hh.copy_(c)
        right = cell(torch.tensor(x[i]), torch.tensor(h[i]))
        torch.testing.assert_close(found[i], right)
        numbers = (y.detach().numpy() for y in (w, u, b, c))
        np.testing.assert_allclose(gru_step(x[i, 0], h[i, 0], *numbers), right[0].detach())


@pytest.mark.equation("18.3", by="repeated steps, and the limit of (T / (T + 1)) to the T")
def test_how_long_a_unit_keeps():
    """The gate is T / (T + 1), and after T steps about 1/e of the content is left."""
    times = np.array([1.0, 5.0, 24.0, 1e4])
    gate = torch.sigmoid(torch.tensor(times).log()).numpy()
    np.testing.assert_allclose(gate_for(times), gate)
    np.testing.assert_allclose(gate, times / (times + 1))
    left = 1.0
    for _ in range(24):
        left *= gate[2]
    assert kept(gate[2], 24) == pytest.approx(left)
    assert kept(gate[3], 1e4) == pytest.approx(np.exp(-1), rel=1e-4)
    # So the units begin: biases are logarithms of times from 1 to the longest.
    biases = unit(units=200, longest=24).entering.bias[:, 0, 200:400].exp()
    assert 1 <= biases.min() < 2
    assert 22 < biases.max() <= 24


@pytest.mark.equation("18.4", "18.5", by="a loop over histories, one step at a time")
def test_targets_and_loss_of_histories():
    """The loss of a sequence with an episode's end in it is that of whole histories."""
    agent = RecurrentDDPG(2, [-1.0], [1.0], CONFIG, (0,))
    steps, gamma = lived(agent, 6, ends=(2,)), agent.config.gamma
    zero, errors = np.zeros((1, 1), np.float32), []
    with torch.no_grad():
        for t, (obs, action, reward, after) in enumerate(steps):
            start = 3 if t > 2 else 0
            before = [zero, *(a for _, a, *_ in steps[start:t])]
            history = list(zip([o for o, *_ in steps[start : t + 1]], before, strict=True))
            longer, then = [*history, (after, action)], torch.tensor(after)[None]
            a2 = agent.actor_target(then, memory_of(agent.actor_target, longer))
            q2 = agent.critic_target(then, a2, memory_of(agent.critic_target, longer))
            y = reward[0] + gamma * (t != 2) * q2.item()
            now, taken = torch.tensor(obs)[None], torch.tensor(action)[None]
            q = agent.critic(now, taken, memory_of(agent.critic, history))
            errors.append((y - q.item()) ** 2)
    found = agent.learn(agent.replay.sample(1))["critic_loss"]
    assert found.item() == pytest.approx(np.mean(errors), rel=1e-4)


@pytest.mark.equation("18.6", by="finite differences, with an episode that begins on the way")
def test_gradients_run_back_through_time_and_stop_where_an_episode_begins():
    """Gradients are finite differences, and zero before an episode's beginning."""
    gru, rng = unit(agents=1).double(), np.random.default_rng(3)
    x = torch.tensor(rng.normal(size=(1, 1, 6, 3)), requires_grad=True)
    state = torch.tensor(rng.normal(size=(1, 1, 4)), requires_grad=True)
    begins = torch.zeros(1, 1, 6, dtype=torch.float64)
    begins[..., 2] = 1
    weigh = torch.tensor(rng.normal(size=(1, 1, 6, 4)))

    def loss(x, state, *weights):
        return (gru(x, state, begins) * weigh).sum()

    parts = (x, state, *gru.parameters())
    assert torch.autograd.gradcheck(loss, parts)
    g_x, _ = torch.autograd.grad((gru(x, state, begins)[:, :, 2:]).sum(), (x, state))
    assert (g_x[:, :, :2] == 0).all()


@pytest.mark.equation("18.7", by="the squared correlation, which least squares makes equal to it")
def test_the_share_that_a_probe_explains():
    """For least squares R² is the squared correlation of what is read and the truth."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = x @ [1.0, -2.0, 0.5] + 3.0 + rng.normal(size=400)
    said = read(x, linear_probe(x, y, ridge=0.0))
    assert share_explained(y, said) == pytest.approx(np.corrcoef(y, said)[0, 1] ** 2)
    assert share_explained(y, np.full(400, y.mean())) == pytest.approx(0)
    assert share_explained(y, y) == 1
    many = np.stack([x.reshape(4, 100, 3)] * 2)
    scores = probed(many, np.stack([y.reshape(4, 100)] * 2), train=2)
    assert scores.shape == (2,)
    assert scores[0] == scores[1]
    assert 0.7 < scores[0] < 0.95  # a sixth of the variance is noise
