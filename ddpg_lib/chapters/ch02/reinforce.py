"""REINFORCE: policy gradients estimated from episodes, and the estimates' exact covariance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ddpg_lib.chapters.ch02.finite import FiniteMDP, Trajectories
from ddpg_lib.chapters.ch02.policy_gradient import SoftmaxPolicy

Array: TypeAlias = NDArray[Any]


def returns_to_go(rewards: ArrayLike, gamma: float) -> Array:
    """Discounted sum of the ``rewards (..., T)`` from each step on, ``(..., T)``."""
    result = np.array(rewards, float)
    for t in range(result.shape[-1] - 2, -1, -1):
        result[..., t] += gamma * result[..., t + 1]
    return result


def score_sums(score: ArrayLike, episodes: Trajectories, weights: ArrayLike) -> Array:
    """Sum over each episode's steps of a weight times the score of the action taken.

    Parameters
    ----------
    score : array_like, shape (S, A, p)
    episodes : Trajectories
        With arrays of shape (count, T).
    weights : array_like, shape (count, T)
        What stands after an episode's end is ignored.

    Returns
    -------
    ndarray, shape (count, p)
    """
    score = np.asarray(score, float)
    states, actions, size = *score.shape[:2], score.shape[0] * score.shape[1]
    count = len(episodes.states)
    place = (np.arange(count)[:, None] * states + episodes.states) * actions + episodes.actions
    # First what each state and action gets in each episode, then one product with the scores.
    weights = np.where(episodes.alive, weights, 0.0)
    table = np.bincount(place.reshape(-1), weights.reshape(-1), count * size)
    return table.reshape(count, size) @ score.reshape(size, -1)


def reinforce(
    mdp: FiniteMDP,
    policy: SoftmaxPolicy,
    theta: ArrayLike,
    episodes: Trajectories,
    baseline: ArrayLike = 0.0,
    reward_to_go: bool = True,
) -> Array:
    """Estimates of the policy gradient, one from each episode.

    Parameters
    ----------
    mdp : FiniteMDP
        Only its discount is used.
    theta : array_like, shape (p,)
        The parameters with which the episodes were drawn.
    baseline : array_like, shape (S,) or scalar
        Subtracted from the return that follows; must not depend on the actions in ``episodes``.
    reward_to_go : bool
        Judge each action by the rewards that follow it, or by those of the whole episode.

    Returns
    -------
    ndarray, shape (count, p)
        Their expectation is :func:`~ddpg_lib.chapters.ch02.policy_gradient.policy_gradient`, with
        any baseline.

    References
    ----------
    Williams (1992).
    """
    if not reward_to_go:
        return _by_whole_return(mdp, policy, theta, episodes, baseline)
    discount = mdp.gamma ** np.arange(episodes.rewards.shape[-1])
    future = returns_to_go(episodes.rewards, mdp.gamma)
    b = np.broadcast_to(baseline, len(mdp.start))[episodes.states]
    weights = discount * (future - b)
    return score_sums(policy.score(theta), episodes, weights)


def _by_whole_return(
    mdp: FiniteMDP,
    policy: SoftmaxPolicy,
    theta: ArrayLike,
    episodes: Trajectories,
    baseline: ArrayLike,
) -> Array:
    """Estimates that judge each action by all rewards of its episode, earlier ones too."""
    discount = mdp.gamma ** np.arange(episodes.rewards.shape[-1])
    whole = returns_to_go(episodes.rewards, mdp.gamma)[:, :1]
    b = np.broadcast_to(baseline, len(mdp.start))[episodes.states]
    return score_sums(policy.score(theta), episodes, whole - discount * b)


def reinforce_moments(
    mdp: FiniteMDP, policy: SoftmaxPolicy, theta: ArrayLike, baseline: ArrayLike = 0.0
) -> tuple[Array, Array]:
    r"""Exact mean and covariance of REINFORCE's estimate from one episode, without sampling.

    With G the return and X the estimate of an episode from s, and G', X' those of the rest from s',
    :math:`G = r + \gamma (1-d) G'` and :math:`X = \psi (G - b) + \gamma (1-d) X'`. So the
    expectations of G², GX and XXᵀ solve linear equations like Bellman's, with γ² for γ.

    Parameters
    ----------
    theta : array_like, shape (p,)
    baseline : array_like, shape (S,) or scalar

    Returns
    -------
    tuple of ndarray, shapes (p,) and (p, p)
        The mean is the exact policy gradient.
    """
    pi, psi, gamma = policy.probabilities(theta), policy.score(theta), mdp.gamma
    b = np.broadcast_to(baseline, len(mdp.start))[:, None]
    v, q, go = mdp.value(pi), mdp.action_value(pi), mdp.onward

    def over(x: Array) -> Array:
        return np.einsum("sa,sa...->s...", pi, x)

    def solve(x: Array) -> Array:
        return mdp.discounted_sum(pi, x, gamma**2)

    live = ~mdp.terminal[:, None]
    square = (mdp.P * mdp.R**2).sum(-1) * live + 2 * gamma * (go * mdp.R) @ v
    g2 = square + gamma**2 * go @ solve(over(square))  # E[G² | s, a]
    x = mdp.discounted_sum(pi, over(psi * (live * (q - b))[..., None]))  # E[X | s]
    rest = gamma * (go * mdp.R) @ x
    gx = solve(over(psi * (live * (g2 - b * q))[..., None] + rest))  # E[GX | s]
    later = (
        rest - gamma * b[..., None] * (go @ x) + gamma**2 * go @ gx
    )  # E[(G - b) γ(1-d)X' | s, a]
    cross = np.einsum("sap,saq->sapq", psi, later)
    own = np.einsum("sap,saq->sapq", psi, psi) * (live * (g2 - 2 * b * q + b**2))[..., None, None]
    second = solve(over(own + cross + cross.swapaxes(-1, -2)))  # E[XXᵀ | s]
    mean = mdp.start @ x
    return mean, np.einsum("s,spq->pq", mdp.start, second) - np.outer(mean, mean)


def gaussian_reinforce(
    reward: Callable[[Array], ArrayLike],
    mean: ArrayLike,
    sigma: float,
    count: int,
    rng: np.random.Generator,
    baseline: float = 0.0,
) -> Array:
    r"""One-step REINFORCE for actions of m components, drawn from a normal distribution.

    The parameters are the mean's components; the score is :math:`(a - \mu)/\sigma^2`.

    Parameters
    ----------
    reward : callable
        Rewards, shape (count,), of actions, shape (count, m).
    mean : array_like, shape (m,)
    sigma : float
        Standard deviation of every component.
    count : int
        Number of actions to draw.

    Returns
    -------
    ndarray, shape (count, m)
        One estimate of the gradient of the expected reward from each action.
    """
    mean = np.asarray(mean, float)
    z = rng.standard_normal((count, len(mean)))
    judged = np.asarray(reward(mean + sigma * z), float) - baseline
    return z / sigma * judged[:, None]


def fitted_slope(actions: ArrayLike, rewards: ArrayLike) -> Array:
    """Slope of the plane nearest to rewards, by least squares: a compatible critic's.

    Parameters
    ----------
    actions : array_like, shape (..., count, m)
        ``count`` must exceed m, or the slope is the shortest of several.
    rewards : array_like, shape (..., count)

    Returns
    -------
    ndarray, shape (..., m)
    """
    a, r = np.asarray(actions, float), np.asarray(rewards, float)
    plane = np.concatenate([np.ones((*a.shape[:-1], 1)), a], axis=-1)
    return np.einsum("...kn,...n->...k", np.linalg.pinv(plane), r)[..., 1:]


def bias_test(estimates: ArrayLike, gradient: ArrayLike, covariance: ArrayLike) -> float:
    """Probability that unbiased estimates have a mean as far from the gradient as these.

    The squared distance of the mean, measured with the inverse covariance, follows a chi-squared
    distribution if the estimates are many and unbiased. In a direction without variance the mean
    must be exact, or the probability is 0.

    Parameters
    ----------
    estimates : array_like, shape (count, p)
    gradient : array_like, shape (p,)
        The exact gradient.
    covariance : array_like, shape (p, p)
        Of one estimate.
    """
    x, cov = np.asarray(estimates, float), np.asarray(covariance, float)
    variances, directions = np.linalg.eigh(cov)
    gap = (x.mean(0) - np.asarray(gradient, float)) @ directions
    free = variances > 1e-9 * np.trace(cov)
    if np.abs(gap[~free]).max(initial=0.0) > 1e-6 * np.sqrt(np.trace(cov)):
        return 0.0
    distance = len(x) * (gap[free] ** 2 / variances[free]).sum()
    return float(stats.chi2.sf(distance, free.sum()))


def noise_to_signal(estimates: ArrayLike, gradient: ArrayLike) -> tuple[float, float]:
    """Total variance of gradient estimates, in units of the squared gradient's length.

    This is the number of episodes whose averaged estimate is as far off as the gradient is long.

    Parameters
    ----------
    estimates : array_like, shape (count, p)
        Independent and unbiased.
    gradient : array_like, shape (p,)
        The exact gradient.

    Returns
    -------
    tuple of float
        The ratio, and half the width of its 95% interval (normal approximation).
    """
    gradient = np.asarray(gradient, float)
    squares = ((np.asarray(estimates, float) - gradient) ** 2).sum(-1) / (gradient**2).sum()
    return float(squares.mean()), float(1.96 * squares.std(ddof=1) / np.sqrt(len(squares)))
