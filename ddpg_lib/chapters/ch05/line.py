"""A task that a child solves and DDPG may not: one step to the left (Matheron et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MAX_STEP = 0.1


def dynamics(s: ArrayLike, a: ArrayLike) -> tuple[Array, Array, NDArray[np.bool_]]:
    r"""One step of the task for whole arrays of states.

    :math:`s' = \min(1, \max(0, s + a))`, and :math:`r = d = 1` if :math:`s + a < 0`, else 0
    (Matheron et al. 2019, equation 4).

    Parameters
    ----------
    s : array_like
        States in [0, 1].
    a : array_like
        Steps in [-0.1, 0.1], positive to the right; clipped.

    Returns
    -------
    next_s, reward, terminated : arrays
        Of the arguments' common shape.
    """
    reached = np.asarray(s, float) + np.clip(np.asarray(a, float), -MAX_STEP, MAX_STEP)
    found = reached < 0
    return np.clip(reached, 0.0, 1.0), found.astype(float), np.asarray(found)


class OneDToy(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """The line [0, 1]: any step out of its left end earns 1 and ends the episode.

    Every episode begins at the left end, so the smallest step to the left is enough. It is the
    task 1D-TOY of Matheron et al. (2019), section 4. Nothing in it is random. The class itself
    can be given to :func:`ddpg_lib.train`.

    Parameters
    ----------
    limit : int
        Steps after which an episode is truncated.

    Raises
    ------
    ValueError
        If the limit is below 1.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, limit: int = 50) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1 step, got {limit}")
        self.limit = limit
        self.observation_space = gym.spaces.Box(0.0, 1.0, (1,), np.float32)
        self.action_space = gym.spaces.Box(-MAX_STEP, MAX_STEP, (1,), np.float32)
        self.s, self.steps = 0.0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode at the left end; the seed has no effect, no ``options`` are known.

        Returns
        -------
        obs : array, shape (1,)
            The state, 0.
        info : dict
            Empty.
        """
        super().reset(seed=seed)
        self.s, self.steps = 0.0, 0
        return np.array([self.s], np.float32), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Move by an ``action (1,)``, clipped to [-0.1, 0.1].

        Returns
        -------
        obs : array, shape (1,)
            The state s'.
        reward : float
            1 if the step left the line at its left end, else 0.
        terminated : bool
            Whether it did.
        truncated : bool
            Whether the limit is reached.
        info : dict
            Empty.
        """
        s, reward, terminated = dynamics(self.s, np.asarray(action, float).reshape(-1)[0])
        self.s, self.steps = float(s), self.steps + 1
        done = bool(terminated)
        truncated = not done and self.steps >= self.limit
        return np.array([self.s], np.float32), float(reward), done, truncated, {}


def action_value(
    policy: Callable[[Array], ArrayLike],
    s: ArrayLike,
    a: ArrayLike,
    gamma: float = 0.99,
    horizon: int = 2_000,
) -> Array:
    r"""The exact :math:`Q^\mu(s, a)` of a policy on the line, by walking.

    The first step is a, all others are the policy's. Nothing in the task is random, so one walk
    gives the value: :math:`\gamma^k` if the line is left after k further steps. It is piecewise
    constant in a wherever the policy leaves the line or never does (Matheron et al. 2019,
    section 5).

    Parameters
    ----------
    policy : callable
        From states, an array, to steps of the same shape.
    s, a : array_like
        States and first steps.
    gamma : float
        Discount a step.
    horizon : int
        Steps after which a walk is given up, and its value taken to be 0.

    Returns
    -------
    array
        Of the common shape of ``s`` and ``a``.

    Raises
    ------
    ValueError
        If the discount does not lie between 0 and 1, or the policy's answer has another shape.
    """
    if not 0 <= gamma < 1:
        raise ValueError(f"gamma must be at least 0 and below 1, got {gamma}")
    s, a = np.broadcast_arrays(np.asarray(s, float), np.asarray(a, float))
    s, reward, over = dynamics(s, a)
    value = reward.copy()
    for k in range(1, horizon):
        if over.all():
            break
        a = np.asarray(policy(s), float)
        if a.shape != s.shape:
            raise ValueError(f"the policy must return steps of shape {s.shape}, got {a.shape}")
        before = s
        s, reward, found = dynamics(s, a)
        value += np.where(over, 0.0, gamma**k * reward)
        # A policy is a function of the state: where the walk stands still it always will.
        over = over | found | (s == before)
    return np.asarray(value)


def optimal_value(s: ArrayLike, gamma: float = 0.99) -> Array:
    r"""The exact :math:`V^*(s) = \gamma^{\lfloor s / 0.1 \rfloor}`: full steps to the left.

    Of the shape of ``s``, states in [0, 1].
    """
    # The tolerance keeps 0.3 / 0.1 from falling below 3.
    return np.asarray(gamma ** np.floor(np.asarray(s, float) / MAX_STEP + 1e-9))
