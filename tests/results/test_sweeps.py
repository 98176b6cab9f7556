"""Recorded sweeps: arms of equal budget, and what ships of them agrees with what is asked."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from ddpg_lib import DDPG, evaluate, load, recipe
from ddpg_lib.results.experiments import EXPERIMENTS, SWEEPS, Experiment, Sweep, experiment
from ddpg_lib.results.recorded import RecordedRun, recorded
from ddpg_lib.results.reproduce import final_returns, join, reproduce
from ddpg_lib.results.sweeps import FOLDER, RecordedSweep, sweep, sweeps
from ddpg_lib.runs.saving import CheckpointError
from ddpg_lib.worlds.restarts import RESTARTS

TINY = {"steps": 60, "warmup_steps": 50, "eval_every": 60, "eval_episodes": 1}


class Timid(DDPG):
    """Whose every action is a tenth of the actor's."""

    def act(self, obs):
        return super().act(obs) / 10


def test_there_is_one_of_each():
    assert set(sweeps()) == set(SWEEPS)


@pytest.mark.parametrize("name", sorted(SWEEPS))
def test_what_ships_is_what_is_asked(name):
    asked, kept = SWEEPS[name], sweep(name)
    manifest = kept.manifest
    assert manifest["command"].startswith(f"ddpg reproduce {name}")
    assert len(manifest["commit"]) == 40, "it was made with files that are in no commit"
    assert (manifest["env"], kept.seeds) == (asked.env, list(asked.seeds))
    assert list(kept.arms) == list(asked.arms)
    for label, arm in kept.arms.items():
        one = asked.experiment(label)
        assert arm.config == recipe(one.recipe, **one.changes)
        assert manifest["arms"][label]["agent"] == one.agent
        assert arm.curves.shape == (len(kept.seeds), len(arm.steps))
        assert arm.steps[-1] == arm.config.steps
        assert np.isfinite(arm.curves).all()
    files = {p.name: p for p in (FOLDER / name).iterdir() if p.name != "manifest.json"}
    assert set(files) == set(manifest["sha256"]) == {f"{label}.csv.gz" for label in asked.arms}
    for file, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["sha256"][file], file
    assert sum(p.stat().st_size for p in files.values()) < 1_000_000, "it should be small"


def test_arms_have_equal_budgets():
    with pytest.raises(ValueError, match="steps must be the same in all arms; long sets its own"):
        Sweep("Pendulum-v1", "pendulum", (0,), {"short": {}, "long": {"steps": 20_000}})


def test_a_sweep_is_made_and_read_and_made_again(tmp_path, monkeypatch):
    arms = {"plain": {}, "timid": {"tau": 0.1, "agent": f"{__name__}:Timid"}}
    monkeypatch.setitem(SWEEPS, "tiny", Sweep("Pendulum-v1", "pendulum", (303, 304), arms, TINY))
    runs = reproduce("tiny", tmp_path / "tiny", progress=False, compile=False)
    kept = RecordedSweep.read(tmp_path / "tiny/record")
    assert kept.seeds == [303, 304]
    assert type(runs[1].agent) is Timid
    for run, (label, arm) in zip(runs, kept.arms.items(), strict=True):
        assert arm.config == recipe("pendulum", **TINY, tau=0.1 if label == "timid" else 0.005)
        np.testing.assert_allclose(arm.curves, run.curves, rtol=1e-5)
        np.testing.assert_allclose(arm.inside["q"], run.metrics["q"], rtol=1e-5)
        assert {"critic", "saturated"} <= set(arm.inside)
    obs = np.ones((2, 5, 3))
    assert np.abs(runs[1].agent.act(obs)).max() <= 0.2
    assert load(tmp_path / "tiny/arms/plain").step == 60
    before = json.loads((tmp_path / "tiny/record/manifest.json").read_text())
    reproduce("tiny", tmp_path / "tiny", progress=False, compile=False)  # all finished
    after = json.loads((tmp_path / "tiny/record/manifest.json").read_text())
    assert before["sha256"] == after["sha256"]
    assert experiment("tiny") is SWEEPS["tiny"]


