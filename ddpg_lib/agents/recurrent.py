"""DDPG with a memory, for worlds whose observations hide part of the state.

Recurrent deterministic policy gradients (Heess et al. 2015), with separate memories for actor and
critic and the last observation beside them (Ni et al. 2022), and sequences that begin with stored
states and burn in (Kapturowski et al. 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG, Array
from ddpg_lib.parts.gradients import actor_loss_through
from ddpg_lib.parts.losses import actor_loss, critic_loss, td_target
from ddpg_lib.parts.networks import rows_of
from ddpg_lib.parts.recurrent import RecurrentActor, RecurrentCritic
from ddpg_lib.parts.seeds import Generators
from ddpg_lib.parts.sequences import SequenceReplay, Sequences


class RecurrentDDPG(DDPG):
    """A stack of agents that remember: what DDPG does with states, with histories.

    What is remembered of the running training episodes moves on in :meth:`remember`;
    :meth:`act` and :meth:`~ddpg_lib.ddpg.DDPG.explore` look at it. Whoever plays other episodes
    asks for a :meth:`player`, which has a memory of its own.

    Parameters
    ----------
    obs_dim, action_low, action_high, config, seeds, device
        As for :class:`~ddpg_lib.ddpg.DDPG`. The configuration's ``memory`` is above 0, and
        ``batch_size`` counts sequences.
    compile
        Of no account: a loop over time takes minutes to compile, and is then no faster.

    Attributes
    ----------
    actor_state, critic_state : Tensor, shape (n, memory)
        What is remembered of the running episodes before the next observation.
    """

    actor: RecurrentActor  # type: ignore[assignment]
    critic: RecurrentCritic  # type: ignore[assignment]
    actor_target: RecurrentActor  # type: ignore[assignment]
    critic_target: RecurrentCritic  # type: ignore[assignment]
    replay: SequenceReplay

    def __init__(
        self,
        obs_dim: int,
        action_low: ArrayLike,
        action_high: ArrayLike,
        config: Config | None = None,
        seeds: Sequence[int] = (0,),
        device: str | torch.device = "cpu",
        compile: bool = False,
    ) -> None:
        super().__init__(obs_dim, action_low, action_high, config, seeds, device)
        c, action_dim = self.config, self.low.size
        kept = (c.buffer_size, obs_dim, action_dim, self.replay.rngs, self.device, c.gamma)
        self.replay = SequenceReplay(
            c.burn_in + c.sequence_length, c.memory, c.stored_states, *kept
        )
        self.actor_state, self.critic_state = torch.zeros(2, self.n, c.memory, device=self.device)

    def networks(  # type: ignore[override]
        self, rngs: Generators, action_dim: int
    ) -> tuple[RecurrentCritic, RecurrentActor]:
        """Make the critic and the actor, each with a memory."""
        c, norm = self.config, self.obs_norm
        c.require_kind("recurrent")
        memory = (c.memory, c.burn_in + c.sequence_length)
        shape = (self.obs_dim, action_dim, *memory, c.hidden, c.activation, c.final_init)
        critic = RecurrentCritic(rngs["critic"], *shape, c.action_layer, c.norm("critic"), norm)
        squash = not c.invert_gradients
        return critic, RecurrentActor(rngs["actor"], *shape, c.norm("actor"), norm, squash)

    @torch.no_grad()
    def act(self, obs: ArrayLike) -> Array:
        """The policies' noise-free actions ``(n, action_dim)`` in the running training episodes.

        ``obs`` is ``(n, obs_dim)``. For other episodes there is :meth:`player`.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        x = np.asarray(obs, np.float32)
        if x.shape != (self.n, self.obs_dim):
            raise ValueError(
                f"act is for the training episodes, one observation an agent, ({self.n}, "
                f"{self.obs_dim}); got {x.shape}. Other episodes are played by agent.player()"
            )
        now, last_action, actor_state, _ = self._before(x)
        state = self.actor.step(now, last_action, actor_state)
        return self.in_units(self.actor(now, state)[:, 0])

    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """The critics' values ``(n,)`` of actions ``(n, action_dim)`` in the training episodes.

        ``obs`` is ``(n, obs_dim)``; by default the actions are the policies' own.
        """
        x, a = np.asarray(obs, np.float32), self.act(obs) if action is None else action
        player = MemoryPlayer(self)
        _, player.last_action, player.actor_state, player.critic_state = self._before(x)
        player.act(x[:, None])
        return player.q(x[:, None], np.asarray(a)[:, None])[:, 0]

    def player(self) -> MemoryPlayer:  # type: ignore[override]
        """The noise-free policies for new episodes, which they remember."""
        return MemoryPlayer(self)

    @torch.no_grad()
    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a step of each agent, and what it remembered before it; then remember it.

        The parameters are as for :meth:`DDPG.remember <ddpg_lib.ddpg.DDPG.remember>`; where an
        episode ended, all is forgotten.

        Raises
        ------
        ValueError
            If a shape does not fit, or without ``truncated``.
        """
        now, last_action, actor_state, critic_state = self._before(obs)
        self.replay.add_states(actor_state[:, 0], critic_state[:, 0])
        super().remember(obs, action, reward, next_obs, terminated, truncated)
        self.actor_state = self.actor.step(now, last_action, actor_state)[:, 0]
        self.critic_state = self.critic.step(now, last_action, critic_state)[:, 0]

    def learn(self, batch: Sequences, move_actor: bool = True) -> dict[str, Tensor]:  # type: ignore[override]
        """Move the weights, given sequences.

        Returned is what :meth:`DDPG.learn <ddpg_lib.ddpg.DDPG.learn>` returns.
        """
        c = self.config
        seen = (batch.obs, batch.last_action, batch.begins)
        # The steps to learn from, after those that only warm the memories, as rows of a batch.
        obs, action, reward, next_obs, terminated = (
            x[:, :, c.burn_in :].flatten(1, 2)
            for x in (batch.obs, batch.action, batch.reward, batch.next_obs, batch.terminated)
        )

        # Set y = r + gamma (1 - d) Q'(h', mu'(h')), where h' also remembers a and s'. The
        # targets begin with the same stored states: they are nearly what left them.
        with torch.no_grad():
            actor, critic = self.actor_target, self.critic_target
            h = actor.follow(*seen, batch.actor_state, c.burn_in).flatten(1, 2)
            next_action = actor(next_obs, actor.step(next_obs, action, h), training=True)
            h = critic.follow(*seen, batch.critic_state, c.burn_in).flatten(1, 2)
            next_h = critic.step(next_obs, action, h)
            next_q = critic(next_obs, next_action, next_h, training=True)
            target = td_target(reward, terminated, next_q, c.gamma)

        # Update the critic by minimizing the loss, through time.
        h = self.critic.follow(*seen, batch.critic_state, c.burn_in).flatten(1, 2)
        q = self.critic(obs, action, h, training=True)
        self.critic_optimizer.descend(critic_loss(q, target))
        metrics = {"critic_loss": (target - q).detach().square().mean(-1)}
        if not move_actor:
            return metrics

        # Update the actor through time. The critic remembers past actions, a constant,
        # which its own step has hardly changed: the sequence is not followed again.
        h_critic = h.detach()
        h = self.actor.follow(*seen, batch.actor_state, c.burn_in).flatten(1, 2)
        action = self.actor(obs, h, training=True)
        q_policy = self.critic(obs, action, h_critic)
        if c.dqda_clipping is None and not c.invert_gradients:
            loss = actor_loss(q_policy)
        else:
            loss = actor_loss_through(q_policy, action, c.dqda_clipping, c.invert_gradients)
        self.actor_optimizer.descend(loss)

        self.update_targets()
        return {**metrics, "q": q_policy.detach().mean(-1) / c.reward_scale}

    def in_units(self, scaled: Tensor) -> Array:
        """Actions ``scaled`` to [-1, 1], ``(n, ..., action_dim)``, in the environment's units."""
        return self._within_bounds(self.center + self.half_range * scaled.cpu().numpy())

    def _before(self, obs: ArrayLike) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """An observation, the action before it, and both memories, each ``(n, 1, ...)``.

        The buffer knows where episodes begin: there, nothing is remembered.
        """
        x = np.asarray(obs, np.float32).reshape(self.n, 1, -1)
        keep = torch.from_numpy(~self.replay.begins[:, None, None]).to(self.device)
        last_action = torch.from_numpy(self.replay.last_action[:, None].copy()).to(self.device)
        now = rows_of(x, self.n, self.obs_dim, self.device)
        return now, last_action, self.actor_state[:, None] * keep, self.critic_state[:, None] * keep


