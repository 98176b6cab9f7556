"""The equations of chapter 2, each against an independent calculation."""

import itertools

import numpy as np
import pytest
from scipy import optimize

from ddpg_lib.chapters.ch02.finite import FiniteMDP, Trajectories
from ddpg_lib.chapters.ch02.laws import dimension_law, horizon_law
from ddpg_lib.chapters.ch02.policy_gradient import (
    SoftmaxPolicy,
    chain_policy,
    compatible_critic,
    optimal_baseline,
    policy_gradient,
)
from ddpg_lib.chapters.ch02.reinforce import (
    fitted_slope,
    gaussian_reinforce,
    noise_to_signal,
    reinforce,
    reinforce_moments,
)
from ddpg_lib.chapters.ch02.worlds import chain, grid_world

DEFINITIONS = {
    "2.3": "defines the expected return that all the chapter's gradients are gradients of",
}

GRID = grid_world(["...G", ".~.~", "S..."])


def differences(f, x, step=1e-5):
    """Gradient of a scalar function by central differences."""
    x = np.asarray(x, float)
    return np.array([(f(x + e) - f(x - e)) / (2 * step) for e in step * np.eye(len(x))])


def setting(seed=0, parameters=None):
    """The chapter's grid with a random policy: tabular, or with a few shared parameters."""
    rng = np.random.default_rng(seed)
    if parameters is None:
        policy = SoftmaxPolicy.tabular(12, 4)
    else:
        policy = SoftmaxPolicy(rng.normal(size=(12, 4, parameters)))
    return policy, rng.normal(size=policy.features.shape[-1]) * 0.7


def small_world(gamma=0.8):
    """Two states and an end, three steps at most, random transitions and rewards."""
    rng = np.random.default_rng(3)
    P = np.zeros((5, 2, 5))
    P[0, :, 1:], P[1, :, 2:], P[2, :, 3:] = (rng.dirichlet(np.ones(k), 2) for k in (4, 3, 2))
    P[3:, :, 4] = 1
    return FiniteMDP(P, rng.normal(size=P.shape), [1, 0, 0, 0, 0], [False] * 3 + [True] * 2, gamma)


def every_episode(mdp, pi):
    """Yield (probability, states, actions, rewards) of all episodes, one by one."""

    def extend(probability, s, states, actions, rewards):
        if mdp.terminal[s]:
            yield probability, states, actions, np.array(rewards)
            return
        for a, after in itertools.product(range(pi.shape[1]), range(len(mdp.start))):
            chance = pi[s, a] * mdp.P[s, a, after]
            if chance:
                more = [*states, s], [*actions, a], [*rewards, mdp.R[s, a, after]]
                yield from extend(probability * chance, after, *more)

    yield from extend(1.0, int(mdp.start.argmax()), [], [], [])


def one_estimate(mdp, psi, states, actions, rewards, baseline):
    """REINFORCE's estimate from one episode, from its definition."""
    total = np.zeros(psi.shape[-1])
    for t, (s, a) in enumerate(zip(states, actions, strict=True)):
        future = sum(mdp.gamma**k * r for k, r in enumerate(rewards[t:]))
        total += mdp.gamma**t * psi[s, a] * (future - baseline[s])
    return total


def enumerated(mdp, policy, theta, baseline):
    """Mean and covariance of the estimate, summed over every possible episode."""
    pi, psi = policy.probabilities(theta), policy.score(theta)
    chances, xs = [], []
    for chance, states, actions, rewards in every_episode(mdp, pi):
        chances.append(chance)
        xs.append(one_estimate(mdp, psi, states, actions, rewards, baseline))
    mean = np.average(xs, axis=0, weights=chances)
    return mean, np.einsum("e,ep,eq->pq", chances, xs, xs) - np.outer(mean, mean)


