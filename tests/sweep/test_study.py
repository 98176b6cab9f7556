"""Sweep files: what they make, and what is refused before anything starts."""

import dataclasses
import hashlib
import json
import re

import numpy as np
import pytest

from ddpg_lib import Config
from ddpg_lib.sweep.study import KEYS, Cell, Range, Study, read_study, require_environments

GOOD = """
environments = ["Pendulum-v1", "MountainCarContinuous-v0"]
recipe = "pendulum"
seeds = "100-103"
stack = 2
reserved_seeds = "300-307"
keep_checkpoints = false

[settings]
steps = 3_000

[settings_of."MountainCarContinuous-v0"]
reward_scale = 1.0

[grid]
n_step = [1, 3]
hidden = [[32, 32], [64]]

[random]
draws = 3
seed = 5
actor_lr = { low = 1e-4, high = 1e-2, scale = "log" }
batch_size = { low = 16, high = 64 }
gamma = { values = [0.9, 0.99] }
"""


def study(tmp_path, text=GOOD):
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def test_a_file_is_all_combinations_with_all_draws_of_all_environments_and_stacks(tmp_path):
    found = study(tmp_path)
    cells = found.cells()
    assert len(cells) == 2 * 2 * 3 * 2 * 2
    assert [c.env for c in cells[:4]] == ["Pendulum-v1"] * 2 + ["MountainCarContinuous-v0"] * 2
    assert [c.seeds for c in cells[:2]] == [(100, 101), (102, 103)]
    assert found.names == ["n_step", "hidden", "actor_lr", "batch_size", "gamma"]
    assert {c.config.steps for c in cells} == {3_000}
    assert {c.config.activation for c in cells} == {"tanh"}  # the recipe's
    scales = {(c.env, c.config.reward_scale) for c in cells}
    assert scales == {("Pendulum-v1", 0.1), ("MountainCarContinuous-v0", 1.0)}
    for cell in cells:
        assert {k: getattr(cell.config, k) for k in cell.varied} == cell.varied
    # Every combination of the grid gets the same draws.
    points = list(found.points())
    assert [p["actor_lr"] for p in points[:3]] == [p["actor_lr"] for p in points[3:6]]
    assert len({p["actor_lr"] for p in points}) == 3
    assert len({c.name for c in cells}) == len(cells)


def test_draws_are_those_of_numpys_generator_and_more_draws_keep_the_first(tmp_path):
    found = study(tmp_path)
    u = np.random.default_rng(5).random((3, 3))
    for point, row in zip(found.points(), u, strict=False):
        assert point["actor_lr"] == pytest.approx(np.exp(np.log(1e-4) + row[0] * np.log(1e2)))
        assert point["batch_size"] == round(16 + row[1] * 48)
        assert point["gamma"] == [0.9, 0.99][int(2 * row[2])]
    more = dataclasses.replace(found, draws=5)
    assert {c.name for c in found.cells()} < {c.name for c in more.cells()}


def test_uniform_means_uniform_on_the_scale_that_was_asked_for():
    u = (np.arange(1_000) + 0.5) / 1_000
    log = np.array([Range(1e-4, 1e-2, "log").at(x) for x in u])
    assert np.mean(log < 1e-3) == pytest.approx(0.5, abs=1e-3)
    linear = np.array([Range(1e-4, 1e-2).at(x) for x in u])
    assert np.mean(linear < 5.05e-3) == pytest.approx(0.5, abs=1e-3)
    values = [Range(values=("a", "b", "c", "d")).at(x) for x in u]
    assert [values.count(x) for x in "abcd"] == [250] * 4


