"""The state of an object as plain values and named tensors, and the way back.

Nothing here can run code: what comes from a file only ever fills objects that are there already.
"""

from __future__ import annotations

import types
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

Tensors: TypeAlias = dict[str, Tensor]
Json: TypeAlias = Any

# What never changes during a run, so that a run made from the same plan has it already.
FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)
CONSTANT = (torch.device, torch.dtype, type, slice, types.ModuleType, *FUNCTIONS)
PLAIN = (bool, int, float, str)


def collect(value: Any, tensors: Tensors, name: str = "run") -> Json:
    """Describe a value in JSON, and put its arrays into ``tensors``.

    Objects say what their state is by ``state_dict`` and ``load_state_dict``, as in PyTorch.
    Without these their attributes are their state, but for functions, configurations, and those
    that the class names in ``TRANSIENT``.

    Parameters
    ----------
    value : object
        Numbers, strings, tensors, arrays, generators, lists, tuples and dictionaries of these,
        and objects made of them.
    tensors : dict
        Filled with the arrays, by name; one that appears twice is stored once.
    name : str
        Of the value: its path from the run's root.

    Returns
    -------
    object
        Values that JSON has.

    Raises
    ------
    TypeError
        If something in it cannot be saved. Nothing is left out silently.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Tensor):
        return {"$tensor": _keep(value.detach(), tensors, name)}
    if isinstance(value, np.ndarray):
        if not value.flags.writeable:
            value = value.copy()
        return {"$array": _keep(torch.from_numpy(np.ascontiguousarray(value)), tensors, name)}
    if isinstance(value, np.random.Generator):
        return {"$rng": collect(value.bit_generator.state, tensors, name)}
    if isinstance(value, list | tuple):
        items = [collect(x, tensors, f"{name}.{i}") for i, x in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {"$dict": [[k, collect(x, tensors, f"{name}.{k}")] for k, x in value.items()]}
    if hasattr(value, "state_dict"):
        return {"$state": collect(value.state_dict(), tensors, name)}
    if not hasattr(value, "__dict__") or type(value).__module__.startswith("torch"):
        kind = f"{type(value).__module__}.{type(value).__name__}"
        raise TypeError(
            f"{name}, a {kind}, cannot be saved: give it state_dict and load_state_dict"
        )
    attributes = _changing(value)
    return {"$attributes": {k: collect(x, tensors, f"{name}.{k}") for k, x in attributes.items()}}


def restore(value: Any, saved: Json, tensors: Tensors) -> Any:
    """Bring ``value`` into the state that :func:`collect` described; the way back.

    Arrays, generators and objects change in place, so whoever shares them sees the change.

    Parameters
    ----------
    value : object
        Of the kind that was described.
    saved : object
        The description.
    tensors : dict of str to Tensor
        The arrays it names.

    Returns
    -------
    object
        ``value``, or what takes its place if it cannot change, such as a number.

    Raises
    ------
    ValueError
        If the description does not fit the value.
    """
    kind, content = _kind(saved)
    if kind in ("$tensor", "$array") and isinstance(value, Tensor | np.ndarray):
        found = tensors[content]
        old = value if isinstance(value, Tensor) else torch.from_numpy(value)
        if found.shape != old.shape or found.dtype != old.dtype:
            raise ValueError(f"{content} is {shape_of(found)}, but {shape_of(old)} is needed")
        with torch.no_grad():
            old.copy_(found)
        return value
    if kind == "$rng":
        value.bit_generator.state = revive(content, tensors)
    elif kind == "$state":
        value.load_state_dict(revive(content, tensors))
    elif kind == "$attributes":
        attributes = _changing(value)
        if odd := attributes.keys() ^ content.keys():
            raise ValueError(f"{type(value).__name__} has no saved, or no such, {', '.join(odd)}")
        for name, item in content.items():
            setattr(value, name, restore(attributes[name], item, tensors))
    elif kind == "$dict" and isinstance(value, dict) and [k for k, _ in content] == list(value):
        for key, item in content:
            value[key] = restore(value[key], item, tensors)
    elif isinstance(saved, list) and isinstance(value, list) and len(saved) == len(value):
        value[:] = [restore(x, item, tensors) for x, item in zip(value, saved, strict=True)]
    else:
        new = revive(saved, tensors)
        if isinstance(value, bool | int | float | str) and not isinstance(new, PLAIN):
            raise ValueError(f"{new!r} cannot take the place of {value!r}")
        return new
    return value


def revive(saved: Json, tensors: Tensors) -> Any:
    """Turn a description of plain values (no objects) back into them.

    Parameters
    ----------
    saved : object
        As from :func:`collect`.
    tensors : dict of str to Tensor
        The arrays it names.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it describes an object.
    """
    kind, content = _kind(saved)
    if kind == "$tensor":
        return tensors[content]
    if kind == "$array":
        return tensors[content].numpy().copy()
    if kind == "$tuple":
        return tuple(revive(x, tensors) for x in content)
    if kind == "$dict":
        return {key: revive(x, tensors) for key, x in content}
    if kind:
        raise ValueError(f"a plain value is needed, not {kind}")
    return [revive(x, tensors) for x in saved] if isinstance(saved, list) else saved


def _kind(saved: Json) -> tuple[str, Any]:
    if isinstance(saved, dict):
        ((kind, content),) = saved.items()
        return str(kind), content
    return "", None


def _keep(tensor: Tensor, tensors: Tensors, name: str) -> str:
    for known, other in tensors.items():
        same = tensor.shape == other.shape and tensor.stride() == other.stride()
        if same and tensor.numel() and tensor.data_ptr() == other.data_ptr():
            return known
    tensors[name] = tensor
    return name


def _changing(value: Any) -> dict[str, Any]:
    """The attributes that are state."""
    return {
        name: item
        for name, item in vars(value).items()
        if name not in getattr(value, "TRANSIENT", ())
        and not isinstance(item, CONSTANT)
        and not getattr(getattr(item, "__dataclass_params__", None), "frozen", False)
    }


def shape_of(tensor: Tensor) -> str:
    """Shape and type in words.

    Parameters
    ----------
    tensor : Tensor

    Returns
    -------
    str
    """
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
