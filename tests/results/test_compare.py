"""A run among the recorded ones: percentiles by hand, shapes, and runs of every kind."""

import json

import numpy as np
import pytest
import scipy.stats
from shared import TINY

from ddpg_lib import CheckpointError, train
from ddpg_lib.results.compare import (
    CAUSES,
    REFERENCES,
    Reference,
    compare,
    place,
    references,
)
from ddpg_lib.results.experiments import Experiment
from ddpg_lib.results.published import principal
from ddpg_lib.results.recorded import recorded
from ddpg_lib.results.sweeps import sweep
from ddpg_lib.runs.folder import CHECKPOINT
from ddpg_lib.runs.tables import agent_rows, csv_text

STEPS = np.arange(0.0, 9.0)
RISE = np.concatenate([np.zeros(2), np.linspace(0, 1, 5), np.ones(2)])
REFERENCE = Reference("World-v0", "world", STEPS, RISE * np.array([[8.0], [9], [10], [11]]), 10, 3)


def write(path, steps, curves):
    table = {"return": curves}
    path.write_text(
        csv_text(agent_rows(range(len(curves)), steps, table, lambda x: repr(float(x))))
    )
    return path


def test_percentiles_are_scipys_and_between_evaluations_on_lines():
    steps, returns = np.array([4.0, 6.5, 8.0]), np.array([3.0, 9.3, 11.0])
    placed = place(steps, returns, REFERENCE)
    for k, step in enumerate(steps):
        others = [np.interp(step, STEPS, curve) for curve in REFERENCE.curves]
        by_scipy = scipy.stats.percentileofscore(others, returns[k], kind="mean")
        assert placed.percentiles[k] == pytest.approx(by_scipy, abs=1e-12)
    assert placed.end == 11  # the last quarter begins at step 7
    assert (placed.lowest, placed.highest, placed.verdict) == (8, 11, "normal")


@pytest.mark.parametrize(
    ("curve", "verdict"),
    [
        (9.5 * RISE, "normal"),
        (8.0 * RISE, "normal"),
        (12.0 * RISE, "above"),
        (0.0 * RISE, "flat"),
        (np.where(STEPS < 7, 9.0, 1.0) * RISE, "lost"),
        (np.linspace(-2, 7, 9), "late"),
        (np.where(RISE > 0, 4.0, 0.0), "low"),
    ],
)
def test_shapes(curve, verdict):
    assert place(STEPS, curve, REFERENCE).verdict == verdict
    assert verdict in CAUSES


def test_other_starts_are_allowed_for():
    low = 6.0 * RISE
    assert place(STEPS, low, REFERENCE).verdict != "normal"
    assert place(STEPS, low, REFERENCE, allowance=2.5).verdict == "normal"


def test_only_common_steps_count():
    steps = np.array([0.0, 4.0, 50.0])
    assert len(place(steps, np.zeros(3), REFERENCE).steps) == 2
    with pytest.raises(ValueError, match="my run has 1 evaluations within the recorded steps, 0"):
        place(steps[1:], np.zeros(2), REFERENCE, who="my run")


def test_every_environment_with_a_recorded_run_has_its_reference():
    assert set(REFERENCES.values()) == set(principal())
    for env, name in REFERENCES.items():
        found, run = Reference.of(env), recorded(name)
        assert run.env == env
        assert found.over_starts == pytest.approx(np.mean([np.std(x, ddof=1) for x in run.final]))
        assert found.episodes == run.config.eval_episodes
        assert found.n >= (20 if env == "Pendulum-v1" else len(run.seeds))
    assert Reference.of("Pendulum-v1").curves is sweep("pendulum_many").arms["recipe"].curves


def test_a_run_of_pixels_or_judged_elsewhere_does_not_shadow_the_plain_one():
    experiments = {
        "seen": Experiment("World-v0", "pendulum_pixels", (300,)),
        "moved": Experiment("World-v0", "pendulum", (300,), judged="Other-v0"),
        "plain": Experiment("World-v0", "pendulum", (300,)),
        "plain_changed": Experiment("Changed-v0", "pendulum", (300,)),
        "absent": Experiment("Absent-v0", "pendulum", (300,)),
    }
    there = set(experiments) - {"absent"}
    assert references(experiments, there) == {"World-v0": "plain"}
    assert references(experiments, there - {"plain"})["World-v0"] == "moved"
    assert references(experiments, {"seen"}) == {"World-v0": "seen"}


