"""Actions by NumPy are those of the network, wherever the network's weights go."""

import copy

import numpy as np
import pytest
import torch

from ddpg_lib import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.acting import actions_of


def stack(n: int = 3, **config: object) -> DDPG:
    """Agents whose last layers are not near 0."""
    c = Config(hidden=(16, 8), buffer_size=10, final_init=0.5, **config)  # type: ignore[arg-type]
    return DDPG(4, [-1.0, -2.0], [1.0, 5.0], c, seeds=range(n))


def obs(n: int = 3) -> np.ndarray:
    """An observation for each agent."""
    return np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)


def same(agent: DDPG) -> bool:
    """Whether NumPy gives what the network gives."""
    x = torch.from_numpy(obs(agent.n))[:, None]
    with torch.no_grad():
        found, expected = actions_of(agent.actor, x, x.shape), agent.actor(x).numpy()
    layers = agent.actor.by_numpy
    assert layers is not None
    assert not layers.stale()
    assert not layers.watched()
    assert found.dtype == np.float32
    return np.allclose(found, expected, atol=2e-6)


def by_network(agent: DDPG, rows: int = 1) -> bool:
    """Whether the network itself is asked."""
    asked: list[object] = []
    own = type(agent.actor).forward
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(type(agent.actor), "forward", lambda *a, **k: asked.append(a) or own(*a, **k))
        actions_of(agent.actor, torch.zeros(agent.n, rows, 4), (agent.n, rows, 4))
    return bool(asked)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "silu"])
@pytest.mark.parametrize("invert_gradients", [False, True])
def test_it_is_what_the_network_gives(n, activation, invert_gradients) -> None:
    """For every activation, with and without tanh at the end."""
    assert same(stack(n, activation=activation, invert_gradients=invert_gradients))


def test_it_follows_weights_that_move_or_are_replaced() -> None:
    """In place, by other memory, by another parameter, and in a copy."""
    agent = stack()
    assert same(agent)
    layer = agent.actor.layers[0]
    with torch.no_grad():
        layer.weight.mul_(-2)
    assert same(agent)
    layer.weight.data = torch.ones_like(layer.weight)
    assert same(agent)
    layer.bias = torch.nn.Parameter(torch.full_like(layer.bias, 0.3))
    assert same(agent)
    other = copy.deepcopy(agent)
    with torch.no_grad():
        other.actor.layers[1].weight.fill_(0.1)
    assert same(other)
    assert same(agent)


def test_it_stands_back_where_something_would_be_missed() -> None:
    """Hooks, normalization, subclasses and several observations an agent are the network's."""
    seen: list[int] = []
    agent = stack()
    assert same(agent)
    assert not by_network(agent)
    assert by_network(agent, rows=2)
    handle = agent.actor.layers[1].register_forward_hook(lambda *_: seen.append(1))
    agent.act(obs())
    assert seen == [1]
    handle.remove()
    assert not by_network(agent)
    assert by_network(stack(layer_norm="both"))
    assert by_network(stack(normalize_obs=True))
    agent.actor.forward = lambda x, training=False: torch.zeros(3, 1, 2)  # type: ignore[method-assign]
    assert (agent.act(obs()) == [0.0, 1.5]).all()
