"""Checkpoints: nothing is lost on the way, and no bad file or bad disk does harm."""

import contextlib
import errno
import json
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from shared import TINY, step_of, stopping

from ddpg_lib import CheckpointError, resume, train
from ddpg_lib.runs.folder import CHECKPOINT
from ddpg_lib.runs.interrupts import Interrupted
from ddpg_lib.runs.saving import FORMAT, VERSION, _digest, load, pack, save, unpack

# ---- Values ----

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.integers() | st.text(), x) | st.tuples(x, x),
)


@settings(deadline=None, max_examples=60)
@given(plain)
def test_plain_values_come_back_through_json(value):
    assert unpack(json.loads(json.dumps(pack(value, {}))), {}) == value


def test_arrays_that_appear_twice_are_stored_once():
    weights, table = torch.ones(2, 3), np.arange(4)
    tensors = {}
    saved = pack({"weights": weights, "again": [weights], "table": table}, tensors)
    assert sorted(tensors) == ["run.table", "run.weights"]
    back = unpack(json.loads(json.dumps(saved)), tensors)
    assert back["again"][0] is back["weights"]
    np.testing.assert_array_equal(back["table"], table)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match=r"run\.extra, a set, cannot be written"):
        pack({"extra": {1, 2}}, {})


# ---- Bad files ----


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was stopped at step 150 of 450."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.raises(Interrupted):
        train("Pendulum-v1", TINY, folder=folder, progress=False, on_evaluation=stopping(150))
    return folder


@pytest.fixture
def broken(run, tmp_path):
    """A copy of it, to be broken."""
    shutil.copytree(run, tmp_path / "broken")
    return tmp_path / "broken"


def refused(folder, message):
    with pytest.raises(CheckpointError, match=message) as error:
        resume(folder, progress=False)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_truncated_file_is_refused_wherever_it_ends(broken):
    data = (broken / CHECKPOINT).read_bytes()
    for length in [0, 1, 7, 8, 9, 100, len(data) // 2, len(data) - 1]:
        (broken / CHECKPOINT).write_bytes(data[:length])
        refused(broken, "damaged, or no checkpoint")


def test_a_changed_bit_is_noticed_wherever_it_is(broken):
    data = bytearray((broken / CHECKPOINT).read_bytes())
    header = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(0)
    places = [*rng.integers(0, header, 60), *rng.integers(header, len(data), 60), len(data) - 1]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        (broken / CHECKPOINT).write_bytes(changed)
        refused(broken, "damaged|not a checkpoint|format version|cannot be used")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


@pytest.mark.parametrize("foreign", ["pickle", "torch", "safetensors", "text", "huge header"])
def test_a_foreign_file_is_refused_and_never_run(broken, foreign, monkeypatch):
    monkeypatch.chdir(broken)
    path = broken / CHECKPOINT
    if foreign == "pickle":
        path.write_bytes(pickle.dumps(Evil()))
    elif foreign == "torch":
        torch.save({"model": Evil()}, path)
    elif foreign == "safetensors":
        save_file({"weight": torch.zeros(3)}, path)
    elif foreign == "text":
        path.write_text("step,return\n" * 100)
    else:
        path.write_bytes((2**62).to_bytes(8, "little") + b"{}" * 50)
    refused(broken, "damaged, or no checkpoint|is not a checkpoint of ddpg_lib")
    assert not (broken / "pwned").exists()


def forge(folder, change):
    """Change what a checkpoint says, with a right checksum, as an attacker would."""
    path = folder / CHECKPOINT
    saved, tensors = load(path), {}
    content = {"about": saved.about, "state": pack(saved.state, tensors)}
    change(content, tensors)
    text = json.dumps(content)
    metadata = {"format": FORMAT, "version": str(VERSION), "content": text}
    tensors = {name: x.clone() for name, x in tensors.items()}
    save_file(tensors, path, {**metadata, "sha256": _digest(text, tensors)})
    (folder / "config.json").write_text(json.dumps(content["about"]))


def set_config(**values):
    return lambda content, tensors: content["about"]["config"].update(values)


@pytest.mark.parametrize(
    "change",
    [
        set_config(hidden=[10**6, 10**6]),
        set_config(hidden=[16, 16]),
        set_config(hidden="abc"),
        set_config(eval_episodes=10**9),
        set_config(buffer_size=10**15),
        set_config(batch_size="many"),
        set_config(gamma=2.0),
        set_config(unknown=1),
        lambda content, tensors: content["about"].update(seeds=[0] * 3),
        lambda content, tensors: content["about"].update(seeds=[0, 1, 2]),
        lambda content, tensors: content["about"].update(env="Pendulum-v999"),
        lambda content, tensors: content["about"].update(env=["Pendulum-v1"]),
        lambda content, tensors: content["about"].update(device="nowhere"),
        lambda content, tensors: content["about"].clear(),
        lambda content, tensors: content.update(state=[]),
        lambda content, tensors: content.update(state={"$dict": []}),
        lambda content, tensors: content["state"]["$dict"].pop(),
        lambda content, tensors: tensors.update({n: x.reshape(-1)[:0] for n, x in tensors.items()}),
        lambda content, tensors: tensors.clear(),
    ],
)
def test_a_forged_file_is_refused(broken, change):
    forge(broken, change)
    refused(broken, "cannot be used|damaged")


def test_a_deep_file_is_refused(broken):
    path = broken / CHECKPOINT
    deep = "[" * 100_000 + "]" * 100_000
    text = f'{{"about": {{}}, "state": {deep}}}'
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "content": text,
        "sha256": _digest(text, {}),
    }
    save_file({}, path, metadata)
    refused(broken, "damaged, or no checkpoint: RecursionError")


