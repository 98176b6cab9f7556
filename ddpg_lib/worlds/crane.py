"""A world that the book does not solve: a crane that sets its load down at a mark.

Importing this module registers it, so that ``ddpg_lib.worlds.crane:Crane-v0`` is an id.
"""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

CRANE = f"{__name__}:Crane-v0"
"""A :class:`Crane` whose episodes last 200 steps, 20 s, at most."""

STEP = 0.1  # s
RAIL = 3.0  # m to each side of the middle
ROPE = 2.0  # m
TROLLEY, LOAD = 4.0, 2.0  # kg
FRICTION = 1.0  # N s/m, of the trolley on the rail
FORCE = 12.0  # N
DEAD = 0.25  # share of the motor's current below which it does not turn
NEAR, SLOW = 0.1, 0.1  # m and m/s, within which the load may be set down
DONE, CRASHED = 20.0, -20.0
COST = 0.1  # per step and meter between load and mark


class Crane(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A trolley on a rail carries a load on a rope; the load is to come to rest at a mark.

    An action is the motor's current, from -1 to 1. Up to a quarter of it the motor does not turn;
    from there on its force grows evenly up to 12 N. An observation holds the trolley's place on
    the rail and that of the mark, in millimeters from the middle, the trolley's velocity in mm/s,
    the rope's angle from the vertical in rad, and its rate in rad/s.

    A step costs a tenth of the load's distance from the mark in meters. Where the load is within
    10 cm of the mark and slower than 10 cm/s it is set down: 20 points and the episode's end. At
    an end of the rail the trolley crashes: 20 points less, and the end too.

    Parameters
    ----------
    render_mode
        ``"rgb_array"``, or None to draw nothing.

    Raises
    ------
    ValueError
        For another mode.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(self, render_mode: str | None = None) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f'render_mode must be "rgb_array" or None, got {render_mode!r}')
        self.render_mode = render_mode
        high = np.array([1e3 * RAIL, 1e3 * RAIL, np.inf, np.inf, np.inf], np.float32)
        self.observation_space = gym.spaces.Box(-high, high)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.state, self.mark = np.zeros(4), 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Hang the load still, draw the trolley's place and the mark's, and return ``obs, info``.

        ``seed`` and ``options`` are Gymnasium's.
        """
        super().reset(seed=seed, options=options)
        place, self.mark = self.np_random.uniform(-2.0, 2.0, 2)
        self.state = np.array([place, 0.0, 0.0, 0.0])
        return self._obs(), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Let the motor act for a tenth of a second, by an ``action``, ``(1,)``.

        Returned is what Gymnasium asks for; the info holds ``is_success``, whether the load is
        set down.
        """
        current = float(np.clip(action[0], -1.0, 1.0))
        turning = max(abs(current) - DEAD, 0.0) / (1.0 - DEAD)
        force = math.copysign(FORCE * turning, current)
        for _ in range(2):
            self.state = moved(self.state, force, STEP / 2)
        place, velocity, angle, rate = self.state
        crashed = abs(place) > RAIL
        self.state[0] = np.clip(place, -RAIL, RAIL)
        distance = abs(place + ROPE * math.sin(angle) - self.mark)
        speed = math.hypot(velocity + ROPE * math.cos(angle) * rate, ROPE * math.sin(angle) * rate)
        done = not crashed and distance < NEAR and speed < SLOW
        reward = -COST * distance + CRASHED * crashed + DONE * done
        return self._obs(), float(reward), bool(crashed or done), False, {"is_success": done}

    def render(self) -> NDArray[np.uint8] | None:
        """Rail, trolley, load and mark from the side, ``(200, 400, 3)``."""
        if self.render_mode is None:
            return None
        from PIL import Image, ImageDraw

        picture = Image.new("RGB", (400, 200), "white")
        draw = ImageDraw.Draw(picture)
        scale, top = 400 / (2 * RAIL + 1), 40
        x, _, angle, _ = self.state
        trolley = 200 + scale * x
        load = (trolley + scale * ROPE * math.sin(angle), top + scale * ROPE * math.cos(angle))
        mark = 200 + scale * self.mark
        draw.line([(200 - scale * RAIL, top), (200 + scale * RAIL, top)], "gray", 3)
        draw.rectangle([mark - 6, top + scale * ROPE + 12, mark + 6, 199], fill="#009e73")
        draw.line([(trolley, top), load], "black", 2)
        draw.rectangle([trolley - 14, top - 8, trolley + 14, top + 8], fill="#0072b2")
        draw.ellipse([load[0] - 9, load[1] - 9, load[0] + 9, load[1] + 9], fill="#d55e00")
        return np.asarray(picture)

    def _obs(self) -> NDArray[np.float32]:
        place, velocity, angle, rate = self.state
        return np.array([1e3 * place, 1e3 * self.mark, 1e3 * velocity, angle, rate], np.float32)


def _slope(state: NDArray[np.float64], force: float) -> NDArray[np.float64]:
    """The state's time derivative: a pendulum on a cart, by Lagrange's equations."""
    _, velocity, angle, rate = state
    s, c = math.sin(angle), math.cos(angle)
    push = force - FRICTION * velocity + LOAD * s * (ROPE * rate**2 + 9.81 * c)
    acceleration = push / (TROLLEY + LOAD * s**2)
    return np.array([velocity, acceleration, rate, -(acceleration * c + 9.81 * s) / ROPE])


def moved(state: NDArray[np.float64], force: float, dt: float) -> NDArray[np.float64]:
    """Move a ``state`` on by ``dt`` seconds: one Runge-Kutta step of fourth order.

    The state, ``(4,)`` as what is returned, is the trolley's place, m, and velocity, m/s, the
    rope's angle, rad, and its rate, rad/s; ``force`` acts on the trolley, in N.
    """
    a = _slope(state, force)
    b = _slope(state + dt / 2 * a, force)
    c = _slope(state + dt / 2 * b, force)
    d = _slope(state + dt * c, force)
    return np.asarray(state + dt / 6 * (a + 2 * b + 2 * c + d))


gym.register("Crane-v0", entry_point=f"{__name__}:Crane", max_episode_steps=200)
