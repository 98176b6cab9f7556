"""From the program of chapter 0 to the library, one trick at a time, with the same numbers."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.stack import StackedEnvs
from ddpg_lib.parts.optim import StackedAdam

GAMMA, TAU, SIGMA, LR = 0.99, 0.005, 0.2, 1e-3
WARMUP = 300  # random steps, before anything is measured
Array = NDArray[Any]
Fields = tuple[Tensor, ...]  # s, a, r, s', d of a minibatch, each (batch, components)


def _network(inputs: int, outputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
        nn.Linear(width, outputs),
    )  # fmt: skip


class _Critic(nn.Module):
    def __init__(self, obs_dim: int, action_dim: int, width: int) -> None:
        super().__init__()
        self.net = _network(obs_dim + action_dim, 1, width)

    def forward(self, s: Tensor, a: Tensor) -> Tensor:
        out: Tensor = self.net(torch.cat([s, a], dim=-1))
        return out


class Plain:
    """The program of chapter 0: one agent, PyTorch's own layers, losses and optimizers.

    Parameters
    ----------
    env
        A Gymnasium id.
    width
        Of both hidden layers.
    batch
        Transitions of a minibatch.
    agents
        At most one; the library's rungs take more.
    """

    agents = 1
    fused = False

    def __init__(
        self, env: str = "Pendulum-v1", width: int = 64, batch: int = 64, agents: int = 1
    ) -> None:
        self.env, self.batch = gym.make(env), batch
        action = self.env.action_space
        obs_dim, action_dim = self.env.observation_space.shape[0], action.shape[0]  # type: ignore[index]
        self.sizes = (obs_dim, action_dim, 1, obs_dim, 1)
        self.center = (action.high + action.low) / 2  # type: ignore[attr-defined]
        self.half_range = (action.high - action.low) / 2  # type: ignore[attr-defined]
        self.rng = np.random.default_rng(0)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.actor = nn.Sequential(_network(obs_dim, action_dim, width), nn.Tanh())
            self.critic = _Critic(obs_dim, action_dim, width)
        self.actor_target = copy.deepcopy(self.actor)
        self.critic_target = copy.deepcopy(self.critic)
        self.make_optimizers()
        self.rows = np.zeros((20_000, sum(self.sizes)), np.float32)
        self.stored = 0
        self.s, _ = self.env.reset(seed=0)
        for _ in range(WARMUP):
            self.interact(self.rng.uniform(-1, 1, action_dim))

    def make_optimizers(self) -> None:
        """One for each network."""
        self.actor_adam: Any = torch.optim.Adam(self.actor.parameters(), LR, fused=self.fused)
        self.critic_adam: Any = torch.optim.Adam(self.critic.parameters(), LR, fused=self.fused)

    def step(self) -> None:
        """One step in the environment and one update."""
        self.interact(self.explore())
        self.update(self.sample())

    def explore(self) -> Array:
        """The actor's action with noise, ``(action_dim,)``, as in (0.1)."""
        with torch.no_grad():
            a: Array = self.actor(torch.as_tensor(self.s)).numpy()
        return np.clip(a + SIGMA * self.rng.standard_normal(a.size), -1, 1)

    def interact(self, a: Array) -> None:
        """Take the action ``a``, store the transition."""
        s, (self.s, r, terminated, truncated, _) = (
            self.s,
            self.env.step(self.center + self.half_range * a),
        )
        row = np.concatenate([s, a, [r], self.s, [terminated]])
        self.rows[self.stored % len(self.rows)] = row
        self.stored += 1
        if terminated or truncated:
            self.s, _ = self.env.reset()

    def sample(self) -> Fields:
        """A minibatch: s, a, r, s' and d, each ``(batch, components)``."""
        drawn = self.rng.integers(min(self.stored, len(self.rows)), size=self.batch)
        return torch.as_tensor(self.rows[drawn]).split(self.sizes, dim=1)

    def update(self, fields: Fields) -> None:
        """Critic, actor and targets, (0.2) to (0.6), by ``fields`` of :meth:`sample`."""
        s, a, r, s_next, d = fields
        with torch.no_grad():
            y = r + GAMMA * (1 - d) * self.critic_target(s_next, self.actor_target(s_next))
        self.descend_critic((y - self.critic(s, a)).square().mean())
        self.descend_actor(-self.critic(s, self.actor(s)).mean())
        self.follow()

    def descend_critic(self, loss: Tensor) -> None:
        """One step down the ``loss`` (0.3)."""
        self.critic_adam.zero_grad()
        loss.backward()
        self.critic_adam.step()

    def descend_actor(self, loss: Tensor) -> None:
        """One step down the ``loss``, minus (0.4); leaves gradients in the critic as well."""
        self.actor_adam.zero_grad()
        loss.backward()
        self.actor_adam.step()

    def follow(self) -> None:
        """The targets follow, (0.6), one tensor after another."""
        with torch.no_grad():
            for w, w_target in zip(self.online(), self.targets(), strict=True):
                w_target += TAU * (w - w_target)

    def online(self) -> list[Tensor]:
        """Weights of actor and critic, ``[tensor, ...]``."""
        return [*self.actor.parameters(), *self.critic.parameters()]

    def targets(self) -> list[Tensor]:
        """Weights of their targets, ``[tensor, ...]``."""
        return [*self.actor_target.parameters(), *self.critic_target.parameters()]


