"""Diagnosis: the quantities by hand, the museum's bugs by name, healthy runs without alarm."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from healthy_runs import AGAIN, LISTS, RUNS, SHORT
from safetensors import safe_open
from safetensors.torch import save_file

from ddpg_lib import DDPG, recipe, train
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS
from ddpg_lib.chapters.ch12.inside import RIGHT, diagnosed, healthy_quantities, healthy_runs
from ddpg_lib.cli.main import main
from ddpg_lib.diagnose.diagnosing import diagnose
from ddpg_lib.diagnose.reading import CURVE_SIGNS, log_of, signs
from ddpg_lib.diagnose.rules import CURVE_RULES, EXHIBITED, RULES, holding
from ddpg_lib.diagnose.vitals import VITALS, vitals
from ddpg_lib.results.recorded import recorded as recorded_run
from ddpg_lib.results.sweeps import sweep
from ddpg_lib.worlds.crane import CRANE
from ddpg_lib.worlds.furnace import FURNACE

ALARMS = 1  # false alarms among thirty healthy runs, as recorded
ROOT = Path(__file__).resolve().parents[2]
HEADER = "step,return,loss,q,actions\n"
FALLING = "".join(f"{k * 1000},{-100 - k},{0.1},{-k},{0.5}\n" for k in range(6))


@pytest.fixture(scope="module")
def stack():
    """Two agents whose buffers hold rows that were written by hand."""
    config = recipe("pendulum", hidden=(8,), warmup_steps=1, batch_size=4)
    agent = DDPG(2, [-2.0], [2.0], config, (0, 1))
    for t in range(12):
        obs, after = np.full((2, 2), float(t)), np.full((2, 2), t + 1.0)
        agent.remember(obs, [[1.0], [-2.0]], [-1.0, -3.0], after, [t % 3 == 2, False])
    for _ in range(30):
        agent.update()
    return agent


def test_vitals_are_those_of_the_rows(stack):
    found = vitals(stack)
    assert list(found) == list(VITALS)
    assert found["gaps"].tolist() == [0, 0]
    assert found["still"].tolist() == [0, 0]
    assert found["long jump"] == pytest.approx([1, 1])
    assert found["ends"] == pytest.approx([1 / 3, 0])
    assert found["even ends"].tolist() == [1, 0]
    assert found["stored"].tolist() == [0.5, 1]
    assert found["reward spread"] == pytest.approx([0, 0], abs=1e-6)
    assert found["twins"].tolist() == [0, 0]
    assert np.isnan(found["sent"]).all(), "without an environment nobody knows its bounds"
    assert found["critic lag"].min() > 0
    assert found["unsteady"].tolist() == [0, 0]
    assert found["seen otherwise"] == pytest.approx([0, 0], abs=1e-6)


def test_measuring_changes_nothing(stack):
    before = stack.noise.rngs[0].bit_generator.state, stack.warmup_rngs[0].bit_generator.state
    vitals(stack)
    after = stack.noise.rngs[0].bit_generator.state, stack.warmup_rngs[0].bit_generator.state
    assert before == after


def rule_names(quantities):
    """The names of the rules that hold."""
    return [rule.name for rule in holding(RULES, quantities)]


def museum_says(name):
    """The names and families of what the rules say of an exhibit's recorded vitals."""
    held = diagnosed(name)
    return [rule.name for rule in held], [rule.family for rule in held]


def test_the_museum_is_told_apart():
    right = sum(museum_says(name)[0][:1] == [name] for name in EXHIBITS)
    family = sum(museum_says(name)[1][:1] == [EXHIBITS[name].room] for name in EXHIBITS)
    assert right >= 19, f"{right} of {len(EXHIBITS)} by name"
    assert family >= 20, f"{family} of {len(EXHIBITS)} by family"


def test_a_right_program_raises_no_alarm():
    assert museum_says(RIGHT) == ([], [])


