"""Tables: aligned text, HTML that sanitizers leave alone, a format a column."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ddpg_lib.figures import table
from ddpg_lib.figures.tables import Table

ROWS = {"random": (100, -99.14, 0.68, "0 to 5"), "a < b": (np.int64(5), np.float32(4.06), 0, None)}
COLUMNS = {"episodes": "", "mean": ".1f", "falls": ".0%", "interval": ""}


def test_text_is_aligned():
    assert repr(Table(ROWS, COLUMNS, "policy")).split("\n") == [
        "policy  episodes   mean  falls  interval",
        "random       100  -99.1    68%  0 to 5",
        "a < b          5    4.1     0%",
    ]


def test_html_says_the_same():
    html = Table(ROWS, COLUMNS, "policy")._repr_html_()
    found = [["".join(cell.itertext()) for cell in row] for row in ET.fromstring(html).iter("tr")]
    assert found == [
        ["policy", "episodes", "mean", "falls", "interval"],
        ["random", "100", "-99.1", "68%", "0 to 5"],
        ["a < b", "5", "4.1", "0%", ""],
    ]


def test_numbers_stand_right_and_words_left():
    root = ET.fromstring(Table(ROWS, COLUMNS)._repr_html_())
    for row in root.iter("tr"):
        assert [cell.get("align") for cell in row] == ["left", "right", "right", "right", "left"]


def test_nothing_in_it_is_removed_by_sanitizers():
    html = Table(ROWS, COLUMNS)._repr_html_()
    assert set(re.findall(r"<(\w+)", html)) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r" (\w+)=", html)) == {"align", "scope"}


def test_strings_keep_their_words_in_a_column_of_numbers():
    lines = repr(Table({"x": (1.234,), "y": ("never",)}, {"steps": ".1f"})).split("\n")
    assert lines == ["   steps", "x    1.2", "y  never"]


def test_a_row_must_fit_the_columns():
    with pytest.raises(ValueError, match="row 'x' has 2 values for 1 columns"):
        table({"x": (1, 2)}, {"a": ""})


def test_it_is_displayed(capsys):
    table({"x": (1,)}, {"a": ""})
    assert capsys.readouterr().out == "   a\nx  1\n"
