"""Agents of chapter 22: one that knows its world, and parts of TD3."""

from __future__ import annotations

from typing import ClassVar

from ddpg_lib.agents.d4pg import D4PG
from ddpg_lib.agents.td3 import TD3


class PendulumD4PG(D4PG):
    """D4PG with the pendulum's range of returns.

    A step costs between 0 and 16.27, which the recipe scales by 0.1 and discounts by 0.99.
    """

    RANGE: ClassVar[tuple[float, float]] = (-165.0, 0.0)


class HopperD4PG(D4PG):
    """D4PG with a range for the hopper's returns.

    A step is worth 1 and the speed in meters a second, scaled by 0.1 and discounted by 0.99: 45 is
    the return of 3.5 meters a second.
    """

    RANGE: ClassVar[tuple[float, float]] = (-5.0, 45.0)


class SmallerOfTwo(TD3):
    """DDPG with TD3's second critic and nothing else of it, if ``policy_delay`` is 1."""

    BLUR = 0.0
