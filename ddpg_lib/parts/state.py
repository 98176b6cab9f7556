"""The state of any object as plain values, arrays and tensors, and the way back.

Nothing here can run code: what comes from a file only ever fills objects that are there already.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

State: TypeAlias = Any

# What never changes during a run, so that a run made from the same plan has it already.
FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)
CONSTANT = (torch.device, torch.dtype, type, slice, types.ModuleType, *FUNCTIONS)
PLAIN = (bool, int, float, str)


class Stateful:
    """Gives a class ``state_dict`` and ``load_state_dict``, made of its attributes.

    Left out are functions, frozen dataclasses, and the attributes that the class names in
    ``TRANSIENT``. A subclass with further attributes has them saved without further work. What it
    names in ``FIXED`` cannot be replaced, as something else belongs to it.
    """

    TRANSIENT: tuple[str, ...] = ()
    FIXED: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.FIXED and getattr(self, name, value) is not value:
            raise AttributeError(
                f"the {name} of a {type(self).__name__} cannot be replaced: what belongs to it "
                "would stay with the old one. Make another in a class of your own, which overrides "
                "the method that makes it"
            )
        super().__setattr__(name, value)

    def state_dict(self) -> dict[str, Any]:
        """All that changes, for :meth:`load_state_dict`; arrays and tensors are the object's own.

        Raises
        ------
        TypeError
            If an attribute cannot be saved. Nothing is left out silently.
        """
        return {
            name: state_of(item, f"{type(self).__name__}.{name}")
            for name, item in _changing(self).items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved object, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If the state is that of an object of another shape.
        """
        _load_attributes(self, state)


def state_of(value: Any, name: str = "value") -> State:
    """Describe a value in numbers, strings, arrays, tensors, lists, tuples and dictionaries.

    Objects say what their state is by ``state_dict``, as in PyTorch; without it, it is their
    attributes. ``name`` is what an error calls the ``value``.

    Raises
    ------
    TypeError
        If something in it cannot be saved. Nothing is left out silently.
    """
    if value is None or isinstance(value, (*PLAIN, np.ndarray)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, list | tuple):
        items = [state_of(x, f"{name}.{i}") for i, x in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: state_of(x, f"{name}.{key}") for key, x in value.items()}
    if hasattr(value, "state_dict"):
        return value.state_dict()
    if not _is_data(value):
        kind = f"{type(value).__module__}.{type(value).__name__}"
        raise TypeError(
            f"{name}, a {kind}, cannot be saved: give it state_dict and load_state_dict"
        )
    return {k: state_of(x, f"{name}.{k}") for k, x in _changing(value).items()}


def load_state(value: Any, state: State, name: str = "value") -> Any:
    """Bring ``value`` into a ``state`` that :func:`state_of` described, and return it.

    Arrays, generators and objects change in place, so whoever shares them sees the change. For
    what cannot change, such as a number, what takes its place is returned.

    Raises
    ------
    ValueError
        If the state does not fit the value.
    """
    if isinstance(value, Tensor | np.ndarray):
        _copy(value, state, name)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = state
    elif isinstance(value, dict) and isinstance(state, dict) and list(value) == list(state):
        for key, item in state.items():
            value[key] = load_state(value[key], item, f"{name}.{key}")
    elif isinstance(value, list) and isinstance(state, list) and len(value) == len(state):
        value[:] = [
            load_state(x, item, f"{name}.{i}")
            for i, (x, item) in enumerate(zip(value, state, strict=True))
        ]
    elif hasattr(value, "load_state_dict"):
        value.load_state_dict(state)
    elif value is None or isinstance(value, (*PLAIN, np.generic, list, tuple, dict)):
        if isinstance(value, PLAIN) and not isinstance(state, PLAIN):
            raise ValueError(f"{name}: {state!r} cannot take the place of {value!r}")
        return copy.deepcopy(state)
    else:
        _load_attributes(value, state)
    return value


def _is_data(value: Any) -> bool:
    """Whether an object is what its attributes say: not one of PyTorch's, a file or a lock."""
    if not hasattr(value, "__dict__") or type(value).__module__.startswith("torch"):
        return False
    try:
        value.__reduce_ex__(2)  # what pickle asks; it copies nothing
    except TypeError:
        return False
    return True


def shape_of(tensor: Tensor) -> str:
    """Shape and type of a tensor in words, such as ``(8, 64) float32``."""
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _load_attributes(value: Any, state: Mapping[str, Any]) -> None:
    attributes = _changing(value)
    if odd := attributes.keys() ^ state.keys():
        names = ", ".join(sorted(odd))
        raise ValueError(f"{type(value).__name__} has no saved, or no such, {names}")
    for name, item in state.items():
        where = f"{type(value).__name__}.{name}"
        setattr(value, name, load_state(attributes[name], item, where))


def _copy(value: Tensor | np.ndarray[Any, Any], state: State, name: str) -> None:
    old = value if isinstance(value, Tensor) else torch.from_numpy(value)
    if not isinstance(state, Tensor | np.ndarray):
        raise ValueError(f"{name} is {state!r}, but {shape_of(old)} is needed")
    new = state if isinstance(state, Tensor) else torch.from_numpy(np.ascontiguousarray(state))
    if new.shape != old.shape or new.dtype != old.dtype:
        raise ValueError(f"{name} is {shape_of(new)}, but {shape_of(old)} is needed")
    with torch.no_grad():
        old.copy_(new)


def _changing(value: Any) -> dict[str, Any]:
    """The attributes that are state."""
    return {
        name: item
        for name, item in vars(value).items()
        if name not in getattr(value, "TRANSIENT", ())
        and not isinstance(item, CONSTANT)
        and not getattr(getattr(item, "__dataclass_params__", None), "frozen", False)
    }
