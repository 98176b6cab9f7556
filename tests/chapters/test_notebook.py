"""Library source shown in chapters."""

import ast
import inspect

import pytest

from ddpg_lib.agents.td3 import TD3
from ddpg_lib.chapters.source import (
    changed,
    difference,
    show_difference,
    show_source,
    without_docstrings,
)
from ddpg_lib.ddpg import DDPG
from ddpg_lib.numpy_ddpg import NumpyDDPG
from ddpg_lib.parts import losses


def test_docstrings_go_and_code_stays():
    source = inspect.getsource(losses)
    stripped = without_docstrings(source)
    assert '"""' not in stripped
    assert "return reward + discount * (1 - terminated) * next_q" in stripped
    names = [n.name for n in ast.walk(ast.parse(stripped)) if isinstance(n, ast.FunctionDef)]
    assert names == [n.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]


@pytest.fixture
def shown(monkeypatch):
    import IPython.display

    outputs = []
    monkeypatch.setattr(IPython.display, "display", outputs.append)
    return outputs


def test_shown_source_is_the_installed_source(shown):
    show_source(losses.td_target)
    (markdown,) = shown
    assert markdown.data.startswith("```python\n# ddpg_lib/parts/losses.py\ndef td_target(")
    assert markdown.data.endswith("next_q\n```")


def test_a_part_goes_from_one_line_to_another(shown):
    show_source(NumpyDDPG.update, start="# Step 7", stop="if c.lr_decay")
    (markdown,) = shown
    first, place, *lines, last = markdown.data.splitlines()
    assert (first, place, last) == ("```python", "# ddpg_lib/numpy_ddpg.py", "```")
    assert lines[0] == "# Step 7: update the target networks."  # dedented
    assert len(lines) == 3
    show_source(losses, start="def critic_loss", stop="def actor_loss")
    assert shown[1].data.endswith("return (target - q).square().mean(-1).sum()\n```")


@pytest.mark.parametrize(
    ("start", "stop", "missing"), [("no such line", None, "no such"), ("return", "c.tau", "c.tau")]
)
def test_a_part_that_is_not_there_is_refused(shown, start, stop, missing):
    with pytest.raises(ValueError, match=missing):
        show_source(losses.td_target, start=start, stop=stop)
    assert not shown


def test_a_decorated_function_is_where_it_was_written(shown):
    show_source(losses.soft_update)  # under torch.no_grad()
    assert shown[0].data.startswith("```python\n# ddpg_lib/parts/losses.py\n")


class Plain:
    def greet(self, name: str, times: int = 1) -> str:
        """Say hello."""
        # To someone.
        whole = "hello " + name
        whole = whole.strip()
        whole = whole.strip()
        whole = whole.strip()
        return whole * times  # often

    def same(self) -> int:
        return 1

    size = 3


class Loud(Plain):
    def greet(self, name: str, times: int = 1) -> str:
        whole = "HELLO " + name
        whole = whole.strip()
        whole = whole.strip()
        whole = whole.strip()
        return whole * times + "#!"  # not a comment within quotes

    def shout(self) -> str:
        return "ho"

    def same(self) -> int:
        one = super().same()
        return one

    size = 4


def test_a_difference_is_what_was_changed_and_nothing_else():
    assert difference(Loud, Plain, "greet").splitlines() == [
        "--- Plain.greet",
        "+++ Loud.greet",
        " def greet(self, name, times=1):",
        '-    whole = "hello " + name',
        '+    whole = "HELLO " + name',
        "     whole = whole.strip()",
        "     ...",
        "     whole = whole.strip()",
        "-    return whole * times",
        '+    return whole * times + "#!"',
    ]
    assert difference(Loud, Plain, "shout").splitlines()[2:] == [
        "+def shout(self):",
        '+    return "ho"',
    ]
    assert changed(Loud, Plain) == ["greet", "shout", "same"]


def test_where_a_method_calls_the_one_that_it_replaces_the_rest_is_new():
    assert difference(Loud, Plain, "same").splitlines()[2:] == [
        " def same(self):",
        "     one = super().same()",
        "+    return one",
    ]


def test_a_difference_may_be_of_a_part():
    found = difference(TD3, DDPG, "learn", "with torch.no_grad", "if not move_actor")
    _, _, *lines = found.splitlines()
    for sign, cls in (("+", TD3), ("-", DDPG)):
        source = inspect.getsource(cls.learn)
        marked = [line[1:].strip() for line in lines if line[0] == sign]
        assert marked
        assert all(line in source for line in marked)
    assert "smaller = torch.minimum(*next_q)" in found
    assert "actor_optimizer" not in found


def test_differences_are_shown_one_after_another(shown):
    show_difference(Loud, Plain)
    assert [x.data.splitlines()[0] for x in shown] == ["```diff"] * 3
    assert [x.data.splitlines()[2] for x in shown] == [
        f"+++ Loud.{m}" for m in changed(Loud, Plain)
    ]
    show_difference(Loud, Plain, "shout")
    assert shown[-1].data == "```diff\n" + difference(Loud, Plain, "shout") + "\n```"


@pytest.mark.parametrize(
    ("method", "start", "message"),
    [
        ("whisper", "", "Loud has no method 'whisper'"),
        ("greet", "no such line", "no line contains"),
        ("__init__", "", "is the same in Loud and in Plain"),
    ],
)
def test_differences_that_are_not_there_are_refused(method, start, message):
    class Both:
        def __init__(self):
            self.size = 3

    bases = ((Loud, Both), (Plain, Both)) if method == "__init__" else ((Loud,), (Plain,))
    one, other = (type(x[0].__name__, x, {}) for x in bases)
    with pytest.raises(ValueError, match=message):
        difference(one, other, method, start)