def test_every_rule_is_about_what_is_measured():
    for rules, known in ((RULES, {*VITALS, "updates"}), (CURVE_RULES, set(CURVE_SIGNS))):
        for rule in rules:
            assert {name for name, *_ in rule.when} <= known, rule.name
            assert rule.confidence in ("high", "medium", "low")


def test_findings_lead_to_their_exhibits():
    assert {name: e.title for name, e in EXHIBITS.items()} == EXHIBITED
    cells = nbformat.read(ROOT / "notebooks/12_museum.ipynb", 4).cells
    museum = "\n".join(c.source for c in cells)
    for rule in RULES:
        if rule.name in EXHIBITED:
            room = EXHIBITS[rule.name].room
            assert rule.family == room
            assert EXHIBITED[rule.name] in rule.link
            at = rule.link.partition("#")[2]
            beside = f'<a id="{at}"></a>**{EXHIBITED[rule.name]}**'
            assert beside in museum, rule.name
    for page in {rule.link.split(": ")[1] for rule in (*RULES, *CURVE_RULES)}:
        name, _, anchor = page.partition("#")
        source = ROOT / name.replace(".html", ".ipynb")
        cells = nbformat.read(source, 4).cells
        lines = [line for c in cells if c.cell_type == "markdown" for line in c.source.split("\n")]
        headings = [line.strip("# ") for line in lines if line.startswith("#")]
        anchors = [re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in headings]
        anchors += re.findall(r'<a id="(.*?)"></a>', "\n".join(lines))
        assert len(anchors) == len(set(anchors))
        assert not anchor or anchor in anchors, page


def log_of_arm(arm):
    log = {"step": np.tile(arm.steps.astype(float), (len(arm.curves), 1)), "return": arm.curves}
    if "q" in arm.inside:
        log |= {"loss": arm.inside["critic_loss"], "q": arm.inside["q"]}
    return log


def curve_findings(arm):
    found = signs(log_of_arm(arm))
    return [rule.name for rule in CURVE_RULES if rule.holds(found)]


HEALTHY = (
    "bipedal_walker",
    "half_cheetah",
    "hidden_velocity",
    "inverted_pendulum",
    "lunar_lander",
    "pendulum",
    "pendulum_pixels",
    "reacher",
)


def test_healthy_curves_raise_hardly_an_alarm():
    arms = [
        arm
        for name in ("pendulum_choices", "targets", "reward_scales", "normalizations")
        for arm in sweep(name).arms.values()
        if (arm.final > -300).all()
    ]
    healthy = arms + [recorded_run(name) for name in HEALTHY]
    assert len(healthy) >= 30
    alarms = [curve_findings(arm) for arm in healthy if curve_findings(arm)]
    assert len(alarms) <= 1, alarms


def test_what_curves_alone_say_of_mistakes():
    mistakes = sweep("targets_mistakes").arms
    assert "pinned" in curve_findings(mistakes["forgotten"])
    assert "worse" in curve_findings(mistakes["newest_64"])


def test_a_small_loss_beside_values_that_stand_still_is_content_and_wrong():
    log = log_of_arm(sweep("targets_mistakes").arms["forgotten"])
    (first, *_) = holding(CURVE_RULES, signs(log))
    assert (first.name, "content" in first.says) == ("pinned", True)
    del log["loss"]
    (first, *_) = holding(CURVE_RULES, signs(log))
    assert (first.name, "content" in first.says) == ("pinned", False)


