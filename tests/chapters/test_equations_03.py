"""The equations of chapter 3, each against an independent calculation."""

import numpy as np
import pytest
from scipy import linalg, stats

from ddpg_lib.chapters.ch03.bandit import QuadraticBandit
from ddpg_lib.chapters.ch03.bandit_learners import copdac_b, sac_b
from ddpg_lib.chapters.ch03.lqr_gradients import lqr_gradient, lqr_moment, lqr_objective, lqr_slope
from ddpg_lib.chapters.ch03.ring import RingWorld
from ddpg_lib.chapters.ch03.row import PendulumRow, direction
from ddpg_lib.maths.differences import central_difference
from ddpg_lib.worlds.lqr import LQR

DEFINITIONS = {
    "3.1": "defines the objective: the expected value of the first state",
    "3c.1": "defines the off-policy objective: the value averaged over the behavior's states",
}

RING = RingWorld()
THETAS = [np.array(theta) for theta in ([0.3, 0.2, -0.4], [-0.7, 0.1, 0.5], [0.0, 0.0, -0.8])]


def random_lqr(seed, n=4, m=2):
    """A noisy LQR, a gain near its optimal one, and the second moment of a start."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n))
    A *= 1.05 / np.abs(np.linalg.eigvals(A)).max()  # unstable without control
    root = rng.standard_normal((3, n, n))
    Q, W, start = (x @ x.T / n for x in root)
    R = np.diag(rng.uniform(0.5, 2, m))
    lqr = LQR(A, rng.standard_normal((n, m)), Q, R, 0.9, 0.1 * W)
    return lqr, lqr.K + 0.05 * rng.standard_normal((m, n)), start


@pytest.mark.equation("3.2", by="the sum over rewards against the value, in float64")
@pytest.mark.parametrize("theta", THETAS)
def test_rewards_weighed_with_the_states_distribution_sum_to_the_objective(theta):
    """rho has the mass 1/(1 - gamma), and the reward weighed with it is J, step by step too."""
    _, rho = RING.solve(theta)
    assert rho.sum() == pytest.approx(1 / (1 - RING.gamma), rel=1e-12)
    actions = RING.features @ theta
    assert rho @ RING.reward(actions) == pytest.approx(RING.objective(theta), rel=1e-12)
    # The definition itself: push the start through 400 steps and add up.
    share, total = np.full(RING.size, 1 / RING.size), np.zeros(RING.size)
    for t in range(400):
        total += RING.gamma**t * share
        share = share @ RING.chances(actions)
    np.testing.assert_allclose(rho, total, rtol=1e-10)


@pytest.mark.equation("3.3", by="finite differences in float64")
@pytest.mark.parametrize("theta", THETAS)
def test_the_theorem_on_a_world_that_meets_its_conditions(theta):
    """Theorem 3.2 on the ring: weighed slopes against differences of the objective itself."""
    numeric = central_difference(RING.objective, theta)
    np.testing.assert_allclose(RING.gradient(theta), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.equation("3.3", by="rollouts of the ring, Monte Carlo with 4 standard errors")
def test_the_theorem_by_sampling_states():
    """States of simulated episodes, each weighed with its discount, give the same gradient."""
    theta, rng, episodes = THETAS[0], np.random.default_rng(0), 20_000
    actions = RING.features @ theta
    V, _ = RING.solve(theta)
    per_state = RING.slope(actions, V)[:, None] * RING.features
    ladder = np.cumsum(RING.chances(actions), axis=1)
    state, total = rng.integers(RING.size, size=episodes), np.zeros((episodes, 3))
    for t in range(120):
        total += RING.gamma**t * per_state[state]
        draw = rng.random(episodes)[:, None]
        state = np.minimum((ladder[state] < draw).sum(axis=1), RING.size - 1)
    error = np.abs(total.mean(axis=0) - RING.gradient(theta))
    assert np.all(error < 4 * total.std(axis=0) / np.sqrt(episodes))


@pytest.mark.equation("3.4", by="finite differences in float64")
@pytest.mark.parametrize("theta", THETAS)
def test_the_gradient_of_the_value_obeys_a_bellman_equation(theta):
    """Differences of V in theta, state by state, satisfy the recursion."""
    numeric = np.stack(
        [central_difference(lambda x, i=i: RING.solve(x)[0][i], theta) for i in range(RING.size)]
    )
    V, actions = RING.solve(theta)[0], RING.features @ theta
    now = RING.slope(actions, V)[:, None] * RING.features
    later = RING.gamma * RING.chances(actions) @ numeric
    np.testing.assert_allclose(numeric, now + later, atol=1e-7)


@pytest.mark.equation("3.7", by="finite differences, and the derivative of Lyapunov's equation")
@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_of_the_regulator(seed):
    """The theorem's right side on LQR against the objective's differences, and term by term."""
    lqr, K, start = random_lqr(seed)
    gradient = lqr_gradient(lqr, K, lqr_moment(lqr, K, start))
    numeric = central_difference(lambda gain: lqr_objective(lqr, gain, start), K)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6)
    # P = Q + K'RK + gamma F'PF, differentiated in each component of K.
    F, P, weight = lqr.A - lqr.B @ K, lqr.policy_matrix(K), start + 9 * lqr.W
    for i, j in np.ndindex(K.shape):
        dK = np.zeros_like(K)
        dK[i, j] = 1
        half = dK.T @ lqr.R @ K - lqr.gamma * (lqr.B @ dK).T @ P @ F
        dP = linalg.solve_discrete_lyapunov(np.sqrt(lqr.gamma) * F.T, half + half.T)
        assert gradient[i, j] == pytest.approx(-np.trace(dP @ weight), rel=1e-9, abs=1e-9)


@pytest.mark.equation("3.7", by="finite differences of the action value")
def test_the_slope_of_the_regulators_q():
    """G s is the slope of LQR's Q in the action, where the policy acts."""
    lqr, K, _ = random_lqr(7)
    s = np.random.default_rng(7).standard_normal(4)
    numeric = central_difference(lambda a: lqr.action_value(s, a, K), -K @ s)
    np.testing.assert_allclose(lqr_slope(lqr, K) @ s, numeric, rtol=1e-6)


