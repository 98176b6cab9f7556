"""A gated recurrent unit over time, with backpropagation through time written out.

PyTorch's own unit knows no stack: eight of them one after the other take four times as long, and
its automatic gradient of a loop over time records some ten operations a step. Here the gradient's
loop has four; all that does not wait for the step before is done for all steps at once. For eight
agents on one core that takes two thirds of the time; compiled, the loop takes longer, and minutes
to compile.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Recurrence(torch.autograd.Function):
    r"""The states :math:`h_1, \ldots, h_T` of a gated recurrent unit (Cho et al. 2014).

    In PyTorch's form: with inputs' parts :math:`g^r_t, g^z_t, g^n_t` and :math:`\bar h = k_t
    h_{t-1}`, :math:`r = \sigma(g^r_t + \bar h U^r + c^r)`, :math:`z = \sigma(g^z_t + \bar h U^z +
    c^z)`, :math:`m = \tanh(g^n_t + r \odot (\bar h U^n + c^n))` and :math:`h_t = (1 - z) \odot m +
    z \odot \bar h`.
    """

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, state: Tensor, keep: Tensor, weight: Tensor, bias: Tensor
    ) -> Tensor:
        """The states after each step, ``(T, n, batch, units)``.

        Parameters
        ----------
        ctx
            PyTorch's, to keep what gradients need.
        inputs : shape (T, n, batch, 3 units)
            What each step's input gives to the gates r and z and to the new value.
        state : shape (n, batch, units)
            Before the first step.
        keep : shape (T, n, batch, 1)
            0 where an episode begins, so that the state is forgotten; 1 elsewhere.
        weight : shape (n, units, 3 units)
            U.
        bias : shape (n, 1, 3 units)
            c.
        """
        units = state.shape[-1]
        shape = (len(inputs), *state.shape)
        states, before, new = (inputs.new_empty(shape) for _ in range(3))
        recalled = torch.empty_like(inputs)
        gates = inputs.new_empty(*shape[:-1], 2 * units)
        # Views of every step, made at once: made one by one they would cost as much as the sums.
        x_gates, x_new = (x.unbind() for x in inputs.split((2 * units, units), dim=-1))
        h_gates, inner = (x.unbind() for x in recalled.split((2 * units, units), dim=-1))
        reset, stay = (x.unbind() for x in gates.split(units, dim=-1))
        steps = zip(keep, before, recalled, gates, new, states, strict=True)
        for t, (kept, b, g, gate, m, h) in enumerate(steps):
            torch.mul(state, kept, out=b)
            torch.baddbmm(bias, b, weight, out=g)
            torch.add(x_gates[t], h_gates[t], out=gate).sigmoid_()
            torch.addcmul(x_new[t], reset[t], inner[t], out=m).tanh_()
            state = torch.lerp(m, b, stay[t], out=h)
        ctx.save_for_backward(gates, new, recalled, before, keep, weight)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients in ``inputs``, ``state``, ``weight`` and ``bias``, as :meth:`forward` has them.

        ``ctx`` is that of :meth:`forward`; ``gradients`` is one, in the states.
        """
        (from_above,) = gradients
        gates, new, recalled, before, keep, weight = ctx.saved_tensors
        n, units = weight.shape[:2]
        inner = recalled[..., 2 * units :]
        reset, stay = gates.split(units, dim=-1)
        # dh/d(what enters tanh and the gates), for all steps at once.
        d_new = (1 - stay) * (1 - new * new)
        d_stay = (before - new) * stay * (1 - stay)
        d_reset = d_new * inner * reset * (1 - reset)
        local = torch.stack((d_reset, d_stay, d_new * reset), dim=-2)
        into = torch.empty_like(local)
        whole = torch.empty_like(before)
        later = torch.zeros_like(before[0])
        flat, back = into.flatten(-2), weight.mT
        steps = [x.unbind() for x in (from_above, whole, whole.unsqueeze(-2), local, into)]
        for above, d, spread, slope, gate, rows, carried, kept in reversed(
            list(zip(*steps, flat, stay, keep, strict=True))
        ):
            torch.add(above, later, out=d)
            torch.mul(slope, spread, out=gate)
            later = torch.baddbmm(d * carried, rows, back).mul_(kept)
        d_inputs = torch.cat((flat[..., : 2 * units], whole * d_new), dim=-1)
        # For weights the steps count like rows of one large batch.
        rows = flat.transpose(0, 1).reshape(n, -1, 3 * units)
        d_weight = before.transpose(0, 1).reshape(n, -1, units).mT @ rows
        return d_inputs, later, None, d_weight, rows.sum(dim=1, keepdim=True)
