"""Checks for the exercises of chapter 20."""

from __future__ import annotations

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.chapters.ch20.laws import in_a_stack, paid_after, shared_and_own, times_as_fast

REST = 0.1  # 20.1: what stays as it is
COMPILING, EAGER, COMPILED, STACK = 25.0, 300e-6, 125e-6, 8  # 20.2
ALONE, EIGHT = 1.0, 0.28  # 20.3, in milliseconds

CHECKS: dict[int, Check] = {
    # 20.1: Amdahl's bound.
    1: Numbers(
        "give one number: how many times as fast.",
        right=times_as_fast(1 - REST, float("inf")),
        within=0.005,
        near=1e-3,
        mistakes=[
            (
                1 / (1 - REST),
                "that is what is won if those four took no time, and all else stayed.",
            ),
            (1 - REST, "that is the share that can be made faster."),
        ],
        hint="not yet: (20.2) with s without bound, and f the share that gets faster.",
    ),
    # 20.2: steps of a stack after which compiling has paid.
    2: Numbers(
        "give one number of steps.",
        right=paid_after(COMPILING, STACK * EAGER, STACK * COMPILED),
        within=0.005,
        near=1e-3,
        mistakes=[
            (
                paid_after(COMPILING, EAGER, COMPILED),
                "those are steps of single agents; eight of them pass at a time.",
            ),
            (
                COMPILING / (STACK * EAGER),
                "that is how many steps could have been taken meanwhile.",
            ),
        ],
        hint="not yet: (20.3), with the times of a step of the whole stack.",
    ),
    # 20.3: milliseconds of one agent in a stack of sixteen.
    3: Numbers(
        "give one number of milliseconds.",
        right=in_a_stack(16, *shared_and_own({1: ALONE, 8: EIGHT})),
        within=0.005,
        near=1e-3,
        mistakes=[
            (EIGHT / 2, "half of the time at eight: but b does not shrink."),
            (ALONE / 16, "that is (20.4) without b."),
        ],
        hint="not yet: two times give a and b of (20.4).",
    ),
}
