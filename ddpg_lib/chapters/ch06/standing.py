"""What trained agents forget that stand still and go on learning."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.chapters.ch06.recency import RecentReplay
from ddpg_lib.ddpg import DDPG
from ddpg_lib.worlds.pendulum import PendulumModel

Array: TypeAlias = NDArray[Any]
MODEL = PendulumModel()
HANGING = (np.full(20, np.pi), np.linspace(-1, 1, 20))


def returns_from(agent: DDPG, theta: Array, theta_dot: Array, steps: int = 200) -> Array:
    """Each agent's mean return without noise, on the exact model: ``(n,)``.

    The episodes begin in the states ``theta`` and ``theta_dot``, both ``(episodes,)``.
    """
    angle, speed = (np.tile(x, (agent.n, 1)) for x in (theta, theta_dot))
    total = np.zeros_like(angle)
    for _ in range(steps):
        torque = agent.act(MODEL.observation(angle, speed))[..., 0]
        angle, speed, reward = MODEL.step(angle, speed, torque)
        total += reward
    return np.asarray(total.mean(axis=1))


def swinging_states(agent: DDPG, count: int = 30, seed: int = 0) -> tuple[Array, Array, Array]:
    """States of the lower half that each agent has stored, and a random torque for each.

    Returns
    -------
    angle, speed, torque : arrays, shape (n, count)
    """
    rng = np.random.default_rng(seed)
    held = agent.replay.rows[:, : len(agent.replay), : agent.obs_dim].numpy()
    angle, speed = MODEL.state(held)
    low = np.stack([rng.choice(np.flatnonzero(np.cos(x) < 0), count) for x in angle])
    torque = rng.uniform(-2, 2, size=(*angle.shape[:1], count))
    at = (np.take_along_axis(x, low, axis=1) for x in (angle, speed))
    return (*at, torque)  # type: ignore[return-value]


def errors_of(agent: DDPG, angle: Array, speed: Array, torque: Array, horizon: int = 300) -> Array:
    """Mean distance of each critic's value from the return that its policy earns.

    ``angle``, ``speed`` and first ``torque`` are ``(n, states)``; the errors are ``(n,)``.
    """
    belief = agent.q(MODEL.observation(angle, speed), torque[..., None])
    earned = np.zeros(belief.shape)
    for t in range(horizon):
        angle, speed, reward = MODEL.step(angle, speed, torque)
        earned += agent.config.gamma**t * reward
        torque = agent.act(MODEL.observation(angle, speed))[..., 0]
    return np.asarray(np.abs(belief - earned).mean(axis=1))


def stand(
    trained: DDPG, window: int, test: tuple[Array, Array, Array], steps: int = 1_000
) -> tuple[Array, Array]:
    """Copies of trained agents stand upright and learn on, from their latest ``window`` only.

    A window of 0 is no replay. ``test`` is from :func:`swinging_states`.

    Returns
    -------
    errors, returns : arrays, shape (n, 1 + steps / 100)
        The critics' mean errors on the states of ``test``, and the mean returns of episodes that
        begin hanging.
    """
    n, past = trained.n, trained.replay
    agent = DDPG(trained.obs_dim, trained.low, trained.high, trained.config, range(n))
    agent.load_networks(trained)
    agent.replay = RecentReplay(
        [window] * n, past.count + steps, 3, 1, agent.replay.rngs, gamma=past.gamma
    )
    agent.replay.rows[:, : past.count] = past.rows[:, : past.count]
    agent.replay.count = past.count
    angle, speed = np.zeros(n), np.zeros(n)
    errors, returns = [], []
    for step in range(steps + 1):
        if step % 100 == 0:
            errors.append(errors_of(agent, *test))
            returns.append(returns_from(agent, *HANGING))
        obs = MODEL.observation(angle, speed)
        torque = agent.explore(obs)
        angle, speed, reward = MODEL.step(angle, speed, torque[:, 0])
        agent.remember(obs, torque, reward, MODEL.observation(angle, speed), np.zeros(n))
        agent.update()
    return np.stack(errors, axis=1), np.stack(returns, axis=1)
