"""What all tests share.

Tests of the contract between equations and code must run: a skipped one is a failed one. Ctrl-C is
heard also where the tests run in the background, where shells have it ignored.
"""

import signal
from collections.abc import Generator

import pytest

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
