"""A small actor's actions by NumPy, whose calls cost a third of what PyTorch's do.

Between two updates each agent asks its actor about one observation. That is hardly any
arithmetic: the time goes into calls, a few for each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ddpg_lib.parts.networks import ACTIVATIONS, Actor

Array = NDArray[np.float32]
# As in deploy.numpy_policy, a copy of which has to do without the library.
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "elu": lambda z: np.maximum(z, np.expm1(np.minimum(z, 0))),
    "silu": lambda z: z / (1 + np.exp(np.minimum(-z, 80))),  # e^89 overflows float32
}
OF_TENSORS = {function: FUNCTIONS[name] for name, function in ACTIVATIONS.items()}


def actions_of(actor: nn.Module, rows: Tensor, shape: Sequence[int]) -> NDArray[Any]:
    """What ``actor`` gives, without gradients, ``(n, ..., action_dim)``.

    It is asked about ``rows``, ``(n, batch, obs_dim)``, which were observations of the ``shape``
    ``(n, ..., obs_dim)``. One row an agent goes through NumPy where nothing is missed by it: on a
    CPU, if the actor is not of a class of its own, normalizes nothing and has no hook.
    """
    layers: NumpyLayers | None = None
    if rows.shape[1] == 1 and type(actor) is Actor:
        if actor.by_numpy is None or actor.by_numpy.stale():
            actor.by_numpy = NumpyLayers.of(actor)
        layers = actor.by_numpy
    if layers is None or layers.watched():
        actions: NDArray[Any] = actor(rows).cpu().numpy()
    else:
        raw = layers(rows.numpy())
        actions = np.tanh(raw) if actor.squash else np.clip(raw, -1, 1)
    return actions.reshape(*shape[:-1], -1)


class NumpyLayers:
    """A network's layers, with one function between them, on the memory of their own weights.

    Parameters
    ----------
    network
        On the CPU. What it does besides its layers is not done here.
    function
        Of arrays.
    """

    def __init__(self, network: nn.Module, function: Callable[[Array], Array]) -> None:
        self.network, self.function = network, function
        modules = list(network.modules())
        self.weights = [
            (m._parameters, name, p, p.data_ptr())
            for m in modules
            for name, p in m._parameters.items()
            if p is not None
        ]
        self.arrays: list[Any] = [p.detach().numpy() for _, _, p, _ in self.weights]
        self.hooks = [h for m in modules for h in (m._forward_hooks, m._forward_pre_hooks)]

    @classmethod
    def of(cls, actor: Actor) -> NumpyLayers | None:
        """Those of an actor, if it has nothing else and is on the CPU."""
        elsewhere = any(p.device.type != "cpu" for p in actor.parameters())
        if elsewhere or actor.entry or actor.norms:
            return None
        return cls(actor, OF_TENSORS[actor.activation])

    def stale(self) -> bool:
        """Whether the network's weights lie elsewhere by now."""
        return not all(
            owner[name] is p and p.data_ptr() == place for owner, name, p, place in self.weights
        )

    def watched(self) -> bool:
        """Whether somebody wants to see or to change what the network does."""
        return any(self.hooks) or "forward" in vars(self.network)

    def __call__(self, x: Array) -> Array:
        """What the last layer gives: ``(n, batch, inputs)`` to ``(n, batch, outputs)``."""
        y = x
        for i in range(0, len(self.arrays), 2):
            y = (self.function(y) if i else y) @ self.arrays[i] + self.arrays[i + 1]
        return y
