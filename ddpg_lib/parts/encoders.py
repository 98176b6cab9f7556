"""Convolutional networks that see frames, for a stack of agents."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ddpg_lib.parts.networks import StackedLinear
from ddpg_lib.parts.normalization import LayerNorm


class StackedConv(nn.Module):
    """``agents`` convolutions side by side, without padding.

    ``weight`` is ``(agents, outputs, inputs, kernel, kernel)``, ``bias`` ``(agents, outputs)``.
    """

    def __init__(self, agents: int, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.zeros(agents, outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(agents, outputs))

    @torch.no_grad()
    def initialize(self, rngs: Sequence[np.random.Generator], gain: float = 1.0) -> None:
        """Draw weights from each agent's generator, uniformly within ``gain / sqrt(inputs)``.

        With a gain of 1 these are the bounds of Lillicrap et al. (2016), section 7; the inputs of
        a unit are all pixels that it sees, in all channels. The biases are drawn likewise.
        """
        bound = gain * self.weight[0, 0].numel() ** -0.5
        for i, rng in enumerate(rngs):
            for parameter in (self.weight, self.bias):
                values = rng.uniform(-bound, bound, parameter[i].shape)
                parameter[i] = torch.as_tensor(values, dtype=parameter.dtype)


class Encoder(nn.Module):
    """Convolutional layers with ReLU, from stacked frames to one row of numbers each.

    Parameters
    ----------
    rngs
        One for each agent, for its initial weights.
    obs_shape
        Of an observation: frames, channels, height, width.
    filters, kernels, strides
        One a layer.
    gain
        Of the initial weights, as for :meth:`StackedConv.initialize`.

    Attributes
    ----------
    outputs : int
        Numbers that come out.

    Raises
    ------
    ValueError
        If the layers leave nothing of the frames.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_shape: Sequence[int],
        filters: Sequence[int],
        kernels: Sequence[int],
        strides: Sequence[int],
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        frames, channels, *sides = obs_shape
        self.image = (frames * channels, *sides)
        widths = itertools.pairwise([frames * channels, *filters])
        layers = [
            StackedConv(len(rngs), m, k, kernel, stride)
            for (m, k), kernel, stride in zip(widths, kernels, strides, strict=True)
        ]
        for layer in layers:
            layer.initialize(rngs, gain)
        self.layers = nn.ModuleList(layers)
        for kernel, stride in zip(kernels, strides, strict=True):
            sides = [(side - kernel) // stride + 1 for side in sides]
        if min(sides) < 1:
            raise ValueError(f"nothing is left of {obs_shape[-2]} x {obs_shape[-1]} pixels")
        self.outputs = filters[-1] * sides[0] * sides[1]

    def forward(self, frames: Tensor) -> Tensor:
        """Encode ``frames``, ``(n, batch, ...)``, as rows ``(n, batch, outputs)``.

        Whatever axes follow the batch, they hold an observation in the order of ``obs_shape``, as
        :func:`scaled` gives it.
        """
        layers = cast("list[StackedConv]", list(self.layers))
        weights = [layer.weight.unbind() for layer in layers]
        biases = [layer.bias.unbind() for layer in layers]
        rows = []
        # One agent after the other: several times as fast as one convolution with groups.
        for i, own in enumerate(frames):
            x = own.reshape(-1, *self.image).contiguous(memory_format=torch.channels_last)
            for layer, weight, bias in zip(layers, weights, biases, strict=True):
                x = torch.relu(functional.conv2d(x, weight[i], bias[i], layer.stride))
            rows.append(x.permute(0, 2, 3, 1).flatten(1))  # as it lies in memory
        return rows[0][None] if len(rows) == 1 else torch.stack(rows)


def scaled(frames: Tensor) -> Tensor:
    """Bytes as numbers from -0.5 to 0.5, ``(n, batch, channels, height, width)``.

    ``frames`` is uint8, ``(n, batch, frames, channels, height, width)``. In memory the channels are
    last, as convolutions on a CPU like them.
    """
    ordered = frames.flatten(2, 3).permute(0, 1, 3, 4, 2).contiguous()
    return ordered.float().mul_(1 / 255).sub_(0.5).permute(0, 1, 4, 2, 3)


class Trunk(nn.Module):
    """What is seen, compressed to a few bounded numbers: linear, layer norm, tanh.

    Without it the first dense layer would be as wide as all that an encoder gives (Yarats et al.
    2022).
    """

    def __init__(self, rngs: Sequence[np.random.Generator], inputs: int, features: int) -> None:
        super().__init__()
        self.layer = StackedLinear(len(rngs), inputs, features)
        self.layer.initialize(rngs)
        self.norm = LayerNorm(len(rngs), features)

    def forward(self, x: Tensor) -> Tensor:
        """``(n, batch, inputs)`` to ``(n, batch, features)``."""
        return torch.tanh(self.norm(self.layer(x)))


class Behind(nn.Module):
    """An actor or a critic behind something that it looks through.

    Parameters
    ----------
    front
        From observations to rows ``(n, batch, numbers)``.
    network
        An :class:`~ddpg_lib.parts.networks.Actor` or a :class:`~ddpg_lib.parts.networks.Critic`
        of such rows.
    """

    def __init__(self, front: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.front, self.network = front, network

    def forward(self, obs: Tensor, *action: Tensor, training: bool = False) -> Tensor:
        """Return what ``network`` gives for what ``front`` makes of ``obs``, and for an ``action``.

        ``obs`` is ``(n, batch, ...)``, ``action``, of a critic, ``(n, batch, action_dim)``.
        """
        result: Tensor = self.network(self.front(obs), *action, training=training)
        return result
