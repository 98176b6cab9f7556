"""Agents beside each other: which step sizes suit each, how soon it learns, what its twins do."""

from __future__ import annotations

import csv
import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.agents.td3 import TwinCritic
from ddpg_lib.ddpg import DDPG
from ddpg_lib.parts.networks import rows_of
from ddpg_lib.results.recorded import DATA
from ddpg_lib.results.searches import Record
from ddpg_lib.results.sweeps import Arm

Array = NDArray[np.float64]


def smaller_of_two(sigma: float, correlation: float) -> float:
    r"""Mean of the smaller of two normal errors with mean 0: :math:`-\sigma\sqrt{(1-\rho)/\pi}`.

    Both have the standard deviation ``sigma``; equation (22.2).

    Raises
    ------
    ValueError
        For a negative deviation, or a correlation outside of -1 to 1.
    """
    if sigma < 0 or not -1 <= correlation <= 1:
        raise ValueError(
            "sigma must not be negative and the correlation lie between -1 and 1, "
            f"got {sigma} and {correlation}"
        )
    return -sigma * math.sqrt((1 - correlation) / math.pi)


def best_factors(search: Record) -> dict[str, str]:
    """By agent, the multiple of the step sizes with the highest mean final return in a search.

    The search's settings are named after agent and multiple, as in ``td3_4``; the multiple is given
    as it stands there.
    """
    best: dict[str, tuple[float, str]] = {}
    for name, final in search.final.items():
        agent, _, factor = name.rpartition("_")
        mean = float(final.mean())
        if mean > best.get(agent, (-math.inf, ""))[0]:
            best[agent] = mean, factor
    return {agent: factor for agent, (_, factor) in best.items()}


def beside_public() -> dict[str, dict[str, Array]]:
    """Final returns on Pendulum-v1 beside Stable-Baselines3's, ``{algorithm: {library: (n,)}}``.

    As ``benchmarks/returns.py`` wrote them.
    """
    found: dict[str, dict[str, list[float]]] = {}
    with (DATA / "after" / "public.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            libraries = found.setdefault(row["algorithm"], {})
            libraries.setdefault(row["library"], []).append(float(row["return"]))
    return {
        algorithm: {library: np.array(returns) for library, returns in libraries.items()}
        for algorithm, libraries in found.items()
    }


def fall_pays_after(speed: float, gamma: float) -> float:
    r"""Steps of hopping after which a fall is worth as much as standing for ever; (22a.1).

    With a discount ``gamma``, a step pays 1 and the ``speed`` in meters a second.

    Raises
    ------
    ValueError
        If the hopper does not move forward, or the discount is not between 0 and 1.
    """
    if speed <= 0 or not 0 < gamma < 1:
        raise ValueError(
            f"the speed must be above 0 and gamma between 0 and 1, got {speed} and {gamma}"
        )
    return math.log(speed / (1 + speed)) / math.log(gamma)


def steps_to(arm: Arm, level: float) -> Array:
    """Environment steps of each agent up to its first evaluation of at least ``level``, ``(n,)``.

    Infinite where there is none.
    """
    reached = arm.curves >= level
    return np.where(reached.any(axis=1), arm.steps[reached.argmax(axis=1)], np.inf)


@torch.no_grad()
def between_twins(agent: DDPG, obs: ArrayLike, action: ArrayLike) -> Array:
    """Half the mean distance of an agent's two critics, ``(n,)``, in units of the reward.

    It is by how much the smaller of two values lies below their mean, on average over the states
    ``obs``, ``(n, batch, obs_dim)``, and actions ``(n, batch, action_dim)`` in the environment's
    units.

    Raises
    ------
    ValueError
        If the agent has no second critic.
    """
    critic = agent.critic
    if not isinstance(critic, TwinCritic):
        raise ValueError(f"a {type(agent).__name__} has one critic: give a TD3 or a SAC")
    scaled = (np.asarray(action, np.float32) - agent.center) / agent.half_range
    seen = rows_of(np.asarray(obs, np.float32), agent.n, agent.obs_dim, agent.device)
    one, other = critic.both(seen, rows_of(scaled, agent.n, agent.low.size, agent.device))
    half = (one - other).abs().mean(-1) / 2 / agent.config.reward_scale
    return half.cpu().numpy().astype(float)
