"""Finite Markov decision processes, so small that every expectation is a system of equations.

States and actions are numbered, policies are tables of probabilities. Values, action values and
visits come from linear solves, the optimum from policy iteration; episodes can be drawn as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Trajectories:
    """Episodes of different lengths, side by side.

    Parameters
    ----------
    states, actions : ndarray of int, shape (..., episodes, T)
        T is the length of the longest episode; what stands after an episode's end means nothing.
    rewards : ndarray, shape (..., episodes, T)
        0 after the end.
    alive : ndarray of bool, shape (..., episodes, T)
        Whether the episode still ran when step t began.
    """

    states: Array
    actions: Array
    rewards: Array
    alive: Array

    def __getitem__(self, agent: int) -> Trajectories:
        """One agent's episodes out of a stack's."""
        return Trajectories(
            self.states[agent], self.actions[agent], self.rewards[agent], self.alive[agent]
        )


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """A Markov decision process with S states and A actions.

    Parameters
    ----------
    P : array_like, shape (S, A, S)
        Probability of the next state, given state and action.
    R : array_like, shape (S, A, S)
        Reward of each transition.
    start : array_like, shape (S,)
        Probability of the first state.
    terminal : array_like of bool, shape (S,)
        States that nothing follows. Their rows of P and R are never used.
    gamma : float
        Discount in [0, 1]; 1 only for policies under which every episode ends.

    Raises
    ------
    ValueError
        For shapes that do not fit, rows that are no distributions, a start in a terminal state, a
        gamma outside [0, 1]; and, when gamma is 1, for a policy that never ends.

    References
    ----------
    Puterman (1994), *Markov Decision Processes*.
    """

    P: Array
    R: Array
    start: Array
    terminal: Array
    gamma: float = 0.95

    def __post_init__(self) -> None:
        for name, kind in (("P", float), ("R", float), ("start", float), ("terminal", bool)):
            object.__setattr__(self, name, np.array(getattr(self, name), kind))
        states = len(self.start)
        if self.P.ndim != 3 or self.P.shape[::2] != (states, states):
            raise ValueError(f"P must have the shape ({states}, A, {states}), got {self.P.shape}")
        if self.R.shape != self.P.shape or self.terminal.shape != (states,):
            raise ValueError("R must have the shape of P, and terminal that of start")
        for name, rows in (("start", self.start), ("P", self.P[~self.terminal])):
            if (rows < 0).any() or not np.allclose(rows.sum(-1), 1):
                raise ValueError(f"each row of {name} must be at least 0 and sum to 1")
        if self.start[self.terminal].any():
            raise ValueError("an episode cannot start in a terminal state")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must lie in [0, 1], got {self.gamma}")

    @cached_property
    def onward(self) -> Array:
        """Probability that s' comes next and does not end the episode, shape ``(S, A, S)``."""
        return self.P * ~self.terminal * ~self.terminal[:, None, None]

    @cached_property
    def mean_reward(self) -> Array:
        """Expected reward r(s, a), shape ``(S, A)``; 0 in terminal states."""
        return np.einsum("sax,sax->sa", self.P, self.R) * ~self.terminal[:, None]

    def discounted_sum(
        self,
        policy: ArrayLike,
        x: ArrayLike,
        gamma: float | None = None,
    ) -> Array:
        """Expected sum over t of ``gamma**t x(s_t)``, from each first state: a linear solve.

        Parameters
        ----------
        policy : array_like, shape (S, A)
            Probabilities of the actions.
        x : array_like, shape (S, ...)
            What is collected in each state.
        gamma : float, optional
            Another discount than the process's own.

        Returns
        -------
        ndarray, shape (S, ...)
            The solution y of y = x + gamma P y, with the policy's P.

        Raises
        ------
        ValueError
            If the sum is infinite.
        """
        x = np.asarray(x, float)
        step = np.einsum("sa,sax->sx", self._table(policy), self.onward)
        matrix = np.eye(len(step)) - (self.gamma if gamma is None else gamma) * step
        if np.linalg.cond(matrix) > 1e13:  # singular, up to rounding
            raise ValueError("this policy never ends from some state; use a gamma below 1")
        return np.linalg.solve(matrix, x.reshape(len(x), -1)).reshape(x.shape)

    def value(self, policy: ArrayLike) -> Array:
        """Value of each state, ``(S,)``, under a ``policy (S, A)``; 0 in terminal states."""
        return self.discounted_sum(policy, (self._table(policy) * self.mean_reward).sum(1))

    def action_value(self, policy: ArrayLike) -> Array:
        """Value ``(S, A)`` of each action in each state, followed by a ``policy (S, A)``."""
        return self.mean_reward + self.gamma * self.onward @ self.value(policy)

    def visits(self, policy: ArrayLike, gamma: float | None = None) -> Array:
        """Discounted number of visits to each state, the sum over t of ``gamma**t Pr(s_t = s)``.

        Parameters
        ----------
        policy : array_like, shape (S, A)
        gamma : float, optional
            Another discount than the process's own.

        Returns
        -------
        ndarray, shape (S,)
            Not normalized, as in Silver et al. (2014).
        """
        each_state = np.diag(~self.terminal * 1.0)
        return self.start @ self.discounted_sum(policy, each_state, gamma)

    def objective(self, policy: ArrayLike) -> float:
        """Expected return J of an episode under a ``policy (S, A)``."""
        return float(self.start @ self.value(policy))

    def optimum(self) -> Array:
        """An optimal policy ``(S, A)``, by policy iteration from the uniform one.

        It gives the best action of each state the probability 1.
        """
        policy = np.full(self.P.shape[:2], 1 / self.P.shape[1])
        while True:
            q = self.action_value(policy)
            # Beyond rounding, lest it go back and forth between actions that are equally good.
            better = q.max(1) > (policy * q).sum(1) + 1e-10
            if not better.any():
                return policy
            policy = np.where(better[:, None], np.eye(q.shape[1])[q.argmax(1)], policy)

    def episodes(
        self,
        policy: ArrayLike,
        count: int,
        rng: np.random.Generator | Sequence[np.random.Generator],
        max_steps: int = 10_000,
    ) -> Trajectories:
        """Draw episodes, each to its end.

        Parameters
        ----------
        policy : array_like, shape (S, A) or (n, S, A)
            One policy, or one for each agent of a stack.
        count : int
            Episodes an agent.
        rng : numpy.random.Generator, or one for each agent
            An agent's episodes depend on its own generator alone.
        max_steps : int
            When to give up.

        Returns
        -------
        Trajectories
            Arrays of shape (count, T), or (n, count, T) for a stack.

        Raises
        ------
        ValueError
            If generators and policies differ in number.
        RuntimeError
            If an episode does not end within ``max_steps`` steps.
        """
        table = np.asarray(policy, float)
        stack = table.reshape(-1, *self.P.shape[:2])
        generators = [rng] if isinstance(rng, np.random.Generator) else list(rng)
        if len(generators) != len(stack):
            raise ValueError(
                f"{len(stack)} policies need as many generators, got {len(generators)}"
            )
        agent = np.arange(len(stack))[:, None]
        alive = np.ones((len(stack), count), bool)

        u = np.zeros((len(stack), count))

        def pick(cumulative: Array) -> Array:
            # Whose episodes are over draws no more: its numbers depend on no other agent.
            for i in running:
                generators[i].random(out=u[i])
            chosen = (u[..., None] >= cumulative).sum(-1)
            # A cumulative sum may end a rounding error below 1.
            return np.minimum(chosen, cumulative.shape[-1] - 1)

        act, move = stack.cumsum(-1), self.P.cumsum(-1)
        running = range(len(stack))
        state, record = pick(self.start.cumsum()), []
        for _ in range(max_steps):
            action = pick(act[agent, state])
            after = pick(move[state, action])
            record.append((state, action, self.R[state, action, after] * alive, alive))
            alive = alive & ~self.terminal[after]
            running = np.flatnonzero(alive.any(1)).tolist()
            if not running:
                columns = [np.stack(x, -1) for x in zip(*record, strict=True)]
                return Trajectories(*(x[0] if table.ndim == 2 else x for x in columns))
            state = np.where(alive, after, state)
        raise RuntimeError(f"an episode did not end within {max_steps} steps: raise max_steps")

    def _table(self, policy: ArrayLike) -> Array:
        """Policy as an array of the right shape."""
        table = np.asarray(policy, float)
        if table.shape != self.P.shape[:2]:
            raise ValueError(f"policy must have the shape {self.P.shape[:2]}, got {table.shape}")
        return table
