"""Values that are too high because somebody has chosen by them: in closed form, and measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.chapters.ch05.compass import from_replay, pendulum_value
from ddpg_lib.chapters.ch05.variants import TwoSteps
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.losses import td_target
from ddpg_lib.parts.replay import Batch
from ddpg_lib.runs.run import Run

Array = NDArray[Any]


def best_of_uniform(count: int, width: float = 1.0) -> float:
    """Mean of the greatest of ``count`` independent errors, uniform in [-width, width].

    It is ``width (count - 1) / (count + 1)`` (Thrun and Schwartz 1993).
    """
    return width * (count - 1) / (count + 1)


def winners(curvature: float, slopes: Array) -> tuple[Array, Array]:
    r"""What critics with a wrong slope believe of their best action, and what it is worth.

    The truth is :math:`Q(a) = -\frac{k}{2} a^2`; a critic adds :math:`e\,a` to it. It believes
    most in the action :math:`e/k`.

    Parameters
    ----------
    curvature : float
        k, positive.
    slopes : array
        The error e of each critic.

    Returns
    -------
    believed, true : arrays
        Of the shape of ``slopes``.

    Raises
    ------
    ValueError
        If the curvature is not positive: there would be no best action.
    """
    if curvature <= 0:
        raise ValueError(f"curvature must be positive, got {curvature}")
    best = slopes / curvature
    true = -curvature / 2 * best**2
    return true + slopes * best, true


class Worthless(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A world in which nothing matters: states and rewards are noise, whatever one does.

    Every state has two components, uniform in [-1, 1] and drawn anew at each step; the reward is
    normal with mean 0 and standard deviation 1. So the value of every action under every policy is
    0. Episodes are cut off, not ended, after 20 steps.

    Parameters
    ----------
    action_dim : int
        Components of the action, each in [-1, 1].
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, action_dim: int = 1) -> None:
        self.observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
        self.action_space = gym.spaces.Box(-1, 1, (action_dim,), np.float32)
        self.time = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in a random state; no ``options`` are known.

        Returns
        -------
        obs : array, shape (2,)
            The state.
        info : dict
            Empty.
        """
        super().reset(seed=seed)
        self.time = 0
        return self._state(), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Draw a reward and a state, whatever the ``action (action_dim,)`` is.

        Returns
        -------
        obs : array, shape (2,)
            The state.
        reward : float
        terminated, truncated : bool
        info : dict
            Empty.
        """
        self.time += 1
        reward = float(self.np_random.normal())
        return self._state(), reward, False, self.time == 20, {}

    def _state(self) -> NDArray[np.float32]:
        return self.np_random.uniform(-1, 1, 2).astype(np.float32)


class Smoothed(TwoSteps):
    """DDPG with target policy smoothing (Fujimoto et al. 2018, section 5.3).

    The target actor's action is blurred by noise of standard deviation 0.2, clipped to 0.5.
    """

    def q_and_target(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The critic's values of the stored actions, and targets at blurred next actions.

        Returns
        -------
        q, target : Tensor, shape (n, batch)
        """
        with torch.no_grad():
            action = self.actor_target(batch.next_obs)
            noise = (0.2 * torch.randn_like(action)).clamp(-0.5, 0.5)
            next_q = self.critic_target(batch.next_obs, (action + noise).clamp(-1, 1))
            target = td_target(batch.reward, batch.terminated, next_q, batch.discount)
        return self.critic(batch.obs, batch.action), target


class Gaps:
    """How far critics are above the truth as agents train; given to ``train`` as ``on_evaluation``.

    Parameters
    ----------
    true_value : callable
        From an agent, observations ``(n, batch, obs_dim)`` and actions ``(n, batch, action_dim)``
        to exact action values of its policy, ``(n, batch)``, in units of the reward.
    count : int
        States drawn from each agent's replay buffer at every measurement.

    Attributes
    ----------
    steps : list of int
        Of the evaluations after the warm-up.
    chosen, other : list of array, shape (n,)
        Mean over the states of the critic's value less the exact one, in units of the reward: of
        the actor's own action, and of a uniformly random one in the same states.
    """

    def __init__(self, true_value: Callable[[DDPG, Array, Array], Array], count: int = 32) -> None:
        self.true_value, self.count = true_value, count
        self.steps: list[int] = []
        self.chosen: list[Array] = []
        self.other: list[Array] = []

    def __call__(self, run: Run) -> None:
        """Measure, unless the agents have not begun to learn."""
        if run.step <= run.config.warmup_steps:
            return
        agent = run.agent
        obs = from_replay(agent, self.count, seed=run.step).numpy()
        chosen = agent.act(obs)
        rng = np.random.default_rng(run.step)
        other = rng.uniform(agent.low, agent.high, chosen.shape).astype(np.float32)
        self.steps.append(run.step)
        for found, action in ((self.chosen, chosen), (self.other, other)):
            gap = agent.q(obs, action) - self.true_value(agent, obs, action)
            found.append(gap.mean(axis=1))

    @property
    def by_choice(self) -> list[Array]:
        """What the choice adds: ``chosen`` less ``other``, an array ``(n,)`` a measurement."""
        return [a - b for a, b in zip(self.chosen, self.other, strict=True)]


def nothing(agent: DDPG, obs: Array, action: Array) -> Array:
    """The exact action values of :class:`Worthless`, for :class:`Gaps`.

    Parameters
    ----------
    agent : DDPG
        Of no account.
    obs, action : array, shape (n, batch, ...)

    Returns
    -------
    array, shape (n, batch)
        Zeros.
    """
    return np.zeros(obs.shape[:-1])


class PaidPendulum(gym.RewardWrapper[Any, Any]):
    """Pendulum-v1 with 8 added to every reward: the same task, with values 800 higher."""

    def __init__(self) -> None:
        super().__init__(gym.make("Pendulum-v1"))

    def reward(self, reward: Any) -> float:
        """The ``reward (float)`` and the pay."""
        return float(reward) + 8


def pendulum_truth(pay: float = 0.0) -> Callable[[DDPG, Array, Array], Array]:
    """For :class:`Gaps`: the exact values on Pendulum with ``pay`` added to every reward."""

    def value(agent: DDPG, obs: Array, action: Array) -> Array:
        bonus = pay / (1 - agent.config.gamma)
        return pendulum_value(agent, obs, action, tolerance=10) + bonus

    return value
