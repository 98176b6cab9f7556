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


def _times(factor: float, **changes: Any) -> dict[str, Any]:
    """Both of the pendulum recipe's step sizes, times a factor."""
    return {"actor_lr": 5e-4 * factor, "critic_lr": 1e-3 * factor, **changes}


# Chapter 11: chapter 9's recipe in half the steps, and once more with smaller networks. The
# factors of the step sizes were searched on seeds 100 to 107, for each row of both pendulums.
_HALF: dict[str, Any] = {"steps": 6_000, "warmup_steps": 1_000, "eval_every": 1_000}
_SMALL: dict[str, Any] = {**_HALF, "hidden": (32, 32), "batch_size": 32}
_CH11 = "ddpg_lib.chapters.ch11.agents"
_ROWS = {
    "plain": _times(8),
    "running": _times(8, normalize_obs=True),
    "layer_critic": _times(4, layer_norm="critic"),
    "layer_both": _times(4, layer_norm="both"),
    "running_layer": _times(8, normalize_obs=True, layer_norm="critic"),
    "batch": _times(8, batch_norm="both", action_layer=1),
    "action_late": _times(8, action_layer=1),
}

SWEEPS: dict[str, Sweep] = {
    "units": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            "half_range": _times(8, agent=f"{_CH11}:HalfRange"),
            "stored_torque": _times(8, agent=f"{_CH11}:StoresTorque"),
            "rewards_10": _times(8, reward_scale=10.0),
            "large_last_layer": _times(8, final_init=32**-0.5),
            "weight_decay": _times(8, critic_weight_decay=1e-2),
        }
        | {
            f"{name}_{units}": {**changes, **agent}
            for name, changes in _ROWS.items()
            for units, agent in (("plain", {}), ("other", {"agent": f"{_CH11}:OtherUnits"}))
        }
        | {
            "published": {
                **_ROWS["batch"],
                "critic_weight_decay": 1e-2,
                "noise": "ornstein_uhlenbeck",
                "activation": "relu",
            },
        },
        _SMALL,
    ),
    "reward_scales": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            f"scale_{c:g}_lr_{lr:g}": {"reward_scale": c, "critic_lr": lr}
            for lr in (3e-4, 1e-3, 3e-3)
            for c in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
        },
        _HALF,
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
