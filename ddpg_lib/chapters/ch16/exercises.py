"""Checks for the exercises of chapter 16."""

from __future__ import annotations

from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers
from ddpg_lib.chapters.ch16.reaching import ELBOW, fingertip, postures


def reach(answer: Any) -> str:
    """16.3: a function of one target, shape (2,), that returns one posture (q0, q1) in rad."""
    if not callable(answer):
        return "give the function itself: of a target (x, y), it returns the angles (q0, q1)."
    rng = np.random.default_rng(16)
    angle, radius = rng.uniform(-np.pi, np.pi, 40), rng.uniform(0.03, 0.2, 40)
    targets = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    try:
        q = np.array([np.asarray(answer(g.copy()), float).reshape(2) for g in targets])
    except Exception as error:
        return f"it fails: {type(error).__name__}: {error}"
    if not np.isfinite(q).all():
        return "some angles are not finite: is the cosine's argument between -1 and 1?"
    miss = np.linalg.norm(fingertip(q) - targets, axis=-1)
    if miss.max() < 1e-6:
        over = np.abs(q[:, 1]).max() > ELBOW
        return "it reaches, but bends the elbow beyond its limit of 3 rad." if over else ""
    if np.linalg.norm(fingertip(np.deg2rad(q)) - targets, axis=-1).max() < 1e-6:
        return "those are degrees; MuJoCo's angles are in rad."
    if np.linalg.norm(fingertip(q * [1, -1]) - targets, axis=-1).max() < 1e-6:
        return "the elbow bends to the other side than the shoulder allows for: flip one sign."
    if np.linalg.norm(fingertip(q - [[0, 1]] * q[:, :1]) - targets, axis=-1).max() < 1e-6:
        return "the second angle counts from the first link, not from the x axis."
    if np.allclose(np.abs(q[:, 1]), postures(targets)[:, 0, 1], atol=1e-6):
        return "the elbow is right, the shoulder is not: subtract the angle that the bend adds."
    right = miss < 1e-6
    if right.any():
        return f"it reaches {right.sum()} of 40 targets: does it use arctan2, with both signs?"
    return "it misses. Find q1 from the distance by the law of cosines first; the links are LINKS."


CHECKS: dict[int, Check] = {
    # 16.1: meters that a cheetah runs for a return of 9,000 with control costs of 400.
    1: Numbers(
        "give one number of meters.",
        right=470,
        within=5e-4,
        near=1e-6,
        mistakes=[
            (450, "the return has the control cost taken off already; the speed earned more."),
            (
                430,
                "the cost was taken off the return: add it again, do not take it off twice.",
            ),
            (9_400, "that is the sum of speeds; each holds for one step of 0.05 s."),
            (9.4, "that is the mean speed; an episode lasts 50 s."),
            (94, "0.01 s is MuJoCo's step; the environment takes five of them."),
        ],
        hint="not yet. Solve (16.9) for the distance between the first place and the last.",
    ),
    # 16.2: the gain beyond which s' = s + 0.25 a under a = -k s no longer comes to rest.
    2: Numbers(
        "give one number, the gain.",
        right=8,
        within=1e-5,
        near=1e-6,
        mistakes=[
            (
                4,
                "there the state is at rest after one step; beyond it, it overshoots but shrinks.",
            ),
            (-8, "mind the sign: a = -k s."),
            (0, "that is the other end: below it the state drifts off."),
            (0.25, "that is b; ask when |1 - b k| reaches 1."),
            (2, "divide by b: |1 - b k| = 1 at b k = 2."),
        ],
        hint="not yet. The closed loop is s' = (1 - 0.25 k) s; when does its size reach 1?",
    ),
    3: reach,
}
