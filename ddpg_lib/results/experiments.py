"""What is asked for where a recorded run is made: environment, recipe, seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ddpg_lib.errors import did_you_mean
from ddpg_lib.recipes import RECIPES

BUDGET = ("steps", "eval_every", "eval_episodes")
LOOKS, STARTS = 5, 100  # episodes of a look inside, and of the final evaluation

SEARCH_SEEDS = range(100, 200)
"""On which settings are searched, and nothing that the book reports is recorded."""
FIRST_FRESH_SEED = 300
"""From here on seeds are for recording: no search has seen them."""
SEARCH = "_search"  # ends the name of a sweep that chooses settings


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
    looks : int
        Episodes of each agent in which its critic stands beside Monte Carlo returns.
    starts : int
        On which each final policy is judged.
    judged : str
        The environment in which, where it is not ``env``.
    begins_as : (str, int), optional
        A recorded run and one of its seeds: all agents begin as copies of that final agent.
    stack : int, optional
        Agents that are trained at once, stack after stack; all where it is None.
    """

    env: str
    recipe: str
    seeds: tuple[int, ...]
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    agent: str = ""
    looks: int = LOOKS
    starts: int = STARTS
    judged: str = ""
    begins_as: tuple[str, int] | None = None
    stack: int | None = None

    def stacks(self) -> list[Experiment]:
        """An experiment for each stack; itself where all agents are trained at once.

        Raises
        ------
        ValueError
            If a single agent is left for the last stack, which has no interval.
        """
        size = self.stack or len(self.seeds)
        if size >= len(self.seeds):
            return [self]
        if len(self.seeds) % size == 1 or size == 1:
            raise ValueError(f"stacks of {size} leave one agent alone: choose another size")
        blocks = [self.seeds[k : k + size] for k in range(0, len(self.seeds), size)]
        return [dataclasses.replace(self, seeds=block, stack=None) for block in blocks]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Experiments that share environment, seeds and budget, and differ in what their arms say.

    Attributes
    ----------
    env, recipe, seeds, looks, starts, judged, begins_as
        As of an :class:`Experiment`.
    arms : dict of dict
        By name, the hyperparameters in which an arm differs, and perhaps ``agent``. The name is a
        file's name too.
    changes : dict
        Hyperparameters of all arms that differ from the recipe's.

    Raises
    ------
    ValueError
        If an arm has a budget of its own.
    """

    env: str
    recipe: str
    seeds: tuple[int, ...]
    arms: Mapping[str, Mapping[str, Any]]
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    looks: int = LOOKS
    starts: int = STARTS
    judged: str = ""
    begins_as: tuple[str, int] | None = None

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
        recipe, judged = (self.env, self.recipe, self.seeds), (self.looks, self.starts, self.judged)
        return Experiment(*recipe, changes, agent, *judged, self.begins_as)


# Chapter 18. The module registers them; importing it here would take the command line a second.
_ANGLE, _THREE_ANGLES = (
    f"ddpg_lib.worlds.hidden:Pendulum{name}-v0" for name in ("WithoutVelocity", "Stacked")
)
_RESTARTS = "ddpg_lib.worlds.restarts:PendulumRestarts-v0"
_CRANE = "ddpg_lib.worlds.crane:Crane-v0"  # page 13b, as those of chapter 18
_AS_LONG: dict[str, Any] = {"steps": 20_000, "buffer_size": 20_000, "eval_every": 1_000}
_FRESH = tuple(range(300, 308))  # seeds of no search
_TEN = tuple(range(300, 310))  # where ten agents cost less than an hour

EXPERIMENTS = {
    "pendulum": Experiment("Pendulum-v1", "pendulum", _TEN, stack=8),
    "pendulum_pixels": Experiment("Pendulum-v1", "pendulum_pixels", _FRESH),
    "bipedal_walker": Experiment("BipedalWalker-v3", "bipedal_walker", _FRESH),
    "bipedal_walker_one_step": Experiment(
        "BipedalWalker-v3", "bipedal_walker", _FRESH, {"n_step": 1}
    ),
    "crane": Experiment(_CRANE, "crane", _TEN, stack=8),
    "car_racing": Experiment(
        "ddpg_lib.worlds.driving:OnePedalUntilLost-v0",
        "car_racing_pixels",
        _FRESH,
        looks=1,  # every step past the time limit is drawn too
        judged="ddpg_lib.worlds.driving:OnePedal-v0",
        stack=4,
    ),
    "half_cheetah": Experiment("HalfCheetah-v5", "half_cheetah", _FRESH),
    "inverted_pendulum": Experiment("InvertedPendulum-v5", "inverted_pendulum", _TEN, stack=8),
    "inverted_pendulum_no_norm": Experiment(
        "InvertedPendulum-v5", "inverted_pendulum", _TEN, {"layer_norm": "none"}, stack=8
    ),
    "lunar_lander": Experiment("LunarLanderContinuous-v3", "lunar_lander", _TEN, stack=8),
    "lunar_lander_one_step": Experiment(
        "LunarLanderContinuous-v3", "lunar_lander", _TEN, {"n_step": 1}, stack=8
    ),
    "lunar_lander_white_noise": Experiment(
        "LunarLanderContinuous-v3",
        "lunar_lander",
        _TEN,
        {"noise": "gaussian", "sigma": 0.5},
        stack=8,
    ),
    "hidden_velocity": Experiment(_ANGLE, "pendulum_memory", _FRESH),
    # The same budget without a memory, with the last three angles, and with the velocity.
    # With the step sizes that did best in the arm's search below; the pendulum's own where all came
    # within 3% (full state) and where none was searched (no memory).
    "hidden_velocity_no_memory": Experiment(_ANGLE, "pendulum", _FRESH, _AS_LONG),
    "hidden_velocity_stacked": Experiment(
        _THREE_ANGLES, "pendulum", _FRESH, {**_AS_LONG, "actor_lr": 2e-3, "critic_lr": 4e-3}
    ),
    "hidden_velocity_full_state": Experiment("Pendulum-v1", "pendulum", _FRESH, _AS_LONG),
    # What burn-in and stored states are worth.
    "hidden_velocity_no_burn_in": Experiment(_ANGLE, "pendulum_memory", _FRESH, {"burn_in": 0}),
    "hidden_velocity_zero_states": Experiment(
        _ANGLE, "pendulum_memory", _FRESH, {"stored_states": False}
    ),
    "hidden_velocity_neither": Experiment(
        _ANGLE, "pendulum_memory", _FRESH, {"burn_in": 0, "stored_states": False}
    ),
    "inverted_double_pendulum": Experiment(
        "InvertedDoublePendulum-v5", "inverted_double_pendulum", _TEN, looks=1, stack=8
    ),
    "mountain_car": Experiment("MountainCarContinuous-v0", "mountain_car", _TEN, stack=8),
    "reacher": Experiment("Reacher-v5", "reacher", _FRESH),
}
"""What the book shows, by name."""

KEEPING = "ddpg_lib.chapters.ch06.keeping:"
REPLAY_ARMS: dict[str, dict[str, Any]] = {
    "latest_64": {"buffer_size": 64},
    "latest_500": {"buffer_size": 500},
    "latest_2000": {"buffer_size": 2_000},
    "all": {"buffer_size": 4_500},
    "by_lot": {"buffer_size": 500, "agent": f"{KEEPING}ByLot"},
    "by_lot_own": {"buffer_size": 500, "agent": f"{KEEPING}ByLotOwn"},
    "diverse_500": {"buffer_size": 500, "agent": f"{KEEPING}Diverse"},
    "diverse_all": {"buffer_size": 4_500, "agent": f"{KEEPING}Diverse"},
}
REPLAY_CONTENTS = Sweep(
    "Pendulum-v1",
    "pendulum",
    tuple(range(300, 308)),
    {
        f"{arm}_{factor:g}": {"actor_lr": 5e-4 * factor, "critic_lr": 1e-3 * factor, **own}
        for arm, own in REPLAY_ARMS.items()
        for factor in (0.5, 1, 2)
    },
    {"steps": 4_500, "lr_decay": False, "tau": 0.01, "eval_every": 500},
)


def _target_arms(taus: Sequence[float], scales: Sequence[float], **more: Any) -> dict[str, Any]:
    """Targets that follow by every tau, with both of the recipe's step sizes scaled alike."""
    norm = "_layer_norm" if "layer_norm" in more else ""
    return {
        f"tau_{tau:g}{norm}_lr_{scale:g}": {
            "tau": tau,
            "actor_lr": 5e-4 * scale,
            "critic_lr": 1e-3 * scale,
            **more,
        }
        for tau in taus
        for scale in scales
    }


