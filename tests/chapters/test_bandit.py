import numpy as np
import pytest

from ddpg_lib.chapters.ch03.bandit import QuadraticBandit
from ddpg_lib.chapters.ch03.bandit_learners import copdac_b, sac_b


def test_matrices_have_the_stated_eigenvalues():
    bandit = QuadraticBandit.draw(10, range(3), large=0.3)
    np.testing.assert_allclose(np.linalg.eigvalsh(bandit.C), [[0.1] * 7 + [1] * 3] * 3)
    assert not np.allclose(bandit.C[0], bandit.C[1])
    straight = QuadraticBandit.draw(4, [0], rotate=False).C[0]
    np.testing.assert_array_equal(straight, np.diag([1, 1, 0.1, 0.1]))


def test_cost_of_any_number_of_actions():
    bandit = QuadraticBandit.draw(3, range(2))
    a = np.random.default_rng(0).standard_normal((2, 5, 7, 3))
    by_hand = np.einsum("rabi,rij,rabj->rab", a - 4, bandit.C, a - 4)
    np.testing.assert_allclose(bandit.cost(a), by_hand)
    assert np.all(bandit.cost(np.full((2, 3), 4.0)) == 0)


def test_costs_around_a_center_are_those_of_the_actions():
    bandit, rng = QuadraticBandit.draw(3, range(2)), np.random.default_rng(0)
    center, scale = rng.standard_normal((2, 5, 3)), rng.uniform(0.1, 2, (2, 5))
    xi = rng.standard_normal((2, 7, 3))
    actions = center[:, :, None] + scale[..., None, None] * xi[:, None]
    np.testing.assert_allclose(bandit.costs_around(center, scale, xi), bandit.cost(actions))
    same = bandit.costs_around(center, scale[0], xi)
    np.testing.assert_allclose(same[0], bandit.cost(actions)[0])


def test_a_run_depends_on_its_own_seed_alone():
    kwargs = {"alpha": [0.1, 0.3], "sigma": 0.5, "batches": 5}
    both = copdac_b(QuadraticBandit.draw(4, [3, 8]), [3, 8], **kwargs)
    alone = copdac_b(QuadraticBandit.draw(4, [8]), [8], **kwargs)
    np.testing.assert_allclose(both[1:], alone, rtol=1e-12)
    first = copdac_b(QuadraticBandit.draw(4, [8]), [8], alpha=0.1, sigma=0.5, batches=5)
    np.testing.assert_allclose(first[:, 0], alone[:, 0], rtol=1e-12)


def test_deterministic_learner_reaches_the_best_action():
    bandit = QuadraticBandit.draw(10, range(5))
    costs = copdac_b(bandit, range(5), alpha=0.5, sigma=0.01, batches=100)
    assert costs.shape == (5, 1, 101)
    assert np.all(costs[:, 0, 0] == pytest.approx(bandit.cost(np.zeros((5, 10)))))
    assert costs[..., -1].max() < 1e-2


@pytest.mark.parametrize("actor", ["advantage", "natural", "value"])
def test_stochastic_learner_improves(actor):
    bandit = QuadraticBandit.draw(4, range(5))
    alpha = {"advantage": 0.1, "natural": 0.4, "value": 0.01}[actor]
    costs = sac_b(bandit, range(5), alpha=alpha, alpha_eta=0, sigma=0.5, batches=300, actor=actor)
    assert np.all(costs[..., -1] < 0.3 * costs[..., 0])


def test_at_a_fixed_variance_the_natural_step_is_the_deterministic_learners():
    """Without the variance's feature the two regressions are the same; with it, nearly."""
    bandit, sigma = QuadraticBandit.draw(6, range(3)), 0.01
    det = copdac_b(bandit, range(3), alpha=0.3, sigma=sigma, batches=30)
    kwargs = {"alpha_eta": 0, "sigma": sigma, "batches": 30, "actor": "natural"}
    sto = sac_b(bandit, range(3), alpha=0.3 / sigma**2, **kwargs)
    np.testing.assert_allclose(sto, det, rtol=0.05)


def test_what_diverges_is_infinite():
    bandit = QuadraticBandit.draw(3, [0])
    assert copdac_b(bandit, [0], alpha=50.0, sigma=0.1, batches=400)[0, 0, -1] == np.inf
    kwargs = {"sigma": 1.0, "batches": 300, "actor": "value"}
    assert sac_b(bandit, [0], alpha=50.0, alpha_eta=0.0, **kwargs)[0, 0, -1] == np.inf


def test_noise_on_the_costs():
    quiet, noisy = (QuadraticBandit.draw(3, [0], noise=x) for x in (0.0, 1.0))
    kwargs = {"alpha": 0.3, "sigma": 0.1, "batches": 200}
    assert copdac_b(noisy, [0], **kwargs)[0, 0, -1] > 10 * copdac_b(quiet, [0], **kwargs)[0, 0, -1]
    _, noise = next(noisy.explore([0], 1))
    assert noise.shape == (1, 6)
    assert not next(quiet.explore([0], 1))[1].any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: QuadraticBandit(np.eye(3)), "C\\[None\\]"),
        (lambda: QuadraticBandit(-np.eye(3)[None]), "positive eigenvalues"),
        (lambda: QuadraticBandit(np.array([[[1.0, 1.0], [0.0, 1.0]]])), "symmetric"),
        (lambda: QuadraticBandit(np.eye(3)[None], noise=-1), "noise"),
        (lambda: QuadraticBandit.draw(0, [0]), "m must be"),
        (lambda: QuadraticBandit.draw(3, [0], large=2), "large"),
        (lambda: QuadraticBandit.draw(3, [0]).cost(np.zeros(3)), "shape"),
        (lambda: QuadraticBandit.draw(3, [0]).cost(np.zeros((2, 3))), "shape"),
        (lambda: next(QuadraticBandit.draw(3, [0]).explore([0, 1], 1)), "seeds"),
        (
            lambda: copdac_b(QuadraticBandit.draw(3, [0]), [0], alpha=1, sigma=0, batches=1),
            "sigma must be positive",
        ),
        (
            lambda: sac_b(
                QuadraticBandit.draw(3, [0]), [0], alpha=1, alpha_eta=0, sigma=0, batches=1
            ),
            "sigma must be positive",
        ),
        (
            lambda: sac_b(
                QuadraticBandit.draw(3, [0]),
                [0],
                alpha=1,
                alpha_eta=0,
                sigma=1,
                batches=1,
                actor="x",
            ),
            "'value'",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