@pytest.mark.equation("3.5", by="simulated paths, Monte Carlo with 4 standard errors")
def test_the_gradient_of_the_value_is_a_discounted_sum_along_the_path():
    """Paths from one state, u added up along them, against differences of that state's value."""
    theta, rng, paths, first = THETAS[0], np.random.default_rng(1), 20_000, 20
    actions = RING.features @ theta
    V, _ = RING.solve(theta)
    u = RING.slope(actions, V)[:, None] * RING.features
    ladder = np.cumsum(RING.chances(actions), axis=1)
    state, total = np.full(paths, first), np.zeros((paths, 3))
    for t in range(120):
        total += RING.gamma**t * u[state]
        draw = rng.random(paths)[:, None]
        state = np.minimum((ladder[state] < draw).sum(axis=1), RING.size - 1)
    numeric = central_difference(lambda x: RING.solve(x)[0][first], theta)
    error = np.abs(total.mean(axis=0) - numeric)
    assert np.all(error < 4 * total.std(axis=0) / np.sqrt(paths))


@pytest.mark.equation("3.6", by="Gymnasium's Pendulum-v1, at small angles")
def test_the_pendulum_near_upright_is_a_regulator():
    """One step of the environment from a small angle, next to the linear world's."""
    import gymnasium

    upright = PendulumRow(m=1).lqr
    quiet = LQR(upright.A, upright.B, upright.Q, upright.R, upright.gamma)
    env = gymnasium.make("Pendulum-v1").unwrapped
    for angle, speed, torque in ((1e-3, 2e-3, 1e-3), (-2e-3, 1e-3, -5e-3)):
        env.reset(seed=0)
        env.state = np.array([angle, speed])
        _, reward, *_ = env.step(np.array([torque]))
        after, predicted = quiet.step([angle, speed], [torque])
        np.testing.assert_allclose(after, env.state, atol=1e-8)
        assert predicted == pytest.approx(float(reward), abs=1e-9)
    np.testing.assert_array_equal(upright.W, np.diag([1e-5, 4e-3]))


