"""Memory that the replay buffers will need, beside what is free."""

from __future__ import annotations

import math
from pathlib import Path

import psutil
import torch

from ddpg_lib.config import Config
from ddpg_lib.envs.stack import Spaces

GROUP = Path("/sys/fs/cgroup")  # where Linux keeps a container's limit


def require_memory(config: Config, agents: int, spaces: Spaces, device: torch.device) -> None:
    """Refuse replay buffers that would not fit, before a run fills them.

    Raises
    ------
    ValueError
        With what is needed, what is free, and the largest ``buffer_size`` that fits.
    """
    # In main memory rows take room as they are written, on a GPU at once.
    rows = config.buffer_size if device.type == "cuda" else min(config.buffer_size, config.steps)
    row = row_bytes(config, agents, spaces)
    free = free_memory(device)
    if rows * row > free:
        raise ValueError(
            f"the replay buffers of {agents} agent{'s' * (agents > 1)} need "
            f"{rows * row / 2**30:,.1f} GiB and {free / 2**30:,.1f} are free: lower buffer_size to "
            f"{free // row:,} or less, or train fewer agents at once"
        )


def row_bytes(config: Config, agents: int, spaces: Spaces) -> int:
    """Bytes of one transition of each agent in the replay buffers."""
    numbers = 2 * spaces.obs_dim + len(spaces.action_low) + 2 + (config.n_step > 1)
    if config.memory:  # the action before, where episodes begin, and what was remembered
        numbers += len(spaces.action_low) + 1 + 2 * config.memory
    row = 4 * numbers * agents
    if spaces.frames:  # each frame once, in bytes; and action, reward, terminated, places
        frame = math.prod(spaces.frames[1:])
        row = (frame + 4 * (len(spaces.action_low) + 2) + 9) * agents
    return row


def free_memory(device: torch.device) -> int:
    """Bytes that can still be taken on a device, or in main memory within a container's limit."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    free = int(psutil.virtual_memory().available)
    try:
        limit = int((GROUP / "memory.max").read_text())
        used = int((GROUP / "memory.current").read_text())
        # Files that were read lie there too, and make room when it is needed.
        stat = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
        used -= int(stat.get("inactive_file", 0))
    except (OSError, ValueError):  # no such file, or "max"
        return free
    return min(free, max(limit - used, 0))
