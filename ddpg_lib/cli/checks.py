"""What a command can be refused for before PyTorch is imported, which takes seconds."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from ddpg_lib.errors import did_you_mean


def require_environment(name: str) -> None:
    """Refuse what names no environment: no registered id, and no class or function in a module.

    Of ``module:Name`` the module is imported first, which may register environments.

    Raises
    ------
    ValueError
        For an unknown name, naming near ids, or a module that cannot be imported.
    """
    import gymnasium as gym

    module, _, bare = name.rpartition(":")
    if module and hasattr(_imported(module, bare), bare):
        return
    # Gymnasium takes an id without its version as well, and makes the latest.
    if bare not in gym.registry and bare not in {_unversioned(known) for known in gym.registry}:
        own = "; one of your own is called module:Name, after the module that holds it"
        hint = did_you_mean(bare, gym.registry, n=3) or own
        raise ValueError(f"there is no environment {name!r}{hint}")


def _imported(module: str, bare: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if f"{module}.".startswith(f"{error.name}."):
            raise ValueError(
                f"there is no module {module!r} in this folder or installed: install the package "
                f"that brings {bare}, or go to the folder in which {module} lies"
            ) from None
        raise ValueError(f"the module {module!r} cannot be imported: {error}") from None


def _unversioned(name: str) -> str:
    return re.sub(r"-v\d+$", "", name)


def require_run(folder: Path) -> None:
    """Refuse a folder that holds no run.

    Raises
    ------
    ValueError
        For such a folder.
    """
    if not _holds_run(folder):
        raise ValueError(f"{folder} holds no run: begin one with `ddpg train`")


def require_free(folder: Path) -> None:
    """Refuse a new run's folder that holds another run.

    Raises
    ------
    ValueError
        If it holds a run, or is a file.
    """
    if _holds_run(folder):
        raise ValueError(
            f"{folder} holds a run already: go on with it by "
            f"`ddpg resume {shlex.quote(str(folder))}`, or choose another folder"
        )
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: choose another folder for the run")


def _holds_run(folder: Path) -> bool:
    names = ("config.json", "checkpoint.safetensors")
    return holds_system(folder) or any((folder / name).exists() for name in names)


def require_output(path: Path, endings: Sequence[str]) -> None:
    """Refuse a file that cannot be written or whose ending says no known format; make its folder.

    Raises
    ------
    ValueError
        For such a file.
    """
    if path.is_dir():
        raise ValueError(f"cannot write {path}: it is a folder")
    if path.suffix.lower() not in endings:
        *most, last = endings
        raise ValueError(f"{path}: choose a name that ends in {', '.join(most)} or {last}")
    if path.parent.exists() and not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: {path.parent} is no folder")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"cannot write {path}: you have no permission")


def require_at_least_one(name: str, value: int | None) -> None:
    """Refuse a count below 1; None, of an option that was not given, passes.

    Raises
    ------
    ValueError
        For such a count.
    """
    if value is not None and value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def require_lightning() -> None:
    """Refuse to go on without the extra ``lightning``.

    Raises
    ------
    ValueError
        Naming the command that installs it.
    """
    if importlib.util.find_spec("lightning") is None:
        raise ValueError(
            'the Lightning system needs the extra lightning: pip install "ddpg-lib[lightning]"'
        )


def holds_system(folder: Path) -> bool:
    """Whether a folder holds a run of a Lightning system."""
    return (folder / "checkpoints/last.ckpt").exists()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of which file it was that the system's error came.

    Raises
    ------
    ValueError
        In place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror}") from None