@pytest.mark.equation("3.9", by="SciPy's quadrature of both sides")
@pytest.mark.parametrize("sigma", [0.1, 0.7])
def test_score_times_height_is_the_mean_slope(sigma):
    """One integration by parts, for a function with bends."""
    from scipy.integrate import quad

    def f(a):
        return np.sin(3 * a) + 0.2 * a**3

    def slope(a):
        return 3 * np.cos(3 * a) + 0.6 * a**2

    def mean(g):
        return quad(lambda x: g(x) * stats.norm.pdf(x, scale=sigma), -10 * sigma, 10 * sigma)[0]

    mu = 0.4
    heights = mean(lambda x: x / sigma**2 * f(mu + x))
    assert heights == pytest.approx(mean(lambda x: slope(mu + x)), rel=1e-8)


@pytest.mark.equation("3.8", by="finite differences of the noisy policy's objective")
@pytest.mark.parametrize("sigma", [0.05, 0.3, 0.8])
def test_the_stochastic_gradient(sigma):
    """Score times Q, averaged over states and actions, is the gradient of the noisy objective."""
    for theta in THETAS:
        numeric = central_difference(lambda x: RING.objective(x, sigma), theta)
        gradient = RING.stochastic_gradient(theta, sigma)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.equation("3.11", by="quadrature at shrinking noise, rate included")
@pytest.mark.parametrize("theta", THETAS)
def test_the_stochastic_gradient_tends_to_the_deterministic_one(theta):
    """Theorem 3.3: half the noise, a quarter of the distance, down to nothing."""
    sigmas = 0.02 / 2.0 ** np.arange(4)
    exact = RING.gradient(theta)
    away = [np.linalg.norm(RING.stochastic_gradient(theta, x) - exact) for x in sigmas]
    np.testing.assert_allclose(np.divide(away[:-1], away[1:]), 4, rtol=0.05)
    assert away[-1] < 1e-3 * np.linalg.norm(exact)


@pytest.mark.equation("3.10", by="quadrature of both sides")
@pytest.mark.parametrize("sigma", [0.1, 0.5])
def test_the_stochastic_gradient_is_a_deterministic_one_in_a_smoothed_world(sigma):
    """Score times Q against the mean slope of Q under the same noise."""
    theta = THETAS[0]
    V, rho = RING.solve(theta, sigma)
    x, weights = np.polynomial.hermite_e.hermegauss(60)
    actions = (RING.features @ theta)[:, None] + sigma * x
    mean_slope = RING.slope(actions, V) @ (weights / weights.sum())
    smoothed = (rho * mean_slope) @ RING.features
    np.testing.assert_allclose(RING.stochastic_gradient(theta, sigma), smoothed, rtol=1e-9)


@pytest.mark.equation("3.12", by="finite differences of the noisy objective")
@pytest.mark.parametrize("sigma", [0.1, 0.7, 2.0])
def test_on_the_regulator_the_distance_is_the_square_of_the_noise(sigma):
    """The noisy objective's gradient less the quiet one's is sigma squared times one matrix."""
    lqr, K, start = random_lqr(3)
    loop = np.sqrt(lqr.gamma) * (lqr.A - lqr.B @ K)
    total = linalg.solve_discrete_lyapunov(loop, lqr.B @ lqr.B.T)
    predicted = -(sigma**2) * lqr.gamma / (1 - lqr.gamma) * lqr_slope(lqr, K) @ total
    noisy = central_difference(lambda gain: lqr_objective(lqr, gain, start, sigma), K)
    quiet = central_difference(lambda gain: lqr_objective(lqr, gain, start), K)
    np.testing.assert_allclose(noisy - quiet, predicted, rtol=1e-5, atol=1e-6)
    library = lqr_gradient(lqr, K, lqr_moment(lqr, K, start, sigma))
    np.testing.assert_allclose(library, noisy, rtol=1e-6, atol=1e-6)


@pytest.mark.equation("3.13", by="Monte Carlo, 100,000 draws, 4 standard errors")
@pytest.mark.parametrize("m", [1, 10, 50])
def test_the_error_of_a_gaussian_policys_slope(m):
    """The squared error of xi (xi . g) is (m + 1) |g|^2 for one draw."""
    rng = np.random.default_rng(m)
    slope = rng.standard_normal(m)
    xi = rng.standard_normal((100_000, m))
    squared = np.square(xi * (xi @ slope)[:, None] - slope).sum(axis=1)
    error = abs(squared.mean() - (m + 1) * slope @ slope)
    assert error < 4 * squared.std() / np.sqrt(len(squared))


