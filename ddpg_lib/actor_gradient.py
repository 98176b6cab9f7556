"""The actor's gradient taken apart: slopes in the action, the chain rule, exact slopes, cosines.

:meth:`ddpg_lib.DDPG.learn` leaves all of this to automatic differentiation. Here the gradient's two
factors are apart, so that the critic's slope can be exchanged for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ddpg_lib.pendulum import PendulumModel

Array = NDArray[Any]


def action_slope(critic: nn.Module, obs: Tensor, action: Tensor) -> Tensor:
    r"""The critic's slope in the action, :math:`\nabla_a Q_\phi(s, a)`; no weight gets a gradient.

    Parameters
    ----------
    critic : Critic
    obs : Tensor, shape (n, batch, obs_dim)
    action : Tensor, shape (n, batch, action_dim)
        Scaled to [-1, 1].

    Returns
    -------
    Tensor, shape (n, batch, action_dim)
        Scaled reward a unit of scaled action.
    """
    # A value depends on its own row only, so the slope of the sum holds each row's slope.
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
    if slope.shape != action.shape:
        raise ValueError(
            f"a slope must have its action's shape {tuple(action.shape)}, got {tuple(slope.shape)}"
        )
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


def finite_differences(
    function: Callable[[], Tensor], parameters: Sequence[Tensor], step: float = 1e-5
) -> list[Tensor]:
    """Gradient of a function by central differences, one weight after the other.

    Parameters
    ----------
    function : callable
        Without arguments; its scalar depends on the parameters.
    parameters : sequence of Tensor
        Of float64, as rounding would drown the differences. Afterwards they are as before.
    step : float
        Half the distance between the two values.

    Returns
    -------
    list of Tensor
        One for each parameter, of its shape, with an error of order ``step**2``.

    Raises
    ------
    ValueError
        If a parameter is not of float64.
    """
    if any(p.dtype != torch.float64 for p in parameters):
        raise ValueError("finite differences need float64: call .double() on the networks first")
    found = [torch.zeros_like(p) for p in parameters]
    with torch.no_grad():
        for p, g in zip(parameters, found, strict=True):
            weights, slopes = p.view(-1), g.view(-1)
            for k in range(p.numel()):
                there = weights[k].item()
                weights[k] = there + step
                above = function().item()
                weights[k] = there - step
                below = function().item()
                weights[k] = there
                slopes[k] = (above - below) / (2 * step)
    return found


def pendulum_action_value(
    policy: Callable[[Array], ArrayLike],
    theta: ArrayLike,
    theta_dot: ArrayLike,
    torque: ArrayLike,
    gamma: float,
    *,
    horizon: int = 400,
    model: PendulumModel | None = None,
) -> Array:
    r"""True action value :math:`Q^\mu` on Pendulum-v1: simulate the torque, then the policy.

    Both are deterministic, so one simulation is the value, but for what comes after the horizon.
    Rewards are above -17: at gamma = 0.99 the rest after 400 steps lies between -30 and 0.

    Parameters
    ----------
    policy : callable
        Observations ``(..., 3)`` to torques ``(...)``, in N m.
    theta, theta_dot, torque : array_like
        Angles in radians, angular velocities in rad/s, and first torques in N m.
    gamma : float
        Discount.
    horizon : int
        Steps that are simulated.
    model : PendulumModel, optional
        Dynamics; by default Pendulum-v1's.

    Returns
    -------
    array
        Of the arguments' common shape, in units of the unscaled reward.
    """
    model = PendulumModel() if model is None else model
    theta, theta_dot, torque = np.broadcast_arrays(theta, theta_dot, torque)
    total = np.zeros(theta.shape)
    for t in range(horizon):
        theta, theta_dot, reward = model.step(theta, theta_dot, torque)
        total += gamma**t * reward
        if t + 1 < horizon:
            torque = np.asarray(policy(model.observation(theta, theta_dot)))
    return total


def torque_slope(value: Callable[[Array], Array], torque: ArrayLike, step: float) -> Array:
    """Slope of values over Pendulum-v1's torque, by differences that stay within its bounds.

    Beyond a bound torques are clipped, and every slope would be 0: there it is one-sided.

    Parameters
    ----------
    value : callable
        Torques to values, of one shape.
    torque : array_like
        Where the slope is asked for, in N m.
    step : float
        Distance to either side, in N m.

    Returns
    -------
    array
        In units of the value a N m.
    """
    bound = PendulumModel().max_torque
    low, high = (np.clip(np.asarray(torque, float) + d, -bound, bound) for d in (-step, step))
    return np.asarray((value(high) - value(low)) / (high - low))
