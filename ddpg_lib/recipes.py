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
    # Where only the angle is seen (chapter 18): of the step sizes, these did best on seeds 100 to
    # 103 (data/sweeps/memory_search).
    "pendulum_memory": Config(
        hidden=(64,),
        memory=32,
        reward_scale=0.1,
        actor_lr=2e-3,
        critic_lr=4e-3,
        lr_decay=True,
        batch_size=16,
        sequence_length=10,
        burn_in=5,
        buffer_size=20_000,
        sigma=0.2,
        warmup_steps=2_000,
        steps=20_000,
        eval_every=1_000,
    ),
    # A number shown once and asked for later (chapter 18): found on seeds 100 to 107. With tanh at
    # the actor's end one agent of eight went to a bound before its critic knew of the number, and
    # stayed there; a critic with tanh in its head took three times as long.
    "cue": Config(
        hidden=(32,),
        memory=16,
        actor_lr=1e-3,
        critic_lr=3e-3,
        invert_gradients=True,
        batch_size=8,
        sequence_length=24,
        buffer_size=5_000,
        sigma=0.3,
        warmup_steps=800,
        steps=2_000,
        eval_every=200,
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
    # Chapter 8's car with more steps, which fall: sigma of 0.5 is a strength of 0.95.
    "mountain_car": Config(
        hidden=(32, 32),
        activation="tanh",
        n_step=10,
        reward_scale=0.1,
        invert_gradients=True,
        lr_decay=True,
        batch_size=64,
        buffer_size=10_000,
        noise="ornstein_uhlenbeck",
        sigma=0.5,
        warmup_steps=100,
        steps=10_000,
        eval_every=1_000,
        eval_episodes=5,
    ),
    # Page 13b, which keeps the diary of its search: data/sweeps/crane_search.
    "crane": Config(
        hidden=(64, 64),
        normalize_obs=True,
        n_step=5,
        reward_scale=0.1,
        batch_size=64,
        buffer_size=15_000,
        noise="ornstein_uhlenbeck",
        sigma=0.3,
        steps=15_000,
        eval_every=1_500,
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
        gamma=0.95,
        tau=0.01,
        lr_decay=True,
        buffer_size=120_000,
        warmup_steps=2_000,
        steps=120_000,
        eval_every=6_000,
    ),
    # Numbers of steps count actions, which last two steps of the environment. The first guess, on
    # seeds 100 and 101, learned the task in 8,000.
    "pendulum_pixels": Config(
        encoder="shared",
        frame_size=32,
        action_repeat=2,
        filters=(16, 32),
        kernels=(6, 3),
        strides=(4, 1),
        random_shift=2,
        hidden=(64, 64),
        gamma=0.98,
        n_step=3,
        reward_scale=0.1,
        actor_lr=5e-4,
        critic_lr=1e-3,
        lr_decay=True,
        batch_size=128,
        buffer_size=24_000,
        sigma=0.2,
        warmup_steps=2_000,
        steps=24_000,
        eval_every=2_000,
        eval_episodes=5,
    ),
    # Actions last four steps of the environment: 250 to an episode. It learns with one pedal, in
    # episodes that end where a car is lost (ddpg_lib.worlds.driving). The search, on seeds 100 and
    # 101 (data/searches/car_racing.csv), chose the noise: Ornstein-Uhlenbeck noise of 0.3 seems to
    # throw cars off the road whatever they do, so that the fastest do best.
    "car_racing_pixels": Config(
        encoder="shared",
        frame_size=48,
        action_repeat=4,
        filters=(16, 32),
        kernels=(8, 4),
        strides=(4, 2),
        random_shift=2,
        hidden=(128, 128),
        layer_norm="critic",
        n_step=3,
        reward_scale=0.1,
        actor_lr=5e-4,
        critic_lr=1e-3,
        lr_decay=True,
        batch_size=64,
        buffer_size=60_000,
        sigma=0.15,
        warmup_steps=1_000,
        steps=60_000,
        eval_every=6_000,
        eval_episodes=5,
    ),
    # Lillicrap et al. (2016), section 7, for pixels; kernels and strides are not in the paper.
    "lillicrap_pixels": Config(
        encoder="separate",
        action_repeat=3,
        grey=False,
        filters=(32, 32, 32),
        kernels=(3, 3, 3),
        strides=(2, 2, 1),
        hidden=(200, 200),
        action_layer=1,
        final_init=3e-4,
        batch_norm="both",
        tau=0.001,
        actor_lr=1e-4,
        critic_lr=1e-3,
        critic_weight_decay=1e-2,
        batch_size=16,
        noise="ornstein_uhlenbeck",
        sigma=0.2,
        warmup_steps=64,
        steps=2_500_000,
        eval_every=50_000,
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
# One pole more, and fewer steps.
RECIPES["inverted_double_pendulum"] = RECIPES["inverted_pendulum"].replace(
    buffer_size=30_000, steps=30_000, eval_every=3_000, eval_episodes=2
)


def recipe(name: str, **changes: Any) -> Config:
    """A recipe of ``RECIPES`` by name, with ``changes`` as for :meth:`ddpg_lib.Config.replace`.

    Raises
    ------
    ValueError
        For an unknown recipe or field, naming near ones, or an impossible value.
    """
    require_one_of("recipe", name, RECIPES)
    return RECIPES[name].replace(**changes)
