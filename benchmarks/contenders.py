"""The contenders of ``make bench``: each trains DDPG on command, in a process of its own.

Every contender does the same work in a step: act with Gaussian noise, step the environment, store,
sample, update critic, actor and targets once. Network sizes, batch, step sizes and environment are
the same.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

WARMUP = 300  # steps of random actions, so that a minibatch can be drawn
BUFFER = 100_000


@dataclass(frozen=True)
class Task:
    """What is trained: environment, width of the two hidden layers, minibatch, agents."""

    env: str
    width: int
    batch: int
    agents: int = 1
    buffer: int = BUFFER


class Contender(ABC):
    """One implementation, ready to train further steps."""

    def __init__(self, task: Task, threads: int) -> None:
        self.task = task
        self.prepare(threads)

    @abstractmethod
    def prepare(self, threads: int) -> None:
        """Build the agent and do the warm-up steps."""

    @abstractmethod
    def run(self, steps: int) -> None:
        """Train ``steps`` steps of each agent, one update each."""

    def seconds(self, steps: int) -> float:
        """Wall time of ``steps`` steps."""
        start = time.perf_counter()
        self.run(steps)
        return time.perf_counter() - start


class Ours(Contender):
    """``ddpg_lib``, eager."""

    compile = False

    def prepare(self, threads: int) -> None:
        """Fill the buffers with random steps."""
        import torch

        from ddpg_lib import DDPG, Config, StackedEnvs
        from ddpg_lib.speed.malloc import keep_freed_memory

        torch.set_num_threads(threads)
        keep_freed_memory()  # as ddpg_lib.train does
        task = self.task
        seeds = range(task.agents)
        config = Config(
            hidden=(task.width, task.width), batch_size=task.batch, buffer_size=task.buffer
        )
        self.envs = StackedEnvs(task.env, seeds)
        self.agent = DDPG(
            self.envs.obs_dim,
            self.envs.action_low,
            self.envs.action_high,
            config,
            seeds,
            compile=self.compile,
        )
        self.obs = self.envs.reset()
        for _ in range(WARMUP):
            self.step(self.agent.random())
        self.run(3)

    def step(self, action: Any) -> None:
        """Step the environments and store; as in ``ddpg_lib.training``."""
        next_obs, reward, terminated, truncated, following = self.envs.step(action)
        self.agent.remember(self.obs, action, reward, next_obs, terminated)
        self.obs = following
        ended = terminated | truncated
        if ended.any():
            self.agent.noise.reset(ended)

    def run(self, steps: int) -> None:
        """Explore, step, store, update."""
        for _ in range(steps):
            self.step(self.agent.explore(self.obs))
            self.agent.update()


class OursCompiled(Ours):
    """``ddpg_lib``, compiled."""

    compile = True


class StableBaselines3(Contender):
    """Stable-Baselines3's DDPG (PyTorch); ``task.agents`` is not used: it trains one."""

    def prepare(self, threads: int) -> None:
        """Build the model and do the random steps."""
        import torch
        from stable_baselines3 import DDPG
        from stable_baselines3.common.noise import NormalActionNoise

        torch.set_num_threads(threads)
        self.make(DDPG, NormalActionNoise, {"net_arch": [self.task.width] * 2}, {"device": "cpu"})

    def make(self, kind: Any, noise: Any, policy: dict[str, Any], options: dict[str, Any]) -> None:
        """Make a model of Stable-Baselines3's interface, which SBX shares."""
        env = gym.make(self.task.env)
        assert isinstance(env.action_space, gym.spaces.Box)
        zeros = np.zeros(env.action_space.shape)
        self.model = kind(
            "MlpPolicy",
            env,
            learning_rate=1e-3,
            batch_size=self.task.batch,
            buffer_size=self.task.buffer,
            learning_starts=WARMUP,
            train_freq=1,
            gradient_steps=1,
            action_noise=noise(mean=zeros, sigma=zeros + 0.1),
            policy_kwargs=policy,
            seed=0,
            **options,
        )
        self.model.learn(WARMUP + 10)

    def run(self, steps: int) -> None:
        """Let the library train on."""
        self.model.learn(steps, reset_num_timesteps=False)


class SBX(StableBaselines3):
    """SBX's DDPG (JAX, compiled by XLA)."""

    def prepare(self, threads: int) -> None:
        """Build the model and do the random steps; XLA takes its threads itself."""
        from sbx import DDPG
        from stable_baselines3.common.noise import NormalActionNoise

        self.make(DDPG, NormalActionNoise, {"net_arch": [self.task.width] * 2}, {})


class Floor(Contender):
    """The matrix products of one update alone, for the whole stack, and nothing else."""

    def prepare(self, threads: int) -> None:
        """Allocate every factor."""
        import torch

        torch.set_num_threads(threads)
        task = self.task
        env = gym.make(task.env)
        assert env.observation_space.shape
        assert env.action_space.shape
        obs, action = env.observation_space.shape[0], env.action_space.shape[0]
        w = task.width
        actor, critic = [(obs, w), (w, w), (w, action)], [(obs + action, w), (w, w), (w, 1)]
        forward = [(task.batch, i, o) for i, o in (*actor, *critic) * 2]  # targets; actor's step
        forward += [(task.batch, i, o) for i, o in critic]  # critic's step
        weights = [(i, task.batch, o) for i, o in (*actor, *critic)]
        inputs = [(task.batch, o, i) for i, o in (*critic, *actor[1:], *critic[1:])]
        self.pairs = [
            (torch.randn(task.agents, a, b), torch.randn(task.agents, b, c))
            for a, b, c in (*forward, *weights, *inputs)
        ]

    def run(self, steps: int) -> None:
        """Multiply."""
        import torch

        with torch.inference_mode():
            for _ in range(steps):
                for a, b in self.pairs:
                    torch.bmm(a, b)


CONTENDERS: dict[str, type[Contender]] = {
    "ours": Ours,
    "ours compiled": OursCompiled,
    "SB3": StableBaselines3,
    "SBX": SBX,
    "products alone": Floor,
}