def test_an_environment_from_the_run_folder_is_not_imported(broken, monkeypatch):
    (broken / "trap.py").write_text("import os; os.mkdir('pwned')")
    monkeypatch.chdir(broken)
    monkeypatch.syspath_prepend(str(broken))
    forge(broken, lambda content, tensors: content["about"].update(env="trap:Pendulum-v1"))
    refused(broken, "would run code from the folder")
    assert not (broken / "pwned").exists()


def test_a_newer_format_is_named(broken):
    path = broken / CHECKPOINT
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, {**metadata, "version": "9"})
    refused(broken, "format version 9.*reads version 3")


def test_a_damaged_config_of_a_run_without_checkpoint(broken):
    (broken / CHECKPOINT).unlink()
    (broken / "config.json").write_text("{")
    refused(broken, "config.json is damaged")
    (broken / "config.json").write_text("[]")
    refused(broken, "config.json cannot be used")


# ---- Bad disks ----


@contextlib.contextmanager
def mounted(folder, options):
    """A small file system of its own, where the system lets us mount one."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("cannot mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith("events")}


def test_a_disk_that_fills_up_stops_the_run_and_leaves_the_last_checkpoint(tmp_path):
    folder = tmp_path / "disk"
    with mounted(folder, "size=2m"):
        kept = {}

        def fill(run):
            if run.step == 150:
                kept.update(contents(folder))
                with contextlib.suppress(OSError), open(folder / "filler", "wb") as filler:
                    while True:
                        filler.write(b"x" * 4096)
                        filler.flush()

        with pytest.raises(CheckpointError, match=r"cannot write .*: the disk is full: free some"):
            train(
                "Pendulum-v1", TINY, folder=folder, progress=False, checkpoint_every=10,
                on_evaluation=fill,
            )  # fmt: skip
        assert step_of(folder) == 140
        assert contents(folder)[CHECKPOINT] == kept[CHECKPOINT]
        (folder / "filler").unlink()
        assert resume(folder, progress=False).steps[-1] == 450


def test_a_disk_that_is_too_small_is_refused_before_the_first_step(tmp_path):
    folder = tmp_path / "disk"
    with mounted(folder, "size=2m"):
        with pytest.raises(CheckpointError, match=r"2 MiB left and the run needs \d+ MiB: free"):
            train(
                "Pendulum-v1", TINY, buffer_size=200_000, steps=200_000,
                folder=folder, progress=False,
            )  # fmt: skip
        assert list(folder.iterdir()) == []


def test_a_read_only_folder_is_refused_before_the_first_step(tmp_path):
    folder = tmp_path / "disk"
    with mounted(folder, "size=4m,ro"):
        for path in (folder, folder / "new"):
            with pytest.raises(CheckpointError, match=r"cannot (make|write) .*(R|r)ead-only"):
                train("Pendulum-v1", TINY, folder=path, progress=False)


def test_a_folder_that_becomes_read_only_stops_the_run(tmp_path):
    folder = tmp_path / "disk"
    with mounted(folder, "size=4m"):

        def lock(run):
            if run.step == 150:
                subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
                subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)

        with pytest.raises(CheckpointError, match=r"cannot write .*folder cannot be written to"):
            train(
                "Pendulum-v1", TINY, folder=folder, progress=False, checkpoint_every=10,
                on_evaluation=lock,
            )  # fmt: skip
        assert step_of(folder) == 140
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written to"), (errno.EIO, "rror")],
)
def test_a_failing_write_leaves_the_old_checkpoint(tmp_path, monkeypatch, number, message):
    """The same on systems without mounts: the error comes after the file was written."""
    path = tmp_path / CHECKPOINT
    save(path, {"x": np.arange(3)}, {})
    before = path.read_bytes()

    def fail(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CheckpointError, match=message):
        save(path, {"x": np.arange(4)}, {})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [CHECKPOINT]
