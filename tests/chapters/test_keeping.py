"""Agents that differ in what they keep: which transitions, which actions, and back from a file."""

import numpy as np
import pytest

from ddpg_lib import recipe, train
from ddpg_lib.chapters.ch06.keeping import ByLot, ByLotOwn, Diverse, Reservoir
from ddpg_lib.runs.session import load


def filled(agents, size, added, skip=0):
    """Reservoirs in which every number of transition t is t."""
    rngs = [np.random.default_rng([7, i]) for i in range(agents)]
    reservoir = Reservoir(size, added, 1, 1, rngs, skip=skip)
    column = np.ones((agents, 1))
    for t in range(1, added + 1):
        reservoir.add(t * column, t * column, t * column[:, 0], t * column, 0 * column[:, 0])
        assert (np.sort(reservoir.kept)[:, -min(t, size) :] > 0).all()
    return reservoir


@pytest.mark.parametrize("skip", [0, 13])
def test_each_transition_has_the_same_chance(skip):
    agents, size, added = 3_000, 5, 40
    reservoir = filled(agents, size, added, skip)
    counts = np.bincount(reservoir.kept.ravel(), minlength=added + 1)[1:]
    assert counts.sum() == agents * size
    assert counts[:skip].sum() == 0, "what was skipped left as in a ring"
    share = size / (added - skip)
    # Binomial, and 40 of them: none is 4.5 standard deviations off.
    bound = 4.5 * np.sqrt(agents * share * (1 - share))
    assert np.abs(counts[skip:] - agents * share).max() < bound
    assert all(len(set(kept)) == size for kept in reservoir.kept.tolist())


def test_while_skipped_ones_come_it_is_a_ring():
    reservoir = filled(2, 5, 16, skip=13)
    # Three came after the 13 that leave in order; the two youngest of these are still there.
    assert np.sort(reservoir.kept).tolist() == [[12, 13, 14, 15, 16]] * 2


def test_it_draws_what_it_keeps_and_knows_their_ages():
    reservoir = filled(3, 5, 40)
    ages = reservoir.ages(200)
    for mine, kept in zip(40 - ages, reservoir.kept, strict=True):
        assert set(mine) == set(kept)
    drawn = reservoir.sample(50).obs[..., 0].numpy()
    assert all(set(d) <= set(k) for d, k in zip(drawn, reservoir.kept, strict=True))


TINY = {"steps": 260, "warmup_steps": 200, "eval_every": 260, "eval_episodes": 1, "buffer_size": 50}


@pytest.mark.parametrize("agent", [ByLot, ByLotOwn, Diverse])
def test_it_comes_back_from_a_file(agent, tmp_path):
    options = dict(agent=agent, progress=False, folder=tmp_path / "run", **TINY)
    run = train("Pendulum-v1", "pendulum", [3, 4], **options)
    again = load(tmp_path / "run", agent=agent).agent
    batch, other = run.agent.replay.sample(20), again.replay.sample(20)
    assert (batch.obs == other.obs).all()


def test_by_lot_keeps_the_warmup_and_its_variant_does_not():
    for agent, share in ((ByLot, 200 / 260), (ByLotOwn, 0)):
        run = train("Pendulum-v1", "pendulum", range(6), agent=agent, progress=False, **TINY)
        replay = run.agent.replay
        assert replay.kept.shape == (6, 50)
        early = (replay.kept <= 200).mean()
        assert early == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 300) + 1e-9)


def test_the_share_of_random_actions_falls_as_in_a_lottery():
    config = recipe("pendulum", **TINY)
    agents = 2_000
    stack = Diverse(3, [-2.0], [2.0], config, range(agents))
    stack.replay.count = 499  # the next is number 500: 200 of 500 random
    obs = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (agents, 1))
    # The policy's own are near 0: untrained, and noise of 0.2 of the range.
    far = np.abs(stack.explore(obs)) > 1.2  # three standard deviations
    assert far.mean() == pytest.approx(0.4 * 0.4, abs=4 * np.sqrt(0.16 * 0.84 / agents) + 0.01)
