"""Checks for the exercises of chapter 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _numbers(answer: Any, count: int) -> list[float] | None:
    """Return so many finite numbers, or None for anything else."""
    try:
        values = np.asarray(answer, float).reshape(-1)
    except (TypeError, ValueError):
        return None
    return values.tolist() if len(values) == count and np.isfinite(values).all() else None


def _known(values: Any, mistakes: list[tuple[Any, str]]) -> str | None:
    """Return what is known about a wrong answer, if it is one of the common ones."""
    for wrong, message in mistakes:
        if np.allclose(values, wrong, rtol=1e-3, atol=1e-9):
            return message
    return None


def three_arms(answer: Any) -> str:
    """Exercise 2.1: one estimate by hand, three actions with preferences 0, reward 6."""
    values = _numbers(answer, 3)
    if values is None:
        return "give three numbers, one for each preference."
    right = np.array([-2.0, 4.0, -2.0])
    if np.allclose(values, right, atol=1e-6):
        return ""
    mistakes = [
        ([0, 6, 0], "the preferences of the other actions have scores too: minus their pi."),
        (-right, "that is downhill: a positive reward makes the action more likely."),
        (right / 6, "that is the score; multiply it by the reward."),
        ([2, 2, 2], "that is pi times the reward; the score is 1 - pi for the action taken."),
        ([2, 4, 2], "the preferences of the other actions go down: their score is -pi."),
        ([0, 4, 0], "right for the action taken; the others' preferences have a score as well."),
        ([0, 18, 0], "no division by pi: the sample was drawn from pi already."),
        (right / 3, "no further factor pi: drawing from pi has put it in."),
    ]
    return _known(values, mistakes) or "use (2.2), then multiply by the reward."


def _play(seed: int) -> tuple[Any, ...]:
    """Return one made-up episode, a table of scores, and a baseline."""
    rng = np.random.default_rng(seed)
    states, actions = rng.integers(4, size=7), rng.integers(2, size=7)
    return (
        states,
        actions,
        rng.normal(size=7) - 1,
        0.8,
        rng.normal(size=(4, 2, 3)),
        rng.normal(size=4),
    )


def _estimate(
    states: Any, actions: Any, rewards: Any, gamma: float, score: Any, baseline: Any,
    *, discounted: bool = True, whole: bool = False, sign: float = 1.0, used: float = 1.0,
    future_gamma: float | None = None,
) -> Any:  # fmt: skip
    """One episode's estimate, or that of somebody who made a mistake."""
    g = gamma if future_gamma is None else future_gamma
    total = np.zeros(score.shape[-1])
    for t in range(len(states)):
        begin = 0 if whole else t
        future = sum(g ** (k - begin) * rewards[k] for k in range(begin, len(rewards)))
        weight = gamma**t if discounted and not whole else 1.0
        judged = weight * future - used * (gamma**t if discounted else 1.0) * baseline[states[t]]
        total = total + sign * judged * score[states[t], actions[t]]
    return total


def one_episode(answer: Any) -> str:
    """Exercise 2.2: REINFORCE with a baseline, from one episode."""
    if not callable(answer):
        return "give a function my_reinforce(states, actions, rewards, gamma, score, baseline)."
    found, plays = [], [_play(seed) for seed in range(3)]
    for play in plays:
        try:
            found.append(np.asarray(answer(*play), float))
        except Exception as error:
            return f"your function fails on an episode of 7 steps: {type(error).__name__}: {error}"
        if found[-1].shape != (3,):
            return f"the estimate must have the shape (3,) of one score, got {found[-1].shape}."

    def same(**mistake: Any) -> bool:
        return all(
            np.allclose(x, _estimate(*p, **mistake)) for x, p in zip(found, plays, strict=True)
        )

    if same():
        return ""
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"sign": -1.0}, "the sign is turned: this is the gradient of the loss, not of J."),
        (
            {"discounted": False},
            "nearly. The factor gamma**t of (2.7) is missing: see What goes wrong.",
        ),
        ({"used": 0.0}, "unbiased, but the baseline is not subtracted."),
        ({"used": -1.0}, "unbiased, but the baseline is added instead of subtracted."),
        (
            {"whole": True},
            "unbiased, but each action is judged by the whole return, not the future.",
        ),
        ({"future_gamma": 1.0}, "the rewards within G_t are discounted as well."),
        ({"discounted": False, "used": 0.0}, "the baseline and the factor gamma**t are missing."),
    ]
    for mistake, message in mistakes:
        if same(**mistake):
            return message
    if all(np.allclose(len(p[0]) * x, _estimate(*p)) for x, p in zip(found, plays, strict=True)):
        return "sum over the steps of the episode, do not average: long episodes count more."
    return "not the estimate of (2.7) with G - b(s). Go through one episode of two steps by hand."


def episodes_needed(answer: Any) -> str:
    """Exercise 2.3: episodes for an error of half the gradient's length on a chain."""
    values = _numbers(answer, 2)
    if values is None:
        return "give two numbers, (without baseline, with the value as baseline)."
    h, c = 100, 25.0
    without, with_value = 4 * (c * (h + 1) * (2 * h + 1) / 6 + (h - 1) / 2), 4 * (h - 1) / 2
    right = np.array([without, with_value])
    if (np.abs(np.subtract(values, right)) <= 1).all():
        return ""
    mistakes = [
        (right[::-1], "the right numbers in the other order."),
        (
            right / 4,
            "that makes error and gradient equally long; half of it needs four times as many.",
        ),
        (right / 2, "errors shrink with the square root of N: half the error, four times as many."),
        (
            [4 * (c * h**2 + h - 1), with_value],
            "the first number is for the whole return; use the rewards to go.",
        ),
        (
            [4 * (5 * (h + 1) * (2 * h + 1) / 6 + (h - 1) / 2), with_value],
            "the ratio of offset and spread enters (2.11) squared.",
        ),
    ]
    return _known(values, mistakes) or "use (2.11) for the ratio and (2.10) for N."


def best_baseline(answer: Any) -> str:
    """Exercise 2.4: the best baseline of a Gaussian policy on a quadratic reward."""
    values = _numbers(answer, 1)
    if values is None:
        return "give one number."
    value, squared, m, sigma = values[0], 9.0, 3, 0.5
    mean = -squared - m * sigma**2
    if abs(value - (mean - 2 * sigma**2)) <= 1e-3:
        return ""
    mistakes = [
        (
            mean,
            "that is the mean reward, a good baseline. The best one weights rewards by |score|².",
        ),
        (-squared, "that is the reward of the mean action. Exploring costs something on average."),
        (
            mean + 2 * sigma**2,
            "the sign of the last term: far actions have larger scores, worse rewards.",
        ),
        (-(mean - 2 * sigma**2), "rewards are negative here."),
        (mean - 2 * sigma, "the last term is 2 sigma squared."),
        (mean - 2 * m * sigma**2, "divide by E|z|² = m: the weights in (2.9) must sum to one."),
    ]
    return (
        _known(value, mistakes)
        or "E|z|² = m and E|z|⁴ = m(m + 2); put a = mean + sigma z into (2.9)."
    )


CHECKS: dict[int, Callable[[Any], str]] = {
    1: three_arms,
    2: one_episode,
    3: episodes_needed,
    4: best_baseline,
}
