"""Tests of the contract between equations and code must run: a skipped one is a failed one."""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("equation") and report.skipped:
        report.outcome = "failed"
        report.longrepr = "a test that checks an equation must run: it was skipped or xfailed"
    return report
