"""Printed lines broken to the width of a page."""

from ddpg_lib.chapters import wrapped


def test_long_lines_are_broken_and_go_on_indented():
    text = "short\n" + "word " * 30
    lines = wrapped(text, 40).splitlines()
    assert lines[0] == "short"
    assert max(map(len, lines)) <= 40
    assert all(line.startswith("      word") for line in lines[2:])
    assert " ".join(" ".join(lines[1:]).split()) == ("word " * 30).strip()


def test_an_empty_line_stays():
    assert wrapped("a\n\nb") == "a\n\nb"
