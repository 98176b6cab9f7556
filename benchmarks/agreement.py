"""DDPG, TD3, SAC and SimBa's networks beside public code: equal weights, batch and noise.

    python benchmarks/agreement.py

DDPG, TD3 and SAC are compared with Stable-Baselines3's, SimBa's networks with those of SBX.

Each pair of agents begins with the same weights, is given the same minibatch and the same random
numbers, and updates once. What is printed is the largest difference that is left between any two
weights, of online and target networks, beside the largest distance that a weight has moved. The
script fails where the difference is above 1e-5.

Two details of Stable-Baselines3's SAC are other ones than the library's: it cuts the logarithm of
the standard deviation off, at -20 and 2, where the library bends it smoothly; and it follows the
gradient of the logarithm of the temperature times the missing entropy, where the library follows
that of the temperature. The first is set alike here. The second shows in no first step of Adam,
which has the length of its step size whatever the gradient's is.

SBX has no DDPG with SimBa's networks, so the networks are compared, and not an update: the critic's
values of a minibatch and the gradient of their mean squared error in every weight, and the actor's
actions and the gradient of their sum. Layer normalization adds 1e-5 to the variance in the library,
as PyTorch does, and 1e-6 in SBX, as Flax does; that is set alike here, and what it makes is printed
too. Four things differ by design and are left out. SBX has two critics, and an actor that also
gives the deviation of a Gaussian, for its SAC; here the first critic and the mean are taken. It
leaves the running normalization of observations, SimBa's first part, to a wrapper of the
environment; here both see its output. It decays weights (AdamW). And it begins with other weights.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import jax
import numpy as np
import sbx
import stable_baselines3 as sb3
import torch
from sbx.common.policies import SimbaContinuousCritic, SimbaSquashedGaussianActor
from stable_baselines3.common.logger import configure
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch import Tensor, nn
from torch.nn import functional

from ddpg_lib.agents.sac import SAC, GaussianActor
from ddpg_lib.agents.simba import ResidualNetwork, SimBa
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.networks import StackedLinear
from ddpg_lib.parts.normalization import LayerNorm
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


def as_flax(self: LayerNorm, x: Tensor, training: bool = False) -> Tensor:
    """Layer normalization that adds to the variance what Flax adds."""
    plain = functional.layer_norm(x, x.shape[-1:], eps=1e-6)
    return torch.addcmul(self.offset, plain, self.gain)


def named(network: ResidualNetwork) -> Iterator[tuple[tuple[str, ...], nn.Parameter]]:
    """Each parameter of ours, with where SBX keeps its own."""

    def dense(path: tuple[str, ...], layer: StackedLinear) -> Iterator[Any]:
        yield (*path, "kernel"), layer.weight
        yield (*path, "bias"), layer.bias

    def norm(path: tuple[str, ...], layer: LayerNorm) -> Iterator[Any]:
        yield (*path, "scale"), layer.gain
        yield (*path, "bias"), layer.offset

    yield from dense(("Dense_0",), network.entry)
    blocks = zip(network.norms, network.wide, network.narrow, strict=True)
    for k, (first, wide, narrow) in enumerate(blocks):
        block = f"SimbaResidualBlock_{k}"
        yield from norm((block, "LayerNorm_0"), first)
        yield from dense((block, "Dense_0"), wide)
        yield from dense((block, "Dense_1"), narrow)
    yield from norm(("LayerNorm_0",), network.last_norm)
    yield from dense(("Dense_1",), network.last)


def at(tree: Any, path: tuple[str, ...]) -> Any:
    """What lies in nested dictionaries."""
    for key in path:
        tree = tree[key]
    return tree


def compare_networks(part: str) -> tuple[float, float, float]:
    """SimBa's "critic" or "actor", ours and SBX's.

    The largest difference of outputs, the largest of the gradients' components, and the largest of
    these components.
    """
    config = CONFIG.replace(normalize_obs=True, hidden=(32, 32))
    agent = SimBa(OBS, -np.ones(ACTION), np.ones(ACTION), config, (0,))
    rng = np.random.default_rng(SEED)
    assert agent.obs_norm is not None
    agent.obs_norm.add(torch.as_tensor(rng.normal(3, 2, (1, 1_000, OBS))))
    obs = torch.as_tensor(rng.normal(3, 2, (1, SIZE, OBS)), dtype=torch.float32)
    action = torch.as_tensor(rng.uniform(-1, 1, (1, SIZE, ACTION)), dtype=torch.float32)
    y = torch.as_tensor(rng.normal(size=(1, SIZE)), dtype=torch.float32)
    given = [np.asarray(x[0]) for x in (agent.obs_norm(obs), action, y)]
    if part == "critic":
        model: Any = SimbaContinuousCritic(config.hidden)
        made = model.init(jax.random.PRNGKey(SEED), given[0], given[1])

        def apply(weights: Any) -> Any:
            return model.apply(weights, given[0], given[1])[:, 0]

        def loss(weights: Any) -> Any:
            return ((apply(weights) - given[2]) ** 2).mean()
    else:
        model = SimbaSquashedGaussianActor(config.hidden, ACTION)
        made = model.init(jax.random.PRNGKey(SEED), given[0])

        def apply(weights: Any) -> Any:
            return model.apply(weights, given[0]).mode()

        def loss(weights: Any) -> Any:
            return apply(weights).sum()

    # Flax begins with offsets of 0 and gains of 1, with which some mistakes would not show.
    made = jax.tree.map(lambda x: x + rng.normal(0, 0.1, x.shape).astype("float32"), made)
    network = getattr(agent, part).network
    with torch.no_grad():
        for path, ours in named(network):
            ours.copy_(torch.tensor(np.asarray(at(made["params"], path))).expand_as(ours))
    if part == "critic":
        out = agent.critic(obs, action)
        ((out - y) ** 2).mean().backward()
    else:
        out = agent.actor(obs)
        out.sum().backward()
    gradient = jax.grad(loss)(made)["params"]
    apart = float(np.abs(out[0].detach().numpy() - np.asarray(apply(made))).max())
    steepest, worst = 0.0, 0.0
    for path, ours in named(network):
        assert ours.grad is not None
        other = torch.tensor(np.asarray(at(gradient, path)))
        steepest = max(steepest, other.abs().max().item())
        worst = max(worst, (ours.grad - other).abs().max().item())
    return apart, worst, steepest


def main() -> None:
    """Compare, print, and fail where something differs."""
    GaussianActor.gaussian = cut_off  # type: ignore[method-assign]
    print(f"Stable-Baselines3 {sb3.__version__}, one update of {CONFIG.hidden} networks")
    found = {name: compare(name) for name in KINDS}
    for name, (worst, way) in found.items():
        print(f"{name:5} largest difference {worst:.1e}, longest way of a weight {way:.1e}")
    print(f"SBX {sbx.__version__}, SimBa's networks, two blocks of 32")
    apart, own = [], LayerNorm.forward
    for end, forward in {"": as_flax, ", layer normalization as it is": own}.items():
        LayerNorm.forward = forward  # type: ignore[method-assign]
        for part in ("critic", "actor"):
            outputs, gradients, steepest = compare_networks(part)
            print(
                f"{part}{end}: outputs differ by {outputs:.1e}, gradients by {gradients:.1e} "
                f"of at most {steepest:.1e}"
            )
            # A gradient's rounding grows with it.
            apart += [outputs, gradients / max(steepest, 1)] if not end else []
    LayerNorm.forward = own  # type: ignore[method-assign]
    sys.exit(max(*(worst for worst, _ in found.values()), *apart) > CLOSE)


if __name__ == "__main__":
    main()
