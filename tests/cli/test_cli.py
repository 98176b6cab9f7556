"""The command line, as typed: most of it in this process, what needs one in its own."""

import json
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import gymnasium as gym
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backend_bases import FigureCanvasBase
from shared import TINY, same

from ddpg_lib import RECIPES, Config, bootstrap_interval, evaluate, iqm, load, train
from ddpg_lib.cli import main as cli
from ddpg_lib.cli.checks import require_environment
from ddpg_lib.cli.commands import FIGURES, Plot, new_folder, parse_kwargs, parse_seeds
from ddpg_lib.evaluation import Scene
from ddpg_lib.figures import use_house_style
from ddpg_lib.results.experiments import EXPERIMENTS, Experiment
from ddpg_lib.results.recorded import RecordedRun

ROOT = Path(__file__).resolve().parents[2]
SHORT = (
    "--hidden 8 8 --batch-size 8 --warmup-steps 30 --steps 450 --eval-every 150 --eval-episodes 1"
)


@pytest.fixture
def ddpg(capsys, tmp_path, monkeypatch):
    """Carry out a line in an empty folder; gives the exit code and what was said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

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


def test_pixels_are_an_encoder_and_leave_a_chosen_one(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "ddpg_lib.runs.session.train", lambda *a, **k: asked.append(a[1].encoder) or stop()
    )

    def stop():
        raise ValueError("enough")

    monkeypatch.setattr("ddpg_lib.cli.commands.require_environment", lambda name: None)
    for line in ("--pixels", "--pixels --encoder separate", "--recipe pendulum_pixels", ""):
        cli.main(["train", "Pendulum-v1", *line.split(), "--folder", "unused"])
    assert asked == ["shared", "separate", "shared", "none"]


def test_images_without_pixels_are_refused_with_the_option(ddpg):
    code, _, err = ddpg("train CarRacing-v3 --folder car")
    assert code != 0
    assert "--pixels" in err


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


def test_folders_made_up_in_the_same_second_differ_and_empty_ones_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ddpg_lib.cli.commands.time.strftime", lambda form: "-now")
    with new_folder("My/Env-v0") as one, new_folder("My/Env-v0") as two:
        assert [str(one), str(two)] == ["runs/My-Env-v0-now", "runs/My-Env-v0-now-2"]
        (two / "config.json").touch()
    assert list((tmp_path / "runs").iterdir()) == [tmp_path / two]
    with new_folder("My/Env-v0") as three, new_folder("My/Env-v0") as four:
        assert [three, four] == [one, Path("runs/My-Env-v0-now-3")]


def test_a_refused_run_leaves_no_folder(ddpg, tmp_path):
    assert ddpg("train Pendulum-v1 --env-kwargs nonsense=1")[0] == 2
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("line", "eval_every"),
    [
        ("--steps 3000", 3_000),
        ("--steps=30_000", 5_000),
        ("--recipe pendulum --steps 2100", 500),
        ("--recipe lunar_lander --steps 9000 --warmup-steps 100", 9_000),
        ("--steps 3000 --eval_every 100", 100),
    ],
)
def test_a_short_run_is_evaluated_at_its_end(line, eval_every):
    assert cli.parse(["train", "X", *line.split()]).config.eval_every == eval_every


DRONE = """
import gymnasium as gym
import numpy as np

