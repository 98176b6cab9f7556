"""Hyperparameters: every impossible value is refused, and the message names the field."""

import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ddpg_lib import DDPG, RECIPES, Config, config, recipe, train
from ddpg_lib.parts import networks


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
        ("layer_norm", "all"),
        ("batch_norm", "actors"),
        ("normalize_obs", "yes"),
        ("n_step", 0),
        ("n_step", 1_001),
        ("critic_weight_decay", -0.1),
        ("max_grad_norm", 0.0),
        ("dqda_clipping", -1.0),
        ("invert_gradients", 1),
        ("policy_delay", 0),
        ("batch_size", 64.0),
        ("hidden", 64),
        ("hidden", "64"),
        ("gamma", "0.9"),
        ("gamma", True),
        ("steps", None),
        ("lr_decay", 0),
        ("critic_lr", float("inf")),
    ],
)
def test_impossible_values_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        Config(**{field: value})


@pytest.mark.parametrize("field", ["gamma", "tau", "actor_lr", "sigma", "reward_scale"])
def test_nan_is_refused(field):
    with pytest.raises(ValueError, match=field):
        Config(**{field: float("nan")})


def test_combinations_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match=r"batch_size .* batch_norm"):
        Config(batch_norm="actor", batch_size=1)
    with pytest.raises(ValueError, match=r"batch_norm .* layer_norm"):
        Config(batch_norm="both", layer_norm="critic")
    with pytest.raises(ValueError, match=r"n_step .* warmup_steps"):
        Config(n_step=5, warmup_steps=4)
    one_of_each = Config(batch_norm="actor", layer_norm="critic")
    assert (one_of_each.norm("actor"), one_of_each.norm("critic")) == ("batch", "layer")


def test_widths_are_shown_by_an_example():
    with pytest.raises(ValueError, match=r"hidden must be .* such as \(64, 64\); got 8"):
        Config(hidden=8)


def test_the_activations_named_are_those_that_there_are():
    assert set(config.ACTIVATIONS) == set(networks.ACTIVATIONS)


def test_numpys_numbers_become_pythons():
    """So that a run folder can hold them."""
    given = {"hidden": np.array([8, 4]), "steps": np.int64(9_000), "lr_decay": np.bool_(True)}
    made = Config(**given, gamma=np.float32(0.5))
    assert json.loads(json.dumps(dataclasses.asdict(made)))["hidden"] == [8, 4]
    assert made == Config(hidden=(8, 4), steps=9_000, lr_decay=True, gamma=0.5)
    with pytest.raises(ValueError, match=r"batch_size must be a whole number; got 8\.0"):
        Config(batch_size=np.float64(8.0))


def test_a_short_run_is_evaluated_at_its_end():
    assert recipe("default", steps=3_000).eval_every == 3_000
    assert Config().replace(steps=30_000).eval_every == Config().eval_every
    assert Config().replace(steps=3_000, eval_every=100).eval_every == 100
    with pytest.raises(ValueError, match="eval_every must be between 1 and steps; got 5000"):
        recipe("default", steps=3_000, eval_every=5_000)
    with pytest.raises(ValueError, match="steps must be more than warmup_steps"):
        recipe("default", steps=0)
    with pytest.raises(ValueError, match="steps must be a whole number"):
        recipe("default", steps=3e3)


SMALL = {
    "hidden": (8,), "batch_size": 4, "buffer_size": 30, "warmup_steps": 12, "steps": 18,
    "eval_every": 18, "eval_episodes": 1,
}  # fmt: skip
WHOLE = st.integers(-1, 20)
REAL = st.one_of(st.floats(1e-6, 2.0), st.sampled_from([0.0, -1.0, 1.0, np.nan, np.inf, -np.inf]))
NAMES = ("none", "actor", "critic", "both", "relu", "silu", "elu", "tanh", "gaussian", "decaying")
JUNK = st.sampled_from([None, True, False, "", "0.1", *NAMES, 1.5, (), [], (4, 3), (0,), ("a",)])


def values(field):
    """What someone might give: values of the field's type, good and bad, and of other types."""
    kinds = {
        "int": WHOLE, "float": REAL, "float | None": REAL, "bool": st.booleans(),
        "str": st.sampled_from((*NAMES, "ornstein_uhlenbeck")),
        "tuple[int, ...]": st.lists(st.integers(0, 9), max_size=3).map(tuple),
    }  # fmt: skip
    return st.one_of(kinds[field.type], kinds[field.type], kinds[field.type], JUNK)


CHANGES = st.lists(
    st.sampled_from(dataclasses.fields(Config)).flatmap(
        lambda field: st.tuples(st.just(field.name), values(field))
    ),
    min_size=1,
    max_size=4,
).map(dict)


@settings(deadline=None, max_examples=150)
@given(changes=CHANGES)
@example({"batch_norm": "both", "action_layer": 1, "n_step": 3, "normalize_obs": True})
@example({"layer_norm": "both", "policy_delay": 2, "max_grad_norm": 0.5, "lr_decay": True})
@example({"memory": 3, "burn_in": 2, "sequence_length": 5, "layer_norm": "both"})
@example({"memory": 3, "sequence_length": 12, "stored_states": False, "normalize_obs": True})
@example({"invert_gradients": True, "dqda_clipping": 1.0, "critic_weight_decay": 0.1})
def test_what_is_accepted_trains_and_what_is_refused_is_named(changes):
    named = re.compile("|".join(changes))
    try:
        config = Config(**{**SMALL, **changes})
    except ValueError as error:
        if not named.search(str(error)):
            pytest.fail(f"{changes} refused without naming one of them: {error}")
        return
    run = train("Pendulum-v1", config, seeds=[0, 1], progress=False)
    assert run.agent.updates == config.steps - config.warmup_steps
    assert np.isfinite(run.returns).all()


def test_a_config_cannot_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().gamma = 0.5  # type: ignore[misc]


def test_recipes_are_values_of_it_and_can_be_varied():
    assert recipe("pendulum") == RECIPES["pendulum"]
    varied = recipe("pendulum", tau=0.01)
    assert varied.tau == 0.01
    assert dataclasses.replace(varied, tau=RECIPES["pendulum"].tau) == RECIPES["pendulum"]


def test_lillicraps_recipe_is_that_of_his_section_7():
    c = recipe("lillicrap")
    assert (c.hidden, c.activation, c.action_layer, c.final_init) == ((400, 300), "relu", 1, 3e-3)
    assert (c.actor_lr, c.critic_lr, c.critic_weight_decay) == (1e-4, 1e-3, 1e-2)
    assert (c.gamma, c.tau, c.batch_size, c.buffer_size) == (0.99, 1e-3, 64, 1_000_000)
    assert (c.noise, c.sigma, c.batch_norm) == ("ornstein_uhlenbeck", 0.2, "both")
    noise = DDPG(3, [-1.0], [1.0], c).noise
    assert (noise.theta, noise.sigma, noise.dt) == (0.15, 0.2, 1.0)


def test_near_names_are_suggested():
    with pytest.raises(ValueError, match="did you mean pendulum"):
        recipe("pendulm")
    with pytest.raises(ValueError, match="did you mean batch_size"):
        recipe("pendulum", batchsize=3)
    with pytest.raises(ValueError, match="did you mean actor_lr, critic_lr"):
        recipe("pendulum", lr=3)


def test_every_field_is_documented():
    for field in dataclasses.fields(Config):
        assert field.name in (Config.__doc__ or ""), field.name
