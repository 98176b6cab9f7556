"""What is asked for where a recorded run is made: environment, recipe, seeds."""

from __future__ import annotations

import dataclasses
from typing import Any

from ddpg_lib.errors import did_you_mean


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A run by name.

    Attributes
    ----------
    env : str
        A Gymnasium id.
    recipe : str
        The hyperparameters' name.
    seeds : tuple of int
        One an agent.
    changes : dict
        Hyperparameters that differ from the recipe's, such as ``steps``.
    """

    env: str
    recipe: str
    seeds: tuple[int, ...]
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)


EXPERIMENTS = {
    "pendulum": Experiment("Pendulum-v1", "pendulum", tuple(range(8))),
    "bipedal_walker": Experiment("BipedalWalker-v3", "bipedal_walker", tuple(range(4))),
    "bipedal_walker_one_step": Experiment(
        "BipedalWalker-v3", "bipedal_walker", tuple(range(4)), {"n_step": 1}
    ),
    "half_cheetah": Experiment("HalfCheetah-v5", "half_cheetah", tuple(range(4))),
    "inverted_pendulum": Experiment("InvertedPendulum-v5", "inverted_pendulum", tuple(range(8))),
    "inverted_pendulum_no_norm": Experiment(
        "InvertedPendulum-v5", "inverted_pendulum", tuple(range(8)), {"layer_norm": "none"}
    ),
    "lunar_lander": Experiment("LunarLanderContinuous-v3", "lunar_lander", tuple(range(8))),
    "lunar_lander_one_step": Experiment(
        "LunarLanderContinuous-v3", "lunar_lander", tuple(range(8)), {"n_step": 1}
    ),
    "lunar_lander_white_noise": Experiment(
        "LunarLanderContinuous-v3",
        "lunar_lander",
        tuple(range(8)),
        {"noise": "gaussian", "sigma": 0.5},
    ),
    "reacher": Experiment("Reacher-v5", "reacher", tuple(range(8))),
}
"""What the book shows, by name."""


def experiment(name: str) -> Experiment:
    """One of ``EXPERIMENTS`` by name.

    Raises
    ------
    ValueError
        For an unknown name, naming near ones.
    """
    if name not in EXPERIMENTS:
        hint = did_you_mean(name, EXPERIMENTS)
        raise ValueError(f"there is no recorded run {name!r}, only {', '.join(EXPERIMENTS)}{hint}")
    return EXPERIMENTS[name]
