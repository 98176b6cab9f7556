"""The living figure of chapter 12a: its words are the notebook's, its curves the recordings'."""

import re
from types import SimpleNamespace

import living_quiz
import nbformat
import numpy as np
import pytest

from ddpg_lib.chapters.ch12.quiz import RUNS
from ddpg_lib.maths.stats import iqm

NAME = "spot-the-bug"
TOUCH = {"viewport": {"width": 375, "height": 800}, "has_touch": True, "is_mobile": True}
browser = pytest.mark.browser


@pytest.fixture(scope="module")
def quiz():
    return living_quiz.quiz()


# ---- What is shown ----


def test_the_words_are_the_notebooks(quiz):
    cells = nbformat.read(living_quiz.PAGE, 4).cells
    texts = [c.source for c in cells if "<summary>Answer to run" in c.source]
    for run, text in zip(quiz["runs"], texts, strict=True):
        assert f"\n**{run['right']}.** " in text
        plain = re.sub(r"[*`$\\ −-]|\(\[\d+\]\(\w+\.ipynb\)\)|gamma|cdot|tau", "", text)
        for words, why in run["choices"]:
            for html in (words, why):
                said = html.replace("’", "'")
                said = re.sub(r'\(<a href="\w+\.html">\d+</a>\)|</?\w+>|[γτ· −-]', "", said)
                assert said in plain


def test_the_curves_are_the_recordings(quiz):
    for shown, run in zip(quiz["runs"], RUNS, strict=True):
        assert len(shown["panels"]) == 1 + len(run.columns)
        steps = run.record.steps[run.record.steps <= (run.until or np.inf)]
        returns = shown["panels"][0]
        assert returns["steps"] == steps.tolist()
        np.testing.assert_allclose(returns["agents"], run.record.curves[:, : len(steps)], rtol=1e-3)
        for panel in shown["panels"]:
            typical = iqm(np.array(panel["agents"]), axis=0)
            np.testing.assert_allclose(panel["typical"], typical, rtol=3e-3, atol=1e-3)
            assert np.isfinite(panel["agents"]).all()


def test_formulas_and_links_become_html():
    said = living_quiz.in_html(r"about $\tau k$ and $-7$ ([7](07_target.ipynb))")
    assert said == (
        'about <em>τ</em> <em>k</em> and −7 (<a href="07_target.html">7</a>)'
    )  # fmt: skip
    with pytest.raises(ValueError, match="write it simpler"):
        living_quiz.in_html(r"$\frac{1}{2}$")


CHOICES = "\n".join(f"- **{x}** This." for x in "abcd")


@pytest.mark.parametrize(
    ("number", "below", "complaint"),
    [
        (2, f"{CHOICES}\n\n**a.** So.\n\n- *b*, *c*, *d*: No.", "must be run 1"),
        (1, f"{CHOICES[:-14]}\n\n**a.** So.\n\n- *b*, *c*, *d*: No.", "choices 'abc'"),
        (1, f"{CHOICES}\n\n- *a*, *b*, *c*, *d*: No.", "0 right"),
        (1, f"{CHOICES}\n\n**a.** So.\n\n- *b*: No.", "explained 'ab'"),
    ],
)
def test_a_run_without_its_parts_is_refused(number, below, complaint):
    cells = [
        SimpleNamespace(source=x) for x in (f"### Run {number}\n\nWhat?", "show_run(1)", below)
    ]
    with pytest.raises(ValueError, match=re.escape(complaint)):
        living_quiz.questions(cells)


# ---- As a reader uses it ----


def state(tab):
    return tab.evaluate("name => ddpgLiving.figures[name].test()", NAME)


def choice(tab, letter):
    return tab.locator(".living-choices button").nth("abcd".index(letter))


def score(tab):
    return tab.locator(".living-output").inner_text()


def reasons(tab):
    return tab.locator(".living-choices p").all_inner_texts()


@browser
def test_a_wrong_answer_is_explained_counted_and_linked_to(visit, quiz):
    tab = visit(NAME)
    run = quiz["runs"][0]
    assert reasons(tab) == [""] * 4
    assert "recorded as" not in score(tab)
    choice(tab, "a").click()
    assert reasons(tab)[0].startswith("Your answer. Slower targets")
    assert reasons(tab)[1].startswith("Right. All eight agents")
    assert all(reasons(tab))
    assert score(tab).startswith("1 of 15 answered, 0 right.")
    assert f"recorded as {run['name']}" in score(tab)
    heard = tab.locator(".living-live").inner_text()
    assert "Slower targets" in heard
    assert "Right." in heard
    assert tab.get_by_role("button", name="Run 1, wrong", exact=True).inner_text() == "1 ✗"
    # An answer is an answer.
    choice(tab, "b").click(force=True)
    assert state(tab)["answers"] == "a" + "-" * 14
    tab.wait_for_function("location.hash.includes('answers=a--')")


