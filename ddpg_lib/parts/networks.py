"""Actor and critic networks for a stack of independent agents.

A stack of ``n`` agents is one leading axis: a layer holds weights ``(n, inputs, outputs)`` and one
batched matrix product serves every agent. No number ever crosses from one agent to another.
"""

from __future__ import annotations

import copy
import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ddpg_lib.parts.normalization import BatchNorm, LayerNorm, RunningNorm
from ddpg_lib.speed.products import affine, bfloat16_is_fast

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "elu": nn.functional.elu,
    "silu": nn.functional.silu,
}
"""Of hidden layers, by name: relu, tanh, elu, silu."""

Network = TypeVar("Network", bound=nn.Module)
Other = TypeVar("Other", bound=nn.Module)


class StackedLinear(nn.Module):
    """``agents`` affine maps side by side: ``y[i] = x[i] @ weight[i] + bias[i]``.

    ``weight`` is ``(agents, inputs, outputs)``, ``bias`` ``(agents, 1, outputs)``.
    ``in_bfloat16`` is what :func:`~ddpg_lib.speed.products.affine` calls ``bfloat16``.
    """

    in_bfloat16 = False

    def __init__(self, agents: int, inputs: int, outputs: int) -> None:
        super().__init__()
        # (inputs, outputs), unlike torch.nn.Linear: what a batched product multiplies by.
        self.weight = nn.Parameter(torch.zeros(agents, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(agents, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map each agent's own rows ``(agents, batch, inputs)`` to ``(agents, batch, outputs)``."""
        return affine(x, self.weight, self.bias, self.in_bfloat16)

    @torch.no_grad()
    def initialize(self, rngs: Sequence[np.random.Generator], bound: float | None = None) -> None:
        """Draw every agent's weights from its own generator, uniformly in ``[-bound, bound]``.

        By default the bound is ``1 / sqrt(inputs)`` (Lillicrap et al. 2016, section 7).
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
    rngs
        One for each agent, for its initial weights.
    obs_dim, action_dim
        Number of observation and action components.
    hidden
        Width of each hidden layer.
    activation
        A key of ``ACTIVATIONS``.
    final_init
        Bound of the last layer's initial weights. Small, so that the first actions are near 0,
        where tanh has its full slope (Lillicrap et al. 2016, section 7: 3e-3).
    norm
        "layer" normalizes what enters each hidden layer's activation; "batch" does so over the
        batch, and the observation too, but not the output, which would leave no first action
        near 0 (Lillicrap et al. 2016, section 3); "none" does nothing.
    obs_norm
        Applied to observations first, and shared with other networks.
    squash
        Whether the output goes through tanh. Without, it is linear in training and clipped to
        [-1, 1] otherwise.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        hidden: Sequence[int] = (256, 256),
        activation: str = "relu",
        final_init: float = 3e-3,
        norm: str = "none",
        obs_norm: RunningNorm | None = None,
        squash: bool = True,
    ) -> None:
        super().__init__()
        sizes = [obs_dim, *hidden, action_dim]
        self.squash = squash
        self.activation = ACTIVATIONS[activation]
        self.layers = nn.ModuleList(
            StackedLinear(len(rngs), m, k) for m, k in itertools.pairwise(sizes)
        )
        _initialize(self.layers, rngs, final_init)
        self.entry, self.norms = _norms(norm, len(rngs), obs_dim, hidden, obs_norm)
        self.by_numpy: Any = None  # see ddpg_lib.parts.acting

    def forward(self, obs: Tensor, training: bool = False) -> Tensor:
        """The policies' actions ``(n, batch, action_dim)`` for ``obs`` ``(n, batch, obs_dim)``.

        In training, batch normalization takes this batch's statistics instead of running ones,
        and an actor without ``squash`` is linear instead of clipped.
        """
        x = self.raw(obs, training)
        if self.squash:
            return torch.tanh(x)
        return x if training else x.clamp(-1, 1)

    def raw(self, obs: Tensor, training: bool = False) -> Tensor:
        """What the last layer gives, ``(n, batch, outputs)``, before tanh; as ``forward``."""
        x = obs
        for norm in self.entry:
            x = norm(x, training)
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i < len(self.norms):
                x = self.norms[i](x, training)
            if i < len(self.layers) - 1:
                x = self.activation(x)
        return x


class Critic(nn.Module):
    r"""Action values :math:`Q_\phi(s, a)`.

    Parameters that are not described here are as for :class:`Actor`.

    Parameters
    ----------
    action_layer
        The layer that receives the action, counted from 0. 0 feeds it in with the observation;
        1, at the second layer, is the choice of Lillicrap et al. (2016), section 7.
    norm
        As for :class:`Actor`, but "batch" normalizes the layers before the action only: these see
        states of the replay buffer alone, whoever's action is judged.
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
        norm: str = "none",
        obs_norm: RunningNorm | None = None,
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
        widths = hidden[:action_layer] if norm == "batch" else hidden
        self.entry, self.norms = _norms(norm, len(rngs), obs_dim, widths, obs_norm)

    def forward(self, obs: Tensor, action: Tensor, training: bool = False) -> Tensor:
        """The values ``(n, batch)`` of actions, in units of the scaled reward.

        ``obs`` is ``(n, batch, obs_dim)``, ``action`` ``(n, batch, action_dim)``, scaled to [-1,
        1]. In training, batch normalization takes this batch's statistics instead of running
        ones.
        """
        x = obs
        for norm in self.entry:
            x = norm(x, training)
        for i, layer in enumerate(self.layers):
            x = layer(torch.cat((x, action), dim=-1) if i == self.action_layer else x)
            if i < len(self.norms):
                x = self.norms[i](x, training)
            if i < len(self.layers) - 1:
                x = self.activation(x)
        return x.squeeze(-1)  # one value a transition, (n, batch)


def rows_of(x: NDArray[Any], agents: int, size: int, device: torch.device) -> Tensor:
    """What networks take, ``(agents, rows, size)``: whatever axes are between become rows.

    Raises
    ------
    ValueError
        If ``x`` is not ``(agents, ..., size)``.
    """
    if x.ndim < 2 or (x.shape[0], x.shape[-1]) != (agents, size):
        raise ValueError(f"shape ({agents}, ..., {size}) is needed, got {x.shape}")
    return torch.from_numpy(x.reshape(agents, -1, size)).to(device)


def _initialize(
    layers: nn.ModuleList, rngs: Sequence[np.random.Generator], final_init: float
) -> None:
    for i, layer in enumerate(layers):
        layer.initialize(rngs, bound=final_init if i == len(layers) - 1 else None)  # type: ignore[operator]


def target_of(network: Network) -> Network:
    """Copy an :class:`Actor` or a :class:`Critic` as its target.

    The copy has equal weights of its own, without gradients, and the same ``obs_norm``.
    """
    # What this names deepcopy does not copy: there is one set of observation statistics.
    shared = {id(m): m for m in network.modules() if isinstance(m, RunningNorm)}
    return copy.deepcopy(network, shared).requires_grad_(False)


def placed(
    networks: tuple[Network, Other], device: torch.device, precision: str
) -> tuple[Network, Other]:
    """Move two networks to a device, and let their wide layers multiply in this precision.

    Warns where "bfloat16" is slow.
    """
    if precision == "bfloat16" and not bfloat16_is_fast(device):
        warnings.warn(
            "precision is bfloat16, for which this processor has no instructions: it will be "
            "slower than float32, which is the default",
            stacklevel=3,
        )
    one, other = networks
    for module in (*one.modules(), *other.modules()):
        if isinstance(module, StackedLinear):
            module.in_bfloat16 = precision == "bfloat16"
    return one.to(device), other.to(device)


def _norms(
    kind: str, agents: int, obs_dim: int, widths: Sequence[int], obs_norm: RunningNorm | None
) -> tuple[nn.ModuleList, nn.ModuleList]:
    """What normalizes the observation, and the hidden layers of these widths."""
    entry = nn.ModuleList([obs_norm] if obs_norm is not None else [])
    if kind == "batch":
        entry.append(BatchNorm(agents, obs_dim))
        return entry, nn.ModuleList(BatchNorm(agents, width) for width in widths)
    if kind == "layer":
        return entry, nn.ModuleList(LayerNorm(agents, width) for width in widths)
    return entry, nn.ModuleList()
