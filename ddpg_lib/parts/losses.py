"""DDPG's four formulas as pure functions. Any leading axes stand for agents."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def td_target(
    reward: Tensor, terminated: Tensor, next_q: Tensor, discount: float | Tensor
) -> Tensor:
    r"""The target :math:`y = r + \gamma\,(1 - d)\,Q_{\phi'}(s', \mu_{\theta'}(s'))`.

    Lillicrap et al. (2016), Algorithm 1 and equation 5; d as in Pardo et al. (2018). Returns
    ``(n, batch)``.

    Parameters
    ----------
    reward, terminated, next_q : shape (n, batch)
        r, d (1 where s' is terminal; a time limit does not count) and the target critic's value
        of s' under the target actor.
    discount : a number, or shape (n, batch)
        From s to s': gamma, or one number a transition where transitions span several steps.

    Raises
    ------
    ValueError
        If the shapes differ: broadcasting would silently mix transitions.
    """
    _same_shape(reward=reward, terminated=terminated, next_q=next_q)
    if isinstance(discount, Tensor):
        _same_shape(reward=reward, discount=discount)
    return reward + discount * (1 - terminated) * next_q


def critic_loss(q: Tensor, target: Tensor) -> Tensor:
    r"""The mean squared TD error :math:`L(\phi) = \frac{1}{N}\sum_j (y_j - Q_\phi(s_j, a_j))^2`.

    Lillicrap et al. (2016), equation 4 and Algorithm 1. ``q`` and ``target`` are ``(n, batch)``;
    the result is a scalar, the mean over the batch, summed over agents: each agent's gradient is
    its own.

    Raises
    ------
    ValueError
        If the shapes differ, or if the target carries a gradient: it must be a constant.
    """
    _same_shape(q=q, target=target)
    if target.requires_grad:
        raise ValueError("a target must be constant: compute it under torch.no_grad()")
    # A mean over agents instead would shrink each one's gradient, the more there are.
    return (target - q).square().mean(-1).sum()


def actor_loss(q: Tensor) -> Tensor:
    r"""The negated objective :math:`-\frac{1}{N}\sum_j Q_\phi(s_j, \mu_\theta(s_j))`.

    ``q``, ``(n, batch)``, are the online critic's values of the actor's own actions; the result
    is a scalar, the mean over the batch, summed over agents. Its gradient in the actor's weights
    is the deterministic policy gradient: the chain rule through the critic's action input (Silver
    et al. 2014, theorem 1; Lillicrap et al. 2016, equation 6), with the sign turned because
    optimizers descend.
    """
    return -q.mean(-1).sum()


@torch.no_grad()
def soft_update(target: Iterable[Tensor], online: Iterable[Tensor], tau: float) -> None:
    r"""Move the ``target`` weights a fraction tau towards the ``online`` ones, in place; 1 copies.

    :math:`\theta' \leftarrow \tau\theta + (1 - \tau)\theta'` (Lillicrap et al. 2016, Algorithm
    1).

    Raises
    ------
    ValueError
        If tau is outside [0, 1], or if target and online are the same tensors: then the target
        is the online network itself and protects against nothing.
    """
    if not 0 <= tau <= 1:
        raise ValueError(f"tau must lie in [0, 1], got {tau}")
    targets, onlines = list(target), list(online)
    if any(t is o for t, o in zip(targets, onlines, strict=True)):
        raise ValueError("target and online are the same tensors: build a copy")
    # One call: for small tensors a loop would cost more than its arithmetic.
    torch._foreach_lerp_(targets, onlines, tau)


def _same_shape(**tensors: Tensor) -> None:
    if len({tuple(x.shape) for x in tensors.values()}) > 1:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in tensors.items())
        raise ValueError(f"shapes must be equal, got {shapes}")
