"""Sweeps as they run: interrupted, killed, full, failing; and equal to the bit all the same."""

import dataclasses
import json
import signal
import sys
import time

import numpy as np
import pytest
from shared import TINY

from ddpg_lib import CheckpointError, load, train
from ddpg_lib.sweep import running
from ddpg_lib.sweep.backends import backend, require_backend
from ddpg_lib.sweep.running import (
    ATTEMPTS,
    Row,
    Watch,
    checkpoint_bytes,
    last_step,
    read_row,
    room,
    run_cell,
    sweep,
    taken,
    worker_name,
)
from ddpg_lib.sweep.study import Study

joblib = pytest.importorskip(
    "joblib", reason='needs the extra scale: pip install "ddpg-lib[scale]"'
)

SETTINGS = {k: v for k, v in dataclasses.asdict(TINY).items() if k not in ("hidden", "tau")}
SHORT = {**SETTINGS, "hidden": (8, 8), "steps": 60, "eval_every": 30}
TWO = Study(("Pendulum-v1",), (3, 8), settings=SHORT, grid={"tau": (0.01, 0.1)})


def untimed(rows):
    """Rows without what differs between two runs."""
    return [dataclasses.replace(row, seconds=0, worker="") for row in rows]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The rows of TWO, run in this process, and their folder."""
    folder = tmp_path_factory.mktemp("here")
    return sweep(TWO, folder, progress=False), folder


def test_a_cell_is_the_librarys_train(here, tmp_path):
    rows, folder = here
    for cell, row in zip(TWO.cells(), rows, strict=True):
        run = train("Pendulum-v1", cell.config, cell.seeds, progress=False)
        assert row.returns == tuple(run.curves[:, -1].tolist())
        assert row.status == "finished"
        assert row.worker == worker_name()
        assert np.array_equal(load(folder / "cells" / cell.name).curves, run.curves)


def test_several_processes_give_the_same_to_the_bit(here, tmp_path):
    with backend("local", 2):
        rows = sweep(TWO, tmp_path, progress=False)
    assert untimed(rows) == untimed(here[0])
    assert worker_name() not in {row.worker for row in rows}


def test_a_finished_cell_is_never_run_again_and_a_grown_sweep_keeps_it(here, monkeypatch):
    rows, folder = here
    begun = []

    def noted(*arguments, **kwargs):
        begun.append(kwargs["folder"])
        return train(*arguments, **kwargs)

    monkeypatch.setattr(running, "train", noted)
    assert sweep(TWO, folder, progress=False) == rows
    assert begun == []
    grown = dataclasses.replace(TWO, grid={"tau": (0.1, 0.05, 0.01)})
    more = sweep(grown, folder, progress=False)
    assert [more[2], more[0]] == rows
    assert begun == [folder / "cells" / grown.cells()[1].name]


def test_an_interrupted_sweep_goes_on_where_it_was(here, tmp_path, monkeypatch):
    resumed = []

    def pressed(env, config, seeds, **kwargs):
        return train(env, config, seeds, on_evaluation=press, **kwargs)

    def press(run):
        if run.step == 30:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(running, "train", pressed)
    with pytest.raises(KeyboardInterrupt):
        sweep(TWO, tmp_path, progress=False)
    first = tmp_path / "cells" / TWO.cells()[0].name
    assert read_row(first) is None
    assert last_step(first) == 30
    monkeypatch.undo()
    again = running.resume
    monkeypatch.setattr(
        running, "resume", lambda folder, **k: resumed.append(folder) or again(folder, **k)
    )
    assert untimed(sweep(TWO, tmp_path, progress=False)) == untimed(here[0])
    assert resumed == [first]


FATAL = """
import contextlib, json, os, signal, time
from pathlib import Path
import gymnasium as gym
from ddpg_lib.runs.saving import load

HERE = Path(__file__).parent

def saved():
    # The step of the checkpoint of the cell that this process trains.
    for note in HERE.glob("*/cells/*/attempts.json"):
        if json.loads(note.read_text())["worker"].endswith(f":{os.getpid()}"):
            if not (note.parent / "result.json").exists():
                return load(note.parent / "checkpoint.safetensors").state["training"]["step"]

class Once(gym.Wrapper):
    "Kills the first process that trains in it past a checkpoint; a file says that it has."

    def __init__(self):
        super().__init__(gym.make("Pendulum-v1"))
        self.steps, self.trains = 0, False

    def reset(self, *, seed=None, options=None):
        self.trains = seed is None or seed < 1000
        return super().reset(seed=seed, options=options)

    def step(self, action):
        self.steps += 1
        if self.trains and not (HERE / "killed").exists():
            time.sleep(0.01)  # long enough for a checkpoint after the evaluation
            if self.steps > 35 and saved() == 30:
                with contextlib.suppress(FileExistsError):  # two workers may get here at once
                    (HERE / "killed").touch(exist_ok=False)
                    os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)

