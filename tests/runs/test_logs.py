"""Tables of other programs: read as they are, and every mistake in one sentence."""

import numpy as np
import pytest

from ddpg_lib.runs.logs import read_log


def table(folder, text):
    path = folder / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_agents_columns_in_any_order_and_others_beside(tmp_path):
    text = "\ufeffReturn, loss ,Step,seed\n-9,1,0,3\n-8,nan,0,4\n\n-7.5,,10,3\n-6,2,20,4\n"
    found = read_log(table(tmp_path, text))
    assert list(found) == ["seed 3", "seed 4"]
    assert {name: x.tolist() for name, x in found["seed 3"].items()} == {
        "step": [0, 10],
        "return": [-9, -7.5],
    }
    assert found["seed 4"]["return"].tolist() == [-8, -6]
    asked = read_log(table(tmp_path, text), ["loss", "q"])["seed 3"]
    np.testing.assert_array_equal(asked["loss"], [1, np.nan])
    assert list(asked) == ["step", "return", "loss"]


def test_one_agent_needs_no_seed(tmp_path):
    found = read_log(table(tmp_path, "step,return\r\n1e3,-1\r\n2e3,-2\r\n"))
    assert found["the run"]["step"].tolist() == [1000, 2000]
    other = read_log(table(tmp_path, "step,episode_reward\n1,-1\n2,-2\n"))
    assert other["the run"]["return"].tolist() == [-1, -2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: a table is a CSV file with a column step"),
        (" \n\n", "is empty"),
        (b"\xff\xfe\x00", "is no text"),
        ("step,return\n", "has no rows below its header"),
        ("step,loss\n1,2\n", "has no column return, only step, loss: a table is"),
        ("1,2\n3,4\n", "has no column step, only 1, 2"),
        ("step,return\n1,2\n", "has one row for the run"),
        ("step,return,seed\n1,2,0\n1,2,1\n2,3,1\n", "has one row for seed 0"),
        ("step,return\n1,2\n2\n", "line 3 of .* has 1 values for 2 columns: remove the line"),
        ("step,return\n1,two\n", "line 2 of .*'two' in the column return is no number"),
        ("step,return\n1,2\n2,nan\n", "line 3 of .*return is nan: find out why that run diverged"),
        ("step,return\n1,2\n2,-inf\n", "return is -inf"),
        ("step,return\nnan,2\n", "step is nan"),
        ("step,return\n1,2\n1,3\n", "goes back from step 1 to 1: sort"),
        ("step,return\n5,2\n4,3\n", "goes back from step 5 to 4"),
    ],
)
def test_mistakes(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read_log(table(tmp_path, text))
    assert "\n" not in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"there is no file or folder .*nowhere"):
        read_log(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"cannot read .*: Is a directory"):
        read_log(tmp_path)
