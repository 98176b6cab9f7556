"""Checks for the exercises of chapter 17."""

from __future__ import annotations

from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers

SIDE, HALF_WIDTH, BETWEEN = 32, 2.2, 0.1  # pixels, rod lengths, seconds between frames
PIXELS_A_ROD = SIDE / (2 * HALF_WIDTH)
ONE_PIXEL = 1 / (PIXELS_A_ROD * BETWEEN)  # rad/s


def _moved(frame: Any, dy: int, dx: int) -> Any:
    height, width = frame.shape
    rows = np.clip(np.arange(height) + dy, 0, height - 1)
    columns = np.clip(np.arange(width) + dx, 0, width - 1)
    return frame[rows][:, columns]


def _zeros(frame: Any, dy: int, dx: int) -> Any:
    height, width = frame.shape
    wide = np.pad(frame, 9)
    return wide[9 + dy : 9 + dy + height, 9 + dx : 9 + dx + width]


def _pictures() -> list[tuple[Any, int, int]]:
    rng = np.random.default_rng(17)
    moves = [(1, 0), (0, -2), (-3, 2), (4, 4)]
    return [(rng.integers(1, 256, (6, 7)), dy, dx) for dy, dx in moves]


CHECKS: dict[int, Check] = {
    # 17.1: how many times the bytes of frames kept once are those of observations kept whole.
    1: Numbers(
        "give one number: how many times as many.",
        right=6,
        within=0.01,
        mistakes=[
            (3, "that counts s alone; s' is stored as well."),
            (2, "each of the two observations has three frames."),
            (4, "s and s' together are six frames, though only four of them are different."),
        ],
        hint="not yet: count the frames in s and in s', and the new ones that a step brings.",
    ),
    # 17.2: the side of what a convolution makes.
    2: Function(
        "give a function: of side, kernel and stride.",
        cases=[(32, 6, 4), (7, 3, 1), (84, 8, 4), (16, 3, 2), (31, 5, 3), (6, 6, 4)],
        right=lambda side, kernel, stride: (side - kernel) // stride + 1,
        mistakes=[
            (lambda side, kernel, stride: side // stride, "the kernel must fit in: see (17.2)."),
            (lambda side, kernel, stride: (side - kernel) // stride, "the first place counts too."),
            (
                lambda side, kernel, stride: (side - kernel) / stride + 1,
                "a place that would hang over the edge is left out: round down.",
            ),
            (
                lambda side, kernel, stride: (side + 2 * (kernel // 2) - kernel) // stride + 1,
                "that is with padding; here there is none.",
            ),
        ],
        hint="not yet: how often can the kernel move on by a stride and still be in the picture?",
    ),
    # 17.3: the angular velocity at which the tip moves by a pixel from frame to frame.
    3: Numbers(
        "give one number, in rad/s.",
        right=ONE_PIXEL,
        within=0.02,
        mistakes=[
            (ONE_PIXEL / 2, "half of the picture's 32 pixels are 2.2 rod lengths."),
            (ONE_PIXEL / HALF_WIDTH, "the rod does not reach the picture's edge: it is 1 of 2.2."),
            (ONE_PIXEL * 2, "an action lasts two steps of 0.05 s."),
            (1 / PIXELS_A_ROD, "that is the angle; divide by the time between two frames."),
        ],
        hint="not yet. How many pixels is the rod long, and how far does its tip go in 0.1 s?",
    ),
    # 17.4: a shift by hand.
    4: Function(
        "give a function: of a frame and two whole numbers.",
        cases=_pictures(),
        right=_moved,
        mistakes=[
            (lambda f, dy, dx: np.roll(f, (-dy, -dx), (0, 1)), "what leaves must not come back."),
            (_zeros, "what comes in repeats the edge; it is not black."),
            (
                lambda f, dy, dx: _moved(f, -dy, -dx),
                "the other way: pixel (y, x) is that at +dy, +dx.",
            ),
            (lambda f, dy, dx: _moved(f, dx, dy), "rows first: dy moves along the first axis."),
        ],
        hint="not yet: clip the row y + dy and the column x + dx to the picture.",
        shape="a frame of another shape came out: {}.",
    ),
}
"""What each exercise's answer is held against."""
