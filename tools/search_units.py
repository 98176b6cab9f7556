"""Search the step sizes of chapter 11's rows: ``python tools/search_units.py ROW UNITS FACTOR...``.

Eight agents for each factor (seeds 100 to 107) train in one stack, each with step sizes of its own,
and their mean returns on 30 starts are printed. ddpg_lib/data/searches/units.csv was made so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddpg_lib import DDPG, StackedEnvs, recipe
from ddpg_lib.chapters.ch11.agents import OtherUnits
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.worlds.pendulum import PendulumModel, start_states

ROWS: dict[str, dict[str, Any]] = {
    "plain": {},
    "running": {"normalize_obs": True},
    "layer_critic": {"layer_norm": "critic"},
    "layer_both": {"layer_norm": "both"},
    "running_layer": {"normalize_obs": True, "layer_norm": "critic"},
    "running_layer_both": {"normalize_obs": True, "layer_norm": "both"},
    "batch": {"batch_norm": "both", "action_layer": 1},
    "batch_input": {"batch_norm": "both"},
    "batch_last": {"batch_norm": "both", "action_layer": 2},
    "action_late": {"action_layer": 1},
    "weight_decay": {"critic_weight_decay": 1e-2},
    "large_last_layer": {"final_init": 32**-0.5},
    "published": {
        "batch_norm": "both",
        "action_layer": 1,
        "critic_weight_decay": 1e-2,
        "noise": "ornstein_uhlenbeck",
        "activation": "relu",
    },
}
SMALL = {"hidden": (32, 32), "batch_size": 32, "steps": 6_000, "warmup_steps": 1_000}
SEEDS = range(100, 108)


class OwnSteps(StackedAdam):
    """Adam whose step size is ``factor`` (agents, 1, 1) times as long for each agent."""

    factor: Tensor

    @torch.no_grad()
    def apply(self, gradients: Sequence[Tensor]) -> None:
        """One step with given ``gradients``."""
        beta1, beta2 = self.betas
        self.steps += 1
        correction = (1 - beta2**self.steps).sqrt()
        step = self.lr * correction / (1 - beta1**self.steps) * self.factor
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            g = g + self.weight_decay * p
            m.lerp_(g, 1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            p.sub_(step * m / (v.sqrt() + self.eps * correction))


def final_returns(row: str, units: str, factors: Sequence[float]) -> Any:
    """Train, and return the mean returns ``(factors, 8)`` of the final policies."""
    config = recipe("pendulum", **SMALL, **ROWS[row])
    seeds = [seed for _ in factors for seed in SEEDS]
    agent = (OtherUnits if units == "other" else DDPG)(3, [-2.0], [2.0], config, seeds)
    factor = torch.tensor(np.repeat(factors, len(SEEDS)), dtype=torch.float32).view(-1, 1, 1)
    for optimizer in (agent.actor_optimizer, agent.critic_optimizer):
        optimizer.__class__ = OwnSteps
        setattr(optimizer, "factor", factor)  # noqa: B010
    envs = StackedEnvs("Pendulum-v1", seeds)
    obs = envs.reset()
    for step in range(1, config.steps + 1):
        warm = step > config.warmup_steps
        action = agent.explore(obs) if warm else agent.random()
        next_obs, reward, terminated, truncated, following = envs.step(action)
        agent.remember(obs, action, reward, next_obs, terminated, truncated)
        agent.noise.reset(terminated | truncated)
        obs = following
        if warm:
            agent.update()
    envs.close()

    model = PendulumModel()
    theta, speed = (np.tile(x, (agent.n, 1)) for x in start_states(range(1_000_000, 1_000_030)))
    total = np.zeros(theta.shape)
    for _ in range(200):
        torque = agent.act(model.observation(theta, speed))[..., 0]
        theta, speed, reward = model.step(theta, speed, torque)
        total += reward
    return total.mean(axis=1).reshape(len(factors), -1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    row, units, *rest = sys.argv[1:]
    factors = [float(x) for x in rest]
    for factor, returns in zip(factors, final_returns(row, units, factors), strict=True):
        print(f"{row},{units},{factor:g},{','.join(f'{x:.2f}' for x in returns)}")