@pytest.mark.equation("3.13", by="Monte Carlo on a row of pendulums")
@pytest.mark.parametrize("m", [1, 6])
def test_a_drawn_estimate_has_m_plus_2_times_the_mean_square(m):
    """The second moment behind (3.13), for the gradient in the gains of a regulator."""
    row, rng, sigma = PendulumRow(m), np.random.default_rng(m), 1e-3
    s = row.spread * rng.choice([-1.0, 1.0], (200_000, 2 * m))
    xi = rng.standard_normal((200_000, m))
    slope = s @ lqr_slope(row.lqr, row.first).T
    a = row.lqr.policy(s, row.first) + sigma * xi
    q, v = row.lqr.action_value(s, a, row.first), row.lqr.value(s, row.first)
    drawn = direction("advantage", slope, xi, sigma, q[:, None], v[:, None])
    size = np.square(s).sum(axis=1)
    drawn, exact = (size @ np.square(x).sum(axis=1) for x in (drawn, slope))
    assert drawn / exact == pytest.approx(m + 2, rel=0.03)


def test_the_best_baseline_differs_from_the_value_by_a_term_in_sigma_squared():
    """The mean of |xi|^2 Q over m against V, on a quadratic with the trace of its curvature."""
    m, rng = 3, np.random.default_rng(0)
    slope, root = rng.standard_normal(m), rng.standard_normal((m, m))
    bend, xi = root @ root.T, rng.standard_normal((400_000, m))
    for sigma in (0.1, 0.4):
        rest = sigma * xi @ slope + sigma**2 / 2 * ((xi @ bend) * xi).sum(axis=1)
        weighed = np.square(xi).sum(axis=1) * rest
        noise = 4 * (weighed / m - rest).std() / np.sqrt(len(xi))
        away = weighed.mean() / m - rest.mean()
        assert away == pytest.approx(sigma**2 * np.trace(bend) / m, abs=noise)


@pytest.mark.equation("3a.1", "3a.2", by="SciPy's minimizer, without the normal equations")
@pytest.mark.parametrize("theta", THETAS)
def test_a_compatible_critic_gives_the_exact_gradient(theta):
    """Minimize the slope's error numerically; the critic's gradient is then the policy's."""
    from scipy.optimize import minimize

    V, rho = RING.solve(theta)
    slope = RING.slope(RING.features @ theta, V)

    def error(w):
        return rho @ np.square(RING.features @ w - slope)

    w = minimize(error, np.zeros(3), method="BFGS", options={"gtol": 1e-10}).x
    critics = (rho * (RING.features @ w)) @ RING.features
    np.testing.assert_allclose(critics, central_difference(RING.objective, theta), atol=1e-6)
    np.testing.assert_allclose(RING.compatible_weights(theta), w, atol=1e-6)
    assert error(w) > 0.01 * error(np.zeros(3)), "the critic must be wrong somewhere to tell"


@pytest.mark.equation("3a.3", by="finite differences of J, then a linear solve")
@pytest.mark.parametrize("theta", THETAS)
def test_the_critics_weights_are_the_natural_gradient(theta):
    """Silver's matrix times w is the policy gradient."""
    _, rho = RING.solve(theta)
    matrix = sum(r * np.outer(f, f) for r, f in zip(rho, RING.features, strict=True))
    natural = np.linalg.solve(matrix, central_difference(RING.objective, theta))
    np.testing.assert_allclose(RING.compatible_weights(theta), natural, rtol=1e-5, atol=1e-8)


