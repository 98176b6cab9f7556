"""SimBa's networks (Lee et al. 2025): residual blocks between layer normalizations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.networks import StackedLinear
from ddpg_lib.parts.normalization import LayerNorm, RunningNorm
from ddpg_lib.parts.seeds import Generators


class ResidualNetwork(nn.Module):
    """From rows ``(n, batch, inputs)`` to ``(n, batch, outputs)`` through residual blocks.

    Lee et al. (2025), section 4: a linear layer; blocks that add to their input what layer
    normalization, a layer four times as wide, ReLU and a linear layer make of it; layer
    normalization; a linear layer.

    Parameters
    ----------
    rngs, final_init
        As for :class:`~ddpg_lib.parts.networks.Actor`.
    inputs, outputs
        Numbers of a row.
    widths
        Of the blocks, all equal.

    Raises
    ------
    ValueError
        If they are not.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        inputs: int,
        outputs: int,
        widths: Sequence[int],
        final_init: float,
    ) -> None:
        super().__init__()
        if len(set(widths)) != 1:
            raise ValueError(f"residual blocks have one width, got hidden={tuple(widths)}")
        n, width = len(rngs), widths[0]
        self.entry = StackedLinear(n, inputs, width)
        self.norms = nn.ModuleList(LayerNorm(n, width) for _ in widths)
        self.wide = nn.ModuleList(StackedLinear(n, width, 4 * width) for _ in widths)
        self.narrow = nn.ModuleList(StackedLinear(n, 4 * width, width) for _ in widths)
        self.last_norm, self.last = LayerNorm(n, width), StackedLinear(n, width, outputs)
        for layer in (self.entry, *self.wide, *self.narrow):
            layer.initialize(rngs)
        self.last.initialize(rngs, final_init)

    def forward(self, x: Tensor) -> Tensor:
        """Map each agent's own rows, ``x`` ``(n, batch, inputs)`` to ``(n, batch, outputs)``."""
        x = self.entry(x)
        for norm, wide, narrow in zip(self.norms, self.wide, self.narrow, strict=True):
            x = x + narrow(torch.relu(wide(norm(x))))
        result: Tensor = self.last(self.last_norm(x))
        return result


class ResidualActor(nn.Module):
    """An actor, as :class:`~ddpg_lib.parts.networks.Actor`, of residual blocks.

    Parameters
    ----------
    obs_norm
        Applied to observations first, and shared with the critic.
    *network
        As for :class:`ResidualNetwork`.
    """

    def __init__(self, obs_norm: RunningNorm, *network: Any) -> None:
        super().__init__()
        self.obs_norm, self.network = obs_norm, ResidualNetwork(*network)

    def forward(self, obs: Tensor, training: bool = False) -> Tensor:
        """Actions ``(n, batch, action_dim)`` for ``obs`` ``(n, batch, obs_dim)``."""
        return torch.tanh(self.network(self.obs_norm(obs, training)))


class ResidualCritic(nn.Module):
    """A critic, as :class:`~ddpg_lib.parts.networks.Critic`, of residual blocks.

    Parameters
    ----------
    obs_norm
        Applied to observations first, and shared with the actor.
    *network
        As for :class:`ResidualNetwork`.
    """

    def __init__(self, obs_norm: RunningNorm, *network: Any) -> None:
        super().__init__()
        self.obs_norm, self.network = obs_norm, ResidualNetwork(*network)

    def forward(self, obs: Tensor, action: Tensor, training: bool = False) -> Tensor:
        """Values ``(n, batch)`` of ``action`` ``(n, batch, action_dim)``, scaled to [-1, 1]."""
        x = torch.cat((self.obs_norm(obs, training), action), dim=-1)
        value: Tensor = self.network(x)
        return value.squeeze(-1)


class SimBa(DDPG):
    """DDPG with SimBa's networks (Lee et al. 2025), for which it was made; nothing else differs.

    The configuration's ``hidden`` names one width for each block, and ``normalize_obs`` is on: the
    running statistics of observations are the first part of the architecture.

    Raises
    ------
    ValueError
        If the blocks have different widths, or the configuration does not normalize observations.
    """

    def networks(  # type: ignore[override]
        self, rngs: Generators, action_dim: int
    ) -> tuple[ResidualCritic, ResidualActor]:
        """Make the critic and the actor.

        Raises
        ------
        ValueError
            Without ``normalize_obs``.
        """
        c = self.config
        if self.obs_norm is None:
            raise ValueError("SimBa normalizes observations: set normalize_obs=True")
        size, blocks = self.obs_dim, (c.hidden, c.final_init)
        critic = ResidualCritic(self.obs_norm, rngs["critic"], size + action_dim, 1, *blocks)
        return critic, ResidualActor(self.obs_norm, rngs["actor"], size, action_dim, *blocks)
