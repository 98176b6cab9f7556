"""What all tests share.

Tests of the contract between equations and code must run: a skipped one is a failed one. Ctrl-C is
heard also where the tests run in the background, where shells have it ignored. Where several
processes share the tests (``make test``), the long ones come first and each takes one thread; and a
notebook's kernel that does not come up is started again.
"""

import importlib.util
import os
import signal
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

import nbval.kernel
import pytest

SHARED = "PYTEST_XDIST_WORKER" in os.environ
LONG = ("slow", "browser")  # markers
# Of notebooks: a module, and the extra that brings it.
NEEDS = {"17_pixels.ipynb": ("cv2", "pixels"), "19_lightning.ipynb": ("lightning", "lightning")}

if SHARED:  # before NumPy and PyTorch are loaded; the kernels of notebooks inherit it
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def patient(start: Callable[..., Any]) -> Callable[..., Any]:
    """Try twice more: a port that was free may be taken, by another process, before it is used."""

    def started(*args: Any, **kwargs: Any) -> Any:
        for _ in range(2):
            try:
                return start(*args, **kwargs)
            except RuntimeError:
                continue
        return start(*args, **kwargs)

    return started


nbval.kernel.start_new_kernel = patient(nbval.kernel.start_new_kernel)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("equation") and report.skipped:
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)  # with it, pytest would still end well
        report.longrepr = "a test that checks an equation must run: it was skipped or xfailed"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip a notebook whose extra is missing; begin with the files that take long.

    So no process ends long after the others.
    """
    for item in items:
        module, extra = NEEDS.get(item.path.name, ("pytest", ""))
        if importlib.util.find_spec(module) is None:
            how = f'needs the extra {extra}: pip install "ddpg-lib[{extra}]"'
            item.add_marker(pytest.mark.skip(reason=f"{item.path.name} {how}"))
    if not SHARED:
        return

    def long(item: pytest.Item) -> bool:
        return item.path.suffix == ".ipynb" or any(map(item.get_closest_marker, LONG))

    files = {item.path for item in items if long(item)}
    items.sort(key=lambda item: item.path not in files)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped and why; the reason says how to get what is missing."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(r.longrepr[2].removeprefix("Skipped: ") for r in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}")