@pytest.mark.equation("3a.4", by="least squares on a quadrature's points, then differences of J")
@pytest.mark.parametrize("baseline", ["none", "constant", "one for each state"])
def test_a_compatible_critic_from_heights(baseline):
    """Fit Q at noisy actions with each kind of baseline; the gradient is the noisy objective's."""
    theta, sigma = THETAS[0], 0.4
    V, rho = RING.solve(theta, sigma)
    x, weights = np.polynomial.hermite_e.hermegauss(40)
    a = (RING.features @ theta)[:, None] + sigma * x
    q = RING.action_value(a, V).ravel()
    critic = (sigma * x[None, :, None] * RING.features[:, None]).reshape(-1, 3)
    states = np.repeat(np.eye(RING.size), len(x), axis=0)
    more = {"none": states[:, :0], "constant": np.ones((len(q), 1)), "one for each state": states}
    design = np.hstack([critic, more[baseline]])
    root = np.sqrt((rho[:, None] * weights / weights.sum()).ravel())
    w = np.linalg.lstsq(design * root[:, None], q * root, rcond=None)[0][:3]
    matrix = RING.features.T @ (rho[:, None] * RING.features)
    numeric = central_difference(lambda y: RING.objective(y, sigma), theta)
    np.testing.assert_allclose(matrix @ w, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.equation("3a.3", by="a policy with two weights that do the same")
def test_a_singular_matrix_leaves_the_gradient_exact():
    """All solutions give the same slopes; the gradient lies in the matrix's range."""
    theta = THETAS[0]
    V, rho = RING.solve(theta)
    slope = RING.slope(RING.features @ theta, V)
    twice = RING.features[:, [0, 1, 2, 1]]  # mu has one weight too many
    matrix, gradient = twice.T @ (rho[:, None] * twice), twice.T @ (rho * slope)
    assert np.linalg.matrix_rank(matrix) == 3
    shortest = np.linalg.pinv(matrix) @ gradient
    for shift in (0.0, 5.0):
        w = shortest + shift * np.array([0, 1, 0, -1])
        np.testing.assert_allclose(twice.T @ (rho * (twice @ w)), gradient, atol=1e-9)


@pytest.mark.equation("3c.2", "3c.3", by="finite differences in float64")
@pytest.mark.parametrize("theta", THETAS)
def test_the_off_policy_gradient_and_the_term_that_it_drops(theta):
    """J_beta's differences are the off-policy form plus the term dropped from it, both needed."""
    behavior = THETAS[(int(10 * theta[0]) + 1) % 3]
    _, visited = RING.solve(behavior, sigma=0.5)
    numeric = central_difference(lambda x: RING.objective(x, start=visited), theta)
    kept = RING.gradient(theta, visited)
    value_gradient = np.stack(
        [central_difference(lambda x, i=i: RING.solve(x)[0][i], theta) for i in range(RING.size)]
    )
    next_states = visited @ RING.chances(RING.features @ theta)
    dropped = RING.gamma * next_states @ value_gradient
    np.testing.assert_allclose(numeric, kept + dropped, rtol=1e-6, atol=1e-6)
    assert np.linalg.norm(dropped) > 0.1 * np.linalg.norm(numeric)
    # The same as starting from the visited states and following the policy.
    _, onward = RING.solve(theta, start=visited)
    np.testing.assert_allclose(RING.gradient(theta, onward), numeric, rtol=1e-6, atol=1e-6)


def one_batch(m=4, sigma=0.7, theta=0.5, seed=11):
    """A bandit with one run, and its first batch by hand: actions and rewards."""
    bandit = QuadraticBandit.draw(m, [seed])
    xi, _ = next(bandit.explore([seed], 1))
    actions = theta + sigma * xi[0]
    rewards = np.array([-(a - 4) @ bandit.C[0] @ (a - 4) for a in actions])
    return bandit, actions, rewards


@pytest.mark.equation("3b.1", by="NumPy by hand, and the matrix's eigenvalues")
def test_the_bandits_cost():
    """The quadratic form written out, and eigenvalues 0.1 and 1 in equal number."""
    bandit, actions, rewards = one_batch()
    np.testing.assert_allclose(bandit.cost(actions[None])[0], -rewards, rtol=1e-12)
    eigenvalues = np.linalg.eigvalsh(QuadraticBandit.draw(6, [1, 2]).C)
    np.testing.assert_allclose(eigenvalues, [[0.1] * 3 + [1] * 3] * 2)


@pytest.mark.equation("3b.2", by="NumPy by hand, one batch")
def test_one_step_of_copdac_b():
    """Least squares on a - theta and a bias; theta moves along the weights."""
    m, sigma, theta, alpha = 4, 0.7, 0.5, 0.2
    bandit, actions, rewards = one_batch(m, sigma, theta)
    design = np.column_stack([actions - theta, np.ones(2 * m)])
    w = np.linalg.lstsq(design, rewards, rcond=None)[0][:m]
    after = np.full(m, theta) + alpha * w
    costs = copdac_b(bandit, [11], alpha=alpha, sigma=sigma, batches=1, start=theta)
    assert costs[0, 0, 1] == pytest.approx((after - 4) @ bandit.C[0] @ (after - 4), rel=1e-9)


@pytest.mark.equation("3b.3", by="finite differences of SciPy's log density, one batch")
@pytest.mark.parametrize("actor", ["advantage", "natural", "value"])
def test_one_step_of_sac_b(actor):
    """Features are the log density's gradients; two batches, so that the variance's step shows."""
    m, sigma, alpha, alpha_eta = 4, 0.7, 0.05, 0.1
    bandit = QuadraticBandit.draw(m, [11])
    psi = np.array([0.5] * m + [2 * np.log(sigma)])  # theta and y

    def log_density(psi, a):
        return stats.norm.logpdf(a, psi[:m], np.exp(psi[m] / 2)).sum()

    for xi, _ in bandit.explore([11], 2):
        actions = psi[:m] + np.exp(psi[m] / 2) * xi[0]
        rewards = -np.einsum("ni,ij,nj->n", actions - 4, bandit.C[0], actions - 4)
        scores = np.stack(
            [central_difference(lambda p, a=a: log_density(p, a), psi, 1e-5) for a in actions]
        )
        design = np.column_stack([scores, np.ones(2 * m)])
        *w, bias = np.linalg.lstsq(design, rewards, rcond=None)[0]
        q = scores @ w
        step = {
            "advantage": (scores * q[:, None]).mean(axis=0),
            "value": (scores * (q + bias)[:, None]).mean(axis=0),
            "natural": np.array(w),
        }[actor]
        psi = psi + np.array([alpha] * m + [alpha_eta]) * step
    after = (psi[:m] - 4) @ bandit.C[0] @ (psi[:m] - 4)
    costs = sac_b(
        bandit,
        [11],
        alpha=alpha,
        alpha_eta=alpha_eta,
        sigma=sigma,
        batches=2,
        start=0.5,
        actor=actor,
    )
    assert costs[0, 0, 2] == pytest.approx(after, rel=1e-6)


@pytest.mark.equation("3b.4", by="REINFORCE written out, without any critic")
def test_a_critic_fitted_to_the_same_batch_drops_out():
    """With the critic's bias as baseline, the sampled actor step is REINFORCE's."""
    m, sigma, theta, alpha = 4, 0.7, 0.5, 0.05
    bandit, actions, rewards = one_batch(m, sigma, theta)
    scores = (actions - theta) / sigma**2
    squares = (np.square(actions - theta).sum(axis=1) / sigma**2 - m) / 2
    design = np.column_stack([np.ones(2 * m), scores, squares])
    bias = np.linalg.lstsq(design, rewards, rcond=None)[0][0]
    for actor, baseline in (("advantage", bias), ("value", 0.0)):
        after = theta + alpha * (scores * (rewards - baseline)[:, None]).mean(axis=0)
        costs = sac_b(
            bandit, [11], alpha=alpha, alpha_eta=0, sigma=sigma, batches=1, start=theta, actor=actor
        )
        assert costs[0, 0, 1] == pytest.approx((after - 4) @ bandit.C[0] @ (after - 4), rel=1e-9)


@pytest.mark.equation("3.14", by="quadrature with SciPy")
def test_a_step_in_the_reward_breaks_the_theorem():
    """The gate: the noisy gradient tends to 1/2, finite differences give 1/2, the slope is 0."""
    from scipy.integrate import quad

    def objective(theta, sigma):
        return quad(lambda s: stats.norm.cdf((s + theta) / sigma) / 2, -1, 1, points=[-theta])[0]

    for sigma in (0.1, 0.01):
        numeric = (objective(0.2 + 1e-4, sigma) - objective(0.2 - 1e-4, sigma)) / 2e-4
        assert numeric == pytest.approx(0.5, abs=1e-6)
        closed = (stats.norm.cdf(1.2 / sigma) - stats.norm.cdf(-0.8 / sigma)) / 2
        assert closed == pytest.approx(0.5, abs=1e-9)
    s = np.linspace(-1, 1, 100_001)
    reward = [np.heaviside(s + 0.2 + shift, 0).mean() for shift in (-1e-2, 1e-2)]
    assert (reward[1] - reward[0]) / 2e-2 == pytest.approx(0.5, rel=1e-2)
