"""Seeds: what they may be, and that what an agent draws is its own."""

import numpy as np
import pytest

from ddpg_lib.parts.seeds import checked, generators


@pytest.mark.parametrize("seeds", [[0, 1, 2], range(3), np.arange(3), (x for x in range(3))])
def test_whole_numbers_of_any_kind_become_plain_ones(seeds):
    numbers = checked(seeds)
    assert numbers == (0, 1, 2)
    assert {type(x) for x in numbers} == {int}


@pytest.mark.parametrize("seeds", [3, 0.5, [0.5], [1.0], np.array([0.0]), "0-7", ["1"], None])
def test_what_is_no_list_of_whole_numbers_is_refused_with_an_example(seeds):
    with pytest.raises(ValueError, match=r"list of whole numbers, .* \[0, 1, 2\] or range\(8\)"):
        checked(seeds)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1]])
def test_no_seed_and_impossible_ones_are_refused(seeds):
    with pytest.raises(ValueError, match="different numbers, none negative"):
        checked(seeds)


def test_a_stream_depends_on_its_seed_and_purpose_alone():
    alone, beside = generators([5]), generators([4, 5])
    assert alone["noise"][0].random() == beside["noise"][1].random()
    assert alone["replay"][0].random() != alone["warmup"][0].random()
