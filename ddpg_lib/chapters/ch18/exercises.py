"""Checks for the exercises of chapter 18."""

from __future__ import annotations

from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch18.gates import gru_step, velocity

HALF = 0.5 ** (1 / 21)


def _units() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(18)
    shapes = ((2,), (3,), (2, 9), (3, 9), (9,), (9,))
    return [tuple(rng.normal(size=shape) for shape in shapes) for _ in range(4)]


def _exchanged(x: Any, h: Any, w: Any, u: Any, b: Any, c: Any) -> Any:
    """With the gate that stays and the one that lets in exchanged."""
    enters, recalled = np.split(x @ w + b, 3), np.split(h @ u + c, 3)
    r, z = (1 / (1 + np.exp(-enters[i] - recalled[i])) for i in (0, 1))
    return z * np.tanh(enters[2] + r * recalled[2]) + (1 - z) * h


def _reset_first(x: Any, h: Any, w: Any, u: Any, b: Any, c: Any) -> Any:
    """With the reset gate before the product, as in Cho et al. (2014)."""
    enters, recalled = np.split(x @ w + b, 3), np.split(h @ u + c, 3)
    r, z = (1 / (1 + np.exp(-enters[i] - recalled[i])) for i in (0, 1))
    inner = np.split((r * h) @ u + c, 3)[2]
    return (1 - z) * np.tanh(enters[2] + inner) + z * h


def _turns() -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(1)
    first = np.concatenate([rng.uniform(-np.pi, np.pi, 20), [3.1, -3.1]])
    after = first + 0.05 * np.concatenate([rng.uniform(-8, 8, 20), [4.0, -4.0]])
    pairs = (np.stack([np.cos(x), np.sin(x)], axis=-1) for x in (first, after))
    return list(zip(*pairs, strict=True))


def _unwrapped(before: Any, now: Any) -> Any:
    return (np.arctan2(now[1], now[0]) - np.arctan2(before[1], before[0])) / 0.05


CHECKS: dict[int, Check] = {
    # 18.1: the gate z at which half of the cue is left where it is asked for, 21 steps later.
    1: Numbers(
        "give one number between 0 and 1.",
        right=HALF,
        within=2e-3,
        near=1e-3,
        mistakes=[
            (0.5, "then half is left after one step; here it is half after 21."),
            (0.5**21, "that is what z = 0.5 leaves after 21 steps."),
            (1 - 0.5 / 21, "nearly: z is multiplied 21 times, not subtracted."),
        ],
        hint="not yet. After k steps the share z to the power k is left.",
    ),
    # 18.2: one step of the gated unit, from x, h, W, U, b and c.
    2: Function(
        "give the function itself: step(x, h, W, U, b, c).",
        cases=_units(),
        right=gru_step,
        mistakes=[
            (_exchanged, "z is the share that stays: it multiplies the old memory."),
            (
                _reset_first,
                "nearly: that is the form of Cho et al. (2014). In (18.2) r multiplies the product "
                "with U, offset included.",
            ),
        ],
        hint="not yet. Split x W + b and h U + c into three parts each, for r, z and n, in this "
        "order.",
    ),
    # 18.3: the pendulum's velocity from two observations.
    3: Function(
        "give the function itself: velocity(before, now).",
        cases=_turns(),
        right=velocity,
        mistakes=[
            (lambda p, q: velocity(p, q, 1.0), "that is the turn in a step; a step is 0.05 s."),
            (lambda p, q: -velocity(p, q), "the sign is the wrong way round."),
            (
                _unwrapped,
                "nearly: where the angle passes from π to -π this jumps by 2π. Take the sine and "
                "the cosine of the difference.",
            ),
        ],
        hint="not yet. The angle of each observation is arctan2(sine, cosine).",
    ),
}
