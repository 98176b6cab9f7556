"""The curves of a run: kept while it goes on, written as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs import EnvLike
from ddpg_lib.plan import name_of
from ddpg_lib.stats import bootstrap_interval, iqm

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
        """The learning curves: every agent, the interquartile mean and its 95% interval.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ddpg_lib.plotting import learning_curves

        return learning_curves(self)


class Record:
    """The curves of a run so far.

    Parameters
    ----------
    agents : int
        Number of agents.

    Attributes
    ----------
    steps : list of int
        Environment steps of each agent at each evaluation.
    returns : list of array, shape (n, eval_episodes)
        Of each evaluation.
    metrics : dict of list of array, shape (n,)
        Of the last update before each evaluation.
    episodes : list of list of (int, float)
        For each agent, the step at which each training episode ended, and its return.
    """

    def __init__(self, agents: int) -> None:
        self.steps: list[int] = []
        self.returns: list[NDArray[np.float64]] = []
        self.metrics: dict[str, list[NDArray[np.float64]]] = {}
        self.episodes: list[list[tuple[int, float]]] = [[] for _ in range(agents)]

    def add(
        self, step: int, returns: NDArray[np.float64], metrics: Mapping[str, torch.Tensor]
    ) -> None:
        """Note an evaluation.

        Parameters
        ----------
        step : int
            Environment steps of each agent so far.
        returns : array, shape (n, eval_episodes)
            Undiscounted.
        metrics : mapping of str to Tensor, shape (n,)
            Of the last update.
        """
        self.steps.append(step)
        self.returns.append(returns)
        for name, values in metrics.items():
            unknown = [np.full(len(values), np.nan)] * (len(self.steps) - 1)
            self.metrics.setdefault(name, unknown).append(values.cpu().numpy().astype(float))

    @property
    def curves(self) -> NDArray[np.float64]:
        """Each agent's mean evaluation return, ``(n, evaluations)``."""
        return np.stack(self.returns, axis=1).mean(axis=-1)

    def state_dict(self) -> dict[str, Any]:
        """Everything, as arrays.

        Returns
        -------
        dict
            For :meth:`load_state_dict`.
        """
        return {
            "steps": np.array(self.steps),
            "returns": np.stack(self.returns),
            "metrics": {name: np.stack(values) for name, values in self.metrics.items()},
            "episodes": [np.array(e, float).reshape(-1, 2) for e in self.episodes],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved record.

        Parameters
        ----------
        state : mapping
            As from :meth:`state_dict`.
        """
        self.steps = state["steps"].tolist()
        self.returns = list(state["returns"])
        self.metrics = {name: list(values) for name, values in state["metrics"].items()}
        self.episodes = [
            [(int(step), float(value)) for step, value in episodes]
            for episodes in state["episodes"]
        ]

    def curves_csv(self, seeds: Sequence[int]) -> str:
        """One row an evaluation and agent: its mean return, and the last update's metrics.

        Parameters
        ----------
        seeds : sequence of int
            One an agent.

        Returns
        -------
        str
            A header and the rows.
        """
        rows = [["step", "seed", "return", *self.metrics]]
        for e, (step, returns) in enumerate(zip(self.steps, self.returns, strict=True)):
            for i, seed in enumerate(seeds):
                numbers = [returns[i].mean(), *(values[e][i] for values in self.metrics.values())]
                rows.append([str(step), str(seed), *(repr(float(x)) for x in numbers)])
        return _csv(rows)

    def episodes_csv(self, seeds: Sequence[int]) -> str:
        """One row a training episode: the step at which it ended, and its return with noise.

        Parameters
        ----------
        seeds : sequence of int
            One an agent.

        Returns
        -------
        str
            A header and the rows.
        """
        rows = [["step", "seed", "return"]]
        for seed, episodes in zip(seeds, self.episodes, strict=True):
            rows += [[str(step), str(seed), repr(value)] for step, value in episodes]
        return _csv(rows)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


class Board:
    """The curves as TensorBoard events, where the extra ``tensorboard`` is installed.

    Parameters
    ----------
    folder : Path
        Where the event files go.
    seeds : sequence of int
        One an agent.
    after : int
        Events of later steps, from a run that broke off, are hidden.
    """

    def __init__(self, folder: Path, seeds: Sequence[int], after: int) -> None:
        self.seeds = seeds
        self.writer: Any = None
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(folder), purge_step=after + 1)

    def add(self, record: Record) -> None:
        """Write the last evaluation.

        Parameters
        ----------
        record : Record
            The run's.
        """
        if self.writer is None:
            return
        step, means = record.steps[-1], record.returns[-1].mean(-1)
        self.writer.add_scalar("return/interquartile mean", float(iqm(means)), step)
        values = {"return": means, **{name: x[-1] for name, x in record.metrics.items()}}
        for name, numbers in values.items():
            for seed, number in zip(self.seeds, numbers.tolist(), strict=True):
                if np.isfinite(number):  # no metrics before the first update
                    self.writer.add_scalar(f"{name}/seed {seed}", number, step)
        self.writer.flush()

    def close(self) -> None:
        """Finish the event file."""
        if self.writer is not None:
            self.writer.close()