_TARGETS = _target_arms((1, 0.1, 0.01, 0.001, 0.0001), (0.25, 0.5, 1, 2)) | _target_arms(
    (1,), (0.25, 0.5, 1, 2), layer_norm="critic"
)
# Chapter 7: how fast targets may follow. The step sizes stay, so that slow targets are not late on
# a clock that a schedule imposes.
_CONSTANT = {"lr_decay": False, "eval_every": 1_000}
# Chapter 11: chapter 9's recipe in half the steps.
_HALF: dict[str, Any] = {"steps": 6_000, "warmup_steps": 1_000, "eval_every": 1_000}
_CH11 = "ddpg_lib.chapters.ch11.agents"
# Each normalization alone: the factor of both step sizes that did best in the search on seeds 100
# to 107 (data/searches/units.csv), and what differs from the recipe.
NORMALIZATIONS: dict[str, tuple[float, dict[str, Any]]] = {
    "plain": (8, {}),
    "running": (8, {"normalize_obs": True}),
    "layer_critic": (4, {"layer_norm": "critic"}),
    "layer_both": (4, {"layer_norm": "both"}),
    "batch": (8, {"batch_norm": "both", "action_layer": 1}),
    "action_late": (8, {"action_layer": 1}),
    "running_layer": (8, {"normalize_obs": True, "layer_norm": "critic"}),
    "running_layer_both": (4, {"normalize_obs": True, "layer_norm": "both"}),
}
_UNITS: dict[str, dict[str, Any]] = {"plain": {}, "other": {"agent": f"{_CH11}:OtherUnits"}}
# Chapter 12: a short run of small networks, with the step sizes that did best in chapter 11's
# search. Those of the right program: a bug's arm asks what becomes of a program that would work.
_MUSEUM: dict[str, Any] = {
    "hidden": (32, 32),
    "batch_size": 32,
    "actor_lr": 4e-3,
    "critic_lr": 8e-3,
    "steps": 5_000,
    "warmup_steps": 1_000,
    "eval_every": 1_000,
}
# Each bug of the museum is a class of agent.
_BUGS = "ddpg_lib.chapters.ch12.bugs"
MUSEUM: dict[str, dict[str, Any]] = {
    "right": {},
    "stale_state": {"agent": f"{_BUGS}:StaleState"},
    "reward_forgotten": {"agent": f"{_BUGS}:RewardForgotten"},
    "mixed_rows": {"agent": f"{_BUGS}:MixedRows"},
    "wrong_sign": {"agent": f"{_BUGS}:WrongSign"},
    "leak": {"agent": "ddpg_lib.chapters.ch05.variants:Leaky"},
    "noise_swapped": {"agent": f"{_BUGS}:NoiseSwapped"},
    "cut_gradient": {"agent": f"{_BUGS}:CutGradient"},
    "sign_of_reward": {"agent": f"{_BUGS}:SignOfReward"},
    "live_target": {"agent": f"{_BUGS}:LiveTarget"},
    "one_array": {"agent": f"{_BUGS}:OneArray"},
    "right_normalized": {"normalize_obs": True},
    "other_statistics": {"normalize_obs": True, "agent": f"{_BUGS}:OtherStatistics"},
    "limit_as_end": {"agent": f"{_BUGS}:LimitAsEnd"},
    "after_reset": {"agent": "ddpg_lib.chapters.ch06.faults:StoredAfterReset"},
    "normalized_before_stored": {"agent": f"{_BUGS}:NormalizedBeforeStored"},
    "one_seed": {"agent": f"{_BUGS}:OneSeed"},
}
# Where an end matters: on the pendulum nothing terminates.
MUSEUM_BALANCE: dict[str, dict[str, Any]] = {
    "right": {},
    "end_ignored": {"agent": f"{_BUGS}:EndIgnored"},
}