@pytest.mark.equation("2.1", by="the exponentials divided out by hand")
def test_softmax_probabilities():
    """Probabilities are in the ratio of the exponentials of the preferences, and sum to 1."""
    policy, theta = setting(parameters=3)
    pi = policy.probabilities(theta)
    np.testing.assert_allclose(pi.sum(1), 1, atol=1e-14)
    for s, (a, b) in itertools.product(range(12), itertools.combinations(range(4), 2)):
        gap = sum(theta * (policy.features[s, a] - policy.features[s, b]))
        assert np.log(pi[s, a] / pi[s, b]) == pytest.approx(gap, abs=1e-12)


@pytest.mark.equation("2.2", by="finite differences in float64")
@pytest.mark.parametrize("parameters", [None, 3])
def test_score_is_the_gradient_of_log_probability(parameters):
    """The score equals the differences of log pi; in a table it is 1 - pi or -pi."""
    policy, theta = setting(parameters=parameters)
    pi, psi = policy.probabilities(theta), policy.score(theta)
    for s, a in [(0, 0), (4, 3), (10, 1)]:
        expected = differences(lambda x: np.log(policy.probabilities(x)[s, a]), theta)  # noqa: B023
        np.testing.assert_allclose(psi[s, a], expected, atol=1e-9)
        if parameters is None:
            np.testing.assert_allclose(psi[s, a, 4 * s : 4 * s + 4], np.eye(4)[a] - pi[s])


@pytest.mark.equation("2.4", by="finite differences in float64")
def test_log_probability_trick():
    """One step: the mean of reward times score is the gradient of the mean reward."""
    mdp = chain(1, offset=2.0, spread=3.0)
    policy = SoftmaxPolicy.tabular(2, 2)
    theta = np.array([0.3, -0.8, 0.0, 0.0])
    expected = differences(lambda x: policy.probabilities(x)[0] @ [-1.0, 5.0], theta)
    mean, _ = reinforce_moments(mdp, policy, theta)
    np.testing.assert_allclose(mean, expected, atol=1e-9)


def one_choice(mdp, policy, theta):
    """The gradient of one choice, g(s), by differences: later choices stay as they are."""
    q = mdp.action_value(policy.probabilities(theta))
    each = range(len(mdp.start))
    return np.array([differences(lambda x: policy.probabilities(x)[s] @ q[s], theta) for s in each])  # noqa: B023


@pytest.mark.equation("2.5", by="finite differences of every state's value in float64")
def test_the_derivative_of_a_value_obeys_bellmans_equation():
    """Values' differences equal g plus the discounted mean of the next state's differences."""
    policy, theta = setting(parameters=3)
    pi = policy.probabilities(theta)
    values = [differences(lambda x: GRID.value(policy.probabilities(x))[s], theta)  # noqa: B023
              for s in range(12)]  # fmt: skip
    # (1 - d) counts only the steps that do not end the episode.
    step = np.einsum("sa,sax->sx", pi, GRID.P) * ~GRID.terminal * ~GRID.terminal[:, None]
    claimed = one_choice(GRID, policy, theta) + GRID.gamma * step @ np.array(values)
    np.testing.assert_allclose(claimed, values, atol=1e-7)


@pytest.mark.equation("2.6", by="the sum over every possible episode of a small world")
def test_unrolled_value():
    """The mean over all episodes of the discounted sum of g equals the differences of V."""
    mdp, policy = small_world(), SoftmaxPolicy.tabular(5, 2)
    theta = np.random.default_rng(7).normal(size=10)
    g, total = one_choice(mdp, policy, theta), np.zeros(10)
    for chance, states, _, _ in every_episode(mdp, policy.probabilities(theta)):
        total += chance * sum(mdp.gamma**t * g[s] for t, s in enumerate(states))
    expected = differences(lambda x: mdp.value(policy.probabilities(x))[0], theta)
    np.testing.assert_allclose(total, expected, atol=1e-9)


@pytest.mark.equation("2.7", by="the state's distribution moved forward step by step")
def test_visits():
    """The linear solve equals the sum of gamma^t Pr(s_t = s) over 2,000 steps."""
    policy, theta = setting()
    pi = policy.probabilities(theta)
    here, total = GRID.start, np.zeros(12)
    for t in range(2000):
        total += GRID.gamma**t * here
        here = np.einsum("s,sa,sax->x", here, pi, GRID.P) * ~GRID.terminal
    np.testing.assert_allclose(GRID.visits(pi), total, atol=1e-10)


