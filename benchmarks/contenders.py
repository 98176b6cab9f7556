"""The contenders of ``make bench``: each trains DDPG on command, in a process of its own.

Every contender does the same work in a step: act with Gaussian noise, step the environment, store,
sample, update critic, actor and targets once. Network sizes, batch, step sizes and environment are
the same.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

WARMUP = 300  # steps of random actions, so that a minibatch can be drawn
BUFFER = 100_000
# From pixels: frames of SIDE x SIDE, and the convolutional layers.
SIDE, FILTERS, KERNELS, STRIDES = 32, (16, 32), (6, 3), (4, 1)


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
    more: ClassVar[dict[str, Any]] = {}

    def prepare(self, threads: int) -> None:
        """Fill the buffers with random steps."""
        import torch

        from ddpg_lib import Config, StackedEnvs
        from ddpg_lib.agents.kinds import agent_of
        from ddpg_lib.envs.pixels import seen
        from ddpg_lib.speed.malloc import keep_freed_memory

        torch.set_num_threads(threads)
        keep_freed_memory()  # as ddpg_lib.train does
        task = self.task
        seeds = range(task.agents)
        config = Config(
            hidden=(task.width, task.width),
            batch_size=task.batch,
            buffer_size=task.buffer,
            **self.more,
        )
        env, kwargs = seen(task.env.split(",")[0], config)
        self.envs = StackedEnvs(env, seeds, **kwargs)
        self.agent = agent_of(config)(
            self.envs.spaces.frames or self.envs.obs_dim,  # type: ignore[arg-type]
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
        self.agent.remember(self.obs, action, reward, next_obs, terminated, truncated)
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


class OursBFloat16(OursCompiled):
    """``ddpg_lib``, compiled, with wide products in 16 bits."""

    more: ClassVar[dict[str, Any]] = {"precision": "bfloat16"}


class OursPixels(Ours):
    """``ddpg_lib`` with an encoder in each network, eager."""

    more: ClassVar[dict[str, Any]] = {
        "encoder": "separate",
        "frame_size": SIDE,
        "filters": FILTERS,
        "kernels": KERNELS,
        "strides": STRIDES,
    }


class OursPixelsCompiled(OursPixels):
    """The same, compiled."""

    compile = True


class StableBaselines3(Contender):
    """Stable-Baselines3's DDPG (PyTorch); ``task.agents`` is not used: it trains one."""

    policy = "MlpPolicy"

    def env(self) -> gym.Env[Any, Any]:
        """What it is trained on."""
        return gym.make(self.task.env)

    def prepare(self, threads: int) -> None:
        """Build the model and do the random steps."""
        import torch
        from stable_baselines3 import DDPG
        from stable_baselines3.common.noise import NormalActionNoise

        torch.set_num_threads(threads)
        self.make(DDPG, NormalActionNoise, {"net_arch": [self.task.width] * 2}, {"device": "cpu"})

    def make(self, kind: Any, noise: Any, policy: dict[str, Any], options: dict[str, Any]) -> None:
        """Make a model of Stable-Baselines3's interface, which SBX shares."""
        env = self.env()
        assert isinstance(env.action_space, gym.spaces.Box)
        zeros = np.zeros(env.action_space.shape)
        self.model = kind(
            self.policy,
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


class StableBaselines3Pixels(StableBaselines3):
    """Stable-Baselines3's DDPG with CnnPolicy, on the same frames and with the same layers.

    Its actor and its critic have layers of their own too: ``share_features_extractor`` is off by
    default.
    """

    policy = "CnnPolicy"

    def env(self) -> gym.Env[Any, Any]:
        """The same frames, as channels: it takes images of three axes."""
        from ddpg_lib.envs.making import make
        from ddpg_lib.envs.pixels import Pixels, View

        box = gym.spaces.Box(0, 255, (3, SIDE, SIDE), np.uint8)
        seen = make(Pixels(self.task.env.split(",")[0], View(SIDE, 3)))
        return gym.wrappers.TransformObservation(seen, lambda obs: obs[:, 0], box)

    def make(self, kind: Any, noise: Any, policy: dict[str, Any], options: dict[str, Any]) -> None:
        """Make the model with the layers of :class:`OursPixels`."""
        import torch
        from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

        class Layers(BaseFeaturesExtractor):
            def __init__(self, space: Any) -> None:
                layers: list[torch.nn.Module] = []
                inputs = space.shape[0]
                for filters, kernel, stride in zip(FILTERS, KERNELS, STRIDES, strict=True):
                    layers += [torch.nn.Conv2d(inputs, filters, kernel, stride), torch.nn.ReLU()]
                    inputs = filters
                net = torch.nn.Sequential(*layers, torch.nn.Flatten())
                super().__init__(space, net(torch.zeros(1, *space.shape)).shape[1])
                self.net = net

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                result: torch.Tensor = self.net(x)
                return result

        super().make(kind, noise, {**policy, "features_extractor_class": Layers}, options)


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
    "ours compiled, bfloat16": OursBFloat16,
    "ours pixels": OursPixels,
    "ours pixels compiled": OursPixelsCompiled,
    "SB3": StableBaselines3,
    "SB3 pixels": StableBaselines3Pixels,
    "SBX": SBX,
    "products alone": Floor,
}
