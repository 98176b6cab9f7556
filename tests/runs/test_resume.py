"""A run that is killed at any moment, and continued, ends as the run that was not."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from shared import TINY, same, step_of, stopping

from ddpg_lib import CheckpointError, resume, train
from ddpg_lib.runs.folder import CHECKPOINT, RunFolder
from ddpg_lib.runs.interrupts import Interrupted, Interrupts

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def begun(folder, since):
    """Whether a file is being written: its temporary form is there, from this life."""
    for path in folder.glob(".*tmp*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime_ns > since:
                return True
    return False


class Lives:
    """The server of ``restarts.py``."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/restarts.py")], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def begin(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self):
        """How the life ended: 0, or minus the signal that ended it."""
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@posix
@pytest.mark.slow
def test_thirty_kills_at_random_moments_change_nothing(tmp_path):
    lives = Lives()
    rng = random.Random(7)
    changes = {"batch_size": 8, "buffer_size": 500, "warmup_steps": 50, "steps": 1000}
    changes |= {"eval_every": 100, "eval_episodes": 1}
    kills, inside, runs, moments = 0, 0, 0, []
    while kills < 30 or inside < 5:
        runs += 1
        assert runs < 40
        request = {"environment": "Pendulum-v1", "seeds": [runs, 100 + runs], "changes": changes}
        lives.begin(folder=str(tmp_path / f"whole{runs}"), **request)
        assert lives.end() == 0
        folder = tmp_path / f"killed{runs}"
        while True:
            child = lives.begin(folder=str(folder), **request)
            began, born = time.perf_counter(), time.time_ns()
            until, in_write = rng.uniform(0.0, 0.4), rng.random() < 0.5
            while time.perf_counter() < began + until:
                time.sleep(0.001)
            while in_write and time.perf_counter() < began + 2 and not begun(folder, born):
                pass  # a write takes a few milliseconds
            with contextlib.suppress(ProcessLookupError):  # it may have ended
                os.kill(child, signal.SIGKILL)
            if lives.end() == 0:
                break
            kills += 1
            inside += begun(folder, born)
            moments.append(step_of(folder) if (folder / CHECKPOINT).exists() else 0)
        assert same(tmp_path / f"whole{runs}", folder)
        assert not list(folder.glob(".*tmp*"))  # what the killed left is gone
    lives.close()
    print(f"{kills} kills in {runs} runs, {inside} of them inside a write, at steps {moments}")
    assert len(set(moments)) > 10


def needs(env):
    if "Lander" in env:
        pytest.importorskip("Box2D")
    if "Cheetah" in env or "Hopper" in env:
        pytest.importorskip("mujoco")


@pytest.mark.parametrize(
    ("env", "env_kwargs"),
    [
        ("Pendulum-v1", {}),
        ("MountainCarContinuous-v0", {"max_episode_steps": 70}),
        ("LunarLander-v3", {"continuous": True, "enable_wind": True}),
        ("HalfCheetah-v5", {}),
        ("Hopper-v5", {}),
    ],
)
def test_a_run_stopped_in_the_middle_of_episodes_ends_the_same(tmp_path, env, env_kwargs):
    needs(env)
    whole = train(
        env, TINY, [1, 2], env_kwargs=env_kwargs, folder=tmp_path / "whole", progress=False
    )
    with pytest.raises(Interrupted):
        train(
            env, TINY, [1, 2], env_kwargs=env_kwargs, folder=tmp_path / "broken",
            progress=False, on_evaluation=stopping(150),
        )  # fmt: skip
    with pytest.raises(Interrupted):
        resume(tmp_path / "broken", progress=False, on_evaluation=stopping(300))
    continued = resume(tmp_path / "broken", progress=False)
    assert same(tmp_path / "whole", tmp_path / "broken")
    np.testing.assert_array_equal(continued.returns, whole.returns)
    assert continued.episodes == whole.episodes
    assert continued.config == whole.config


@pytest.mark.parametrize(
    "options",
    [
        {"n_step": 5, "policy_delay": 2, "normalize_obs": True, "max_grad_norm": 1.0},
        {"layer_norm": "both", "invert_gradients": True, "noise": "decaying"},
        {"batch_norm": "both", "critic_weight_decay": 0.01, "dqda_clipping": 1.0},
        {"memory": 5, "sequence_length": 6, "burn_in": 3, "layer_norm": "both"},
        {"memory": 5, "stored_states": False, "normalize_obs": True, "policy_delay": 2},
        {"precision": "bfloat16", "hidden": (128, 128), "batch_size": 128},
    ],
)
@pytest.mark.filterwarnings("ignore:precision is bfloat16")
def test_every_option_comes_back(tmp_path, options):
    config = TINY.replace(**options)
    train("Pendulum-v1", config, [1, 2], folder=tmp_path / "whole", progress=False)
    with pytest.raises(Interrupted):
        train(
            "Pendulum-v1", config, [1, 2], folder=tmp_path / "broken", progress=False,
            on_evaluation=stopping(150),
        )  # fmt: skip
    resume(tmp_path / "broken", progress=False)
    assert same(tmp_path / "whole", tmp_path / "broken")


