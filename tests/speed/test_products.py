"""oneDNN's products against PyTorch's own, values and gradients."""

import pytest
import torch

from ddpg_lib.speed import products
from ddpg_lib.speed.products import SMALLEST, OneDNNAffine, affine

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN"
)


def tensors(n, batch=SMALLEST, inputs=SMALLEST + 8, outputs=SMALLEST + 3):
    generator = torch.Generator().manual_seed(0)
    shapes = ((n, batch, inputs), (n, inputs, outputs), (n, 1, outputs))
    return [torch.randn(s, generator=generator, requires_grad=True) for s in shapes]


@needs_onednn
@pytest.mark.parametrize("n", [1, 3])
def test_values_and_gradients(n):
    x, weight, bias = tensors(n)
    cotangent = torch.randn(n, x.shape[1], weight.shape[2])
    mine = OneDNNAffine.apply(x, weight, bias)
    expected = torch.baddbmm(bias, x, weight)
    torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-4)
    gradients = torch.autograd.grad((mine * cotangent).sum(), (x, weight, bias))
    references = torch.autograd.grad((expected * cotangent).sum(), (x, weight, bias))
    for a, b in zip(gradients, references, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3)


@needs_onednn
def test_only_the_gradients_asked_for():
    x, weight, bias = tensors(1)
    (gradient,) = torch.autograd.grad(OneDNNAffine.apply(x, weight, bias).sum(), x)
    assert gradient.shape == x.shape


@needs_onednn
@pytest.mark.parametrize(("batch", "expected"), [(SMALLEST, True), (SMALLEST - 1, False)])
def test_wide_layers_go_to_onednn_where_it_is_faster(monkeypatch, batch, expected):
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", True)
    x, weight, bias = tensors(1, batch=batch)
    assert ("OneDNN" in affine(x, weight, bias).grad_fn.name()) == expected
    double = affine(x.double(), weight.double(), bias.double())
    assert "OneDNN" not in double.grad_fn.name()


def test_nothing_changes_where_it_is_not(monkeypatch):
    monkeypatch.setattr(products, "ONEDNN_IS_FASTER", False)
    x, weight, bias = tensors(2)
    assert torch.equal(affine(x, weight, bias), torch.baddbmm(bias, x, weight))
