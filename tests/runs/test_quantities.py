"""What TensorBoard shows of the inside: the vitals' own numbers, without a trace in the run."""

import random

import numpy as np
import pytest
import torch
from shared import TINY

from ddpg_lib import train
from ddpg_lib.agents.td3 import TD3
from ddpg_lib.diagnose.vitals import VITALS, vitals
from ddpg_lib.runs import tables
from ddpg_lib.runs.quantities import OF_ONE_STEP, quantities

SEEDS = [3, 8]


@pytest.fixture(scope="module")
def run():
    """Two agents after some updates."""
    return train("Pendulum-v1", TINY, SEEDS, progress=False)


def test_they_are_the_vitals_own(run):
    found, all_of_them = quantities(run.agent, rows=2_000), vitals(run.agent)
    assert set(found) < set(VITALS)
    assert {"critic lag", "actor moved", "TD error", "at bound", "rank"} | set(OF_ONE_STEP) <= set(
        found
    )
    for name, values in found.items():
        np.testing.assert_array_equal(values, all_of_them[name], err_msg=name)


def test_the_spread_of_rewards_and_the_actions_at_a_bound_by_hand(run):
    agent, found = run.agent, quantities(run.agent, rows=10_000)
    held = agent.replay._batch(np.tile(np.arange(len(agent.replay)), (2, 1)))
    reward = held.reward.numpy().astype(float)
    np.testing.assert_allclose(
        found["reward spread"], reward.std(1) / np.abs(reward).mean(1), rtol=1e-6
    )
    # act is in the environment's units, and the pendulum's bound is 2
    at_bound = (np.abs(agent.act(held.obs.numpy())) > 0.99 * 2).mean(axis=(1, 2))
    np.testing.assert_allclose(found["at bound"], at_bound, atol=1e-6)


def everything(agent):
    """All that random numbers are drawn from, and all weights."""
    rngs = [*agent.warmup_rngs, *agent.replay.rngs, *agent.noise.rngs]
    return (
        [rng.bit_generator.state for rng in rngs],
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002  (whether anybody used it)
        torch.get_rng_state().tolist(),
        [w.detach().numpy().tobytes() for w in (*agent.online_weights, *agent.target_weights)],
        [w.grad is None for w in agent.online_weights],
    )


def test_measuring_leaves_no_trace(run):
    before = everything(run.agent)
    quantities(run.agent)
    assert everything(run.agent) == before


def test_what_cannot_be_measured_is_left_out(run):
    assert quantities(None) == {}
    several = train("Pendulum-v1", TINY.replace(n_step=3), SEEDS, progress=False).agent
    assert set(quantities(several)) == set(quantities(run.agent)) - set(OF_ONE_STEP)
    twins = train("Pendulum-v1", TINY, SEEDS, progress=False, agent=TD3).agent
    assert quantities(twins) == {}
    seen = []
    train("Pendulum-v1", TINY, SEEDS, progress=False,
          on_evaluation=lambda so_far: seen.append(quantities(so_far.agent)))  # fmt: skip
    assert seen[0] == {}, "nothing was learned yet"
    assert seen[-1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_shows_them_and_the_run_is_the_same(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    shown = train("Pendulum-v1", TINY, SEEDS, folder=tmp_path / "a", progress=False)
    monkeypatch.setattr(tables, "quantities", lambda agent: {})
    plain = train("Pendulum-v1", TINY, SEEDS, folder=tmp_path / "b", progress=False)
    np.testing.assert_array_equal(shown.curves, plain.curves)
    assert everything(shown.agent) == everything(plain.agent)

    events = EventAccumulator(str(tmp_path / "a"))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    for name, values in quantities(shown.agent).items():
        for seed, value in zip(SEEDS, values, strict=True):
            assert (f"{name}/seed {seed}" in tags) == bool(np.isfinite(value)), name
            if np.isfinite(value):
                last = events.Scalars(f"{name}/seed {seed}")[-1]
                assert last.step == TINY.steps
                assert last.value == pytest.approx(value, rel=1e-5)
    others = EventAccumulator(str(tmp_path / "b"))
    others.Reload()
    assert not any(tag.startswith("critic lag") for tag in others.Tags()["scalars"])
