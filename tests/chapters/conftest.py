"""Every chapter's test draws as a notebook does, in the house style, whatever ran before it."""

import matplotlib as mpl
import pytest

from ddpg_lib.figures.style import use_house_style


@pytest.fixture(autouse=True)
def house_style():
    with mpl.rc_context():
        use_house_style()
        yield
