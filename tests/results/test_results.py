"""What ships of the recorded runs agrees with itself, with the recipes, and with live episodes."""

import csv
import dataclasses
import hashlib
import io
import itertools
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
import scipy.stats

from ddpg_lib import DDPG, Config, recipe
from ddpg_lib.evaluation import evaluate
from ddpg_lib.figures.style import use_house_style
from ddpg_lib.maths.stats import iqm
from ddpg_lib.results import published
from ddpg_lib.results import recorded as results
from ddpg_lib.results import reproduce as reproduction
from ddpg_lib.results.experiments import EXPERIMENTS
from ddpg_lib.results.published import (
    COLUMNS,
    OURS,
    PUBLISHED,
    UNPUBLISHED,
    ablations,
    principal,
    results_csv,
    rows,
)
from ddpg_lib.results.recorded import DATA, MOMENTS, names, recorded
from ddpg_lib.runs.tables import read_table, write_table

LIVE, LIVE_SEEN = 10, 3  # episodes of each agent; of those that see pictures, which take long


def test_there_is_one_of_each():
    assert names(), "no recorded run is shipped"
    assert set(names()) <= set(EXPERIMENTS)


@pytest.mark.parametrize("name", names())
def test_manifest_and_recipe_agree(name):
    asked, kept = EXPERIMENTS[name], recorded(name)
    assert (kept.env, kept.judged) == (asked.env, asked.judged or asked.env)
    assert kept.seeds == list(asked.seeds)
    assert kept.config == recipe(asked.recipe, **asked.changes)
    command = f"ddpg reproduce {name}"
    assert kept.manifest["command"] in (command, f"{command} --no-compile")
    assert {"commit", "versions", "hardware", "wall time in seconds"} <= set(kept.manifest)
    assert len(kept.manifest["commit"]) == 40, "it was made with files that are in no commit"


@pytest.mark.parametrize("name", names())
def test_files_are_those_that_the_manifest_names(name):
    files = {p.name: p for p in (DATA / name).iterdir() if p.name != "manifest.json"}
    sums = recorded(name).manifest["sha256"]
    assert set(files) == set(sums)
    for file, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sums[file], file
    assert sum(p.stat().st_size for p in files.values()) < 10_000_000, "it should be small"


@pytest.mark.parametrize("name", names())
def test_numbers_of_the_manifest_follow_from_the_episodes(name):
    kept = recorded(name)
    means = kept.final.mean(axis=1)
    assert kept.final.shape == (len(kept.seeds), 100)
    said = kept.manifest["final return"]
    np.testing.assert_allclose(said["agents"], means, rtol=1e-4)
    np.testing.assert_allclose([said["iqm"], *said["95%"]], kept.interval(), rtol=1e-4)
    assert kept.interval()[0] == pytest.approx(iqm(means))
    evaluations = kept.config.steps // kept.config.eval_every + 1
    assert kept.curves.shape == (len(kept.seeds), evaluations)
    assert kept.steps[-1] == kept.config.steps
    for column in kept.inside.values():
        assert column.shape == kept.curves.shape
        assert np.isfinite(column).all()


@pytest.mark.parametrize(
    ("name", "average", "worst"),
    [("inverted_double_pendulum", 9_300, 9_250), ("mountain_car", 94, 90)],
)
def test_the_small_worlds_are_solved_by_every_agent(name, average, worst):
    """And no mean of a rival's final policies is better."""
    means = recorded(name).final.mean(axis=1)
    assert len(means) == 10
    assert means.mean() >= average
    assert means.min() >= worst
    rivals = [p.score for p in PUBLISHED if p.run == name and p.statistic in ("final", "late")]
    assert rivals
    assert means.mean() > max(rivals)


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_shipped_actor_does_live_what_the_page_says(name):
    """On starts that were not recorded, each agent's mean lies inside its interval."""
    kept = recorded(name)
    episodes = LIVE if kept.config.encoder == "none" else LIVE_SEEN
    live = evaluate(kept.agent(), kept.judged, episodes, seed=4_000_000).mean(axis=1)
    low, high = kept.expected(episodes)
    slack = 1e-6 * np.abs(live)  # where all episodes return the same
    assert ((low - slack <= live) & (live <= high + slack)).all(), (low, live, high)