class Always(gym.Wrapper):
    "Kills its process in its first episode."

    def __init__(self):
        super().__init__(gym.make("Pendulum-v1"))

    def step(self, action):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def fatal(monkeypatch, tmp_path):
    """A folder with environments that kill, which workers find as a module."""
    (tmp_path / "ddpg_test_fatal.py").write_text(FATAL, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "ddpg_test_fatal", raising=False)
    return tmp_path


def begun_again(folder, rows):
    """Cells that were begun by more than one process, with a checkpoint at hand."""
    notes = [json.loads((folder / "cells" / r.name / "attempts.json").read_text()) for r in rows]
    return sum(note["step"] == 30 and note["checkpoint"] > 0 for note in notes)


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_but_time(fatal, here):
    study = dataclasses.replace(TWO, environments=("ddpg_test_fatal:Once",))
    with backend("local", 2):
        rows = sweep(study, fatal / "out", progress=False)
    assert (fatal / "killed").exists()
    assert [row.returns for row in rows] == [row.returns for row in here[0]]
    assert begun_again(fatal / "out", rows) >= 1  # joblib stops all when it loses one


@pytest.mark.slow
def test_a_cell_that_kills_its_worker_each_time_is_a_row_and_harms_no_other(fatal, here):
    environments = ("ddpg_test_fatal:Always", "Pendulum-v1")
    settings = {**SHORT, "eval_every": 60}
    study = Study(environments, (3, 8), settings=settings)
    with backend("local", 2):
        bad, good = sweep(study, fatal / "out", progress=False)
    assert bad.status == "failed"
    assert f"its worker died {ATTEMPTS} times" in bad.error
    assert good.status == "finished"


def test_what_a_cell_raises_is_its_row_and_not_the_end(here, tmp_path, monkeypatch):
    def full(env, config, seeds, **kwargs):
        if config.tau == 0.01:
            raise CheckpointError("cannot write x: the disk is full: free some space")
        return train(env, config, seeds, **kwargs)

    monkeypatch.setattr(running, "train", full)
    bad, good = sweep(TWO, tmp_path, progress=False)
    assert (bad.status, bad.error) == (
        "failed", "CheckpointError: cannot write x: the disk is full: free some space"
    )  # fmt: skip
    assert untimed([good]) == untimed(here[0][1:])
    monkeypatch.undo()  # space was freed
    assert untimed(sweep(TWO, tmp_path, progress=False)) == untimed(here[0])


