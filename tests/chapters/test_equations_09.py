"""Chapter 9's equations: gradients of one agent alone, and a sum telescoped by hand."""

import numpy as np
import pytest
import torch

from ddpg_lib import DDPG, Config, critic_loss
from ddpg_lib.worlds.pendulum.grid import PendulumGrid
from ddpg_lib.worlds.pendulum.optimum import PendulumOptimum
from ddpg_lib.worlds.pendulum.policies import RandomTorque
from ddpg_lib.worlds.pendulum.simulation import regret, simulate


@pytest.mark.equation("9.1", by="each agent's gradient computed alone")
def test_sum_over_agents():
    """The gradient of the stack's loss is, agent by agent, the gradient of its own loss."""
    config = Config(hidden=(7, 5), activation="tanh", final_init=0.5)
    stack = DDPG(3, [-1.0, 0.0], [3.0, 0.5], config, seeds=(0, 1, 2))
    stack.critic.double()
    rng = np.random.default_rng(0)
    s, a = (torch.tensor(rng.uniform(-1, 1, (3, 6, k))) for k in (3, 2))
    r = torch.tensor(rng.normal(size=(3, 6)))
    weights = list(stack.critic.parameters())
    together = torch.autograd.grad(critic_loss(stack.critic(s, a), r), weights)
    for i in range(3):
        alone = stack.critic(s, a)[i]
        own = torch.autograd.grad(torch.mean((r[i] - alone) ** 2), weights)
        for both, mine in zip(together, own, strict=True):
            torch.testing.assert_close(both[i], mine[i], rtol=1e-12, atol=1e-14)


@pytest.mark.equation("9.2", "9.3", by="the sum telescoped by hand")
def test_regret():
    """Each step's regret by its definition; with simulated values the sum is what was lost."""
    optimum = PendulumOptimum(PendulumGrid(angles=160, impulse_cells=4))
    record = simulate(RandomTorque(5), range(4))
    path = zip(record.theta.T, record.theta_dot.T, strict=True)
    values = np.stack([optimum.value(t, *state) for t, state in enumerate(path)], axis=1)
    assert np.all(values[:, 200] == 0)
    by_hand = values[:, :-1] - (record.rewards + values[:, 1:])
    np.testing.assert_allclose(regret(optimum, record), by_hand, atol=1e-9)
    best = simulate(optimum, range(4)).returns  # the value of the start, by playing on from it
    lost = regret(optimum, record, simulated=True).sum(axis=1)
    np.testing.assert_allclose(lost, best - record.returns, rtol=1e-6)
