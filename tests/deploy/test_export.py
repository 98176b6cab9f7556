"""`ddpg export`: the policy of a run in a file of its own."""

import re
import sys

import numpy as np
import pytest
from shared import TINY

from ddpg_lib import load, train
from ddpg_lib.cli import main as cli
from ddpg_lib.deploy.numpy_policy import load_policy

OBS = np.random.default_rng(0).normal(size=(2, 50, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    short = TINY.replace(steps=60, eval_every=60)
    train("Pendulum-v1", short, [3, 8], folder=folder, progress=False)
    return folder


@pytest.fixture
def export(run, capsys, tmp_path, monkeypatch):
    """Carry out a line in an empty folder; gives the exit code and what was said."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = cli.main(["export", str(run), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_by_default_the_best_agent_is_written(export, run):
    code, out, _ = export("policy.npz")
    assert code == 0
    known = load(run)
    best = int(known.curves[:, -1].argmax())
    first, second = out.splitlines()
    value = known.curves[best, -1]
    assert first == f"policy.npz: the agent with seed {(3, 8)[best]}, last return {value:.1f}"
    assert second == "Use: action = ddpg_lib.load_policy('policy.npz')(obs)"
    actions = load_policy("policy.npz")(OBS[best])
    np.testing.assert_allclose(actions, known.agent.act(OBS)[best], atol=4e-6)
    with np.load("policy.npz") as file:
        assert (str(file["env"]), str(file["seed"])) == ("Pendulum-v1", str((3, 8)[best]))


@pytest.mark.parametrize("place", [0, 1])
def test_a_seed_chooses_the_agent(export, run, place):
    seed = (3, 8)[place]
    assert f"seed {seed}, last" in export("deep/er/policy.npz", "--seed", str(seed))[1]
    actions = load_policy("deep/er/policy.npz")(OBS[place])
    np.testing.assert_allclose(actions, load(run).agent.act(OBS)[place], atol=4e-6)


def test_the_line_on_how_to_use_an_onnx_file_is_true(export, run):
    onnxruntime = pytest.importorskip("onnxruntime", reason='pip install "ddpg-lib[onnx]"')
    pytest.importorskip("onnx", reason='pip install "ddpg-lib[onnx]"')
    code, out, _ = export("policy.onnx", "--seed", "8")
    assert code == 0
    (line,) = re.findall(r"^Use: (.*)$", out, re.MULTILINE)
    names = {"onnxruntime": onnxruntime, "obs": OBS[1]}
    exec(line, names)
    np.testing.assert_allclose(names["action"], load(run).agent.act(OBS)[1], atol=4e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([".npz"], ".npz: choose a name that ends in .npz or .onnx"),
        (["policy.pt"], "policy.pt: choose a name that ends in .npz or .onnx"),
        (["policy"], "policy: choose a name that ends in .npz or .onnx"),
        (["policy.npz", "--seed", "4"], r"no agent with seed 4; seeds: \[3, 8\]"),
        (["/dev/null/policy.npz"], "cannot write /dev/null/policy.npz"),
    ],
)
def test_what_cannot_work_is_one_line(export, words, message):
    code, out, err = export(*words)
    assert (code, out) == (2, "")
    assert re.fullmatch(f"ddpg: .*{message}.*\n", err)


def test_what_is_no_format_is_refused_before_the_run_is_read(export, monkeypatch):
    monkeypatch.setattr("ddpg_lib.runs.session.load", None)
    assert "ends in .npz or .onnx" in export("policy.pt")[2]
    monkeypatch.setitem(sys.modules, "onnx", None)  # as where it is not installed
    assert 'pip install "ddpg-lib[onnx]"' in export("policy.onnx")[2]
