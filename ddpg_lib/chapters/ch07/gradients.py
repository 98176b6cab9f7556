"""A trained critic as a linear one: its gradients are the features."""

from __future__ import annotations

import copy
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.ddpg import DDPG

Array: TypeAlias = NDArray[np.float64]


def critic_gradients(agent: DDPG, i: int, obs: Tensor, action: Tensor) -> Array:
    """Gradients of agent i's critic in its weights, ``(batch, weights)``, in double precision.

    ``obs`` and ``action`` are ``(n, batch, ...)``, the actions scaled to [-1, 1].
    """
    alone = copy.deepcopy(agent.critic).double()
    for p in alone.parameters():
        p.data = p.data[[i]]
    weights = list(alone.parameters())
    rows = []
    for q in alone(obs[[i]].double(), action[[i]].double())[0]:
        gradient = torch.autograd.grad(q, weights, retain_graph=True)
        rows.append(torch.cat([g.flatten() for g in gradient]).numpy())
    return np.array(rows)


def in_their_span(x: Array, y: Array) -> tuple[Array, Array]:
    """The rows of two matrices in coordinates of the space that all of them span.

    Their products stay the same, and there are at most as many coordinates as rows: equation
    (7b.2). ``x`` and ``y`` are ``(rows, weights)``, and so are the results in
    ``(rows, coordinates)``.
    """
    basis, _ = np.linalg.qr(np.concatenate([x, y]).T)
    return x @ basis, y @ basis
