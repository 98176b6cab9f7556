import numpy as np
import pytest

from ddpg_lib.chapters.ch03.bandit import QuadraticBandit
from ddpg_lib.chapters.ch03.bandit_learners import copdac_b, sac_b
from ddpg_lib.chapters.ch03.exercises import CHECKS
from ddpg_lib.chapters.ch03.lqr_gradients import lqr_objective
from ddpg_lib.chapters.ch03.off_policy import best_objective
from ddpg_lib.chapters.ch03.ring import RingWorld
from ddpg_lib.chapters.check import check
from ddpg_lib.maths.differences import central_difference
from ddpg_lib.worlds.lqr import LQR


def from_pieces(world, theta):
    V, rho = world.solve(theta)
    return (rho * world.slope(world.features @ theta, V)) @ world.features


def test_draws_by_simulation():
    """5100 draws of a Gaussian policy in 50 dimensions leave an error of 10 percent."""
    rng = np.random.default_rng(0)
    slope = rng.standard_normal(50)
    slope /= np.linalg.norm(slope)
    errors = []
    for _ in range(60):
        xi = rng.standard_normal((5100, 50))
        errors.append(np.square((xi * (xi @ slope)[:, None]).mean(0) - slope).sum())
    assert np.mean(errors) == pytest.approx(0.01, rel=0.1)
    assert CHECKS[1](5100) == ""


def test_gain_by_finite_differences():
    lqr = LQR([[1.0]], [[1.0]], [[1.0]], [[1.0]], gamma=0.8)
    slope = central_difference(lambda K: lqr_objective(lqr, K, [[1.0]]), np.array([[0.5]]))
    assert CHECKS[2](slope) == ""
    assert CHECKS[2](5 / 16) == ""


def test_uniform_noise_by_quadrature():
    from scipy.integrate import quad

    mean = quad(lambda x: 3 * (1 + x) ** 2 / 0.5, -0.25, 0.25)[0]
    assert CHECKS[4](mean) == ""


def test_two_weights_that_do_the_same():
    """Least squares on the slope, by NumPy, in the one state."""
    w = np.linalg.lstsq(np.array([[2.0, 2.0]]), np.array([-3.0]), rcond=None)[0]
    assert CHECKS["3a.1"](w.sum()) == ""


def test_the_step_size_that_makes_the_learners_the_same():
    bandit, common = QuadraticBandit.draw(4, range(3)), {"sigma": 0.1, "batches": 3}
    det = copdac_b(bandit, range(3), alpha=0.3, **common)
    sto = sac_b(bandit, range(3), alpha=30.0, alpha_eta=0, actor="natural", **common)
    np.testing.assert_allclose(sto, det, rtol=0.1)
    assert CHECKS["3b.1"](30) == ""


def test_the_lost_discount_by_euler_steps():
    """Follow the undiscounted gradient with small steps instead of the notebook's integrator."""
    ring = RingWorld()
    theta = np.array([0.2, 0.0, 0.0])
    for _ in range(1_500):
        chances = ring.chances(ring.features @ theta)
        share = np.linalg.matrix_power(chances, 256)[0]
        theta = theta + 0.5 * ring.gradient(theta, share)
    lost = 1 - ring.objective(theta) / best_objective(ring)
    assert CHECKS["3c.1"](lost) == ""


def test_gradient_from_pieces_and_by_finite_differences():
    assert CHECKS[3](from_pieces) == ""
    assert CHECKS[3](lambda world, theta: central_difference(world.objective, theta)) == ""


def wrong(kind):
    def gradient(world, theta):
        V, rho = world.solve(theta)
        a = world.features @ theta
        slope = world.slope(a, V)
        return {
            "sign": -(rho * slope) @ world.features,
            "normalized": (rho / rho.sum() * slope) @ world.features,
            "uniform": slope @ world.features / world.size,
            "unweighted": slope @ world.features,
            "no features": (rho * slope).sum() * np.ones(3),
            "myopic": (rho * world.slope(a, 0 * V)) @ world.features,
            "at zero": (rho * world.slope(0 * a, V)) @ world.features,
            "other": theta,
            "nan": theta * np.nan,
            "scalar": np.float64(3.0),
        }[kind]

    return gradient


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        (1, "many", "one number"),
        (1, 510, "0.01"),
        (1, 51, "10 percent"),
        (1, 200, "one component"),
        (1, 100, "50 components"),
        (1, 5000, "nearly"),
        (1, 5200, "second moment"),
        (1, 7, "(m + 1)"),
        (2, (1, 2), "one number"),
        (2, -0.3125, "sign"),
        (2, 0.15625, "factor 2"),
        (2, 0.0625, "mass"),
        (2, 0.25, "first state"),
        (2, -1.25, "slope of the reward"),
        (2, 1.25, "that is M"),
        (2, -0.25, "that is G"),
        (2, 0, "optimal gain"),
        (2, 9, "not quite"),
        (4, 3.0, "in the middle"),
        (4, 3.1875, "Gaussian"),
        (4, 1.53125, "divide by the width"),
        (4, 6.125, "1 / sigma"),
        (4, 9, "integrate"),
        (4, "x", "one number"),
        ("3a.1", -60, "gradient"),
        ("3a.1", -3, "the slope"),
        ("3a.1", -0.75, "both weights"),
        ("3a.1", -30, "cancels"),
        ("3a.1", 1.5, "sign"),
        ("3a.1", 7, "must equal"),
        ("3b.1", 3, "sigma squared"),
        ("3b.1", 0.003, "other way round"),
        ("3b.1", 0.3, "weights differ"),
        ("3b.1", 1000, "score is"),
        ("3c.1", 4.35, "percent"),
        ("3c.1", 0.0, "discounted"),
        ("3c.1", 0.5, "to its end"),
        (3, 1.0, "function"),
        (3, wrong("sign"), "cost"),
        (3, wrong("normalized"), "1 / (1 - gamma)"),
        (3, wrong("uniform"), "not equally"),
        (3, wrong("unweighted"), "weighed by rho"),
        (3, wrong("no features"), "world.features"),
        (3, wrong("myopic"), "what follows"),
        (3, wrong("at zero"), "own action"),
        (3, wrong("other"), "not the gradient"),
        (3, wrong("nan"), "not finite"),
        (3, wrong("scalar"), "shape (3,)"),
    ],
)
def test_common_wrong_answers_get_a_hint(number, answer, hint):
    assert hint in CHECKS[number](answer)


def test_a_gradient_right_at_one_theta_only_is_not_enough():
    first = RingWorld().gradient([0.3, 0.2, -0.4])
    assert "not the gradient" in CHECKS[3](lambda world, theta: first)


def test_check_prints_the_verdict(capsys):
    check("3.1")
    check("3.1", 5100)
    assert "right" in capsys.readouterr().out
