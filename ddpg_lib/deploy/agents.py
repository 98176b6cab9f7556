"""A whole stack of agents in one file, and back without environment and run."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import TypeVar

import torch

from ddpg_lib.agents.kinds import KINDS
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.deploy.policy import seeds_of
from ddpg_lib.runs import saving
from ddpg_lib.runs.folder import as_checkpoint_error
from ddpg_lib.runs.plan import versions
from ddpg_lib.runs.saving import CheckpointError

Agent = TypeVar("Agent", bound=DDPG)


def save_agent(agent: DDPG, path: str | Path, *, replay: bool = False) -> None:
    """Write a stack of agents, networks to random generators, for ``load_agent``.

    The file is a safetensors file. The replay buffer, by far its largest part, is kept only if
    ``replay`` is true.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    TypeError
        If an attribute of the agent cannot be saved. Nothing is left out silently.
    """
    low, high = agent.low, agent.high
    about = {
        "agent": type(agent).__qualname__,
        "config": dataclasses.asdict(agent.config),
        "seeds": seeds_of(agent),
        "obs_dim": getattr(agent, "obs_shape", agent.obs_dim),
        "action_low": low.tolist(),
        "action_high": high.tolist(),
        "replay": replay,
        "versions": versions(),
    }
    state = agent.state_dict()
    if not replay:
        state["replay"] = [rng.bit_generator.state for rng in agent.replay.rngs]
    saving.save(Path(path), state, about)


def load_agent(
    path: str | Path,
    device: str | torch.device = "cpu",
    *,
    kind: type[Agent] | None = None,
) -> Agent:
    """The stack of agents in a file that ``save_agent`` wrote.

    It goes on to act, explore and update as the saved one does, to the bit on the same machine;
    without its replay buffer it begins with an empty one. No environment is needed. ``kind`` is
    the class of the agents, made with the arguments of :class:`~ddpg_lib.ddpg.DDPG`; the library's
    own need not be named.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, not from ``save_agent``, or of another class.
    """
    path, device = Path(path), torch.device(device)  # an unknown one is no fault of the file
    saved = saving.load(path)
    about, state = saved.about, saved.state
    if "agent" not in about:
        raise CheckpointError(f"{path} is no file of save_agent; read a run with ddpg_lib.load")
    own = {known.__qualname__: known for known in KINDS.values()}
    kind = kind or own.get(about["agent"], DDPG)  # type: ignore[assignment]
    assert kind is not None
    if about["agent"] != kind.__qualname__:
        raise CheckpointError(
            f"{path} holds a {about['agent']}, not a {kind.__qualname__}: name its class, "
            f"load_agent(path, kind={about['agent']})"
        )
    with as_checkpoint_error(path):
        config = Config(**about["config"])
        low, high, seeds = (about[name] for name in ("action_low", "action_high", "seeds"))
        obs_dim = about["obs_dim"]
        widths = [*config.hidden, len(low)]
        sizes = itertools.pairwise([obs_dim, *widths] if isinstance(obs_dim, int) else widths)
        # Or they fill the memory. Networks of one's own may be smaller.
        if kind in own.values() and len(seeds) * sum(m * k for m, k in sizes) > saved.numbers:
            raise ValueError("its settings do not belong to its arrays")
        agent = kind(obs_dim, low, high, config, seeds, device)
        if not about["replay"]:
            for rng, saved_rng in zip(agent.replay.rngs, state["replay"], strict=True):
                rng.bit_generator.state = saved_rng
            state["replay"] = agent.replay.state_dict()
        agent.load_state_dict(state)
    return agent
