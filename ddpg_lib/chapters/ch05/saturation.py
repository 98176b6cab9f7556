"""The way back from a bound: through a tanh, or with inverted gradients."""

from __future__ import annotations

import torch

from ddpg_lib.parts.gradients import invert_gradient
from ddpg_lib.parts.optim import StackedAdam


def steps_back(
    depth: float, rate: float, *, adam: bool = False, invert: bool = False, limit: int = 10**6
) -> int:
    """Steps of size ``rate`` up a constant slope of 1 until an action that was low is 0.

    Parameters
    ----------
    depth : float
        The output p begins at minus this, and the action is tanh(p). With ``invert`` the action
        is p itself, and begins at the bound, -1.
    rate : float
        Of plain steps, or Adam's.
    adam, invert : bool
        Whether Adam takes the steps; whether gradients are inverted at the bounds.
    limit : int
        Steps after which it gives up.

    Raises
    ------
    RuntimeError
        If the middle is not reached.
    """
    p = torch.tensor([-1.0 if invert else -float(depth)])
    optimizer = StackedAdam([p], lr=rate)
    for step in range(1, limit):
        slope = torch.ones(1)
        gradient = invert_gradient(slope, p) if invert else slope * (1 - torch.tanh(p) ** 2)
        if adam:
            optimizer.apply([-gradient])
        else:
            p += rate * gradient
        if p.item() >= 0:
            return step
    raise RuntimeError(f"the middle is not reached in {limit} steps")