def write(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEADER, "has no rows below"),
        (HEADER + "0,-1,0,0,0\n", "has one row for the run"),
        (HEADER + "0,-1,0,0,0\n1,-1,0,0,0\n", "has 2 rows of each agent"),
        ("steps,return\n" + "0,1\n" * 6, "no column step"),
        ("step,loss\n" + "0,1\n" * 6, "no column return"),
        (HEADER + FALLING + "6000,nan,0.1,-1,0.5\n", "return is nan: find out"),
        (HEADER + FALLING + "6000,-1,0.1,inf,0.5\n", "q is inf: find out"),
        (HEADER + FALLING + "6000,-1,0.1\n", "has 3 values for 5 columns"),
        ("step,return,seed\n0,1,0\n1,1,0\n2,1,0\n3,1,0\n0,1,1\n1,1,1\n", "not equally many rows"),
    ],
)
def test_a_log_that_cannot_be_used(tmp_path, text, said, capsys):
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        log_of(path)
    assert main(["diagnose", str(path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert said in complaint


def test_a_log_of_another_program(tmp_path, capsys):
    path = write(tmp_path, HEADER + FALLING)
    log = log_of(path)
    assert log["return"].tolist() == [[-100, -101, -102, -103, -104, -105]]
    assert "worse" in diagnose(path).names
    assert main(["diagnose", str(path)]) == 0
    out = capsys.readouterr().out
    assert "worse than it was at the start" in out
    assert "next:" in out


def test_a_good_log_is_said_to_be_good(tmp_path, capsys):
    rows = "".join(f"{k},{-1000 + 90 * k},0.1,{-50 - k},0.5\n" for k in range(10))
    assert main(["diagnose", str(write(tmp_path, HEADER + rows))]) == 0
    assert capsys.readouterr().out.startswith("Nothing wrong was found")


def level(actions, noise=0.0, rows=40):
    """A log whose return stands at -1200, give or take ``noise``."""
    jitter = np.random.default_rng(0).uniform(-noise, noise, rows)
    lines = [f"{k * 500},{-1200 + x},0.1,{-50 - k},{actions}\n" for k, x in enumerate(jitter)]
    return HEADER + "".join(lines)


def test_actions_are_at_a_bound_only_near_one(tmp_path):
    assert "at_bound" not in diagnose(write(tmp_path, level(0.02))).names
    assert "at_bound" in diagnose(write(tmp_path, level(-0.999))).names


@pytest.mark.parametrize("noise", [0, 16])
def test_a_return_that_does_not_rise_is_a_finding(tmp_path, noise):
    found = diagnose(write(tmp_path, level(0.5, noise)))
    assert found.names == ["flat"]
    (finding,) = found.findings
    assert finding.rule.confidence == "low"
    assert finding.evidence["rise"] < 1.5
    assert "ddpg compare" in str(finding)
    few = diagnose(write(tmp_path, level(0.5, noise, rows=9)))
    assert "flat" not in few.names, "nine rows are no curve yet"


def test_a_rise_is_told_by_hand():
    returns = np.array([0.0, 0, 1, 0, 0, 0, 4, 6, 8, 8, 6, 8])
    steps = np.abs(np.diff(returns)).mean()
    best = max(returns[k : k + 3].mean() for k in range(3, 10))
    found = signs({"step": np.arange(12.0)[None], "return": returns[None]})
    assert found["rise"] == pytest.approx((best - returns[:3].mean()) / steps)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("half_range", "half_range"),
        ("cut_gradient", "cut_gradient"),
        ("wrong_sign", "wrong_sign"),
        (RIGHT, None),
    ],
)
def test_targets_of_several_steps_are_looked_at_as_far_as_they_can_be(name, says):
    agent = EXHIBITS[name].agent if name in EXHIBITS else DDPG
    plan = {"n_step": 3, "steps": 1_250, "warmup_steps": 1_000, "eval_every": 1_250}
    settings = {**plan, "eval_episodes": 1, "hidden": (32, 32), "batch_size": 64}
    run = train("Pendulum-v1", "pendulum", (0, 1), agent=agent, progress=False, **settings)
    before = run.agent.replay.first.copy(), run.agent.replay.seen
    found = diagnose(run.agent, "Pendulum-v1")
    assert found.names[:1] == ([says] if says else [])
    assert np.isfinite(found.quantities["at bound"])
    assert np.isnan(found.quantities["gaps"])
    assert np.isnan(found.quantities["keeps r"])
    assert np.isnan(found.quantities["TD error"])
    np.testing.assert_array_equal(run.agent.replay.first, before[0])
    assert run.agent.replay.seen == before[1]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A finished run of two agents."""
    folder = tmp_path_factory.mktemp("runs") / "r"
    plan = {"steps": 320, "warmup_steps": 220, "eval_every": 80, "eval_episodes": 1}
    settings = {"hidden": (16, 16), "batch_size": 16, **plan}
    train("Pendulum-v1", "pendulum", (0, 1), folder=folder, progress=False, **settings)
    return folder


def test_a_run_folder(run_folder):
    with pytest.raises(ValueError, match="has made 0 updates"):
        diagnose(DDPG(3, [-2.0], [2.0], recipe("pendulum"), (0,)))
    assert not set(diagnose(run_folder).names) & {rule.name for rule in RULES}
    assert main(["diagnose", str(run_folder)]) == 0


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def before_its_first_checkpoint(folder):
    (folder / "checkpoint.safetensors").unlink()


def cut_short(folder):
    path = folder / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def newer(folder):
    path = folder / "checkpoint.safetensors"
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = dict(file.metadata())
    save_file(tensors, path, about | {"version": "99"})


def without_a_setting(folder):
    path = folder / "config.json"
    written = json.loads(path.read_text())
    del written["seeds"]
    path.write_text(json.dumps(written))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (empty, "holds no run"),
        (before_its_first_checkpoint, "has no checkpoint yet"),
        (cut_short, "is damaged"),
        (newer, "format version 99, and this ddpg_lib reads version"),
        (without_a_setting, "was edited"),
    ],
    ids=lambda x: getattr(x, "__name__", "says"),
)
def test_a_run_folder_that_cannot_be_used(run_folder, tmp_path, damage, said, capsys):
    folder = tmp_path / "r"
    shutil.copytree(run_folder, folder)
    damage(folder)
    assert main(["diagnose", str(folder)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert said in complaint


def test_the_first_thirty_healthy_runs():
    """Judged by earlier rules, of which one began all three false alarms; it is gone."""
    kept = healthy_runs("healthy")
    alarms = [(run["env"], run["findings"].split()) for run in kept if run["findings"]]
    assert len(kept) == len(RUNS) == 30
    assert [names[0] for _, names in alarms] == ["end_ignored"] * 3
    assert {env for env, _ in alarms} == {CRANE, FURNACE}
    asked = {name for rule in RULES if rule.name == "end_ignored" for name, *_ in rule.when}
    assert asked == {"own ends"}


def test_thirty_other_healthy_runs_raise_hardly_an_alarm():
    """By what was said of them, and by the rules as they are now."""
    kept = healthy_runs()
    assert len(kept) == len(AGAIN) == 30
    said = [run["findings"].split() for run in kept]
    assert [rule_names(quantities) for quantities in healthy_quantities()] == said
    alarms = [(run["env"], names) for run, names in zip(kept, said, strict=True) if names]
    assert len(alarms) <= ALARMS, alarms


@pytest.mark.parametrize("name", LISTS)
def test_healthy_runs_are_those_of_the_list(name):
    runs, seed = LISTS[name]
    for number, (run, (env, named, changes)) in enumerate(
        zip(healthy_runs(name), runs, strict=True)
    ):
        assert (run["env"], run["recipe"]) == (env, named)
        assert run["changes"] == " ".join(f"{key}={value}" for key, value in changes.items())
        assert run["seeds"] == f"{seed + 2 * number} {seed + 2 * number + 1}"


def test_a_healthy_run_is_diagnosed_again():
    """A cheap one of the recorded, more shortly."""
    number = 12
    env, name, changes = RUNS[number]
    seeds = (500 + 2 * number, 501 + 2 * number)
    plan = {**SHORT, "steps": 1_500, "warmup_steps": 1_200, **changes}
    plan["eval_every"] = plan["steps"]
    assert diagnose(train(env, name, seeds, progress=False, **plan).agent, env).names == []
