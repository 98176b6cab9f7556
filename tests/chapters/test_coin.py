"""The coin game of chapter 4 against the values that its rules give."""

import numpy as np
import pytest

from ddpg_lib.chapters.ch04.coin import (
    END,
    HEADS,
    MISTAKES,
    TAILS,
    TOSS,
    learn,
    level_and_spread,
    play,
    transitions,
)


@pytest.mark.parametrize("heads", [0.5, 0.9])
def test_the_semi_gradient_finds_the_true_values(heads):
    values, squares = play(False, heads=heads)
    assert values.shape == (8, 3, 3000)
    assert squares.shape == (8, 2, 3000)
    np.testing.assert_allclose(values[..., -1].mean(0), [heads, 1, 0], atol=0.03)
    # The variance of a coin at the toss, and nothing at the end.
    late = squares[..., -1000:].mean(axis=(0, 2))
    np.testing.assert_allclose(late, [heads * (1 - heads), 0], atol=0.02)


@pytest.mark.parametrize("heads", [0.5, 0.9])
def test_the_complete_gradient_puts_each_state_halfway_to_the_toss(heads):
    values, _ = play(True, heads=heads)
    right = [heads, (1 + heads) / 2, heads / 2]
    np.testing.assert_allclose(values[..., -1].mean(0), right, atol=0.05)


def test_the_first_game_by_hand():
    # All values are 0: the toss learns nothing, heads a quarter of 1, tails nothing.
    for complete in (False, True):
        values, squares = play(complete, games=1, agents=50)
        fell = values[:, HEADS, 0] > 0
        assert 10 < fell.sum() < 40
        np.testing.assert_array_equal(values[:, HEADS, 0], 0.25 * fell)
        assert not values[:, [TOSS, TAILS], 0].any()
        np.testing.assert_array_equal(squares[:, 1, 0], fell)


def test_more_learners_do_not_change_how_often_heads_comes():
    values, _ = play(False, games=1, agents=4000, heads=0.2)
    assert (values[:, HEADS, 0] > 0).mean() == pytest.approx(0.2, abs=0.03)


def test_transitions():
    x, next_x, reward, d, often = transitions(0.3)
    np.testing.assert_array_equal(x, np.eye(3)[[TOSS, TOSS, HEADS, TAILS]])
    np.testing.assert_array_equal(next_x[:2], np.eye(3)[[HEADS, TAILS]])
    assert not next_x[2:].any()
    assert END == 3
    np.testing.assert_array_equal(reward, [0, 0, 1, 0])
    np.testing.assert_array_equal(d, [0, 0, 1, 1])
    np.testing.assert_allclose(often, [0.15, 0.35, 0.15, 0.35])


RESTS = {  # where each mistake leads with a coin of 0.6, by hand
    "none": (0.6, 1, 0),
    "time limit stored as an end": (0.45, 1, 0),
    "reward of the step before": (0.6, 0, 0),
    "gradient through the target": (0.6, 0.8, 0.3),
    "every value against every target": (0.6, 0.6, 0.6),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_where_mistakes_lead(mistake):
    values = learn(mistake, heads=0.6, games=500, agents=4)
    assert values.shape == (4, 3, 81)
    assert not values[..., 0].any()
    np.testing.assert_allclose(values[..., -20:].mean(axis=(0, 2)), RESTS[mistake], atol=0.03)


def test_an_unknown_mistake():
    with pytest.raises(ValueError, match="mistake must be one of"):
        learn("none at all")


def test_level_and_spread_by_repetition():
    # As often as states occur with a coin of 0.75: four tosses, three heads, one tails.
    values = np.random.default_rng(0).normal(size=(2, 3, 5))
    level, spread = level_and_spread(values, heads=0.75)
    rows = [TOSS] * 4 + [HEADS] * 3 + [TAILS]
    truth = np.array([0.75, 1, 0])[rows]
    np.testing.assert_allclose(level, values[:, rows].mean(axis=1) / truth.mean())
    np.testing.assert_allclose(spread, values[:, rows].std(axis=1) / truth.std())
