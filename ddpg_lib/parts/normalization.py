"""Normalization inside the networks of a stack: statistics of each agent and feature alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

WITHOUT_FLOAT64 = ("mps",)  # types of device


class LayerNorm(nn.Module):
    """Layer normalization (Ba et al. 2016): each row to mean 0 and variance 1 over its features.

    Each agent has its own learned gain and offset, ``(agents, 1, features)``.
    """

    def __init__(self, agents: int, features: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(agents, 1, features))
        self.offset = nn.Parameter(torch.zeros(agents, 1, features))

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Normalize ``x``, ``(agents, batch, features)``, in training as otherwise."""
        return torch.addcmul(self.offset, functional.layer_norm(x, x.shape[-1:]), self.gain)


class BatchNorm(nn.Module):
    """Batch normalization (Ioffe and Szegedy 2015), each agent and feature by itself.

    In training a minibatch is normalized by its own mean and variance over the batch, and running
    averages follow these; out of it the running averages serve, so that a single observation can
    be acted on (Lillicrap et al. 2016, section 3). Formulas and constants are those of
    ``torch.nn.BatchNorm1d``. Gain, offset and averages are ``(agents, 1, features)``.

    Every pass of an update is one of training, those of the target networks too, whose averages
    so follow what they themselves compute. Only the critic's pass in the actor's step takes
    running averages: there the critic stays as it is, and each transition's dQ/da depends on that
    transition alone. With targets that took running averages, following the online networks' at
    once or at rate tau, six agents on Pendulum-v1 (recipe "pendulum", 16,000 steps) ended between
    -1100 and -700; with targets that train, between -152 and -146.
    """

    MOMENTUM = 0.1
    EPS = 1e-5
    mean: Tensor
    var: Tensor

    def __init__(self, agents: int, features: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(agents, 1, features))
        self.offset = nn.Parameter(torch.zeros(agents, 1, features))
        self.register_buffer("mean", torch.zeros(agents, 1, features))
        self.register_buffer("var", torch.ones(agents, 1, features))

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Normalize ``x``, ``(agents, batch, features)``, in training by its own statistics.

        Raises
        ------
        ValueError
            In training, for a batch of one: it has no variance.
        """
        agents, batch, features = x.shape
        # Agents beside features: one kernel normalizes all columns.
        y = functional.batch_norm(
            x.transpose(0, 1).reshape(batch, -1),
            self.mean.view(-1),
            self.var.view(-1),
            self.gain.view(-1),
            self.offset.view(-1),
            training,
            self.MOMENTUM,
            self.EPS,
        )
        return y.view(batch, agents, features).transpose(0, 1)


class RunningNorm(nn.Module):
    """Observations less their mean so far, over their standard deviation so far, an agent.

    Only :meth:`add` moves the statistics; whatever evaluates the networks leaves them alone. The
    replay buffer keeps observations as they came: normalized before storing, old ones would be on
    another scale than new ones (sfujim/TD3, issue 11).

    ``mean`` and ``var`` are float64, ``(agents, 1, features)``. What comes out is held within
    ``limit``.
    """

    EPS = 1e-8
    count: Tensor
    mean: Tensor
    var: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, agents: int, features: int, limit: float = 10.0) -> None:
        super().__init__()
        self.limit = limit
        shape = (agents, 1, features)
        # Sums over millions of steps need float64; the networks take them in float32.
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("var", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> RunningNorm:
        # Called by to(device): where there is no float64, sums stay in main memory.
        if fn(torch.zeros(())).device.type not in WITHOUT_FLOAT64:
            return super()._apply(fn, recurse)
        self.shift, self.scale = fn(self.shift), fn(self.scale)
        return self

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Normalize ``x``, ``(agents, batch, features)``, in training as otherwise."""
        return ((x - self.shift) * self.scale).clamp(-self.limit, self.limit)

    @torch.no_grad()
    def add(self, obs: ArrayLike) -> None:
        """Count observations of each agent, ``(agents, features)`` or ``(agents, m, features)``.

        Means and variances of two parts are joined as in Chan et al. (1983). Until there are two
        observations, nothing is scaled.
        """
        x = torch.as_tensor(obs, dtype=torch.float64, device=self.mean.device)
        x = x.view(self.mean.shape[0], -1, self.mean.shape[-1])
        more = x.shape[1]
        var, mean = torch.var_mean(x, dim=1, correction=0, keepdim=True)
        total = self.count + more
        delta = mean - self.mean
        self.mean += delta * (more / total)
        self.var += (var - self.var) * (more / total)
        self.var += delta.square() * (self.count * more / total.square())
        self.count += more
        self.shift.copy_(self.mean.float())
        if self.count >= 2:
            self.scale.copy_((self.var + self.EPS).rsqrt().float())
