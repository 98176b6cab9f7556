"""oneDNN's products against PyTorch's own, values and gradients."""

import pytest
import torch

from ddpg_lib import DDPG
from ddpg_lib.config import Config
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


# ---- 16 bits ----


def rounded(x):
    return x.detach().bfloat16().double()


def test_a_wide_product_is_that_of_the_rounded_factors():
    """bfloat16 keeps 8 bits of the fraction, so that rounding once is worth 2^-9 of a number."""
    x, weight, bias = tensors(2)
    cotangent = torch.randn(2, x.shape[1], weight.shape[2])
    mine = affine(x, weight, bias, bfloat16=True)
    product = rounded(x) @ rounded(weight)
    largest = product.abs().max()
    assert mine.dtype == torch.float32
    apart = (mine - bias - product).abs()
    assert apart.max() <= 2**-8 * largest
    assert apart.max() > 1e-5 * largest  # it has been rounded
    gradients = torch.autograd.grad((mine * cotangent).sum(), (x, weight, bias))
    g = rounded(cotangent)
    expected = (g @ rounded(weight).mT, rounded(x).mT @ g, cotangent.sum(1, keepdim=True))
    for mine, exact in zip(gradients, expected, strict=True):
        assert mine.dtype == torch.float32
        assert (mine - exact).abs().max() <= 2**-8 * exact.abs().max()


def test_narrow_products_keep_their_bits():
    for options in ({"batch": SMALLEST - 1}, {"inputs": SMALLEST - 1}, {"outputs": 1}):
        x, weight, bias = tensors(2, **options)
        assert torch.equal(affine(x, weight, bias, bfloat16=True), affine(x, weight, bias))


def updated(precision, **changes):
    config = Config(
        hidden=(SMALLEST, SMALLEST), batch_size=SMALLEST, buffer_size=1_000, warmup_steps=200,
        steps=1_000, eval_every=1_000, precision=precision, **changes,
    )  # fmt: skip
    agent = DDPG(3, [-2.0], [2.0], config, [0, 1])
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        obs, after = torch.randn(2, 2, 3, generator=generator).numpy()
        action = torch.rand(2, 1, generator=generator).numpy()
        agent.remember(obs, action, action[:, 0], after, [False, False])
    agent.update()
    return agent


@pytest.mark.filterwarnings("ignore:precision is bfloat16")
def test_weights_and_averages_keep_32_bits():
    half, full = updated("bfloat16"), updated("float32")
    networks = ("actor", "critic", "actor_target", "critic_target")
    for name in networks:
        for mine, its in zip(
            getattr(half, name).parameters(), getattr(full, name).parameters(), strict=True
        ):
            assert mine.dtype == torch.float32
            assert (mine - its).abs().max() < 0.01  # one update, two steps of Adam apart at most
    wide = half.critic.layers[1].weight
    assert not torch.equal(wide, full.critic.layers[1].weight)
    state = half.critic_optimizer.state_dict()
    kept = [x for x in torch.utils._pytree.tree_leaves(state) if isinstance(x, torch.Tensor)]
    assert kept
    assert all(x.dtype != torch.bfloat16 for x in kept)


def test_acting_on_a_few_observations_is_the_same():
    half, full = updated("float32"), updated("float32")
    for layer in half.actor.layers:
        layer.in_bfloat16 = True
    obs = torch.randn(2, 3).numpy()
    assert (half.act(obs) == full.act(obs)).all()


def test_a_processor_without_the_instructions_is_warned_of(monkeypatch):
    monkeypatch.setattr("ddpg_lib.parts.networks.bfloat16_is_fast", lambda device: False)
    config = Config(hidden=(8,), precision="bfloat16")
    with pytest.warns(UserWarning, match="slower than float32"):
        DDPG(3, [-2.0], [2.0], config, [0])


def test_another_precision_is_refused():
    with pytest.raises(ValueError, match="precision must be one of float32, bfloat16; got 'half'"):
        Config(precision="half")
