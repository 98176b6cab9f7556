"""Adam for a stack of agents, lean enough for small networks and plain enough to compile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from ddpg_lib.parts.gradients import clip_by_norm


class StackedAdam:
    """Adam (Kingma and Ba 2015, Algorithm 1) on its own network's weights only.

    The same numbers as ``torch.optim.Adam``, without the bookkeeping that costs a small network
    more time than its products, and traceable in one graph by ``torch.compile``.

    Parameters
    ----------
    parameters
        The weights to move.
    lr
        Step size; ``optimizer.lr.fill_(value)`` changes it.
    betas
        Decay rates of the two moments.
    eps
        Added to the root of the second moment.
    weight_decay
        L2 penalty: this times the weights is added to the gradient.
    max_grad_norm
        Each agent's gradient is shortened to this length where it is longer, before the penalty.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
    ) -> None:
        self.parameters = list(parameters)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.max_grad_norm = max_grad_norm
        device = self.parameters[0].device
        # Tensors, not floats: a changed step size must not make torch.compile start again.
        self.lr = torch.tensor(lr, device=device)
        self.steps = torch.zeros((), device=device)
        # First and second moments, one of each for every tensor of weights.
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a scalar ``loss`` in these weights; all others stay.

        The loss must depend on every one of the weights.
        """
        # The compiler takes an encoder that two losses see for a graph
        # that is walked twice.
        gradients: Sequence[Tensor] = torch.autograd.grad(
            loss, self.parameters, retain_graph=torch.compiler.is_compiling()
        )
        with torch.no_grad():
            if self.max_grad_norm is not None:
                gradients = clip_by_norm(gradients, self.max_grad_norm)
            self.apply(gradients)

    @torch.no_grad()
    def apply(self, gradients: Sequence[Tensor]) -> None:
        """One step with given ``gradients``, one for each parameter and of its shape."""
        beta1, beta2 = self.betas
        self.steps += 1
        if not torch.compiler.is_compiling():
            # The kernel behind torch.optim.Adam(fused=True). It goes through memory in order, and
            # a convolution's gradient may lie there with its channels last.
            torch._fused_adam_(
                self.parameters,
                [g.contiguous() for g in gradients],
                self.first,
                self.second,
                [],
                [self.steps] * len(self.parameters),
                lr=self.lr,
                beta1=beta1,
                beta2=beta2,
                weight_decay=self.weight_decay,
                eps=self.eps,
                amsgrad=False,
                maximize=False,
            )
            return
        # The same in single operations, which the compiler fuses into one loop a tensor.
        correction = (1 - beta2**self.steps).sqrt()
        step_size = self.lr * correction / (1 - beta1**self.steps)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            g = g + self.weight_decay * p if self.weight_decay else g
            m.lerp_(g, 1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            p.sub_(step_size * m / (v.sqrt() + self.eps * correction))

    def state_dict(self) -> dict[str, Tensor]:
        """All that a continued run needs, for :meth:`load_state_dict`: no copies."""
        state = {"lr": self.lr, "steps": self.steps}
        for i, (m, v) in enumerate(zip(self.first, self.second, strict=True)):
            state[f"first.{i}"], state[f"second.{i}"] = m, v
        return state

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Copy a saved state into this one, as from :meth:`state_dict`.

        Raises
        ------
        ValueError
            If names or shapes differ.
        """
        mine = self.state_dict()
        if {k: v.shape for k, v in mine.items()} != {k: v.shape for k, v in state.items()}:
            raise ValueError("the saved optimizer belongs to a network of another shape")
        for name, tensor in mine.items():
            tensor.copy_(state[name])
