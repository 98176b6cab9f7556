"""Checks for the exercises of chapter 11."""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any

import gymnasium as gym
import numpy as np

from ddpg_lib.chapters.answers import Check, Function, Numbers
from ddpg_lib.chapters.ch11.agents import OtherUnits, StoresTorque
from ddpg_lib.chapters.ch11.scales import reach
from ddpg_lib.ddpg import DDPG
from ddpg_lib.runs.session import train

QUARTER = 0.25 * reach(3e-4, 50_000, 64) / 300  # 11.2
UPDATES = math.log(0.01) / math.log(9_999 / 10_001)  # 11.4
PATIENTS: dict[str, tuple[type[DDPG], float, str]] = {
    "A": (DDPG, 10.0, "reward"),
    "B": (StoresTorque, 0.1, "action"),
    "C": (OtherUnits, 0.1, "observation"),
}
"""11.6: the agent, the reward scale, and what stands in a wrong unit."""


def running(answer: Any) -> str:
    """11b.1: a class with add(x) for one observation, and attributes mean and var."""
    if not callable(answer):
        return "give the class itself, with add(x), mean and var."
    # A long way from zero, and of unequal scales.
    rows = np.random.default_rng(0).normal(size=(247, 2)) * [1e-2, 50.0] + [1e4, 3.0]
    try:
        statistics = answer()
        for row in rows:
            statistics.add(row.copy())
        mean, var = np.asarray(statistics.mean, float), np.asarray(statistics.var, float)
    except Exception as error:
        return f"it fails: {type(error).__name__}: {error}"
    if mean.shape != (2,) or var.shape != (2,):
        return (
            f"mean and var must have the observation's shape (2,); got {mean.shape}, {var.shape}."
        )
    if not np.allclose(mean, rows.mean(axis=0), rtol=1e-9):
        return "the mean is not that of all observations. Does each one get the weight 1/n?"
    right = rows.var(axis=0)
    if np.allclose(var, right, rtol=1e-4):
        return ""
    n = len(rows)
    if np.allclose(var, right * n / (n - 1), rtol=1e-4):
        return "nearly: divide by n, as (11b.3) does, not by n - 1."
    if np.allclose(var, right * n, rtol=1e-4):
        return "that is the sum of squares; divide it by n."
    if np.allclose(var[1], right[1], rtol=1e-4):
        return (
            "the second component is right; the first lies 10,000 from zero, and its variance is "
            "lost in rounding. Do not subtract the square of the mean from the mean square."
        )
    return "the variance is not that of all observations. The mean moves as you sum: see (11b.3)."


def wrapped(answer: Any) -> str:
    """11.5: a function that returns Pendulum-v1 with observations in the other units."""
    if not callable(answer):
        return "give the function that makes the environment, without arguments."
    plain = gym.make("Pendulum-v1")
    try:
        env = answer()
        first, again = env.reset(seed=3)[0], plain.reset(seed=3)[0]
        torque = np.array([1.0], np.float32)
        next_obs = env.step(torque)[0]
        inside = env.observation_space.contains(np.asarray(first, np.float32))
        low, high = env.observation_space.low, env.observation_space.high
    except Exception as error:
        return f"it fails: {type(error).__name__}: {error}"
    units = OtherUnits.UNITS
    if not np.allclose(first, units(again), atol=1e-3):
        return "the first observation is not Pendulum-v1's in the other units."
    if not np.allclose(next_obs, units(plain.step(torque)[0]), atol=1e-3):
        return "reset is right, but step returns other units."
    if not inside:
        return "observations lie outside of the space that it declares: its bounds need the units."
    plain_space = plain.observation_space
    assert isinstance(plain_space, gym.spaces.Box)
    if not np.allclose([low, high], [units(plain_space.low), units(plain_space.high)], atol=1e-3):
        return "it works; declare the bounds in the other units, so that nobody is misled."
    return ""


@functools.cache
def patient(name: str) -> DDPG:
    """11.6: two agents after 1,000 updates, with something in a wrong unit.

    Raises
    ------
    ValueError
        For a name that is not A, B or C.
    """
    if name not in PATIENTS:
        raise ValueError(f"the patients are {', '.join(PATIENTS)}; got {name!r}")
    kind, scale, _ = PATIENTS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library would name what is wrong with one of them
        return train(
            "Pendulum-v1",
            "pendulum",
            [0, 1],
            agent=kind,
            progress=False,
            hidden=(32, 32),
            batch_size=32,
            reward_scale=scale,
            actor_lr=2e-3,
            critic_lr=4e-3,
            lr_decay=False,
            steps=1_500,
            warmup_steps=500,
            eval_every=1_500,
            eval_episodes=1,
        ).agent


def diagnoses(answer: Any) -> str:
    """11.6: a dictionary from A, B and C to "action", "reward" or "observation"."""
    right = {name: unit for name, (*_, unit) in PATIENTS.items()}
    if not isinstance(answer, dict) or set(answer) != set(right):
        return 'give a dictionary such as {"A": "action", "B": "reward", "C": "observation"}.'
    if unknown := [x for x in answer.values() if x not in right.values()]:
        return f"{unknown[0]!r} is none of action, reward and observation."
    look = {
        "action": "what is the largest action in its replay memory?",
        "observation": "how much of the state reaches its first hidden layer?",
        "reward": "what part of its policy's earnings does its critic expect, and how far is it?",
    }
    wrong = [name for name in right if answer[name] != right[name]]
    return f"{wrong[0]} is something else: {look[answer[wrong[0]]]}" if wrong else ""