@pytest.mark.parametrize("name", names())
def test_three_moments_are_three_policies(name):
    kept = recorded(name)
    rng, final = np.random.default_rng(0), kept.agent()
    frames = getattr(final, "obs_shape", None)
    shape = (len(kept.seeds), 16, *(frames or final.replay.sizes[:1]))
    obs = rng.integers(0, 256, shape, np.uint8) if frames else rng.normal(size=shape)
    actions = [kept.agent(moment).player().act(obs) for moment in MOMENTS]
    assert not np.allclose(actions[0], actions[1])
    assert not np.allclose(actions[1], actions[2])


def test_expected_interval_holds_what_it_promises():
    """Of many sets of ten new episodes, hardly any has its mean outside."""
    rng = np.random.default_rng(1)
    outside = 0
    for _ in range(300):
        kept = fake(rng.gamma(2.0, 50.0, (4, 100)))
        low, high = kept.expected(10)
        new = rng.gamma(2.0, 50.0, (4, 10)).mean(axis=1)
        outside += int(((new < low) | (new > high)).sum())
        assert ((high - low) < 300).all()
    assert outside <= 12  # of 1,200; 99.9% would leave about 1, for a skewed return somewhat more


def test_expected_interval_allows_a_failure_that_only_another_agent_had():
    returns = np.full((4, 100), 300.0)
    returns[1, 7] = -60.0
    low, high = fake(returns).expected(4)
    assert (low <= (3 * 300 - 60) / 4).all()
    assert (low > (300 - 3 * 60) / 4).all(), "three failures in four episodes are no chance"
    np.testing.assert_allclose(high[[0, 2, 3]], 300)


def fake(final):
    return results.RecordedRun(
        folder=DATA, manifest={}, env="Pendulum-v1", judged="Pendulum-v1", config=Config(),
        seeds=[0, 1, 2, 3],
        steps=np.zeros(1, int), curves=final[:, :1], final=final, inside={},
    )  # fmt: skip


def test_the_middle_agent_is_the_typical_one():
    means = np.array([100.0, -50.0, 210.0, 190.0])
    assert fake(np.repeat(means[:, None], 3, axis=1)).middle_agent() == 0


def test_tables_come_back_as_they_went(tmp_path):
    table = {"a": np.array([[1.5, -2.25], [3.0, 4.0]]), "b": np.array([[np.pi, 0], [1e-9, 1e9]])}
    write_table(tmp_path / "x.csv.gz", [7, 8], [0, 500], table)
    steps, read = read_table(tmp_path / "x.csv.gz", [7, 8])
    assert steps.tolist() == [0, 500]
    for name, column in table.items():
        np.testing.assert_allclose(read[name], column, rtol=1e-5)
    first = (tmp_path / "x.csv.gz").read_bytes()
    write_table(tmp_path / "y.csv.gz", [7, 8], [0, 500], table)
    assert (tmp_path / "y.csv.gz").read_bytes() == first


def test_unknown_names_and_moments_are_refused():
    with pytest.raises(ValueError, match=r"did you mean pendulum"):
        recorded("pendulums")
    with pytest.raises(ValueError, match="moment must be one of start, midway, final"):
        recorded("pendulum").agent("end")


