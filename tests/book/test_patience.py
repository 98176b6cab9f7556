"""A notebook's kernel that does not come up is started again, and not for ever."""

import pytest
from conftest import patient


def failing(times):
    """Something that fails so often before it returns."""
    calls = []

    def start(name):
        calls.append(name)
        if len(calls) <= times:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return name

    return start, calls


def test_a_kernel_is_tried_three_times():
    start, calls = failing(2)
    assert patient(start)("python3") == "python3"
    assert calls == ["python3"] * 3


def test_one_that_never_comes_up_is_reported():
    start, calls = failing(3)
    with pytest.raises(RuntimeError, match="died"):
        patient(start)("python3")
    assert len(calls) == 3
