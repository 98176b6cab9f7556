"""Pictures of the pendulum: the rod with its torque, and the phase plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.figures.style import COLORS
from ddpg_lib.worlds.pendulum.grid import PendulumGrid

TORQUE_MAP = LinearSegmentedColormap.from_list("torque", ["#d9ecf8", COLORS["actor"], "#00273f"])
"""Clockwise torque light, counterclockwise torque dark."""

_FULL_ARC = np.deg2rad(150)  # what the arrow of the strongest torque spans


def draw_pendulum(
    ax: Axes,
    theta: float,
    torque: float | None = None,
    *,
    center: tuple[float, float] = (0.0, 0.0),
    max_torque: float = 2.0,
    alpha: float = 1.0,
) -> list[Artist]:
    """Draw the rod as Gymnasium does, and its torque as an arrow around the pivot.

    Parameters
    ----------
    ax : matplotlib Axes
        The rod has the length 1 in its data; the caller sets limits and an equal aspect.
    theta : float
        Angle in radians, 0 upright, counterclockwise positive.
    torque : float, optional
        In newton meters, counterclockwise positive; the arrow's arc is proportional to it.
    center : tuple of float
        Where the pivot is.
    max_torque : float
        Torque of the longest arrow.
    alpha : float
        Opacity.

    Returns
    -------
    list of matplotlib artists
        Rod, pivot and, for a torque that can be seen, the arrow; a film removes them for its
        next frame.
    """
    x, y = center
    tip = (x - np.sin(theta), y + np.cos(theta))
    ink = COLORS["ink"]
    (rod,) = ax.plot(
        [x, tip[0]], [y, tip[1]], color=ink, linewidth=6, alpha=alpha, solid_capstyle="round"
    )
    (pivot,) = ax.plot(
        [x],
        [y],
        "o",
        markersize=4,
        color=COLORS["grid"],
        markeredgecolor=ink,
        alpha=alpha,
        zorder=4,
    )
    artists: list[Artist] = [rod, pivot]
    arc = 0.0 if torque is None else float(np.clip(torque / max_torque, -1, 1)) * _FULL_ARC
    if abs(arc) > 0.1:  # an arrow shorter than its head says nothing
        # The arc is centered on the side away from the rod, where nothing hides it.
        turn = theta + np.pi + np.linspace(-arc / 2, arc / 2, 40)
        points = np.column_stack([x - 0.42 * np.sin(turn), y + 0.42 * np.cos(turn)])
        arrow = FancyArrowPatch(
            path=Path(points),
            arrowstyle="-|>",
            mutation_scale=11,
            shrinkA=0,
            shrinkB=0,
            color=COLORS["actor"],
            linewidth=2,
            alpha=alpha,
            zorder=3,
        )
        ax.add_patch(arrow)
        artists.append(arrow)
    return artists


def phase_plane(ax: Axes, *, max_speed: float = 8.0) -> None:
    """Make the axes a phase plane: one turn of the angle, upright in the middle, and its speed.

    ``max_speed`` is the angular velocity at the upper edge, in rad/s.
    """
    ax.set_xlim(-np.pi, np.pi)
    ax.set_ylim(-max_speed, max_speed)
    ax.xaxis.set_major_locator(FixedLocator([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(FixedLocator(np.linspace(-max_speed, max_speed, 5).tolist()))
    ax.set_xticklabels(["−π", "−π/2", "0", "π/2", "π"])
    ax.set_xlabel("angle θ (rad), 0 upright")
    ax.set_ylabel("angular velocity (rad/s)")


def draw_path(ax: Axes, theta: ArrayLike, theta_dot: ArrayLike, **style: Any) -> Line2D:
    """Draw a path in the phase plane, broken where the angle passes the bottom.

    Parameters
    ----------
    theta, theta_dot : array_like, shape (T,)
        Angles with any number of turns, and angular velocities.
    **style
        For ``Axes.plot``.
    """
    theta, theta_dot = np.asarray(theta, float), np.asarray(theta_dot, float)
    turn = np.floor((theta + np.pi) / (2 * np.pi))
    before = np.flatnonzero(np.diff(turn))
    # Each passage of the bottom draws up to one edge and goes on from the other.
    up = turn[before + 1] > turn[before]
    edge = np.where(up, np.pi, -np.pi)
    bottom = np.pi + 2 * np.pi * np.where(up, turn[before], turn[before] - 1)
    part = (bottom - theta[before]) / (theta[before + 1] - theta[before])
    speed = theta_dot[before] + part * (theta_dot[before + 1] - theta_dot[before])
    gap = np.full_like(edge, np.nan)
    at = np.repeat(before + 1, 3)
    (line,) = ax.plot(
        np.insert(theta - 2 * np.pi * turn, at, np.column_stack([edge, gap, -edge]).ravel()),
        np.insert(theta_dot, at, np.column_stack([speed, gap, speed]).ravel()),
        **style,
    )
    return line


def draw_map(
    ax: Axes, grid: PendulumGrid, table: NDArray[np.floating[Any]], **style: Any
) -> AxesImage:
    """Draw a table over a grid of states as an image in the phase plane.

    Parameters
    ----------
    ax : matplotlib Axes
        Made a phase plane.
    table : array, shape ``grid.shape``
    **style
        For ``Axes.imshow``.

    Raises
    ------
    ValueError
        If the table's shape is not the grid's.
    """
    if table.shape != grid.shape:
        raise ValueError(f"the grid has the shape {grid.shape}, the table {table.shape}")
    step = 2 * np.pi / grid.angles
    half = grid.angles // 2
    speed = (grid.theta_dot[1] - grid.theta_dot[0]) / 2
    image = ax.imshow(
        # The grid's first angle is upright; here that is the middle.
        np.roll(table, half, axis=0).T,
        origin="lower",
        aspect="auto",
        extent=(
            -(half + 0.5) * step,
            (grid.angles - half - 0.5) * step,
            grid.theta_dot[0] - speed,
            grid.theta_dot[-1] + speed,
        ),
        **style,
    )
    phase_plane(ax, max_speed=grid.model.max_speed)
    ax.grid(False)
    return image
