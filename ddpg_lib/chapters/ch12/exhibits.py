"""The museum's exhibits: what each bug is, where it was found, and the test that catches it."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from ddpg_lib.chapters.ch12 import bugs, catching
from ddpg_lib.ddpg import DDPG
from ddpg_lib.results.experiments import MUSEUM

HUB = "https://github.com/"


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """A bug that a repository has shipped.

    Attributes
    ----------
    title : str
    room : str
        Which part of the program it is in.
    test : callable
        The test of :mod:`ddpg_lib.chapters.ch12.catching` that catches it, of an agent's class.
    found : tuple of str
        Addresses of the threads.
    agent : callable
        The class of agent with the bug.
    changes : dict
        Hyperparameters that differ from the museum's.
    """

    title: str
    room: str
    test: Callable[[catching.Agent], None]
    found: tuple[str, ...]
    agent: Callable[..., DDPG]
    changes: Mapping[str, Any]

    @property
    def control(self) -> str:
        """The arm of the sweep ``museum`` without the bug."""
        return "right_normalized" if self.changes else "right"


def _agent_of(arm: Mapping[str, Any]) -> Callable[..., DDPG]:
    module, _, name = arm["agent"].partition(":")
    made: Callable[..., DDPG] = getattr(importlib.import_module(module), name)
    return made


ROOMS = ("the loop", "units and scales", "the target", "the actor's step", "evaluation and seeds")
_WHAT: dict[str, tuple[str, int, Callable[[catching.Agent], None], tuple[str, ...]]] = {
    "stale_state": (
        "The state that never moves on",
        0,
        catching.states_follow_each_other,
        ("pr-shukla/maddpg-keras/pull/13",),
    ),
    "one_array": (
        "Two names for one array",
        0,
        catching.time_passes,
        ("Farama-Foundation/SuperSuit/pull/116", "openai/baselines/pull/418"),
    ),
    "after_reset": (
        "Stored after the reset",
        0,
        catching.episodes_end,
        ("hill-a/stable-baselines/issues/769",),
    ),
    "limit_as_end": (
        "The time limit as an end",
        0,
        catching.a_limit_is_no_end,
        ("openai/baselines/issues/436", "hill-a/stable-baselines/issues/863"),
    ),
    "half_range": (
        "tanh, never scaled",
        1,
        catching.actions_reach_the_bounds,
        ("udacity/deep-reinforcement-learning/issues/41",),
    ),
    "mangled_action": (
        "The action that came back changed",
        1,
        catching.stored_actions_are_scaled,
        ("rlworkgroup/garage/issues/273",),
    ),
    "sign_of_reward": (
        "The sign of the reward",
        1,
        catching.rewards_keep_their_size,
        ("openai/baselines/issues/44",),
    ),
    "normalized_before_stored": (
        "Normalized, then stored",
        1,
        catching.a_state_is_stored_alike,
        ("hill-a/stable-baselines/issues/200", "sfujim/TD3/issues/11"),
    ),
    "reward_forgotten": (
        "A target without the reward",
        2,
        catching.rewards_count,
        ("PacktPublishing/Tensorflow-2-Reinforcement-Learning-Cookbook/issues/34",),
    ),
    "end_ignored": (
        "Nothing ever ends",
        2,
        catching.ends_count,
        ("seungeunrho/minimalRL/issues/32",),
    ),
    "mixed_rows": (
        "Every target against every value",
        2,
        catching.the_critic_tells_rows_apart,
        (
            "BY571/Soft-Actor-Critic-and-Extensions/issues/4",
            "sunwuzhou03/reinforcement-learning-lab/issues/1",
        ),
    ),
    "live_target": (
        "The gradient through the target",
        2,
        catching.the_target_is_constant,
        ("datawhalechina/easy-rl/pull/117", "boyu-ai/Hands-on-RL/issues/112"),
    ),
    "no_target": (
        "No target network",
        2,
        catching.targets_lag,
        ("pytorch/rl/issues/1181", "datawhalechina/easy-rl/pull/117"),
    ),
    "target_actor_forgotten": (
        "The target actor, forgotten",
        2,
        catching.both_targets_follow,
        ("kakaoenterprise/JORLDY/issues/120",),
    ),
    "wrong_sign": (
        "Downhill",
        3,
        catching.the_actor_climbs,
        ("KanishJebaMathewM/Truxify/pull/11885",),
    ),
    "cut_gradient": (
        "The actor's gradient is None",
        3,
        catching.the_actor_moves,
        ("MorvanZhou/Reinforcement-learning-with-tensorflow/pull/125",),
    ),
    "leak": (
        "The critic moves in the actor's step",
        3,
        catching.the_critic_is_left_alone,
        ("datawhalechina/easy-rl/issues/167",),
    ),
    "noise_swapped": (
        "Noise in the test, none in training",
        4,
        catching.policies_are_evaluated_without_noise,
        ("keiohta/tf2rl/issues/56", "thu-ml/tianshou/issues/81"),
    ),
    "other_statistics": (
        "Evaluated on other statistics",
        4,
        catching.evaluation_sees_what_training_saw,
        ("vwxyzjn/cleanrl/pull/556",),
    ),
    "one_seed": (
        "One seed for all",
        4,
        catching.agents_differ,
        ("hill-a/stable-baselines/issues/675", "ray-project/ray/issues/46986"),
    ),
}
_ARMS = {**MUSEUM, "end_ignored": {"agent": f"{bugs.__name__}:EndIgnored"}}

EXHIBITS = {
    name: Exhibit(
        title,
        ROOMS[room],
        test,
        tuple(HUB + path for path in found),
        _agent_of(_ARMS[name]),
        {key: value for key, value in _ARMS[name].items() if key != "agent"},
    )
    for name, (title, room, test, found) in _WHAT.items()
}
"""The exhibits in the order in which they hang, by the name of their arm in the sweep."""
