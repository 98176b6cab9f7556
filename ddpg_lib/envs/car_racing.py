"""CarRacing's action repeat at a fraction of its cost: only what somebody looks at is drawn."""

from __future__ import annotations

from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import wrappers
from numpy.typing import NDArray

Env = gym.Env[Any, Any]
# What gymnasium.make, or we, put around it; none of that looks at an observation for longer
# than its first step.
MAKES = ("PassiveEnvChecker", "OrderEnforcing", "TimeLimit", "OnePedal", "Lost")
PATCHES = 20  # of grass, along each side of the field


def repeated(env: Env, repeats: int) -> Env:
    """Return ``env`` with each action taken ``repeats`` times and the rewards summed.

    That is :class:`gymnasium.wrappers.RepeatAction`, and for Gymnasium's CarRacing
    :class:`RepeatDrive`, which gives the same, sooner.
    """
    inner, between = env, []
    while isinstance(inner, gym.Wrapper):
        between.append(type(inner).__name__)
        inner = inner.env
    of_gymnasium = type(inner).__module__ == "gymnasium.envs.box2d.car_racing"
    kind = RepeatDrive if of_gymnasium and set(between) <= set(MAKES) else wrappers.RepeatAction
    return kind(env, repeats)


class RepeatDrive(wrappers.RepeatAction):
    """Repeats an action of CarRacing and draws one image of it, the last.

    CarRacing draws itself at each step, and of a track's hundreds of polygons it turns and scales
    every one, in Python. Here steps whose images nobody sees are not drawn, and polygons that lie
    beside the window not turned. Observations, rewards and endings are CarRacing's to the byte.

    Parameters
    ----------
    env
        A CarRacing, with no wrappers that change observations.
    num_repeats
        Steps that an action lasts.
    """

    def __init__(self, env: Env, num_repeats: int) -> None:
        super().__init__(env, num_repeats)
        self.car = cast("Any", env.unwrapped)
        self.draw, self.unseen, self.shown = self.car._render, False, 0.0
        self.car._render, self.car._render_road = self._render, self._render_road
        self.road: list[Any] = []  # whose corners these are
        self.corners = np.zeros((0, 4, 2))

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take ``action`` ``num_repeats`` times, or until the episode ends."""
        self.unseen = True
        try:
            _, reward, terminated, truncated, info = super().step(action)
        finally:
            self.unseen = False
        # An image shows the reward so far, and is drawn before the step's cost is subtracted.
        now, self.car.reward = self.car.reward, self.shown
        self.car.state = self.draw("state_pixels")
        self.car.reward = now
        return self.car.state, float(reward), terminated, truncated, info

    def _render(self, mode: str) -> Any:
        if self.unseen and mode == "state_pixels":
            self.shown = self.car.reward
            return self.car.state.copy()  # of another moment; of the right type and shape
        return self.draw(mode)

    def _render_road(self, zoom: float, translation: tuple[float, float], angle: float) -> None:
        car = self.car
        if self.road is not car.road_poly:  # another track
            grass = [(square, None) for square in _grass()]
            self.road, self.polygons = car.road_poly, [*grass, *car.road_poly]
            self.corners = np.array([corners for corners, _ in self.polygons])
        half = PATCHES * _side()
        field = [(half, half), (half, -half), (-half, -half), (-half, half)]
        car._draw_colored_polygon(
            car.surf, field, car.bg_color, zoom, translation, angle, clip=False
        )
        for i in self._in_window(zoom, translation, angle):
            corners, color = self.polygons[i]
            color = car.grass_color if color is None else [int(c) for c in color]
            car._draw_colored_polygon(car.surf, corners, color, zoom, translation, angle)

    def _in_window(
        self, zoom: float, translation: tuple[float, float], angle: float
    ) -> NDArray[np.int64]:
        """Which polygons touch the window, or nearly: two pixels more on each side."""
        c, s = np.cos(angle), np.sin(angle)
        drawn = self.corners @ np.array([[c, s], [-s, c]]) * zoom + translation
        size = np.array(self.car.surf.get_size())
        apart = (drawn.max(1) < -2) | (drawn.min(1) > size + 2)
        return np.flatnonzero(~apart.any(-1))


def _side() -> float:
    from gymnasium.envs.box2d.car_racing import GRASS_DIM

    return float(GRASS_DIM)


def _grass() -> list[list[tuple[float, float]]]:
    """The squares of darker grass, as CarRacing makes them anew for each image."""
    d, squares = _side(), range(-PATCHES, PATCHES, 2)
    return [
        [(d * x + d, d * y), (d * x, d * y), (d * x, d * y + d), (d * x + d, d * y + d)]
        for x in squares
        for y in squares
    ]
