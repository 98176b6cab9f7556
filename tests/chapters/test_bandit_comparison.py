import numpy as np
import pytest

from ddpg_lib.chapters.ch03.bandit import QuadraticBandit
from ddpg_lib.chapters.ch03.bandit_comparison import FRESH, TUNING, Comparison, compare
from ddpg_lib.chapters.ch03.bandit_learners import copdac_b, sac_b


def test_the_chosen_setting_is_the_best_on_the_tuning_runs_and_is_shown_on_others():
    found = compare(4, steps=400, alphas=[0.03, 0.3], sigmas=[0.1, 1.0], alphas_eta=[0.0])
    tuning, fresh = (QuadraticBandit.draw(4, runs) for runs in (TUNING, FRESH))
    tried = {}
    for alpha in (0.03, 0.3):
        for sigma in (0.1, 1.0):
            costs = copdac_b(tuning, TUNING, alpha=alpha, sigma=sigma, batches=50)
            tried[alpha, sigma] = costs[:, 0, -1].mean()
    alpha, sigma = min(tried, key=tried.get)
    assert found.settings["deterministic"] == {"alpha": alpha, "sigma": sigma}
    shown = copdac_b(fresh, FRESH, alpha=alpha, sigma=sigma, batches=50)[:, 0]
    np.testing.assert_allclose(found.curves["deterministic"], shown)


def test_the_natural_actors_step_sizes_are_in_its_own_units():
    grid = {"alphas": [0.3], "sigmas": [0.1], "alphas_eta": [0.0]}
    found = compare(4, steps=80, actors=("natural",), **grid)
    kwargs = {"alpha": 30.0, "alpha_eta": 0.0, "sigma": 0.1, "batches": 10, "actor": "natural"}
    shown = sac_b(QuadraticBandit.draw(4, FRESH), FRESH, **kwargs)[:, 0]
    np.testing.assert_allclose(found.curves["stochastic"], shown)
    assert "with baseline" not in found.curves


def test_ratios_are_those_of_pairs_of_runs():
    curves = {"deterministic": np.full((8, 2), 2.0), "stochastic": np.full((8, 2), 20.0)}
    curves["stochastic"][3, 1] = 1e6
    found = Comparison({}, curves)
    assert found.ratio("stochastic")[0] == pytest.approx(10)
    assert found.last("deterministic") == pytest.approx(2)
    assert (found.diverged("stochastic"), found.diverged("deterministic")) == (1, 0)


def test_the_whole_curve_may_decide():
    grid = {"alphas": [0.001, 0.5], "sigmas": [0.01], "alphas_eta": [0.0]}
    for by in ("last", "mean"):
        assert compare(4, steps=400, by=by, **grid).settings["deterministic"]["alpha"] == 0.5
