r"""Policies on finite worlds and the exact gradient of their return.

A score is the gradient of a log-probability,
:math:`\psi(s, a) = \nabla_\theta \log \pi_\theta(a|s)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddpg_lib.chapters.ch02.finite import FiniteMDP

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SoftmaxPolicy:
    r"""Actions with probabilities proportional to :math:`\exp(\theta^\top f(s, a))`.

    Parameters
    ----------
    features : array_like, shape (S, A, p)
        The vectors :math:`f(s, a)`.
    """

    features: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", np.asarray(self.features, float))

    @classmethod
    def tabular(cls, states: int, actions: int) -> SoftmaxPolicy:
        """Policy with a parameter for each state and action: ``s * actions + a`` for a in s."""
        return cls(np.eye(states * actions).reshape(states, actions, -1))

    def probabilities(self, theta: ArrayLike) -> Array:
        """Probability of each action in each state, ``(..., S, A)``, from ``theta (..., p)``."""
        logits = np.einsum("sap,...p->...sa", self.features, np.asarray(theta, float))
        weights = np.exp(logits - logits.max(-1, keepdims=True))  # none overflows
        return weights / weights.sum(-1, keepdims=True)

    def score(self, theta: ArrayLike) -> Array:
        """Gradient of the log-probabilities in the parameters, ``(S, A, p)``, at ``theta (p,)``."""
        mean = np.einsum("sa,sap->sp", self.probabilities(theta), self.features)
        return self.features - mean[:, None]


def chain_policy(horizon: int, shared: bool = False) -> SoftmaxPolicy:
    """Policy for a chain of ``horizon`` cells, whose parameters are preferences for action 1.

    Each cell has a parameter of its own, or one is ``shared`` by all cells. With all parameters 0
    the policy is a fair coin everywhere.
    """
    features = np.zeros((horizon + 1, 2, horizon))
    features[np.arange(horizon), 1, np.arange(horizon)] = 1.0
    return SoftmaxPolicy(features.sum(-1, keepdims=True) if shared else features)


def policy_gradient(
    mdp: FiniteMDP, policy: SoftmaxPolicy, theta: ArrayLike, q: ArrayLike | None = None
) -> Array:
    """Gradient of the expected return, ``(p,)``, by the policy gradient theorem.

    Parameters
    ----------
    theta : array_like, shape (p,)
    q : array_like, shape (S, A), optional
        A critic in place of the exact action values.

    References
    ----------
    Sutton et al. (1999), theorems 1 and 2.
    """
    pi = policy.probabilities(theta)
    q = mdp.action_value(pi) if q is None else np.asarray(q, float)
    rho, psi = mdp.visits(pi), policy.score(theta)
    # The sum over s and a of rho(s) pi(a|s) psi(s, a) q(s, a); p counts parameters.
    return np.einsum("s,sa,sap,sa->p", rho, pi, psi, q)


def optimal_baseline(mdp: FiniteMDP, policy: SoftmaxPolicy, theta: ArrayLike) -> Array:
    """Baseline with the least variance of each step's own term, at ``theta (p,)``.

    Returns
    -------
    ndarray, shape (S,)
        Action values averaged with probability times squared length of the score as weights; the
        value where all scores are zero.

    References
    ----------
    Greensmith et al. (2004).
    """
    pi = policy.probabilities(theta)
    weights = pi * (policy.score(theta) ** 2).sum(-1)
    weights = np.where(weights.sum(1, keepdims=True) > 0, weights, pi)
    return (weights * mdp.action_value(pi)).sum(1) / weights.sum(1)


def compatible_critic(mdp: FiniteMDP, policy: SoftmaxPolicy, theta: ArrayLike) -> Array:
    """Weights of the critic w'score(s, a) nearest to the exact action values, at ``theta (p,)``.

    Returns
    -------
    ndarray, shape (p,)
        Least squares, weighted by visits and probabilities; the shortest where there are several.

    References
    ----------
    Sutton et al. (1999), theorem 2; Kakade (2001).
    """
    pi = policy.probabilities(theta)
    root = np.sqrt(mdp.visits(pi)[:, None] * pi)
    psi = policy.score(theta) * root[..., None]
    q = mdp.action_value(pi) * root
    weights, *_ = np.linalg.lstsq(psi.reshape(q.size, -1), q.reshape(-1), rcond=1e-10)
    return np.asarray(weights)