CRANE_CHANGES: dict[str, dict[str, Any]] = {
    "default": {},
    "normalized": {"normalize_obs": True},
    "correlated_noise": {"noise": "ornstein_uhlenbeck", "sigma": 0.3},
    "five_steps": {"n_step": 5},
    "scaled": {"reward_scale": 0.1},
}
"""What was changed of the default settings on the crane, one after another (page 13b)."""


def _diary(changes: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Arms of which each keeps what those before it changed."""
    kept: dict[str, Any] = {}
    for arm, own in changes.items():
        kept = {**kept, **own}
        yield arm, kept


_SEARCHED = tuple(range(100, 108))


def _scaled(*factors: float) -> dict[str, dict[str, Any]]:
    """The step sizes of actor and critic on the pendulum and the pole, times each of these."""
    return {f"lr_{f:g}": {"actor_lr": 5e-4 * f, "critic_lr": 1e-3 * f} for f in factors}


# Chapter 22: what each agent needs beside the pendulum's recipe. SimBa's blocks are four times as
# wide inside as hidden says.
AFTER: dict[str, dict[str, Any]] = {
    "ddpg": {},
    "td3": {"agent": "ddpg_lib.agents.td3:TD3", "policy_delay": 2},
    "sac": {"agent": "ddpg_lib.agents.sac:SAC"},
    "d4pg": {"agent": "ddpg_lib.chapters.ch22.agents:PendulumD4PG"},
    "simba": {"agent": "ddpg_lib.agents.simba:SimBa", "normalize_obs": True, "hidden": (32, 32)},
}
_AFTER_SEEDS = tuple(range(310, 318))
AFTER_FACTORS = (1, 2, 4, 8, 16, 32)
"""Multiples of the recipe's step sizes that agents of chapter 22 were given in their search."""


# Page 22a: the same on the hopper, and DDPG with chapter 11's layer normalization.
AFTER_HOPPER: dict[str, dict[str, Any]] = {
    "ddpg": {},
    "layer_norm": {"layer_norm": "critic"},
    "td3": {"agent": "ddpg_lib.agents.td3:TD3", "policy_delay": 2},
    "sac": {"agent": "ddpg_lib.agents.sac:SAC"},
    "d4pg": {"agent": "ddpg_lib.chapters.ch22.agents:HopperD4PG"},
    "simba": {"agent": "ddpg_lib.agents.simba:SimBa", "normalize_obs": True, "hidden": (32, 32)},
}
AFTER_HOPPER_FACTORS = (0.25, 1, 2, 4)
"""Multiples of a step size of 0.001 that agents of page 22a were given in their search."""
_HOPPER = {
    "hidden": (64, 64),
    "layer_norm": "none",
    "batch_size": 64,
    "warmup_steps": 5_000,
    "buffer_size": 100_000,
    "steps": 100_000,
    "eval_every": 5_000,
}


def _after(
    agents: Mapping[str, Mapping[str, Any]], factors: Iterable[float], actor_lr: float = 5e-4
) -> dict[str, dict[str, Any]]:
    """Agents of chapter 22 with each multiple of both step sizes; the critic's is 0.001."""
    return {
        f"{agent}_{factor:g}": {"actor_lr": actor_lr * factor, "critic_lr": 1e-3 * factor, **own}
        for factor in factors
        for agent, own in agents.items()
    }


def _some(*names: str) -> dict[str, dict[str, Any]]:
    return {name: AFTER[name] for name in names}


# Half of the arm's steps and a third of the runner's, in which changes are compared.
_HALF_OF_REACHER: dict[str, Any] = {"steps": 60_000, "buffer_size": 60_000}
# A quarter of the pixel pendulum's actions.
_EYES: dict[str, Any] = {
    "steps": 6_000,
    "warmup_steps": 1_000,
    "batch_size": 64,
    "buffer_size": 6_000,
    "eval_every": 1_500,
    "eval_episodes": 5,
}
_DRQ = {"agent": "ddpg_lib.agents.drq:DrQv2"}
_CHEETAH = {"steps": 100_000, "buffer_size": 100_000, "eval_every": 10_000}

# One recipe for all worlds: the lander's, with each world's own budget.
_BUDGETED = ("steps", "buffer_size", "warmup_steps", "eval_every", "eval_episodes")
SHARED = {
    "pendulum": "Pendulum-v1",
    "mountain_car": "MountainCarContinuous-v0",
    "inverted_pendulum": "InvertedPendulum-v5",
    "inverted_double_pendulum": "InvertedDoublePendulum-v5",
    "reacher": "Reacher-v5",
    "bipedal_walker": "BipedalWalker-v3",
    "half_cheetah": "HalfCheetah-v5",
}


def _shared(world: str, env: str) -> Sweep:
    """The lander's recipe in another world, with the budget of that world's own recipe."""
    budget = {name: getattr(RECIPES[world], name) for name in _BUDGETED}
    return Sweep(env, "lunar_lander", _FRESH, {"shared": {}}, budget, looks=1)


SWEEPS: dict[str, Sweep] = {
    # Chapter 16: what tuning is worth.
    **{f"shared_{world}": _shared(world, env) for world, env in SHARED.items()},
    # Chapter 14: the recipe's choices undone alone, and its noise of both kinds, weaker and
    # stronger. Ornstein-Uhlenbeck noise of sigma 0.3 and white noise of 0.5 are recorded runs; the
    # one's standard deviation in the long run is 0.57.
    "lander_choices": Sweep(
        "LunarLanderContinuous-v3",
        "lunar_lander",
        _FRESH,
        {
            "constant_step_sizes": {"lr_decay": False},
            "no_layer_norm": {"layer_norm": "none"},
            "lasting_0.15": {"sigma": 0.15},
            "lasting_0.6": {"sigma": 0.6},
            "white_0.25": {"noise": "gaussian", "sigma": 0.25},
            "white_1": {"noise": "gaussian", "sigma": 1.0},
        },
        looks=1,
    ),
    # Chapter 16: the pole's choices undone alone, and both of its step sizes scaled alike.
    "pole_choices": Sweep(
        "InvertedPendulum-v5",
        "inverted_pendulum",
        _FRESH,
        {
            "no_decay": {"lr_decay": False},
            "relu": {"activation": "relu"},
            "reward_scale_1": {"reward_scale": 1.0},
            "actor_lr_0.001": {"actor_lr": 1e-3},
            "batch_256": {"batch_size": 256},
            "sigma_0.1": {"sigma": 0.1},
            "warmup_1000": {"warmup_steps": 1_000},
            "hidden_256": {"hidden": (256, 256)},
            **_scaled(0.25, 0.5, 2, 4),
        },
        looks=1,
    ),
    # The pole's and the pendulum's recipes came without a record of how they were found. What a
    # search of the same kind as the other recipes' says of them.
    "pole_search": Sweep(
        "InvertedPendulum-v5",
        "inverted_pendulum",
        tuple(range(100, 104)),
        {
            "recipe": {},
            **_scaled(0.5, 2),
            "n_step_3": {"n_step": 3},
            "gamma_0.98": {"gamma": 0.98},
            "tau_0.01": {"tau": 0.01},
            "layer_norm_both": {"layer_norm": "both"},
        },
        looks=1,
    ),
    "pendulum_search": Sweep(
        "Pendulum-v1",
        "pendulum",
        _SEARCHED,
        {
            "recipe": {},
            **_scaled(0.5, 2, 4),
            "batch_128": {"batch_size": 128},
            "batch_256": {"batch_size": 256},
            "tau_0.01": {"tau": 0.01},
            "n_step_2": {"n_step": 2},
            "gamma_0.98": {"gamma": 0.98},
            "warmup_1000": {"warmup_steps": 1_000},
            "layer_norm_both": {"layer_norm": "both"},
        },
        {"eval_every": 1_000},
        looks=1,
    ),
    # Page 16a: changes of the arm's first recipe, alone, in half of its steps; then of the best.
    "reacher_search": Sweep(
        "Reacher-v5",
        "reacher",
        tuple(range(100, 104)),
        {
            "recipe": {},
            "tanh": {"activation": "tanh"},
            "layer_norm": {"layer_norm": "critic"},
            "n_step_3": {"n_step": 3},
            "gamma_0.98": {"gamma": 0.98},
            "batch_256": {"batch_size": 256},
            "sigma_0.2": {"sigma": 0.2},
            "lr_0.5": {"actor_lr": 5e-4, "critic_lr": 5e-4},
            "gamma_0.9": {"gamma": 0.9},
            "tau_0.01": {"tau": 0.01},
            "wide": {"hidden": (256, 256), "batch_size": 256},
        },
        {"hidden": (128, 128), "batch_size": 128, "tau": 0.005, **_HALF_OF_REACHER},
        looks=1,
    ),
    "reacher_wide_search": Sweep(
        "Reacher-v5",
        "reacher",
        tuple(range(100, 104)),
        {
            "gamma_0.97": {"gamma": 0.97},
            "sigma_0.05": {"sigma": 0.05},
            "tau_0.01": {"tau": 0.01},
            "batch_512": {"batch_size": 512},
        },
        {"tau": 0.005, **_HALF_OF_REACHER},
        looks=1,
    ),
    # Chapter 20: what 16-bit products cost in returns.
    "reacher_precision": Sweep(
        "Reacher-v5", "reacher", _FRESH, {"bfloat16": {"precision": "bfloat16"}}
    ),
    "reacher_further_search": Sweep(
        "Reacher-v5",
        "reacher",
        tuple(range(100, 104)),
        {
            "lr_2": {"actor_lr": 2e-3, "critic_lr": 2e-3},
            "tau_0.02": {"tau": 0.02},
        },
        _HALF_OF_REACHER,
        looks=1,
    ),
    # Chapter 6, what a buffer keeps, each with three step sizes, and the search that chose them.
    "replay_contents": REPLAY_CONTENTS,
    "replay_search": dataclasses.replace(REPLAY_CONTENTS, seeds=tuple(range(100, 108))),
    "targets_search": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(100, 108)),
        _TARGETS,
        _CONSTANT | {"eval_every": 6_000},
    ),
    "targets": Sweep("Pendulum-v1", "pendulum", tuple(range(300, 308)), _TARGETS, _CONSTANT),
    "targets_longer": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        _target_arms((0.001,), (2,)) | _target_arms((1,), (0.5,)),
        _CONSTANT | {"steps": 24_000, "eval_every": 2_000},
    ),
    # The same with mistakes; no copies is tau = 1, and the right program tau = 0.01 of "targets".
    "targets_mistakes": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            "exchanged": {"tau": 0.99},
            "forgotten": {"agent": "ddpg_lib.chapters.ch07.targets:ForgetfulDDPG"},
            "newest_64": {"buffer_size": 64},
        },
        _CONSTANT | {"tau": 0.01},
    ),
    # Chapter 9: each choice of the recipe undone alone, and the suspects for what is still lost.
    "pendulum_choices": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            "recipe": {},
            "relu": {"activation": "relu"},
            "warmup_500": {"warmup_steps": 500},
            "actor_lr_0.001": {"actor_lr": 1e-3},
            "no_decay": {"lr_decay": False},
            "reward_scale_1": {"reward_scale": 1.0},
            "sigma_0.1": {"sigma": 0.1},
            "sigma_0.4": {"sigma": 0.4},
            "hidden_128": {"hidden": (128, 128)},
            "hidden_256": {"hidden": (256, 256)},
            "n_step_3": {"n_step": 3},
            "layer_norm": {"layer_norm": "critic"},
        },
        {"eval_every": 1_000},
    ),
    "pendulum_longer": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {"recipe": {}, "hidden_128": {"hidden": (128, 128)}},
        {"steps": 36_000, "buffer_size": 36_000, "eval_every": 3_000},
    ),
    # Chapter 13: the recipe with eight times the agents, to judge what eight can tell.
    "pendulum_many": Sweep("Pendulum-v1", "pendulum", tuple(range(400, 464)), {"recipe": {}}),
    # Chapter 11: one wrong unit each, and the scale of rewards.
    "action_units": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            "right": {},
            "half_range": {"agent": f"{_CH11}:HalfRange"},
            "stored_torque": {"agent": f"{_CH11}:StoresTorque"},
        },
        _HALF,
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
    # Page 11a: items of the published recipe, at eight times the step sizes, best in the search.
    "published_items": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            "weight_decay": {"critic_weight_decay": 1e-2},
            "large_last_layer": {"final_init": 32**-0.5},
            "published": {
                "batch_norm": "both",
                "action_layer": 1,
                "critic_weight_decay": 1e-2,
                "noise": "ornstein_uhlenbeck",
                "activation": "relu",
            },
        },
        _HALF | {"hidden": (32, 32), "batch_size": 32, "actor_lr": 4e-3, "critic_lr": 8e-3},
    ),
    # Chapter 8's settings and what makes fuel count beside time.
    "mountain_car_search": Sweep(
        "MountainCarContinuous-v0",
        "mountain_car",
        tuple(range(100, 104)),
        {
            "chapter_8": {"gamma": 0.99},
            "gamma_0.997": {"gamma": 0.997},
            "gamma_0.999": {"gamma": 0.999},
        },
        {"eval_every": 2_000, "eval_episodes": 2},
        looks=1,
        starts=50,
    ),
    # What keeps the pendulum's agents off the optimum (chapter 9) is lost in the swing, of which
    # they see little: episodes of a quarter of the length begin four times as often.
    "pendulum_best_search": Sweep(
        _RESTARTS,
        "pendulum",
        tuple(range(100, 104)),
        {
            "restarts": {},
            "restarts_batch_256": {"batch_size": 256},
            "restarts_lr_2_tau_0.01": {"actor_lr": 1e-3, "critic_lr": 2e-3, "tau": 0.01},
            # A push that lasts earns more than a single one, so its slope may be easier to learn.
            "restarts_n_step_5_ou": {"n_step": 5, "noise": "ornstein_uhlenbeck", "sigma": 0.15},
            "restarts_gamma_0.98": {"gamma": 0.98},
        },
        {"eval_every": 2_000},
        looks=1,
        judged="Pendulum-v1",
    ),
    # Page 13b: the diary of the crane's recipe, each arm the one before it and one change.
    "crane_search": Sweep(
        _CRANE,
        "default",
        tuple(range(100, 104)),
        dict(_diary(CRANE_CHANGES)),
        {
            "hidden": (64, 64),
            "batch_size": 64,
            "buffer_size": 15_000,
            "steps": 15_000,
            "eval_every": 1_500,
            "eval_episodes": 5,
        },
        looks=3,
    ),
    # Page 16b: what a third of the steps says of changes to the recipe, of those together that did
    # better alone, and what became of them in all steps.
    "half_cheetah_search": Sweep(
        "HalfCheetah-v5",
        "half_cheetah",
        tuple(range(100, 104)),
        {
            "recipe": {},
            "layer_norm_both": {"layer_norm": "both"},
            "sigma_0.2": {"sigma": 0.2},
            "n_step_3": {"n_step": 3},
        },
        _CHEETAH,
        looks=1,
        starts=20,
    ),
    "half_cheetah_together_search": Sweep(
        "HalfCheetah-v5",
        "half_cheetah",
        tuple(range(100, 104)),
        {"both_n_step_3": {"n_step": 3}, "both_n_step_5": {"n_step": 5}},
        {**_CHEETAH, "layer_norm": "both"},
        looks=1,
        starts=20,
    ),
    "half_cheetah_choices": Sweep(
        "HalfCheetah-v5",
        "half_cheetah",
        _FRESH,
        {"layer_norm_both": {"layer_norm": "both"}},
    ),
    # Chapter 14: the agent that white noise left hovering, trained on with each kind of noise.
    "lander_rescue": Sweep(
        "LunarLanderContinuous-v3",
        "lunar_lander",
        _AFTER_SEEDS,
        {
            "memory": {},
            "white": {"noise": "gaussian", "sigma": 0.5},
            "weak_white": {"noise": "gaussian", "sigma": 0.2},
        },
        {"steps": 50_000, "buffer_size": 50_000, "warmup_steps": 5_000, "eval_every": 2_500},
        begins_as=("lunar_lander_white_noise", 303),
    ),
    # Chapter 12.
    "museum": Sweep("Pendulum-v1", "pendulum", _FRESH, MUSEUM, _MUSEUM, looks=1),
    "museum_balance": Sweep(
        "ddpg_lib.chapters.ch12.worlds:PendulumBalance-v0",
        "pendulum",
        _FRESH,
        MUSEUM_BALANCE,
        _MUSEUM,
        looks=1,
    ),
    # Where three bugs do harm that Pendulum-v1 forgives, and one with its training returns.
    "museum_short": Sweep(
        "ddpg_lib.chapters.ch12.worlds:PendulumShort-v0",
        "pendulum",
        _FRESH,
        {arm: MUSEUM[arm] for arm in ("right", "after_reset", "limit_as_end")},
        _MUSEUM,
        looks=1,
        judged="Pendulum-v1",
    ),
    "museum_aside": Sweep(
        "ddpg_lib.chapters.ch12.worlds:PendulumAside-v0",
        "pendulum",
        _FRESH,
        {arm: MUSEUM[arm] for arm in ("right", "one_seed")},
        _MUSEUM,
        looks=1,
    ),
    "museum_statistics": Sweep(
        "Pendulum-v1",
        "pendulum",
        _FRESH,
        {arm: MUSEUM[arm] for arm in ("right_normalized", "other_statistics")},
        _MUSEUM,
        looks=1,
    ),
    "normalizations": Sweep(
        "Pendulum-v1",
        "pendulum",
        tuple(range(300, 308)),
        {
            f"{row}_{units}": {
                "actor_lr": 5e-4 * factor,
                "critic_lr": 1e-3 * factor,
                **own,
                **agent,
            }
            for row, (factor, own) in NORMALIZATIONS.items()
            for units, agent in _UNITS.items()
        },
        _HALF | {"hidden": (32, 32), "batch_size": 32},
    ),
    # Chapter 18: the step sizes of each arm, as multiples of the pendulum's.
    "stacked_angles_search": Sweep(
        _THREE_ANGLES, "pendulum", _SEARCHED, _scaled(0.5, 1, 2, 4), _AS_LONG, looks=1
    ),
    "full_state_search": Sweep(
        "Pendulum-v1", "pendulum", _SEARCHED, _scaled(0.5, 1, 2, 4), _AS_LONG, looks=1
    ),
    # Multiples of 1 and 2 were compared before, on the first four of these seeds
    # (data/searches/hidden_velocity.csv).
    "memory_search": Sweep(_ANGLE, "pendulum_memory", _SEARCHED[:4], _scaled(2, 4, 8), looks=1),
    # Chapter 17: the shared encoder, separate ones with its step sizes and with Lillicrap's, and
    # what is left of the shared one without each of its parts.
    "pendulum_eyes": Sweep(
        "Pendulum-v1",
        "pendulum_pixels",
        tuple(range(300, 304)),
        {
            "shared": {},
            "separate": {"encoder": "separate"},
            "separate_slow": {"encoder": "separate", "actor_lr": 1e-4, "critic_lr": 1e-3},
            "climbing": {"agent": "ddpg_lib.chapters.ch17.faults:ClimbingEncoder"},
            "no_shift": {"random_shift": 0},
        },
        _EYES,
        looks=1,
        starts=20,
    ),
    # Chapter 22: step sizes for DDPG with one encoder and for DrQ-v2, in the steps of chapter 17's
    # comparison.
    "eyes_search": Sweep(
        "Pendulum-v1",
        "pendulum_pixels",
        _SEARCHED[:4],
        _after({"shared": {}, "drq": _DRQ}, (0.5, 1, 2, 4)),
        _EYES,
        looks=1,
        starts=20,
    ),
    # What that search chose, in twice the actions.
    "eyes_after": Sweep(
        "Pendulum-v1",
        "pendulum_pixels",
        _AFTER_SEEDS,
        _after({"shared": {}, "drq": _DRQ}, (1,)),
        {**_EYES, "steps": 12_000, "buffer_size": 12_000},
        looks=3,
    ),
    # Chapter 22: the search, what it chose, and more step sizes for two agents. Of seeds 300 to 307
    # curves had been seen before the search was whole.
    "after_search": Sweep(
        "Pendulum-v1",
        "pendulum",
        _SEARCHED[:4],
        _after(AFTER, AFTER_FACTORS),
        {"eval_every": 6_000},
        looks=1,
    ),
    "after_pendulum": Sweep(
        "Pendulum-v1",
        "pendulum",
        _AFTER_SEEDS,
        {
            **_after(_some("ddpg", "td3", "simba"), (2,)),
            **_after(_some("d4pg"), (4,)),
            **_after(_some("sac"), (16,)),
        },
        {"eval_every": 1_000},
        looks=3,
    ),
    "after_step_sizes": Sweep(
        "Pendulum-v1",
        "pendulum",
        _AFTER_SEEDS,
        _after(_some("ddpg", "td3"), (1, 2, 4, 8, 16)),
        {"eval_every": 1_000},
        looks=3,
    ),
    # Page 22a: three fifths of the steps for the search.
    "after_hopper_search": Sweep(
        "Hopper-v5",
        "half_cheetah",
        _SEARCHED[:4],
        _after(AFTER_HOPPER, AFTER_HOPPER_FACTORS, 1e-3),
        {**_HOPPER, "buffer_size": 60_000, "steps": 60_000, "eval_every": 10_000},
        looks=1,
        starts=20,
    ),
    "after_hopper": Sweep(
        "Hopper-v5",
        "half_cheetah",
        _AFTER_SEEDS,
        {
            f"{agent}_{factor}": _after({agent: own}, (factor,), 1e-3)[f"{agent}_{factor}"]
            for (agent, own), factor in zip(AFTER_HOPPER.items(), (2, 2, 4, 2, 4, 2), strict=True)
        },
        _HOPPER,
        looks=3,
    ),
}
"""Comparisons of many arms, by name: of these curves ship and no networks."""


