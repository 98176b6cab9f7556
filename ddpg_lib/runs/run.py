"""The result of a run, its summary and its curves."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import name_of
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.envs.stack import Spaces
from ddpg_lib.maths.stats import bootstrap_interval, iqm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass
class Run:
    """What training leaves behind.

    Attributes
    ----------
    env : str or callable
        The environment trained on.
    config : Config
        The hyperparameters.
    seeds : list of int
        One an agent.
    agent : DDPG
        The stack of trained agents.
    steps : array, shape (evaluations,)
        Environment steps of each agent at each evaluation, from 0.
    returns : array, shape (n, evaluations, eval_episodes)
        Undiscounted returns of the noise-free policies, on the same starts each time.
    episodes : list of list of (int, float)
        For each agent, the step at which each training episode ended, and its return with noise.
    metrics : dict of array, shape (n, evaluations)
        ``critic_loss`` and ``q`` (mean value of the policy's actions) of the last update before
        each evaluation; NaN before the first update.
    seconds : float
        Wall time, evaluations included.
    env_kwargs : dict
        With which ``gymnasium.make`` made the environment.
    spaces : Spaces, optional
        What the agent knows of the environment's spaces.
    """

    env: EnvLike
    config: Config
    seeds: list[int]
    agent: DDPG
    steps: NDArray[np.int64]
    returns: NDArray[np.float64]
    episodes: list[list[tuple[int, float]]]
    metrics: dict[str, NDArray[np.float64]] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    env_kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    spaces: Spaces | None = None

    @property
    def step(self) -> int:
        """Steps of each agent at the last evaluation."""
        return int(self.steps[-1])

    @property
    def curves(self) -> NDArray[np.float64]:
        """Each agent's mean evaluation return, ``(n, evaluations)``."""
        return self.returns.mean(axis=-1)

    def summary(self) -> str:
        """The final policies in a few lines: interquartile mean, interval, every agent."""
        final = self.curves[:, -1]
        agents = "1 agent" if len(final) == 1 else f"{len(final)} agents"
        lines = [f"{name_of(self.env)}: {agents}, {self.steps[-1]:,} steps each"]
        if len(final) > 1:
            low, high = bootstrap_interval(final)
            lines.append(
                f"final return {iqm(final):.1f} (interquartile mean; "
                f"95% interval {low:.1f} to {high:.1f})"
            )
        lines += [f"  seed {s}: {x:.1f}" for s, x in zip(self.seeds, final, strict=True)]
        return "\n".join(lines)

    def plot(self) -> Figure:
        """The learning curves: every agent, the interquartile mean and its 95% interval."""
        from ddpg_lib.figures.curves import learning_curves

        return learning_curves(self)
