"""Four mistakes that look alike in a plot of returns, and the quantities that tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ddpg_lib.chapters.ch05.actor_gradient import action_slope
from ddpg_lib.chapters.ch05.compass import from_replay
from ddpg_lib.chapters.ch05.variants import Leaky, WrongUnits
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.figures.curves import draw_stack
from ddpg_lib.figures.style import COLORS
from ddpg_lib.runs.run import Run
from ddpg_lib.worlds.pendulum import PendulumModel, start_states

Array = NDArray[Any]


def in_other_units() -> gym.Env[Any, Any]:
    """Pendulum-v1 with its torque from -200 to 200, in hundredths of a newton meter."""
    wide = np.full(1, 200, np.float32)
    return gym.wrappers.RescaleAction(gym.make("Pendulum-v1"), -wide, wide)


FAULTS: dict[str, tuple[Callable[..., DDPG], EnvLike, dict[str, Any]]] = {
    "saturated actor": (DDPG, "Pendulum-v1", {"actor_lr": 5e-2}),
    "flat critic": (DDPG, "Pendulum-v1", {"activation": "relu", "critic_lr": 0.3}),
    "critic moves in the actor's step": (Leaky, "Pendulum-v1", {}),
    "actions in other units": (WrongUnits, in_other_units, {}),
}
"""By name: the kind of agent, the environment, and what differs from the recipe."""


def diagnose(agent: DDPG, count: int = 256) -> dict[str, Array]:
    """What tells the faults apart, one number an agent, in states of its replay buffer.

    Returns
    -------
    dict of array, shape (n,)
        ``"stored action"``: greatest size of a stored action, in the actor's units;
        ``"value"``: mean value of the actor's own actions, in units of the reward;
        ``"against"``: share of states with the action within 1% of a bound although the critic's
        slope points inward;
        ``"|slope|"``: median size of that slope, in units of the reward.
    """
    obs, replay = from_replay(agent, count), agent.replay
    action = agent.actor(obs).detach()
    slope = action_slope(agent.critic, obs, action) / agent.config.reward_scale
    stored = replay.rows[:, : len(replay), replay.sizes[0] :][..., : replay.sizes[1]]
    return {
        "stored action": stored.abs().flatten(1).amax(1).numpy(),
        "value": agent.q(obs.numpy()).mean(axis=1),
        "against": _against(action, slope).float().mean(dim=(1, 2)).numpy(),
        "|slope|": np.median(slope.abs().numpy(), axis=(1, 2)),
    }


def _against(action: Tensor, slope: Tensor) -> Tensor:
    return (action.abs() > 0.99) & (slope * action < 0)


def draw_faults(runs: Mapping[str, Run], until: int, every: int = 1) -> Figure:
    """Draw the returns of each of some ``{name: run}`` in a panel of its own, alike in scale.

    Parameters
    ----------
    runs : mapping
    until : int
        The last step that is drawn.
    every : int
        Only the evaluations at multiples of so many steps are drawn.
    """
    figure, axes = plt.subplots(1, len(runs), figsize=(8.4, 2.5), sharey=True)
    for ax, (name, run) in zip(axes, runs.items(), strict=True):
        shown = (run.steps <= until) & (run.steps % every == 0)
        draw_stack(ax, run.steps[shown], run.curves[:, shown], color=COLORS["actor"])
        ax.set_title(name)
        ax.set(xlabel="steps", ylim=(-1750, 0))
        ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:g}k")
    axes[0].set_ylabel("return of an episode")
    return figure


class AtTheBound:
    """How many of Pendulum's actions are held at a bound; given to ``train`` as ``on_evaluation``.

    Parameters
    ----------
    states : int
        Starts in which the actors are asked, the same at each evaluation.

    Attributes
    ----------
    steps : list of int
        Of the evaluations after the warm-up.
    at_bound, against : list of array, shape (n,)
        Share of states in which the action is within 1% of a bound, and in which it is there
        although the critic's slope points inward.
    """

    def __init__(self, states: int = 100) -> None:
        self.obs = PendulumModel().observation(*start_states(range(states)))
        self.steps: list[int] = []
        self.at_bound: list[Array] = []
        self.against: list[Array] = []

    def __call__(self, run: Run) -> None:
        """Measure, unless the agents have not begun to learn."""
        if run.step < run.config.warmup_steps:
            return
        agent = run.agent
        obs = torch.tensor(np.tile(self.obs, (agent.n, 1, 1)))
        action = agent.actor(obs).detach()
        slope = action_slope(agent.critic, obs, action)
        bound = action.abs() > 0.99
        self.steps.append(run.step)
        self.at_bound.append(bound.float().mean(dim=(1, 2)).numpy())
        self.against.append(_against(action, slope).float().mean(dim=(1, 2)).numpy())
