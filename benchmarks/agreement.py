"""One update of DDPG, TD3 and SAC beside Stable-Baselines3's: equal weights, batch and noise.

    python benchmarks/agreement.py

Each pair begins with the same weights, is given the same minibatch and the same random numbers,
and updates once. What is printed is the largest difference that is left between any two weights,
of online and target networks, beside the largest distance that a weight has moved. The script
fails where the difference is above 1e-5.

Two details of Stable-Baselines3's SAC are other ones than the library's: it cuts the logarithm of
the standard deviation off, at -20 and 2, where the library bends it smoothly; and it follows the
gradient of the logarithm of the temperature times the missing entropy, where the library follows
that of the temperature. The first is set alike here. The second shows in no first step of Adam,
which has the length of its step size whatever the gradient's is.
"""

from __future__ import annotations

import sys
from typing import Any

import gymnasium as gym
import numpy as np
import stable_baselines3 as sb3
import torch
from stable_baselines3.common.logger import configure
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch import Tensor, nn

from ddpg_lib.agents.sac import SAC, GaussianActor
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.networks import StackedLinear
from ddpg_lib.parts.replay import Batch

SIZE, OBS, ACTION, SEED = 100, 17, 6, 7
CLOSE = 1e-5
CONFIG = Config(hidden=(64, 64), batch_size=SIZE, buffer_size=10, warmup_steps=1, n_step=1)
KINDS: dict[str, type[Any]] = {"DDPG": DDPG, "TD3": TD3, "SAC": SAC}
OWN: dict[str, dict[str, Any]] = {
    "DDPG": {},
    "TD3": {"target_policy_noise": TD3.BLUR, "target_noise_clip": TD3.FARTHEST},
    "SAC": {"ent_coef": "auto"},
}


class World(gym.Env[Any, Any]):
    """Nothing but its spaces."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (OBS,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (ACTION,), np.float32)


class Given:
    """A replay buffer that holds one minibatch, and gives it to whoever asks."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def sample(self, *_: Any, **__: Any) -> Any:
        """The minibatch."""
        return self.batch


def theirs(name: str) -> Any:
    """Stable-Baselines3's agent, with the settings of ``CONFIG``."""
    model = getattr(sb3, name)(
        "MlpPolicy",
        World(),
        learning_rate=CONFIG.actor_lr,
        gamma=CONFIG.gamma,
        tau=CONFIG.tau,
        policy_kwargs={"net_arch": list(CONFIG.hidden), "activation_fn": nn.ReLU},
        device="cpu",
        seed=0,
        **OWN[name],
    )
    model.set_logger(configure(None, []))
    model._n_updates = 1  # TD3's next update moves the actor
    return model


def pairs(name: str, agent: Any, model: Any) -> list[tuple[StackedLinear, nn.Linear]]:
    """Layers that are to be the same, ours and theirs, targets included."""
    found: list[tuple[StackedLinear, nn.Linear]] = []

    def linear(network: nn.Module) -> list[nn.Linear]:
        return [x for x in network.modules() if isinstance(x, nn.Linear)]

    if name == "SAC":
        # Mean and deviation come from one layer of ours, and from two of theirs: see ``copied``.
        found += zip(list(agent.actor.layers)[:-1], linear(model.actor.latent_pi), strict=True)
    else:
        for end in ("", "_target"):
            layers = list(getattr(agent, f"actor{end}").layers)
            found += zip(layers, linear(getattr(model, f"actor{end}").mu), strict=True)
    for end in ("", "_target"):
        critic, qs = getattr(agent, f"critic{end}"), getattr(model, f"critic{end}").q_networks
        both = [critic] if name == "DDPG" else [critic.first, critic.second]
        for one, other in zip(both, qs, strict=True):
            found += zip(one.layers, linear(other), strict=True)
    return found


def weights(pair: tuple[StackedLinear, nn.Linear]) -> tuple[Tensor, Tensor]:
    """All numbers of a layer, ours and theirs, in one order."""
    ours, other = pair
    return (
        torch.cat((ours.weight[0].T.flatten(), ours.bias.flatten())),
        torch.cat((other.weight.flatten(), other.bias)),
    )


