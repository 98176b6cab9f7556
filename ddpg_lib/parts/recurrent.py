"""Networks with a memory for a stack of agents: a gated recurrent unit below each head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ddpg_lib.parts.networks import Actor, Critic, StackedLinear
from ddpg_lib.parts.normalization import RunningNorm
from ddpg_lib.speed.products import affine
from ddpg_lib.speed.recurrence import Recurrence


class StackedGRU(nn.Module):
    """``agents`` gated recurrent units side by side (Cho et al. 2014), as ``torch.nn.GRU`` has it.

    Parameters
    ----------
    agents
        How many.
    inputs
        Numbers that enter at each step.
    units
        Numbers that are remembered.
    """

    def __init__(self, agents: int, inputs: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.entering = StackedLinear(agents, inputs, 3 * units)
        self.remembered = StackedLinear(agents, units, 3 * units)

    @torch.no_grad()
    def initialize(self, rngs: Sequence[np.random.Generator], longest: int = 1) -> None:
        """Draw every agent's weights from its own generator, within ``1 / sqrt(inputs)``.

        The gates that say what stays begin so that units keep what they hold for 1 to ``longest``
        steps, each for another time (Tallec and Ollivier 2018). Otherwise half of it would be lost
        in each step, and with it the gradient of what lies further back.
        """
        self.entering.initialize(rngs)
        self.remembered.initialize(rngs)
        gate = slice(self.units, 2 * self.units)
        for i, rng in enumerate(rngs):
            times = torch.from_numpy(rng.uniform(1, max(longest, 1), self.units))
            self.entering.bias[i, 0, gate] = times.log().float()
            self.remembered.bias[i, 0, gate] = 0.0

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """The states ``(agents, batch, units)`` after one more input ``(agents, batch, inputs)``.

        ``state`` is what was before.
        """
        enters = self.entering(x)
        recalled = affine(state, self.remembered.weight, self.remembered.bias)
        (r, z, m), (r2, z2, m2) = enters.chunk(3, dim=-1), recalled.chunk(3, dim=-1)
        stay = torch.sigmoid(z + z2)
        new = torch.tanh(m + torch.sigmoid(r + r2) * m2)
        return torch.lerp(new, state, stay)  # (1 - stay) new + stay state

    def forward(self, x: Tensor, state: Tensor, begins: Tensor) -> Tensor:
        """The states after each step of sequences, ``(agents, batch, T, units)``.

        Parameters
        ----------
        x : shape (agents, batch, T, inputs)
            What enters.
        state : shape (agents, batch, units)
            Before the first step.
        begins : shape (agents, batch, T)
            1 where a step is an episode's first: what was before is forgotten there, and no
            gradient goes back across.
        """
        agents, batch, steps, _ = x.shape
        rows = x.transpose(1, 2).reshape(agents, steps * batch, -1)
        enters = self.entering(rows).view(agents, steps, batch, -1).transpose(0, 1)
        keep = (1 - begins).permute(2, 0, 1).unsqueeze(-1)
        weight, bias = self.remembered.weight, self.remembered.bias
        states: Tensor = Recurrence.apply(enters, state, keep, weight, bias)
        return states.permute(1, 2, 0, 3)


class WithMemory(nn.Module):
    r"""What recurrent actor and critic share: a memory of observations and past actions.

    The memory after :math:`o_t` is :math:`h_t = \mathrm{GRU}(h_{t-1}, [o_t, a_{t-1}])`, with
    zeros for :math:`h` and :math:`a` before an episode's first observation.

    Parameters
    ----------
    rngs
        One for each agent, for its initial weights.
    obs_dim, action_dim
        Number of observation and action components.
    units
        Numbers that are remembered.
    longest
        Steps over which they are to be remembered at first, as for :meth:`StackedGRU.initialize`.
    obs_norm
        Applied to observations first, and shared with other networks.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        units: int,
        longest: int = 1,
        obs_norm: RunningNorm | None = None,
    ) -> None:
        super().__init__()
        self.units = units
        self.entry = nn.ModuleList([obs_norm] if obs_norm is not None else [])
        self.memory = StackedGRU(len(rngs), obs_dim + action_dim, units)
        self.memory.initialize(rngs, longest)

    def step(self, obs: Tensor, last_action: Tensor, state: Tensor) -> Tensor:
        """What is remembered after one more observation, ``(n, batch, units)``.

        Parameters
        ----------
        obs : shape (n, batch, obs_dim)
            The observation.
        last_action : shape (n, batch, action_dim)
            The action before it, scaled to [-1, 1]; 0 at an episode's start.
        state : shape (n, batch, units)
            What was remembered before; 0 at an episode's start.
        """
        return self.memory.step(torch.cat((self.seen(obs), last_action), dim=-1), state)

    def follow(
        self, obs: Tensor, last_action: Tensor, begins: Tensor, state: Tensor, burn_in: int = 0
    ) -> Tensor:
        """What is remembered after each step of sequences but the first ``burn_in``.

        Through those the memory only runs, without gradients (Kapturowski et al. 2019, section
        3), so that what follows begins from a state that today's weights made.

        Parameters
        ----------
        obs : shape (n, batch, T, obs_dim)
            Observations.
        last_action : shape (n, batch, T, action_dim)
            The actions before them.
        begins : shape (n, batch, T)
            1 where an observation is an episode's first.
        state : shape (n, batch, units)
            What was remembered before the first of them.
        burn_in
            Steps, below T.

        Returns
        -------
        Tensor, shape (n, batch, T - burn_in, units)
        """
        x = torch.cat((self.seen(obs), last_action), dim=-1)
        if burn_in and not torch.is_grad_enabled():
            return self.memory(x, state, begins)[:, :, burn_in:]
        if burn_in:
            with torch.no_grad():
                state = self.memory(x[:, :, :burn_in], state, begins[:, :, :burn_in])[:, :, -1]
        return self.memory(x[:, :, burn_in:], state, begins[:, :, burn_in:])

    def seen(self, obs: Tensor) -> Tensor:
        """Observations ``obs``, ``(n, ..., obs_dim)``, as the networks take them."""
        for norm in self.entry:
            obs = norm(obs.flatten(1, -2)).view(obs.shape)
        return obs