@pytest.mark.equation("2.8", by="finite differences of the return in float64")
@pytest.mark.parametrize("parameters", [None, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_policy_gradient_theorem(seed, parameters):
    """The theorem equals the differences of J, which iterate Bellman's equation, 3,000 times."""
    policy, theta = setting(seed, parameters)

    def objective(x):
        pi, v = policy.probabilities(x), np.zeros(12)
        step, reward = np.einsum("sa,sax->sx", pi, GRID.onward), (pi * GRID.mean_reward).sum(1)
        for _ in range(3000):
            v = reward + GRID.gamma * step @ v
        return v @ GRID.start

    expected = differences(objective, theta)
    np.testing.assert_allclose(policy_gradient(GRID, policy, theta), expected, atol=2e-8)


@pytest.mark.equation("2.9", by="the sum over every possible episode of a small world")
def test_reinforce_is_unbiased():
    """The estimates of all episodes, weighted by their probabilities, give the gradient of J."""
    mdp, policy = small_world(), SoftmaxPolicy.tabular(5, 2)
    theta = np.random.default_rng(1).normal(size=10)
    mean, _ = enumerated(mdp, policy, theta, np.zeros(5))
    expected = differences(lambda x: mdp.objective(policy.probabilities(x)), theta)
    np.testing.assert_allclose(mean, expected, atol=1e-9)
    np.testing.assert_allclose(mean, policy_gradient(mdp, policy, theta), atol=1e-13)


def test_sampled_estimates_follow_the_definition():
    """The vectorized estimator equals the loop over steps, and so does the whole-return form."""
    policy, theta = setting()
    psi, b = policy.score(theta), np.random.default_rng(5).normal(size=12)
    batch = GRID.episodes(policy.probabilities(theta), 40, np.random.default_rng(4))
    fast = reinforce(GRID, policy, theta, batch, b)
    for i, n in enumerate(batch.alive.sum(1)):
        parts = batch.states[i, :n], batch.actions[i, :n], batch.rewards[i, :n]
        np.testing.assert_allclose(fast[i], one_estimate(GRID, psi, *parts, b), atol=1e-10)
    whole = reinforce(GRID, policy, theta, batch, reward_to_go=False)
    n = int(batch.alive[0].sum())
    total = sum(GRID.gamma**t * r for t, r in enumerate(batch.rewards[0, :n]))
    scores = psi[batch.states[0, :n], batch.actions[0, :n]].sum(0)
    np.testing.assert_allclose(whole[0], total * scores, atol=1e-10)


@pytest.mark.equation("2.10", by="Monte Carlo, 20,000 episodes, chi-squared test at 99.9%")
@pytest.mark.parametrize("baseline", [0.0, 1000.0, "value"])
def test_baselines_do_not_bias(baseline):
    """With any baseline the mean estimate differs from the theorem no more than chance allows."""
    policy, theta = setting(parameters=3)
    pi = policy.probabilities(theta)
    b = GRID.value(pi) if baseline == "value" else np.full(12, baseline)
    batch = GRID.episodes(pi, 20_000, np.random.default_rng(6))
    estimates = reinforce(GRID, policy, theta, batch, b)
    gap = estimates.mean(0) - policy_gradient(GRID, policy, theta)
    distance = len(estimates) * gap @ np.linalg.solve(np.cov(estimates.T), gap)
    assert distance < 16.27  # of chi-squared with 3 degrees of freedom


@pytest.mark.equation("2.10", by="the sum over every possible episode of a small world")
def test_baselines_do_not_bias_exactly():
    """A random baseline leaves the mean over all episodes where it was, to rounding."""
    mdp, policy = small_world(), SoftmaxPolicy.tabular(5, 2)
    theta, b = np.random.default_rng(1).normal(size=(2, 10))
    mean, _ = enumerated(mdp, policy, theta, b[:5])
    np.testing.assert_allclose(mean, policy_gradient(mdp, policy, theta), atol=1e-13)


@pytest.mark.equation("2b.1", by="numerical minimization of the enumerated variance")
def test_optimal_baseline():
    """No state comes twice and none shares a parameter: a search finds the same baseline."""
    mdp = small_world()
    features = np.zeros((5, 2, 8))
    features[np.arange(4), 0, np.arange(4)] = 1.0
    features[np.arange(4), 1, np.arange(4, 8)] = 3.0  # so that the scores differ in length
    policy, theta = SoftmaxPolicy(features), np.random.default_rng(2).normal(size=8)
    best = optimal_baseline(mdp, policy, theta)

    def variance(b):
        return np.trace(enumerated(mdp, policy, theta, np.append(b, [0, 0]))[1])

    found = optimize.minimize(variance, np.zeros(3), options={"gtol": 1e-9}).x
    np.testing.assert_allclose(best[:3], found, atol=1e-5)
    assert variance(best[:3]) < variance(mdp.value(policy.probabilities(theta))[:3])


@pytest.mark.equation("2.11", by="Monte Carlo, 2,000 averages of 25 episodes, at 99.9%")
def test_error_of_an_average():
    """The mean squared error of an average of N episodes is the ratio over N, as claimed."""
    policy, theta = setting(parameters=3)
    gradient = policy_gradient(GRID, policy, theta)
    batch = GRID.episodes(policy.probabilities(theta), 50_000, np.random.default_rng(8))
    estimates = reinforce(GRID, policy, theta, batch)
    ratio, half = noise_to_signal(estimates, gradient)
    _, covariance = reinforce_moments(GRID, policy, theta)
    assert abs(ratio - np.trace(covariance) / (gradient @ gradient)) < 3.3 / 1.96 * half
    averages = estimates.reshape(2000, 25, -1).mean(1)
    errors = ((averages - gradient) ** 2).sum(1) / (gradient @ gradient)
    assert abs(errors.mean() - ratio / 25) < 3.3 * errors.std() / np.sqrt(2000)


@pytest.mark.equation("2.12", by="the sum over all episodes of a chain of up to seven steps")
@pytest.mark.parametrize("horizon", [1, 2, 5, 7])
def test_variance_grows_with_the_horizon(horizon):
    """The three formulas equal the variances enumerated over all 2^H episodes."""
    h, offset, spread = horizon, 1.7, 0.6
    mdp = chain(h, offset, spread)
    policy, theta = chain_policy(h), np.zeros(h)
    psi, value = policy.score(theta), mdp.value(np.full((h + 1, 2), 0.5))
    signal = h * spread**2 / 4
    assert policy_gradient(mdp, policy, theta) == pytest.approx(np.full(h, spread / 2))

    noise = np.zeros(3)  # whole return, reward to go, with the value as baseline
    for actions in itertools.product([0, 1], repeat=h):
        rewards = np.array([offset + spread * (2 * a - 1) for a in actions])
        scores = np.array([psi[t, a, t] for t, a in enumerate(actions)])
        future = rewards[::-1].cumsum()[::-1]
        forms = scores * rewards.sum(), scores * future, scores * (future - value[:-1])
        noise += [((x - spread / 2) ** 2).sum() / 2**h for x in forms]

    claimed = horizon_law(h, offset, spread)
    np.testing.assert_allclose(noise / signal, claimed, atol=1e-12)
    for b, ratio in zip((0.0, value), claimed[1:], strict=True):
        _, covariance = reinforce_moments(mdp, policy, theta, b)
        assert np.trace(covariance) / signal == pytest.approx(ratio, abs=1e-12)


@pytest.mark.equation("2.13", by="finite differences in float64")
def test_gaussian_score():
    """The estimate divided by the reward is the difference quotient of the log-density."""
    mean, sigma = np.array([0.4, -1.0, 2.0]), 0.7
    actions = []
    estimates = gaussian_reinforce(
        lambda a: (actions.append(a), np.full(len(a), 2.0))[1], mean, sigma, 5,
        np.random.default_rng(0),
    )  # fmt: skip
    for a, x in zip(actions[0], estimates, strict=True):
        expected = differences(lambda m: -((a - m) ** 2).sum() / (2 * sigma**2), mean)  # noqa: B023
        np.testing.assert_allclose(x / 2, expected, atol=1e-8)


@pytest.mark.equation("2.14", by="Gauss-Hermite quadrature, exact for these polynomials")
@pytest.mark.parametrize("m", [1, 2, 3])
def test_variance_grows_with_the_action_dimension(m):
    """The formula equals the quadrature; samples of the library agree within 99.9%."""
    slope, sigma, wrong, noise = np.array([0.8, -0.5, 1.3])[:m], 0.4, 0.9, 0.6
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    weights = weights / weights.sum()
    total = 0.0
    for index in itertools.product(range(8), repeat=m + 1):
        z, chance = nodes[list(index)], np.prod(weights[list(index)])
        judged = wrong + sigma * slope @ z[:m] + noise * z[m]
        total += chance * ((z[:m] / sigma * judged - slope) ** 2).sum()
    signal = slope @ slope
    claimed = dimension_law(m, sigma, wrong, noise, np.sqrt(signal))
    assert total / signal == pytest.approx(claimed, rel=1e-10)

    rng, mean = np.random.default_rng(1), np.arange(m) - 0.5
    estimates = gaussian_reinforce(
        lambda a: 7 + (a - mean) @ slope + noise * rng.standard_normal(len(a)),
        mean, sigma, 100_000, np.random.default_rng(2), baseline=7 - wrong,
    )  # fmt: skip
    ratio, half = noise_to_signal(estimates, slope)
    assert abs(ratio - claimed) < 3.3 / 1.96 * half


@pytest.mark.equation("2.13", by="the definition of the score, draw by draw")
def test_two_parts_of_a_gaussian_estimate():
    """The library's estimate is the sum of a part without sigma and one divided by it."""
    rng, sigma, slope, luck = np.random.default_rng(3), 0.2, np.array([1.0, -2.0, 0.5]), []
    mean, offset, b, seen = np.array([0.3, 0.1, -1.0]), 4.0, 3.5, []

    def reward(a):
        luck.append(rng.normal(size=len(a)))
        seen.append(a)
        return offset + (a - mean) @ slope + luck[0]

    x = gaussian_reinforce(reward, mean, sigma, 50, np.random.default_rng(4), baseline=b)
    z = (seen[0] - mean) / sigma
    straight = z * (z @ slope)[:, None]
    np.testing.assert_allclose(x, straight + z * (offset - b + luck[0])[:, None] / sigma)


@pytest.mark.equation("2a.4", by="Monte Carlo, 40,000 fits by numpy's least squares, at 99.9%")
def test_error_of_a_fitted_slope():
    """The mean squared error of slopes follows the formula; they are those of lstsq."""
    m, count, sigma, luck = 3, 9, 0.4, 0.7
    rng, slope = np.random.default_rng(5), np.array([1.0, -2.0, 0.5])
    a = 1.5 + sigma * rng.standard_normal((40_000, count, m))
    r = 2.0 + a @ slope + luck * rng.standard_normal(a.shape[:2])
    fitted = fitted_slope(a, r)
    for i in range(3):
        plane = np.column_stack([np.ones(count), a[i]])
        by_numpy = np.linalg.lstsq(plane, r[i], rcond=None)[0][1:]
        np.testing.assert_allclose(fitted[i], by_numpy, atol=1e-9)
    squares = ((fitted - slope) ** 2).sum(-1)
    claimed = m * luck**2 / (sigma**2 * (count - m - 2))
    assert abs(squares.mean() - claimed) < 3.3 * squares.std() / np.sqrt(len(squares))


@pytest.mark.equation("2b.2", by="the sum over every possible episode of a small world")
@pytest.mark.parametrize("baseline", [0.0, 1.3])
def test_second_moments_of_the_estimate(baseline):
    """Enumerated moments from each state obey the equation, and the library solves it."""
    mdp, policy = small_world(), SoftmaxPolicy.tabular(5, 2)
    theta = np.random.default_rng(6).normal(size=10)
    pi, psi = policy.probabilities(theta), policy.score(theta)
    b = np.full(5, baseline)

    def moments(s):  # E[X], E[G'X'] and E[XX'] of episodes from s
        start = FiniteMDP(mdp.P, mdp.R, np.eye(5)[s], mdp.terminal, mdp.gamma)
        first, mixed, second = np.zeros(10), np.zeros(10), np.zeros((10, 10))
        for chance, states, actions, rewards in every_episode(start, pi):
            x = one_estimate(mdp, psi, states, actions, rewards, b)
            g = sum(mdp.gamma**t * r for t, r in enumerate(rewards))
            first, mixed = first + chance * x, mixed + chance * g * x
            second += chance * np.outer(x, x)
        return first, mixed, second

    later = {s: moments(s) for s in range(3)}
    total = np.zeros((10, 10))
    for a, after in itertools.product(range(2), range(5)):
        chance, r = pi[0, a] * mdp.P[0, a, after], mdp.R[0, a, after]
        rest = np.zeros(5) if mdp.terminal[after] else mdp.value(pi)
        x, gx, xx = later.get(after, (np.zeros(10), np.zeros(10), np.zeros((10, 10))))
        # E[(r + gamma G' - b)²], with the variance of G' from the enumerated returns
        g2 = 0.0
        if not mdp.terminal[after]:
            start = FiniteMDP(mdp.P, mdp.R, np.eye(5)[after], mdp.terminal, mdp.gamma)
            for p, _, _, rewards in every_episode(start, pi):
                g2 += p * sum(mdp.gamma**t * y for t, y in enumerate(rewards)) ** 2
        own = (r - baseline) ** 2 + 2 * mdp.gamma * (r - baseline) * rest[after] + mdp.gamma**2 * g2
        total += chance * own * np.outer(psi[0, a], psi[0, a])
        cross = np.outer(psi[0, a], (r - baseline) * x + mdp.gamma * gx)
        total += chance * mdp.gamma * (cross + cross.T) + chance * mdp.gamma**2 * xx
    np.testing.assert_allclose(total, later[0][2], atol=1e-12)
    mean, covariance = reinforce_moments(mdp, policy, theta, baseline)
    np.testing.assert_allclose(covariance + np.outer(mean, mean), total, atol=1e-12)


@pytest.mark.equation("2b.3", by="the sum over all episodes of a chain of up to seven steps")
@pytest.mark.parametrize("horizon", [1, 2, 5, 7])
def test_variance_with_one_parameter_for_all_cells(horizon):
    """The three formulas equal the variances enumerated over all 2^H episodes."""
    h, offset, spread = horizon, 1.7, 0.6
    policy, mdp = chain_policy(h, shared=True), chain(h, offset, spread)
    assert policy_gradient(mdp, policy, [0.0]) == pytest.approx([h * spread / 2])
    noise = np.zeros(3)  # whole return, reward to go, with the value as baseline
    for coins in itertools.product([-1, 1], repeat=h):
        rewards, scores = offset + spread * np.array(coins), np.array(coins) / 2
        future = rewards[::-1].cumsum()[::-1]
        forms = rewards.sum() + 0 * future, future, future - offset * np.arange(h, 0, -1)
        noise += [(scores @ x - h * spread / 2) ** 2 / 2**h for x in forms]
    claimed = horizon_law(h, offset, spread, shared=True)
    np.testing.assert_allclose(noise / (h * spread / 2) ** 2, claimed, atol=1e-12)
    for b, ratio in zip((0.0, mdp.value(np.full((h + 1, 2), 0.5))), claimed[1:], strict=True):
        _, covariance = reinforce_moments(mdp, policy, [0.0], b)
        assert covariance[0, 0] / (h * spread / 2) ** 2 == pytest.approx(ratio, abs=1e-12)


@pytest.mark.equation("2b.4", by="the sum over every possible episode of a small world")
def test_dropped_discount():
    """Without gamma^t the expected estimate is the theorem's sum with undiscounted visits."""
    mdp, policy = small_world(gamma=0.5), SoftmaxPolicy.tabular(5, 2)
    theta = np.random.default_rng(4).normal(size=10)
    pi, psi = policy.probabilities(theta), policy.score(theta)
    total = np.zeros(10)
    for chance, states, actions, rewards in every_episode(mdp, pi):
        for t, (s, a) in enumerate(zip(states, actions, strict=True)):
            future = sum(mdp.gamma**k * r for k, r in enumerate(rewards[t:]))
            total += chance * psi[s, a] * future
    visits, q = mdp.visits(pi, gamma=1.0), mdp.action_value(pi)
    claimed = np.einsum("s,sa,sap,sa->p", visits, pi, psi, q)
    np.testing.assert_allclose(total, claimed, atol=1e-13)
    assert np.abs(total - policy_gradient(mdp, policy, theta)).max() > 0.01


@pytest.mark.equation("2b.5", by="the sum over all pairs of episodes")
def test_own_return_in_the_baseline():
    """With the mean of N = 2 returns as baseline the estimate is half as long as it should be."""
    mdp, policy = chain(1, offset=2.0, spread=3.0), SoftmaxPolicy.tabular(2, 2)
    theta = np.array([0.3, -0.8, 0.0, 0.0])
    pi, mean = policy.probabilities(theta)[0], np.zeros(4)
    for pair in itertools.product(range(2), repeat=2):
        actions = np.array(pair)[:, None]
        rewards = np.array([-1.0, 5.0])[actions]
        batch = Trajectories(np.zeros_like(actions), actions, rewards, np.ones((2, 1), bool))
        estimates = reinforce(mdp, policy, theta, batch, rewards.mean())
        mean += pi[list(pair)].prod() * estimates.mean(0)
    np.testing.assert_allclose(mean, (1 - 1 / 2) * policy_gradient(mdp, policy, theta), atol=1e-14)


@pytest.mark.equation("2a.1", "2a.2", by="finite differences of the return in float64")
@pytest.mark.parametrize("parameters", [2, 5])
def test_compatible_critic(parameters):
    """A nearest compatible critic gives the exact gradient, though its values are wrong."""
    policy, theta = setting(1, parameters)
    pi, psi = policy.probabilities(theta), policy.score(theta)
    w = compatible_critic(GRID, policy, theta)
    q, weights = GRID.action_value(pi), GRID.visits(pi)[:, None] * pi

    def loss(x):
        return (weights * (q - psi @ x) ** 2).sum()

    assert np.abs(differences(loss, w, 1e-4)).max() < 1e-7
    expected = differences(lambda x: GRID.objective(policy.probabilities(x)), theta)
    gradient = policy_gradient(GRID, policy, theta, psi @ w + np.arange(12)[:, None])
    np.testing.assert_allclose(gradient, expected, atol=1e-8)
    assert loss(w) > 1  # far from the values themselves


@pytest.mark.equation("2a.3", by="the Fisher matrix from finite differences of log pi")
def test_compatible_weights_are_the_natural_gradient():
    """The Fisher matrix times w is the gradient; F comes from second differences of log pi."""
    policy, theta = setting(2, 3)
    pi = policy.probabilities(theta)
    weights = GRID.visits(pi)[:, None] * pi

    def slope(x):  # F is minus the mean second derivative of the log-probability
        return differences(lambda y: (weights * np.log(policy.probabilities(y))).sum(), x, 1e-4)

    fisher = -np.array([differences(lambda x: slope(x)[k], theta, 1e-4) for k in range(3)])  # noqa: B023
    w = compatible_critic(GRID, policy, theta)
    np.testing.assert_allclose(fisher @ w, policy_gradient(GRID, policy, theta), atol=1e-4)
