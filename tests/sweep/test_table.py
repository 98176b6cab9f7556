"""The table of a sweep, its record, its figure, and the command."""

import csv
import dataclasses
import io
import json
import shlex
import signal
import sys

import numpy as np
import pytest
from test_running import SHORT, TWO  # which needs joblib, or skips

from ddpg_lib import bootstrap_interval, iqm, train
from ddpg_lib.cli import main as cli
from ddpg_lib.sweep import running, table
from ddpg_lib.sweep.drawing import draw_results
from ddpg_lib.sweep.running import Row
from ddpg_lib.sweep.study import Study, read_study
from ddpg_lib.sweep.table import Results, read_results, recorded_study, write_results

ROWS = [
    Row(TWO.cells()[0].name, "finished", (-1.0, 1 / 3), 7200.0, "there:1"),
    Row(TWO.cells()[1].name, "failed", error="CheckpointError: the disk is full, at last"),
]
FILE = """
environments = ["Pendulum-v1"]
seeds = [3, 8]
[settings]
hidden = [8, 8]
batch_size = 8
buffer_size = 300
warmup_steps = 30
steps = 60
eval_every = 30
eval_episodes = 1
[grid]
tau = [0.01, 0.1]
"""


@pytest.fixture
def ddpg(capsys, tmp_path, monkeypatch):
    """Carry out a line in a folder with study.toml; gives the exit code and what was said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "study.toml").write_text(FILE, encoding="utf-8")

    def call(line):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.showwarning", lambda *a, **k: None)
            code = cli.main(shlex.split(line))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


# ---- The table ----


def test_the_csv_has_a_row_a_cell_and_returns_to_the_bit():
    lines = list(csv.DictReader(io.StringIO(Results.of(TWO, ROWS).csv())))
    assert [line["status"] for line in lines] == ["finished", "failed"]
    assert [float(x) for x in lines[0]["returns"].split()] == [-1.0, 1 / 3]
    assert float(lines[0]["iqm"]) == pytest.approx(iqm([-1.0, 1 / 3]), abs=1e-6)
    low, high = bootstrap_interval([-1.0, 1 / 3])
    ends = [float(lines[0]["low"]), float(lines[0]["high"])]
    assert np.allclose(ends, [low, high], atol=1e-6)
    assert [line["tau"] for line in lines] == ["0.01", "0.1"]
    assert lines[1]["error"] == "CheckpointError: the disk is full, at last"
    assert lines[1]["returns"] == lines[1]["iqm"] == ""


def test_the_printed_table_begins_with_the_best_and_ends_with_what_failed():
    study = dataclasses.replace(TWO, grid={"tau": tuple(np.linspace(0.1, 0.9, 25).tolist())})
    rows = [Row(c.name, "finished", (k, k + 1.0)) for k, c in enumerate(study.cells())]
    rows[3] = Row(rows[3].name, "failed", error="no")
    results = Results.of(study, rows)
    lines = str(results).splitlines()
    assert lines[0] == "Pendulum-v1"
    assert lines[2].startswith(rows[-1].name)
    assert lines[-2:] == ["and 4 more", f"{rows[3].name}  failed: no"]
    assert results.summary() == "25 cells: 24 finished, 1 failed; 0.00 hours of work"
    assert Results.of(TWO, ROWS).summary().endswith("1 finished, 1 failed; 2.00 hours of work")


def test_columns_and_returns_are_those_of_the_finished_cells():
    results = Results.of(TWO, ROWS).finished("Pendulum-v1")
    assert results.column("tau").tolist() == [0.01]
    assert results.returns.tolist() == [[-1.0, 1 / 3]]
    assert Results.of(TWO, ROWS).environments == ["Pendulum-v1"]


# ---- What ships ----


def test_a_record_is_written_when_all_is_finished_and_reads_back(tmp_path):
    (tmp_path / "study.toml").write_text(FILE, encoding="utf-8")
    study = read_study(tmp_path / "study.toml")
    one, other = (cell.name for cell in study.cells())
    (tmp_path / "cells" / one).mkdir(parents=True)
    (tmp_path / "cells" / one / "curves.csv").write_text("12345", encoding="utf-8")
    rows = [dataclasses.replace(ROWS[0], name=one), dataclasses.replace(ROWS[1], name=other)]
    write_results(Results.of(study, rows), study, tmp_path, "ddpg sweep study.toml")
    assert not (tmp_path / "record").exists()
    rows = [rows[0], dataclasses.replace(rows[0], name=other)]
    write_results(Results.of(study, rows), study, tmp_path, "ddpg sweep study.toml")
    again = read_results(tmp_path / "record")
    assert again.rows == rows
    assert again.cells == study.cells()
    assert again.names == ("tau",)
    manifest = again.manifest
    assert manifest["command"] == "ddpg sweep study.toml"
    assert (manifest["files of all cells"], manifest["bytes of all cells"]) == (1, 5)
    assert manifest["seeds"] == [3, 8]
    assert manifest["wall time of all cells in seconds"] == 14_400
    changed = FILE.replace("0.01", "0.02")
    (tmp_path / "record/study.toml").write_text(changed, encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not the table of study\.toml beside it"):
        read_results(tmp_path / "record")


def test_an_unknown_recorded_study_is_refused(monkeypatch):
    monkeypatch.setattr(table, "recorded_studies", lambda: ["which_matter"])
    with pytest.raises(ValueError, match=r"no recorded study 'wich_matter', .*; did you mean"):
        recorded_study("wich_matter")


# ---- The figure ----


def test_the_figure_has_a_panel_a_hyperparameter_and_a_point_a_cell():
    study = Study(
        ("Pendulum-v1", "MountainCarContinuous-v0"),
        (3,),
        settings={k: v for k, v in SHORT.items() if k not in ("hidden", "gamma", "sigma")},
        grid={
            "hidden": ((8,), (8, 8)),
            "gamma": (0.9, 0.99),
            "tau": tuple(np.geomspace(1e-3, 1, 12).tolist()),
            "sigma": tuple(np.linspace(0.1, 0.5, 9).tolist()),
        },
    )
    cells = study.cells()
    rows = [Row(c.name, "finished", (c.config.tau,)) for c in cells]
    figure = draw_results(Results.of(study, rows))
    axes = np.array(figure.axes).reshape(2, 6)[:, :4]
    assert [ax.get_xlabel() for ax in axes[1]] == ["hidden", "gamma", "tau", "sigma"]
    assert [ax.get_visible() for ax in figure.axes] == 2 * (4 * [True] + 2 * [False])
    assert [ax.get_xscale() for ax in axes[0]] == ["linear", "linear", "log", "linear"]
    points, line = axes[0, 2].lines
    assert np.array_equal(np.sort(points.get_xdata()), np.sort(points.get_ydata()))
    assert len(points.get_xdata()) == len(cells) / 2
    assert np.all(np.diff(line.get_ydata()) > 0)
    assert [t.get_text() for t in axes[0, 0].get_xticklabels()] == ["(8, 8)", "(8,)"]
    two = Results(("tau",), cells[:2], [Row(c.name, "finished", (1.0, 1, 7)) for c in cells[:2]])
    heights = [draw_results(two, f).axes[0].lines[0].get_ydata()[0] for f in (np.mean, np.median)]
    assert heights == [3, 1]
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_results(Results.of(TWO, [ROWS[1]] * 2))


# ---- The command ----


def test_the_command_runs_prints_writes_and_draws(ddpg, tmp_path):
    code, out, _ = ddpg("sweep study.toml --jobs 1 --plot")
    assert code == 0
    folder = tmp_path / "sweeps/study"
    cell = read_study(tmp_path / "study.toml").cells()[0]
    value = float(iqm(train(cell.env, cell.config, cell.seeds, progress=False).curves[:, -1]))
    assert f"{value:.1f}" in next(x for x in out.splitlines() if x.startswith(cell.name))
    assert "2 cells: 2 finished" in out
    assert "sweeps/study/results.csv" in out
    assert (folder / "results.svg").read_text().startswith("<?xml")
    assert json.loads((folder / "record/manifest.json").read_text())["cells"] == 2
    assert ddpg("sweep study.toml --jobs 1")[1].splitlines()[:4] == out.splitlines()[:4]


def test_a_figure_of_what_does_not_vary_is_refused_before_any_work(ddpg, tmp_path):
    (tmp_path / "same.toml").write_text(
        'environments = ["Pendulum-v1"]\nseeds = "1"\n', encoding="utf-8"
    )
    code, out, err = ddpg("sweep same.toml --jobs 1 --plot")
    assert (code, out) == (2, "")
    assert "--plot has nothing to draw, because nothing varies in same.toml: list values" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "sweeps").exists()


def test_check_says_what_it_would_take_and_runs_nothing(ddpg, tmp_path):
    code, out, _ = ddpg("sweep study.toml --check")
    assert code == 0
    assert out.startswith("2 cells, 4 agents, 240 agent-steps, about ")
    assert not (tmp_path / "sweeps").exists()


def test_ctrl_c_says_how_to_go_on(ddpg, monkeypatch):
    monkeypatch.setattr(running, "train", lambda *a, **k: signal.raise_signal(signal.SIGINT))
    code, _, err = ddpg("sweep study.toml --jobs 1 --folder 'my sweep'")
    assert code == 130
    assert "0 cells are finished" in err
    assert "Go on with: ddpg sweep study.toml --folder 'my sweep'" in err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sweep none.toml", "cannot read the sweep file none.toml"),
        ("sweep study.toml --folder study.toml", "is a file: choose another folder"),
        ("sweep study.toml --jobs 0", "jobs must be at least 1"),
        ("sweep study.toml --backend rey", "did you mean ray"),
        ("sweep study.toml --plt", "no option --plt; did you mean --plot"),
    ],
)
def test_what_cannot_work_is_one_line(ddpg, line, message):
    code, out, err = ddpg(line)
    assert code == 2
    assert out == ""
    assert message in err
    assert len(err.strip().splitlines()) == 1
