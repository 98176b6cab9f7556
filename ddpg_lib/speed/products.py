"""The stack's matrix products, by whichever of PyTorch's two libraries is the faster.

PyTorch multiplies with MKL, which runs at about half its speed on AMD's processors. oneDNN, which
PyTorch carries as well, does not; but a call of it costs more, so small layers stay with MKL. The
choice depends on processor and sizes alone, never on a measurement, so that runs can be repeated
to the bit.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SMALLEST = 128
"""Batch, inputs and outputs from which oneDNN's larger overhead is worth its speed."""


def _onednn_is_faster() -> bool:
    """Whether this is an AMD processor with AVX-512 and a PyTorch that carries MKL and oneDNN."""
    both = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    if not both or torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    cpuinfo = Path("/proc/cpuinfo")
    name = cpuinfo.read_text() if cpuinfo.exists() else platform.processor()
    return "AuthenticAMD" in name and hasattr(torch.ops.mkldnn, "_linear_pointwise")


ONEDNN_IS_FASTER = _onednn_is_faster()


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether there are instructions for products of 16-bit floats: on a GPU, or in the CPU."""
    if device.type != "cpu":
        return True
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and bool(
        {"avx512_bf16", "amx_bf16", "bf16"} & set(cpuinfo.read_text().split())
    )


def affine(x: Tensor, weight: Tensor, bias: Tensor, bfloat16: bool = False) -> Tensor:
    """``x[i] @ weight[i] + bias[i]`` for every agent i, ``(n, batch, outputs)``.

    Parameters
    ----------
    x : shape (n, batch, inputs)
    weight : shape (n, inputs, outputs)
    bias : shape (n, 1, outputs)
    bfloat16
        Whether ``x`` and ``weight`` are rounded to 16 bits before a wide product, and so is the
        product, but not the bias. The gradients' products are made alike.
    """
    wide = min(x.shape[1], weight.shape[1], weight.shape[2]) >= SMALLEST
    if wide and bfloat16:
        return torch.bmm(x.bfloat16(), weight.bfloat16()).to(x.dtype) + bias
    if wide and x.device.type == "cpu" and x.dtype == torch.float32 and ONEDNN_IS_FASTER:
        result: Tensor = OneDNNAffine.apply(x, weight, bias)
        return result
    if torch.compiler.is_compiling():
        # A compiled graph adds the bias in the loop that comes next; baddbmm would copy it first.
        return torch.bmm(x, weight) + bias
    return torch.baddbmm(bias, x, weight)


class OneDNNAffine(torch.autograd.Function):
    """The affine maps of :func:`affine` and their gradients, as oneDNN products."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """``x[i] @ weight[i] + bias[i]``; ``ctx`` is PyTorch's, to keep what gradients need."""
        ctx.save_for_backward(x, weight)
        return _product(x, weight.mT, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients in ``x``, ``weight`` and ``bias``, those that are asked for.

        ``ctx`` is that of :meth:`forward`; ``gradients`` is one, in the result, ``(n, batch,
        outputs)``.
        """
        (g,) = gradients
        x, weight = ctx.saved_tensors
        in_x, in_weight, in_bias = ctx.needs_input_grad
        return (
            _product(g, weight) if in_x else None,
            _product(x.mT, g.mT) if in_weight else None,
            g.sum(dim=1, keepdim=True) if in_bias else None,
        )


def _product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """``a[i] @ b[i].T + bias[i]`` for every agent i: oneDNN offers no batched product to call."""
    return _opaque(a, b, bias) if torch.compiler.is_compiling() else _loop(a, b, bias)


def _loop(a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
    multiply = torch.ops.mkldnn._linear_pointwise
    rows = [None] * len(a) if bias is None else bias.squeeze(1).unbind()
    factors = zip(a.unbind(), b.unbind(), rows, strict=True)
    parts = [multiply(p, q, row, "none", [], "") for p, q, row in factors]
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(parts)


# torch.compile knows that operator for constant weights only, so it is given this one as a whole.
@torch.library.custom_op("ddpg_lib::product", mutates_args=())
def _opaque(a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
    return _loop(a, b, bias)


@_opaque.register_fake
def _(a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
    return a.new_empty(a.shape[0], a.shape[1], b.shape[1])