def test_weights_of_another_stack_are_refused(tmp_path):
    kept = recorded("pendulum")
    agent = kept.agent()
    results.save_weights(agent, tmp_path / "w.safetensors")
    other = type(agent)(3, [-2.0], [2.0], kept.config, seeds=(0,))
    with pytest.raises(ValueError, match="does not fit this stack"):
        results.load_weights(other, tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not fit this stack"):
        results.load_weights(agent, tmp_path / "w.safetensors")


def test_some_agents_of_a_file_bring_their_own_statistics(tmp_path):
    config = recorded("pendulum").config.replace(normalize_obs=True, layer_norm="both")
    agent = DDPG(3, [-2.0], [2.0], config, (0, 1, 2))
    means = np.arange(3).reshape(3, 1, 1)
    agent.obs_norm.add(means + np.random.default_rng(0).normal(size=(3, 9, 3)))
    results.save_weights(agent, tmp_path / "w.safetensors")
    some = DDPG(3, [-2.0], [2.0], config, (8, 9))
    results.load_weights(some, tmp_path / "w.safetensors", [2, 0])
    obs = np.ones((3, 4, 3))
    np.testing.assert_allclose(some.act(obs[:2]), agent.act(obs)[[2, 0]], atol=1e-6)
    assert some.obs_norm.count == 9


def test_a_continued_run_repeats_its_notes(tmp_path, monkeypatch):
    """A witness that starts anew from its file overwrites what comes again and keeps the rest."""
    asked = EXPERIMENTS["pendulum"]
    agent = recorded("pendulum").agent("start")
    seen = {"critic": 1.0}

    def look(agent, env, episodes):
        return {"critic": np.full(len(asked.seeds), seen["critic"])}

    monkeypatch.setattr(reproduction, "look_inside", look)
    first = reproduction.Witness(tmp_path, asked)
    for step in (0, 500, 1000):
        first(SimpleNamespace(step=step, agent=agent))
    seen["critic"] = 2.0
    again = reproduction.Witness(tmp_path, asked)
    for step in (1000, 1500):
        again(SimpleNamespace(step=step, agent=agent))
    steps, table = read_table(tmp_path / "inside.csv.gz", asked.seeds)
    assert steps.tolist() == [0, 500, 1000, 1500]
    assert table["critic"][0].tolist() == [1, 1, 2, 2]
    assert not (tmp_path / "midway.safetensors").exists()
    again(SimpleNamespace(step=6000, agent=agent))
    assert (tmp_path / "midway.safetensors").exists()


# ---- Beside what others published ----


def test_published_figures_name_their_source():
    beside = {p.run for p in PUBLISHED}
    assert set(principal()) <= beside | set(UNPUBLISHED)
    assert not beside & set(UNPUBLISHED)
    bibliography = (DATA.parents[1] / "book/references.bib").read_text(encoding="utf-8")
    for p in PUBLISHED:
        assert f"{{{p.source}," in bibliography, p.source
        assert (p.spread is None) == (p.spread_of == "")
        assert p.statistic in published.STATISTICS


@pytest.mark.parametrize("name", principal())
def test_the_table_begins_with_ours(name):
    first, *others = rows(name)
    means = recorded(name).final.mean(axis=1)
    assert first["by"] == OURS
    assert first["return"] == pytest.approx(means.mean(), abs=0.01)
    if means.std() > 1e-9 * abs(means.mean()):
        ends = scipy.stats.ttest_1samp(means, 0.0).confidence_interval()
        assert (first["low"], first["high"]) == pytest.approx(tuple(ends), abs=0.01)
    center = (first["interquartile mean"], first["iqm low"], first["iqm high"])
    assert center == pytest.approx(recorded(name).interval(), abs=0.01)
    assert len(others) == sum(p.run == name for p in PUBLISHED) + len(ablations(name))


@pytest.mark.parametrize("name", names())
def test_every_recording_has_a_threshold_and_counts_its_failures(name):
    kept = recorded(name)
    bar, whose = published.threshold(kept.env)
    bare = kept.env.rpartition(":")[2]
    assert whose == (OURS if bare in published.THRESHOLDS else "Gymnasium")
    row = next(r for run in principal() for r in rows(run) if r["run"] == name)
    assert row["threshold"] == bar
    assert row["failures"] == sum(x.mean() < bar for x in kept.final)
    assert row["worst"] == pytest.approx(kept.final.mean(axis=1).min(), abs=0.01)
    assert row["seeds"] == f"{kept.seeds[0]} to {kept.seeds[-1]}"


def test_thresholds_are_gymnasiums_where_it_has_one():
    assert published.threshold("LunarLanderContinuous-v3") == (200.0, "Gymnasium")
    assert published.threshold("Reacher-v5") == (-3.75, "Gymnasium")
    assert published.threshold("Pendulum-v1") == (-300.0, OURS)
    for bare in published.THRESHOLDS:
        found = gym.registry.get(bare)
        assert found is None or found.reward_threshold is None, f"{bare} has one by now"
    with pytest.raises(ValueError, match="state in THRESHOLDS"):
        published.threshold("ddpg_lib.worlds.furnace:Furnace-v0")


def test_each_rival_stands_beside_its_own_statistic():
    """Five evaluations of two agents, by hand; their last twentieth is the last alone."""
    curves = np.array([[0.0, 9.0, 3.0, 4.0, 5.0], [0.0, 2.0, 6.0, 8.0, 7.0]])
    kept = dataclasses.replace(
        fake(np.array([[10.0, 20.0], [30.0, 50.0]])), curves=curves, steps=np.arange(5) * 10
    )
    expected = {
        "final": [15.0, 40.0],
        "late": [5.0, 7.0],
        "best": [9.0, 8.0],
        "peak": [4.0, 8.0],  # their mean is 6, as at the end and more than before
    }
    for statistic, values in expected.items():
        assert published.of_agents(kept, statistic).tolist() == values, statistic
    assert published.of_agents(kept, "training") is None
    assert set(published.STATISTICS) == {*expected, "training"}
    longer = dataclasses.replace(kept, curves=np.tile(np.arange(41.0), (2, 1)),
                                 steps=np.arange(41) * 10)  # fmt: skip
    assert published.of_agents(longer, "late").tolist() == [39.0, 39.0]  # 38, 39 and 40


def test_rows_of_rivals_hold_that_value():
    for run in principal():
        for row, p in zip(
            [r for r in rows(run) if not r["by"].startswith(OURS)],
            [p for p in PUBLISHED if p.run == run],
            strict=True,
        ):
            x = published.of_agents(recorded(run), p.statistic)
            assert row["statistic"] == published.STATISTICS[p.statistic]
            assert row["ours"] == ("" if x is None else pytest.approx(x.mean(), abs=0.01))


def test_the_page_says_truly_that_others_evaluate_more_often():
    assert max(len(recorded(name).steps) for name in names()) < 100


def test_an_ablation_says_what_was_changed():
    """Of every one that ships, whatever EXPERIMENTS asked to change is what its rows name."""
    for name in names():
        asked = EXPERIMENTS[name]
        if name in principal():
            assert asked.changes == {}
        else:
            (run,) = (x for x in principal() if name in ablations(x))
            said = ablations(run)[name]
            if asked.recipe == EXPERIMENTS[run].recipe:
                assert said == ", ".join(f"{k} {v}" for k, v in asked.changes.items())
            else:
                assert said.startswith(f"recipe {asked.recipe}")
                assert (asked.env == EXPERIMENTS[run].env) == ("-v" not in said)
            assert f"{OURS}, {said}" in [row["by"] for row in rows(run)]


def test_csv_holds_every_row():
    read = list(csv.DictReader(io.StringIO(results_csv())))
    assert tuple(read[0]) == COLUMNS
    assert [r["run"] for r in read if r["by"] == OURS] == principal()
    assert {r["run"] for r in read if r["by"].startswith(OURS)} == set(names())
    assert len(read) == sum(len(rows(name)) for name in principal())
    zoo = next(r for r in read if r["by"] == "RL Zoo" and r["run"] == "pendulum")
    ends = [float(zoo[k]) for k in ("return", "low", "high")]
    assert ends == pytest.approx([-152.10, -246.38, -57.82])


def _marks(figure, marker):
    return [line for line in figure.axes[0].lines if line.get_marker() == marker]


def test_figure_shows_every_agent_both_means_and_like_beside_like():
    figure = published.beside_published("pendulum")
    means = recorded("pendulum").final.mean(axis=1)
    (strokes,) = _marks(figure, "|")
    np.testing.assert_allclose(strokes.get_xdata(), means)
    filled, *opened = _marks(figure, "D")
    assert filled.get_markerfacecolor() == filled.get_color()
    assert filled.get_xdata()[0] == pytest.approx(iqm(means))
    assert len(opened) == 1 + sum(p.run == "pendulum" for p in PUBLISHED)
    for line in opened:  # all rivals of the pendulum report final policies
        assert line.get_markerfacecolor() != line.get_color()
        assert line.get_xdata()[0] == pytest.approx(means.mean(), abs=0.01)
    circles = [float(line.get_xdata()[0]) for line in _marks(figure, "o")]
    assert circles == [p.score for p in PUBLISHED if p.run == "pendulum"]
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert labels == [f"{OURS}, 12k steps", "RL Zoo, 20k steps", "RL Baselines Zoo, 200k steps"]


@pytest.mark.parametrize("name", principal())
def test_captions_say_what_is_drawn(name):
    use_house_style()
    figure, text = published.beside_published(name, ablated=True), published.caption(name, True)
    assert f"{len(recorded(name).seeds)} agents" in text
    assert ("Orange" in text) == bool(ablations(name))
    assert ("Circles" in text) == bool(_marks(figure, "o"))
    for word in ("Late", "Best", "Peak", "Training"):
        drawn = any(f", {word.lower()}, " in t.get_text() for t in figure.axes[0].get_yticklabels())
        assert (f"{word}: " in text) == drawn
    assert published.alternative(name).startswith("Final returns on ")
    # No label covers another.
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in figure.axes[0].get_yticklabels()]
    for one, other in itertools.pairwise(boxes):
        assert not one.overlaps(other)
    assert min(box.x0 for box in boxes) >= 0


