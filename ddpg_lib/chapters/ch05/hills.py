"""The smallest world in which DDPG can act: one state, one action, two hills of reward."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.ddpg import DDPG
from ddpg_lib.figures.style import COLORS
from ddpg_lib.recipes import recipe

HILLS = ((1.0, -0.6, 0.15), (0.6, 0.45, 0.4))
"""Height, center and width of the high hill and of the low one."""
ACTIONS = np.linspace(-1, 1, 201)
SMALL_WORLD = recipe(
    "pendulum",
    reward_scale=1.0,
    critic_lr=3e-3,
    lr_decay=False,
    warmup_steps=1_000,
    steps=2_500,
    eval_every=2_500,
    eval_episodes=1,
)
"""A recipe for :class:`TwoHills`."""


def hills(action: ArrayLike) -> NDArray[np.float64]:
    """The reward: a high narrow hill on the left, a low broad one on the right.

    Parameters
    ----------
    action : array_like
        In [-1, 1].

    Returns
    -------
    array
        Of the actions' shape.
    """
    a = np.asarray(action, float)
    return sum((h * np.exp(-(((a - m) / w) ** 2)) for h, m, w in HILLS), np.zeros(a.shape))


class TwoHills(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One state, one action, one reward, the end. Nothing is random."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(-1, 1, (1,), np.float32)
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in the only state; the seed has no effect, no ``options`` are known.

        Returns
        -------
        obs : array, shape (1,)
            The state, 0.
        info : dict
            Empty.
        """
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Earn :func:`hills` of the ``action (1,)`` and end.

        Returns
        -------
        obs : array, shape (1,)
            The state, 0.
        reward : float
        terminated, truncated : bool
        info : dict
            Empty.
        """
        return np.zeros(1, np.float32), float(hills(np.reshape(action, -1)[0])), True, False, {}


def on_the_hills(agent: DDPG) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each actor's action, ``(n,)``, and each critic's values of ``ACTIONS``, ``(n, 201)``."""
    everywhere = np.tile(ACTIONS[:, None], (agent.n, 1, 1))
    values = agent.q(np.zeros((agent.n, ACTIONS.size, 1)), everywhere)
    return agent.act(np.zeros((agent.n, 1)))[:, 0], values


def draw_hills(ax: Axes, agent: DDPG) -> None:
    """The reward in ink, what the critics say of each action, and triangles for the actors."""
    chosen, values = on_the_hills(agent)
    ax.plot(ACTIONS, values.T, color=COLORS["critic"], lw=0.8, alpha=0.6)
    ax.plot(ACTIONS, hills(ACTIONS), color=COLORS["ink"])
    ax.plot(chosen, hills(chosen) + 0.05, "v", color=COLORS["actor"], ms=8, alpha=0.7)
    ax.set(xlabel="action", ylabel="reward, and Q")