class RecurrentActor(WithMemory):
    r"""Policies with a memory, :math:`\mu_\theta(h_t, o_t)`: the head is an actor.

    The head sees the last observation beside the memory, as in Ni et al. (2022).

    Parameters
    ----------
    rngs, obs_dim, action_dim, units, longest, obs_norm
        As for :class:`WithMemory`.
    hidden, activation, final_init, norm, squash
        The head's, as for :class:`~ddpg_lib.parts.networks.Actor`.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        units: int,
        longest: int = 1,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        final_init: float = 3e-3,
        norm: str = "none",
        obs_norm: RunningNorm | None = None,
        squash: bool = True,
    ) -> None:
        super().__init__(rngs, obs_dim, action_dim, units, longest, obs_norm)
        self.head = Actor(
            rngs, units + obs_dim, action_dim, hidden, activation, final_init, norm, squash=squash
        )

    def forward(self, obs: Tensor, state: Tensor, training: bool = False) -> Tensor:
        """The actions ``(n, batch, action_dim)``, scaled to [-1, 1].

        ``obs`` is ``(n, batch, obs_dim)``, and ``state``, ``(n, batch, units)``, what is
        remembered after it. ``training`` is as for an actor without a memory.
        """
        return self.head(torch.cat((state, self.seen(obs)), dim=-1), training)


class RecurrentCritic(WithMemory):
    r"""Values with a memory, :math:`Q_\phi(h_t, o_t, a_t)`: the head is a critic.

    Parameters
    ----------
    rngs, obs_dim, action_dim, units, longest, obs_norm
        As for :class:`WithMemory`.
    hidden, activation, final_init, action_layer, norm
        The head's, as for :class:`~ddpg_lib.parts.networks.Critic`.
    """

    def __init__(
        self,
        rngs: Sequence[np.random.Generator],
        obs_dim: int,
        action_dim: int,
        units: int,
        longest: int = 1,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        final_init: float = 3e-3,
        action_layer: int = 0,
        norm: str = "none",
        obs_norm: RunningNorm | None = None,
    ) -> None:
        super().__init__(rngs, obs_dim, action_dim, units, longest, obs_norm)
        self.head = Critic(
            rngs, units + obs_dim, action_dim, hidden, activation, final_init, action_layer, norm
        )

    def forward(self, obs: Tensor, action: Tensor, state: Tensor, training: bool = False) -> Tensor:
        """The values ``(n, batch)`` of actions, in units of the scaled reward.

        ``obs`` is ``(n, batch, obs_dim)``, ``action`` ``(n, batch, action_dim)``, scaled to [-1,
        1], and ``state``, ``(n, batch, units)``, what is remembered after the observation.
        ``training`` is as for a critic without a memory.
        """
        return self.head(torch.cat((state, self.seen(obs)), dim=-1), action, training)
