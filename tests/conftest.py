"""What all tests share.

Tests of the contract between equations and code must run: a skipped one is a failed one. Ctrl-C is
heard also where the tests run in the background, where shells have it ignored. Where several
processes share the tests (``make test``), the long ones come first and each takes one thread.
"""

import os
import signal
from collections import Counter
from collections.abc import Generator

import pytest

SHARED = "PYTEST_XDIST_WORKER" in os.environ

if SHARED:  # before NumPy and PyTorch are loaded; the kernels of notebooks inherit it
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what one kernel or one browser serves; put first what takes long."""
    if not SHARED:
        return

    def turn(item: pytest.Item) -> int:
        browser, cell = item.get_closest_marker("browser"), item.path.suffix == ".ipynb"
        if browser or cell:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        return 0 if browser else 1 if cell else 2 if item.get_closest_marker("slow") else 3

    items.sort(key=turn)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped and why; the reason says how to get what is missing."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(r.longrepr[2].removeprefix("Skipped: ") for r in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}")
