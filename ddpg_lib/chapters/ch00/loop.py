"""DDPG as chapter 0's reader writes it from memory, with the mistakes that people make."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Given:
    """What the reader's program is given beside the world, two networks and a replay buffer.

    Attributes
    ----------
    steps, warmup : int
        All steps, and those at the start with random actions and without updates.
    batch_size : int
        Transitions in a minibatch.
    gamma, tau : float
        As in (0.2) and (0.6).
    actor_lr, critic_lr : float
        Adam's step sizes.
    noise, random_action : function
        Each call draws the exploration noise, or a uniform action, ``(action_dim,)``, in the
        actor's units, from -1 to 1.
    """

    steps: int
    warmup: int
    batch_size: int
    gamma: float
    tau: float
    actor_lr: float
    critic_lr: float
    noise: Callable[[], Array]
    random_action: Callable[[], Array]


MISTAKES = {
    "no targets": "y is computed from the learning networks, or the targets are no copies of them "
    "(copy.deepcopy), or they jump onto them instead of following slowly.",
    "online actor in y": "y asks the learning actor for the next action; it should ask the target "
    "actor.",
    "online critic in y": "y is valued by the learning critic; it should be valued by the target "
    "critic.",
    "still targets": "the target networks never move: (0.6) is missing, or works on copies.",
    "tau exchanged": "tau and 1 - tau are exchanged in (0.6): the targets should keep 1 - tau of "
    "what they were.",
    "no ends": "(1 - d) is missing in y: nothing follows a terminal state.",
    "no discount": "gamma is missing in y.",
    "actor descends": "the actor goes down the critic's value: the sign of its loss is wrong.",
    "gradients left in the critic": "the actor's loss leaves gradients in the critic, and the "
    "critic's next step takes them along: set its gradients to zero before its own backward().",
    "gradients pile up": "gradients are never set to zero, so each step repeats all earlier ones.",
    "shapes differ": "y and Q(s, a) have different shapes, and their difference is a table of all "
    "pairs: both should be (batch_size, 1).",
    "actor first": "the actor moves before the critic has; Algorithm 1 moves the critic first.",
}
"""What the weights give away: the name of a mistake, and what to say of it."""


def program(
    env: gym.Env[Any, Any],
    actor: nn.Module,
    critic: nn.Module,
    replay: Any,
    c: Given,
    mistake: str = "",
) -> None:
    """Train in place, as Algorithm 1 says, or with one of ``MISTAKES``.

    ``replay`` has ``store(s, a, r, s_next, d)`` and ``sample(n)``.
    """
    box: Any = env.action_space
    center, half_range = (box.high + box.low) / 2, (box.high - box.low) / 2
    learner = Learner(actor, critic, c, mistake)
    s, _ = env.reset()
    for step in range(c.steps):
        if step < c.warmup:
            a = c.random_action()
        else:
            with torch.no_grad():
                a = np.clip(actor(torch.as_tensor(s)).numpy() + c.noise(), -1, 1)
        s_next, r, terminated, truncated, _ = env.step(center + half_range * a)
        replay.store(s, a, r, s_next, terminated)
        s = s_next
        if terminated or truncated:
            s, _ = env.reset()
        if step >= c.warmup:
            learner.update(replay.sample(c.batch_size))


class Learner:
    """The part of the program that moves weights, perhaps with one of ``MISTAKES``."""

    def __init__(self, actor: nn.Module, critic: nn.Module, c: Given, mistake: str) -> None:
        self.actor, self.critic, self.c, self.mistake = actor, critic, c, mistake
        self.actor_target, self.critic_target = copy.deepcopy(actor), copy.deepcopy(critic)
        self.actor_adam = torch.optim.Adam(actor.parameters(), c.actor_lr)
        self.critic_adam = torch.optim.Adam(critic.parameters(), c.critic_lr)

    def update(self, batch: tuple[Tensor, ...]) -> None:
        """Move critic, actor and targets once, by a minibatch ``(s, a, r, s', d)``."""
        if self.mistake == "actor first":
            self._actor_step(*batch)
        self._critic_step(*batch)
        if self.mistake != "actor first":
            self._actor_step(*batch)
        if self.mistake != "still targets":
            self._follow()

    def _critic_step(self, s: Tensor, a: Tensor, r: Tensor, s_next: Tensor, d: Tensor) -> None:
        wrong, c = self.mistake, self.c
        in_actor = wrong in ("no targets", "online actor in y")
        in_critic = wrong in ("no targets", "online critic in y")
        with torch.no_grad():
            a_next = (self.actor if in_actor else self.actor_target)(s_next)
            q_next = (self.critic if in_critic else self.critic_target)(s_next, a_next)
            goes_on = 1.0 if wrong == "no ends" else 1 - d
            y = r + (1.0 if wrong == "no discount" else c.gamma) * goes_on * q_next
        q = self.critic(s, a)
        loss = (((y.squeeze(1) if wrong == "shapes differ" else y) - q) ** 2).mean()
        if wrong not in ("gradients left in the critic", "gradients pile up"):
            self.critic_adam.zero_grad()
        loss.backward()
        self.critic_adam.step()
        if wrong == "gradients left in the critic":
            self.critic_adam.zero_grad()

    def _actor_step(self, s: Tensor, *_: Tensor) -> None:
        loss = -self.critic(s, self.actor(s)).mean()
        if self.mistake == "actor descends":
            loss = -loss
        if self.mistake != "gradients pile up":
            self.actor_adam.zero_grad()
        loss.backward()
        self.actor_adam.step()

    @torch.no_grad()
    def _follow(self) -> None:
        tau = 1 - self.c.tau if self.mistake == "tau exchanged" else self.c.tau
        pairs = ((self.actor, self.actor_target), (self.critic, self.critic_target))
        for online, target in pairs:
            for w, w_target in zip(online.parameters(), target.parameters(), strict=True):
                w_target.lerp_(w, tau)
