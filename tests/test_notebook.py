"""Library source shown in chapters."""

import ast
import inspect

import ddpg_lib.losses as losses
from ddpg_lib.notebook import show_source, without_docstrings


def test_docstrings_go_and_code_stays():
    source = inspect.getsource(losses)
    stripped = without_docstrings(source)
    assert '"""' not in stripped
    assert "return reward + gamma * (1 - terminated) * next_q" in stripped
    names = [n.name for n in ast.walk(ast.parse(stripped)) if isinstance(n, ast.FunctionDef)]
    assert names == [n.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]


def test_shown_source_is_the_installed_source(capsys):
    shown = []
    import IPython.display

    original = IPython.display.display
    IPython.display.display = shown.append
    try:
        show_source(losses.td_target)
    finally:
        IPython.display.display = original
    (markdown,) = shown
    assert markdown.data.startswith("```python\n# ddpg_lib/losses.py\ndef td_target(")
    assert markdown.data.endswith("next_q\n```")
