"""What is asked for where a recorded run is made: environment, recipe, seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ddpg_lib.errors import did_you_mean

BUDGET = ("steps", "warmup_steps", "eval_every", "eval_episodes")


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
    agent : str
        What makes the stack, as ``module:name``, where it is not :class:`~ddpg_lib.ddpg.DDPG`.
    """

    env: str
    recipe: str
    seeds: tuple[int, ...]
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    agent: str = ""


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Experiments that share environment, seeds and budget, and differ in what their arms say.

    Attributes
    ----------
    env, recipe, seeds
        As of an :class:`Experiment`.
    arms : dict of dict
        By name, the hyperparameters in which an arm differs, and perhaps ``agent``. The name is a
        file's name too.
    changes : dict
        Hyperparameters of all arms that differ from the recipe's.
    """

    env: str
    recipe: str
    seeds: tuple[int, ...]
    arms: Mapping[str, Mapping[str, Any]]
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse arms with budgets of their own.

        Raises
        ------
        ValueError
            Naming the arm.
        """
        for arm, own in self.arms.items():
            if unequal := [name for name in BUDGET if name in own]:
                raise ValueError(f"{unequal[0]} must be the same in all arms; {arm} sets its own")

    def experiment(self, arm: str) -> Experiment:
        """One arm's experiment."""
        changes = {**self.changes, **self.arms[arm]}
        agent = changes.pop("agent", "")
        return Experiment(self.env, self.recipe, self.seeds, changes, agent)


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

KEEPING, FAULTS = "ddpg_lib.chapters.ch06.keeping:", "ddpg_lib.chapters.ch06.faults:"
REPLAY_ARMS: dict[str, dict[str, Any]] = {
    "latest_64": {"buffer_size": 64},
    "latest_500": {"buffer_size": 500},
    "latest_2000": {"buffer_size": 2_000},
    "all": {"buffer_size": 4_500},
    "by_lot": {"buffer_size": 500, "agent": f"{KEEPING}ByLot"},
    "by_lot_own": {"buffer_size": 500, "agent": f"{KEEPING}ByLotOwn"},
    "diverse": {"buffer_size": 500, "agent": f"{KEEPING}Diverse"},
}
REPLAY_FACTORS = dict.fromkeys(REPLAY_ARMS, 1.0)
"""What both step sizes of each arm are multiplied by: the best of the sweep replay_step_sizes."""


def _scaled(factor: float, **own: Any) -> dict[str, Any]:
    """An arm with both step sizes scaled."""
    return {"actor_lr": 5e-4 * factor, "critic_lr": 1e-3 * factor, **own}


SWEEPS: dict[str, Sweep] = {
    # Chapter 6, what a buffer keeps: the step sizes of each arm are chosen here.
    "replay_step_sizes": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(100, 108)),
        {
            f"{arm}_{factor:g}": _scaled(factor, **own)
            for factor in (1, 0.5, 2)
            for arm, own in REPLAY_ARMS.items()
        },
        {"steps": 4_500, "lr_decay": False, "tau": 0.01, "eval_every": 4_500},
    ),
    # The same arms with these step sizes on new seeds, and two faults.
    "replay_contents": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            **{arm: _scaled(REPLAY_FACTORS[arm], **own) for arm, own in REPLAY_ARMS.items()},
            "newest_only": {"buffer_size": 4_500, "agent": f"{FAULTS}LatestOnly"},
            "after_reset": {"buffer_size": 4_500, "agent": f"{FAULTS}StoredAfterReset"},
        },
        {"steps": 4_500, "lr_decay": False, "tau": 0.01, "eval_every": 500},
    ),
}
"""Comparisons of many arms, by name: of these curves ship and no networks."""


def experiment(name: str) -> Experiment | Sweep:
    """One of ``EXPERIMENTS`` or ``SWEEPS`` by name.

    Raises
    ------
    ValueError
        For an unknown name, naming near ones.
    """
    known: dict[str, Experiment | Sweep] = {**EXPERIMENTS, **SWEEPS}
    if name not in known:
        hint = did_you_mean(name, known)
        raise ValueError(f"there is no recorded run {name!r}, only {', '.join(known)}{hint}")
    return known[name]
