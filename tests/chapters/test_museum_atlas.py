"""The atlas and the quiz: every cause leads to exhibits that exist, every run can be told."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

from ddpg_lib.chapters.ch12.atlas import SYMPTOMS, TREE, Question, leaves
from ddpg_lib.chapters.ch12.drawing import draw_run, draw_tree
from ddpg_lib.chapters.ch12.exhibits import EXHIBITS
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
    plt.close(figure)


def test_the_quiz_has_fifteen_runs_that_are_asked_and_answered():
    cells = nbformat.read(PAGE, 4).cells
    asked = [k for k, c in enumerate(cells) if re.match(r"### Run \d+\n", c.source)]
    assert len(asked) >= 15
    rights = []
    for number, k in enumerate(asked, start=1):
        assert cells[k].source.startswith(f"### Run {number}\n")
        assert "draw_run(" in cells[k + 1].source
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
