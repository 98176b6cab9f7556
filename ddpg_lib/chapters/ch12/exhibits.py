"""The museum's exhibits: what each bug is, where it was found, and the test that catches it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ddpg_lib.chapters.ch05.variants import Leaky
from ddpg_lib.chapters.ch06.faults import StoredAfterReset
from ddpg_lib.chapters.ch07.targets import ForgetfulDDPG
from ddpg_lib.chapters.ch11.agents import HalfRange, StoresTorque
from ddpg_lib.chapters.ch12 import bugs, catching
from ddpg_lib.results.sweeps import Arm, sweep

HUB = "https://github.com/"
PENDULUM = "Pendulum-v1"
BALANCE = "ddpg_lib.chapters.ch12.worlds:PendulumBalance-v0"


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """A bug that a repository has shipped.

    Attributes
    ----------
    title : str
    room : str
        Which part of the program it is in.
    agent : callable
        The class of agent with the bug.
    test : callable
        The test of :mod:`ddpg_lib.chapters.ch12.catching` that catches it, of an agent's class.
    sign : str
        The quantity of :data:`~ddpg_lib.diagnose.vitals.VITALS` that gives it away.
    found : tuple of str
        Addresses of the threads.
    curves : tuple of pairs of str
        Recorded sweep and arm, of agents with the bug and without it.
    env : str
        Where it does harm, if anywhere.
    changes : mapping
        Hyperparameters that it needs to show.
    """

    title: str
    room: str
    agent: catching.Agent
    test: Callable[[catching.Agent], None]
    sign: str
    found: tuple[str, ...]
    curves: tuple[tuple[str, str], ...] = ()
    env: str = PENDULUM
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def arms(self) -> dict[str, Arm]:
        """The recorded arms ``with`` the bug and ``without``."""
        found = [sweep(name).arms[arm] for name, arm in self.curves]
        return dict(zip(("with", "without"), found, strict=False))


ROOMS = ("the loop", "units and scales", "the target", "the actor's step", "evaluation and seeds")
_WHAT: dict[
    str, tuple[str, int, catching.Agent, Callable[[catching.Agent], None], tuple[str, ...]]
] = {
    "stale_state": (
        "The state that never moves on",
        0,
        bugs.StaleState,
        catching.states_follow_each_other,
        ("pr-shukla/maddpg-keras/pull/13",),
    ),
    "one_array": (
        "Two names for one array",
        0,
        bugs.OneArray,
        catching.time_passes,
        ("Farama-Foundation/SuperSuit/pull/116", "openai/baselines/pull/418"),
    ),
    "after_reset": (
        "Stored after the reset",
        0,
        StoredAfterReset,
        catching.episodes_end,
        ("hill-a/stable-baselines/issues/769",),
    ),
    "limit_as_end": (
        "The time limit as an end",
        0,
        bugs.LimitAsEnd,
        catching.a_limit_is_no_end,
        ("openai/baselines/issues/436", "hill-a/stable-baselines/issues/863"),
    ),
    "half_range": (
        "tanh, never scaled",
        1,
        HalfRange,
        catching.actions_reach_the_bounds,
        ("udacity/deep-reinforcement-learning/issues/41",),
    ),
    "mangled_action": (
        "The action that came back changed",
        1,
        StoresTorque,
        catching.stored_actions_are_scaled,
        ("rlworkgroup/garage/issues/273",),
    ),
    "sign_of_reward": (
        "The sign of the reward",
        1,
        bugs.SignOfReward,
        catching.rewards_keep_their_size,
        ("openai/baselines/issues/44",),
    ),
    "normalized_before_stored": (
        "Normalized, then stored",
        1,
        bugs.NormalizedBeforeStored,
        catching.a_state_is_stored_alike,
        ("hill-a/stable-baselines/issues/200", "sfujim/TD3/issues/11"),
    ),
    "reward_forgotten": (
        "A target without the reward",
        2,
        bugs.RewardForgotten,
        catching.rewards_count,
        ("PacktPublishing/Tensorflow-2-Reinforcement-Learning-Cookbook/issues/34",),
    ),
    "end_ignored": (
        "Nothing ever ends",
        2,
        bugs.EndIgnored,
        catching.ends_count,
        ("seungeunrho/minimalRL/issues/32",),
    ),
    "mixed_rows": (
        "Every target against every value",
        2,
        bugs.MixedRows,
        catching.the_critic_tells_rows_apart,
        (
            "BY571/Soft-Actor-Critic-and-Extensions/issues/4",
            "sunwuzhou03/reinforcement-learning-lab/issues/1",
        ),
    ),
    "live_target": (
        "The gradient through the target",
        2,
        bugs.LiveTarget,
        catching.the_target_is_constant,
        ("datawhalechina/easy-rl/pull/117", "boyu-ai/Hands-on-RL/issues/112"),
    ),
    "no_target": (
        "No target network",
        2,
        bugs.NoTarget,
        catching.targets_lag,
        ("pytorch/rl/issues/1181", "datawhalechina/easy-rl/pull/117"),
    ),
    "target_forgotten": (
        "A target that never moves",
        2,
        ForgetfulDDPG,
        catching.both_targets_follow,
        ("kakaoenterprise/JORLDY/issues/120",),
    ),
    "wrong_sign": (
        "Downhill",
        3,
        bugs.WrongSign,
        catching.the_actor_climbs,
        ("KanishJebaMathewM/Truxify/pull/11885",),
    ),
    "cut_gradient": (
        "The actor's gradient is None",
        3,
        bugs.CutGradient,
        catching.the_actor_moves,
        ("MorvanZhou/Reinforcement-learning-with-tensorflow/pull/125",),
    ),
    "leak": (
        "The critic moves in the actor's step",
        3,
        Leaky,
        catching.the_critic_is_left_alone,
        ("datawhalechina/easy-rl/issues/167",),
    ),
    "noise_swapped": (
        "Noise in the test, none in training",
        4,
        bugs.NoiseSwapped,
        catching.policies_are_evaluated_without_noise,
        ("keiohta/tf2rl/issues/56", "thu-ml/tianshou/issues/81"),
    ),
    "other_statistics": (
        "Evaluated on other statistics",
        4,
        bugs.OtherStatistics,
        catching.evaluation_sees_what_training_saw,
        ("vwxyzjn/cleanrl/pull/556",),
    ),
    "one_seed": (
        "One seed for all",
        4,
        bugs.OneSeed,
        catching.agents_differ,
        ("hill-a/stable-baselines/issues/675", "ray-project/ray/issues/46986"),
    ),
}
_SIGNS = {
    "stale_state": "gaps",
    "one_array": "still",
    "after_reset": "long jump",
    "limit_as_end": "even ends",
    "half_range": "sent",
    "mangled_action": "stored",
    "sign_of_reward": "reward spread",
    "normalized_before_stored": "outside",
    "reward_forgotten": "TD error",
    "end_ignored": "own ends",
    "mixed_rows": "value spread",
    "live_target": "TD error",
    "no_target": "critic lag",
    "target_forgotten": "target moved",
    "wrong_sign": "rank",
    "cut_gradient": "actor moved",
    "leak": "TD error",
    "noise_swapped": "unsteady",
    "other_statistics": "seen otherwise",
    "one_seed": "twins",
}
_CURVES: dict[str, tuple[tuple[str, str], ...]] = {
    **{
        name: (("museum", name), ("museum", "right"))
        for name in (
            "stale_state",
            "one_array",
            "after_reset",
            "limit_as_end",
            "sign_of_reward",
            "reward_forgotten",
            "mixed_rows",
            "live_target",
            "wrong_sign",
            "cut_gradient",
            "leak",
            "noise_swapped",
            "one_seed",
        )
    },
    # Beside a right program that normalizes observations too.
    **{
        name: (("museum", name), ("museum", "right_normalized"))
        for name in ("normalized_before_stored", "other_statistics")
    },
    "end_ignored": (("museum_balance", "end_ignored"), ("museum_balance", "right")),
    "half_range": (("action_units", "half_range"), ("action_units", "right")),
    "mangled_action": (("action_units", "stored_torque"), ("action_units", "right")),
    "no_target": (("targets", "tau_1_lr_1"), ("targets", "tau_0.01_lr_1")),
    "target_forgotten": (("targets_mistakes", "forgotten"), ("targets", "tau_0.01_lr_1")),
}

EXHIBITS = {
    name: Exhibit(
        title,
        ROOMS[room],
        agent,
        test,
        _SIGNS[name],
        tuple(HUB + path for path in found),
        _CURVES.get(name, ()),
        BALANCE if name == "end_ignored" else PENDULUM,
        {"normalize_obs": True} if name == "other_statistics" else {},
    )
    for name, (title, room, agent, test, found) in _WHAT.items()
}
"""The exhibits in the order in which they hang."""
