"""The checks of chapter 20's exercises know right answers from wrong ones."""

from ddpg_lib.chapters.ch20.exercises import CHECKS


def test_the_most_that_is_left():
    assert CHECKS[1](1 / 0.1) == ""
    assert "all else stayed" in CHECKS[1](1 / 0.9)
    assert CHECKS[1](None)


def test_when_compiling_pays():
    assert CHECKS[2](25 / (8 * (300e-6 - 125e-6))) == ""
    assert "eight of them" in CHECKS[2](25 / (300e-6 - 125e-6))


def test_sixteen_in_a_stack():
    a = 0.72 * 8 / 7
    assert CHECKS[3](a / 16 + 1 - a) == ""
    assert "does not shrink" in CHECKS[3](0.14)
