"""A run that is killed at any moment, and continued, ends as the run that was not."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ddpg_lib import Config
from ddpg_lib.checkpoint import load
from ddpg_lib.runfolder import CHECKPOINT

ROOT = Path(__file__).resolve().parents[1]
TINY = Config(
    hidden=(8, 8), batch_size=8, buffer_size=300, warmup_steps=30, steps=450, eval_every=150,
    eval_episodes=1, noise="ornstein_uhlenbeck", lr_decay=True,
)  # fmt: skip
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def content(folder):
    """All that a run has left, but for its wall time and random states that it never used."""
    saved = load(Path(folder) / CHECKPOINT)
    state = dict(saved.state["$dict"])
    del state["seconds"], state["elsewhere"]
    texts = [(Path(folder) / name).read_text() for name in ("curves.csv", "episodes.csv")]
    weights = (Path(folder) / "actors.safetensors").read_bytes()
    arrays = {k: v.numpy().tobytes() for k, v in saved.tensors.items() if "elsewhere" not in k}
    return state, arrays, texts, weights


def same(one, other):
    a, b = content(one), content(other)
    assert a[0] == b[0]
    assert a[1].keys() == b[1].keys()
    assert [name for name in a[1] if a[1][name] != b[1][name]] == []
    assert a[2:] == b[2:]
    return True


def begun(path, since):
    """Whether a file is there and was not left by an earlier life."""
    try:
        return path.stat().st_mtime_ns > since
    except FileNotFoundError:
        return False


class Lives:
    """The server of ``restarts.py``."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.restarts"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
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
        temporary = folder / f".{CHECKPOINT}.tmp"
        while True:
            child = lives.begin(folder=str(folder), **request)
            began, born = time.perf_counter(), time.time_ns()
            until, in_write = rng.uniform(0.0, 0.4), rng.random() < 0.5
            while time.perf_counter() < began + until:
                time.sleep(0.001)
            while in_write and time.perf_counter() < began + 2 and not begun(temporary, born):
                pass  # a write takes a few milliseconds
            with contextlib.suppress(ProcessLookupError):  # it may have ended
                os.kill(child, signal.SIGKILL)
            if lives.end() == 0:
                break
            kills += 1
            inside += begun(temporary, born)
            reached = load(folder / CHECKPOINT) if (folder / CHECKPOINT).exists() else None
            moments.append(dict(reached.state["$dict"])["step"] if reached else 0)
        assert same(tmp_path / f"whole{runs}", folder)
    lives.close()
    print(f"{kills} kills in {runs} runs, {inside} of them inside a write, at steps {moments}")
    assert len(set(moments)) > 10
