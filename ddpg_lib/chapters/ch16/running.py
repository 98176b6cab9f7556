"""HalfCheetah-v5 looked at closely: a gait by hand, footfalls, strides, and where power goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.envs.making import make

Array = NDArray[np.float64]
ENV = "HalfCheetah-v5"
JOINTS = ("back thigh", "back shin", "back foot", "front thigh", "front shin", "front foot")
FEET = ("bfoot", "ffoot")  # geoms

_CENTER = np.array([-0.21, -0.29, -0.09, -0.07, 1.12, -0.36])  # rad
_SWING = np.array([0.93, 0.51, 1.04, 0.70, 0.70, 0.25])  # rad
_PHASE = np.array([2.88, 4.22, 0.24, 5.65, 5.65, 4.01])  # rad
_TURN = 0.96  # rad a step
_EPISODE = 1_000


class Sines:
    """A gait by hand: each joint follows a sine with a spring and a damper, and feels no ground.

    Its constants were found by a few hundred random tries. It begins anew after each 1,000 steps,
    and so with each episode.
    """

    def __init__(self) -> None:
        self.t = 0

    def __call__(self, obs: Array) -> Array:
        """The action ``(6,)`` for an observation ``(17,)``."""
        wanted = _CENTER + _SWING * np.sin(_TURN * self.t + _PHASE)
        self.t = (self.t + 1) % _EPISODE
        return np.asarray((0.75 * (wanted - obs[2:8]) - 0.017 * obs[11:17]).clip(-1, 1))


@dataclasses.dataclass(frozen=True)
class Watched:
    """An episode, seen at each of MuJoCo's own steps of 0.01 s, five to an action.

    Attributes
    ----------
    q, v : array, shape (time, 9)
        Positions (m, rad) and velocities: place, height, pitch and six joints.
    torque : array, shape (time, 6)
        Of the motors, in N m.
    touch : array of bool, shape (time, 2)
        Whether the back and the front foot touch the floor.
    action : array, shape (steps, 6)
    """

    q: Array
    v: Array
    torque: Array
    touch: NDArray[np.bool_]
    action: Array


def watch(act: Callable[[Any], Any], seed: int, steps: int = _EPISODE) -> Watched:
    """Play HalfCheetah-v5 and look at each of MuJoCo's own steps.

    Parameters
    ----------
    act
        From an observation, shape (17,), to an action, shape (6,).
    seed
        Of the reset.
    steps
        Actions to play.
    """
    world: Any = make(ENV).unwrapped
    obs, _ = world.reset(seed=seed)
    model, data = world.model, world.data
    floor, feet = model.geom("floor").id, [model.geom(name).id for name in FEET]
    gear = model.actuator_gear[:, 0]
    seen, actions = [], []
    for _ in range(steps):
        a = np.asarray(act(obs), np.float64)
        actions.append(a)
        for _ in range(world.frame_skip):
            world.do_simulation(a, 1)
            pairs = data.contact.geom[: data.ncon]
            down = [bool(((pairs == floor).any(1) & (pairs == foot).any(1)).any()) for foot in feet]
            seen.append((data.qpos.copy(), data.qvel.copy(), gear * a, down))
        obs = np.concatenate([data.qpos[1:], data.qvel])
    world.close()
    q, v, torque, touch = (np.array(x) for x in zip(*seen, strict=True))
    return Watched(q, v, torque, touch.astype(bool), np.array(actions))


def stride(watched: Watched, skip: int = 1_000) -> dict[str, float]:
    """How it runs, once it has got going.

    ``skip`` is how many of the first hundredths of a second are left out.

    Returns
    -------
    dict
        ``speed`` in m/s; ``rate``, strides a second: where the spectrum of the back thigh's angle
        is highest; ``length`` of a stride in m; ``back``, ``front``, ``air``: shares of the time
        with that foot on the floor, and with none; ``push``: the mean action of the back thigh
        while the back foot is on the floor, and ``full`` the share of that time in which it is
        above 0.9; ``swing``: the highest speed of the back thigh, in rad/s, but for the fastest 1%
        of the time.
    """
    q, v, touch = watched.q[skip:], watched.v[skip:], watched.touch[skip:]
    thigh = q[:, 3] - q[:, 3].mean()
    power = np.abs(np.fft.rfft(thigh)) ** 2
    rate = float(np.fft.rfftfreq(len(thigh), 0.01)[power.argmax()])
    speed = float(v[:, 0].mean())
    kick = watched.action.repeat(len(watched.q) // len(watched.action), axis=0)[skip:, 0]
    kick = kick[touch[:, 0]]
    return {
        "speed": speed,
        "rate": rate,
        "length": speed / rate,
        "back": float(touch[:, 0].mean()),
        "front": float(touch[:, 1].mean()),
        "air": float((~touch.any(axis=1)).mean()),
        "push": float(kick.mean()) if len(kick) else 0.0,
        "full": float((kick > 0.9).mean()) if len(kick) else 0.0,
        "swing": float(np.quantile(np.abs(v[:, 3]), 0.99)),
    }


def powers(watched: Watched, skip: int = 1_000) -> tuple[Array, Array]:
    """Mean power of each motor, and what each joint's damper takes, both ``(6,)`` in W.

    ``skip`` is as for :func:`stride`.
    """
    v = watched.v[skip:, 3:]
    damping = make(ENV).unwrapped.model.dof_damping[3:]  # type: ignore[attr-defined]
    return (watched.torque[skip:] * v).mean(axis=0), np.asarray(damping * (v**2).mean(axis=0))