def require_seeds(name: str, seeds: Sequence[int]) -> None:
    """Refuse to record on seeds that a search may have seen, or to search on those of recordings.

    ``name`` is that of an experiment or of a sweep; the rule is that of ``SEARCH_SEEDS`` and
    ``FIRST_FRESH_SEED``.

    Raises
    ------
    ValueError
        Naming the first seed that is not allowed, and those that are.
    """
    first, last = SEARCH_SEEDS[0], SEARCH_SEEDS[-1]
    if name.endswith(SEARCH):
        wrong = [seed for seed in seeds if seed not in SEARCH_SEEDS]
        rule = f"a search takes seeds {first} to {last}"
    else:
        wrong = [seed for seed in seeds if seed < FIRST_FRESH_SEED]
        rule = (
            f"a recording takes seeds from {FIRST_FRESH_SEED} on, which no search has seen; "
            f"if it is a search, end its name in {SEARCH} and take seeds {first} to {last}"
        )
    if wrong:
        raise ValueError(f"{name} is on seed {wrong[0]}: {rule}")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"{name} has a seed twice: {', '.join(map(str, seeds))}")


def experiment(name: str) -> Experiment | Sweep:
    """One of ``EXPERIMENTS`` or ``SWEEPS`` by name.

    Raises
    ------
    ValueError
        For an unknown name, naming near ones, and as :func:`require_seeds`.
    """
    known: dict[str, Experiment | Sweep] = {**EXPERIMENTS, **SWEEPS}
    if name not in known:
        hint = did_you_mean(name, known)
        raise ValueError(f"there is no recorded run {name!r}, only {', '.join(known)}{hint}")
    require_seeds(name, known[name].seeds)
    return known[name]
