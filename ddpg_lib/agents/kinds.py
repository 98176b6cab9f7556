"""Which agent a configuration is for."""

from __future__ import annotations

from ddpg_lib.agents.pixels import PixelDDPG, SharedPixelDDPG
from ddpg_lib.agents.recurrent import RecurrentDDPG
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG

KINDS: dict[str, type[DDPG]] = {
    "ddpg": DDPG,
    "recurrent": RecurrentDDPG,
    "pixels": PixelDDPG,
    "shared_pixels": SharedPixelDDPG,
}
"""The library's agents by what :attr:`Config.kind <ddpg_lib.config.Config.kind>` calls them."""


def agent_of(config: Config) -> type[DDPG]:
    """The class of the agents that a configuration is for."""
    return KINDS[config.kind]
