"""What was asked of a run, and with what it is carried out."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from ddpg_lib.agents.kinds import agent_of
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import name_of
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.parts.seeds import checked

AgentLike = Callable[..., DDPG]
"""The class DDPG, one derived from it, or a function with the same arguments."""

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
    agent : callable
        Called like :class:`~ddpg_lib.ddpg.DDPG`, to make the stack; by default the class that the
        configuration is for.
    warm_start : bool
        Whether the agents began with trained networks.
    parent : dict, optional
        The run that this one goes on from: its ``folder``, and the ``step`` that it had reached.

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
    agent: AgentLike = None  # type: ignore[assignment]  # see __post_init__
    warm_start: bool = False
    parent: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", checked(self.seeds))
        if self.agent is None:
            object.__setattr__(self, "agent", agent_of(self.config))

    @property
    def own_agent(self) -> bool:
        """Whether the agent is of somebody's own making, not the configuration's."""
        return self.agent is not agent_of(self.config)

    def to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` takes; an environment that is a function leaves only its name.

        Raises
        ------
        ValueError
            If ``env_kwargs`` holds what JSON cannot.
        """
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain["config"] = dataclasses.asdict(self.config)
        plain["env"] = self.env if isinstance(self.env, str) else None
        plain["agent"] = name_of(self.agent) if self.own_agent else None
        try:
            return dict(json.loads(json.dumps({**plain, "env_name": name_of(self.env)})))
        except TypeError as error:
            raise ValueError(
                f"env_kwargs cannot be written to a run folder ({error}): give numbers, strings, "
                "lists and dictionaries, or an environment that is a function"
            ) from None

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], env: EnvLike | None = None, agent: AgentLike | None = None
    ) -> Plan:
        """The way back from :meth:`to_json`.

        An agent of one's own is needed again, and so is an environment that was a function, as
        soon as it is to be made.

        Raises
        ------
        ValueError
            If the plan is incomplete, impossible, or lacks its agent.
        """
        own = data.get("agent")
        if own is not None and agent is None:
            raise ValueError(f"its agent, {own}, is of your own making: give it, agent={own}")
        try:
            config = Config(**{**data["config"], "hidden": tuple(data["config"]["hidden"])})
            plan = cls(
                env=env or data["env"] or GivenAgain(str(data["env_name"])),
                config=config,
                seeds=tuple(data["seeds"]),
                env_kwargs=dict(data["env_kwargs"]),
                device=str(data["device"]),
                compile=bool(data["compile"]),
                agent=agent or agent_of(config),
                warm_start=bool(data["warm_start"]),
                parent=data["parent"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"it does not describe a run of this version ({error})") from None
        return plan


class GivenAgain:
    """Stands for an environment that was a function, of which a run keeps the name alone."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self) -> Any:
        """Refuse to make it, and ask for ``env=...``.

        Raises
        ------
        ValueError
            With what to do.
        """
        raise ValueError("it is a function of your own: give it again, env=...")


def available(device: str | torch.device) -> torch.device:
    """A device that is there.

    Raises
    ------
    ValueError
        If it is not, or if there is none of that name.
    """
    try:
        found = torch.device(device)
    except RuntimeError:
        raise ValueError(f"there is no device {device!r}: give cpu, cuda, cuda:1 or mps") from None
    here = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if (found.index or 0) >= here.get(found.type, 1):
        raise ValueError(f"this machine, or its PyTorch, has no device {found}: use cpu")
    return found


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
