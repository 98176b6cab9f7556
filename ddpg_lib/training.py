"""The outer loop of Algorithm 1 (Lillicrap et al. 2016), for a stack of agents in lockstep.

It knows neither files nor how it was asked for: :mod:`ddpg_lib.runs.session` wraps it for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import require_finite
from ddpg_lib.envs.stack import StackedEnvs
from ddpg_lib.evaluation import Evaluator
from ddpg_lib.history import History

LOOK_EVERY = 100  # updates between looks at the losses on a GPU, which has to be waited for


class Training:
    """Agents that act, store and learn, one update for each step.

    Parameters
    ----------
    envs
        One environment for each agent.
    agent
        The stack, or one with the same methods.
    config
        For the number of steps, of the warm-up, and between evaluations.
    evaluator
        Plays the noise-free policies, on environments of its own.
    random_warmup
        Whether the warm-up acts at random; if not, it plays the policies with noise.

    Attributes
    ----------
    step : int
        Steps taken by each agent.
    selected : array, shape (n, action_dim), or None
        Actions that are chosen but not taken: the environments are at work, or failed.
    history : History
        The curves so far.
    metrics : dict of Tensor, shape (n,)
        ``critic_loss`` and ``q`` of the last update; NaN before the first.
    """

    def __init__(
        self,
        envs: StackedEnvs,
        agent: DDPG,
        config: Config,
        evaluator: Evaluator,
        random_warmup: bool = True,
    ) -> None:
        self.envs, self.agent, self.config, self.evaluator = envs, agent, config, evaluator
        self.random_warmup = random_warmup
        self.step = 0
        self.selected: NDArray[np.float32] | None = None
        self.episode_return = np.zeros(agent.n)
        self.metrics = {name: torch.full((agent.n,), torch.nan) for name in ("critic_loss", "q")}
        self.history = History(agent.n)

    def steps(self) -> Iterator[bool]:
        """Train to the end, from wherever it stands; yield after each step if it was evaluated."""
        # A run that goes on from a checkpoint has been through this.
        if not self.history.steps:
            self.evaluate()  # the untrained policies
            self.envs.reset()
            yield True
        elif self.due:  # it broke off in an evaluation
            self.evaluate()
            yield True
        while not self.finished:
            self.advance()
            due = self.due
            if due:
                self.evaluate()
            yield due

    def advance(self) -> None:
        """Take one step in every environment and, after the warm-up, one update of every agent."""
        step = self.step + 1
        warming_up = step <= self.config.warmup_steps

        # Select actions with the policies and exploration noise; at first at random.
        obs = self.envs.obs
        action = self.select(at_random=warming_up and self.random_warmup)

        # Execute them; observe rewards and next states. Ended episodes begin again.
        next_obs, reward, terminated, truncated, _ = self.envs.step(action)

        # Store the transitions. next_obs is how an episode ended, not a new one's start.
        self.agent.remember(obs, action, reward, next_obs, terminated, truncated)

        # Sample a minibatch; update critic, actor and target networks.
        if not warming_up:  # the buffer holds something to learn from
            self.metrics = self.agent.update()
            self._require_finite_metrics(step)

        self.episode_return += reward
        ended = terminated | truncated
        if ended.any():
            self.history.add_episodes(step, self.episode_return, ended)
            self._begin_episodes(ended)
        self.step, self.selected = step, None

    def select(self, at_random: bool) -> NDArray[np.float32]:
        """Actions to take next, ``(n, action_dim)``, which are kept until they are taken.

        So a run that an environment broke off goes on with the same ones.
        """
        if self.selected is None:
            agent = self.agent
            self.selected = agent.random() if at_random else agent.explore(self.envs.obs)
        return self.selected

    def evaluate(self) -> None:
        """Note the returns of the noise-free policies."""
        returns = self.evaluator(self.agent)
        self.history.add(self.step, returns, self.metrics)

    @property
    def due(self) -> bool:
        """Whether an evaluation is due that has not been."""
        every = self.step % self.config.eval_every == 0 or self.finished
        return every and self.history.steps[-1] != self.step

    @property
    def finished(self) -> bool:
        """Whether all steps are taken."""
        return self.step >= self.config.steps

    def state_dict(self) -> dict[str, Any]:
        """All that changes, for :meth:`load_state_dict`: plain values, arrays and tensors.

        Without the evaluator: each evaluation resets its environments with the same seeds.
        """
        return {
            "step": self.step,
            "selected": self.selected,
            "episode_return": self.episode_return,
            "metrics": self.metrics,
            "agent": self.agent.state_dict(),
            "envs": self.envs.state_dict(),
            "history": self.history.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If the state is that of other agents or environments.
        """
        self.step, self.metrics = int(state["step"]), dict(state["metrics"])
        self.selected = state["selected"]
        self.episode_return = np.array(state["episode_return"])
        self.agent.load_state_dict(state["agent"])
        self.history.load_state_dict(state["history"])
        lost = self.envs.load_state_dict(state["envs"])
        if lost.any():  # their episodes could not be brought back: new ones have begun
            self.agent.replay.end_episodes(lost)
            self._begin_episodes(lost)

    def _begin_episodes(self, agents: NDArray[np.bool_]) -> None:
        self.agent.noise.reset(agents)
        self.episode_return[agents] = 0.0

    def _require_finite_metrics(self, step: int) -> None:
        if self.agent.device.type == "cpu" or step % LOOK_EVERY == 0:
            for name, values in self.metrics.items():
                require_finite(name, values.cpu().numpy(), step, self.envs.seeds)
