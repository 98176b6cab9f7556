"""The one file that keeps a run.

A checkpoint is a safetensors file: every array is a tensor in it, everything else is JSON in its
metadata. Reading one can neither run code nor fill memory beyond the file's own size.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ddpg_lib.parts.state import State, shape_of

FORMAT = "ddpg_lib checkpoint"
VERSION = 3

Tensors: TypeAlias = dict[str, Tensor]
Json: TypeAlias = Any


class CheckpointError(RuntimeError):
    """A run folder or a checkpoint that cannot be written, read or used; says what to do."""


class InUseError(CheckpointError):
    """A folder at which another process is at work."""


@dataclasses.dataclass
class Checkpoint:
    """What a file holds.

    Attributes
    ----------
    about : dict
        What the run is: the plan, and the versions of what carried it out.
    state : object
        Numbers, strings, arrays, tensors, lists, tuples and dictionaries of these.
    numbers : int
        In all its arrays.
    """

    about: dict[str, Any]
    state: State
    numbers: int


def save(path: Path, state: Any, about: dict[str, Any]) -> None:
    """Write a checkpoint so that at every moment the old one or the new one is whole.

    ``state`` is made of numbers, strings, arrays, tensors, lists, tuples and dictionaries;
    ``about`` says what the run is, in values that JSON has.

    Raises
    ------
    CheckpointError
        If the disk is full or the folder cannot be written; the old file is untouched.
    """
    tensors: Tensors = {}
    content = json.dumps({"about": about, "state": pack(state, tensors)})
    tensors = {name: x.cpu().contiguous() for name, x in tensors.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "content": content}
    metadata["sha256"] = _digest(content, tensors)
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint and check it.

    Raises
    ------
    CheckpointError
        If the file is missing, foreign, truncated, changed, or of a newer version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise CheckpointError(f"{path} is not a checkpoint of ddpg_lib")
            if metadata.get("version") != str(VERSION):
                raise CheckpointError(
                    f"{path} has format version {metadata.get('version')}, and this ddpg_lib "
                    f"reads version {VERSION}: use the ddpg_lib that wrote it"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if _digest(metadata["content"], tensors) != metadata["sha256"]:
            raise CheckpointError(f"{path} is damaged: its checksum does not match its content")
        content = json.loads(metadata["content"])
        numbers = sum(x.numel() for x in tensors.values())
        return Checkpoint(dict(content["about"]), unpack(content["state"], tensors), numbers)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {_line(error)}") from None


def pack(value: State, tensors: Tensors, name: str = "run") -> Json:
    """Describe a state in JSON, and put its arrays into ``tensors``, by their path from the root.

    The ``value`` is as for :func:`save`; an array that appears twice is stored once. ``name`` is
    the root's.

    Raises
    ------
    TypeError
        If something else is in it. Nothing is left out silently.
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
    if isinstance(value, list | tuple):
        items = [pack(x, tensors, f"{name}.{i}") for i, x in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {"$dict": [[k, pack(x, tensors, f"{name}.{k}")] for k, x in value.items()]}
    raise TypeError(f"{name}, a {type(value).__name__}, cannot be written to a checkpoint")


def unpack(saved: Json, tensors: Tensors) -> State:
    """Make the state that was ``saved`` with its ``tensors``: the way back from :func:`pack`.

    Raises
    ------
    ValueError
        If the description is of something else.
    """
    if isinstance(saved, list):
        return [unpack(x, tensors) for x in saved]
    if not isinstance(saved, dict):
        return saved
    ((kind, content),) = saved.items()
    if kind == "$tensor":
        return tensors[content]
    if kind == "$array":
        return tensors[content].numpy().copy()
    if kind == "$tuple":
        return tuple(unpack(x, tensors) for x in content)
    if kind == "$dict":
        return {key: unpack(x, tensors) for key, x in content}
    raise ValueError(f"{kind} is no part of a checkpoint")


def _keep(tensor: Tensor, tensors: Tensors, name: str) -> str:
    for known, other in tensors.items():
        same = tensor.shape == other.shape and tensor.stride() == other.stride()
        if same and tensor.numel() and tensor.data_ptr() == other.data_ptr():
            return known
    tensors[name] = tensor
    return name


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, then put what was written in ``path``'s place at once.

    Raises
    ------
    CheckpointError
        If that fails; ``path`` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        yield temporary
        # safetensors keeps its files from other users; the folder's permissions shall decide.
        temporary.chmod(path.parent.stat().st_mode & 0o666)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CheckpointError(f"cannot write {path}: {_reason(error)}") from None


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut; not every system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: BaseException) -> str:
    # safetensors writes in Rust and gives the error's number in its text only.
    found = re.search(r"os error (\d+)", str(error))
    number = error.errno if isinstance(error, OSError) else int(found[1]) if found else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: free some space"
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "the folder cannot be written to: change its permissions, or choose another"
    return _line(error)


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _digest(content: str, tensors: Tensors) -> str:
    digest = hashlib.sha256(content.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {shape_of(tensor)}".encode())
        digest.update(np.ascontiguousarray(tensor.numpy()).data)
    return digest.hexdigest()