class Drone(gym.Env):
    observation_space = action_space = gym.spaces.Box(-1, 1, (2,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), float(action[0]), False, False, {}

gym.register("Drone-v0", Drone, max_episode_steps=10)
"""


def test_a_module_in_this_folder_is_found_and_hides_no_other(ddpg, tmp_path, monkeypatch):
    monkeypatch.delitem(gym.registry, "Drone-v0", raising=False)
    (tmp_path / "ddpg_test_drone.py").write_text(DRONE)
    before = list(sys.path)
    assert ddpg(f"train ddpg_test_drone:Drone-v0 {SHORT} --folder r")[0] == 0
    assert sys.path == [*before, str(tmp_path)]
    assert ddpg("evaluate r --episodes 1")[0] == 0
    require_environment("ddpg_test_drone:Drone")  # the class itself
    code, _, err = ddpg("train ddpg_test_drone:Drome-v0")
    assert code == 2
    assert "no environment 'ddpg_test_drone:Drome-v0'; did you mean Drone-v0" in err


def test_an_id_without_its_version_is_the_latest(ddpg):
    assert ddpg(f"train Pendulum {SHORT} --folder r")[0] == 0


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
    words = ["a=false", "b=TRUE", "c=none", "d=Null", "e='false'", "f=", f"g={'(' * 1000}"]
    values = [False, True, None, None, "false", "", "(" * 1000]
    assert parse_kwargs(words) == dict(zip("abcdefg", values, strict=True))


# ---- What cannot work ----


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "Expected one of .*train"),
        ("trian Pendulum-v1", "no command 'trian'; did you mean train"),
        ("train", "Missing .*ENV"),
        ("train Pendulum-v1 --gama 3", "no option --gama; did you mean --gamma"),
        ("train --gama 3 Pendulum-v1", "no option --gama; did you mean --gamma"),
        ("train Pendulum-v1 --gamma abc", "--gamma takes FLOAT: .*'abc'"),
        ("train Pendulum-v1 --hidden 8 a", r"--hidden takes \[INT .*'a'"),
        ("train Pendulum-v1 --max-grad-norm a", "--max-grad-norm takes .*FLOAT: .*'a'"),
        ("train Pendulum-v1 --gamma 3", "gamma must be at least 0 and below 1; got 3"),
        ("train Pendulum-v1 --steps 10", "steps must be more than warmup_steps"),
        ("train Pendulum-v1 --recipe pendulm", "did you mean pendulum"),
        ("train Pendulum-v1 --recipe=pendulm", "did you mean pendulum"),
        ("train Pendulum-v1 --seeds a", "seeds are numbers such as 3 or ranges such as 0-7"),
        ("train Pendulum-v1 --seeds 3-1", "ranges such as 0-7, not '3-1'"),
        ("train Pendulum-v1 --seeds 1 1", "different numbers"),
        ("train Pendulum-v1 --env-kwargs g", "pairs such as continuous=true"),
        ("train Pendulum-v1 --env-kwargs nonsense=1", "nonsense"),
        ("train Pendulum-v1 --device nowhere", "nowhere|device"),
        ("train Pendulum-v1 --checkpoint-every 0", "checkpoint_every must be at least 1"),
        ("train Pendulm-v1", "did you mean Pendulum-v1"),
        ("train Xyzzyx", "one of your own is called module:Name"),
        ("train no_module:Pendulum-v1", "no module 'no_module' in this folder or installed"),
        ("train CartPole-v1", "Discrete actions"),
        ("train --env Pendulum-v1", "no option --env: give its value alone"),
        ("train Pendulum-v1 --lr 3", "no option --lr; did you mean --actor-lr, --critic-lr.$"),
        ("train Pendulum-v1 --batch 3", "did you mean --batch-norm, --batch-size"),
        ("train Pendulum-v1 --no-decay", "did you mean --no-lr-decay"),
        ("train Pendulum-v1 --steps 3000 --eval-every 5000", "eval_every must be between 1 and"),
        ("train Pendulum-v1 --steps 0", "steps must be more than warmup_steps"),
        ("resume nowhere", "nowhere holds no run"),
        ("resume {run} --device nowhere", "nowhere|device"),
        ("evaluate nowhere", "nowhere holds no run"),
        ("evaluate", "name one run folder"),
        ("evaluate {run} nowhere", "nowhere holds no run"),
        ("evaluate {run} --episodes 0", "episodes must be at least 1"),
        ("evaluate {run} --env-kwargs g", "pairs such as continuous=true"),
        ("evaluate {run} --env-kwargs nonsense=1 --episodes 1", "nonsense"),
        ("film {run} film.mp4 --seed 4", "no agent with seed 4; seeds: .3, 8"),
        ("film {run} film.mp4 --episodes 0", "episodes must be at least 1"),
        ("film {run} film.avi", "film.avi: choose a name that ends in .mp4 or .gif"),
        ("film {run} .", "cannot write .: it is a folder"),
        ("plot -o fig.svg", "name one run folder"),
        ("plot {run} -o fig.doc", "ends in .svg, .pdf, .png, .* or .webp"),
        ("plot {run} -o fig", "fig: choose a name that ends in"),
        ("plot {run} -o /dev/null/fig.svg", "cannot write .*: /dev/null is no folder"),
        ("plot {run} -o /dev/null/a/fig.svg", "cannot write /dev/null/a/fig.svg: Not a directory"),
        ("plot {run} --labels a b", "labels must be one a run, and different; 1 run got 'a', 'b'"),
        ("plot {run} {run} --labels a a", "and different; 2 runs got 'a', 'a'"),
        ("plot {run} --size 3 0", "size must be a width and a height in inches, .* got 3 0"),
        ("plot {run} --size nan 3", "size must be"),
        ("compare nowhere.csv", "there is no file or folder nowhere.csv"),
        ("compare {run}/curves.csv", "does not say which environment it is from: add --env, one"),
        ("compare {run} --env Pendulum-v0", "no recorded agents of Pendulum-v0; did you mean"),
        ("compare {run} -o fig.doc", "ends in .svg, .pdf, .png, .* or .webp"),
        ("train Pendulum-v1 --folder {run}", "holds a run already"),
        ("train Pendulum-v1 --folder {run}/config.json", "is a file: choose another folder"),
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


def test_a_file_without_permission_is_refused_before_the_work(ddpg, run, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert ddpg(f"plot {run} -o a.svg")[::2] == (
        2, "ddpg: cannot write a.svg: you have no permission\n"
    )  # fmt: skip


def test_an_unexpected_error_names_its_kind_and_how_to_see_more(ddpg, monkeypatch):
    def broken(*_, **__):
        raise LookupError("lost")

    monkeypatch.setattr("ddpg_lib.runs.session.train", broken)
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


def test_evaluate_takes_several_runs_and_other_env_kwargs(ddpg, run):
    code, out, _ = ddpg(f"evaluate {run} {run} --episodes 1 --env-kwargs g=0.5 --device cpu")
    assert code == 0
    first, second = re.split(rf"(?m)^{run}$", out)[1:]
    assert first.strip() == second.strip()
    known = load(run)
    value = evaluate(known.agent, "Pendulum-v1", 1, g=0.5)[1, 0]
    assert f"seed 8: {value:.1f}" in first


def test_evaluate_prints_json_and_nothing_else(ddpg, run, monkeypatch):
    def chatty(*arguments, **kwargs):
        print("pybullet build time: today")
        return evaluate(*arguments, **kwargs)

    monkeypatch.setattr("ddpg_lib.evaluation.evaluate", chatty)
    code, out, _ = ddpg(f"evaluate {run} {run} --json --episodes 2 --env-kwargs g=9")
    assert code == 0
    one, other = map(json.loads, out.splitlines())
    assert one == other
    means = evaluate(load(run).agent, "Pendulum-v1", 2, g=9).mean(axis=1)
    assert one["mean_returns"] == means.tolist()
    assert one["interquartile_mean"] == iqm(means)
    assert one["interval_95"] == list(bootstrap_interval(means))
    facts = {"folder", "env", "env_kwargs", "seeds", "episodes", "steps"}
    assert {name: one[name] for name in facts} == {
        "folder": str(run), "env": "Pendulum-v1", "env_kwargs": {"g": 9}, "seeds": [3, 8],
        "episodes": 2, "steps": 450,
    }  # fmt: skip


def test_plot_draws_runs_and_the_ending_says_the_format(ddpg, run, tmp_path):
    assert ddpg(f"plot {run} {run} -o both.svg")[0] == 0
    assert (tmp_path / "both.svg").read_text().startswith("<?xml")
    assert ddpg(f"plot {run} --output deep/er/one.PNG --size 3 2")[0] == 0
    data = (tmp_path / "deep/er/one.PNG").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (330, 220)


def test_compare_says_where_a_run_stands_and_draws_it(ddpg, run, tmp_path):
    code, said, _ = ddpg(f"compare {run} -o deep/er/place.png")
    assert code == 0
    assert "beside 64 recorded agents (ddpg reproduce pendulum_many)" in said
    assert "seed 3: end" in said
    assert "the figure: deep/er/place.png" in said
    assert (tmp_path / "deep/er/place.png").read_bytes().startswith(b"\x89PNG")
    code, said, _ = ddpg(f"compare {run}/curves.csv --env Pendulum-v1 --episodes 1")
    assert (code, "other starts than the recorded ones may account for" in said) == (0, True)


def test_plot_embeds_whole_fonts_and_shows_labels(ddpg, run, tmp_path, monkeypatch):
    labels = []
    monkeypatch.setattr("matplotlib.axes.Axes.legend", lambda ax: labels.append(ax.lines[2]))
    assert ddpg(f"plot {run} -o fig.pdf --labels 'my run'")[0] == 0
    assert labels[0].get_label() == "my run"
    data = (tmp_path / "fig.pdf").read_bytes()
    assert b"/CIDFontType2" in data
    assert b"/Type3" not in data


def test_matplotlib_knows_every_ending_and_the_size_is_the_house_styles():
    use_house_style()
    known = FigureCanvasBase.get_supported_filetypes()
    assert {ending.removeprefix(".") for ending in FIGURES} <= set(known)
    assert list(Plot(()).size) == mpl.rcParams["figure.figsize"]


def test_film_plays_in_a_browser(ddpg, run, tmp_path):
    pytest.importorskip("pygame")
    code, out, _ = ddpg(f"film {run} film.mp4 --seed 8 --device cpu")
    assert code == 0
    data = (tmp_path / "film.mp4").read_bytes()
    assert data[4:8] == b"ftyp"
    assert len(data) > 5_000
    assert re.search(r"the agent with seed 8, return -\d+\.\d", out)


def test_a_film_that_ends_in_gif_is_a_gif(ddpg, run, tmp_path, monkeypatch):
    def play(*_, **__):
        frames = iter(np.full((5, 8, 6, 3), 9, np.uint8))
        return Scene(frames, 30.0, [-1.0])

    monkeypatch.setattr("ddpg_lib.evaluation.play", play)
    assert ddpg(f"film {run} a.GIF")[0] == 0
    assert (tmp_path / "a.GIF").read_bytes().startswith(b"GIF89a")


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
    tiny = Experiment("Pendulum-v1", "pendulum", (300, 301), changes)
    monkeypatch.setitem(EXPERIMENTS, "tiny", tiny)
    assert ddpg("reproduce tiny --no-compile")[0] == 0
    manifest = json.loads((tmp_path / "reproduced/tiny/record/manifest.json").read_text())
    assert manifest["command"] == "ddpg reproduce tiny --no-compile"
    assert manifest["seeds"] == [300, 301]
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
    monkeypatch.setitem(EXPERIMENTS, "other", Experiment("Pendulum-v1", "pendulum", (305,)))
    code, _, err = ddpg("reproduce other --folder reproduced/tiny")
    assert code == 2
    assert "holds another run" in err
    # On a search's seeds nothing is recorded, nor begun.
    monkeypatch.setitem(EXPERIMENTS, "other", Experiment("Pendulum-v1", "pendulum", (105,)))
    code, _, err = ddpg("reproduce other")
    assert code == 2
    assert "other is on seed 105: a recording takes seeds from 300 on" in err
    assert not (tmp_path / "reproduced/other").exists()


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


def in_a_process(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "ddpg_lib", *words],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, check=False,
    )  # fmt: skip


def test_the_program_is_installed(tmp_path):
    done = in_a_process("evaluate", "nowhere")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr == b"ddpg: nowhere holds no run: begin one with `ddpg train`\n"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'ddpg = "ddpg_lib.cli.main:main"' in text


def test_help_and_refusals_import_neither_torch_nor_matplotlib_nor_scipy(tmp_path):
    """They take seconds. The time itself is another on every machine."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/config.json").touch()
    lines = [
        "--help", "train --help", "recipes", "trian", "train X-v0", "train x:X-v0",
        "train Pendulum-v1 --gama 1", "train Pendulum-v1 --gamma 1", "train Pendulum-v1 --recipe x",
        "train Pendulum-v1 --seeds 1 1", "train Pendulum-v1 --env-kwargs x",
        "train Pendulum-v1 --folder run", "train Pendulum-v1 --checkpoint-every 0",
        "evaluate nowhere", "evaluate run --episodes 0", "resume nowhere", "plot nowhere",
        "compare nowhere", "compare run -o fig.doc", "compare run --episodes 0",
        "plot run -o fig.doc", "plot run --size 0 1", "plot run --labels a b", "film nowhere a.mp4",
        "film run a.avi", "film run a.mp4 --episodes 0", "reproduce pendulm",
        "extend nowhere new --steps 9", "extend run run --steps 9", "export nowhere a.npz",
        "export run a.txt",
    ]  # fmt: skip
    program = """
import sys
from ddpg_lib.cli.main import main
for line in sys.argv[1:]:
    try:
        assert main(line.split()) == (0 if line == "recipes" else 2), line
    except SystemExit as stop:
        assert line.endswith("--help") and not stop.code
    heavy = {"torch", "matplotlib", "scipy"} & set(sys.modules)
    assert not heavy, (line, heavy)
"""
    command = [sys.executable, "-c", program, *lines]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_terminal_that_knows_ascii_alone_shows_help_and_refusals():
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = in_a_process("--help", **plain)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"  - train      Train a stack of agents" in done.stdout
    assert b"\\u" not in done.stdout
    done = in_a_process("train", "Pendulum-v1", "--gamma", "größer", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert b"could not convert string to float: 'gr\\xf6\\xdfer'" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("line", ["recipes", "train --help", "evaluate nowhere"])
def test_where_nobody_reads_on_it_ends_silently(line):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "ddpg_lib", *line.split()]
    silent = line != "evaluate nowhere"  # which says so on the other output
    done = subprocess.run(
        command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE if silent else write, check=False
    )
    os.close(write)
    assert done.returncode == 1
    assert not done.stderr


def test_a_pipe_that_broke_elsewhere_is_an_error(ddpg, monkeypatch):
    def broken(*_, **__):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("ddpg_lib.runs.session.train", broken)
    monkeypatch.setattr("ddpg_lib.cli.main._is_unread", lambda: False)
    assert ddpg("train Pendulum-v1")[::2] == (2, "ddpg: [Errno 32] Broken pipe\n")