def test_a_row_of_another_recipe_is_no_change_of_the_first():
    """What says "with" kept the recipe: everything but the settings that it names is equal."""
    use_house_style()
    others = set()
    for run in principal():
        base = dataclasses.asdict(recorded(run).config)
        for row in rows(run):
            if row["run"] not in ablations(run):
                continue
            label, own = published.named(row), recorded(row["run"])
            if published.other_recipe(row):
                others.add(row["run"])
                assert label.startswith("recipe ")
                continue
            here = dataclasses.asdict(own.config)
            changed = {f"{k} {v}" for k, v in here.items() if v != base[k]}
            assert label.startswith("with ")
            assert set(label.removeprefix("with ").split(", ")) == changed
            assert own.judged == recorded(run).judged
    assert "pendulum_pixels" in others
    assert "with another recipe" in published.caption("pendulum", ablated=True)
    assert "another recipe" not in published.caption("lunar_lander", ablated=True)
    said = published.alternative("pendulum", ablated=True)
    assert " Recipe pendulum_pixels: " in said
    assert "ith recipe" not in said


def test_a_summary_has_all_that_is_reported_of_final_policies():
    means = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 100.0])
    said = published.summary(means, 2.5, digits=2)
    assert list(said) == ["mean (95%)", "IQM (95%)", "below 2.5", "worst"]
    ends = scipy.stats.ttest_1samp(means, 0.0).confidence_interval()
    assert said["mean (95%)"] == f"{means.mean():.2f} ({ends.low:.2f} to {ends.high:.2f})"
    assert said["IQM (95%)"].startswith("4.50 (")
    assert said["below 2.5"] == "2 of 8"
    assert said["worst"] == "1.00"
    episodes = means[:, None] + [-1.0, 1.0]
    assert published.summary(episodes, 2.5, digits=2) == said
    assert published.summary(means[:4], 0)["IQM"] == "2.5"  # no interval from four
    with pytest.raises(ValueError, match="two agents or more"):
        published.summary([1.0], 0)
    with pytest.raises(ValueError, match="finite"):
        published.summary([1.0, np.nan], 0)


def test_rivals_that_do_not_say_how_long_they_trained():
    row = next(r for r in rows("half_cheetah") if r["by"] == "SB3 (Amankankriya)")
    assert row["steps"] == ""
    figure = published.beside_published("half_cheetah")
    labels = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert "SB3 (Amankankriya), steps not said" in labels
