"""Chapter 10's agents, with NumPy and with PyTorch, from the same seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch10.twins import settings
from ddpg_lib.config import Config
from ddpg_lib.numpy_ddpg import NumpyDDPG
from ddpg_lib.numpy_ddpg import train as train_numpy
from ddpg_lib.recipes import recipe
from ddpg_lib.runs.session import train
from ddpg_lib.worlds.pendulum.model import PendulumModel
from ddpg_lib.worlds.pendulum.simulation import start_states

Array = NDArray[Any]
PROBE = range(1_000_000, 1_000_020)  # starts of the curves
MANY = range(1_000_000, 1_000_100)  # starts of the final policies


def short_recipe(steps: int = 7_000) -> Config:
    """Chapter 9's recipe with fewer steps."""
    return recipe("pendulum", steps=steps, eval_every=250, eval_episodes=1)


def judged(config: Config) -> range:
    """Steps at which policies are judged."""
    return range(config.warmup_steps, config.steps + 1, 500)


def noise_free_returns(act: Callable[[Array], Array], theta: Array, theta_dot: Array) -> Array:
    """Returns ``(...)`` of 200 steps of ``act(obs)`` from ``theta`` and ``theta_dot``."""
    model, total = PendulumModel(), np.zeros_like(theta)
    for _ in range(200):
        torque = act(model.observation(theta, theta_dot))[..., 0]
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        total += reward
    return total


class Learned:
    """Of some agents: ``curves``, actors' ``weights``, ``rows`` of replay, ``final`` returns."""

    def __init__(self, curves: Any, weights: Any, rows: Any, final: Any) -> None:
        self.curves, self.weights = np.array(curves), np.array(weights)
        self.rows, self.final = np.array(rows), np.array(final)


def with_numpy(
    config: Config, seeds: Sequence[int], begin: Callable[[NumpyDDPG], None] | None = None
) -> Learned:
    """Train NumPy agents one after the other, which ``begin(agent)`` may change first."""
    curves, weights, rows, final = [], [], [], []
    for seed in seeds:
        curve: list[float] = []
        path: list[Array] = []

        def watch(step: int, agent: NumpyDDPG, curve: Any = curve, path: Any = path) -> None:
            if step == 1 and begin:
                begin(agent)
            if step % config.eval_every == 0:
                path.append(agent.actor.theta.copy())
            if step in judged(config):
                curve.append(noise_free_returns(agent.act, *start_states(PROBE)).mean())

        agent = train_numpy(gym.make("Pendulum-v1"), settings(config), seed, watch)
        curves.append(curve)
        weights.append(path)
        rows.append(agent.rows[: config.steps])
        final.append(noise_free_returns(agent.act, *start_states(MANY)).mean())
    return Learned(curves, weights, rows, final)


def with_pytorch(config: Config, seeds: Sequence[int]) -> Learned:
    """Train a stack of PyTorch agents."""
    curves: list[Array] = []
    weights: list[Array] = []

    def for_all(starts: range) -> list[Array]:
        return [np.tile(x, (len(seeds), 1)) for x in start_states(starts)]

    def watch(run: Any) -> None:
        step, stack = run.step, run.agent
        if step > 0:
            layers = [p.detach().numpy().reshape(len(seeds), -1) for p in stack.actor.parameters()]
            weights.append(np.concatenate(layers, axis=1))
        if step in judged(config):
            curves.append(noise_free_returns(stack.act, *for_all(PROBE)).mean(axis=1))

    run = train("Pendulum-v1", config, seeds, on_evaluation=watch, progress=False)
    rows = run.agent.replay.rows[:, : config.steps].numpy()
    final = noise_free_returns(run.agent.act, *for_all(MANY)).mean(axis=1)
    return Learned(np.transpose(curves), np.swapaxes(weights, 0, 1), rows, final)


def nudge(agent: NumpyDDPG) -> None:
    """Move one weight of the actor to the next float32 number."""
    agent.actor.theta[0] = np.nextafter(agent.actor.theta[0], np.float32(1))


def at_stored_actions(agent: NumpyDDPG) -> None:
    """Let the actor climb dQ/da at the minibatch's actions, not its own: a mistake."""
    forward, drawn = agent.critic.forward, {}

    def sample() -> Any:
        drawn["batch"] = NumpyDDPG.sample(agent)
        return drawn["batch"]

    agent.sample = sample  # type: ignore[method-assign]
    # Whatever action is asked for.
    agent.critic.forward = lambda s, action: forward(s, drawn["batch"][1])  # type: ignore
