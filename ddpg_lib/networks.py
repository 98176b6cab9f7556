"""Actor and critic networks for a stack of independent agents.

A stack of ``n`` agents is one leading axis: a layer holds weights ``(n, inputs, outputs)`` and one
batched matrix product serves every agent. No number ever crosses from one agent to another.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ddpg_lib.products import affine

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "elu": nn.functional.elu,
    "silu": nn.functional.silu,
}
"""Of hidden layers, by name: relu, tanh, elu, silu."""


class StackedLinear(nn.Module):
    """``n`` affine maps side by side: ``y[i] = x[i] @ weight[i] + bias[i]``.

    Parameters
    ----------
    agents, inputs, outputs : int
        The sizes; ``weight`` is ``(agents, inputs, outputs)``, ``bias`` ``(agents, 1, outputs)``.
    """

    def __init__(self, agents: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(agents, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(agents, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Apply each agent's map to its own rows.

        Parameters
        ----------
        x : Tensor, shape (agents, batch, inputs)

        Returns
        -------
        Tensor, shape (agents, batch, outputs)
        """
        return affine(x, self.weight, self.bias)

    @torch.no_grad()
    def initialize(self, rngs: Sequence[np.random.Generator], bound: float | None = None) -> None:
        """Draw every agent's weights from its own generator, uniformly in ``[-bound, bound]``.

        Parameters
        ----------
        rngs : sequence of numpy.random.Generator
            One for each agent.
        bound : float, optional
            Without it, ``1 / sqrt(inputs)`` (Lillicrap et al. 2016, section 7).
        """
        bound = self.weight.shape[1] ** -0.5 if bound is None else bound
        for i, rng in enumerate(rngs):
            for parameter in (self.weight, self.bias):
                values = rng.uniform(-bound, bound, parameter[i].shape)
                parameter[i] = torch.as_tensor(values, dtype=parameter.dtype)


class Actor(nn.Module):
    r"""Deterministic policies :math:`\mu_\theta(s)`, with actions scaled to ``[-1, 1]`` by tanh.

    Parameters
    ----------
    rngs : sequence of numpy.random.Generator
        One for each agent, for its initial weights.
    obs_dim, action_dim : int
        Number of observation and action components.
    hidden : sequence of int
        Width of each hidden layer.
    activation : str
        A key of ``ACTIVATIONS``.
    final_init : float
        Bound of the last layer's initial weights. Small, so that the first actions are near 0,
        where tanh has its full slope (Lillicrap et al. 2016, section 7: 3e-3).
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        hidden: Sequence[int] = (256, 256),
        activation: str = "relu",
        final_init: float = 3e-3,
    ) -> None:
        super().__init__()
        sizes = [obs_dim, *hidden, action_dim]
        self.activation = ACTIVATIONS[activation]
        self.layers = nn.ModuleList(
            StackedLinear(len(rngs), m, k) for m, k in itertools.pairwise(sizes)
        )
        _initialize(self.layers, rngs, final_init)

    def forward(self, obs: Tensor) -> Tensor:
        """The policies' actions.

        Parameters
        ----------
        obs : Tensor, shape (n, batch, obs_dim)

        Returns
        -------
        Tensor, shape (n, batch, action_dim)
            Scaled to [-1, 1].
        """
        x = obs
        for i, layer in enumerate(self.layers):
            x = layer(x)
            x = self.activation(x) if i < len(self.layers) - 1 else torch.tanh(x)
        return x


class Critic(nn.Module):
    r"""Action values :math:`Q_\phi(s, a)`.

    Parameters
    ----------
    rngs, obs_dim, action_dim, hidden, activation, final_init
        As for :class:`Actor`.
    action_layer : int
        The layer that receives the action, counted from 0. 0 feeds it in with the observation;
        1, at the second layer, is the choice of Lillicrap et al. (2016), section 7.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        hidden: Sequence[int] = (256, 256),
        activation: str = "relu",
        final_init: float = 3e-3,
        action_layer: int = 0,
    ) -> None:
        super().__init__()
        sizes = [obs_dim, *hidden, 1]
        self.activation = ACTIVATIONS[activation]
        self.action_layer = action_layer
        self.layers = nn.ModuleList(
            StackedLinear(len(rngs), m + action_dim * (i == action_layer), k)
            for i, (m, k) in enumerate(itertools.pairwise(sizes))
        )
        _initialize(self.layers, rngs, final_init)

    def forward(self, obs: Tensor, action: Tensor) -> Tensor:
        """The values of actions.

        Parameters
        ----------
        obs : Tensor, shape (n, batch, obs_dim)
        action : Tensor, shape (n, batch, action_dim)
            Scaled to [-1, 1].

        Returns
        -------
        Tensor, shape (n, batch)
            In units of the scaled reward.
        """
        x = obs
        for i, layer in enumerate(self.layers):
            x = layer(torch.cat((x, action), dim=-1) if i == self.action_layer else x)
            if i < len(self.layers) - 1:
                x = self.activation(x)
        return x.squeeze(-1)


def _initialize(
    layers: nn.ModuleList, rngs: Sequence[np.random.Generator], final_init: float
) -> None:
    for i, layer in enumerate(layers):
        layer.initialize(rngs, bound=final_init if i == len(layers) - 1 else None)  # type: ignore[operator]
