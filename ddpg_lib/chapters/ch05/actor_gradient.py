"""The actor's gradient taken apart: slopes in the action, the chain rule, exact slopes, cosines.

:meth:`ddpg_lib.DDPG.learn` leaves all of this to automatic differentiation. Here the gradient's two
factors are apart, so that the critic's slope can be exchanged for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[Any]


def action_slope(critic: nn.Module, obs: Tensor, action: Tensor) -> Tensor:
    r"""The critic's slope in the action, :math:`\nabla_a Q_\phi(s, a)`; no weight gets a gradient.

    Parameters
    ----------
    obs : Tensor, shape (n, batch, obs_dim)
    action : Tensor, shape (n, batch, action_dim)
        Scaled to [-1, 1].

    Returns
    -------
    Tensor, shape (n, batch, action_dim)
        Scaled reward a unit of scaled action.
    """
    # A value depends on its own row only: the slope of the sum holds each row's.
    free = action.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(obs, free).sum(), free)
    return slope


def gradient_through(actor: nn.Module, obs: Tensor, slope: Tensor) -> list[Tensor]:
    r"""The chain rule, :math:`\frac{1}{N}\sum_j \nabla_\theta \mu_\theta(s_j)\, g_j`.

    With the critic's slopes for :math:`g_j` this is the direction of the actor's step (Lillicrap
    et al. 2016, equation 6), with those of :math:`Q^\mu` that of Silver et al. (2014), equation 9.

    Parameters
    ----------
    actor : Actor
        It is asked as in training.
    obs : Tensor, shape (n, batch, obs_dim)
    slope : Tensor, shape (n, batch, action_dim)
        What stands for dQ/da, in scaled actions.

    Returns
    -------
    list of Tensor
        One for each of the actor's parameters; each agent's gradient is its own.

    Raises
    ------
    ValueError
        If the slopes do not have the actions' shape: broadcasting would mix states.
    """
    action = actor(obs, training=True)
    needed, got = tuple(action.shape), tuple(slope.shape)
    if got != needed:
        raise ValueError(f"a slope must have its action's shape {needed}, got {got}")
    product = (action * slope.detach()).sum(-1).mean(-1).sum()
    return list(torch.autograd.grad(product, list(actor.parameters())))


def cosine(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """Cosine of the angle between two gradients of each agent, all its weights together.

    Parameters
    ----------
    first, second : sequence of Tensor
        Matching tensors, the agents first: ``(n, ...)``.

    Returns
    -------
    Tensor, shape (n,)
        From -1 to 1; 0 where one of them vanishes.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if [x.shape for x in first] != [x.shape for x in second]:
        raise ValueError("the two gradients must consist of tensors of the same shapes")
    a, b = (torch.cat([x.flatten(1) for x in gradient], dim=1) for gradient in (first, second))
    # Lengths first: gradients of saturated actors are small enough for their squares to vanish.
    return (nn.functional.normalize(a.double()) * nn.functional.normalize(b.double())).sum(1)


def slope_by_differences(
    value: Callable[[Array], Array], action: Tensor, step: float = 0.01
) -> Tensor:
    """Slope of any action value, by differences that stay within the bounds.

    For values that can be simulated or looked up, but not differentiated. Beyond a bound actions
    are clipped, and every slope would be 0: there the difference is one-sided.

    Parameters
    ----------
    value : callable
        From scaled actions, an array of float64 of shape (n, batch, action_dim), to their values,
        of shape (n, batch).
    action : Tensor, shape (n, batch, action_dim)
        Where the slope is asked for, in [-1, 1].
    step : float
        Distance to either side.

    Returns
    -------
    Tensor, shape (n, batch, action_dim)
        As :func:`action_slope`, in units of the value; of the action's precision.

    Raises
    ------
    ValueError
        If the values have another shape than the states.
    """
    center = action.detach().cpu().numpy().astype(np.float64)
    slope = np.empty_like(center)
    for k in range(center.shape[-1]):
        low, high = center.copy(), center.copy()
        low[..., k] = np.clip(low[..., k] - step, -1, 1)
        high[..., k] = np.clip(high[..., k] + step, -1, 1)
        rise = np.asarray(value(high)) - np.asarray(value(low))
        if rise.shape != (needed := center.shape[:-1]):
            raise ValueError(f"values must have shape {needed}, got {rise.shape}")
        slope[..., k] = rise / (high - low)[..., k]
    return torch.as_tensor(slope).to(action)