class MemoryPlayer:
    """Plays the noise-free policies of a stack in episodes that begin together, and remembers.

    Attributes
    ----------
    actor_state, critic_state : Tensor, shape (n, episodes, memory), or None before the first act
        What is remembered after the last observation.
    last_action : Tensor, shape (n, episodes, action_dim), or None
        Scaled to [-1, 1].
    """

    def __init__(self, agent: RecurrentDDPG) -> None:
        self.agent = agent
        self.actor_state: Tensor | None = None
        self.critic_state: Tensor | None = None
        self.last_action: Tensor | None = None

    @torch.no_grad()
    def act(self, obs: ArrayLike) -> Array:
        """The next actions, ``(n, ..., obs_dim)`` to ``(n, ..., action_dim)``, once a step.

        A stack of one agent takes a single observation ``(obs_dim,)`` too.

        Raises
        ------
        ValueError
            If the shape is another than before.
        """
        agent = self.agent
        x = np.array(obs, np.float32)
        if x.shape == (agent.obs_dim,) and agent.n == 1:
            return self.act(x[None])[0]
        rows = rows_of(x, agent.n, agent.obs_dim, agent.device)
        if self.actor_state is None or self.critic_state is None or self.last_action is None:
            shape = (*rows.shape[:2], agent.config.memory)
            self.actor_state, self.critic_state = torch.zeros(2, *shape, device=agent.device)
            self.last_action = torch.zeros(*rows.shape[:2], agent.low.size, device=agent.device)
        if rows.shape[1] != self.actor_state.shape[1]:
            raise ValueError(
                f"there were {self.actor_state.shape[1]} episodes an agent, now {rows.shape[1]}: "
                "ask for a new player where episodes begin"
            )
        self.actor_state = agent.actor.step(rows, self.last_action, self.actor_state)
        self.critic_state = agent.critic.step(rows, self.last_action, self.critic_state)
        self.last_action = agent.actor(rows, self.actor_state)
        return agent.in_units(self.last_action.view(*x.shape[:-1], -1))

    @torch.no_grad()
    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """The critics' values ``(n, ...)`` where :meth:`act` acted last, in units of the reward.

        ``obs`` is what it saw. ``action`` is ``(n, ..., action_dim)``, in the environment's units;
        by default what it did.

        Raises
        ------
        ValueError
            Before the first :meth:`act`.
        """
        agent = self.agent
        if self.critic_state is None or self.last_action is None:
            raise ValueError("nothing is remembered yet: act first")
        x = np.array(obs, np.float32)
        rows = rows_of(x, agent.n, agent.obs_dim, agent.device)
        scaled = self.last_action
        if action is not None:
            a = (np.asarray(action, np.float32) - agent.center) / agent.half_range
            scaled = rows_of(a, agent.n, agent.low.size, agent.device)
        values = agent.critic(rows, scaled, self.critic_state)
        return np.asarray(values.cpu().numpy().reshape(x.shape[:-1]) / agent.config.reward_scale)