class FusedAdam(Plain):
    """Adam for all tensors of a network in one call."""

    fused = True


class OneLerp(FusedAdam):
    """All targets follow in one call."""

    def make_optimizers(self) -> None:
        """And the lists of weights, made once."""
        super().make_optimizers()
        self.weights = super().online(), super().targets()

    def follow(self) -> None:
        """The targets follow, (0.6)."""
        with torch.no_grad():
            torch._foreach_lerp_(self.weights[1], self.weights[0], TAU)


class OwnGradient(OneLerp):
    """The actor's step differentiates in the actor's weights alone."""

    def descend_actor(self, loss: Tensor) -> None:
        """One step down the ``loss``, minus the objective (0.4)."""
        parameters = list(self.actor.parameters())
        for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.grad = g
        self.actor_adam.step()


class LeanAdam(OneLerp):
    """Adam without the checks, hooks and state dictionaries of ``torch.optim``."""

    def make_optimizers(self) -> None:
        """One for each network."""
        self.actor_adam = StackedAdam(self.actor.parameters(), LR)
        self.critic_adam = StackedAdam(self.critic.parameters(), LR)
        self.weights = self.online(), self.targets()

    def descend_critic(self, loss: Tensor) -> None:
        """One step down the ``loss`` (0.3)."""
        self.critic_adam.descend(loss)

    def descend_actor(self, loss: Tensor) -> None:
        """One step down the ``loss``, minus the objective (0.4), in the actor's weights alone."""
        self.actor_adam.descend(loss)


class Library:
    """The library's agents in a stack, eager."""

    compile = False

    def __init__(
        self,
        env: str = "Pendulum-v1",
        width: int = 64,
        batch: int = 64,
        agents: int = 1,
        device: str = "cpu",
    ) -> None:
        self.agents = agents
        config = Config(
            hidden=(width, width), activation="tanh", batch_size=batch, gamma=GAMMA, tau=TAU,
            sigma=SIGMA, actor_lr=LR, critic_lr=LR, buffer_size=20_000,
        )  # fmt: skip
        seeds = range(agents)
        self.envs = StackedEnvs(env, seeds)
        bounds = self.envs.action_low, self.envs.action_high
        self.agent = DDPG(self.envs.obs_dim, *bounds, config, seeds, device, self.compile)
        self.s = self.envs.reset()
        for _ in range(WARMUP):
            self.interact(self.agent.random())
        if self.compile:
            self.agent.update()

    def step(self) -> None:
        """One step in every environment and one update of every agent."""
        self.interact(self.agent.explore(self.s))
        self.agent.update()

    def interact(self, action: Array) -> None:
        """Take each agent's ``action``, store the transitions."""
        s = self.s
        s_next, r, terminated, truncated, self.s = self.envs.step(action)
        self.agent.remember(s, action, r, s_next, terminated, truncated)


class Compiled(Library):
    """The library's agents, each update compiled into one graph."""

    compile = True


LADDER: dict[str, tuple[type[Any], int]] = {
    "chapter 0": (Plain, 1),
    "fused Adam": (FusedAdam, 1),
    "targets in one call": (OneLerp, 1),
    "the actor's gradient alone": (OwnGradient, 1),
    "Adam without bookkeeping": (LeanAdam, 1),
    "the library": (Library, 1),
    "compiled": (Compiled, 1),
    "a stack of eight": (Library, 8),
    "a stack of eight, compiled": (Compiled, 8),
}
"""Rungs by name, each with all that stands above it, and the agents of a stack."""


def parts_of(rung: Plain | Library) -> dict[str, list[tuple[object, str]]]:
    """Where each part of a step is at work, ``{part: [(object, method), ...]}``."""
    if isinstance(rung, Library):
        agent = rung.agent
        return {
            "act": [(agent, "explore")],
            "environment": [(rung.envs, "step")],
            "store": [(agent, "remember")],
            "sample": [(agent.replay, "sample")],
            "losses": [(agent, "_learn")],
            "critic: backward and Adam": [(agent.critic_optimizer, "descend")],
            "actor: backward and Adam": [(agent.actor_optimizer, "descend")],
            "targets follow": [(agent, "update_targets")],
        }
    return {
        "act": [(rung, "explore")],
        "environment": [(rung.env, "step")],
        "store": [(rung, "interact")],
        "sample": [(rung, "sample")],
        "losses": [(rung, "update")],
        "critic: backward and Adam": [(rung, "descend_critic")],
        "actor: backward and Adam": [(rung, "descend_actor")],
        "targets follow": [(rung, "follow")],
    }
