"""A MuJoCo world near one state as a linear system, and a trained actor as a linear controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.ddpg import DDPG

Array = NDArray[np.float64]
Transition = Callable[[Array, Array], Array]


def transition(env: gym.Env[Any, Any]) -> Transition:
    """The noise-free map from a state and an action to the next state, of a MuJoCo environment.

    Each call moves the environment.

    Returns
    -------
    callable
        Of a state, the positions and then the velocities, shape (nq + nv,), and an action in the
        environment's units, shape (m,); returns the state one environment step later.

    Raises
    ------
    ValueError
        If it is no MuJoCo environment.
    """
    world: Any = env.unwrapped
    if not hasattr(world, "do_simulation"):
        name = type(world).__name__
        raise ValueError(f"{name} is no MuJoCo environment: it has no do_simulation")

    def after(state: Array, action: Array) -> Array:
        world.set_state(np.array(state[: world.model.nq]), np.array(state[world.model.nq :]))
        world.do_simulation(np.asarray(action, np.float64), world.frame_skip)
        return np.concatenate([world.data.qpos, world.data.qvel])

    return after


def linearize(
    f: Transition, state: ArrayLike, action: ArrayLike, step: float = 1e-4
) -> tuple[Array, Array]:
    """The derivatives of a transition by central differences: ``s' - f(s0, a0) = A ds + B da``.

    Parameters
    ----------
    f : callable
        As from :func:`transition`.
    state : array_like, shape (n,)
        Where; positions need to be coordinates, not quaternions.
    action : array_like, shape (m,)
        The action there.
    step : float
        Of the differences, in each component's unit.

    Returns
    -------
    A : array, shape (n, n)
        Derivative of the next state in the state.
    B : array, shape (n, m)
        Derivative of the next state in the action.

    Raises
    ------
    ValueError
        If the step is not positive.
    """
    if not step > 0:
        raise ValueError(f"step must be positive, got {step}")
    s, a = np.asarray(state, np.float64), np.asarray(action, np.float64)
    of_state = [f(s + e, a) - f(s - e, a) for e in step * np.eye(s.size)]
    of_action = [f(s, a + e) - f(s, a - e) for e in step * np.eye(a.size)]
    A, B = np.stack(of_state, axis=1), np.stack(of_action, axis=1)
    return A / (2 * step), B / (2 * step)


def actor_gain(agent: DDPG, obs: ArrayLike) -> Array:
    r"""Each policy as a linear controller near an observation: :math:`K = -\partial\mu/\partial s`.

    Parameters
    ----------
    obs : array_like, shape (n, obs_dim)
        An observation for each of the n agents.

    Returns
    -------
    array, shape (n, action_dim, obs_dim)
        Action, in the environment's units, for each unit of the observation, with the sign of
        ``a = -K s``.

    Raises
    ------
    ValueError
        If there is not one observation for each agent.
    """
    x = torch.as_tensor(np.asarray(obs, np.float32), device=agent.device)
    if x.ndim != 2 or len(x) != agent.n:
        raise ValueError(
            f"one observation for each of the {agent.n} agents is needed, got "
            f"shape {tuple(x.shape)}"
        )
    x = x[:, None].requires_grad_()
    action = agent.actor(x)
    rows = [
        torch.autograd.grad(action[..., k].sum(), x, retain_graph=True)[0][:, 0]
        for k in range(action.shape[-1])
    ]
    jacobian = torch.stack(rows, dim=1).double().cpu().numpy()
    # The actor's outputs are scaled to [-1, 1]; half the range is the environment's unit.
    return np.asarray(-agent.half_range[:, None] * jacobian)
