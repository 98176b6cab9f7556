"""The equations of chapter 20, each against an independent calculation."""

import math

import pytest

from ddpg_lib.chapters.ch20.laws import in_a_stack, paid_after, shared_and_own, times_as_fast

DEFINITIONS: dict[str, str] = {
    "20.1": "a rough model; the chapter measures where it fails",
}


@pytest.mark.equation("20.2", by="a program of a thousand parts, one after the other")
def test_amdahl():
    """A part of it goes faster, and the clock is read at both ends."""
    for faster, factor in ((0, 3), (300, 4), (900, 10), (1000, 7)):
        parts = [1.0] * 1000
        parts[:faster] = [x / factor for x in parts[:faster]]
        assert times_as_fast(faster / 1000, factor) == pytest.approx(1000 / math.fsum(parts))


@pytest.mark.equation("20.3", by="counting steps until the compiled program is ahead")
def test_compiling_pays():
    """The first whole step after which the slow start is made up for."""
    eager, compiled, start = 0.011, 0.004, 2.0
    steps = 0
    while start + steps * compiled > steps * eager:
        steps += 1
    assert steps == math.ceil(paid_after(start, eager, compiled))
    assert paid_after(start, compiled, eager) == math.inf


@pytest.mark.equation("20.4", by="adding up the calls of a stack and each agent's own time")
def test_a_stack():
    """A stack's step has the calls once and its agents' own time n times."""
    calls, own = 0.7, 0.2
    times = {n: (calls + math.fsum([own] * n)) / n for n in (1, 2, 5, 8)}
    assert shared_and_own(times) == pytest.approx((calls, own))
    assert in_a_stack(8, calls, own) == pytest.approx(times[8])