def test_a_row_comes_back_even_where_it_cannot_be_written(tmp_path, monkeypatch):
    def nothing(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(running, "train", nothing)
    monkeypatch.setattr(running, "replacing", nothing)
    row = run_cell(TWO.cells()[0], tmp_path / "cell", keep=True)
    assert row.status == "failed"
    assert "No space left on device" in row.error
    assert read_row(tmp_path / "cell") is None


def test_without_checkpoints_a_finished_cell_keeps_curves_and_actors(here, tmp_path):
    study = dataclasses.replace(TWO, keep_checkpoints=False)
    assert untimed(sweep(study, tmp_path, progress=False)) == untimed(here[0])
    for cell in study.cells():
        names = {path.name for path in (tmp_path / "cells" / cell.name).iterdir()}
        assert "checkpoint.safetensors" not in names
        assert {"curves.csv", "actors.safetensors", "result.json"} <= names


def test_a_worker_that_is_asked_to_stop_leaves_its_cell_to_others(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "train", lambda *a, **k: signal.raise_signal(signal.SIGINT))
    cell = TWO.cells()[0]
    assert run_cell(cell, tmp_path / "a", True, home="elsewhere:1").status == "unfinished"
    for home in ("", worker_name()):
        with pytest.raises(KeyboardInterrupt):
            run_cell(cell, tmp_path / "b", True, home=home)


def test_two_sweeps_do_not_work_on_one_folder(here, tmp_path, monkeypatch):
    def busy(path):
        raise running.InUseError(f"another process is at work on {path}")

    monkeypatch.setattr(running, "locked", busy)
    with pytest.raises(CheckpointError, match="another process is at work"):
        sweep(TWO, tmp_path, progress=False)
    monkeypatch.setattr(running, "train", lambda *a, **k: busy("cell"))
    assert run_cell(TWO.cells()[0], tmp_path / "c", True).status == "busy"
    assert read_row(tmp_path / "c") is None


def test_a_backend_at_which_nothing_runs_is_an_error_and_no_loop(tmp_path, monkeypatch):
    class Gone:
        def __init__(self, **_): ...

        def __call__(self, _):
            raise ConnectionError("the cluster is gone")

    monkeypatch.setattr(joblib, "Parallel", Gone)
    with pytest.raises(ConnectionError, match="the cluster is gone"):
        sweep(TWO, tmp_path, progress=False)


# ---- Before anything starts ----


def test_what_would_not_fit_on_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(running.shutil, "disk_usage", lambda _: Free(1_000))
    with pytest.raises(
        ValueError, match=r"has 0 MiB left and the 2 cells need about .* MiB: set k"
    ):
        sweep(TWO, tmp_path, progress=False)
    assert list((tmp_path / "cells").iterdir()) == []


class Free:
    def __init__(self, free):
        self.free = free


def test_the_room_of_a_checkpoint_is_what_it_takes(here):
    _, folder = here
    for cell in TWO.cells():
        there = (folder / "cells" / cell.name / "checkpoint.safetensors").stat().st_size
        guess = checkpoint_bytes(cell, running._spaces(cell))
        assert guess < there < 3 * guess + 20_000  # random states and curves come on top
    large = dataclasses.replace(TWO, settings={**SHORT, "steps": 50_000, "buffer_size": 50_000})
    cell = large.cells()[0]
    # A row of Pendulum's holds 3 + 3 + 1 + 2 numbers.
    assert checkpoint_bytes(cell, running._spaces(cell)) >= 2 * 50_000 * 9 * 4
    kept = room(large, large.cells(), 1)
    gone = room(dataclasses.replace(large, keep_checkpoints=False), large.cells(), 1)
    assert 1.9 < kept / gone < 2.1


def test_an_environment_that_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(ValueError, match="did you mean Pendulum-v1"):
        sweep(dataclasses.replace(TWO, environments=("Pendulm-v1",)), tmp_path)


@pytest.mark.parametrize(
    ("name", "jobs", "message"),
    [
        ("locla", 1, "backend must be one of local, ray, dask; got 'locla'; did you mean local"),
        ("local", 0, "jobs must be at least 1, or -1 for one a core; got 0"),
    ],
)
def test_backends_that_cannot_work_are_refused(name, jobs, message):
    with pytest.raises(ValueError, match=message):
        require_backend(name, jobs)


@pytest.mark.parametrize(
    ("gone", "name", "package"),
    [("joblib", "local", "ddpg-lib[scale]"), ("ray", "ray", "ddpg-lib[scale]"),
     ("distributed", "dask", "ddpg-lib[scale]")],
)  # fmt: skip
def test_a_missing_package_is_named(monkeypatch, gone, name, package):
    monkeypatch.setattr(
        "ddpg_lib.sweep.backends.importlib.util.find_spec",
        lambda module: None if module == gone else module,
    )
    with pytest.raises(ValueError, match=f"a sweep on {name} needs {gone}: pip install") as error:
        require_backend(name, 1)
    assert package in str(error.value)


# ---- How far it is ----


def test_progress_counts_all_cells_from_their_folders(here, tmp_path):
    _, folder = here
    cells = [(folder / "cells" / cell.name, cell) for cell in TWO.cells()]
    fresh = [(tmp_path / cell.name, cell) for cell in TWO.cells()]
    half = fresh[0][0]
    half.mkdir()
    (half / "curves.csv").write_text("step,seed,return\n0,3,-1.0\n30,3,-2.0\n30,8,-2.0\n")
    assert Watch(cells).steps() == 2 * 2 * 60
    assert Watch(fresh).steps() == 2 * 30
    assert Watch(cells[:1] + fresh[:1]).steps() == 2 * 60 + 2 * 30
    bad = Row(half.name, "failed", error="no")
    (half / "result.json").write_text(json.dumps(dataclasses.asdict(bad)))
    watch = Watch(fresh)
    assert (watch.steps(), watch._failed) == (2 * 30, 1)


def test_the_bar_shows_cells_and_time(here, capsys):
    _, folder = here
    cells = [(folder / "cells" / cell.name, cell) for cell in TWO.cells()]
    with Watch(cells, every=0.05):
        time.sleep(0.5)
    assert "2 of 2 cells" in capsys.readouterr().err


def test_what_a_sweep_takes_is_said_before_it_runs(here, tmp_path):
    text = "2 cells, 4 agents, 240 agent-steps"
    assert taken(TWO, tmp_path).startswith(text)
    assert taken(TWO, tmp_path).endswith("0 cells are finished")
    assert taken(TWO, here[1]).endswith("2 cells are finished")
