"""Hyperparameters: every impossible value is refused, and the message names the field."""

import dataclasses

import pytest

from ddpg_lib import RECIPES, Config, recipe


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden", ()),
        ("hidden", (64, 0)),
        ("activation", "gelu"),
        ("action_layer", 3),
        ("action_layer", -1),
        ("final_init", 0.0),
        ("gamma", 1.0),
        ("gamma", -0.1),
        ("reward_scale", 0.0),
        ("tau", 0.0),
        ("tau", 1.1),
        ("actor_lr", 0.0),
        ("critic_lr", -1e-3),
        ("batch_size", 0),
        ("buffer_size", 0),
        ("noise", "pink"),
        ("sigma", -0.1),
        ("warmup_steps", 0),
        ("steps", 1000),
        ("eval_every", 0),
        ("eval_every", 200_000),
        ("eval_episodes", 0),
    ],
)
def test_impossible_values_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        Config(**{field: value})


@pytest.mark.parametrize("field", ["gamma", "tau", "actor_lr", "sigma", "reward_scale"])
def test_nan_is_refused(field):
    with pytest.raises(ValueError, match=field):
        Config(**{field: float("nan")})


def test_a_config_cannot_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().gamma = 0.5  # type: ignore[misc]


def test_recipes_are_values_of_it_and_can_be_varied():
    assert recipe("pendulum") == RECIPES["pendulum"]
    varied = recipe("pendulum", tau=0.01)
    assert varied.tau == 0.01
    assert dataclasses.replace(varied, tau=RECIPES["pendulum"].tau) == RECIPES["pendulum"]


def test_near_names_are_suggested():
    with pytest.raises(ValueError, match="did you mean 'pendulum'"):
        recipe("pendulm")
    with pytest.raises(ValueError, match="did you mean 'batch_size'"):
        recipe("pendulum", batchsize=3)


def test_every_field_is_documented():
    for field in dataclasses.fields(Config):
        assert field.name in (Config.__doc__ or ""), field.name
