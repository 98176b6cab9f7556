"""Film of several pendulums, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.figures.film import frame_of
from ddpg_lib.worlds.pendulum.drawing import draw_pendulum
from ddpg_lib.worlds.pendulum.simulation import Simulation

SECONDS = 0.05  # of a step


def swings(takes: Mapping[str, Simulation], steps: int = 160) -> Iterator[NDArray[np.uint8]]:
    """Frames ``(height, width, 3)`` of the first episode of each of ``takes``, under its name."""
    from matplotlib import pyplot as plt

    size = (3.0 * len(takes), 3.2)
    fig, axes = plt.subplots(1, len(takes), figsize=size, dpi=100, facecolor="white", squeeze=False)
    for ax, title in zip(axes[0], takes, strict=True):
        ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
        ax.axis("off")
        ax.set_title(title, loc="center")
    clock = axes[0, 0].text(-1.25, 1.1, "")
    fig.draw_without_rendering()
    for t in range(steps):
        drawn: list[Any] = []
        for ax, take in zip(axes[0], takes.values(), strict=True):
            drawn += draw_pendulum(ax, take.theta[0, t], take.torques[0, t])
        clock.set_text(f"{SECONDS * t:4.1f} s")
        yield frame_of(fig)
        for artist in drawn:
            artist.remove()
    plt.close(fig)
