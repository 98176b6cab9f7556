"""What tests of several folders use."""

import signal
from pathlib import Path

from ddpg_lib import Config
from ddpg_lib.runs.folder import CHECKPOINT
from ddpg_lib.runs.saving import load, pack

TINY = Config(
    hidden=(8, 8), batch_size=8, buffer_size=300, warmup_steps=30, steps=450, eval_every=150,
    eval_episodes=1, noise="ornstein_uhlenbeck", lr_decay=True,
)  # fmt: skip


def content(folder):
    """All that a run has left, but for its wall time and random states that it never used."""
    tensors = {}
    state = pack(load(Path(folder) / CHECKPOINT).state["training"], tensors)
    texts = [(Path(folder) / name).read_text() for name in ("curves.csv", "episodes.csv")]
    weights = (Path(folder) / "actors.safetensors").read_bytes()
    arrays = {name: x.numpy().tobytes() for name, x in tensors.items()}
    return state, arrays, texts, weights


def same(one, other):
    a, b = content(one), content(other)
    assert a[0] == b[0]
    assert a[1].keys() == b[1].keys()
    assert [name for name in a[1] if a[1][name] != b[1][name]] == []
    assert a[2:] == b[2:]
    return True


def stopping(at):
    """Press Ctrl-C in the evaluation at a step."""

    def press(run):
        if run.step == at:
            signal.raise_signal(signal.SIGINT)

    return press


def step_of(folder):
    """The step of a run's last checkpoint."""
    return load(Path(folder) / CHECKPOINT).state["training"]["step"]