def test_a_cells_name_depends_on_what_it_trains_and_on_nothing_else():
    cell = Cell("Pendulum-v1", Config(tau=1), (3, 4), {"tau": 1})
    assert cell.name == Cell("Pendulum-v1", Config(tau=1.0), (3, 4)).name
    others = [
        Cell("gymnasium:Pendulum-v1", Config(tau=1), (3, 4)),
        Cell("Pendulum-v1", Config(tau=0.5), (3, 4)),
        Cell("Pendulum-v1", Config(tau=1), (3, 5)),
    ]
    assert len({cell.name, *(x.name for x in others)}) == 4
    assert re.fullmatch(r"Pendulum-v1-3-4-[0-9a-f]{10}", cell.name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("recipe =", "recepie =", "no 'recepie'; did you mean recipe"),
        ("stack = 2", "steps = 2", "steps is a hyperparameter: it belongs below [settings]"),
        ('"pendulum"', '"pendulm"', "did you mean pendulum"),
        ('"pendulum"', "3", "recipe must be a name; got 3"),
        ("stack = 2", "stack = 3", "stack must divide the number of seeds, 4; got 3"),
        ("stack = 2", "stack = true", "stack must be a whole number; got True"),
        ('"100-103"', '"100-301"', "seeds and reserved_seeds share 300, 301: what is tuned"),
        ('"100-103"', '"a"', "seeds are numbers such as 3 or ranges"),
        ('"100-103"', "[1, 1]", "different numbers"),
        ('seeds = "100-103"', "", "seeds is missing"),
        ('["Pendulum-v1", "MountainCarContinuous-v0"]', "[]", "environments is empty"),
        ('["Pendulum-v1", ', '["MountainCarContinuous-v0", ', "names MountainCarContinuous-v0 twi"),
        ('["Pendulum-v1", "MountainCarContinuous-v0"]', '"Pendulum-v1"', "must be a list such as"),
        ('settings_of."M', 'settings_of."N', "did you mean MountainCarContinuous-v0"),
        (
            "[settings]\nsteps",
            "[settings]\nstep",
            "step in [settings] is no hyperparameter; did you mean ",
        ),
        (
            "n_step = [1, 3]",
            "n_steps = [1, 3]",
            "n_steps in [grid] is no hyperparameter; did you mean n_step",
        ),
        ("n_step = [1, 3]", "n_step = []", "grid.n_step is empty: give it one value or more"),
        ("n_step = [1, 3]", "n_step = 1", "grid.n_step must be a list of values; got 1"),
        ("n_step = [1, 3]", "n_step = [1, 1]", "twice the same cell: Pendulum-v1, n_step 1"),
        ("n_step = [1, 3]", "tau = [0.1, 3]", "Pendulum-v1, tau 3, .*: tau must be above 0 and"),
        ("n_step = [1, 3]", "tau = [0.1, true]", "tau must be a finite number; got True"),
        ("n_step = [1, 3]", "gamma = [0.9]", "gamma is set in [grid] and in [random]: keep one"),
        ("steps = 3_000", "n_step = 1", "n_step is set in [settings] and in [grid]"),
        ("draws = 3\n", "", "[random] needs draws, at least 1"),
        ("draws = 3", "draws = -3", "random.draws must be a whole number, not negative; got -3"),
        ("draws = 3", "draws = 1_000_000", "make 4,000,000 points, more than 100,000"),
        ("low = 1e-4", "low = 1", "random.actor_lr: low must be below high; got 1 and 0.01"),
        ("low = 1e-4", "low = 0", 'random.actor_lr: low must be positive with scale = "log"'),
        ("low = 1e-4", 'low = "a"', "random.actor_lr: low and high must be finite numbers"),
        ('"log"', '"lag"', "random.actor_lr: scale must be one of linear, log; .*mean log"),
        ("low = 1e-4", "lo = 1e-4", "random.actor_lr has no 'lo'; did you mean low"),
        ("low = 1e-4, ", "", "random.actor_lr needs low and high, or values"),
        ("values = [0.9, 0.99]", "values = []", "random.gamma must have values = .* not empty"),
        ("gamma = { values = [0.9, 0.99] }", "gamma = 0.9", "random.gamma must say what to draw"),
        ("gamma = { values = [0.9, 0.99] }", "noise = { low = 1, high = 2 }", "is no number"),
        ("[settings]\nsteps = 3_000", "settings = 3", "settings must be a table"),
        ("[grid]", "[grid", "is not TOML: "),
    ],
)
def test_what_cannot_work_is_one_sentence_that_names_the_file(tmp_path, old, new, message):
    assert old in GOOD
    # In TOML a key must not stand below a table that follows it in the file.
    text = GOOD.replace(old, new, 1)
    with pytest.raises(ValueError, match=r"study\.toml") as caught:
        study(tmp_path, text)
    pattern = ".*".join(map(re.escape, message.split(".*")))
    assert re.search(pattern, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_younger_hyperparameter_keeps_the_names_of_cells_that_have_its_first_value():
    cell = Study(("Pendulum-v1",), (1,)).cells()[0]
    settings = dataclasses.asdict(cell.config)
    del settings["precision"]
    numbers = {k: float(v) if type(v) in (int, float) else v for k, v in settings.items()}
    asked = json.dumps(["Pendulum-v1", numbers, [1]], sort_keys=True)
    assert cell.name == f"Pendulum-v1-1-{hashlib.sha256(asked.encode()).hexdigest()[:10]}"
    other = Study(("Pendulum-v1",), (1,), settings={"precision": "bfloat16"}).cells()[0]
    assert other.name != cell.name


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[grid]\n", "[grid] is empty: put a hyperparameter"),
        ("[grid]\n[random]\n", "[grid] is empty: put a hyperparameter"),
        ("[random]\n", "[random] is empty: put draws and a hyperparameter"),
        ("[random]\nseed = 5\n", "[random] is empty: put draws and a hyperparameter"),
        ("[grid]\nn_step = [1, 3]\n[random]\n", "[random] is empty: put draws"),
    ],
)
def test_a_table_without_hyperparameters_is_refused_and_none_at_all_is_one_cell(
    tmp_path, tables, message
):
    head = 'environments = ["Pendulum-v1"]\nseeds = "1"\n'
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        study(tmp_path, head + tables)
    assert "\n" not in str(caught.value)
    assert len(study(tmp_path, head).cells()) == 1


def test_a_missing_and_a_binary_file(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read the sweep file .*none.toml: No such file"):
        read_study(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"b.toml is no text"):
        read_study(tmp_path / "b.toml")


def test_unknown_environments_are_found_by_making_one():
    require_environments(Study(("Pendulum-v1",), (1,)))
    with pytest.raises(ValueError, match="did you mean Pendulum-v1"):
        require_environments(Study(("Pendulm-v1",), (1,)))


def test_the_documented_keys_are_the_ones_that_are_read():
    from ddpg_lib.sweep import study as module

    for key in KEYS:
        assert re.search(rf"(?m)^    (\[?{key}\b)", module.__doc__), key
    example = "\n".join(x[4:] for x in module.__doc__.split("::\n", 1)[1].splitlines())
    found = module._study(module.tomllib.loads(example), example)
    assert len(found.cells()) == 100
