"""All hyperparameters in one frozen dataclass, and the named recipes, which are values of it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Any

from ddpg_lib.networks import ACTIVATIONS
from ddpg_lib.noise import NOISES


def _one_of(what: str, name: str, known: Any) -> None:
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{what} must be one of {', '.join(known)}; got {name!r}{hint}")


@dataclass(frozen=True)
class Config:
    """The hyperparameters of a run. Settings that cannot work are refused when it is made.

    Attributes
    ----------
    hidden : tuple of int
        Width of each hidden layer, of the actor and of the critic.
    activation : str
        Of the hidden layers: "relu", "tanh", "elu" or "silu".
    action_layer : int
        The critic's layer that receives the action; 0 takes it in with the observation.
    final_init : float
        Bound of the last layers' uniform initial weights.
    gamma : float
        Discount a step.
    reward_scale : float
        Rewards are multiplied by it before they are stored, so the critic learns values of this
        scale. Returns are always reported unscaled.
    tau : float
        Fraction by which the target networks follow at each update.
    actor_lr, critic_lr : float
        Adam's step sizes.
    lr_decay : bool
        Whether both step sizes fall linearly to 0 over ``steps``.
    batch_size : int
        Transitions in a minibatch.
    buffer_size : int
        Transitions that the replay buffer keeps, for each agent.
    noise : str
        "gaussian", "ornstein_uhlenbeck" or "decaying".
    sigma : float
        The noise's scale, in units of the action range [-1, 1].
    warmup_steps : int
        Steps of uniformly random actions, and no updates, at the start.
    steps : int
        Environment steps of each agent, warm-up included; one update a step after it.
    eval_every : int
        Steps between evaluations.
    eval_episodes : int
        Episodes of each evaluation.

    Raises
    ------
    ValueError
        For a value that cannot work; says which, and what it must be.
    """

    hidden: tuple[int, ...] = (256, 256)
    activation: str = "relu"
    action_layer: int = 0
    final_init: float = 3e-3
    gamma: float = 0.99
    reward_scale: float = 1.0
    tau: float = 0.005
    actor_lr: float = 1e-3
    critic_lr: float = 1e-3
    lr_decay: bool = False
    batch_size: int = 256
    buffer_size: int = 1_000_000
    noise: str = "gaussian"
    sigma: float = 0.1
    warmup_steps: int = 1_000
    steps: int = 100_000
    eval_every: int = 5_000
    eval_episodes: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        _one_of("activation", self.activation, ACTIVATIONS)
        _one_of("noise", self.noise, NOISES)
        rules = {
            "hidden": (len(self.hidden) > 0 and min(self.hidden) >= 1, "one or more widths >= 1"),
            "action_layer": (0 <= self.action_layer <= len(self.hidden), "a layer that exists"),
            "final_init": (self.final_init > 0, "positive"),
            "gamma": (0 <= self.gamma < 1, "at least 0 and below 1"),
            "reward_scale": (self.reward_scale > 0, "positive"),
            "tau": (0 < self.tau <= 1, "above 0 and at most 1"),
            "actor_lr": (self.actor_lr > 0, "positive"),
            "critic_lr": (self.critic_lr > 0, "positive"),
            "batch_size": (self.batch_size >= 1, "at least 1"),
            "buffer_size": (self.buffer_size >= 1, "at least 1"),
            "sigma": (self.sigma >= 0, "at least 0"),
            "warmup_steps": (self.warmup_steps >= 1, "at least 1, to fill the replay buffer"),
            "steps": (self.steps > self.warmup_steps, "more than warmup_steps, or nothing learns"),
            "eval_every": (1 <= self.eval_every <= self.steps, "between 1 and steps"),
            "eval_episodes": (self.eval_episodes >= 1, "at least 1"),
        }
        for name, (holds, needed) in rules.items():
            if not holds:
                raise ValueError(f"{name} must be {needed}; got {getattr(self, name)!r}")

    def replace(self, **changes: Any) -> Config:
        """A copy with the named fields changed.

        Parameters
        ----------
        **changes
            The fields' new values.

        Returns
        -------
        Config

        Raises
        ------
        ValueError
            For an unknown field, naming near ones, or an impossible value.
        """
        for name in changes:
            _one_of("a hyperparameter", name, self.__dataclass_fields__)
        return replace(self, **changes)


RECIPES = {
    "default": Config(),
    "pendulum": Config(
        hidden=(64, 64),
        activation="tanh",
        gamma=0.99,
        reward_scale=0.1,
        actor_lr=5e-4,
        critic_lr=1e-3,
        lr_decay=True,
        batch_size=64,
        buffer_size=20_000,
        sigma=0.2,
        warmup_steps=2_000,
        steps=12_000,
        eval_every=500,
    ),
}
"""Named configurations, each a :class:`ddpg_lib.Config`."""


def recipe(name: str, **changes: Any) -> Config:
    """A recipe, with the named fields changed.

    Parameters
    ----------
    name : str
        A key of ``RECIPES``.
    **changes
        The fields that differ, and their values.

    Returns
    -------
    Config

    Raises
    ------
    ValueError
        For an unknown recipe or field, naming near ones, or an impossible value.
    """
    _one_of("recipe", name, RECIPES)
    return RECIPES[name].replace(**changes)
