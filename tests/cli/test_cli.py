"""The command line, as typed: most of it in this process, what needs one in its own."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from shared import TINY, same

from ddpg_lib import RECIPES, Config, evaluate, load, train
from ddpg_lib.cli import main as cli
from ddpg_lib.cli.commands import parse_kwargs, parse_seeds
from ddpg_lib.results import reproduce as reproduction
from ddpg_lib.results.recorded import RecordedRun
from ddpg_lib.results.reproduce import Experiment

ROOT = Path(__file__).resolve().parents[2]
SHORT = (
    "--hidden 8 8 --batch-size 8 --warmup-steps 30 --steps 450 --eval-every 150 --eval-episodes 1"
)


@pytest.fixture
def ddpg(capsys, tmp_path, monkeypatch):
    """Carry out a line in an empty folder; gives the exit code and what was said."""
    monkeypatch.chdir(tmp_path)

    def call(line):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.showwarning", lambda *a, **k: None)
            try:
                code = cli.main(shlex.split(line))
            except SystemExit as stop:  # of --help
                code = stop.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    train("Pendulum-v1", TINY, [3, 8], folder=folder, progress=False)
    return folder


# ---- train ----


def test_train_is_the_librarys_train(ddpg, tmp_path):
    code, out, err = ddpg(f"train Pendulum-v1 --seeds 3 8 --folder mine {SHORT} --noise decaying")
    assert code == 0
    assert "Pendulum-v1: 2 agents, 450 steps each" in out
    assert "the run is in mine" in out
    config = Config(
        hidden=(8, 8), batch_size=8, warmup_steps=30, steps=450, eval_every=150, eval_episodes=1,
        noise="decaying",
    )  # fmt: skip
    train("Pendulum-v1", config, [3, 8], folder=tmp_path / "library", progress=False)
    assert same(tmp_path / "mine", tmp_path / "library")
    assert re.search(r"450/450 steps, [\d,]+ agent-steps/s, 00:0\d left, return -\d+", err)


def test_recipes_are_defaults_and_options_override_them(ddpg):
    line = (
        "train Pendulum-v1 --recipe pendulum --no-lr-decay --steps 60 --warmup-steps 50 "
        "--eval-every 60 --eval_episodes=1 --max-grad-norm 2 --env-kwargs g=9.0 --folder r"
    )
    assert ddpg(line)[0] == 0
    run = load("r")
    assert run.config.lr_decay is False
    assert run.config.reward_scale == 0.1
    assert run.config.max_grad_norm == 2.0
    assert run.env_kwargs == {"g": 9.0}


def test_every_hyperparameter_is_an_option_with_its_help(ddpg):
    code, out, _ = ddpg("train --help")
    assert code == 0
    for name in Config.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in out, name
    assert "Fraction by which the target networks follow" in out
    assert "(default: 0.005)" in out
    assert "(default: 12000)" in ddpg("train --recipe pendulum --help")[1]


def test_a_folder_is_made_up_where_none_is_named(ddpg, tmp_path):
    code, out, _ = ddpg(f"train gymnasium:Pendulum-v1 {SHORT}")
    assert code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"gymnasium-Pendulum-v1-\d{8}-\d{6}", folder.name)
    assert f"runs/{folder.name}" in out


@pytest.mark.parametrize(
    ("words", "seeds"), [(["0"], [0]), (["0-3"], [0, 1, 2, 3]), (["5", "7-8"], [5, 7, 8])]
)
def test_seeds(words, seeds):
    assert parse_seeds(words) == seeds


def test_keyword_arguments():
    words = ["continuous=True", "wind_power=1.5", "name=abc", "sizes=(1, 2)", "equation=a=b"]
    assert parse_kwargs(words) == {
        "continuous": True,
        "wind_power": 1.5,
        "name": "abc",
        "sizes": (1, 2),
        "equation": "a=b",
    }


# ---- What cannot work ----


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "Expected one of .*train"),
        ("trian Pendulum-v1", "no command 'trian'; did you mean train"),
        ("train", "Missing .*ENV"),
        ("train Pendulum-v1 --gama 3", "no option --gama; did you mean --gamma"),
        ("train --gama 3 Pendulum-v1", "no option --gama; did you mean --gamma"),
        ("train Pendulum-v1 --gamma abc", "gamma.*'abc'"),
        ("train Pendulum-v1 --gamma 3", "gamma must be at least 0 and below 1; got 3"),
        ("train Pendulum-v1 --steps 10", "steps must be more than warmup_steps"),
        ("train Pendulum-v1 --recipe pendulm", "did you mean pendulum"),
        ("train Pendulum-v1 --recipe=pendulm", "did you mean pendulum"),
        ("train Pendulum-v1 --seeds a", "seeds are numbers such as 3 or ranges such as 0-7"),
        ("train Pendulum-v1 --seeds 3-1", "ranges such as 0-7, not '3-1'"),
        ("train Pendulum-v1 --seeds 1 1", "different numbers"),
        ("train Pendulum-v1 --env-kwargs g", "pairs such as continuous=True"),
        ("train Pendulum-v1 --env-kwargs nonsense=1", "nonsense"),
        ("train Pendulum-v1 --device nowhere", "nowhere|device"),
        ("train Pendulum-v1 --checkpoint-every 0", "checkpoint_every must be at least 1"),
        ("train Pendulm-v1", "did you mean Pendulum-v1"),
        ("train no_module:Pendulum-v1", "no module 'no_module'"),
        ("train CartPole-v1", "Discrete actions"),
        ("resume nowhere", "nowhere holds no run"),
        ("evaluate nowhere", "nowhere holds no run"),
        ("evaluate {run} --episodes 0", "episodes must be at least 1"),
        ("film {run} film.mp4 --seed 4", "no agent with seed 4; seeds: .3, 8"),
        ("film {run} film.mp4 --episodes 0", "episodes must be at least 1"),
        ("plot -o fig.svg", "name one run folder"),
        ("plot {run} -o fig.doc", "ends in .svg, .png or .pdf"),
        ("plot {run} -o /dev/null/fig.svg", "cannot write /dev/null/fig.svg"),
        ("film {run} .", "cannot write .: it is a folder"),
        ("train Pendulum-v1 --folder {run}", "holds a run already"),
        ("reproduce pendulm", "did you mean pendulum"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_one_line_and_exit_code_2(ddpg, run, line, message):
    code, out, err = ddpg(line.format(run=run))
    assert code == 2
    assert out == ""
    assert re.search(message, err), err
    (only,) = err.strip().splitlines()
    assert only.startswith("ddpg: ")


def test_an_unexpected_error_names_its_kind_and_how_to_see_more(ddpg, monkeypatch):
    def broken(*_, **__):
        raise LookupError("lost")

    monkeypatch.setattr("ddpg_lib.cli.commands.train", broken)
    code, _, err = ddpg("train Pendulum-v1")
    assert (code, err) == (2, "ddpg: lost (LookupError; DDPG_DEBUG=1 shows where)\n")
    monkeypatch.setenv("DDPG_DEBUG", "1")
    with pytest.raises(LookupError):
        ddpg("train Pendulum-v1")


# ---- What is done with a run ----


def test_evaluate_prints_each_agents_return(ddpg, run):
    code, out, _ = ddpg(f"evaluate {run} --episodes 3")
    assert code == 0
    known = load(run)
    returns = evaluate(known.agent, "Pendulum-v1", 3).mean(axis=1)
    for seed, value in zip((3, 8), returns, strict=True):
        assert f"seed {seed}: {value:.1f}" in out
    assert "3 episodes of each agent" in out
    assert ddpg(f"evaluate {run} --episodes 3 --seed 5")[1] != out


def test_plot_draws_runs_and_the_ending_says_the_format(ddpg, run, tmp_path):
    assert ddpg(f"plot {run} {run} -o both.svg")[0] == 0
    assert (tmp_path / "both.svg").read_text().startswith("<?xml")
    assert ddpg(f"plot {run} --output deep/er/one.png")[0] == 0
    assert (tmp_path / "deep/er/one.png").read_bytes().startswith(b"\x89PNG")


def test_film_plays_in_a_browser(ddpg, run, tmp_path):
    pytest.importorskip("pygame")
    code, out, _ = ddpg(f"film {run} film.mp4 --seed 8")
    assert code == 0
    data = (tmp_path / "film.mp4").read_bytes()
    assert data[4:8] == b"ftyp"
    assert len(data) > 5_000
    assert re.search(r"the agent with seed 8, return -\d+\.\d", out)


def test_recipes_can_be_typed_again(ddpg):
    code, out, _ = ddpg("recipes")
    assert code == 0
    assert {"default", "pendulum"} <= set(re.findall(r"^\w+", out, re.MULTILINE))
    for name, text in re.findall(r"^(\w+)\n((?:  .*\n)+)", out, re.MULTILINE):
        lines = [x.split() for x in text.splitlines() if not x.endswith("None")]
        words = [w for line in lines for w in line]
        assert cli.parse(["train", "X", *words]).config == RECIPES[name]


def test_reproduce_leaves_a_manifest(ddpg, tmp_path, monkeypatch):
    changes = {"steps": 60, "warmup_steps": 50, "eval_every": 60, "eval_episodes": 1}
    tiny = Experiment("Pendulum-v1", "pendulum", (0, 1), changes)
    monkeypatch.setitem(reproduction.EXPERIMENTS, "tiny", tiny)
    assert ddpg("reproduce tiny --no-compile")[0] == 0
    manifest = json.loads((tmp_path / "reproduced/tiny/record/manifest.json").read_text())
    assert manifest["command"] == "ddpg reproduce tiny --no-compile"
    assert manifest["seeds"] == [0, 1]
    assert manifest["config"]["steps"] == 60
    assert {"torch", "numpy", "gymnasium", "python"} <= set(manifest["versions"])
    assert manifest["hardware"]["cores"] == os.cpu_count()
    assert manifest["wall time in seconds"] > 0
    if (ROOT / ".git").exists():
        head = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        assert manifest["commit"].rstrip("+") == head
    # What ships says the same as the run folder, and its networks act as those trained.
    known = load(tmp_path / "reproduced/tiny")
    kept = RecordedRun.read(tmp_path / "reproduced/tiny/record")
    assert kept.config == known.config
    assert kept.steps.tolist() == [0, 60]
    np.testing.assert_allclose(kept.curves, known.curves, rtol=1e-5)
    obs = np.ones((2, 3))
    np.testing.assert_array_equal(kept.agent().act(obs), known.agent.act(obs))
    np.testing.assert_array_equal(kept.agent().q(obs), known.agent.q(obs))
    assert not np.array_equal(kept.agent("start").act(obs), known.agent.act(obs))
    assert manifest["final return"]["iqm"] == pytest.approx(kept.final.mean(), rel=1e-5)
    assert kept.final.shape == (2, 100)
    # Again: it is finished, so the same results come at once. Another run's folder is refused.
    assert ddpg("reproduce tiny --no-compile")[0] == 0
    again = json.loads((tmp_path / "reproduced/tiny/record/manifest.json").read_text())
    assert again["sha256"] == manifest["sha256"]
    monkeypatch.setitem(
        reproduction.EXPERIMENTS, "other", Experiment("Pendulum-v1", "pendulum", (5,))
    )
    code, _, err = ddpg("reproduce other --folder reproduced/tiny")
    assert code == 2
    assert "holds another run" in err


# ---- In a process of its own ----


@pytest.mark.slow
def test_ctrl_c_then_resume_ends_as_without(tmp_path):
    command = [sys.executable, "-m", "ddpg_lib"]
    options = [*SHORT.split(), "--steps", "1000", "--seeds", "1", "2"]
    process = subprocess.Popen(
        [*command, "train", "Pendulum-v1", *options, "--folder", tmp_path / "a"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (tmp_path / "a/curves.csv").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Continue with: ddpg resume {tmp_path}/a" in said
    assert "Traceback" not in said
    assert cli.main(["resume", str(tmp_path / "a")]) == 0
    assert cli.main(["train", "Pendulum-v1", *options, "--folder", str(tmp_path / "b")]) == 0
    np.testing.assert_array_equal(load(tmp_path / "a").returns, load(tmp_path / "b").returns)


def test_the_program_is_installed_and_fast_to_refuse(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ddpg_lib", "evaluate", "nowhere"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "ddpg: nowhere holds no run: begin one with `ddpg train`\n"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'ddpg = "ddpg_lib.cli.main:main"' in text