def _ends(x: Any, low: Any, high: Any) -> Any:
    """11.1: (11.1)."""
    return (high + low) / 2 + (high - low) / 2 * x


CHECKS: dict[int | str, Check] = {
    1: Function(
        "give the function itself, to_world(x, low, high).",
        [
            (np.array([-0.8, 0.3]), np.array([0.0, -30.0]), np.array([1.0, 30.0])),
            (np.array([0.25, -0.5]), np.array([0.0, -30.0]), np.array([1.0, 30.0])),
            (np.array([0.1]), np.array([-7.0]), np.array([-3.0])),
        ],
        _ends,
        [
            (lambda x, low, high: (high - low) / 2 * x, "where is the center of the range?"),
            (lambda x, low, high: high * x, "that works only if the bounds are symmetric."),
            (
                lambda x, low, high: low + (high - low) * x,
                "that takes numbers in [0, 1]; tanh's lie in [-1, 1].",
            ),
            (
                lambda x, low, high: (high + low) / 2 + (high - low) * x,
                "half of the width: x = 1 should give the upper bound.",
            ),
            (
                lambda x, low, high: np.clip(x, low, high),
                "that cuts off; a network's 1 should become the upper bound itself.",
            ),
        ],
        "not yet: x = -1 should give the lower bound, x = 1 the upper one, x = 0 the middle.",
        shape="it should return one number for each component of x.",
    ),
    # 11.2: |Q| = 3 / (1 - 0.99), 64 tanh units, step size 3e-4, 50,000 updates; a quarter.
    2: Numbers(
        "give one number, the reward scale.",
        right=QUARTER,
        within=4e-3,
        near=2e-3,
        mistakes=[
            (4 * QUARTER, "that takes the whole reach; a quarter was asked for."),
            (QUARTER / 2, "the step size is constant here: it does not fall to 0."),
            (100 * QUARTER, "3 is what one step pays; the value sums it, discounted."),
            (1 / QUARTER, "upside down: the scaled level is c times |Q|."),
            (QUARTER * 64 / 65, "nearly: the bias moves too, so h + 1."),
        ],
        hint="not yet. |Q| = r / (1 - gamma), the reach is that of (11.2), and c |Q| = reach / 4.",
    ),
    # 11.3: uncorrelated features of mean 0 and standard deviations 10, 1 and 0.1, no bias.
    3: Numbers(
        "give one number, the step size at which convergence is lost.",
        right=0.01,
        within=1e-8,
        near=1e-6,
        mistakes=[
            (0.1, "the curvature is the variance, not the standard deviation."),
            (0.02, "the loss is a square, not half a square: its gradient has a factor 2."),
            (100, "that is set by the smallest curvature; the largest one diverges first."),
            (1e4, "that is the condition number; the question is about the step size."),
        ],
        hint="not yet. What is C of (11.4), and what does (11.5) say about its largest eigenvalue?",
    ),
    # 11.4: updates to shrink the error to 1% at condition number 10,000 and the best step.
    4: Numbers(
        "give one number of updates.",
        right=UPDATES,
        within=1 + 2e-3 * UPDATES,
        near=0.01,
        mistakes=[
            (UPDATES / 2, "that is for an error of 10%: two factors of 10 are needed."),
            (
                2 * UPDATES,
                "that is for the step 1/(2 lambda_max); the best one is nearly twice as long.",
            ),
            (
                math.log(0.01) / math.log(99 / 101),
                "that is for the condition number 100, the ratio of the standard deviations.",
            ),
        ],
        hint="not yet. Set the rate of (11.6) to the power k equal to 0.01 and solve for k.",
    ),
    5: wrapped,
    6: diagnoses,
    # The standard deviation of an output whose 64 hidden units are all 1 or -1.
    "11a.1": Numbers(
        "give one number, the standard deviation.",
        right=3e-3 * math.sqrt(65 / 3),
        within=1e-6,
        near=1e-6,
        mistakes=[
            (3e-3 * math.sqrt(64 / 3), "nearly: the bias is random too."),
            (3e-3 * math.sqrt(65), "a uniform number in [-b, b] has the variance b^2 / 3."),
            (3e-3 * 65, "that is the largest possible output."),
            (9e-6 * 65 / 3, "that is the variance."),
        ],
        hint="not yet. Insert |f|^2 = 64 into (11a.1).",
    ),
    # Curvature 0.01 under weight decay 0.01.
    "11a.2": Numbers(
        "give one number between 0 and 1.",
        right=2 / 3,
        within=1e-3,
        near=1e-3,
        mistakes=[
            (0.5, "the loss is a square, not half a square: the decay counts half."),
            (1 / 3, "that is what is lost; the question is what is left."),
            (1 / 1.005, "that is the direction of curvature 1."),
        ],
        hint="not yet. Insert lambda = 0.01 and omega = 0.01 into (11a.2).",
    ),
    "11b.1": running,
}
