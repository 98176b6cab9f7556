"""Named recipes: values of :class:`~ddpg_lib.config.Config` that are known to work."""

from __future__ import annotations

from typing import Any

from ddpg_lib.config import Config, require_one_of

RECIPES = {
    "default": Config(),
    "pendulum": Config(
        hidden=(64, 64),
        activation="tanh",
        gamma=0.99,
        reward_scale=0.1,
        actor_lr=5e-4,
        critic_lr=1e-3,
        lr_decay=True,
        batch_size=64,
        buffer_size=20_000,
        sigma=0.2,
        warmup_steps=2_000,
        steps=12_000,
        eval_every=500,
    ),
    # Of which only the angle is seen: book/recipes.md tells how it was found.
    "pendulum_memory": Config(
        hidden=(64,),
        activation="tanh",
        memory=32,
        gamma=0.99,
        reward_scale=0.1,
        actor_lr=5e-4,
        critic_lr=1e-3,
        lr_decay=True,
        batch_size=16,
        sequence_length=10,
        burn_in=5,
        buffer_size=50_000,
        sigma=0.2,
        warmup_steps=2_000,
        steps=20_000,
        eval_every=1_000,
    ),
    "inverted_pendulum": Config(
        hidden=(64, 64),
        activation="tanh",
        layer_norm="critic",
        reward_scale=0.1,
        actor_lr=5e-4,
        lr_decay=True,
        batch_size=64,
        buffer_size=50_000,
        sigma=0.2,
        warmup_steps=2_000,
        steps=50_000,
        eval_every=2_500,
        eval_episodes=5,
    ),
    "half_cheetah": Config(
        layer_norm="critic",
        reward_scale=0.1,
        lr_decay=True,
        batch_size=128,
        buffer_size=300_000,
        warmup_steps=10_000,
        steps=300_000,
        eval_every=15_000,
        eval_episodes=5,
    ),
    "lunar_lander": Config(
        hidden=(64, 64),
        layer_norm="critic",
        n_step=5,
        reward_scale=0.1,
        actor_lr=5e-4,
        lr_decay=True,
        batch_size=64,
        buffer_size=300_000,
        noise="ornstein_uhlenbeck",
        sigma=0.3,
        warmup_steps=10_000,
        steps=300_000,
        eval_every=10_000,
        eval_episodes=5,
    ),
    "bipedal_walker": Config(
        hidden=(128, 128),
        layer_norm="critic",
        n_step=5,
        reward_scale=0.1,
        actor_lr=5e-4,
        lr_decay=True,
        batch_size=128,
        buffer_size=500_000,
        noise="ornstein_uhlenbeck",
        sigma=0.2,
        warmup_steps=10_000,
        steps=500_000,
        eval_every=25_000,
        eval_episodes=5,
    ),
    "reacher": Config(
        hidden=(128, 128),
        gamma=0.95,
        lr_decay=True,
        batch_size=128,
        buffer_size=120_000,
        warmup_steps=2_000,
        steps=120_000,
        eval_every=6_000,
    ),
    # Lillicrap et al. (2016), section 7, for low-dimensional observations. A warm-up is not in the
    # paper; this one fills the first minibatch.
    "lillicrap": Config(
        hidden=(400, 300),
        action_layer=1,
        batch_norm="both",
        tau=0.001,
        actor_lr=1e-4,
        critic_lr=1e-3,
        critic_weight_decay=1e-2,
        batch_size=64,
        noise="ornstein_uhlenbeck",
        sigma=0.2,
        warmup_steps=64,
        steps=2_500_000,
        eval_every=50_000,
    ),
}
"""Named configurations, each a :class:`ddpg_lib.Config`."""


def recipe(name: str, **changes: Any) -> Config:
    """A recipe of ``RECIPES`` by name, with ``changes`` as for :meth:`ddpg_lib.Config.replace`.

    Raises
    ------
    ValueError
        For an unknown recipe or field, naming near ones, or an impossible value.
    """
    require_one_of("recipe", name, RECIPES)
    return RECIPES[name].replace(**changes)
