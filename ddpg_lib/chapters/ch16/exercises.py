"""Checks for the exercises of chapter 16."""

from __future__ import annotations

from typing import Any

import numpy as np

from ddpg_lib.chapters.answers import Check, Numbers, numbers
from ddpg_lib.chapters.ch16.reaching import ELBOW, fingertip, postures


def reach(answer: Any) -> str:
    """16a.1: a function of one target, shape (2,), that returns one posture (q0, q1) in rad."""
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


def four_numbers(answer: Any) -> str:
    """16.2: gains (4,) of place, angle, speed and turn that hold the pole in the middle."""
    gain = numbers(answer, (4,))
    if gain is None:
        return "give four numbers: the gains of place, angle, speed and turn."
    from ddpg_lib.chapters.ch16.linearization import linearize, transition
    from ddpg_lib.envs.making import make

    env = make("InvertedPendulum-v5")
    env.reset(seed=0)
    f = transition(env)
    s = np.array([0.1, 0.01, 0.0, 0.0])
    for step in range(1, 1_001):
        s = f(s, np.clip(-gain[None] @ s, -3, 3))
        if abs(s[1]) > 0.2 and step < 60 and (gain[1] >= 0 or gain[3] > 0):
            return "the pole falls at once: mind the signs; a must push the cart below the pole."
        if abs(s[1]) > 0.2:
            end = " at the end of the rail: the cart must find its way back" * bool(
                abs(s[0]) > 0.95
            )
            return f"the pole falls after {step} steps{end}."
    A, B = linearize(f, np.zeros(4), np.zeros(1))
    if np.linalg.eigvals(A - B @ gain[None]).real.min() < -1:
        return (
            "the pole stands, but the cart shakes: an eigenvalue is below -1, so lower the gains."
        )
    return "" if abs(s[0]) < 0.05 else f"the pole stands, but the cart at {s[0]:.2f} m, not at 0."


CHECKS: dict[int | str, Check] = {
    # 16.1: the gain beyond which s' = s + 0.25 a under a = -k s no longer comes to rest.
    1: Numbers(
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
    2: four_numbers,
    "16a.1": reach,
    # 16b.1: meters that a cheetah runs for a return of 9,000 with control costs of 400.
    "16b.1": Numbers(
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
        hint="not yet. Solve (16b.1) for the distance between the first place and the last.",
    ),
}