class Hidden(gym.Env):
    """Rewards come from a generator of its own, which no seed given to ``reset`` brings back."""

    observation_space = Box(-np.inf, np.inf, (2,))
    action_space = Box(-1.0, 1.0, (1,))

    def __init__(self, seed=5):
        self.own, self.t, self.x = np.random.default_rng(seed), 0, 0.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t, self.x = 0, float(self.own.normal())
        return np.array([self.t, self.x], np.float32), {}

    def step(self, action):
        self.t += 1
        self.x += float(action[0]) + 0.1 * float(self.own.normal() + self.np_random.normal())
        return np.array([self.t, self.x], np.float32), -(self.x**2), False, False, {}


class Savable(Hidden):
    """The same, with the two methods that the library asks for."""

    def state_dict(self):
        return {"t": self.t, "x": self.x, "own": self.own.bit_generator.state}

    def load_state_dict(self, state):
        self.t, self.x = state["t"], state["x"]
        self.own.bit_generator.state = state["own"]


def limited(kind):
    return lambda: gym.wrappers.TimeLimit(kind(), 40)


def broken_off(env, folder, at=150):
    with pytest.raises(Interrupted):
        train(env, TINY, [4], folder=folder, progress=False, on_evaluation=stopping(at))


def test_an_environment_can_save_its_state_itself(tmp_path):
    # Each evaluation resets its environments with seeds, which must bring back all that is random.
    class Seeded(Savable):
        def reset(self, *, seed=None, options=None):
            if seed is not None:
                self.own = np.random.default_rng(seed)
            return super().reset(seed=seed, options=options)

    train(limited(Seeded), TINY, [4], folder=tmp_path / "whole", progress=False)
    broken_off(limited(Seeded), tmp_path / "broken")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resume(tmp_path / "broken", env=limited(Seeded), progress=False)
    assert same(tmp_path / "whole", tmp_path / "broken")


def test_an_environment_that_does_not_come_back_is_said_to_begin_a_new_episode(tmp_path):
    broken_off(limited(Hidden), tmp_path)
    with pytest.warns(UserWarning, match="seeds 4 do not come back.*new episode.*state_dict"):
        run = resume(tmp_path, env=limited(Hidden), progress=False)
    # Episodes of 40 steps: cut off at 150, begun again, and none counted twice.
    assert [step for step, _ in run.episodes[0]] == [40, 80, 120, *range(190, 451, 40)]
    assert len(run.agent.replay) == 300
    assert run.steps.tolist() == [0, 150, 300, 450]


def test_a_function_is_needed_again(tmp_path):
    broken_off(limited(Hidden), tmp_path)
    with pytest.raises(CheckpointError, match=r"function of your own: give it again, env="):
        resume(tmp_path, progress=False)


# ---- Ctrl-C ----


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, capsys):
    folder = tmp_path / "a run"
    with pytest.raises(KeyboardInterrupt):
        train("Pendulum-v1", TINY, folder=folder, progress=False, on_evaluation=stopping(150))
    said = capsys.readouterr().err
    assert "Ctrl-C again stops at once" in said
    assert f"Saved at step 150. Continue with: ddpg resume '{folder}'" in said
    assert step_of(folder) == 150
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_ctrl_c_stops_at_once(tmp_path):
    def twice(run):
        if run.step == 300:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stopped:
        train("Pendulum-v1", TINY, folder=tmp_path, progress=False, on_evaluation=twice)
    assert not isinstance(stopped.value, Interrupted)
    assert step_of(tmp_path) == 150  # the last good one


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
            assert not interrupts.noted
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_a_folder_ctrl_c_is_pythons_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []

    def press(run):
        seen.append(run.step)
        if run.step == 150:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stopped:
        train("Pendulum-v1", TINY, progress=False, on_evaluation=press)
    assert not isinstance(stopped.value, Interrupted)
    assert seen == [0, 150]
    assert list(tmp_path.iterdir()) == []


# ---- The folder ----


def test_a_folder_holds_one_run(tmp_path):
    first = train("Pendulum-v1", TINY, folder=tmp_path, progress=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CheckpointError, match=r"holds a run already.*ddpg resume .*another folder"):
        train("Pendulum-v1", TINY, folder=tmp_path, progress=False)
    again = resume(tmp_path, progress=False)  # finished: nothing is done
    np.testing.assert_array_equal(first.returns, again.returns)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(CheckpointError, match="holds no run"):
        resume(tmp_path / "elsewhere", progress=False)
    with pytest.raises(CheckpointError, match="is a file"):
        train("Pendulum-v1", TINY, folder=tmp_path / "curves.csv", progress=False)