@browser
def test_by_keyboard_alone(visit, quiz):
    tab = visit(NAME)
    tab.get_by_role("button", name="Run 3", exact=True).focus()
    tab.keyboard.press("Enter")
    assert state(tab)["run"] == 3
    tab.keyboard.press("b")
    assert state(tab)["answers"][2] == quiz["runs"][2]["right"] == "b"
    tab.get_by_role("button", name="Next").press("Enter")
    assert state(tab)["run"] == 4
    choice(tab, "c").press(" ")
    assert score(tab).startswith("2 of 15 answered, 2 right.")
    assert choice(tab, "c").get_attribute("aria-pressed") == "true"
    agent = tab.get_by_role("slider", name="Agent")
    agent.press("ArrowRight")
    agent.press("Control+a")  # with a modifier a letter is no answer
    assert state(tab)["agent"] == 1
    assert state(tab)["answers"].count("-") == 13


@browser
def test_a_finger_answers_and_picks_an_agent(visit):
    tab = visit(NAME, query="run=7", **TOUCH)
    tab.wait_for_timeout(200)
    charts = tab.locator(".living-canvas canvas")
    assert [x.is_visible() for x in charts.all()] == [True, True, False]
    # The lowest line at the right end is the one agent that fails.
    box = charts.first.bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] - 30, box["y"] + box["height"] - 50)
    failed = 1 + int(
        np.argmin([x[-1] for x in living_quiz.quiz()["runs"][6]["panels"][0]["agents"]])
    )
    assert state(tab)["agent"] == failed
    assert tab.locator("output").inner_text() == str(failed)
    choice(tab, "b").tap()
    assert state(tab)["right"] == 1


@browser
def test_the_picked_agent_is_drawn_in_every_panel(visit):
    tab = visit(NAME, query="run=7")
    tab.wait_for_timeout(100)
    script = "() => [...document.querySelectorAll('canvas')].slice(0, 2).map(e => e.toDataURL())"
    before = tab.evaluate(script)
    tab.get_by_role("slider", name="Agent").press("ArrowRight")
    tab.wait_for_timeout(100)
    assert all(a != b for a, b in zip(before, tab.evaluate(script), strict=True))


@browser
def test_a_link_brings_everything_back_and_starting_over_forgets_it(visit, quiz):
    right = "".join(run["right"] for run in quiz["runs"])
    wrong = "d" if right[0] != "d" else "a"
    tab = visit(NAME, query=f"run=15&agent=2&answers={wrong}{right[1:]}")
    assert state(tab) == {"run": 15, "agent": 2, "answers": wrong + right[1:], "right": 14}
    # The first run has no bug; five of the six without one were known.
    assert "15 of 15 answered, 14 right. Of the 6 without a bug you knew 5." in score(tab)
    tab.get_by_role("button", name="Next").click()
    assert state(tab)["run"] == 1
    tab.get_by_role("button", name="Start over").click()
    assert state(tab) == {"run": 1, "agent": 0, "answers": "-" * 15, "right": 0}
    tab.evaluate("name => { location.hash = `${name}?run=2&answers=xb` }", NAME)
    tab.wait_for_function("document.querySelector('.living-stage > p').innerText.includes('Run 2')")
    assert state(tab)["answers"] == "-b" + "-" * 13


@browser
@pytest.mark.parametrize(
    "query", ["run=99&agent=40", "run=-1&agent=x&answers=", "answers=zzz&run=2.4"]
)
def test_a_wrong_address_does_no_harm(visit, query):
    found = state(visit(NAME, query=query))
    assert found["run"] in (1, 2, 15)
    assert 0 <= found["agent"] <= 10  # the last run has ten, the others eight
    assert found["answers"] == "-" * 15


# ---- In the book ----


@browser
def test_the_list_is_closed_by_the_script_and_opened_by_a_link(chromium, built):
    page = (built / "notebooks/12a_atlas.html").as_uri()
    for options, part, opened in (
        ({}, "", False),
        ({}, "#run-3", True),
        ({"java_script_enabled": False}, "", True),
    ):
        context = chromium.new_context(**options)
        tab = context.new_page()
        tab.goto(page + part, wait_until="load")
        assert tab.locator("#run-3 .ddpg-figure svg").is_visible() == opened
        if opened:
            assert tab.locator("#run-15").is_visible()
        else:  # and from the contents, once the page is there
            tab.evaluate("location.hash = 'run-9'")
            tab.locator("#run-9 .ddpg-figure svg").wait_for()
        context.close()
