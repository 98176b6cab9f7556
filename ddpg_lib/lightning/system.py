"""DDPG (Lillicrap et al. 2016, Algorithm 1) as a LightningModule: the trainer calls, it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ddpg_lib.config import Config
from ddpg_lib.ddpg import DDPG
from ddpg_lib.envs.border import name_of, require_finite
from ddpg_lib.envs.making import EnvLike
from ddpg_lib.envs.stack import StackedEnvs
from ddpg_lib.evaluation import Evaluator
from ddpg_lib.lightning.replay import Item, ReplayDataset, ReplayLoader
from ddpg_lib.parts.gradients import actor_loss_through, clip_by_norm
from ddpg_lib.parts.losses import actor_loss, critic_loss, soft_update, td_target
from ddpg_lib.parts.seeds import checked
from ddpg_lib.recipes import recipe as recipe_named
from ddpg_lib.runs.memory import require_memory
from ddpg_lib.runs.run import Run
from ddpg_lib.runs.saving import pack, unpack
from ddpg_lib.training import Training

SAVED = "ddpg_lib"  # what is not Lightning's, in a checkpoint of Lightning's


class SystemAgent(DDPG):
    """Agents that act, explore and remember, and leave their networks to a system to move."""

    # A checkpoint has them already, as the system's own.
    TRANSIENT = (
        "actor", "critic", "actor_target", "critic_target", "actor_optimizer", "critic_optimizer",
        "online_weights", "target_weights",
    )  # fmt: skip

    def update(self) -> dict[str, Tensor]:
        """The last update's metrics: there is no update here, for it is the training step."""
        return dict(self.metrics)


