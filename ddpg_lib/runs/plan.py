"""What was asked of a run, and with what it is carried out."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from ddpg_lib.config import Config
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.parts.seeds import checked

PACKAGES = ("ddpg-lib", "torch", "numpy", "gymnasium", "mujoco", "box2d")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What was asked of a run; from the same plan comes the same run.

    Attributes
    ----------
    env : str or callable
        A Gymnasium id, or a function without arguments that returns an environment.
    config : Config
        The hyperparameters.
    seeds : tuple of int
        One an agent.
    env_kwargs : dict
        For ``gymnasium.make``.
    device : str
        Where the networks live.
    compile : bool
        Whether the update is compiled.

    Raises
    ------
    ValueError
        If there is no seed, or one is negative or appears twice.
    """

    env: EnvLike
    config: Config
    seeds: tuple[int, ...]
    env_kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    device: str = "cpu"
    compile: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", checked(self.seeds))

    def to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` takes; an environment that is a function leaves only its name.

        Raises
        ------
        ValueError
            If ``env_kwargs`` holds what JSON cannot.
        """
        plain = {**dataclasses.asdict(self), "env": self.env if isinstance(self.env, str) else None}
        try:
            return dict(json.loads(json.dumps({**plain, "env_name": name_of(self.env)})))
        except TypeError as error:
            raise ValueError(
                f"env_kwargs cannot be written to a run folder ({error}): give numbers, strings, "
                "lists and dictionaries, or an environment that is a function"
            ) from None

    @classmethod
    def from_json(cls, data: Mapping[str, Any], env: EnvLike | None = None) -> Plan:
        """The way back from :meth:`to_json`. An environment that was a function is needed again.

        Raises
        ------
        ValueError
            If the plan is incomplete, impossible, or lacks its environment.
        """
        try:
            config = Config(**{**data["config"], "hidden": tuple(data["config"]["hidden"])})
            plan = cls(
                env=env or data["env"],
                config=config,
                seeds=tuple(data["seeds"]),
                env_kwargs=dict(data["env_kwargs"]),
                device=str(data["device"]),
                compile=bool(data["compile"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"it does not describe a run of this version ({error})") from None
        if plan.env is None:
            raise ValueError(
                f"its environment, {data.get('env_name')}, is a function of your own: "
                "give it again, resume(folder, env=...)"
            )
        return plan


def name_of(env: EnvLike) -> str:
    """What to call an environment: its id, or its function's name."""
    return env if isinstance(env, str) else getattr(env, "__name__", type(env).__name__)


def versions() -> dict[str, str]:
    """All that can change a number in the last place, from Python to the processor, by name.

    Keys are ``python``, the packages of ``PACKAGES`` that are installed, ``threads``,
    ``machine``.
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    threads = str(torch.get_num_threads())
    return {**found, "threads": threads, "machine": platform.machine()}
