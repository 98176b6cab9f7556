"""Execute notebooks in place from clean kernels: ``make notebooks``.

What is written is the same whoever runs it: no progress bars, one stream output where several
followed each other, no times, no patch version of Python, execution counts 1, 2, 3, ...
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
FOLDED = {"hide-input", "hide-cell", "remove-cell"}
# tqdm's bar, with or without a total: "100%|####| 8/8 [00:01<00:00, 7.9it/s]", "5it [00:00, ...]"
BAR = re.compile(r"\d+%\|.*\|.*\[.*\]|\d+it \[.*\]")


def without_bars(text: str) -> str:
    """Return what a terminal would keep of a text, less the lines that are progress bars."""
    lines = []
    for line in text.split("\n"):
        if BAR.search(line):
            continue
        lines.append(line.rstrip("\r").split("\r")[-1])
    kept = "\n".join(lines)
    return kept if kept.strip() else ""


def tidy_outputs(outputs: list[Any], count: int) -> list[Any]:
    """Merge neighboring streams of one name, drop progress bars, and set the execution count."""
    tidy: list[Any] = []
    for output in outputs:
        if output["output_type"] == "stream":
            if tidy and tidy[-1].get("name") == output["name"]:
                tidy[-1]["text"] += output["text"]
                continue
        elif output["output_type"] == "execute_result":
            output["execution_count"] = count
        tidy.append(output)
    for output in tidy:
        if output["output_type"] == "stream":
            output["text"] = without_bars(output["text"])
    return [output for output in tidy if output["output_type"] != "stream" or output["text"]]


def fold(cell: Any) -> None:
    """Write a cell's metadata: its tags, and what folds it in JupyterLab and in Colab.

    The book folds by the tags themselves. VS Code keeps no folds of code in the file at all.
    """
    tags = cell.metadata.get("tags", [])
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if cell.cell_type == "code" and FOLDED.intersection(tags):
        metadata["cellView"] = "form"
        metadata["jupyter"] = {"source_hidden": True}
        if "hide-cell" in tags:
            metadata["jupyter"]["outputs_hidden"] = True
    cell.metadata = nbformat.from_dict(metadata)


def tidy(notebook: Any) -> None:
    """Remove from an executed notebook all that depends on when and where it was executed."""
    language = dict(notebook.metadata.get("language_info", {"name": "python"}))
    language.pop("version", None)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": language})
    count = 0
    for cell in notebook.cells:
        fold(cell)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = tidy_outputs(cell.outputs, count)


def execute(path: Path, timeout: int) -> float:
    """Execute one notebook in place and return the seconds that it took."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    start = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - start
    tidy(notebook)
    nbformat.validate(notebook)
    written = path.with_suffix(".tmp")
    nbformat.write(notebook, written)
    os.replace(written, path)  # a run that is broken off leaves the old notebook whole
    return seconds


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Execute notebooks in place.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--timeout", type=int, default=600, help="seconds that one cell may take")
    options = parser.parse_args()
    failed = 0
    for path in options.notebooks:
        try:
            print(f"{path}: {execute(path, options.timeout):.1f} s", flush=True)
        except CellExecutionError as error:
            print(f"{path}: failed and was left as it was\n{error}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
