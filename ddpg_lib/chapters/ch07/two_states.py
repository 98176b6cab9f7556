"""The chapter's smallest world: state 1 goes to state 2, which stays or ends; nothing is earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.chapters.ch07.linear_td import LinearTD
from ddpg_lib.chapters.ch07.targets import Follow
from ddpg_lib.parts.losses import critic_loss, soft_update, td_target

Array: TypeAlias = NDArray[np.float64]
Transitions: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], Array]

GAMMA, LR = 0.99, 0.05
ONE_WEIGHT: Array = np.array([[1.0], [2.0]])
"""The features of state 1 and of state 2, one row each: with one weight the second is worth twice
the first."""
TWO_WEIGHTS: Array = np.array([[1.0, 0.0], [2.0, 1.0]])
"""The same with a second feature, which only state 2 has: all pairs of values can be said."""


def transitions(go: int, stay: int, end: int) -> Transitions:
    """A batch ``(s, s_next, d)``: so many of 1 to 2, of 2 to 2, and of 2 to the end.

    States are counted from 0.
    """
    s = [0] * go + [1] * (stay + end)
    s_next = [1] * (go + stay + end)  # where d is 1, nobody looks at s'
    return np.array(s), np.array(s_next), np.repeat([0.0, 1.0], [go + stay, end])


def problem(features: Array, batch: Transitions, lr: float = LR) -> LinearTD:
    """Learning of ``features``, a row for each state, from ``batch`` as a linear recursion."""
    s, s_next, d = batch
    return LinearTD(features[s], features[s_next], d, GAMMA, lr)


def learn(
    features: Array, batch: Transitions, follow: Follow, start: Sequence[float], updates: int
) -> Array:
    """The weights after each update, ``(updates + 1, k)``, by the library's own functions.

    ``features`` has a row for each state, ``batch`` is as from :func:`transitions`.
    """
    s, s_next, d = batch
    x, x_next, ended = map(torch.tensor, (features[s], features[s_next], d))
    phi, reward = torch.tensor(start, dtype=x.dtype), torch.zeros_like(ended)
    phi_target, path = phi.clone(), [phi.numpy()]
    for k in range(1, updates + 1):
        phi.requires_grad_()
        y = td_target(reward, ended, x_next @ phi_target, GAMMA)
        (gradient,) = torch.autograd.grad(critic_loss(x @ phi, y), phi)
        phi = (phi - LR * gradient).detach()
        if k % follow.period == 0:
            soft_update([phi_target], [phi], follow.tau)
        path.append(phi.numpy())
    return np.array(path)
