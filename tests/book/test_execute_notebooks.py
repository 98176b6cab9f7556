"""The tool that executes notebooks in place: what it keeps and what it drops."""

import nbformat
import pytest
from execute_notebooks import fold, main, tidy, without_bars
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain\nlines\n", "plain\nlines\n"),
        ("\r  0%|          | 0/8 [00:00<?, ?it/s]\r100%|####| 8/8 [00:01<00:00,  7.9it/s]\n", ""),
        ("\r5it [00:00, 9.1it/s]\nafter\n", "after\n"),
        ("half\rwhole\n", "whole\n"),
        ("a share of 50% | is no bar\n", "a share of 50% | is no bar\n"),
    ],
)
def test_progress_bars_are_dropped_and_text_is_kept(text, kept):
    assert without_bars(text) == kept


def test_what_depends_on_the_machine_is_removed():
    streams = [
        new_output("stream", name="stdout", text="one\n"),
        new_output("stream", name="stdout", text="two\n"),
        new_output("stream", name="stderr", text="\r 50%|##  | 4/8 [00:00<00:00, 9it/s]"),
        new_output("execute_result", data={"text/plain": "3"}, execution_count=41),
    ]
    cell = new_code_cell("x", execution_count=41, outputs=streams)
    cell.metadata = nbformat.from_dict({"tags": ["hide-input"], "execution": {"iopub": "now"}})
    notebook = new_notebook(cells=[new_markdown_cell("# T"), cell])
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "mine"}, "language_info": {"name": "python", "version": "3.11.7"}}
    )
    tidy(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert cell.metadata.tags == ["hide-input"]
    assert "execution" not in cell.metadata
    assert cell.execution_count == 1
    assert [output.output_type for output in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "one\ntwo\n"
    assert cell.outputs[1].execution_count == 1


@pytest.mark.parametrize(
    ("tags", "jupyter"),
    [
        (["nbval-ignore-output"], None),
        (["hide-input"], {"source_hidden": True}),
        (["remove-cell"], {"source_hidden": True}),
        (["nbval-ignore-output", "hide-cell"], {"source_hidden": True, "outputs_hidden": True}),
    ],
)
def test_the_tags_decide_what_folds(tags, jupyter):
    stale = {"tags": tags, "jupyter": {"source_hidden": False}, "cellView": "code"}
    cell = new_code_cell("x", metadata=stale)
    fold(cell)
    folds = {"cellView": "form", "jupyter": jupyter} if jupyter else {}
    assert cell.metadata == {"tags": tags, **folds}
    before = dict(cell.metadata)
    fold(cell)
    assert cell.metadata == before
    nbformat.validate(new_notebook(cells=[cell]))


def test_text_is_never_folded():
    cell = new_markdown_cell("x", metadata={"tags": ["hide-input"]})
    fold(cell)
    assert cell.metadata == {"tags": ["hide-input"]}


@pytest.fixture
def run(monkeypatch):
    """Call the tool as ``make notebooks`` does; gives its exit code."""

    def call(path):
        monkeypatch.setattr("sys.argv", ["execute_notebooks.py", str(path)])
        return main()

    return call


def test_a_notebook_is_executed_in_place_from_a_clean_kernel(run, tmp_path):
    path = tmp_path / "small.ipynb"
    cells = [new_code_cell("x = 20"), new_code_cell("import sys\nprint('hi', flush=True)\nx + 1")]
    cells[0].outputs = [new_output("stream", name="stdout", text="stale\n")]
    nbformat.write(new_notebook(cells=cells), path)
    assert run(path) == 0
    first = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].outputs == []
    assert notebook.cells[1].outputs[0].text == "hi\n"
    assert notebook.cells[1].outputs[1].data["text/plain"] == "21"
    assert "version" not in notebook.metadata.language_info
    assert run(path) == 0
    assert path.read_bytes() == first


def test_a_notebook_that_fails_is_left_as_it_was(run, tmp_path, capsys):
    path = tmp_path / "bad.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    assert run(path) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
