"""LunarLanderContinuous-v3 in formulas: its reward term by term, hovering, and coming to rest."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

STEPS_A_SECOND = 50
GRAVITY = 10.0  # m/s², downwards
MASS = 867 / 900 * 5 + 2 * 64 / 900  # kg: the body's area times its density, and two legs
IMPULSE = 13 * 4 / 30  # N s that the main engine gives in a step at full throttle, on average
FUEL = (0.3, 0.03)  # reward lost in a step at full throttle, main and side engine
END = 100.0  # gained by coming to rest, lost by crashing or leaving; replaces the step's reward
REST_STEPS = 25  # Box2D lets a body sleep after half a second of standing still


def throttle(action: ArrayLike) -> Array:
    """Power of the engines, as shares of full power (Gymnasium's ``LunarLander.step``).

    Parameters
    ----------
    action : array_like, shape (..., 2)
        Main and side component, in [-1, 1]; clipped to it.

    Returns
    -------
    array, shape (..., 2)
        Of the main engine, 0 or 1/2 to 1; of the side engine that fires, 0 or more than 1/2 to 1.
    """
    a = np.clip(np.asarray(action, float), -1, 1)
    main = np.where(a[..., 0] > 0, (1 + a[..., 0]) / 2, 0.0)
    side = np.abs(a[..., 1])
    return np.stack([main, np.where(side > 0.5, side, 0.0)], axis=-1)


def potential_terms(obs: ArrayLike) -> Array:
    """The parts of the potential whose differences are the reward's shaping, of ``obs (..., 8)``.

    Returns
    -------
    array, shape (..., 4)
        Of the distance to the pad, the speed, the tilt, and the legs' contacts.
    """
    s = np.asarray(obs, float)
    return np.stack(
        [
            -100 * np.hypot(s[..., 0], s[..., 1]),
            -100 * np.hypot(s[..., 2], s[..., 3]),
            -100 * np.abs(s[..., 4]),
            10 * (s[..., 6] + s[..., 7]),
        ],
        axis=-1,
    )


def potential(obs: ArrayLike) -> Array:
    """Sum ``(...,)`` of :func:`potential_terms` of observations ``obs (..., 8)``."""
    return potential_terms(obs).sum(axis=-1)


def reward(obs: ArrayLike, action: ArrayLike, next_obs: ArrayLike) -> Array:
    """Reward ``(...,)`` of a step that does not end the episode.

    From states ``obs, next_obs (..., 8)`` and an ``action (..., 2)`` in [-1, 1]: the potential's
    difference less the fuel. Where the episode terminates, the environment gives ``END`` or
    ``-END`` instead.
    """
    return potential(next_obs) - potential(obs) - throttle(action) @ np.array(FUEL)


def hover_throttle() -> float:
    """Mean share of the main engine's power at which its impulse balances the weight, upright."""
    return MASS * GRAVITY / STEPS_A_SECOND / IMPULSE


def landing_gain(steps: int, gain: float, gamma: float) -> float:
    """How much more reward coming to rest is worth than hovering for ever, discounted.

    Until then both burn the same fuel; the potential moves in the last of these steps.

    Parameters
    ----------
    steps : int
        Steps before the one that ends the episode.
    gain : float
        The potential at rest less that of hovering.
    gamma : float
        Discount a step.
    """
    fuel = FUEL[0] * hover_throttle()
    return gamma ** (steps - 1) * gain + gamma**steps * (END + fuel / (1 - gamma))


def crash_break_even(gain: float, gamma: float) -> float:
    """The probability of a crash at which an attempt to land is worth as much as hovering on.

    A crash brings ``-END`` in the step in which a landing would bring ``END``, without the gain.

    Parameters
    ----------
    gain : float
        The potential at rest less that of hovering.
    gamma : float
        Discount a step.
    """
    saved = FUEL[0] * hover_throttle() / (1 - gamma)
    return (gain / gamma + END + saved) / (gain / gamma + 2 * END)


def hover(height: float) -> Callable[[ArrayLike], Array]:
    """A hand-written policy that flies to above the pad and stays there.

    Power follows height and vertical speed; the side engines tilt the lander towards the pad.

    Parameters
    ----------
    height : float
        Where to stay, as in the observation: 0 is where the legs touch the pad, 1 is 6.7 m up.

    Returns
    -------
    callable
        From an observation, shape (8,), to an action, shape (2,).
    """
    balance = hover_throttle()

    def policy(obs: ArrayLike) -> Array:
        x, y, vx, vy, angle, spin = np.asarray(obs, float)[:6]
        power = balance + (height - y) - 2 * vy
        tilt = np.clip(0.5 * x + vx, -0.4, 0.4)
        return np.clip([2 * power - 1, -20 * ((tilt - angle) / 2 - spin)], -1, 1)

    return policy


def still(main: float, side: float, sigma: float) -> float:
    """Probability that Gaussian noise leaves all engines off in a step.

    ``main, side`` is the policy's action, without noise; ``sigma`` the noise's standard deviation
    on each component, 0 for none.
    """
    if sigma == 0:
        return float(main <= 0 and abs(side) <= 0.5)

    def below(z: float) -> float:
        return 0.5 * math.erfc(-z / (sigma * math.sqrt(2)))

    return below(-main) * (below(0.5 - side) - below(-0.5 - side))


def still_windows(main: Array, side: Array, steps: int = REST_STEPS) -> NDArray[np.bool_]:
    """In which windows of ``steps`` consecutive actions no engine fires at all.

    From actions ``main, side (..., time)``, noise included, to ``(..., time - steps + 1)``.
    """
    off = (throttle(np.stack([main, side], axis=-1)) == 0).all(axis=-1)
    windows: NDArray[np.bool_] = np.lib.stride_tricks.sliding_window_view(off, steps, axis=-1)
    return np.asarray(windows.all(axis=-1))
