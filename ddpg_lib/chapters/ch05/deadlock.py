"""Many agents on Matheron's line at once, and what keeps some of them from their reward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ddpg_lib.chapters.ch05.actor_gradient import action_slope
from ddpg_lib.chapters.ch05.line import MAX_STEP, dynamics
from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG

Array = NDArray[Any]
LIMIT = 50  # steps of an episode, and of the first phase without updates
Behavior = Callable[[DDPG, Array, Array], Array]
"""From a stack, its states ``(n, 1)`` and random numbers ``(n, 2)`` in [0, 1) to actions."""


def with_noise(agent: DDPG, s: Array, chance: Array) -> Array:
    """Act with the actors' actions and the exploration noise of the agents' configuration.

    ``agent`` is a stack on the line; ``s`` is ``(n, 1)``, ``chance`` ``(n, 2)`` in [0, 1), and the
    actions are ``(n, 1)``.
    """
    return agent.explore(s)


def with_random_actions(agent: DDPG, s: Array, chance: Array) -> Array:
    """Draw the action uniformly with probability 0.1, else take the actor's own.

    ``agent`` is a stack on the line; ``s`` is ``(n, 1)``, ``chance`` ``(n, 2)`` in [0, 1), and the
    actions are ``(n, 1)``.
    """
    uniform = MAX_STEP * (2 * chance[:, 1:] - 1)
    return np.where(chance[:, :1] < 0.1, uniform, agent.act(s))


def with_teacher(agent: DDPG, s: Array, chance: Array) -> Array:
    """Take the best action, a full step to the left, whatever the actors say.

    ``agent`` is a stack on the line; ``s`` is ``(n, 1)``, ``chance`` ``(n, 2)`` in [0, 1), and the
    actions are ``(n, 1)``.
    """
    return np.full_like(s, -MAX_STEP)


class Lives:
    """Agents that each live on a line of their own: what ``train`` does, for many at once.

    Parameters
    ----------
    config : Config
        The hyperparameters of all agents.
    seeds : sequence of int
        One an agent.

    Attributes
    ----------
    agent : DDPG
    steps : list of int
        When the following were noted: every 50 steps, and at the end of each :meth:`live`.
    success : list of array of bool, shape (n,)
        Whether the policy without noise finds the reward.
    action, slope : list of array, shape (n,)
        The scaled action at s = 0, and the critic's slope there.
    rewards : array, shape (n,)
        How often each agent has found the reward.
    first : array, shape (n,)
        The step in which it found it first, or infinity.
    """

    def __init__(self, config: Config, seeds: Sequence[int]) -> None:
        self.agent = DDPG(1, [-MAX_STEP], [MAX_STEP], config, seeds)
        n = self.agent.n
        self.rngs = [np.random.default_rng([seed, 8]) for seed in seeds]
        self.s, self.age, self.time = np.zeros((n, 1)), np.zeros(n, int), 0
        self.rewards, self.first = np.zeros(n), np.full(n, np.inf)
        self.steps: list[int] = []
        self.success: list[Array] = []
        self.action: list[Array] = []
        self.slope: list[Array] = []

    def live(self, behave: Behavior, steps: int) -> None:
        """Act, store and learn for some steps; there is no update in the very first 50."""
        end = self.time + steps
        while self.time < end:
            chance = np.stack([rng.random(2) for rng in self.rngs])
            a = behave(self.agent, self.s, chance)
            after, reward, found = dynamics(self.s, a)
            self.agent.remember(self.s, a, reward[:, 0], after, found[:, 0])
            self.age += 1
            over = found[:, 0] | (self.age == LIMIT)
            self.agent.noise.reset(over)
            self.s = np.where(over[:, None], 0.0, after)
            self.age[over] = 0
            self.rewards += reward[:, 0]
            self.first = np.where(found[:, 0], np.minimum(self.first, self.time), self.first)
            if self.time >= LIMIT:
                self.agent.update()
            self.time += 1
            if self.time == end or self.time % 50 == 1:
                self.note()

    def note(self) -> None:
        """Note what the policies are worth and what moves them."""
        obs = torch.zeros(self.agent.n, 1, 1)
        action = self.agent.actor(obs).detach()
        self.steps.append(self.time)
        self.success.append(self.succeeds())
        self.action.append(action[:, 0, 0].numpy())
        self.slope.append(action_slope(self.agent.critic, obs, action)[:, 0, 0].numpy())

    def succeeds(self) -> NDArray[np.bool_]:
        """Whether each policy, without noise, finds the reward within the limit: ``(n,)``."""
        s, done = np.zeros((self.agent.n, 1)), np.zeros((self.agent.n, 1), bool)
        for _ in range(LIMIT):
            s, _, found = dynamics(s, self.agent.act(s))
            done |= found
        return done[:, 0]

    @classmethod
    def gather(cls, parts: Sequence[tuple[Lives, Array]]) -> Lives:
        """Some agents of several stacks, as they are, in a stack of their own.

        Their networks, optimizers, replay buffers and random numbers go with them; only the
        exploration noise begins anew.

        Parameters
        ----------
        parts : sequence of (Lives, array)
            Stacks of one configuration and age, and the agents' places in each.

        Raises
        ------
        ValueError
            If the stacks differ in configuration or age.
        """
        first = parts[0][0]
        if any((x.agent.config, x.time) != (first.agent.config, first.time) for x, _ in parts):
            raise ValueError("the stacks must have one configuration and one age")
        places = [(lives, i) for lives, who in parts for i in who]
        few = cls(first.agent.config, range(len(places)))
        few.time, held = first.time, len(first.agent.replay)
        few.agent.replay.count = first.agent.replay.count
        for k, (lives, i) in enumerate(places):
            for name in ("actor", "critic", "actor_target", "critic_target"):
                mine, theirs = (getattr(x.agent, name).parameters() for x in (few, lives))
                for p, q in zip(mine, theirs, strict=True):
                    p.data[k] = q.data[i]
            for name in ("actor_optimizer", "critic_optimizer"):
                mine, theirs = (getattr(x.agent, name).state_dict() for x in (few, lives))
                for key, tensor in mine.items():
                    if tensor.dim():  # moments, one for each agent
                        tensor[k] = theirs[key][i]
                    else:  # step size and count, which all share
                        tensor.copy_(theirs[key])
            few.agent.replay.rows[k, :held] = lives.agent.replay.rows[i, :held]
            here, there = few.agent.replay.rngs[k], lives.agent.replay.rngs[i]
            here.bit_generator.state = there.bit_generator.state
            few.rngs[k].bit_generator.state = lives.rngs[i].bit_generator.state
            few.s[k], few.age[k] = lives.s[i], lives.age[i]
            few.rewards[k], few.first[k] = lives.rewards[i], lives.first[i]
        return few
