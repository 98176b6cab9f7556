"""What an agent that sees has learned to see: saliency, filters, and a probe of its features."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.agents.pixels import PixelDDPG, SharedPixelDDPG
from ddpg_lib.envs.making import EnvLike, make
from ddpg_lib.envs.pixels import seen
from ddpg_lib.evaluation import EVALUATION_SEED, Scene
from ddpg_lib.maths.probes import linear_probe, read, share_explained
from ddpg_lib.parts.encoders import Encoder, scaled

Array = NDArray[np.float64]
GAP = 170  # the gray between pictures


def encoder_of(agent: PixelDDPG) -> Encoder:
    """The encoder that the critic looks through."""
    return (
        agent.encoder if isinstance(agent, SharedPixelDDPG) else cast(Encoder, agent.critic.front)
    )


def _frames(agent: PixelDDPG, obs: ArrayLike) -> Tensor:
    frames = np.asarray(obs)
    agent.rows(frames)  # refuses what is no observation
    return scaled(torch.from_numpy(frames.copy()).to(agent.device))


def saliency(agent: PixelDDPG, obs: ArrayLike) -> Array:
    r"""The slope of the critic's value in each pixel, :math:`\partial Q/\partial x`.

    The action is the policy's own, held as it is (Simonyan et al. 2013, for a critic).

    Parameters
    ----------
    agent
        A stack of n agents.
    obs : uint8, shape (n, k) + obs_shape
        Frames.

    Returns
    -------
    array, shape (n, k) + obs_shape
        In units of the reward for a pixel from black to white.
    """
    x = _frames(agent, obs).requires_grad_()
    see = agent.encoder(x) if isinstance(agent, SharedPixelDDPG) else x
    with torch.no_grad():
        action = agent.actor(see)
    (slope,) = torch.autograd.grad(agent.critic(see, action).sum(), x)
    return slope.cpu().numpy().reshape(np.shape(obs)) / agent.config.reward_scale


def filters(agent: PixelDDPG) -> NDArray[np.float32]:
    """The first layer's weights, ``(n, filters, frames, channels, kernel, kernel)``."""
    weight = cast(Tensor, encoder_of(agent).layers[0].weight)
    found = weight.detach().cpu().numpy()
    n, number, _, *sides = found.shape
    return found.reshape(n, number, *agent.obs_shape[:2], *sides)


@torch.no_grad()
def features(agent: PixelDDPG, obs: ArrayLike) -> Array:
    """What the critic's dense layers are given for frames ``(n, k, *obs_shape)``, ``(n, k, m)``.

    With a shared encoder these are the trunk's outputs, otherwise the encoder's own.
    """
    x = _frames(agent, obs)
    if isinstance(agent, SharedPixelDDPG):
        x = agent.encoder(x)
    return agent.critic.front(x).cpu().numpy().astype(float)


@dataclasses.dataclass(frozen=True)
class Probe:
    """A linear map from features to a truth, and how well it reads.

    Attributes
    ----------
    truth, read : array, shape (k, m)
        Of observations that the map has not been fitted to.
    r2 : array, shape (m,)
        Share of each component's variance that is read, on these.
    """

    truth: Array
    read: Array
    r2: Array


def probe(x: ArrayLike, truth: ArrayLike, fitted: float = 0.5, ridge: float = 1e-3) -> Probe:
    """Read a ``truth``, ``(k, m)``, linearly from features ``x``, ``(k, j)``.

    The first share ``fitted`` of the rows is for the map, the rest for judging it: rows of one
    episode should stand together. ``ridge`` is as for
    :func:`~ddpg_lib.maths.probes.linear_probe`.

    Raises
    ------
    ValueError
        If the numbers of rows differ, or there are fewer than four.
    """
    x, truth = np.asarray(x, float), np.asarray(truth, float)
    if len(x) != len(truth) or len(x) < 4:
        raise ValueError(f"x and truth need the same four rows or more; got {len(x)}, {len(truth)}")
    cut = round(fitted * len(x))
    said = read(x[cut:], linear_probe(x[:cut], truth[:cut], ridge))
    return Probe(truth[cut:], said, share_explained(truth[cut:], said))


def watch_pendulum(
    policy: Callable[[NDArray[np.uint8]], ArrayLike],
    config: Any,
    seeds: Sequence[int],
) -> tuple[NDArray[np.uint8], Array]:
    """Episodes of Pendulum-v1 as they are seen, and the state that the agent is never shown.

    Parameters
    ----------
    policy
        From one observation, ``obs_shape``, to a torque.
    config
        Says how the pendulum is seen.
    seeds
        One an episode, for ``reset``.

    Returns
    -------
    obs : uint8, shape (k,) + obs_shape
    state : array, shape (k, 3)
        Cosine and sine of the angle, and angular velocity in rad/s.
    """
    env, kwargs = seen("Pendulum-v1", config)
    made = make(env, **kwargs)
    frames, states = [], []
    for seed in seeds:
        obs, _ = made.reset(seed=seed)
        over = False
        while not over:
            theta, velocity = made.unwrapped.state  # type: ignore[attr-defined]
            frames.append(obs)
            states.append((np.cos(theta), np.sin(theta), velocity))
            action = np.asarray(policy(obs), np.float32).reshape(1)
            obs, _, terminated, truncated, _ = made.step(action)
            over = terminated or truncated
    made.close()
    return np.stack(frames), np.array(states)


def beside_its_view(
    agent: PixelDDPG, number: int, env: EnvLike = "Pendulum-v1", seed: int = EVALUATION_SEED
) -> Scene:
    """An episode of one agent of a stack: the world, and beside it the frames that it sees.

    The newest frame is the lowest. ``number`` is the agent's place; ``seed`` is for ``reset``.
    """
    world, kwargs = seen(env, agent.config, render_mode="rgb_array")
    made = make(world, **kwargs)
    returns = [0.0]

    def frames() -> Iterator[NDArray[np.uint8]]:
        obs, _ = made.reset(seed=seed)
        over = False
        while not over:
            yield picture(cast("NDArray[np.uint8]", made.render()), obs)
            everyone = np.repeat(obs[None], agent.n, axis=0)
            obs, reward, terminated, truncated, _ = made.step(agent.act(everyone)[number])
            returns[0] += float(reward)
            over = terminated or truncated
        made.close()

    fps = float(made.metadata.get("render_fps") or 30) / agent.config.action_repeat
    return Scene(frames(), fps, returns)


def picture(world: NDArray[np.uint8], obs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A ``world``, ``(height, width, 3)``, with the frames ``obs`` to its right, as one picture.

    ``obs`` is (frames, channels, side, side); the frames are enlarged by a whole number. The sides
    of the picture are even, and what is neither world nor frame is gray.
    """
    height, gap = world.shape[0], 4
    stack, channels, side, _ = obs.shape
    factor = max((height - gap * (stack - 1)) // (stack * side), 1)
    large = obs.repeat(factor, axis=2).repeat(factor, axis=3).transpose(0, 2, 3, 1)
    large = np.broadcast_to(large, (*large.shape[:3], 3)) if channels == 1 else large
    column = np.full((max(height, stack * (factor * side + gap)), factor * side, 3), GAP, np.uint8)
    for i, frame in enumerate(large):
        top = i * (factor * side + gap)
        column[top : top + factor * side] = frame
    left = np.full((len(column), world.shape[1] + gap, 3), GAP, np.uint8)
    left[:height, : world.shape[1]] = world
    both = np.hstack([left, column])
    return both[: len(both) // 2 * 2, : both.shape[1] // 2 * 2]