def test_training_returns_stand_beside_those_of_the_evaluations_that_follow(tmp_path, monkeypatch):
    budget = {"steps": 600, "warmup_steps": 550, "eval_every": 300, "eval_episodes": 1}
    asked = Sweep("Pendulum-v1", "pendulum", (303, 304), {"plain": {}}, budget)
    monkeypatch.setitem(SWEEPS, "tiny", asked)
    (run,) = reproduce("tiny", tmp_path / "tiny", progress=False, compile=False)
    training = RecordedSweep.read(tmp_path / "tiny/record").arms["plain"].inside["training"]
    assert np.isnan(training[:, 0]).all()
    for found, episodes in zip(training, run.episodes, strict=True):
        returns = [value for _, value in episodes]  # after 200, 400 and 600 steps
        np.testing.assert_allclose(found[1:], [returns[0], np.mean(returns[1:])], rtol=1e-5)


def test_all_agents_may_begin_as_one_recorded_agent(tmp_path, monkeypatch):
    asked = Sweep(
        "Pendulum-v1", "pendulum", (310, 311), {"plain": {}}, TINY, begins_as=("pendulum", 302)
    )
    monkeypatch.setitem(SWEEPS, "tiny", asked)
    (run,) = reproduce("tiny", tmp_path / "tiny", progress=False, compile=False)
    kept = recorded("pendulum")
    own = kept.agent("final", [kept.seeds.index(302)])
    first = evaluate(own, "Pendulum-v1", 1)
    np.testing.assert_allclose(run.curves[:, 0], [first.mean()] * 2, rtol=1e-5)


def test_a_sweep_may_be_judged_in_another_world(tmp_path, monkeypatch):
    asked = Sweep("Pendulum-v1", "pendulum", (303, 304), {"plain": {}}, TINY, 1, 2, judged=RESTARTS)
    monkeypatch.setitem(SWEEPS, "tiny", asked)
    (run,) = reproduce("tiny", tmp_path / "tiny", progress=False, compile=False)
    final = RecordedSweep.read(tmp_path / "tiny/record").arms["plain"].final
    np.testing.assert_allclose(final, final_returns(run.agent, RESTARTS, 2).mean(axis=1), rtol=1e-5)
    assert not np.allclose(final, final_returns(run.agent, "Pendulum-v1", 2).mean(axis=1))


def test_stacks_of_a_run_are_trained_in_turn_and_joined(tmp_path, monkeypatch):
    asked = Experiment(
        "Pendulum-v1", "pendulum", (303, 304, 305, 306), TINY, looks=1, starts=2, stack=2
    )
    monkeypatch.setitem(EXPERIMENTS, "tiny", asked)
    runs = reproduce("tiny", tmp_path, progress=False, compile=False)
    assert [run.seeds for run in runs] == [[303, 304], [305, 306]]
    kept = RecordedRun.read(tmp_path / "record")
    assert kept.seeds == [303, 304, 305, 306]
    np.testing.assert_allclose(kept.curves, np.concatenate([r.curves for r in runs]), rtol=1e-5)
    assert kept.final.shape == (4, 2)
    assert [len(stack["seeds"]) for stack in kept.manifest["stacks"]] == [2, 2]
    obs = np.ones((4, 3))
    alone = np.concatenate([runs[0].agent.act(obs[:2]), runs[1].agent.act(obs[2:])])
    np.testing.assert_allclose(kept.agent().act(obs), alone, rtol=1e-5)
    # The last agent's numbers are its own, whichever stack it stands in.
    np.testing.assert_allclose(kept.agent("final", [3]).act(obs[3:]), alone[3:], rtol=1e-5)
    # A stack that has its record is not trained again; one of another recipe is refused.
    assert reproduce("tiny", tmp_path, progress=False, compile=False) == []
    other = dataclasses.replace(asked, changes={**TINY, "tau": 0.1})
    monkeypatch.setitem(EXPERIMENTS, "tiny", other)
    with pytest.raises(CheckpointError, match="holds another run"):
        reproduce("tiny", tmp_path, progress=False, compile=False)
    path = tmp_path / "stacks/2/record/manifest.json"
    path.write_text(path.read_text().replace('"tau": 0.005', '"tau": 0.1'))
    with pytest.raises(CheckpointError, match="differ in their config"):
        join([tmp_path / f"stacks/{k}/record" for k in (1, 2)], tmp_path / "record")
