"""The recurrence over time: PyTorch's own unit, and automatic gradients of the plain loop."""

import numpy as np
import pytest
import torch

from ddpg_lib.parts.recurrent import StackedGRU

N, BATCH, STEPS, INPUTS, UNITS = 3, 4, 7, 2, 5


@pytest.fixture
def unit():
    torch.manual_seed(0)
    gru = StackedGRU(N, INPUTS, UNITS)
    gru.initialize([np.random.default_rng(i) for i in range(N)])
    return gru.double()


def drawn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def by_hand(gru, x, state, begins):
    """Step by step, with automatic gradients."""
    states = []
    for t in range(x.shape[2]):
        state = gru.step(x[:, :, t], state * (1 - begins[:, :, t, None]))
        states.append(state)
    return torch.stack(states, dim=2)


def test_it_is_pytorchs_gru(unit):
    x, state = drawn(N, BATCH, STEPS, INPUTS), drawn(N, BATCH, UNITS)
    ours = unit(x, state, torch.zeros(N, BATCH, STEPS, dtype=torch.float64))
    for i in range(N):
        theirs = torch.nn.GRU(INPUTS, UNITS, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            theirs.weight_ih_l0.copy_(unit.entering.weight[i].T)
            theirs.weight_hh_l0.copy_(unit.remembered.weight[i].T)
            theirs.bias_ih_l0.copy_(unit.entering.bias[i, 0])
            theirs.bias_hh_l0.copy_(unit.remembered.bias[i, 0])
        torch.testing.assert_close(ours[i], theirs(x[i], state[i][None])[0])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_gradients_through_time_are_those_of_the_plain_loop(unit, share):
    x, state = drawn(N, BATCH, STEPS, INPUTS), drawn(N, BATCH, UNITS)
    begins = (torch.rand(N, BATCH, STEPS) < share).double()
    wanted = [x.requires_grad_(), state.requires_grad_(), *unit.parameters()]
    ours, plain = unit(x, state, begins), by_hand(unit, x, state, begins)
    torch.testing.assert_close(ours, plain)
    above = drawn(*ours.shape)
    found = torch.autograd.grad((ours * above).sum(), wanted, allow_unused=True)
    right = torch.autograd.grad((plain * above).sum(), wanted, allow_unused=True)
    for mine, theirs in zip(found, right, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_no_gradient_and_no_number_crosses_an_episodes_beginning(unit):
    x, state = drawn(N, BATCH, STEPS, INPUTS).requires_grad_(), drawn(N, BATCH, UNITS)
    begins = torch.zeros(N, BATCH, STEPS, dtype=torch.float64)
    begins[:, :, 3] = 1
    states = unit(x, state, begins)
    (gradient,) = torch.autograd.grad(states[:, :, 3:].sum(), x)
    assert (gradient[:, :, :3] == 0).all()
    assert (gradient[:, :, 3:] != 0).all()
    fresh = unit(x[:, :, 3:], torch.zeros_like(state), begins[:, :, 3:])
    torch.testing.assert_close(states[:, :, 3:], fresh)


def test_agents_do_not_touch_each_other(unit):
    x, state = drawn(N, BATCH, STEPS, INPUTS), drawn(N, BATCH, UNITS)
    begins = torch.zeros(N, BATCH, STEPS, dtype=torch.float64)
    loss = unit(x, state, begins)[1].square().sum()
    for gradient in torch.autograd.grad(loss, list(unit.parameters())):
        assert (gradient[[0, 2]] == 0).all()
        assert (gradient[1] != 0).any()