class LinearDecay(LRScheduler):
    """A step size that falls from ``lr`` to 0 over ``updates``, where ``lr_decay`` asks for it."""

    def __init__(self, optimizer: Optimizer, lr: float, updates: int) -> None:
        self.lr, self.updates = lr, updates
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The step size after as many updates as there were, ``[size]``."""
        return [max(1 - self.last_epoch / self.updates, 0.0) * self.lr]

    def state_dict(self) -> dict[str, Any]:
        """How many updates there were, ``last_epoch``: the recipe may be longer now."""
        return {"last_epoch": self.last_epoch}


class DDPGSystem(LightningModule):
    """A stack of DDPG agents, their environments, and how they learn, for a Lightning trainer.

    With the same seeds it takes the same steps and moves the same weights as
    :func:`ddpg_lib.train`, to the bit, on the same machine with the same number of threads.

    Parameters
    ----------
    env
        What to train on, one for each agent.
    recipe
        The hyperparameters: a recipe's name, a value, or its fields by name.
    seeds
        One an agent.
    env_kwargs
        For ``gymnasium.make``.
    start
        A trained stack whose networks these agents begin with, of the same shape. The warm-up
        then plays its policies with noise, not random actions.
    warm_start
        Whether there was such a stack. A checkpoint says so of its system.
    **changes
        Hyperparameters that differ from the recipe's.

    Attributes
    ----------
    agent : SystemAgent
        Acts, explores, remembers; holds the networks too.
    loop : Training
        Steps the environments and keeps the curves, in ``loop.history``.
    actor, critic, actor_target, critic_target : Module
        The agent's networks.

    Raises
    ------
    ValueError
        Before the first step, for settings or spaces that cannot work.
    """

    def __init__(
        self,
        env: EnvLike | None,
        recipe: str | Config | Mapping[str, Any] = "default",
        seeds: Sequence[int] = (0,),
        env_kwargs: dict[str, Any] | None = None,
        start: DDPG | None = None,
        warm_start: bool = False,
        **changes: Any,
    ) -> None:
        super().__init__()
        if env is None:
            raise ValueError("the environment was a function of your own: give it again, env=...")
        self.env: EnvLike = env
        # Two optimizers take turns, which only the training step can say.
        self.automatic_optimization = False
        if isinstance(recipe, Mapping):
            recipe = Config(**recipe)
        named = recipe_named(recipe) if isinstance(recipe, str) else recipe
        self.config = c = named.replace(**changes)
        if c.kind != "ddpg":
            setting = "memory" if c.memory else "encoder"
            raise ValueError(
                f"{setting} is {getattr(c, setting)}, and a Lightning system trains DDPG without "
                f"one: leave {setting} out, or use ddpg_lib.train (without --lightning)"
            )
        seeds = checked(seeds)
        warm_start = warm_start or start is not None
        self.save_hyperparameters(
            {
                "env": env if isinstance(env, str) else None,
                "recipe": dataclasses.asdict(c),
                "seeds": seeds,
                "env_kwargs": env_kwargs or {},
                "warm_start": warm_start,
            }
        )
        envs = StackedEnvs(env, seeds, **(env_kwargs or {}))
        try:
            if envs.spaces.frames:
                raise ValueError(
                    f"{name_of(env)} gives stacked frames, and a Lightning system trains DDPG on "
                    'vectors: use ddpg_lib.train with encoder="shared" (--pixels, no --lightning)'
                )
            require_memory(c, len(seeds), envs.spaces, torch.device("cpu"))
            self.agent = agent = SystemAgent(
                envs.obs_dim, envs.action_low, envs.action_high, c, seeds
            )
            if start is not None:
                agent.load_networks(start)
        except BaseException:
            envs.close()
            raise
        evaluator = Evaluator(env, c.eval_episodes, **(env_kwargs or {}))
        self.loop = Training(envs, agent, c, evaluator, random_warmup=not warm_start)
        # Modules of this one, so that Lightning moves, counts and saves them.
        self.actor, self.critic = agent.actor, agent.critic
        self.actor_target, self.critic_target = agent.actor_target, agent.critic_target
        self.example_input_array = torch.zeros(agent.n, 1, envs.obs_dim)

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """The policies' actions, scaled to [-1, 1], and the critics' values of them.

        ``obs`` is ``(n, batch, obs_dim)``, the actions ``(n, batch, action_dim)``, the values
        ``(n, batch)``, of scaled rewards.
        """
        action = self.actor(obs)
        return action, self.critic(obs, action)

    def configure_optimizers(self) -> Any:
        """Adam for both (Kingma and Ba 2015), ``[critic's, actor's]``, and their schedules."""
        c = self.config
        rates = (c.critic_lr, c.actor_lr)
        # Fused, one call for all weights; step sizes are tensors, as the library's are.
        critic, actor = (
            Adam(net.parameters(), lr=torch.tensor(lr), weight_decay=decay, fused=True)
            for net, lr, decay in zip(
                (self.critic, self.actor), rates, (c.critic_weight_decay, 0.0), strict=True
            )
        )
        updates = c.steps - c.warmup_steps
        decays = [LinearDecay(x, lr, updates) for x, lr in zip((critic, actor), rates, strict=True)]
        return [critic, actor], decays if c.lr_decay else []

    def train_dataloader(self) -> ReplayLoader:
        """What the trainer asks for a minibatch, once a step."""
        return ReplayLoader(ReplayDataset(self.loop))

    def training_step(self, batch: Item, batch_idx: int) -> None:
        """One update of Algorithm 1 for every agent, if the warm-up is over."""
        if not batch:
            return
        c, agent = self.config, self.agent
        optimizers: Any = self.optimizers()
        critic_optimizer, actor_optimizer = optimizers

        # Set y = r + gamma (1 - d) Q'(s', mu'(s')).
        with torch.no_grad():
            next_action = self.actor_target(batch.next_obs, training=True)
            next_q = self.critic_target(batch.next_obs, next_action, training=True)
            target = td_target(batch.reward, batch.terminated, next_q, batch.discount)

        # Update the critic by minimizing the loss.
        with self.toggled_optimizer(critic_optimizer):
            q = self.critic(batch.obs, batch.action, training=True)
            self.descend(critic_optimizer, critic_loss(q, target))
        metrics = {"critic_loss": (target - q).detach().square().mean(-1)}

        if agent.updates % c.policy_delay == 0:
            # Update the actor with the sampled policy gradient; the critic gets none.
            with self.toggled_optimizer(actor_optimizer):
                action = self.actor(batch.obs, training=True)
                q_policy = self.critic(batch.obs, action)
                if c.dqda_clipping is None and not c.invert_gradients:
                    loss = actor_loss(q_policy)
                else:
                    inverted = c.invert_gradients
                    loss = actor_loss_through(q_policy, action, c.dqda_clipping, inverted)
                self.descend(actor_optimizer, loss)
            metrics["q"] = q_policy.detach().mean(-1) / c.reward_scale

            # Let the target networks follow.
            soft_update(agent.target_weights, agent.online_weights, c.tau)
        self._after_update(metrics)

    def descend(self, optimizer: Any, loss: Tensor) -> None:
        """One step of an ``optimizer``, as Lightning wraps it, down a scalar ``loss``.

        A gradient that is too long is shortened as in
        :class:`~ddpg_lib.parts.optim.StackedAdam`, each agent's by itself; Lightning's own
        clipping knows no agents.
        """
        optimizer.zero_grad()
        self.manual_backward(loss)
        if self.config.max_grad_norm is not None:
            weights = optimizer.param_groups[0]["params"]
            clipped = clip_by_norm([w.grad for w in weights], self.config.max_grad_norm)
            for w, gradient in zip(weights, clipped, strict=True):
                w.grad = gradient
        optimizer.step()

    def _after_update(self, metrics: dict[str, Tensor]) -> None:
        agent, loop = self.agent, self.loop
        agent.updates += 1
        agent.metrics |= metrics
        loop.metrics = dict(agent.metrics)
        for name, values in metrics.items():
            require_finite(name, values.cpu().numpy(), loop.step, loop.envs.seeds)
        schedulers = self.lr_schedulers() or []
        for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
            scheduler.step()  # type: ignore[call-arg]
        self.log_dict({name: values.mean() for name, values in metrics.items()}, batch_size=1)

    # ---- Where Lightning's life of a module and the library's meet ----

    def setup(self, stage: str) -> None:
        """Refuse several processes.

        Raises
        ------
        ValueError
            If the trainer has more than one device.
        """
        if self.trainer.world_size > 1:
            raise ValueError(
                "several processes would each train the same agents: give Trainer(devices=1), and "
                "more seeds for more agents"
            )

    def on_fit_start(self) -> None:
        """Begin the first episodes, unless a checkpoint has brought some, on the trainer's device.

        Not later: a loader that looks ahead acts before any training has started.
        """
        agent = self.agent
        agent.device = self.device
        agent.replay.rows = agent.replay.rows.to(self.device)
        agent.replay.discount = agent.replay.discount.to(self.device)
        if self.loop.step == 0:
            self.loop.envs.reset()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add to a ``checkpoint`` what Lightning does not know: replay, noise, worlds, curves.

        All of it is text and tensors, so that ``torch.load`` reads it with ``weights_only``.
        """
        tensors: dict[str, Tensor] = {}
        packed = pack(self.loop.state_dict(), tensors)
        # Copies: of a part of a tensor torch.save writes all, here the empty rows too.
        kept = {"memory_format": torch.contiguous_format}
        copies = {name: x.clone(**kept) for name, x in tensors.items()}
        settings = dict(self.hparams)  # Lightning's own copy changes later
        checkpoint[SAVED] = {"packed": packed, "tensors": copies, "settings": settings}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a ``checkpoint``, in the middle of the episodes that were running.

        Raises
        ------
        ValueError
            If it is the checkpoint of another module, or of other agents or environments.
        """
        if SAVED not in checkpoint:
            raise ValueError("this is no checkpoint of a DDPGSystem")
        saved = checkpoint[SAVED]
        self._require_same(saved["settings"])
        self.loop.load_state_dict(unpack(saved["packed"], saved["tensors"]))

    def _require_same(self, then: Mapping[str, Any]) -> None:
        """Refuse a checkpoint made with other settings; only ``steps`` may differ."""
        now = {name: self.hparams[name] for name in ("env", "seeds", "env_kwargs")}
        old = {name: then[name] for name in now}
        for setting, value in self.hparams["recipe"].items():
            now[setting], old[setting] = value, then["recipe"][setting]
        for setting in now.keys() - {"steps"}:
            if now[setting] != old[setting]:
                raise ValueError(
                    f"{setting} is {now[setting]!r} here, and the checkpoint was made with "
                    f"{old[setting]!r}: only steps may change. For other settings begin a new "
                    "system with start=..., the trained agents"
                )

    def trained(self) -> DDPG:
        """The agents as the library knows them, to evaluate, save or deploy; on the CPU.

        Networks are copied; optimizers and replay are new, as after
        :meth:`DDPG.load_networks <ddpg_lib.ddpg.DDPG.load_networks>`.
        """
        agent = self.agent
        copy = DDPG(agent.obs_dim, agent.low, agent.high, self.config, self.loop.envs.seeds)
        copy.load_networks(agent)
        return copy

    def result(self) -> Run:
        """What training has reached, as from :func:`ddpg_lib.train`; ``seconds`` are not known."""
        history, envs = self.loop.history, self.loop.envs
        return Run(
            env=self.env,
            config=self.config,
            seeds=list(envs.seeds),
            agent=self.trained(),
            steps=np.array(history.steps),
            returns=np.stack(history.returns, axis=1),
            episodes=history.episodes,
            metrics={name: np.stack(x, axis=1) for name, x in history.metrics.items()},
            env_kwargs=dict(self.hparams["env_kwargs"]),
            spaces=envs.spaces,
        )

    def close(self) -> None:
        """Close the environments."""
        self.loop.envs.close()
        self.loop.evaluator.close()
