"""What may be done to gradients on their way: clipped by norm, or inverted at the action bounds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ddpg_lib.parts.losses import actor_loss


def clip_by_norm(gradients: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    """Shorten each agent's gradient to length ``max_norm`` where it is longer, in new tensors.

    The length is that of all the agent's ``gradients`` together, each ``(n, ...)`` (Pascanu et
    al. 2013), never across the stack: another agent's steep slope must not slow this one. The
    formula is that of ``torch.nn.utils.clip_grad_norm_``.
    """
    squares = [g.square().flatten(1).sum(1) for g in gradients]
    norm = torch.stack(squares).sum(0).sqrt()
    factor = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    return [g * factor.view(-1, *[1] * (g.dim() - 1)) for g in gradients]


def clip_action_gradient(dqda: Tensor, max_norm: float) -> Tensor:
    """Shorten each transition's dQ/da to length ``max_norm`` where it is longer.

    ``dqda`` and the result are ``(n, batch, action_dim)``.
    """
    norm = dqda.norm(dim=-1, keepdim=True)
    return dqda * (max_norm / (norm + 1e-6)).clamp(max=1.0)


def invert_gradient(dqda: Tensor, action: Tensor) -> Tensor:
    r"""Scale dQ/da by the room that is left towards the bound that it points to.

    :math:`\nabla_a` becomes :math:`\nabla_a \cdot (1 - a)/2` where it would increase a and
    :math:`\nabla_a \cdot (a + 1)/2` elsewhere (Hausknecht and Stone 2016, equation 11, for bounds
    -1 and 1). Near a bound the push towards it fades; beyond it, it is turned round.

    Parameters
    ----------
    dqda, action : shape (n, batch, action_dim)
        The gradient in which Q increases, and the actions, which may lie outside [-1, 1].
    """
    return dqda * torch.where(dqda > 0, 1 - action, action + 1) / 2


def actor_loss_through(
    q: Tensor, action: Tensor, dqda_clipping: float | None = None, invert: bool = False
) -> Tensor:
    r"""An actor loss whose gradient goes through a changed dQ/da. Only its gradient has a meaning.

    That is :math:`-\frac{1}{N}\sum_j T(\nabla_a Q)^\top \nabla_\theta \mu_\theta(s_j)`,
    equation 6 of Lillicrap et al. (2016) with T between its factors. Without clipping and
    inversion this is the gradient of :func:`ddpg_lib.parts.losses.actor_loss`.

    Parameters
    ----------
    q : shape (n, batch)
        The online critic's values of ``action``.
    action : shape (n, batch, action_dim)
        The actor's actions, from which ``q`` was computed.
    dqda_clipping
        The greatest length of a transition's dQ/da.
    invert
        Whether to invert gradients at the bounds, after clipping.
    """
    (dqda,) = torch.autograd.grad(q.sum(), action)
    with torch.no_grad():
        if dqda_clipping is not None:
            dqda = clip_action_gradient(dqda, dqda_clipping)
        if invert:
            dqda = invert_gradient(dqda, action)
    # With dqda held constant, the gradient of dqda · mu(s) is dqda times dmu/dtheta.
    return actor_loss((dqda * action).sum(-1))
