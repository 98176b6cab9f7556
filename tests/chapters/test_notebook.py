"""Library source shown in chapters."""

import ast
import inspect

import pytest

from ddpg_lib.chapters.source import show_source, without_docstrings
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
