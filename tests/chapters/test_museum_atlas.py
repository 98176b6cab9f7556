"""The atlas and the quiz: every cause leads to exhibits that exist, every run can be told."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.text import Text

from ddpg_lib.chapters.ch12.atlas import SYMPTOMS, TREE, Question, leaves
from ddpg_lib.chapters.ch12.drawing import draw_run, draw_symptoms, draw_tree, panels
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS
from ddpg_lib.chapters.ch12.quiz import RUNS, show_run
from ddpg_lib.diagnose.vitals import VITALS
from ddpg_lib.results.sweeps import sweep

PAGE = Path(__file__).resolve().parents[2] / "notebooks/12a_atlas.ipynb"


def questions(node):
    if isinstance(node, Question):
        yield node
        for child in node.answers.values():
            yield from questions(child)


def test_the_tree_leads_to_every_exhibit_and_to_no_other():
    named = {name for leaf in leaves() for name in leaf.exhibits}
    assert named == set(EXHIBITS)


def test_a_question_names_quantities_that_are_measured():
    for question in questions(TREE):
        for inside in re.findall(r"\((.*?)\)", question.text):
            for name in re.split(r"[;,]", inside):
                assert name.strip() in {*VITALS, "q", "the rewards stored", "lag"}, question.text


def test_each_symptom_has_a_recorded_run():
    for name, arm, column in SYMPTOMS.values():
        shown = sweep(name).arms[arm]
        assert column == "return" or column in shown.inside


def test_every_symptom_of_the_table_is_drawn():
    page = nbformat.read(PAGE, as_version=4)
    (source,) = [cell.source for cell in page.cells if "| Symptom |" in cell.source]
    rows = [line for line in source.splitlines() if line.startswith("| ")][1:]
    table = [row.split("|")[1].split(":")[0].strip() for row in rows]
    figure = draw_symptoms()
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes]
    assert sorted(titles) == sorted(table)
    assert all(ax.lines for ax in figure.axes)
    (lower,) = [ax for ax in figure.axes if "training" in ax.get_title(loc="left")]
    assert lower.lines[-1].get_ydata()[-1] > lower.lines[-2].get_ydata()[-1] + 200
    plt.close(figure)


def test_the_tree_is_drawn_with_all_its_words():
    figure = draw_tree(TREE)
    words = " ".join(text.get_text() for text in figure.axes[0].texts).split()
    for leaf in leaves():
        assert leaf.text.split()[-1] in words
    lower = [text.get_position()[1] for text in figure.axes[0].texts]
    assert lower == sorted(lower), "from the top down"
    plt.close(figure)


def test_a_run_is_drawn_without_its_name():
    arm = sweep("pendulum_choices").arms["recipe"]
    figure = draw_run(arm, ["q", "saturated"], until=6_000)
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes]
    assert titles == [
        "return",
        "q, of a minibatch",
        "share at a bound",
    ]
    for ax in figure.axes:
        assert max(line.get_xdata().max() for line in ax.lines) <= 6_000
    assert figure.get_figwidth() * 96 < 360, "on a phone letters keep their size"
    assert min(text.get_fontsize() for text in figure.findobj(Text)) >= 11
    plt.close(figure)


def test_panels_leave_out_what_was_not_measured():
    arm = sweep("targets_mistakes").arms["forgotten"]
    returns, q = panels(arm, ["q"], until=9_000)
    assert returns.steps.tolist() == list(range(0, 10_000, 1_000))
    assert q.steps.tolist() == list(range(3_000, 10_000, 1_000))  # no update before
    np.testing.assert_array_equal(q.curves, arm.inside["q"][:, 3:10])
    assert (returns.color, q.color) == ("actor", "critic")


def test_a_run_of_the_quiz_says_what_is_seen_and_not_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    show_run(3)
    ((text,),) = ([data["text/plain"]] for data in shown)
    assert text == "Run 3: returns fall and stay low; q is level at minus 7; the loss is nearly 0."
    assert not any(name in shown[0]["text/html"] for name in RUNS[2].name)


def test_the_summary_counts_the_runs_without_a_bug():
    text = "\n".join(c.source for c in nbformat.read(PAGE, 4).cells)
    assert sum(not run.bug for run in RUNS) == 6
    assert "Of the fifteen runs of the quiz six contain no bug" in text


def test_the_quiz_has_fifteen_runs_that_are_asked_and_answered():
    cells = nbformat.read(PAGE, 4).cells
    asked = [k for k, c in enumerate(cells) if re.match(r"### Run \d+\n", c.source)]
    assert len(asked) == len(RUNS) >= 15
    rights = []
    for number, k in enumerate(asked, start=1):
        assert cells[k].source.startswith(f"### Run {number}\n")
        assert cells[k + 1].source == f"show_run({number})"
        options, answer = cells[k + 2].source.split("<details>")
        letters = re.findall(r"^- \*\*([a-d])\*\* ", options, re.M)
        assert letters == ["a", "b", "c", "d"]
        right = re.search(r"\n\*\*([a-d])\.\*\* ", answer)[1]
        rights.append(right)
        for wrong in set(letters) - {right}:
            assert re.search(rf"\*{wrong}\*", answer), f"run {number} says nothing of {wrong}"
    assert max(map(rights.count, "abcd")) <= 6, "the right letter must not be guessed"


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_museum_names_every_thread(name):
    text = "\n".join(c.source for c in nbformat.read(PAGE.with_name("12_museum.ipynb"), 4).cells)
    assert any(address in text for address in EXHIBITS[name].found), name
    assert f"**{EXHIBITS[name].title}**" in text
