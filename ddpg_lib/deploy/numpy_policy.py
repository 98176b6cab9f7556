"""A policy from its file, with NumPy alone: a copy of this needs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float32]
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "elu": lambda z: np.maximum(z, np.expm1(np.minimum(z, 0))),
    "silu": lambda z: z / (1 + np.exp(np.minimum(-z, 80))),  # e^89 overflows float32
    "clip": lambda z: np.minimum(np.maximum(z, -1), 1),
}


def load_policy(path: str | Path) -> Callable[[ArrayLike], Array]:
    """The policy in a file that ``save_policy`` wrote, as a function.

    It takes observations ``(..., obs_dim)``, one or many, as the environment gives
    them, and returns noise-free actions ``(..., action_dim)`` in the environment's
    units, within their bounds, as float32. Another shape raises ValueError.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is damaged, of another version, or not from ``save_policy``.
    """
    with open(path, "rb") as file:
        try:
            p: dict[str, Any] = dict(np.load(file))
            kind = f"{p['format']} {p['version']}"
            if len(p) != p["entries"]:
                raise ValueError("it is not whole")
        except Exception as error:
            raise ValueError(f"{path} is damaged, or no file of save_policy") from error
    if kind != "ddpg_lib policy 1":
        raise ValueError(f"{path} holds {kind}; this loader reads ddpg_lib policy 1")
    count = sum(name.startswith("weight_") for name in p)
    layers: list[Any] = []
    for i in range(count):
        parts = [p.get(f"{name}_{i}") for name in ("weight", "bias", "gain", "offset")]
        function = p["activation" if i < count - 1 else "squash"]
        layers.append((*parts, FUNCTIONS[str(function)]))
    low, high, obs_dim = p["action_low"], p["action_high"], len(p["weight_0"])
    center, half_range = (high + low) / 2, (high - low) / 2

    def policy(obs: ArrayLike) -> Array:
        x = np.asarray(obs, np.float32)
        if x.shape[-1:] != (obs_dim,):
            raise ValueError(f"observations must be (..., {obs_dim}), got {x.shape}")
        if "obs_shift" in p:
            x = (x - p["obs_shift"]) * p["obs_scale"]
            x = np.minimum(np.maximum(x, -p["obs_limit"]), p["obs_limit"])
        for weight, bias, gain, offset, function in layers:
            x = x @ weight + bias
            if gain is not None:  # layer normalization: the mean of x is 0 already
                x = x / np.sqrt((x * x).sum(-1, keepdims=True) / x.shape[-1] + 1e-5)
                x = x * gain + offset
            x = function(x)
        return np.minimum(np.maximum(center + half_range * x, low), high)

    return policy