def test_what_cannot_work_leaves_no_folder(tmp_path):
    for wrong in ({"env": "CartPole-v1"}, {"seeds": [1, 1]}, {"checkpoint_every": 0}):
        with pytest.raises(ValueError, match=r"Discrete|seeds|checkpoint_every"):
            train(**{"env": "Pendulum-v1", **wrong}, folder=tmp_path / "new", progress=False)
    assert not (tmp_path / "new").exists()


@posix
def test_one_process_at_a_time(tmp_path):
    pytest.importorskip("fcntl")
    holder = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, sys; f = open(sys.argv[1], 'w');"
         "fcntl.lockf(f, fcntl.LOCK_EX); print(1, flush=True); sys.stdin.read()",
         str(tmp_path / ".lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    holder.stdout.readline()
    with pytest.raises(CheckpointError, match="another process is at work"):
        train("Pendulum-v1", TINY, folder=tmp_path, progress=False)
    holder.communicate()
    train("Pendulum-v1", TINY, folder=tmp_path, progress=False)


def test_the_curves_on_disk_are_the_runs(tmp_path):
    run = train("Pendulum-v1", TINY, [3, 8], folder=tmp_path, progress=False)
    rows = np.genfromtxt(tmp_path / "curves.csv", delimiter=",", names=True)
    assert rows.dtype.names == ("step", "seed", "return_", "critic_loss", "q")
    np.testing.assert_array_equal(rows["step"].reshape(-1, 2).T, [run.steps] * 2)
    np.testing.assert_array_equal(rows["seed"].reshape(-1, 2), [[3, 8]] * 4)
    np.testing.assert_array_equal(rows["return_"].reshape(-1, 2).T, run.curves)
    np.testing.assert_array_equal(rows["q"].reshape(-1, 2).T, run.metrics["q"])
    episodes = np.genfromtxt(tmp_path / "episodes.csv", delimiter=",", names=True)
    for seed, expected in zip(run.seeds, run.episodes, strict=True):
        mine = episodes[episodes["seed"] == seed]
        assert list(zip(mine["step"], mine["return_"], strict=True)) == expected
    about = json.loads((tmp_path / "config.json").read_text())
    assert about["seeds"] == [3, 8]
    assert about["config"]["hidden"] == [8, 8]
    assert {"python", "torch", "numpy", "gymnasium", "threads"} <= set(about["versions"])


def test_the_final_actors_act_alike_in_plain_numpy(tmp_path):
    from safetensors.numpy import load_file

    run = train("Pendulum-v1", TINY, [3, 8], folder=tmp_path, progress=False)
    w = load_file(tmp_path / "actors.safetensors")
    obs = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    for i in range(2):
        x = obs[i]
        for k in range(3):
            x = x @ w[f"layers.{k}.weight"][i] + w[f"layers.{k}.bias"][i]
            x = np.maximum(x, 0) if k < 2 else 2 * np.tanh(x)
        np.testing.assert_allclose(run.agent.act(obs)[i], x, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_shows_the_same_curves_across_a_break(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with pytest.raises(Interrupted):
        train(
            "Pendulum-v1",
            TINY,
            [3, 8],
            folder=tmp_path,
            progress=False,
            on_evaluation=stopping(150),
        )
    run = resume(tmp_path, progress=False)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    for i, seed in enumerate(run.seeds):
        points = events.Scalars(f"return/seed {seed}")
        assert [point.step for point in points] == run.steps.tolist()
        np.testing.assert_allclose([point.value for point in points], run.curves[i], rtol=1e-6)


def test_other_versions_are_said(tmp_path):
    with pytest.raises(Interrupted):
        train("Pendulum-v1", TINY, folder=tmp_path, progress=False, on_evaluation=stopping(150))
    torch.set_num_threads(torch.get_num_threads() + 1)
    try:
        with pytest.warns(UserWarning, match=r"threads \d+ \(now \d+\).*rounding"):
            resume(tmp_path, progress=False)
    finally:
        torch.set_num_threads(torch.get_num_threads() - 1)


@pytest.mark.parametrize("last", ["save_actors", "save"])
def test_a_kill_between_the_last_two_files_loses_neither(tmp_path, monkeypatch, last):
    """The actors must be there before a checkpoint says that the run is finished."""

    class KilledError(Exception):
        pass

    write = getattr(RunFolder, last)

    def killed(self, subject, *step):
        if last == "save_actors" or step == (TINY.steps,):
            raise KilledError
        write(self, subject, *step)

    train("Pendulum-v1", TINY, (3,), folder=tmp_path / "whole", progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, last, killed)
        with pytest.raises(KilledError):
            train("Pendulum-v1", TINY, (3,), folder=tmp_path / "killed", progress=False)
    resume(tmp_path / "killed", progress=False)
    assert same(tmp_path / "whole", tmp_path / "killed")