def last_of(model: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of the two last layers of Stable-Baselines3's SAC actor, as one."""
    heads = (model.actor.mu, model.actor.log_std)
    return torch.cat([x.weight for x in heads]), torch.cat([x.bias for x in heads])


@torch.no_grad()
def copied(name: str, agent: Any, model: Any) -> None:
    """Give our agent their weights."""
    for ours, other in pairs(name, agent, model):
        ours.weight[0].copy_(other.weight.T)
        ours.bias[0, 0].copy_(other.bias)
    if name == "SAC":
        weight, bias = last_of(model)
        agent.actor.layers[-1].weight[0].copy_(weight.T)
        agent.actor.layers[-1].bias[0, 0].copy_(bias)


def noise(name: str, agent: Any) -> None:
    """Give our agent the random numbers that theirs will draw."""
    torch.manual_seed(SEED)
    if name == "TD3":
        blur = torch.empty(SIZE, ACTION).normal_(0, TD3.BLUR)
        agent.blur[0] = blur.clamp(-TD3.FARTHEST, TD3.FARTHEST)
    if name == "SAC":
        for kept in (agent.now, agent.later):  # theirs draws that of s first
            kept[0] = torch.normal(torch.zeros(SIZE, ACTION), torch.ones(SIZE, ACTION))
    torch.manual_seed(SEED)


def cut_off(self: GaussianActor, obs: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and logarithm of the standard deviation, as Stable-Baselines3 limits it."""
    mean, log_std = self.raw(obs, training).chunk(2, dim=-1)
    return mean, log_std.clamp(-20, 2)


def compare(name: str) -> tuple[float, float]:
    """Update both once; the largest difference between two weights, and the longest way of one."""
    model = theirs(name)
    agent = KINDS[name](OBS, -np.ones(ACTION), np.ones(ACTION), CONFIG, (0,))
    copied(name, agent, model)
    rng = np.random.default_rng(SEED)

    def draw(*shape: int) -> Tensor:
        return torch.as_tensor(rng.normal(size=shape), dtype=torch.float32)

    obs, after, reward = draw(SIZE, OBS), draw(SIZE, OBS), draw(SIZE)
    action = draw(SIZE, ACTION).tanh()
    over = torch.as_tensor(rng.random(SIZE) < 0.1, dtype=torch.float32)
    discount = torch.full((1, SIZE), CONFIG.gamma)
    batch = Batch(obs[None], action[None], reward[None], after[None], over[None], discount)
    model.replay_buffer = Given(
        ReplayBufferSamples(obs, action, after, over[:, None], reward[:, None])
    )
    before = [weights(pair)[0].clone() for pair in pairs(name, agent, model)]
    noise(name, agent)
    model.train(1, SIZE)
    agent.learn(batch)
    worst, way = 0.0, 0.0
    for old, pair in zip(before, pairs(name, agent, model), strict=True):
        ours, other = weights(pair)
        worst = max(worst, (ours - other).abs().max().item())
        way = max(way, (ours - old).abs().max().item())
    if name == "SAC":
        weight, bias = last_of(model)
        last = agent.actor.layers[-1]
        worst = max(worst, (last.weight[0].T - weight).abs().max().item())
        worst = max(worst, (last.bias[0, 0] - bias).abs().max().item())
        worst = max(worst, (agent.log_temperature - model.log_ent_coef).abs().max().item())
    return worst, way


def main() -> None:
    """Compare, print, and fail where something differs."""
    GaussianActor.gaussian = cut_off  # type: ignore[method-assign]
    print(f"Stable-Baselines3 {sb3.__version__}, one update of {CONFIG.hidden} networks")
    found = {name: compare(name) for name in KINDS}
    for name, (worst, way) in found.items():
        print(f"{name:5} largest difference {worst:.1e}, longest way of a weight {way:.1e}")
    sys.exit(max(worst for worst, _ in found.values()) > CLOSE)


if __name__ == "__main__":
    main()
