"""A policy in one file that plain NumPy reads: normalization folded in, bounds beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.networks import ACTIVATIONS, Actor, StackedLinear
from ddpg_lib.parts.normalization import BatchNorm, LayerNorm, RunningNorm
from ddpg_lib.runs.plan import versions
from ddpg_lib.runs.saving import replacing

FORMAT, VERSION = "ddpg_lib policy", 1
KNOWN = {Actor, nn.ModuleList, StackedLinear, RunningNorm, BatchNorm, LayerNorm}

Array = NDArray[np.float64]
Own = Callable[[Tensor], Array]  # one agent's part


def save_policy(
    agent: DDPG,
    path: str | Path,
    number: int = 0,
    *,
    env: str = "",
    obs_low: ArrayLike | None = None,
    obs_high: ArrayLike | None = None,
) -> None:
    """Write the noise-free policy of one agent to an ``.npz`` file.

    :func:`~ddpg_lib.deploy.numpy_policy.load_policy` makes a function of it, with NumPy alone,
    whose actions are those of :meth:`DDPG.act <ddpg_lib.ddpg.DDPG.act>`. The parameters,
    ``obs_low`` and ``obs_high`` too, are as for :func:`policy_arrays`.

    Raises
    ------
    ValueError
        If the file cannot represent the policy, or no agent has this number.
    CheckpointError
        If the file cannot be written.
    """
    arrays = policy_arrays(agent, number, env=env, obs_low=obs_low, obs_high=obs_high)
    with replacing(Path(path)) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # none is called allow_pickle


def policy_arrays(
    agent: DDPG,
    number: int = 0,
    *,
    env: str = "",
    obs_low: ArrayLike | None = None,
    obs_high: ArrayLike | None = None,
) -> dict[str, NDArray[Any]]:
    """What :func:`save_policy` writes: arrays, numbers and texts by name.

    Parameters
    ----------
    agent
        A stack of agents.
    number
        The agent's place in it.
    env
        The environment's id, for whoever finds the file.
    obs_low, obs_high : shape (obs_dim,)
        Where the agent sees observations scaled from these bounds to [0, 1]: the policy then
        takes them as they come.

    Returns
    -------
    dict of array
        The table on this page says which, and of what shape.

    Raises
    ------
    ValueError
        If they cannot represent the policy, or no agent has this number.
    """
    if not 0 <= number < agent.n:
        raise ValueError(f"number must be an agent's place, 0 to {agent.n - 1}; got {number}")
    activation, actor = _activation(agent), agent.actor
    low, high = bounds_of(agent)

    def own(tensor: Tensor) -> Array:
        # In float64, so that what is folded together is rounded once.
        return np.asarray(tensor[number].detach().cpu(), np.float64)

    texts = {
        "format": FORMAT,
        "version": VERSION,
        "ddpg_lib": versions().get("ddpg-lib", "unknown"),
        "env": env,
        "seed": str(seeds_of(agent)[number]),
        "activation": activation,
        "squash": "tanh" if actor.squash else "clip",
    }
    numbers = {
        "action_low": low,
        "action_high": high,
        **_observation(actor, own, obs_low, obs_high),
        **_layers(actor, own),
    }
    numbers = {name: np.asarray(x, np.float32) for name, x in numbers.items()}
    for name, x in numbers.items():
        if name != "obs_limit" and not np.isfinite(x).all():
            raise ValueError(f"the actor cannot act: not all numbers of its {name} are finite")
    entries = {"entries": np.asarray(1 + len(texts) + len(numbers))}
    return {name: np.asarray(x) for name, x in texts.items()} | entries | numbers


def bounds_of(agent: DDPG) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The lowest and the highest actions, ``(action_dim,)``, in the environment's units."""
    return agent.low, agent.high


def seeds_of(agent: DDPG) -> list[int]:
    """The seeds of a stack's agents."""
    sequences: list[Any] = [rng.bit_generator.seed_seq for rng in agent.warmup_rngs]
    return [int(sequence.entropy[0]) for sequence in sequences]


def _activation(agent: DDPG) -> str:
    """The name of the hidden layers' function, of a policy that is all the library's own."""
    foreign = [type(x).__name__ for x in agent.actor.modules() if type(x) not in KNOWN]
    if getattr(agent.act, "__func__", None) is not DDPG.act:
        foreign.append(f"{type(agent).__name__}.act")
    function = getattr(agent.actor, "activation", None)
    names = [name for name, known in ACTIVATIONS.items() if known is function]
    if foreign or not names:
        raise ValueError(
            "a policy's file holds what the library's Actor computes, and this policy has "
            f"{', '.join(foreign) or 'another activation'}: save_agent keeps the whole agent"
        )
    return names[0]


def _observation(
    actor: Actor, own: Own, obs_low: ArrayLike | None, obs_high: ArrayLike | None
) -> dict[str, Any]:
    """What is done to an observation before the layers see it; empty, if nothing is."""
    first: Any = actor.layers[0]
    obs_dim = first.weight.shape[1]
    running: list[Any] = [norm for norm in actor.entry if isinstance(norm, RunningNorm)]
    if not running and obs_low is None and obs_high is None:
        return {}
    shift, scale, limit = np.zeros(obs_dim), np.ones(obs_dim), math.inf
    if running:
        shift, scale, limit = own(running[0].shift)[0], own(running[0].scale)[0], running[0].limit
    if obs_low is not None or obs_high is not None:
        low, high = (np.asarray(x, np.float64) for x in (obs_low, obs_high))
        if not (
            low.shape == high.shape == (obs_dim,)
            and np.isfinite(high - low).all()
            and (low < high).all()
        ):
            raise ValueError(
                f"obs_low and obs_high must be {obs_dim} finite numbers each, low below high; "
                f"got {obs_low!r} and {obs_high!r}"
            )
        shift, scale = low + (high - low) * shift, scale / (high - low)
    return {"obs_shift": shift, "obs_scale": scale, "obs_limit": limit}


def _layers(actor: Actor, own: Own) -> dict[str, Any]:
    """Weights and biases of every layer, batch normalization included, by name."""

    def affine(norm: Any) -> tuple[Array, Array]:
        """Scale and shift that batch normalization comes down to outside of training."""
        scale = own(norm.gain) / np.sqrt(own(norm.var) + norm.EPS)
        return scale, own(norm.offset) - own(norm.mean) * scale

    arrays: dict[str, Any] = {}
    layers, entry, norms = (list[Any](x) for x in (actor.layers, actor.entry, actor.norms))
    for i, layer in enumerate(layers):
        weight, bias = own(layer.weight), own(layer.bias)
        if i == 0 and entry and isinstance(entry[-1], BatchNorm):
            scale, shift = affine(entry[-1])
            weight, bias = scale.T * weight, bias + shift @ weight
        norm = norms[i] if i < len(norms) else None
        if isinstance(norm, BatchNorm):
            scale, shift = affine(norm)
            weight, bias = weight * scale, bias * scale + shift
        elif isinstance(norm, LayerNorm):
            # It takes out the mean over features: with these there is none to take out.
            weight, bias = weight - weight.mean(axis=1, keepdims=True), bias - bias.mean()
            arrays |= {f"gain_{i}": own(norm.gain)[0], f"offset_{i}": own(norm.offset)[0]}
        arrays |= {f"weight_{i}": weight, f"bias_{i}": bias[0]}
    return arrays