def test_of_the_recorded_agents_two_are_called_low():
    """Each left out and compared with the 63 others, of which one may have failed."""
    full = Reference.of("Pendulum-v1")
    below = 0
    for i, curve in enumerate(full.curves):
        others = np.delete(full.curves, i, axis=0)
        rest = Reference(full.env, full.name, full.steps, others, 10, full.over_starts)
        below += place(full.steps, curve, rest).verdict not in ("normal", "above")
    assert full.spare == rest.spare == 1
    assert below == 2


def test_run_folder_and_its_table_are_placed_alike_but_for_the_starts(tmp_path):
    changes = {"steps": 900, "eval_every": 300, "eval_episodes": 10}
    run = train("Pendulum-v1", TINY.replace(**changes), [3, 8], folder=tmp_path / "run",
                progress=False)  # fmt: skip
    folder = compare(tmp_path / "run")
    assert folder.allowance == 0
    np.testing.assert_allclose(folder.agents["seed 8"].returns, run.curves[1])
    csv = compare(tmp_path / "run/curves.csv", "Pendulum-v1")
    spread = Reference.of("Pendulum-v1").over_starts
    assert csv.allowance == pytest.approx(1.96 * spread * np.sqrt(2 / 10))
    assert compare(tmp_path / "run/curves.csv", "Pendulum-v1", 1).allowance > csv.allowance
    np.testing.assert_allclose(
        csv.agents["seed 3"].percentiles, folder.agents["seed 3"].percentiles
    )
    text = csv.summary()
    assert "beside 64 recorded agents (ddpg reproduce pendulum_many)" in text
    assert f"account for {csv.allowance:.1f}" in text
    assert "account" not in folder.summary()
    figure = folder.plot()
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "return of an episode",
        "percentile among recorded agents",
    ]


def test_healthy_and_broken_sweeps_are_told_apart():
    """Other seeds of the recipe pass, and a forgotten target network does not."""
    reference = Reference.of("Pendulum-v1")

    def verdicts(name, arm):
        found = sweep(name).arms[arm]
        return [place(found.steps.astype(float), c, reference).verdict for c in found.curves]

    assert set(verdicts("pendulum_choices", "recipe")) <= {"normal", "above"}
    assert set(verdicts("targets_mistakes", "forgotten")) == {"flat"}


def test_what_cannot_be_compared(tmp_path):
    csv = write(tmp_path / "a.csv", [0, 500, 1000], np.full((2, 3), -900.0))
    with pytest.raises(ValueError, match=r"does not say which environment .* add --env, one of"):
        compare(csv)
    with pytest.raises(ValueError, match="no recorded agents of Pendulum-v0; did you mean"):
        compare(csv, "Pendulum-v0")
    with pytest.raises(ValueError, match="no recorded agents of Ant-v5, only of Pendulum-v1"):
        compare(csv, "Ant-v5")
    with pytest.raises(ValueError, match="episodes must be at least 1"):
        compare(csv, "Pendulum-v1", 0)
    late = write(tmp_path / "b.csv", [20_000, 30_000], np.full((1, 2), -150.0))
    with pytest.raises(ValueError, match=r"seed 0 of .*b.csv has 0 evaluations within the"):
        compare(late, "Pendulum-v1")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CheckpointError, match="holds no run"):
        compare(empty)


def test_broken_off_damaged_and_newer_run_folders(tmp_path):
    folder = tmp_path / "run"
    train("Pendulum-v1", TINY, [3], folder=folder, progress=False)
    whole = (folder / CHECKPOINT).read_bytes()
    (folder / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="is damaged, or no checkpoint"):
        compare(folder)
    (folder / CHECKPOINT).write_bytes(whole.replace(b'"version":"3"', b'"version":"9"', 1))
    with pytest.raises(CheckpointError, match="has format version 9, and this ddpg_lib reads"):
        compare(folder)
    (folder / CHECKPOINT).unlink()
    with pytest.raises(CheckpointError, match="has no checkpoint yet"):
        compare(folder)
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(about | {"env": "Ant-v5"}))
    with pytest.raises(ValueError, match="no recorded agents of Ant-v5"):
        compare(folder)
