"""DDPG (Lillicrap et al. 2016, Algorithm 1) for a stack of independent agents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ddpg_lib.config import Config
from ddpg_lib.envs.border import check_bounds
from ddpg_lib.parts.acting import actions_of
from ddpg_lib.parts.gradients import actor_loss_through
from ddpg_lib.parts.losses import actor_loss, critic_loss, soft_update, td_target
from ddpg_lib.parts.networks import Actor, Critic, placed, rows_of, target_of
from ddpg_lib.parts.noise import NOISES
from ddpg_lib.parts.normalization import RunningNorm
from ddpg_lib.parts.nstep import NStepReplay
from ddpg_lib.parts.optim import StackedAdam
from ddpg_lib.parts.replay import Batch, ReplayBuffer
from ddpg_lib.parts.seeds import Generators, generators
from ddpg_lib.parts.state import Stateful
from ddpg_lib.speed.compiling import compiled

Array = NDArray[np.float32]


class DDPG(Stateful):
    """A stack of agents, each with an actor, a critic, their targets, a replay buffer and noise.

    Actions are in the environment's units outside, and scaled to [-1, 1] inside.

    Parameters
    ----------
    obs_dim
        Number of observation components.
    action_low, action_high : shape (action_dim,)
        Bounds of the actions, in the environment's units.
    config
        The hyperparameters.
    seeds
        One an agent. All that is random in agent i depends on ``seeds[i]`` alone.
    device
        Where networks and replay live.
    compile
        Whether to compile :meth:`learn` into one graph: it takes up to half a minute once, and
        changes results by no more than rounding.

    Attributes
    ----------
    n : int
        Agents in the stack.
    metrics : dict of Tensor, shape (n,)
        What the last update returned.
    """

    FIXED = ("actor", "critic")  # to which targets and optimizers belong; see networks

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
        self.config = c = config or Config()
        self.device = torch.device(device)
        self.low = low = np.asarray(action_low, np.float32)
        self.high = high = np.asarray(action_high, np.float32)
        check_bounds(low, high)
        self.center, self.half_range = (high + low) / 2, (high - low) / 2
        self.obs_dim, action_dim = obs_dim, low.size
        # One generator for each purpose: larger minibatches, say, leave the noise as it was.
        rngs = generators(seeds)
        self.n, self.warmup_rngs = len(rngs["actor"]), rngs["warmup"]

        # Initialize critic and actor, the targets as copies, the replay buffer and the noise.
        self.obs_norm = RunningNorm(self.n, obs_dim) if c.normalize_obs else None
        made = self.networks(rngs, action_dim)
        self.critic, self.actor = placed(made, self.device, c.precision)
        self.critic_target, self.actor_target = target_of(self.critic), target_of(self.actor)
        decay, longest = c.critic_weight_decay, c.max_grad_norm
        self.critic_optimizer = StackedAdam(
            self.critic.parameters(), c.critic_lr, weight_decay=decay, max_grad_norm=longest
        )
        self.actor_optimizer = StackedAdam(
            self.actor.parameters(), c.actor_lr, max_grad_norm=longest
        )
        kept = (c.buffer_size, obs_dim, action_dim, rngs["replay"], self.device)
        self.replay = (
            ReplayBuffer(*kept, c.gamma) if c.n_step == 1 else NStepReplay(c.n_step, c.gamma, *kept)
        )
        self.noise = NOISES[c.noise](rngs["noise"], action_dim, c.sigma)
        # In lists, so that a soft update is one call for all of them.
        self.online_weights = [*self.critic.parameters(), *self.actor.parameters()]
        self.target_weights = [*self.critic_target.parameters(), *self.actor_target.parameters()]
        self.updates = 0
        self.metrics: dict[str, Tensor] = {}
        self._learn = compiled(self.learn, self.device) if compile else self.learn

    def networks(self, rngs: Generators, action_dim: int) -> tuple[Critic, Actor]:
        """Make the critic and the actor, with ``rngs["critic"]`` and ``rngs["actor"]``.

        A subclass may return modules of its own that are called alike, with ``(n, batch, ...)``.
        """
        c = self.config
        c.require_kind("ddpg")
        shape = (self.obs_dim, action_dim, c.hidden, c.activation, c.final_init)
        critic = Critic(rngs["critic"], *shape, c.action_layer, c.norm("critic"), self.obs_norm)
        squash = not c.invert_gradients
        return critic, Actor(rngs["actor"], *shape, c.norm("actor"), self.obs_norm, squash)

    def load_networks(self, other: DDPG) -> None:
        """Take over another stack's networks and targets; optimizers and replay begin anew.

        Raises
        ------
        ValueError
            If the networks' shapes or activations differ, or the actions' bounds. The devices may.
        """
        both = (self, other)
        used = [(x.config.activation, x.config.invert_gradients, *x.low, *x.high) for x in both]
        if used[0] != used[1]:
            raise ValueError("another activation, output or action bounds: it would act otherwise")
        for name in ("critic", "actor", "critic_target", "actor_target"):
            try:
                getattr(self, name).load_state_dict(getattr(other, name).state_dict())
            except RuntimeError as error:
                raise ValueError(f"the other stack has another {name}: {error}") from None

    @torch.no_grad()
    def act(self, obs: ArrayLike) -> Array:
        """The policies' noise-free actions: ``(n, ..., obs_dim)`` to ``(n, ..., action_dim)``.

        A stack of one agent takes a single observation ``(obs_dim,)`` too.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        x = np.array(obs, np.float32)
        if x.shape == (self.obs_dim,) and self.n == 1:
            return self.act(x[None])[0]
        scaled = actions_of(self.actor, rows_of(x, self.n, self.obs_dim, self.device), x.shape)
        return self._within_bounds(self.center + self.half_range * scaled)

    @torch.no_grad()
    def q(self, obs: ArrayLike, action: ArrayLike | None = None) -> Array:
        """The critics' values of actions, or of the policies' own, in units of the reward.

        Unlike inside, ``reward_scale`` is of no account. ``obs`` is ``(n, ..., obs_dim)``,
        ``action`` ``(n, ..., action_dim)`` in the environment's units, and the values are ``(n,
        ...)``.
        """
        x, a = np.array(obs, np.float32), self.act(obs) if action is None else action
        scaled = (np.asarray(a, np.float32) - self.center) / self.half_range
        sized = ((x, self.obs_dim), (scaled, self.low.size))
        values = self.critic(*(rows_of(y, self.n, size, self.device) for y, size in sized))
        return values.cpu().numpy().reshape(x.shape[:-1]) / self.config.reward_scale

    def player(self) -> DDPG:
        """What plays new episodes without noise, by ``act`` and ``q``: without a memory, itself."""
        return self

    def explore(self, obs: ArrayLike) -> Array:
        """Select actions ``(n, action_dim)`` with the current policies and exploration noise.

        ``obs`` is ``(n, obs_dim)``. The actions are clipped to their bounds.
        """
        # In units of the range -1 to 1, so that sigma means the same everywhere.
        noise = self.half_range * self.noise.sample().astype(np.float32)
        return self._within_bounds(self.act(obs) + noise)

    def random(self) -> Array:
        """Uniformly random actions ``(n, action_dim)``, for the warm-up."""
        scaled = np.stack([rng.uniform(-1, 1, self.center.size) for rng in self.warmup_rngs])
        return np.asarray(self.center + self.half_range * scaled, np.float32)

    def remember(
        self,
        obs: ArrayLike,
        action: ArrayLike,
        reward: ArrayLike,
        next_obs: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Store a transition of each agent.

        Parameters
        ----------
        obs : shape (n, obs_dim)
            The state s as observed.
        action : shape (n, action_dim)
            The action a, in the environment's units.
        reward : shape (n,)
            The reward r, unscaled.
        next_obs : shape (n, obs_dim)
            The state s' that followed, also where an episode ended.
        terminated : shape (n,)
            Whether s' is terminal. An episode that a time limit cuts off is truncated, not
            terminated.
        truncated : shape (n,)
            Whether the episode was cut off. Needed for n-step returns.

        Raises
        ------
        ValueError
            If a shape does not fit, or if n-step returns have to do without ``truncated``.
        """
        if self.obs_norm is not None:
            # The buffer keeps observations as they came; the networks normalize.
            self.obs_norm.add(obs)
        scaled = (np.asarray(action, np.float32) - self.center) / self.half_range
        reward = self.config.reward_scale * np.asarray(reward)
        self.replay.add(obs, scaled, reward, next_obs, terminated, truncated)

    def update(self) -> dict[str, Tensor]:
        """One update of Algorithm 1 for every agent; returns the metrics of :meth:`learn`.

        Where ``policy_delay`` leaves the actor as it is, ``q`` is that of its last step.
        """
        # Sample a random minibatch of N transitions.
        batch = self.replay.sample(self.config.batch_size)
        self.metrics |= self._learn(batch, self.updates % self.config.policy_delay == 0)
        self.updates += 1
        if self.config.lr_decay:
            # Filled, not assigned: a compiled graph holds on to these tensors.
            c = self.config
            left = max(1 - self.updates / (c.steps - c.warmup_steps), 0.0)
            self.critic_optimizer.lr.fill_(left * c.critic_lr)
            self.actor_optimizer.lr.fill_(left * c.actor_lr)
        return dict(self.metrics)

    def learn(self, batch: Batch, move_actor: bool = True) -> dict[str, Tensor]:
        """Move the weights, given a minibatch: the part of the update that compiles.

        Returns ``critic_loss`` (of scaled rewards) and, if the actor and the targets move as
        well, ``q``, the minibatch's mean value of the policies' own actions (in units of the
        reward); each ``(n,)``.
        """
        c = self.config
        # Set y = r + gamma (1 - d) Q'(s', mu'(s')).
        with torch.no_grad():
            # Targets are in training mode too: batch normalization needs it.
            next_action = self.actor_target(batch.next_obs, training=True)
            next_q = self.critic_target(batch.next_obs, next_action, training=True)
            target = td_target(batch.reward, batch.terminated, next_q, batch.discount)

        # Update the critic by minimizing the loss.
        q = self.critic(batch.obs, batch.action, training=True)
        self.critic_optimizer.descend(critic_loss(q, target))
        # Each agent's own loss; critic_loss is their sum, whose gradient keeps them apart.
        metrics = {"critic_loss": (target - q).detach().square().mean(-1)}
        if not move_actor:
            return metrics

        # Update the actor with the sampled policy gradient. The critic stays as it is:
        # an optimizer differentiates in its own network's weights alone.
        action = self.actor(batch.obs, training=True)
        q_policy = self.critic(batch.obs, action)
        if c.dqda_clipping is None and not c.invert_gradients:
            loss = actor_loss(q_policy)
        else:
            loss = actor_loss_through(q_policy, action, c.dqda_clipping, c.invert_gradients)
        self.actor_optimizer.descend(loss)

        self.update_targets()
        return {**metrics, "q": q_policy.detach().mean(-1) / c.reward_scale}

    def update_targets(self) -> None:
        """Let the target networks follow the online ones by the fraction tau."""
        soft_update(self.target_weights, self.online_weights, self.config.tau)

    def _within_bounds(self, actions: Array) -> Array:
        # Rounding can carry center + half_range past the bound itself.
        return np.minimum(np.maximum(actions, self.low), self.high)
