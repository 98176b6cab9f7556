"""The curves of a run while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


class History:
    """The curves of a run of n agents so far.

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
        """Note an evaluation after ``step`` steps of each agent.

        ``returns`` are ``(n, eval_episodes)``, ``metrics`` the last update's, each ``(n,)``.
        """
        self.steps.append(step)
        self.returns.append(returns)
        for name, values in metrics.items():
            unknown = [np.full(len(values), np.nan)] * (len(self.steps) - 1)
            self.metrics.setdefault(name, unknown).append(values.cpu().numpy().astype(float))

    def add_episodes(
        self, step: int, returns: NDArray[np.float64], ended: NDArray[np.bool_]
    ) -> None:
        """Note the ``returns`` of the training episodes that ``ended`` at a step, both ``(n,)``."""
        for i in np.flatnonzero(ended):
            self.episodes[i].append((step, float(returns[i])))

    @property
    def curves(self) -> NDArray[np.float64]:
        """Each agent's mean evaluation return, ``(n, evaluations)``."""
        return np.stack(self.returns, axis=1).mean(axis=-1)

    def state_dict(self) -> dict[str, Any]:
        """Everything, as arrays, for :meth:`load_state_dict`."""
        return {
            "steps": np.array(self.steps),
            "returns": np.stack(self.returns),
            "metrics": {name: np.stack(values) for name, values in self.metrics.items()},
            "episodes": [np.array(e, float).reshape(-1, 2) for e in self.episodes],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of a saved history, as from :meth:`state_dict`."""
        self.steps = state["steps"].tolist()
        self.returns = list(state["returns"])
        self.metrics = {name: list(values) for name, values in state["metrics"].items()}
        self.episodes = [
            [(int(step), float(value)) for step, value in episodes]
            for episodes in state["episodes"]
        ]
